//! `step-too-large`: the weights jump further than the gradient is good for.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{LEAST_STEPS, median, of_chance, setting, short};
use super::{Evidence, Level, Severity};

const UPDATE: Threshold = Threshold {
    of: "‖Δw‖ / ‖w‖ of a step",
    value: 0.03,
    source: "about 1e-3 is usual (Karpathy's rule of thumb); runs with planted faults, first half",
};
/// Weights that such steps have blown up are large, and the steps small beside them: one look tells.
const LARGEST: Threshold = Threshold {
    of: "the largest ‖Δw‖ / ‖w‖ of all looks",
    value: 0.1,
    source: "runs with planted faults, first half: 0.06 in good runs",
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
        thresholds: &[UPDATE, LARGEST, BAD, WORSE],
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
    let ratios: Vec<f64> = evidence.snapshots().map(|look| look.log10_update_ratio).collect();
    let typical = median(ratios.iter().copied());
    let largest = ratios.iter().copied().reduce(f64::max);
    if ratios.is_empty() {
        return Judgement::Unknown(Needs::Norms);
    }
    let (Some(typical), Some(largest)) = (typical, largest) else { return Judgement::Silent };
    let (late, best) = (evidence.late_loss().unwrap_or(f64::NAN), evidence.best_loss().unwrap_or(f64::NAN));
    let ratio = late / facts.chance_loss;
    let worse = late / best;
    let large = typical > UPDATE.value.log10() || largest > LARGEST.value.log10();
    let harm = ratio > BAD.value || worse > WORSE.value || late.is_nan();
    if !(large && harm) {
        return Judgement::Silent;
    }
    let sentence = format!(
        "A step changes the weights by up to {} of their length ({} looks), and the loss is {}.",
        short(10f64.powf(largest)),
        ratios.len(),
        of_chance(ratio)
    );
    Found::new(sentence, Level::Medium, "large steps and a bad loss together")
        .held("update over weights, median", 10f64.powf(typical), UPDATE)
        .held("update over weights, largest", 10f64.powf(largest), LARGEST)
        .held("late loss over chance", ratio, BAD)
        .held("late loss over the best", worse, WORSE)
        .remedy(facts, &[("lr", setting(facts.lr / 10.0))], "a tenth of the step")
        .remedy(facts, &[("schedule", "cosine".into())], "smaller and smaller steps")
        .into()
}
