//! The diagnosis of a run, as `longspan diagnose` and `longspan probe` print it.

mod show;

use longspan_diagnose::{Language, diagnose};
use longspan_run::dialect::Dialect;
use longspan_run::directory::history::History;
use longspan_run::report::verdict::VerdictText;
use serde_json::Value;

use crate::exit_code::ExitCode;

use show::Shown;

/// The diagnosis of a run.
pub(crate) struct Judged {
    pub(crate) text: String,
    pub(crate) document: Value,
    /// 1 if a finding is severe.
    pub(crate) code: ExitCode,
}

/// Applies all rules to the records of a run.
pub(crate) fn judge(history: &History, language: Language) -> Judged {
    let verdict = diagnose(&history.evidence());
    let text = VerdictText::new(&verdict, &Dialect::of(history), language);
    let shown = Shown { history, severe: verdict.is_severe(), verdict: &text, language };
    Judged {
        text: shown.text(crate::wrap::columns(), crate::streams::output_has_colours()),
        document: shown.document(),
        code: if verdict.is_severe() { ExitCode::from(1) } else { ExitCode::SUCCESS },
    }
}
