//! A report as Markdown, for a terminal and a code host, from the documents that pages are made of.
//!
//! Words of a run are words: what Markdown, HTML or a terminal would act on is escaped or left out.

mod parts;
mod write;

use longspan_diagnose::Language;
use serde_json::Value;

use crate::assets::fill;
use write::{Writer, text};

/// The report of these documents.
pub(crate) fn markdown(documents: &[Value], language: Language) -> String {
    let mut to = Writer::new(language);
    match documents {
        [one] => {
            to.heading(1, &fill(to.say("report"), &text(&one["name"])));
            run(&mut to, one, 2);
        }
        several => {
            to.heading(1, &fill(to.say("comparison"), &several.len().to_string()));
            parts::comparison(&mut to, several);
            for one in several {
                to.heading(2, &text(&one["name"]));
                run(&mut to, one, 3);
            }
        }
    }
    to.done()
}

/// All of one run, its parts under headings of this level.
fn run(to: &mut Writer, document: &Value, level: usize) {
    parts::summary(to, document);
    parts::findings(to, document, level);
    parts::fault(to, document, level);
    parts::training(to, document, level);
    parts::reach(to, document, level);
    parts::layers(to, document, level);
    parts::reproduce(to, document, level);
}
