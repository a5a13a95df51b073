//! What judges found over many runs, as Markdown.

use longspan_diagnose::Severity;

use super::plan::{Code, Plan};
use super::score::Counts;
use super::truth::CODES;

/// What was said of one run.
pub(crate) struct Said {
    pub(crate) plan: Plan,
    pub(crate) found: Vec<(Code, Severity)>,
    pub(crate) baseline: Vec<Code>,
    /// What is required and not so, by definition.
    pub(crate) lacking: Vec<Code>,
}

/// Counts of codes that are one to a judge.
fn count(said: &[&Said], codes: &[Code], found: impl Fn(&Said) -> bool) -> Counts {
    let mut counts = Counts::default();
    said.iter().for_each(|said| counts.add(&said.plan, codes, found(said)));
    counts
}

/// Counts of one code.
fn of_code(said: &[&Said], code: Code) -> Counts {
    count(said, &[code], |said| said.found.iter().any(|(found, _)| *found == code))
}

/// Counts of all codes.
pub(crate) fn overall(said: &[&Said]) -> Counts {
    CODES.into_iter().map(|code| of_code(said, code)).fold(Counts::default(), Counts::plus)
}

/// What the baseline says, as the code of `autotrainer.rs`, and the codes that are one to it.
const BASELINE: [(Code, &[Code]); 3] = [
    ("exploding-gradient", &["exploding-gradient", "non-finite"]),
    ("vanishing-gradient", &["vanishing-gradient", "vanishing-across-layers"]),
    ("dead-units", &["dead-units"]),
];

/// One table: a line per code, all together, and the baseline's three.
pub(crate) fn markdown(said: &[&Said]) -> String {
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
    CODES.into_iter().for_each(|code| text += &line(code, of_code(said, code)));
    text += &line("**all**", overall(said));
    for (sign, codes) in BASELINE {
        let counts = count(said, codes, |said| said.baseline.contains(&sign));
        text += &line(&format!("AutoTrainer: {}", codes.join(" or ")), counts);
    }
    text
}
