//! `still-improving`: the loss still falls at the end, so the run is too short.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::{CLEAR, DEVELOPMENT, JUDGEMENT, SIGNIFICANT};
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::{percent, three_digits};
use crate::{overfitting, step_too_large, step_too_small};

const ERRORS: Threshold = Threshold {
    of: Text {
        en: "fall of the mean training loss from the third quarter to the last, in standard errors",
        zh: "平均训练损失从第三个四分之一到最后一个四分之一的下降量，以标准误计",
    },
    value: CLEAR,
    source: SIGNIFICANT,
};
const FALL: Threshold = Threshold {
    of: Text { en: "the same fall, over the baseline", zh: "同一下降量与基线之比" },
    value: 0.02,
    source: DEVELOPMENT,
};
/// Below it there is little left to improve.
const LEFT: Threshold = Threshold {
    of: Text { en: "last validation loss over the baseline", zh: "最后一次验证损失与基线之比" },
    value: 0.1,
    source: JUDGEMENT,
};

pub(crate) static RULE: Rule = Rule {
    code: "still-improving",
    severity: Severity::Note,
    role: Role::Note,
    explains: &[],
    page: Page {
        title: Text { en: "The loss still falls at the end", zh: "训练结束时损失仍在下降" },
        meaning: Text {
            en: "The run ended while it was still improving. Nothing is wrong with it: more steps give a lower loss. Compare \
                it with other settings only at the same number of steps.",
            zh: "训练在仍有改善时结束。它没有问题：更多的训练步会得到更低的损失。与其他设置比较时，步数应相同。",
        },
        measured: Text {
            en: "The mean training loss of the last quarter of the steps and of the quarter before it, with the standard error of \
                their difference from the means of eight blocks each; and whether the last validation is the best.",
            zh: "最后四分之一与其前四分之一训练步的平均损失，以及两者之差的标准误（各取八段的均值）；以及最后一次验证是否最佳。",
        },
        thresholds: &[ERRORS, FALL, LEFT],
        false_alarm: Text {
            en: "the number of steps is given, as in a comparison",
            zh: "步数是给定的，例如用于比较",
        },
        remedy: Text {
            en: "More --epochs or --steps: --resume continues the run. With --schedule cosine, start again with more steps.",
            zh: "更多的 --epochs 或 --steps：--resume 可继续训练。若使用 --schedule cosine，则以更多步数重新开始。",
        },
    },
    judge,
};

/// A loss that still falls.
#[derive(Clone, Debug, PartialEq)]
pub struct StillImproving {
    /// Mean training loss of the quarter before the last.
    pub before: f64,
    /// Mean training loss of the last quarter.
    pub last: f64,
    /// Fall in standard errors.
    pub fall_errors: f64,
    /// Fall over the baseline.
    pub fall_ratio: f64,
    /// Last validation loss over the baseline.
    pub left_ratio: f64,
}

impl StillImproving {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (before, last) = (three_digits(self.before), three_digits(self.last));
        let share = percent((self.before - self.last) / self.before);
        match language {
            Language::English => format!(
                "In the last quarter of the steps the mean training loss fell from {before} to {last} (by {share}), and \
                 the last validation is the best."
            ),
            Language::Chinese => {
                format!(
                    "最后四分之一的训练步中，平均训练损失从 {before} 降到 {last}（{share}），且最后一次验证是最佳的。"
                )
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(ERRORS.of, self.fall_errors, &ERRORS),
            Number::compared(FALL.of, self.fall_ratio, &FALL),
            Number::compared(LEFT.of, self.left_ratio, &LEFT),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(trend) = evidence.trend().filter(|_| facts.finished) else { return Judgement::Silent };
    let Some(fall_ratio) = evidence.over_baseline(trend.fall()) else { return Judgement::Silent };
    let best = |loss: f64| evidence.valid.iter().all(|score| score.loss >= loss);
    let Some(last) = evidence.valid.last() else { return Judgement::Silent };
    let Some(left_ratio) = evidence.over_baseline(last.loss) else { return Judgement::Silent };
    if !trend.falls() || fall_ratio <= FALL.value || left_ratio <= LEFT.value || !best(last.loss) {
        return Judgement::Silent;
    }
    // Their advice goes before more of the same.
    let worse = overfitting::find(evidence).is_some()
        || step_too_large::find(evidence).is_some()
        || step_too_small::find(evidence).is_some();
    if worse {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let more = Text { en: "twice as many steps", zh: "两倍的训练步" };
    match facts.setting("steps").parse::<u64>() {
        Ok(1..) => ways.set("steps", facts.planned_steps.saturating_mul(2).to_string(), more),
        _ => {
            let epochs = facts.setting("epochs").parse::<u64>().unwrap_or(1);
            ways.set("epochs", epochs.saturating_mul(2).to_string(), more);
        }
    }
    let found = StillImproving {
        before: trend.before,
        last: trend.last,
        fall_errors: trend.fall() / trend.error,
        fall_ratio,
        left_ratio,
    };
    let because = Text {
        en: "the difference has a standard error, and validation agrees",
        zh: "差值有标准误，且验证结果一致",
    };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}
