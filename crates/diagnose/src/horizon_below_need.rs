//! `horizon-below-need`: the gradient does not reach as far as the task needs.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::vanishing_gradient;
use crate::wording::steps;

const LEARNED: Threshold = Threshold {
    of: Text { en: "best loss over the baseline", zh: "最低损失与基线之比" },
    value: 0.5,
    source: Text {
        en: "a model that has learned half of the task does reach that far",
        zh: "已经学到一半，说明能够到达那里",
    },
};
/// Source of a limit that is the needed lag itself.
const NEEDED: Text = Text { en: "the lag that the task needs", zh: "任务所需的滞后" };
const UPPER: Threshold = Threshold {
    of: Text {
        en: "upper end of the interval of the gradient horizon, in steps",
        zh: "梯度可达步数区间的上端（步）",
    },
    value: f64::NAN,
    source: NEEDED,
};

pub(crate) static RULE: Rule = Rule {
    code: "horizon-below-need",
    severity: Severity::Warning,
    role: Role::Effect,
    explains: &["no-better-than-baseline"],
    page: Page {
        title: Text {
            en: "The gradient horizon is shorter than the required lag",
            zh: "梯度可达步数小于所需的滞后",
        },
        meaning: Text {
            en: "The gradient horizon is the number of steps back at which 1 % of the gradient of one loss remains. If \
                the task needs more steps, it is learned very slowly, or not at all.",
            zh: "梯度可达步数是单个损失的梯度仍剩 1 % 时所能回溯的步数。若任务需要更远，那里的内容学得很慢，或者根本学不到。",
        },
        measured: Text {
            en: "The gradient horizon of a probe, or of the last snapshot, with its 95 % confidence interval by resampling sequences, \
                 compared with the lag that a synthetic task needs.",
            zh: "探测或最后一个快照得到的梯度可达步数及其 95 % 置信区间（对序列重采样），与合成任务所需的滞后相比较。",
        },
        thresholds: &[UPPER, LEARNED],
        false_alarm: Text {
            en: "training has only begun: horizons grow as gates learn to keep. A small gradient in one direction can also be enough",
            zh: "训练刚刚开始：随着门学会保留，梯度可达步数会变大。某一个方向上的小梯度也可能足够",
        },
        remedy: Text {
            en: "Settings that lengthen the horizon: --cell lstm --init chrono:LAG, --cell gru.",
            zh: "能增大梯度可达步数的做法：--cell lstm --init chrono:LAG、--cell gru。",
        },
    },
    judge,
};

/// A gradient horizon below the required lag.
#[derive(Clone, Debug, PartialEq)]
pub struct HorizonBelowNeed {
    /// The gradient horizon.
    pub horizon_steps: usize,
    /// Lower and upper end of its 95 % confidence interval.
    pub interval_steps: (usize, usize),
    /// The lag that the task needs.
    pub needed_lag_steps: usize,
    /// Best loss over the baseline.
    pub learned_ratio: f64,
}

impl HorizonBelowNeed {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (low, high) = self.interval_steps;
        let (horizon, need) = (self.horizon_steps, self.needed_lag_steps);
        match language {
            Language::English => format!(
                "The gradient horizon is {} (95 % CI {low}–{high}), and the task needs {need}.",
                steps(horizon)
            ),
            Language::Chinese => {
                format!("梯度可达步数为 {horizon} 步（95 % 置信区间 {low}–{high}），而任务需要 {need} 步。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let need = Threshold { value: self.needed_lag_steps as f64, ..UPPER };
        vec![
            Number::compared(UPPER.of, self.interval_steps.1 as f64, &need),
            Number::compared(LEARNED.of, self.learned_ratio, &LEARNED),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(need) = facts.needed_lag_steps else { return Judgement::Silent };
    let Some(learned_ratio) = evidence.learned_ratio() else { return Judgement::Silent };
    if learned_ratio < LEARNED.value {
        return Judgement::Silent;
    }
    let Some(horizon) = evidence.horizon() else { return evidence.unmeasured() };
    let Some(high_steps) = horizon.high_steps.filter(|high| *high < need) else { return Judgement::Silent };
    let found = HorizonBelowNeed {
        horizon_steps: horizon.steps,
        interval_steps: (horizon.low_steps, high_steps),
        needed_lag_steps: need,
        learned_ratio,
    };
    let ways = vanishing_gradient::remedies(facts, need);
    let because = Text { en: "both are measured or known exactly", zh: "两者都是实测或精确已知" };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}
