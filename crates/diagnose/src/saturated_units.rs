//! `saturated-units`: units at their limits, which let almost no gradient through.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::COUNTED;
use crate::threshold::Threshold;
use crate::wording::{CALIBRATED, percent, setting};

const SATURATED: Threshold = Threshold {
    of: Text {
        en: "share of positions and units beyond 0.95", zh: "超过 0.95 的位置与单元的比例"
    },
    value: 0.75,
    source: Text {
        en: "beyond 0.95 the derivative is below 0.1; the share: calibration half of the fault-injection benchmark",
        zh: "超过 0.95 时导数低于 0.1；比例：故障注入基准测试的校准半集",
    },
};
/// A model with a low loss may use saturated units as bits, unless almost all are saturated.
const ALL: Threshold = Threshold {
    of: Text { en: "the same share if the loss is low", zh: "损失很低时的同一比例" },
    value: 0.95,
    source: CALIBRATED,
};

pub(crate) static RULE: Rule = Rule {
    code: "saturated-units",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "stuck-gates",
        "vanishing-across-layers",
        "vanishing-gradient",
        "horizon-below-need",
        "loss-at-chance",
    ],
    page: Page {
        title: Text { en: "Most units are saturated", zh: "大多数隐藏单元饱和" },
        meaning: Text {
            en: "A tanh near its limits is flat: it carries little more than a sign, and lets almost no gradient through, neither to its \
                 weights nor to the steps before.",
            zh: "接近极限的 tanh 是平的：它几乎只表示一个符号，也几乎不让梯度通过，\
                 既到不了自己的权重，也到不了之前的时间步。",
        },
        measured: Text {
            en: "The share of (position, unit) pairs at which a tanh is beyond 0.95: of the states of rnn, of the candidates of gru, lstm \
                 and residual.",
            zh: "tanh 超过 0.95 的（位置, 单元）对的比例：rnn 的状态，gru、lstm、residual 的候选值。",
        },
        thresholds: &[SATURATED, ALL],
        false_alarm: Text {
            en: "units are meant to act as binary latches and the loss is low",
            zh: "隐藏单元本来就要保存二值信息，并且损失很低",
        },
        remedy: Text {
            en: "Smaller initial weights (--init orthogonal:1, uniform), a lower --lr, inputs scaled to about 1.",
            zh: "更小的初始权重（--init orthogonal:1、uniform）、更低的 --lr、缩放到 1 左右的输入。",
        },
    },
    judge,
};

/// A layer whose units are saturated.
#[derive(Clone, Debug, PartialEq)]
pub struct SaturatedUnits {
    /// The layer, from 0.
    pub layer: usize,
    /// The activation: "h", "g", "n".
    pub activation: String,
    /// Share of (position, unit) pairs that are saturated.
    pub share: f64,
    /// Units that are saturated at every position.
    pub units: usize,
    /// Whether the loss is low, so that more may be saturated.
    pub learned: bool,
}

impl SaturatedUnits {
    fn threshold(&self) -> Threshold {
        if self.learned { ALL } else { SATURATED }
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { layer, activation, share, .. } = self;
        let share = percent(*share);
        match language {
            Language::English => {
                format!("In layer {layer}, {share} of the values of {activation} are saturated.")
            }
            Language::Chinese => format!("第 {layer} 层中，{activation} 的取值有 {share} 处于饱和。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let share = Text { en: "share beyond 0.95", zh: "超过 0.95 的比例" };
        let units =
            Text { en: "units saturated at every position", zh: "在所有位置都饱和的单元数" };
        vec![Number::compared(share, self.share, &self.threshold()), Number::plain(units, self.units as f64)]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(all) = evidence.activations() else {
        return if facts.cell == "identity" { Judgement::Silent } else { Judgement::Unknown(Needs::Probe) };
    };
    let tanh = all.into_iter().filter(|_| facts.cell != "relu");
    let Some(worst) = tanh.max_by(|a, b| a.share.total_cmp(&b.share)) else { return Judgement::Silent };
    let found = SaturatedUnits {
        layer: worst.layer,
        activation: worst.name,
        share: worst.share,
        units: worst.units,
        learned: evidence.learned_ratio().is_some_and(|ratio| ratio < 0.3),
    };
    if found.share <= found.threshold().value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let weights = Text {
        en: "recurrent weights that do not drive units to their limits",
        zh: "不把单元推向极限的循环权重",
    };
    ways.set("init", "orthogonal:1", weights);
    let slower = Text { en: "weights that grow more slowly", zh: "让权重增长得更慢" };
    ways.set("lr", setting(facts.lr / 4.0), slower);
    ways.advise(Text { en: "scale inputs to a size of about 1", zh: "把输入缩放到 1 左右" });
    Found::new(found, Confidence::High, COUNTED).remedies(ways).into()
}
