//! `recovered-faults`: steps failed, and training continued by its policy.

use longspan_record::{FaultRecord, RecoveryAction};

use crate::evidence::Evidence;
use crate::fault::{location, reason};
use crate::language::{Language, Text};
use crate::non_finite::remedies;
use crate::number::Number;
use crate::page::Page;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;

const ONE: Threshold = Threshold {
    of: Text { en: "failed steps; a single one is a note", zh: "失败的步数；只有一次时为提示" },
    value: 1.0,
    source: Text {
        en: "one batch out of many may be an accident, two are not",
        zh: "众多批次中出现一次可能是偶然，两次就不是了",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "recovered-faults",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[],
    page: Page {
        title: Text {
            en: "Steps failed, and training continued", zh: "有训练步失败，训练继续进行"
        },
        meaning: Text {
            en: "The loss, the gradient or an update of some steps was not finite. These steps were not taken. By the policy of the run \
                 (--on-fault), their batches were left out, or training went back to earlier weights with half the learning rate. The \
                 weights are good, but what made the steps fail is still there.",
            zh: "某些步的损失、梯度或更新不是有限数，这些步没有执行。按照训练的策略（--on-fault），这些批次被跳过，或训练退回到更早的权重并将学习率减半。\
                 权重没有问题，但导致失败的原因仍然存在。",
        },
        measured: Text {
            en: "The loss and the gradient norm at every step. Each failed step is recorded with its position in the data, its first bad \
                 value and what followed.",
            zh: "每一步的损失与梯度范数。每个失败的步都记录其在数据中的位置、首个异常值以及随后的处理。",
        },
        thresholds: &[ONE],
        false_alarm: Text {
            en: "the batches are known to be bad, and the data cannot be corrected",
            zh: "已知这些批次有问题，而数据无法修正",
        },
        remedy: Text {
            en: "The same as for `non-finite`, by the cause of the last fault: correct the data, clip the gradient, or start with a lower \
                 --lr.",
            zh: "与 `non-finite` 相同，取决于最后一次失败的原因：修正数据、裁剪梯度，或从更低的 --lr 开始。",
        },
    },
    judge,
};

/// Faults after which training continued.
#[derive(Clone, Debug, PartialEq)]
pub struct RecoveredFaults {
    /// Batches that were left out.
    pub skipped: usize,
    /// How often training went back.
    pub rewinds: usize,
    /// The step of the first fault.
    pub first_step: u64,
    /// The last fault.
    pub last: Box<FaultRecord>,
}

impl RecoveredFaults {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { skipped, rewinds, first_step, last } = self;
        let (step, value, why) = (last.step, location(last, language), reason(last, language));
        match language {
            Language::English => {
                let batches = if *skipped == 1 { "batch was" } else { "batches were" };
                let times = if *rewinds == 1 { "once" } else { &format!("{rewinds} times") };
                let followed = match (skipped, rewinds) {
                    (_, 0) => format!("{skipped} {batches} left out"),
                    (0, _) => format!("training went back {times} with half the learning rate"),
                    _ => format!(
                        "{skipped} {batches} left out, and training went back {times} with half the learning rate"
                    ),
                };
                format!(
                    "Since step {first_step}, {followed}. First bad value of the last fault, in step {step}: {value}; {why}."
                )
            }
            Language::Chinese => {
                let followed = match (skipped, rewinds) {
                    (_, 0) => format!("跳过了 {skipped} 个批次"),
                    (0, _) => format!("训练退回 {rewinds} 次，每次学习率减半"),
                    _ => format!("跳过了 {skipped} 个批次，训练退回 {rewinds} 次，每次学习率减半"),
                };
                format!(
                    "从第 {first_step} 步起，{followed}。最后一次失败（第 {step} 步）的首个异常值：{value}；{why}。"
                )
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(ONE.of, (self.skipped + self.rewinds) as f64, &ONE),
            Number::plain(Text { en: "batches left out", zh: "跳过的批次" }, self.skipped as f64),
            Number::plain(Text { en: "rewinds", zh: "退回次数" }, self.rewinds as f64),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let records = &evidence.recoveries;
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Judgement::Silent };
    let rewinds = records.iter().filter(|record| record.action == RecoveryAction::Rewind).count();
    let found = RecoveredFaults {
        skipped: records.len() - rewinds,
        rewinds,
        first_step: first.fault.step,
        last: Box::new(last.fault.clone()),
    };
    let because = Text { en: "every fault is recorded", zh: "每次失败都有记录" };
    let found = Found::new(found, Confidence::High, because).remedies(remedies(&evidence.facts, &last.fault));
    if records.len() as f64 > ONE.value { found } else { found.with_severity(Severity::Note) }.into()
}
