//! `saturated-units`: units at their limits, which let almost no gradient through.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::DEVELOPMENT;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::{ActivationShare, COUNTED};
use crate::threshold::Threshold;
use crate::wording::{of_baseline, percent};

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
/// A candidate at its limits is usual: gates then choose what is written. If the gates are at theirs too, nothing chooses.
const GATES: Threshold = Threshold {
    of: Text {
        en: "gates that are closed or open, share of positions and units",
        zh: "门关闭或打开的位置与单元的比例",
    },
    value: 0.85,
    source: Text {
        en: "development set of real runs: at most 0.71 in healthy runs; calibration half of the fault-injection benchmark",
        zh: "真实训练的开发集：正常训练至多为 0.71；故障注入基准测试的校准半集",
    },
};
const BAD: Threshold = Threshold {
    of: Text { en: "loss over the baseline", zh: "损失与基线之比" },
    value: 0.8,
    source: Text {
        en: "a network with a low loss uses saturated units as bits; development set of real runs",
        zh: "损失低的网络把饱和的单元当作二值使用；真实训练的开发集",
    },
};
const STALL: Threshold = Threshold {
    of: Text {
        en: "fall of the training loss in the last quarter, over the baseline",
        zh: "最后四分之一中训练损失的下降量与基线之比",
    },
    value: 0.05,
    source: DEVELOPMENT,
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
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "Most units are saturated", zh: "大多数隐藏单元饱和" },
        meaning: Text {
            en: "A tanh near its limits is flat: it carries little more than a sign, and lets almost no gradient through, neither to its \
                 weights nor to the steps before. The candidates of gru and lstm are often saturated in good models, \
                 because gates choose what is written. It becomes a fault when the gates are saturated too and the \
                 loss stalls.",
            zh: "接近极限的 tanh 是平的：它几乎只表示一个符号，也几乎不让梯度通过，\
                 既到不了自己的权重，也到不了之前的时间步。gru 与 lstm 的候选值在好的模型中也常常饱和，\
                 因为由门决定写入什么；只有门也饱和、损失又停滞时才是问题。",
        },
        measured: Text {
            en: "The share of (position, unit) pairs at which a tanh is beyond 0.95: of the states of rnn, of the candidates of gru, lstm \
                 and residual. For gru and lstm also the share at which a gate is below 0.05 or above 0.95, as the mean \
                 over the gates of the layer. Both, together with the loss.",
            zh: "tanh 超过 0.95 的（位置, 单元）对的比例：rnn 的状态，gru、lstm、residual 的候选值。\
                 对 gru 与 lstm，还有门低于 0.05 或高于 0.95 的比例（该层各门的平均值）。两者都与损失一起判断。",
        },
        thresholds: &[SATURATED, GATES, BAD, STALL],
        false_alarm: Text {
            en: "units are meant to act as binary latches",
            zh: "隐藏单元本来就要保存二值信息",
        },
        remedy: Text {
            en: "Start again: trained weights that saturate do not recover. Inputs scaled to about 1 and smaller initial \
                 weights (--init orthogonal:1) keep units away from their limits. --layer-norm normalises what layers \
                 above the first read.",
            zh: "重新开始训练：已经饱和的权重不会恢复。把输入缩放到 1 左右，并用更小的初始权重（--init orthogonal:1），\
                 可使单元远离极限。--layer-norm 会归一化第一层以上各层读到的内容。",
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
    /// Share of (position, unit) pairs at which a gate of the layer is closed or open; NaN for a cell without gates.
    pub gate_share: f64,
    /// Loss at the end over the baseline.
    pub ended_ratio: f64,
    /// Fall of the training loss in the last quarter over the baseline; NaN if it is noise.
    pub fall_ratio: f64,
}

impl SaturatedUnits {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { layer, activation, share, gate_share, .. } = self;
        let (share, loss) = (percent(*share), of_baseline(self.ended_ratio, language));
        match language {
            Language::English => {
                let gates = match gate_share.is_nan() {
                    true => String::new(),
                    false => format!(" and {} of the gates", percent(*gate_share)),
                };
                format!(
                    "In layer {layer}, {share} of the values of {activation}{gates} are saturated, and the loss \
                     stalls at {loss}."
                )
            }
            Language::Chinese => {
                let gates = match gate_share.is_nan() {
                    true => String::new(),
                    false => format!("、门的取值有 {}", percent(*gate_share)),
                };
                format!(
                    "第 {layer} 层中，{activation} 的取值有 {share}{gates} 处于饱和，而损失停滞在{loss}。"
                )
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let share = Text { en: "share beyond 0.95", zh: "超过 0.95 的比例" };
        let units =
            Text { en: "units saturated at every position", zh: "在所有位置都饱和的单元数" };
        vec![
            Number::compared(share, self.share, &SATURATED),
            Number::plain(units, self.units as f64),
            Number::compared(GATES.of, self.gate_share, &GATES),
            Number::compared(BAD.of, self.ended_ratio, &BAD),
            Number::compared(STALL.of, self.fall_ratio, &STALL),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(all) = evidence.activations() else {
        return if facts.cell == "identity" { Judgement::Silent } else { Judgement::Unknown(Needs::Probe) };
    };
    let Some(gates) = evidence.gates() else { return Judgement::Unknown(Needs::Probe) };
    // The mean over the gates of a layer; NaN for a cell without gates.
    let gate_share = |layer: usize| {
        let of: Vec<f64> = gates.iter().filter(|g| g.layer == layer).map(|g| g.closed + g.open).collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    let stuck = |activation: &ActivationShare| {
        let gates = gate_share(activation.layer);
        activation.share > SATURATED.value && (gates.is_nan() || gates > GATES.value)
    };
    let tanh = all.into_iter().filter(|activation| facts.cell != "relu" && stuck(activation));
    let Some(worst) = tanh.max_by(|a, b| a.share.total_cmp(&b.share)) else { return Judgement::Silent };
    let Some(ended_ratio) = evidence.ended() else { return Judgement::Silent };
    if ended_ratio <= BAD.value || evidence.stalls(STALL.value) == Some(false) {
        return Judgement::Silent;
    }
    let fall = evidence.trend().filter(|trend| trend.falls()).and_then(|t| evidence.over_baseline(t.fall()));
    let mut ways = Remedies::new(facts);
    ways.advise(Text {
        en: "scale inputs to a size of about 1 (longspan inspect shows their size)",
        zh: "把输入缩放到 1 左右（longspan inspect 会显示它们的大小）",
    });
    let weights = Text {
        en: "recurrent weights that do not drive units to their limits",
        zh: "不把单元推向极限的循环权重",
    };
    ways.set("init", "orthogonal:1", weights);
    if facts.layers > 1 {
        let norm = Text { en: "layers that read values of about 1", zh: "让各层读到 1 左右的数值" };
        ways.set("layer_norm", "true", norm);
    }
    let found = SaturatedUnits {
        layer: worst.layer,
        gate_share: gate_share(worst.layer),
        activation: worst.name,
        share: worst.share,
        units: worst.units,
        ended_ratio,
        fall_ratio: fall.unwrap_or(f64::NAN),
    };
    Found::new(found, Confidence::High, COUNTED).remedies(ways).into()
}
