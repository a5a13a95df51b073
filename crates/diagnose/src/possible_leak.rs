//! `possible-leak`: an input seems to contain what is to be predicted.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::JUDGEMENT;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::of_baseline;

const CORRELATION: Threshold = Threshold {
    of: Text {
        en: "|correlation| of the last value of an input with the first value to be predicted",
        zh: "输入的最后一个值与第一个预测值的相关系数的绝对值",
    },
    value: 0.995,
    source: JUDGEMENT,
};
/// One minus the correlation, over one minus the autocorrelation.
const CLOSER: Threshold = Threshold {
    of: Text {
        en: "what this correlation lacks to 1, over what the target's own autocorrelation lacks",
        zh: "该相关系数与 1 的差距，与目标自相关和 1 的差距之比",
    },
    value: 0.2,
    source: Text {
        en: "an input that only moves with the target knows no more than its last value",
        zh: "只是与目标同步变化的输入，知道的不会多于目标的最后一个值",
    },
};
const LOW: Threshold = Threshold {
    of: Text { en: "validation loss over the baseline", zh: "验证损失与基线之比" },
    value: 0.1,
    source: Text {
        en: "persistence is hard to beat tenfold without knowing the future",
        zh: "不知道未来，很难比持续预测好十倍",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "possible-leak",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[],
    page: Page {
        title: Text { en: "An input may contain the target", zh: "某个输入可能包含预测目标" },
        meaning: Text {
            en: "A column that is read already holds the value to be predicted: the target shifted by a row, a sum that ends after it, \
                a value that is known only later. The loss is close to 0, and forecasts fail as soon as that column is not known in \
                advance.",
            zh: "读入的某一列已经包含要预测的值：错开一行的目标、把它算进去的累计量，或事后才知道的值。\
                 损失接近 0，而一旦事先得不到这一列，预测就会失败。",
        },
        measured: Text {
            en: "In the training part, the correlation of the last value of each input in a window with the first predicted value, beside \
                 the autocorrelation of the target; together with the validation loss.",
            zh: "训练部分中，窗口内每个输入的最后一个值与第一个预测值的相关系数，与目标的自相关相比；并结合验证损失。",
        },
        thresholds: &[CORRELATION, CLOSER, LOW],
        false_alarm: Text {
            en: "the input is known in advance when forecasts are made: a plan, a calendar, a forecast of the weather",
            zh: "预测时确实事先知道该输入：计划、日历、天气预报",
        },
        remedy: Text {
            en: "Leave the column out: name the others with --columns, and compare the losses.",
            zh: "去掉该列：用 --columns 列出其余各列，并比较损失。",
        },
    },
    judge,
};

/// An input that knows the target.
#[derive(Clone, Debug, PartialEq)]
pub struct PossibleLeak {
    /// The column.
    pub column: String,
    /// Its correlation with the first predicted value.
    pub correlation: f64,
    /// Largest autocorrelation of a target.
    pub autocorrelation: f64,
    /// Loss at the end over the baseline.
    pub ended_ratio: f64,
}

impl PossibleLeak {
    fn closer(&self) -> f64 {
        (1.0 - self.correlation) / (1.0 - self.autocorrelation)
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { column, correlation, autocorrelation, .. } = self;
        let loss = of_baseline(self.ended_ratio, language);
        match language {
            Language::English => format!(
                "The last value of {column} has a correlation of {correlation:.4} with the value to be predicted (the target's \
                 own last value: {autocorrelation:.4}), and the loss is {loss}."
            ),
            Language::Chinese => format!(
                "{column} 的最后一个值与要预测的值的相关系数为 {correlation:.4}（目标自己的最后一个值为 {autocorrelation:.4}），\
                 而损失是{loss}。"
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(CORRELATION.of, self.correlation, &CORRELATION),
            Number::compared(CLOSER.of, self.closer(), &CLOSER),
            Number::compared(LOW.of, self.ended_ratio, &LOW),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let channels = &evidence.facts.channels;
    let largest = |target: bool| {
        let of = channels.iter().filter(|of| of.target == target && of.correlation.is_finite());
        of.max_by(|a, b| a.correlation.total_cmp(&b.correlation))
    };
    let (Some(input), Some(target), Some(ended_ratio)) = (largest(false), largest(true), evidence.ended())
    else {
        return Judgement::Silent;
    };
    let found = PossibleLeak {
        column: input.name.clone(),
        correlation: input.correlation,
        autocorrelation: target.correlation,
        ended_ratio,
    };
    let known = found.correlation > CORRELATION.value && found.closer() < CLOSER.value;
    if !known || ended_ratio >= LOW.value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(&evidence.facts);
    ways.advise(Text {
        en: "leave this column out: name the others with --columns, and compare the losses",
        zh: "去掉这一列：用 --columns 列出其余各列，并比较损失",
    });
    let because = Text {
        en: "correlation and loss agree; whether the column is known in advance is not recorded",
        zh: "相关系数与损失一致；该列是否事先已知并无记录",
    };
    Found::new(found, Confidence::Medium, because).remedies(ways).into()
}
