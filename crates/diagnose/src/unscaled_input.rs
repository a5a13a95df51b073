//! `unscaled-input`: inputs far larger than the initial weights are made for.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::median;
use crate::threshold::Threshold;
use crate::wording::short;

const LARGE: Threshold = Threshold {
    of: Text { en: "root mean square of the input", zh: "输入的均方根" },
    value: 20.0,
    source: Text {
        en: "standardised inputs have 1; calibration half of the fault-injection benchmark",
        zh: "标准化的输入为 1；故障注入基准测试的校准半集",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "unscaled-input",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "step-too-large",
        "exploding-gradient",
        "clip-missing",
        "saturated-units",
        "dead-units",
        "stuck-gates",
        "vanishing-gradient",
        "clip-always",
        "chaotic-dynamics",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "The input is not scaled", zh: "输入没有缩放" },
        meaning: Text {
            en: "Initial weights have a size that suits inputs of about 1. Larger inputs saturate every unit at once.",
            zh: "初始权重的大小适合 1 左右的输入。更大的输入一开始就把每个单元推向极限。",
        },
        measured: Text {
            en: "The root mean square of the input, over the batches with a snapshot.",
            zh: "在有快照的各批数据中，输入的均方根。",
        },
        thresholds: &[LARGE],
        false_alarm: Text {
            en: "one channel of many is large and the others are fine: see `longspan inspect`",
            zh: "许多通道中只有一个很大，其余都正常：请查看 `longspan inspect`",
        },
        remedy: Text {
            en: "Standardise the channels. The program does so for series and labelled sequences; a source of your own has to.",
            zh: "对通道做标准化。对数值序列和带标签的序列，程序会自动完成；自己的数据源需要自行处理。",
        },
    },
    judge,
};

/// An input that is not scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct UnscaledInput {
    /// Median of the root mean square over the snapshots.
    pub rms: f64,
    /// The largest absolute value.
    pub largest: f64,
}

impl UnscaledInput {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let rms = short(self.rms);
        match language {
            Language::English => {
                format!("The input has a root mean square of {rms}; standardised inputs have 1.")
            }
            Language::Chinese => format!("输入的均方根为 {rms}；标准化的输入为 1。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(Text { en: "root mean square", zh: "均方根" }, self.rms, &LARGE),
            Number::plain(Text { en: "largest absolute value", zh: "最大绝对值" }, self.largest),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let mut snapshots = evidence.snapshots().peekable();
    if snapshots.peek().is_none() {
        return Judgement::Unknown(Needs::Norms);
    }
    let inputs: Vec<_> = snapshots.filter_map(|snapshot| snapshot.batch.input.as_ref()).collect();
    let Some(rms) = median(inputs.iter().map(|input| input.rms)) else { return Judgement::Silent };
    if rms <= LARGE.value {
        return Judgement::Silent;
    }
    let largest = inputs.iter().map(|input| input.largest).fold(0.0, f64::max);
    let mut ways = Remedies::new(&evidence.facts);
    ways.advise(Text {
        en: "subtract each channel's mean and divide by its standard deviation, both computed on the training part",
        zh: "每个通道减去均值、除以标准差，两者都在训练集上计算",
    });
    let because =
        Text { en: "all inputs of these batches were counted", zh: "统计了这些批次的所有输入" };
    Found::new(UnscaledInput { rms, largest }, Confidence::High, because).remedies(ways).into()
}
