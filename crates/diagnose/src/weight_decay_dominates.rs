//! `weight-decay-dominates`: weight decay pulls harder on the weights than the gradient does.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::DEVELOPMENT;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::{LEAST_STEPS, median};
use crate::threshold::Threshold;
use crate::wording::{of_baseline, percent, setting, short};

const PULL: Threshold = Threshold {
    of: Text {
        en: "share of an update that weight decay accounts for (sgd, adamw)",
        zh: "更新量中来自权重衰减的比例（sgd、adamw）",
    },
    value: 0.5,
    source: Text { en: "more than the gradient", zh: "超过梯度的部分" },
};
const COUPLED: Threshold = Threshold {
    of: Text {
        en: "weight decay of adam, rmsprop and adagrad, which rescale it with the gradient",
        zh: "adam、rmsprop、adagrad 的权重衰减（它们会把它与梯度一起缩放）",
    },
    value: 1e-2,
    source: Text {
        en: "rescaling makes it as strong as the gradient (Loshchilov, Hutter 2019); usual values are 1e-6 to 1e-4",
        zh: "缩放使它与梯度同样强（Loshchilov, Hutter 2019）；通常取 1e-6 到 1e-4",
    },
};
const BAD: Threshold = Threshold {
    of: Text { en: "loss over the baseline", zh: "损失与基线之比" },
    value: 0.6,
    source: Text {
        en: "decay that leaves room for learning does no harm", zh: "不妨碍学习的衰减没有害处"
    },
};
const STALL: Threshold = Threshold {
    of: Text {
        en: "fall of the training loss in the last quarter, over the baseline",
        zh: "最后四分之一中训练损失的下降量与基线之比",
    },
    value: 0.1,
    source: DEVELOPMENT,
};

pub(crate) static RULE: Rule = Rule {
    code: "weight-decay-dominates",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "dead-units",
        "vanishing-across-layers",
        "vanishing-gradient",
        "horizon-below-need",
        "underfitting",
        "majority-class",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "Weight decay dominates the updates", zh: "权重衰减主导了更新" },
        meaning: Text {
            en: "Weight decay shrinks the weights faster than the gradient makes them grow, so the loss stalls while the weights go \
                to zero.",
            zh: "权重衰减使权重缩小的速度超过梯度使其增长的速度，因此权重趋于零，损失停滞。",
        },
        measured: Text {
            en: "For sgd and adamw, learning rate times weight decay (divided by 1 − momentum) over the median ‖Δw‖ / ‖w‖; for the \
                 others the weight decay itself. Both together with a loss that stalls.",
            zh: "对 sgd 与 adamw：学习率乘权重衰减（除以 1 − 动量）与 ‖Δw‖ / ‖w‖ 中位数之比；对其他优化器：权重衰减本身。两者都与停滞的损失一起判断。",
        },
        thresholds: &[PULL, COUPLED, BAD, STALL],
        false_alarm: Text {
            en: "weights are meant to go to zero, as in pruning",
            zh: "本来就要让权重趋于零，例如剪枝",
        },
        remedy: Text {
            en: "A hundredth of --weight-decay, or none; --optimizer adamw, whose decay does not depend on the gradient.",
            zh: "把 --weight-decay 降到百分之一或设为 0；--optimizer adamw 的衰减不依赖梯度。",
        },
    },
    judge,
};

/// Weight decay that is stronger than the gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightDecayDominates {
    /// The weight decay.
    pub weight_decay: f64,
    /// Share of an update that it accounts for; NaN for an optimizer that rescales it.
    pub share: f64,
    /// Loss at the end over the baseline.
    pub ended_ratio: f64,
    /// Fall of the training loss in the last quarter over the baseline; 0 if it is noise.
    pub fall_ratio: f64,
}

impl WeightDecayDominates {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (decay, loss) = (short(self.weight_decay), of_baseline(self.ended_ratio, language));
        // Shares above 1: the gradient pushes against the decay.
        let share = percent(self.share.min(1.0));
        match (language, self.share.is_nan()) {
            (Language::English, false) => format!(
                "A weight decay of {decay} accounts for {share} of a median update, and the loss stalls at {loss}."
            ),
            (Language::English, true) => format!(
                "A weight decay of {decay} is rescaled with the gradient, and the loss stalls at {loss}."
            ),
            (Language::Chinese, false) => {
                format!("权重衰减 {decay} 占更新量中位数的 {share}，而损失停滞在{loss}。")
            }
            (Language::Chinese, true) => {
                format!("权重衰减 {decay} 会与梯度一起被缩放，而损失停滞在{loss}。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(PULL.of, self.share, &PULL),
            Number::compared(
                COUPLED.of,
                if self.share.is_nan() { self.weight_decay } else { f64::NAN },
                &COUPLED,
            ),
            Number::compared(BAD.of, self.ended_ratio, &BAD),
            Number::compared(STALL.of, self.fall_ratio, &STALL),
        ]
    }
}

/// What is found; None if the decay is weak or the loss falls.
pub(crate) fn find(evidence: &Evidence) -> Option<WeightDecayDominates> {
    let facts = &evidence.facts;
    let number = |key: &str| facts.setting(key).parse::<f64>().unwrap_or(0.0);
    let weight_decay = number("weight_decay");
    if weight_decay <= 0.0 || evidence.steps.len() < LEAST_STEPS {
        return None;
    }
    let update = median(evidence.settled().map(|snapshot| snapshot.log10_update_ratio))?;
    let momentum = if facts.setting("optimizer") == "sgd" { number("momentum") } else { 0.0 };
    let rate = median(evidence.late().iter().map(|step| step.lr)).unwrap_or(facts.lr);
    let share = match facts.setting("optimizer") {
        "sgd" | "adamw" => rate * weight_decay / (1.0 - momentum) / 10f64.powf(update),
        _ => f64::NAN,
    };
    let strong = if share.is_nan() { weight_decay >= COUPLED.value } else { share > PULL.value };
    let (ended_ratio, trend) = (evidence.ended()?, evidence.trend()?);
    let fall_ratio = if trend.falls() { trend.fall() / facts.baseline_loss } else { 0.0 };
    (strong && ended_ratio > BAD.value && fall_ratio <= STALL.value).then_some(WeightDecayDominates {
        weight_decay,
        share,
        ended_ratio,
        fall_ratio,
    })
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(found) = find(evidence) else { return Judgement::Silent };
    let mut ways = Remedies::new(facts);
    let less = Text { en: "a hundredth of the decay", zh: "百分之一的衰减" };
    ways.set("weight_decay", setting(found.weight_decay / 100.0), less);
    ways.set("weight_decay", "0", Text { en: "no decay", zh: "不衰减" });
    let because = Text {
        en: "a strong decay and a loss that stalls occur together",
        zh: "强衰减与损失停滞同时出现",
    };
    Found::new(found, Confidence::Medium, because).remedies(ways).into()
}
