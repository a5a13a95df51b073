//! A report as Markdown, for a terminal and a code host.
//!
//! Words of a run are words: what Markdown, HTML or a terminal would act on is escaped or left out.

mod parts;
mod credit;
mod write;

use longspan_diagnose::Language;
use longspan_run::report::RunReport;

use write::{Writer, words};

/// The report of these runs.
pub(crate) fn markdown(reports: &[RunReport], language: Language) -> String {
    let mut to = Writer::new(language);
    match reports {
        [one] => {
            let title = language.of("Report of ", "训练报告：");
            to.heading(1, &format!("{title}{}", words(&one.name)));
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
                to.heading(2, &words(&one.name));
                run(&mut to, one, 3);
            }
        }
    }
    to.done()
}

/// All of one run, its parts under headings of this level.
fn run(to: &mut Writer, report: &RunReport, level: usize) {
    parts::summary(to, report);
    parts::findings(to, report, level);
    parts::fault(to, report, level);
    parts::training(to, report, level);
    credit::reach(to, report, level);
    credit::layers(to, report, level);
    parts::reproduce(to, report, level);
}
