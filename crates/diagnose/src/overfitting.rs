//! `overfitting`: validation becomes worse while training goes on improving.

use longspan_record::ScoreRecord;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::{CLEAR, DEVELOPMENT, mean};
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::median;
use crate::threshold::Threshold;
use crate::wording::{percent, setting, three_digits};

const ERRORS: Threshold = Threshold {
    of: Text {
        en: "rise of the validation loss from its best, in standard errors of the paired difference",
        zh: "验证损失从最低值上升的幅度，以配对差的标准误计",
    },
    value: CLEAR,
    source: Text {
        en: "more than noise of the validation part; the same sequences, windows or blocks are compared",
        zh: "超过验证部分的噪声；比较的是相同的序列、窗口或文本块",
    },
};
const RISE: Threshold = Threshold {
    of: Text {
        en: "rise of the validation loss from its best, over the baseline",
        zh: "验证损失从最低值上升的幅度与基线之比",
    },
    value: 0.02,
    source: Text {
        en: "a smaller rise is harmless, because the best weights are kept",
        zh: "更小的上升没有害处，因为最佳权重已保存",
    },
};
/// The same where the standard error was not recorded.
const RISE_ALONE: Threshold = Threshold {
    of: Text {
        en: "the same rise without a standard error, at each of the last three validations",
        zh: "没有标准误时的同一上升幅度，最近三次验证都要超过",
    },
    value: 0.1,
    source: DEVELOPMENT,
};
/// Validations that must all be worse than the best, and targets that each must have: one wrong sequence of 27 makes
/// the loss jump.
const LAST: usize = 3;
const LEAST_SCORED: u64 = 200;
/// Units below which a standard error is itself uncertain. Then the rise has to be twice as clear: beyond 6 standard
/// errors is less likely than 0.2 % by Student's distribution for 5 units, which is as rare as 3 for many.
const FEW_UNITS: u64 = 20;
const LEAST_UNITS: u64 = 5;
/// Validations that go up and down from one to the next say little by a rise of the same size.
const STEADY: Threshold = Threshold {
    of: Text {
        en: "the rise over the median change between neighbouring validations after the best",
        zh: "该上升幅度与最佳之后相邻两次验证之间变化的中位数之比",
    },
    value: 4.0,
    source: DEVELOPMENT,
};
/// Fall of the training loss over the baseline that counts.
const TRAINING: Threshold = Threshold {
    of: Text {
        en: "fall of the training loss since the best validation, over the baseline",
        zh: "自最佳验证以来训练损失的下降量与基线之比",
    },
    value: 0.01,
    source: DEVELOPMENT,
};

pub(crate) static RULE: Rule = Rule {
    code: "overfitting",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[],
    page: Page {
        title: Text { en: "The model overfits", zh: "模型过拟合" },
        meaning: Text {
            en: "The training loss still falls, but the validation loss rises: the model learns the training data by heart. \
                The best weights are kept, so the steps after them are lost time, and a model that is kept from \
                overfitting may become better than they are.",
            zh: "训练损失仍在下降，而验证损失在上升：模型在死记训练数据。最佳权重已经保存，因此其后的训练步只是浪费时间；\
                 而不过拟合的模型可能比它们更好。",
        },
        measured: Text {
            en: "The last validation loss minus the best one before, over the same units, with its standard error; and \
                whether the training score, or the training loss, fell between the two. Without standard errors (runs \
                of earlier versions), the last three validations must all be far above the best.",
            zh: "最后一次验证损失减去此前最佳的一次（在相同的单位上），及其标准误；以及训练得分（或训练损失）在两者之间是否下降。\
                 没有标准误时（早期版本的训练），最近三次验证都必须远高于最佳。",
        },
        thresholds: &[ERRORS, RISE, RISE_ALONE, STEADY, TRAINING],
        false_alarm: Text {
            en: "validation follows another distribution than training, and not memory but that difference makes it worse",
            zh: "验证数据与训练数据的分布不同，变差的原因是这种差异而不是死记",
        },
        remedy: Text {
            en: "More data is best. Else --dropout 0.2 to 0.5, fewer units (--hidden), --weight-decay with --optimizer adamw, a lower \
                 --lr, or --early-stop 3, which only saves time.",
            zh: "最好是更多的数据。否则 --dropout 取 0.2 到 0.5、减少单元（--hidden）、--optimizer adamw 配合 --weight-decay、\
                 更低的 --lr，或 --early-stop 3（只节省时间）。",
        },
    },
    judge,
};

/// A validation loss that rises while the training loss falls.
#[derive(Clone, Debug, PartialEq)]
pub struct Overfitting {
    /// Training step of the best validation.
    pub best_step: u64,
    /// Loss of the best validation.
    pub best_loss: f64,
    /// Loss of the last validation.
    pub last_loss: f64,
    /// Rise over the baseline.
    pub rise_ratio: f64,
    /// Rise in standard errors of the paired difference; NaN if they were not recorded.
    pub rise_errors: f64,
    /// Rise over the median change between neighbouring validations after the best; infinite if there is only one.
    pub rise_changes: f64,
    /// Fall of the training score, or of the mean training loss, since the best validation, over the baseline.
    pub training_fall_ratio: f64,
}

