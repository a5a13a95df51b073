//! `uninformative-labels`: the labels cannot be told from the inputs.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::DEVELOPMENT;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::of_baseline;

const TRAINED: Threshold = Threshold {
    of: Text { en: "training loss over the baseline", zh: "训练损失与基线之比" },
    value: 0.8,
    source: DEVELOPMENT,
};
const VALID: Threshold = Threshold {
    of: Text { en: "best validation loss over the baseline", zh: "最佳验证损失与基线之比" },
    value: 0.98,
    source: Text {
        en: "two percent are noise of a small validation part",
        zh: "百分之二属于小验证部分的噪声",
    },
};
/// Validations, and targets in each, below which nothing is said.
const LEAST_VALIDATIONS: usize = 3;
const LEAST_SCORED: u64 = 50;

pub(crate) static RULE: Rule = Rule {
    code: "uninformative-labels",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["vanishing-gradient", "horizon-below-need", "overfitting", "no-better-than-baseline"],
    page: Page {
        title: Text { en: "The labels cannot be told from the inputs", zh: "无法由输入判断标签" },
        meaning: Text {
            en: "The training loss falls far below the baseline, but no validation was ever better than it. What the model learns \
                holds for the sequences that it read and for no others: labels that were shuffled, belong to other rows, or do \
                not depend on the inputs.",
            zh: "训练损失降到基线以下很多，但没有一次验证优于基线。模型学到的东西只对它读过的序列成立：\
                 标签被打乱、属于别的行，或与输入无关。",
        },
        measured: Text {
            en: "For labelled sequences, the training score (in runs of earlier versions the mean training loss of the last quarter) and \
                 the best of all validations, both over the baseline.",
            zh: "对带标签的序列：训练得分（早期版本的训练用最后四分之一的平均训练损失）与所有验证中的最佳值，均与基线相比。",
        },
        thresholds: &[TRAINED, VALID],
        false_alarm: Text {
            en: "the training part is very small, so that any model learns it by heart before it learns anything else",
            zh: "训练部分太小，任何模型都会先把它背下来",
        },
        remedy: Text {
            en: "Check that each label stands beside its own sequence (longspan inspect shows both). If they do: more data, or inputs that \
                 say more.",
            zh: "检查每个标签是否对应自己的序列（longspan inspect 会同时显示两者）。若是，则需要更多的数据或信息更多的输入。",
        },
    },
    judge,
};

/// A training loss far below the baseline beside a validation that never was.
#[derive(Clone, Debug, PartialEq)]
pub struct UninformativeLabels {
    /// Training loss over the baseline.
    pub trained_ratio: f64,
    /// Best validation loss over the baseline.
    pub valid_ratio: f64,
    /// Validations.
    pub validations: usize,
}

impl UninformativeLabels {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let [trained, valid] =
            [self.trained_ratio, self.valid_ratio].map(|ratio| of_baseline(ratio, language));
        let count = self.validations;
        match language {
            Language::English => format!(
                "The training loss fell to {trained}, but the best of {count} validations is {valid}."
            ),
            Language::Chinese => format!("训练损失降到{trained}，但 {count} 次验证中最好的也是{valid}。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(TRAINED.of, self.trained_ratio, &TRAINED),
            Number::compared(VALID.of, self.valid_ratio, &VALID),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(last) = evidence.valid.last() else { return Judgement::Silent };
    let enough = evidence.valid.len() >= LEAST_VALIDATIONS && last.scored >= LEAST_SCORED;
    if facts.setting("labelled").is_empty() || last.accuracy.is_none() || !enough {
        return Judgement::Silent;
    }
    let trained = match last.train {
        Some(train) => Some(train.mean),
        // Weights of classes would make the two losses differ by themselves.
        None if facts.setting("class_weights") == "none" => evidence.trend().map(|trend| trend.last),
        None => None,
    };
    let ratios = trained.and_then(|loss| Some((evidence.over_baseline(loss)?, evidence.reached()?)));
    let Some((trained_ratio, valid_ratio)) = ratios else { return Judgement::Silent };
    if !(trained_ratio < TRAINED.value && valid_ratio > VALID.value) {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    ways.advise(Text {
        en: "check that each label stands beside its own sequence: longspan inspect shows both",
        zh: "检查每个标签是否对应自己的序列：longspan inspect 会同时显示两者",
    });
    let found = UninformativeLabels { trained_ratio, valid_ratio, validations: evidence.valid.len() };
    let because = Text { en: "every validation agrees", zh: "每次验证都一致" };
    Found::new(found, Confidence::Medium, because).remedies(ways).into()
}
