//! `distribution-shift`: the held-out part differs from the training part from the beginning.

use longspan_record::ChannelRecord;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::{DEVELOPMENT, JUDGEMENT, mean};
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::underfitting::gap_errors;
use crate::wording::{percent, short};

const OUTSIDE: Threshold = Threshold {
    of: Text {
        en: "share of the held-out values of a column outside its range in training",
        zh: "一列的验证值超出其训练范围的比例",
    },
    value: 0.2,
    source: JUDGEMENT,
};
const GAP: Threshold = Threshold {
    of: Text {
        en: "first validation loss over the training score of the same weights",
        zh: "第一次验证损失与相同权重的训练得分之比",
    },
    value: 3.0,
    source: DEVELOPMENT,
};
const ERRORS: Threshold = Threshold {
    of: Text { en: "their difference, in standard errors", zh: "两者之差，以标准误计" },
    value: 5.0,
    source: Text {
        en: "more than the three of other rules, because windows of a series overlap",
        zh: "高于其他规则的三个标准误，因为数值序列的窗口互相重叠",
    },
};
const BAD: Threshold = Threshold {
    of: Text { en: "best validation loss over the baseline", zh: "最佳验证损失与基线之比" },
    value: 1.0,
    source: Text {
        en: "a difference that the model copes with does no harm",
        zh: "模型能应付的差异没有害处",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "distribution-shift",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["overfitting", "no-better-than-baseline"],
    page: Page {
        title: Text {
            en: "The held-out data differ from the training data", zh: "验证数据与训练数据不同"
        },
        meaning: Text {
            en: "The validation loss is far above the training loss from the first validation on, before anything can be learned \
                by heart. The held-out part is another distribution: often a series with a trend, or an input such as a row \
                counter or a year, whose later values never occur in training.",
            zh: "从第一次验证起，验证损失就远高于训练损失，而那时还不可能死记任何东西。验证部分的分布不同：\
                 往往是有趋势的序列，或行号、年份之类的输入，其后来的取值在训练中从未出现。",
        },
        measured: Text {
            en: "For each column of a series, the share of the held-out values outside the range of the training part; and the first \
                 validation loss over the training score of the same weights. In runs of earlier versions, which have neither, \
                 the mean training loss of the steps before takes the place of the score, for a series only.",
            zh: "数值序列每一列的验证值超出训练范围的比例；以及第一次验证损失与相同权重的训练得分之比。\
                 早期版本的训练没有这两项，此时（仅对数值序列）用此前训练步的平均损失代替得分。",
        },
        thresholds: &[OUTSIDE, GAP, ERRORS, BAD],
        false_alarm: Text {
            en: "the model is meant to be tested beyond the range of its training",
            zh: "本来就要测试模型在训练范围之外的表现",
        },
        remedy: Text {
            en: "Leave out columns that only count up (--columns). Forecast the change from the last value instead of the value (a \
                 column of differences, or of their logarithms), so that the trend disappears. A smaller --valid-fraction \
                 holds out values that are closer to the training part.",
            zh: "去掉只会递增的列（--columns）。预测相对上一个值的变化而不是数值本身（用差分或对数差分的列），使趋势消失。\
                 更小的 --valid-fraction 会使验证值更接近训练部分。",
        },
    },
    judge,
};

/// A held-out part that differs from the training part.
#[derive(Clone, Debug, PartialEq)]
pub struct DistributionShift {
    /// The column with the largest share outside, if there is one above the threshold.
    pub column: Option<String>,
    /// Whether it is a target.
    pub target: bool,
    /// Share of its held-out values outside its range in training; NaN if it was not recorded.
    pub outside_share: f64,
    /// First validation loss over the training score; NaN if there is no score.
    pub gap_ratio: f64,
    /// Their difference in standard errors; NaN if they were not recorded.
    pub gap_errors: f64,
    /// Best validation loss over the baseline.
    pub reached_ratio: f64,
}

impl DistributionShift {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (outside, loss) =
            (percent(self.outside_share), crate::wording::of_baseline(self.reached_ratio, language));
        match (&self.column, language) {
            (Some(name), Language::English) => format!(
                "{outside} of the held-out values of {name} lie outside the range of the training part, and the best \
                 validation loss is {loss}."
            ),
            (Some(name), Language::Chinese) => {
                format!("{name} 的验证值有 {outside} 超出训练部分的范围，而最佳验证损失是{loss}。")
            }
            (None, Language::English) => format!(
                "The first validation loss is {} times the training loss, before anything can be learned by heart, and the \
                 best validation loss is {loss}.",
                short(self.gap_ratio)
            ),
            (None, Language::Chinese) => format!(
                "第一次验证损失就是训练损失的 {} 倍，而那时还不可能死记；最佳验证损失是{loss}。",
                short(self.gap_ratio)
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(OUTSIDE.of, self.outside_share, &OUTSIDE),
            Number::compared(GAP.of, self.gap_ratio, &GAP),
            Number::compared(ERRORS.of, self.gap_errors, &ERRORS),
            Number::compared(BAD.of, self.reached_ratio, &BAD),
        ]
    }
}

/// What is found; None if the parts do not differ, or the model copes with it.
pub(crate) fn find(evidence: &Evidence) -> Option<DistributionShift> {
    let facts = &evidence.facts;
    let (first, reached_ratio) = (evidence.valid.first()?, evidence.reached()?);
    if reached_ratio <= BAD.value {
        return None;
    }
    let by_share = |a: &&ChannelRecord, b: &&ChannelRecord| a.outside_share.total_cmp(&b.outside_share);
    let column = facts.channels.iter().filter(|of| of.held_out.is_some()).max_by(by_share);
    let outside_share = column.map_or(f64::NAN, |of| of.outside_share);
    let column = column.filter(|_| outside_share > OUTSIDE.value);
    let (gap_ratio, gap_errors) = match first.train {
        Some(train) => {
            let error = first.standard_error.unwrap_or(0.0);
            (first.loss / train.mean, gap_errors(first.loss, error, train))
        }
        // A series has no dropout and no weights of classes that would make the two losses differ by themselves.
        None if !facts.setting("series").is_empty() && facts.setting("dropout").parse() == Ok(0.0) => {
            let end = evidence.steps.partition_point(|step| step.step <= first.step);
            let before = mean(&evidence.steps[end / 2..end])?;
            (first.loss / before, f64::NAN)
        }
        None => (f64::NAN, f64::NAN),
    };
    let apart = gap_ratio > GAP.value && (gap_errors.is_nan() || gap_errors > ERRORS.value);
    (column.is_some() || apart).then(|| DistributionShift {
        column: column.map(|of| of.name.clone()),
        target: column.is_some_and(|of| of.target),
        outside_share,
        gap_ratio,
        gap_errors,
        reached_ratio,
    })
}

fn judge(evidence: &Evidence) -> Judgement {
    let Some(found) = find(evidence) else { return Judgement::Silent };
    let mut ways = Remedies::new(&evidence.facts);
    ways.advise(match (&found.column, found.target) {
        (Some(_), false) => Text {
            en: "leave out this column: name the others with --columns", zh: "去掉这一列：用 --columns 列出其余各列"
        },
        _ => Text {
            en: "forecast the change from the last value: a column of differences, or of differences of logarithms, has no trend",
            zh: "预测相对上一个值的变化：差分或对数差分的列没有趋势",
        },
    });
    let nearer = Text {
        en: "held-out values that are closer to the training part",
        zh: "让验证值更接近训练部分",
    };
    ways.set("valid_fraction", "0.1", nearer);
    let (confidence, because) = match (&found.column, found.gap_errors.is_nan()) {
        (Some(_), _) => (
            Confidence::High,
            Text { en: "all values of both parts were compared", zh: "比较了两部分的所有数值" },
        ),
        (None, false) => (
            Confidence::Medium,
            Text {
                en: "both losses are of the same weights, and have standard errors",
                zh: "两个损失来自相同的权重，且有标准误",
            },
        ),
        (None, true) => (
            Confidence::Low,
            Text {
                en: "the training loss is that of the steps before the validation, with weights that still changed",
                zh: "训练损失来自验证之前的训练步，那时权重还在变化",
            },
        ),
    };
    Found::new(found, confidence, because).remedies(ways).into()
}