impl Overfitting {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { best_step, best_loss, last_loss, .. } = self;
        let (best, last) = (three_digits(*best_loss), three_digits(*last_loss));
        let rise = percent((last_loss - best_loss) / best_loss);
        match language {
            Language::English => format!(
                "Since step {best_step} the validation loss has risen from {best} to {last} (by {rise}), while the \
                 training loss still fell."
            ),
            Language::Chinese => format!(
                "从第 {best_step} 步起，验证损失从 {best} 上升到 {last}（{rise}），而训练损失仍在下降。"
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let alone = self.rise_errors.is_nan();
        vec![
            Number::compared(RISE.of, self.rise_ratio, if alone { &RISE_ALONE } else { &RISE }),
            Number::compared(ERRORS.of, self.rise_errors, &ERRORS),
            Number::compared(STEADY.of, self.rise_changes, &STEADY),
            Number::compared(TRAINING.of, self.training_fall_ratio, &TRAINING),
        ]
    }
}

/// What is found; None if validation does not become worse.
pub(crate) fn find(evidence: &Evidence) -> Option<Overfitting> {
    let (last, before) = evidence.valid.split_last()?;
    let best =
        before.iter().filter(|score| score.loss.is_finite()).min_by(|a, b| a.loss.total_cmp(&b.loss))?;
    let rise_ratio = evidence.over_baseline(last.loss - best.loss)?;
    // A best validation at the baseline is no memory of the data, but a run that learned nothing.
    if evidence.over_baseline(best.loss)? >= 1.0 {
        return None;
    }
    let rise_errors = match last.above_best {
        Some(above) => above.mean / above.standard_error,
        None => f64::NAN,
    };
    let rises = match rise_errors.is_nan() {
        false => {
            let enough = last.units.is_none_or(|units| units >= LEAST_UNITS);
            let few = last.units.is_some_and(|units| units < FEW_UNITS);
            let clear = if few { 2.0 * ERRORS.value } else { ERRORS.value };
            enough && rise_errors > clear && rise_ratio > RISE.value
        }
        true => {
            let after = before.iter().filter(|score| score.step > best.step).chain([last]);
            let high = |score: &ScoreRecord| {
                evidence.over_baseline(score.loss - best.loss).is_some_and(|rise| rise > RISE_ALONE.value)
            };
            let after: Vec<&ScoreRecord> = after.collect();
            last.scored >= LEAST_SCORED
                && after.len() >= LAST
                && after[after.len() - LAST..].iter().all(|score| high(score))
        }
    };
    let after: Vec<f64> =
        evidence.valid.iter().filter(|score| score.step > best.step).map(|score| score.loss).collect();
    let change = median(after.windows(2).map(|pair| (pair[1] - pair[0]).abs()));
    let rise_changes = change.map_or(f64::INFINITY, |change| (last.loss - best.loss) / change);
    let training_fall_ratio = evidence.over_baseline(training_fall(evidence, best, last)?)?;
    (rises && rise_changes > STEADY.value && training_fall_ratio > TRAINING.value).then_some(Overfitting {
        best_step: best.step,
        best_loss: best.loss,
        last_loss: last.loss,
        rise_ratio,
        rise_errors,
        rise_changes,
        training_fall_ratio,
    })
}

/// Fall of the training score between two validations; where it was not recorded, of the mean training loss from the
/// steps before the first to the steps before the second.
fn training_fall(evidence: &Evidence, best: &ScoreRecord, last: &ScoreRecord) -> Option<f64> {
    if let (Some(then), Some(now)) = (best.train, last.train) {
        return Some(then.mean - now.mean);
    }
    let length = (evidence.steps.len() / 16).max(8);
    let until = |step: u64| {
        let end = evidence.steps.partition_point(|record| record.step <= step);
        mean(&evidence.steps[end.saturating_sub(length)..end])
    };
    Some(until(best.step)? - until(last.step)?)
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(found) = find(evidence) else { return Judgement::Silent };
    let mut ways = Remedies::new(facts);
    let dropout = facts.setting("dropout").parse::<f64>().unwrap_or(0.0);
    let why = Text {
        en: "units that cannot rely on each other (Srivastava et al. 2014; Zaremba et al. 2014)",
        zh: "让单元不能彼此依赖（Srivastava et al. 2014；Zaremba et al. 2014）",
    };
    ways.set("dropout", if dropout < 0.25 { "0.3" } else { "0.5" }, why);
    if facts.hidden > 16 {
        let smaller = Text { en: "less room for learning by heart", zh: "减少死记的余地" };
        ways.set("hidden", (facts.hidden / 2).to_string(), smaller);
    }
    if facts.rescales() && facts.lr > 5e-3 {
        let slower = Text { en: "steps that fit less noise", zh: "让更新少拟合噪声" };
        ways.set("lr", setting(facts.smaller_rate()), slower);
    }
    let decay = Text {
        en: "smaller weights (Loshchilov, Hutter 2019)",
        zh: "更小的权重（Loshchilov, Hutter 2019）",
    };
    ways.set_all([("optimizer", "adamw".into()), ("weight_decay", "0.01".into())], decay);
    let stop = Text {
        en: "saves the time after the best weights, which are kept anyway",
        zh: "节省最佳权重之后的时间（最佳权重总会保存）",
    };
    ways.set("early_stop", "3", stop);
    let (confidence, because) = match found.rise_errors.is_nan() {
        false => (
            Confidence::High,
            Text {
                en: "both losses are of the same units, and the difference has a standard error",
                zh: "两次损失针对相同的单位，且差值有标准误",
            },
        ),
        true => (
            Confidence::Low,
            Text {
                en: "the run has no standard errors of its validations, so only a large rise counts",
                zh: "该训练没有验证的标准误，因此只有很大的上升才算数",
            },
        ),
    };
    Found::new(found, confidence, because).remedies(ways).into()
}
