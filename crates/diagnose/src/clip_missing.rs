//! `clip-missing`: nothing catches the long gradients.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{LEAST_STEPS, quantile, setting, short};
use super::{Evidence, Level, Severity};
use longspan_record::Cause;

pub(super) const TAIL: Threshold = Threshold {
    of: "largest norms (99.5th percentile) over the median",
    value: 30.0,
    source: "runs with planted faults, first half",
};
/// Norms of this size are harmful all along.
const LARGE: Threshold =
    Threshold { of: "median norm", value: 100.0, source: "runs with planted faults, first half" };

pub(super) static RULE: Rule = Rule {
    code: "clip-missing",
    severity: Severity::Warning,
    title: "Nothing limits the gradient, and some gradients are very long",
    page: Page {
        meaning: "Recurrent networks have cliffs: places where the gradient is suddenly hundreds of times longer. One such step can \
                  undo thousands. Clipping cuts its length and keeps its direction.",
        measured: "The largest norms over the median; whether a step failed because its gradient grew.",
        thresholds: &[TAIL, LARGE],
        false_alarm: "the long gradients stand at the beginning alone, where a network leaves its first weights: the first tenth \
                      of the steps does not count",
        remedy: "--clip norm:C with C about twice the median norm.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if facts.clips {
        return Judgement::Silent;
    }
    if evidence.steps.len() < LEAST_STEPS && evidence.fault.is_none() {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some((tail, because)) = harm(evidence) else { return Judgement::Silent };
    let norm = evidence.log10_norm().map_or(f64::NAN, |norm| 10f64.powf(norm));
    let limit = if norm.is_finite() { (2.0 * norm).min(1.0) } else { 1.0 };
    Found::new(format!("Nothing clips, and {because}."), Level::High, "norms are measured at every step")
        .held("largest norm over the median", tail, TAIL)
        .held("median norm", norm, LARGE)
        .remedy(
            facts,
            &[("clip", format!("norm:{}", setting(limit)))],
            "cuts the length of outliers, and keeps their direction",
        )
        .into()
}

/// The tail of the norms and what is wrong with them, where something is.
pub(super) fn harm(evidence: &Evidence) -> Option<(f64, String)> {
    // The beginning is left out.
    let settled = &evidence.steps[evidence.steps.len() / 10..];
    let norms = || settled.iter().map(|step| step.log10_global_norm);
    let middle = quantile(norms(), 0.5).unwrap_or(f64::NAN);
    let tail = 10f64.powf(quantile(norms(), 0.995).unwrap_or(f64::NAN) - middle);
    if evidence.fault.as_ref().is_some_and(|fault| fault.cause == Cause::GradientGrowth) {
        return Some((tail, "a gradient grew until it was no number".into()));
    }
    if middle > LARGE.value.log10() {
        return Some((tail, format!("the median norm of the gradient is {}", short(10f64.powf(middle)))));
    }
    // Long gradients that do no harm are no matter.
    let bad = evidence.late_loss().is_some_and(|loss| loss > 0.9 * evidence.facts.chance_loss);
    (tail > TAIL.value && bad && settled.len() >= LEAST_STEPS)
        .then(|| (tail, format!("the longest gradients are {} times the median", short(tail))))
}
