//! `underfitting`: the model is too small for the data, or dropout takes too much of it away.

use longspan_record::Estimate;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::{CLEAR, JUDGEMENT};
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::of_baseline;
use crate::{step_too_large, step_too_small};

const DROPOUT: Threshold = Threshold {
    of: Text { en: "probability of dropping a unit", zh: "丢弃单元的概率" },
    value: 0.7,
    source: Text {
        en: "0.2 to 0.65 is usual in recurrent networks, the most for the largest ones (Zaremba et al. 2014)",
        zh: "循环网络通常取 0.2 到 0.65，最大的网络才取最大值（Zaremba et al. 2014）",
    },
};
const SMALL: Threshold =
    Threshold {
        of: Text { en: "units of a layer", zh: "一层的单元数" }, value: 16.0, source: JUDGEMENT
    };
const LEARNED: Threshold = Threshold {
    of: Text { en: "validation loss over the baseline", zh: "验证损失与基线之比" },
    value: 0.3,
    source: Text { en: "at a lower loss the model suffices", zh: "损失更低说明模型已经够用" },
};
const GAP: Threshold = Threshold {
    of: Text {
        en: "validation minus training score, both without dropout, in standard errors",
        zh: "验证得分减训练得分（均不用 dropout），以标准误计",
    },
    value: CLEAR,
    source: Text {
        en: "a model with a larger gap has room for learning by heart, so it is not too small",
        zh: "差距更大的模型有死记的余地，因此不算太小",
    },
};
const STALL: Threshold = Threshold {
    of: Text {
        en: "fall of the training loss in the last quarter, over the baseline",
        zh: "最后四分之一中训练损失的下降量与基线之比",
    },
    value: 0.01,
    source: JUDGEMENT,
};

pub(crate) static RULE: Rule = Rule {
    code: "underfitting",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["no-better-than-baseline"],
    page: Page {
        title: Text { en: "The model underfits", zh: "模型欠拟合" },
        meaning: Text {
            en: "The loss no longer falls, and it is as high on the training data as on the validation data. A model that cannot \
                even fit what it reads is too small, or too much of it is dropped in each step.",
            zh: "损失不再下降，而且训练数据上的损失与验证数据上一样高。连读到的数据都拟合不了的模型太小，或每一步被丢弃得太多。",
        },
        measured: Text {
            en: "The training score, without dropout, beside the validation with the same weights; whether the training loss stalls; \
                 the number of units, and the dropout.",
            zh: "用相同权重在不用 dropout 时得到的训练得分与验证得分；训练损失是否停滞；单元数与 dropout。",
        },
        thresholds: &[DROPOUT, SMALL, LEARNED, GAP, STALL],
        false_alarm: Text {
            en: "the rest of the loss is noise of the data, which no model can learn; for few units it is only a note",
            zh: "剩下的损失是数据的噪声，任何模型都学不到；仅因单元少时只是提示",
        },
        remedy: Text {
            en: "Less --dropout; or more units (--hidden 128), then more layers.",
            zh: "更小的 --dropout；或更多的单元（--hidden 128），然后更多的层。",
        },
    },
    judge,
};

/// A loss that stalls at the same height in training and validation.
#[derive(Clone, Debug, PartialEq)]
pub struct Underfitting {
    /// Loss of the last validation over the baseline.
    pub ended_ratio: f64,
    /// Validation minus training score, in standard errors.
    pub gap_errors: f64,
    /// Fall of the training loss in the last quarter over the baseline.
    pub fall_ratio: f64,
    /// Units of a layer.
    pub hidden: usize,
    /// Probability of dropping a unit.
    pub dropout: f64,
}

impl Underfitting {
    fn drops(&self) -> bool {
        self.dropout >= DROPOUT.value
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let loss = of_baseline(self.ended_ratio, language);
        let Self { hidden, dropout, .. } = self;
        let because = match (self.drops(), language) {
            (true, Language::English) => format!("each step drops {dropout} of the units"),
            (false, Language::English) => format!("a layer has only {hidden} units"),
            (true, Language::Chinese) => format!("每一步丢弃 {dropout} 的单元"),
            (false, Language::Chinese) => format!("一层只有 {hidden} 个单元"),
        };
        match language {
            Language::English => {
                format!("The loss stalls at {loss}, on training data as on validation data: {because}.")
            }
            Language::Chinese => format!("训练数据与验证数据上的损失都停滞在{loss}：{because}。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(LEARNED.of, self.ended_ratio, &LEARNED),
            Number::compared(GAP.of, self.gap_errors, &GAP),
            Number::compared(STALL.of, self.fall_ratio, &STALL),
            Number::compared(SMALL.of, self.hidden as f64, &SMALL),
            Number::compared(DROPOUT.of, self.dropout, &DROPOUT),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let dropout = facts.setting("dropout").parse::<f64>().unwrap_or(0.0);
    let (small, drops) = (facts.hidden as f64 <= SMALL.value, dropout >= DROPOUT.value);
    // Without a training score beside the validation, as in runs of earlier versions, nothing is known.
    let score = evidence.valid.last().and_then(|score| Some((score, score.train?)));
    let (Some((score, train)), true) = (score, facts.finished && (small || drops)) else {
        return Judgement::Silent;
    };
    let (Some(ended_ratio), Some(trend)) = (evidence.ended(), evidence.trend()) else {
        return Judgement::Silent;
    };
    let gap_errors = gap_errors(score.loss, score.standard_error.unwrap_or(0.0), train);
    let fall_ratio = if trend.falls() { trend.fall() / facts.baseline_loss } else { 0.0 };
    let stalls = fall_ratio <= STALL.value;
    if ended_ratio <= LEARNED.value || gap_errors > GAP.value || gap_errors.is_nan() || !stalls {
        return Judgement::Silent;
    }
    if step_too_large::find(evidence).is_some() || step_too_small::find(evidence).is_some() {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let more = Text { en: "more units to fit the data with", zh: "用更多的单元拟合数据" };
    if drops {
        let less = Text { en: "units that are there in most steps", zh: "让单元在大多数步中存在" };
        ways.set("dropout", "0.2", less);
    }
    ways.set("hidden", facts.hidden.saturating_mul(4).clamp(64, 512).to_string(), more);
    let found = Underfitting { ended_ratio, gap_errors, fall_ratio, hidden: facts.hidden, dropout };
    let because = Text {
        en: "the same loss on both parts is measured; that more units lower it is likely",
        zh: "两部分的损失相同是实测结果；更多的单元能降低它只是很可能",
    };
    // Few units may be all that noisy data have a use for.
    let severity = if drops { Severity::Warning } else { Severity::Note };
    Found::new(found, Confidence::Medium, because).with_severity(severity).remedies(ways).into()
}

/// Validation minus training score in standard errors of the difference.
pub(crate) fn gap_errors(valid: f64, error: f64, train: Estimate) -> f64 {
    (valid - train.mean) / error.hypot(train.standard_error)
}
