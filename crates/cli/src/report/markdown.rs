//! Reports as Markdown, for terminals and code hosts.
//!
//! Texts of a run are shown as they are: characters that Markdown, HTML or a terminal would interpret are escaped.

mod credit;
mod groups;
mod parts;
mod write;

use longspan_diagnose::Language;
use longspan_run::report::RunReport;

use crate::assets::fill;
use write::{Writer, words};

/// Returns the report of these runs; several runs begin with a comparison.
pub(crate) fn markdown(reports: &[RunReport], language: Language) -> String {
    let mut to = Writer::new(language);
    match reports {
        [one] => {
            to.heading(1, &fill(to.say("report"), &words(&one.name)));
            run(&mut to, one, 2);
        }
        several => {
            to.heading(1, &fill(to.say("comparison"), &several.len().to_string()));
            parts::comparison(&mut to, several);
            for one in several {
                to.heading(2, &words(&one.name));
                run(&mut to, one, 3);
            }
        }
    }
    to.done()
}

/// Adds one run, with headings of this level.
fn run(to: &mut Writer, report: &RunReport, level: usize) {
    parts::summary(to, report);
    parts::findings(to, report, level);
    parts::fault(to, report, level);
    parts::recoveries(to, report, level);
    parts::training(to, report, level);
    groups::groups(to, report, level);
    credit::reach(to, report, level);
    credit::layers(to, report, level);
    parts::reproduce(to, report, level);
}
