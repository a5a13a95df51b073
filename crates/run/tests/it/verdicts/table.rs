//! The results of many runs as Markdown tables.

use longspan_diagnose::Severity;

use super::plan::{Code, Plan};
use super::score::Counts;
use super::truth::{CODES, UNPLANTED};

/// The findings of one run.
pub(crate) struct RunResult {
    pub(crate) plan: Plan,
    pub(crate) found: Vec<(Code, Severity)>,
    pub(crate) baseline: Vec<Code>,
    /// Required codes whose fault the run does not have by definition.
    pub(crate) lacking: Vec<Code>,
}

/// Counts over codes that are not distinguished.
fn count(results: &[&RunResult], codes: &[Code], found: impl Fn(&RunResult) -> bool) -> Counts {
    let mut counts = Counts::default();
    results.iter().for_each(|result| counts.add(&result.plan, codes, found(result)));
    counts
}

/// Counts of one code.
fn of_code(results: &[&RunResult], code: Code) -> Counts {
    count(results, &[code], |result| result.found.iter().any(|(found, _)| *found == code))
}

/// Counts of all codes.
pub(crate) fn overall(results: &[&RunResult]) -> Counts {
    CODES
        .into_iter()
        .chain(UNPLANTED)
        .map(|code| of_code(results, code))
        .fold(Counts::default(), Counts::plus)
}

/// The signs of the baseline, by the codes of `autotrainer.rs`, and the codes that each of them covers.
const BASELINE: [(Code, &[Code]); 3] = [
    ("exploding-gradient", &["exploding-gradient", "non-finite"]),
    ("vanishing-gradient", &["vanishing-gradient", "vanishing-across-layers"]),
    ("dead-units", &["dead-units"]),
];

/// A table with a line for each code, a line for all codes, and the three signs of the baseline.
pub(crate) fn markdown(results: &[&RunResult]) -> String {
    let line = |name: &str, counts: Counts| {
        format!(
            "| {name} | {} | {} | {} | {} | {} |\n",
            counts.right + counts.missed,
            counts.right,
            counts.false_alarms,
            counts.recall(),
            counts.precision()
        )
    };
    let mut text =
        "| code | required | found | false alarms | recall | precision |\n|---|--:|--:|--:|--:|--:|\n"
            .to_owned();
    CODES.into_iter().for_each(|code| text += &line(code, of_code(results, code)));
    let alarms = |code: &Code| of_code(results, code).false_alarms > 0;
    UNPLANTED.into_iter().filter(alarms).for_each(|code| text += &line(code, of_code(results, code)));
    text += &line("**all**", overall(results));
    for (sign, codes) in BASELINE {
        let counts = count(results, codes, |result| result.baseline.contains(&sign));
        text += &line(&format!("AutoTrainer: {}", codes.join(" or ")), counts);
    }
    text
}
