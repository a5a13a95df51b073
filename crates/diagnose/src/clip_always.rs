//! `clip-always`: the limit is so low that every step is cut.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{LEAST_STEPS, setting, short};
use super::{Evidence, Level, Severity};

const SHARE: Threshold = Threshold {
    of: "share of late steps that are clipped",
    value: 0.95,
    source: "a limit of 0.5 times the mean norm cuts less",
};
const BELOW: Threshold = Threshold {
    of: "median norm over the limit",
    value: 10.0,
    source: "Pascanu et al. 2013, §3.2: a limit of 0.5 to 10 times the mean norm",
};

pub(super) static RULE: Rule = Rule {
    code: "clip-always",
    severity: Severity::Warning,
    title: "Clipping acts at every step",
    page: Page {
        meaning: "A limit far below the usual norm does not catch outliers: it makes every step as long as the next, whatever the \
                  gradient is. That hides a learning rate that is too high or, with an optimizer that does not rescale, makes \
                  all steps tiny.",
        measured: "The share of late steps that were clipped, and the median norm over the limit.",
        thresholds: &[SHARE, BELOW],
        false_alarm: "it is meant: steps of one length are a method of their own. Adam rescales what is left, and hardly feels it",
        remedy: "A limit of about twice the median norm.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(limit) = facts.clip_limit else { return Judgement::Silent };
    if evidence.steps.len() < LEAST_STEPS {
        return Judgement::Unknown(Needs::Steps);
    }
    let share = Evidence::clipped_share(evidence.late());
    let Some(norm) = evidence.log10_norm().map(|norm| 10f64.powf(norm)) else { return Judgement::Silent };
    if share < SHARE.value || norm < BELOW.value * limit {
        return Judgement::Silent;
    }
    let sentence = format!(
        "{:.0} % of the late steps are clipped: the median norm is {}, {} times the limit {}.",
        100.0 * share,
        short(norm),
        short(norm / limit),
        short(limit)
    );
    Found::new(sentence, Level::High, "both are measured at every step")
        .held("share of late steps", share, SHARE)
        .held("median norm over the limit", norm / limit, BELOW)
        .remedy(
            facts,
            &[("clip", format!("norm:{}", setting(2.0 * norm)))],
            "catches outliers, and lets the others be",
        )
        .into()
}
