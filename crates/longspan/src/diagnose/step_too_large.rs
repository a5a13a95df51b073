//! `step-too-large`: the weights jump further than the gradient is good for.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{LEAST_STEPS, median, quantile, setting, short};
use super::{Evidence, Level, Severity};

const UPDATE: Threshold = Threshold {
    of: "‖Δw‖ / ‖w‖ of a step",
    value: 0.03,
    source: "about 1e-3 is usual (Karpathy's rule of thumb); runs with planted faults, first half",
};
const BAD: Threshold = Threshold {
    of: "loss over that of chance",
    value: 0.6,
    source: "large steps that lead somewhere do no harm",
};
const WORSE: Threshold = Threshold {
    of: "late loss over the best before",
    value: 1.5,
    source: "runs with planted faults, first half",
};

pub(super) static RULE: Rule = Rule {
    code: "step-too-large",
    severity: Severity::Warning,
    title: "The steps are too large",
    page: Page {
        meaning: "A gradient says which way is down for a little while. Who goes further than that lands anywhere: the loss jumps \
                  about, rises, or stays where saturated units leave it.",
        measured: "‖Δw‖ / ‖w‖ of all weights at the steps that were looked at closely, and the loss: how bad it is, and whether it was better before.",
        thresholds: &[UPDATE, BAD, WORSE],
        false_alarm: "weights that begin near zero double at once, and settle: only what lasts counts",
        remedy: "A smaller --lr; --schedule cosine ends with small steps.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if evidence.steps.len() < LEAST_STEPS && evidence.fault.is_none() {
        return Judgement::Unknown(Needs::Steps);
    }
    // The first looks are at weights that are still near where they began.
    let ratios: Vec<f64> = evidence.looks().map(|look| look.log10_update_ratio).skip(1).collect();
    let typical = median(ratios.iter().copied());
    let early = quantile(ratios.iter().copied(), 0.9);
    if ratios.is_empty() {
        return Judgement::Unknown(Needs::Norms);
    }
    let (Some(typical), Some(early)) = (typical, early) else { return Judgement::Silent };
    let (late, best) = (evidence.late_loss().unwrap_or(f64::NAN), evidence.best_loss().unwrap_or(f64::NAN));
    let ratio = late / facts.chance_loss;
    let worse = late / best;
    let large = typical.max(early) > UPDATE.value.log10();
    let harm = ratio > BAD.value || worse > WORSE.value || late.is_nan();
    if !(large && harm) {
        return Judgement::Silent;
    }
    let sentence = format!(
        "A step changes the weights by {} of their length (median of {} looks), and the loss is {:.0} % of chance.",
        short(10f64.powf(typical)),
        ratios.len(),
        100.0 * ratio
    );
    Found::new(sentence, Level::Medium, "large steps and a bad loss together")
        .held("update over weights, 90th percentile", 10f64.powf(early), UPDATE)
        .held("late loss over chance", ratio, BAD)
        .held("late loss over the best", worse, WORSE)
        .remedy(facts, &[("lr", setting(facts.lr / 10.0))], "a tenth of the step")
        .remedy(facts, &[("schedule", "cosine".into())], "smaller and smaller steps")
        .into()
}
