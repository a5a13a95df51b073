//! `vanishing-gradient`: almost none of the gradient reaches the required lag.

use std::f64::consts::LN_10;

use crate::evidence::{Evidence, Facts};
use crate::language::{Language, Text};
use crate::number::Number;
use crate::one_loss::Measured;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::{of_baseline, power, steps};

const LEFT: Threshold = Threshold {
    of: Text {
        en: "share of the gradient that reaches the required lag", zh: "到达所需滞后处的梯度比例"
    },
    value: 1e-3,
    source: Text {
        en: "AutoTrainer (Zhang et al. 2021): first over last below 1e-3",
        zh: "AutoTrainer（Zhang et al. 2021）：首尾之比低于 1e-3",
    },
};
/// Lags below this are within reach of any cell.
const SHORT: usize = 5;
const LEARNED: Threshold = Threshold {
    of: Text { en: "best loss over the baseline", zh: "最低损失与基线之比" },
    value: 0.9,
    source: Text {
        en: "a model that has learned the dependency had enough gradient",
        zh: "已经学到这一依赖，说明梯度足够",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "vanishing-gradient",
    severity: Severity::Severe,
    role: Role::Cause,
    explains: &["horizon-below-need", "no-better-than-baseline"],
    page: Page {
        title: Text {
            en: "The gradient vanishes before it reaches the required lag",
            zh: "梯度在到达所需的滞后之前消失",
        },
        meaning: Text {
            en: "Backwards through time, the gradient shrinks by some factor at every step. A dependency is not learned if \
                almost none of the gradient reaches its first step, however long the training takes. Clipping does \
                not help: it only makes gradients smaller.",
            zh: "梯度在回传时每一步都缩小一定倍数。离得太远、梯度几乎到不了的内容，无论训练多久都学不到。\
                 裁剪无济于事，它只会让梯度更小。",
        },
        measured: Text {
            en: "The share of the gradient of one loss that reaches the required lag, from the snapshots of training or from a probe. \
                 Beyond the measured lags it follows from the decay per step, up to twice the largest of them. A small share alone is no finding, because most healthy networks have one: the lag must be required, by the task or by \
                 --init chrono:LAG, and the loss must be at the baseline.",
            zh: "单个损失的梯度有多少到达所需的滞后处，取自训练中的快照或探测；超出测量范围时由每步的衰减推算，最远到所测最大滞后的两倍。\
                 比例小本身不算问题，多数健康的网络也是如此：还要求这一滞后确实需要（由任务或 --init chrono:LAG 给出），并且损失停留在基线。",
        },
        thresholds: &[LEFT, LEARNED],
        false_alarm: Text {
            en: "the task depends on a shorter lag than the data declare",
            zh: "任务实际依赖的滞后比数据声明的短",
        },
        remedy: Text {
            en: "Gates that start by keeping as long as needed: --cell lstm --init chrono:LAG. It solved more tasks than --cell gru or \
                 --forget-bias 3. Shorter sequences first.",
            zh: "使用一开始就按所需时长保留的门：--cell lstm --init chrono:LAG。它解决的任务多于 --cell gru 或 --forget-bias 3。\
                 先用较短的序列。",
        },
    },
    judge,
};

/// A gradient that does not reach the required lag.
#[derive(Clone, Debug, PartialEq)]
pub struct VanishingGradient {
    /// log10 of the remaining share of the gradient.
    pub log10_left: f64,
    /// The lag of that share.
    pub lag_steps: usize,
    /// Best loss over the baseline.
    pub learned_ratio: f64,
    /// Factor by which the gradient changes per step, where it was measured.
    pub factor_per_step: Option<f64>,
}

impl VanishingGradient {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let none = self.log10_left == f64::NEG_INFINITY;
        let (left, loss) = (power(self.log10_left), of_baseline(self.learned_ratio, language));
        match language {
            Language::English => {
                let left = if none { "None".into() } else { format!("Only {left}") };
                format!(
                    "{left} of the gradient reaches {} back, where it is needed; the best loss is {loss}.",
                    steps(self.lag_steps)
                )
            }
            Language::Chinese => {
                let left =
                    if none { "没有任何梯度".into() } else { format!("只有 {left} 的梯度") };
                format!("{left}到达 {} 步之前，而那里的信息是需要的；最低损失是{loss}。", self.lag_steps)
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let left = Text { en: "share of the gradient that is left", zh: "剩余的梯度比例" };
        let learned = LEARNED.of;
        let lag = Text { en: "required lag in steps", zh: "所需的滞后（步）" };
        let factor = Text { en: "factor per step", zh: "每步的倍数" };
        let mut numbers = vec![
            Number::compared(left, 10f64.powf(self.log10_left), &LEFT),
            Number::compared(learned, self.learned_ratio, &LEARNED),
            Number::plain(lag, self.lag_steps as f64),
        ];
        numbers.extend(self.factor_per_step.map(|x| Number::plain(factor, x)));
        numbers
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(need) = need(facts) else { return Judgement::Silent };
    if need < SHORT {
        return Judgement::Silent;
    }
    if evidence.is_young() {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some(learned_ratio) = evidence.learned_ratio() else { return Judgement::Silent };
    if learned_ratio < LEARNED.value {
        return Judgement::Silent;
    }
    let Some((ln_left, measured)) = evidence.ln_left(need) else {
        return evidence.unmeasured();
    };
    if ln_left.is_nan() || ln_left >= LEFT.value.ln() {
        return Judgement::Silent;
    }
    let (confidence, because) = match measured {
        Measured::Extrapolated => (
            Confidence::Medium,
            Text {
                en: "the required lag is beyond the measured ones: the share there follows from the decay per step",
                zh: "所需的滞后超出测量范围，那里的比例由每步的衰减推算",
            },
        ),
        Measured::Training | Measured::Probe => (
            Confidence::High,
            Text {
                en: "the required lag is known, and the gradient was measured there",
                zh: "所需的滞后已知，并且测量了那里的梯度",
            },
        ),
    };
    let found = VanishingGradient {
        log10_left: ln_left / LN_10,
        lag_steps: need,
        learned_ratio,
        factor_per_step: (ln_left.is_finite()).then(|| (ln_left / need as f64).exp()),
    };
    Found::new(found, confidence, because).remedies(remedies(facts, need)).into()
}

/// The lag that is required: by the task, or by forgetting times that were asked for.
pub(crate) fn need(facts: &Facts) -> Option<usize> {
    let asked = || facts.setting("init").strip_prefix("chrono:")?.parse::<usize>().ok()?.checked_sub(1);
    facts.needed_lag_steps.or_else(asked)
}

pub(crate) fn remedies(facts: &Facts, need: usize) -> Remedies<'_> {
    let mut ways = Remedies::new(facts);
    let chrono = || format!("chrono:{}", need + 1);
    let times = Text {
        en: "forgetting times up to the required lag (Tallec, Ollivier 2018)",
        zh: "让遗忘时间覆盖所需的滞后（Tallec, Ollivier 2018）",
    };
    let gates = Text { en: "gates that keep what the cell holds", zh: "用门保留已有的内容" };
    // In the order of their success on tasks with a known lag (docs/findings.md).
    match facts.cell.as_str() {
        "lstm" | "gru" => ways.set("init", chrono(), times),
        _ => {
            ways.set_all([("cell", "lstm".into()), ("init", chrono())], times);
            ways.set("cell", "gru", gates);
        }
    }
    if facts.cell == "lstm" {
        ways.set("cell", "gru", gates);
    }
    ways
}
