//! `constant-target`: there is nothing to predict, because every target is the same.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::short;

/// A column whose values differ by less than this, relative to their size, is constant up to rounding.
const SPREAD: Threshold = Threshold {
    of: Text {
        en: "spread of the target in the training part, over its size",
        zh: "训练部分中目标的范围与其大小之比",
    },
    value: 1e-12,
    source: Text { en: "less is rounding in f64", zh: "更小的差异只是 f64 的舍入" },
};

pub(crate) static RULE: Rule = Rule {
    code: "constant-target",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "distribution-shift",
        "vanishing-gradient",
        "clip-missing",
        "clip-never",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "The target is constant", zh: "预测目标是常数" },
        meaning: Text {
            en: "A target that never changes in the training part is predicted by its own value. The model learns that \
                constant, and nothing about the input; the loss falls to 0 and says nothing.",
            zh: "训练部分中从不变化的目标，用它自己的值就能预测。模型只学到这个常数，学不到任何关于输入的东西；\
                 损失降到 0 也说明不了什么。",
        },
        measured: Text {
            en: "Smallest and largest value of each target column in the training part; for classes, how many occur; and \
                whether the loss of the baseline is 0.",
            zh: "训练部分中每个目标列的最小值与最大值；对类别，出现了几种；以及基线的损失是否为 0。",
        },
        thresholds: &[SPREAD],
        false_alarm: Text {
            en: "the target does change in data that the model will see later, and you only test the pipeline",
            zh: "模型以后会见到变化的目标，而现在只是测试流程",
        },
        remedy: Text {
            en: "Choose another column with --target, or a training part in which the target changes: a smaller \
                --valid-fraction and --test-fraction, another file, or fewer labels left out.",
            zh: "用 --target 选择别的列，或选择目标有变化的训练部分：更小的 --valid-fraction 与 --test-fraction、\
                 别的文件，或不去掉那么多标签。",
        },
    },
    judge,
};

/// A target that is constant.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantTarget {
    /// The column, if it is known.
    pub column: Option<String>,
    /// Its value, in the units of the file; NaN if it is not known.
    pub value: f64,
    /// Largest minus smallest value over the size; 0 where only the loss of the baseline says so.
    pub spread: f64,
}

impl ConstantTarget {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let value = short(self.value);
        match (&self.column, language) {
            (Some(name), Language::English) => {
                format!("The target {name} is {value} in the whole training part.")
            }
            (Some(name), Language::Chinese) => format!("在整个训练部分中，目标 {name} 都是 {value}。"),
            (None, Language::English) => {
                "Every target is the same: a constant prediction has a loss of 0.".into()
            }
            (None, Language::Chinese) => "所有目标都相同：常数预测的损失为 0。".into(),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let value = Text { en: "value", zh: "取值" };
        vec![Number::compared(SPREAD.of, self.spread, &SPREAD), Number::plain(value, self.value)]
    }
}

impl Evidence {
    /// Whether every target has one value.
    pub(crate) fn has_constant_targets(&self) -> bool {
        find(self).is_some()
    }
}

fn find(evidence: &Evidence) -> Option<ConstantTarget> {
    let targets = evidence.facts.channels.iter().filter(|channel| channel.target && channel.train.count > 1);
    let of = |channel: &longspan_record::ChannelRecord| {
        let size = channel.train.max.abs().max(channel.train.min.abs());
        let spread = channel.train.max - channel.train.min;
        let spread = if spread == 0.0 { 0.0 } else { spread / size };
        let column = Some(channel.name.clone());
        (spread < SPREAD.value).then_some(ConstantTarget { column, value: channel.train.median, spread })
    };
    let mut ranges = targets.peekable();
    if ranges.peek().is_some() {
        // Known ranges decide: persistence of a period is perfect on a target that repeats.
        return ranges.find_map(of);
    }
    let classes = evidence.valid.iter().filter_map(|score| score.classes).any(|of| of.classes == 1);
    // A loss of 0 is that of an entropy without a choice, or of persistence on a constant.
    (evidence.facts.baseline_loss == 0.0 && !evidence.steps.is_empty() || classes).then_some(ConstantTarget {
        column: None,
        value: f64::NAN,
        spread: 0.0,
    })
}

fn judge(evidence: &Evidence) -> Judgement {
    let Some(found) = find(evidence) else { return Judgement::Silent };
    let confidence = if found.column.is_some() { Confidence::High } else { Confidence::Medium };
    let mut ways = Remedies::new(&evidence.facts);
    ways.advise(Text {
        en: "choose a target that changes in the training part (--target, or other data); longspan inspect shows the \
             range of each column",
        zh: "选择在训练部分中有变化的目标（--target 或别的数据）；longspan inspect 会显示每列的范围",
    });
    let because = Text { en: "all targets were counted", zh: "统计了所有目标" };
    Found::new(found, confidence, because).remedies(ways).into()
}
