//! `vanishing-across-layers`: the lower layers of a stack get next to nothing.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::short;
use super::{Evidence, Level, Severity};

const LEFT: Threshold = Threshold {
    of: "gradient at the bottom layer over that at the top, within one step",
    value: 1e-3,
    source: "AutoTrainer (Zhang et al. 2021): first over last layer below 1e-3",
};

pub(super) static RULE: Rule = Rule {
    code: "vanishing-across-layers",
    severity: Severity::Warning,
    title: "The gradient vanishes from layer to layer",
    page: Page {
        meaning: "Depth is measured as time is: a gradient that comes down through layers is multiplied at each. Where next to \
                  nothing arrives at the bottom, its layers stay as they began.",
        measured: "The median of ‖∂ℓ_t/∂s_t‖ of the bottom layer over that of the top, at the step of the loss.",
        thresholds: &[LEFT],
        false_alarm: "the lower layers get theirs from later steps, along time",
        remedy: "--layer-residual, --layer-norm, or fewer --layers.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if facts.layers < 2 {
        return Judgement::Silent;
    }
    if evidence.probe.is_none() {
        return Judgement::Unknown(Needs::Probe);
    }
    let Some(lag) = evidence.lag() else { return Judgement::Silent };
    let Some(&ln) = lag.depth.ln_layer_ratio.first() else { return Judgement::Silent };
    let left = ln.exp();
    if left.is_nan() || left >= LEFT.value {
        return Judgement::Silent;
    }
    let sentence =
        format!("Of the gradient at layer {} {} is left at layer 0.", facts.layers - 1, short(left));
    Found::new(sentence, Level::High, "the gradient of single losses was measured in every layer")
        .held("share that is left", left, LEFT)
        .remedy(facts, &[("layer_residual", "true".into())], "a path of sums from the top to the bottom")
        .remedy(facts, &[("layer_norm", "true".into())], "what layers read is of one size")
        .remedy(facts, &[("layers", (facts.layers / 2).to_string())], "a shorter way down")
        .into()
}
