//! `unscaled-input`: numbers of a size that no weight was made for.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{median, short};
use super::{Evidence, Level, Severity};

const LARGE: Threshold = Threshold {
    of: "root mean square of what is read",
    value: 20.0,
    source: "standardised numbers have 1; runs with planted faults, first half",
};

pub(super) static RULE: Rule = Rule {
    code: "unscaled-input",
    severity: Severity::Warning,
    title: "The input is not scaled",
    page: Page {
        meaning: "Weights begin at a size that suits numbers of about 1. Larger ones drive every unit to its limit at once.",
        measured: "The root mean square of the numbers that are read, over the batches that were looked at.",
        thresholds: &[LARGE],
        false_alarm: "one channel of many is large, and the others are fine: look at `longspan inspect`",
        remedy: "Standardise the channels. The program does so for series and labelled sequences; a source of your own has to.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let mut looks = evidence.snapshots().peekable();
    if looks.peek().is_none() {
        return Judgement::Unknown(Needs::Norms);
    }
    let inputs: Vec<_> = looks.filter_map(|look| look.batch.input.as_ref()).collect();
    let Some(rms) = median(inputs.iter().map(|input| input.rms)) else { return Judgement::Silent };
    if rms <= LARGE.value {
        return Judgement::Silent;
    }
    let largest = inputs.iter().map(|input| input.largest).fold(0.0, f64::max);
    Found::new(
        format!("The numbers that are read have a root mean square of {}.", short(rms)),
        Level::High,
        "all numbers of the batches were counted",
    )
    .held("root mean square", rms, LARGE)
    .number("largest", largest)
    .advice("subtract each channel's mean and divide by its standard deviation, both of the training part")
    .into()
}
