//! `vanishing-across-layers`: the lower layers of a stack get almost no gradient.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::power;

const LEFT: Threshold = Threshold {
    of: Text {
        en: "gradient at the bottom layer over that at the top, within one step",
        zh: "同一时间步内，底层与顶层的梯度之比",
    },
    value: 1e-3,
    source: Text {
        en: "AutoTrainer (Zhang et al. 2021): first over last layer below 1e-3",
        zh: "AutoTrainer（Zhang et al. 2021）：首层与末层之比低于 1e-3",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "vanishing-across-layers",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["vanishing-gradient", "no-better-than-baseline"],
    page: Page {
        title: Text { en: "The gradient vanishes from layer to layer", zh: "梯度逐层消失" },
        meaning: Text {
            en: "Depth acts as time does: on its way down, the gradient is multiplied at each layer. If almost none of it reaches the \
                 bottom, the lower layers stay as they were initialised.",
            zh: "层的深度与时间的深度是一回事：梯度每往下一层就乘一次。若几乎没有梯度到达底层，这些层就停留在初始状态。",
        },
        measured: Text {
            en: "The median of ‖∂ℓ_t/∂s_t‖ of the bottom layer over that of the top, at the step of the loss, from the snapshots of training \
                 or from a probe.",
            zh: "在损失所在的时间步，底层与顶层的 ‖∂ℓ_t/∂s_t‖ 之比的中位数，取自训练中的快照或探测。",
        },
        thresholds: &[LEFT],
        false_alarm: Text {
            en: "the lower layers get their gradient through time, from later steps",
            zh: "较低的层从之后的时间步沿时间得到梯度",
        },
        remedy: Text {
            en: "--layer-residual true, or fewer --layers.",
            zh: "--layer-residual true，或更少的 --layers。",
        },
    },
    judge,
};

/// A gradient that does not reach the bottom layer.
#[derive(Clone, Debug, PartialEq)]
pub struct VanishingAcrossLayers {
    /// The top layer, from 0.
    pub top_layer: usize,
    /// ln of the share of its gradient that reaches layer 0.
    pub ln_left: f64,
}

impl VanishingAcrossLayers {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (left, top) = (power(self.ln_left / std::f64::consts::LN_10), self.top_layer);
        match language {
            Language::English => format!("Only {left} of the gradient at layer {top} reaches layer 0."),
            Language::Chinese => format!("第 {top} 层的梯度只有 {left} 到达第 0 层。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let name = Text { en: "share of the gradient that is left", zh: "剩余的梯度比例" };
        vec![Number::compared(name, self.ln_left.exp(), &LEFT)]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if facts.layers < 2 {
        return Judgement::Silent;
    }
    let Some(ratios) = evidence.ln_layers() else { return evidence.unmeasured() };
    let Some(&ln_left) = ratios.first() else { return Judgement::Silent };
    if ln_left.is_nan() || ln_left >= LEFT.value.ln() {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let sums =
        Text { en: "a path of sums from the top to the bottom", zh: "从顶层到底层的求和通路" };
    ways.set("layer_residual", "true", sums);
    let fewer = Text { en: "a shorter way down", zh: "更短的逐层路径" };
    ways.set("layers", (facts.layers / 2).to_string(), fewer);
    let found = VanishingAcrossLayers { top_layer: facts.layers - 1, ln_left };
    let because = Text {
        en: "the gradient of single losses was measured in every layer",
        zh: "在每一层都测量了单个损失的梯度",
    };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}
