//! `clip-never`: the limit is so high that it cannot help.

use super::clip_missing::{TAIL, harm};
use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{LEAST_STEPS, setting, short};
use super::{Evidence, Level, Severity};

const ABOVE: Threshold = Threshold {
    of: "limit over the median norm",
    value: 10.0,
    source: "Pascanu et al. 2013, §3.2: a limit of 0.5 to 10 times the mean norm",
};

pub(super) static RULE: Rule = Rule {
    code: "clip-never",
    severity: Severity::Warning,
    title: "Clipping never acts, where it would be needed",
    page: Page {
        meaning: "A limit above every gradient is no limit. Where a few gradients are far longer than the others, or one ended the \
                  run, it should have caught them.",
        measured: "Whether any step was clipped; the limit over the median norm; how heavy the tail of the norms is.",
        thresholds: &[ABOVE, TAIL],
        false_alarm: "the long gradients are right: rare events of data that are rare themselves",
        remedy: "A limit of about twice the median norm.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(limit) = facts.clip_limit else { return Judgement::Silent };
    if evidence.steps.len() < LEAST_STEPS && evidence.fault.is_none() {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some(norm) = evidence.log10_norm().map(|norm| 10f64.powf(norm)) else { return Judgement::Silent };
    let Some((tail, because)) = harm(evidence) else { return Judgement::Silent };
    if evidence.steps.iter().any(|step| step.clipped) {
        return Judgement::Silent;
    }
    let sentence = format!("The limit {} never acts, and {because}.", short(limit));
    Found::new(sentence, Level::Medium, "norms are measured at every step")
        .held("limit over the median norm", limit / norm, ABOVE)
        .held("largest norm over the median", tail, TAIL)
        .remedy(facts, &[("clip", format!("norm:{}", setting((2.0 * norm).min(1.0))))], "catches outliers")
        .into()
}
