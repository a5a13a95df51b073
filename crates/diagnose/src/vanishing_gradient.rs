//! `vanishing-gradient`: almost none of the gradient reaches the required lag.

use std::f64::consts::LN_10;

use crate::evidence::{Evidence, Facts};
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::LEAST_STEPS;
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
            en: "The share of the gradient of one loss that reaches the required lag: from the lag profile of a probe or, \
                 without one, the ratio of ‖∂L/∂h_t‖ at the first step of a window to that at its last step.",
            zh: "单个损失的梯度有多少到达数据所需的滞后处：取自探测得到的滞后曲线，\
                 否则取窗口第一步与最后一步的 ‖∂L/∂h_t‖ 之比。",
        },
        thresholds: &[LEFT, LEARNED],
        false_alarm: Text {
            en: "the task depends on a shorter lag than the data declare",
            zh: "任务实际依赖的滞后比数据声明的短",
        },
        remedy: Text {
            en: "Gates (--cell gru or lstm) with a bias towards keeping (--forget-bias 3, --init chrono:LAG), or residual connections \
                 through time; recurrent weights close to an orthogonal matrix. Shorter sequences first.",
            zh: "使用偏向保留的门控（--cell gru 或 lstm，配合 --forget-bias 3、--init chrono:LAG），或沿时间的残差连接；\
                 接近正交矩阵的循环权重。先用较短的序列。",
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
    /// Whether the task needs that lag; if not, it is the length of the window.
    pub needed: bool,
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
                let lag = steps(self.lag_steps);
                match self.needed {
                    true => format!(
                        "{left} of the gradient reaches {lag} back, where the task needs it; the best loss is {loss}."
                    ),
                    false => format!(
                        "{left} of the gradient reaches the first step of a window, {lag} back, and the model learned nothing: \
                         the best loss is {loss}."
                    ),
                }
            }
            Language::Chinese => {
                let left =
                    if none { "没有任何梯度".into() } else { format!("只有 {left} 的梯度") };
                let lag = self.lag_steps;
                match self.needed {
                    true => format!("{left}到达 {lag} 步之前，而任务需要那里的信息；最低损失是{loss}。"),
                    false => format!(
                        "{left}到达窗口的第一步（{lag} 步之前），而且模型什么也没有学到：最低损失是{loss}。"
                    ),
                }
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
    if evidence.steps.len() < LEAST_STEPS {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some(learned_ratio) = evidence.learned_ratio() else { return Judgement::Silent };
    if learned_ratio < LEARNED.value {
        return Judgement::Silent;
    }
    let window = facts.window_steps.saturating_sub(1).max(1);
    let need = facts.needed_lag_steps.unwrap_or(window);
    if need < 5 {
        return Judgement::Silent;
    }
    let Some((log10_left, measured)) = log10_left(evidence, need, window) else {
        return Judgement::Unknown(Needs::Norms);
    };
    if 10f64.powf(log10_left) >= LEFT.value {
        return Judgement::Silent;
    }
    let (confidence, because) = confidence(facts, measured);
    let found = VanishingGradient {
        log10_left,
        lag_steps: need,
        needed: facts.needed_lag_steps.is_some(),
        learned_ratio,
        factor_per_step: evidence
            .lag()
            .and_then(|lag| lag.total.decay.known())
            .map(|decay| decay.factor_per_step),
    };
    let found = Found::new(found, confidence, because).remedies(remedies(facts, need));
    match confidence {
        Confidence::Low => found.with_severity(Severity::Warning).into(),
        _ => found.into(),
    }
}

/// Returns the confidence: whether the lag is known and the gradient was measured there.
fn confidence(facts: &Facts, measured: bool) -> (Confidence, Text) {
    match (facts.needed_lag_steps, measured) {
        (Some(_), true) => (
            Confidence::High,
            Text {
                en: "the required lag is known, and the gradient was measured there",
                zh: "所需的滞后已知，并且测量了那里的梯度",
            },
        ),
        (Some(_), false) => (
            Confidence::Medium,
            Text {
                en: "the gradient of all losses together stands in for that of one loss",
                zh: "以全部损失的梯度代替单个损失的梯度",
            },
        ),
        (None, _) => (Confidence::Low, Text { en: "the required lag is not known", zh: "所需的滞后未知" }),
    }
}

fn remedies(facts: &Facts, need: usize) -> Remedies<'_> {
    let mut ways = Remedies::new(facts);
    let chrono = format!("chrono:{}", need + 1);
    match facts.cell.as_str() {
        "lstm" => {
            let bias = Text {
                en: "a forget gate that starts by keeping: 0.95 per step instead of 0.73",
                zh: "让遗忘门一开始就偏向保留：每步 0.95 而不是 0.73",
            };
            ways.set("forget_bias", "3", bias);
            let times = Text {
                en: "forgetting times up to the required lag (Tallec, Ollivier 2018)",
                zh: "让遗忘时间覆盖所需的滞后（Tallec, Ollivier 2018）",
            };
            ways.set("init", chrono, times);
        }
        "gru" => {
            let why = Text {
                en: "update gates that keep as long as needed (Tallec, Ollivier 2018)",
                zh: "让更新门按所需的时长保留（Tallec, Ollivier 2018）",
            };
            ways.set("init", chrono, why);
        }
        _ => {
            let gate =
                Text { en: "a gate that keeps what the cell holds", zh: "用门保留已有的内容" };
            ways.set_all([("cell", "lstm".into()), ("forget_bias", "3".into())], gate);
            let path = Text { en: "a direct path through time", zh: "沿时间的直接通路" };
            ways.set("cell", "residual", path);
        }
    }
    ways
}

/// Returns log10 of the remaining share at `need`, and whether it was measured there.
fn log10_left(evidence: &Evidence, need: usize, window: usize) -> Option<(f64, bool)> {
    if let Some(lag) = evidence.lag() {
        // Beyond the window it is extrapolated with the fitted line.
        if let Some(ln) = lag.ln_median_at(need) {
            return Some((ln / LN_10, true));
        }
        if let Some(decay) = lag.total.decay.known() {
            return Some((decay.ln_slope_per_step * need as f64 / LN_10, false));
        }
    }
    let survival = evidence.survival()?;
    Some((survival * need as f64 / window as f64, false))
}
