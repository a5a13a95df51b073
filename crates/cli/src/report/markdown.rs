//! A report as Markdown, for a terminal and a code host, from the documents that pages are made of.
//!
//! Words of a run are words: what Markdown, HTML or a terminal would act on is escaped or left out.

mod parts;
mod write;

use longspan_diagnose::Language;
use serde_json::Value;

use write::{Writer, text};

/// The report of these documents.
pub(crate) fn markdown(documents: &[Value], language: Language) -> String {
    let mut to = Writer::new(language);
    match documents {
        [one] => {
            let title = language.of("Report of ", "训练报告：");
            to.heading(1, &format!("{title}{}", text(&one["name"])));
            run(&mut to, one, 2);
        }
        several => {
            let count = several.len();
            to.heading(
                1,
                &match language {
                    Language::English => format!("Comparison of {count} runs"),
                    Language::Chinese => format!("{count} 次训练的比较"),
                },
            );
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
