//! `exploding-gradient`: the gradient grows backwards through time.

use longspan_record::Cause;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::{LEAST_STEPS, quantile};
use crate::threshold::Threshold;
use crate::wording::{CALIBRATED, percent, power, setting, steps};

/// T losses together give at most T times the gradient of one of them, so the growth is counted beyond T.
const GROWTH: Threshold = Threshold {
    of: Text {
        en: "log10 of ‖∂L/∂h‖ at the first step over that at the last, minus log10 T",
        zh: "第一步与最后一步的 ‖∂L/∂h‖ 之比的 log10，减去 log10 T",
    },
    value: 1.0,
    source: Text {
        en: "T losses give at most T times the gradient of one; AutoTrainer (Zhang et al. 2021) uses a limit of 70",
        zh: "T 个损失之和至多是其中一个的 T 倍；AutoTrainer（Zhang et al. 2021）以 70 为爆炸",
    },
};
/// Losses add up along a window, and lower layers get little at its end. So the gradient of a single loss must agree if
/// it was measured.
const SINGLE: Threshold = Threshold {
    of: Text {
        en: "growth of the gradient of one loss, the maximum over all lags",
        zh: "单个损失的梯度的增长，取所有滞后中的最大值",
    },
    value: 10.0,
    source: CALIBRATED,
};
const SHARE: Threshold = Threshold {
    of: Text { en: "share of the steps in which the gradient grows", zh: "梯度增大的训练步比例" },
    value: 0.05,
    source: CALIBRATED,
};

pub(crate) static RULE: Rule = Rule {
    code: "exploding-gradient",
    severity: Severity::Severe,
    role: Role::Cause,
    explains: &[
        "clip-missing",
        "saturated-units",
        "stuck-gates",
        "clip-always",
        "chaotic-dynamics",
        "sensitivity-explosion",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "The gradient explodes through time", zh: "梯度沿时间爆炸" },
        meaning: Text {
            en: "Backpropagation through time multiplies a gradient by a Jacobian at every step. If the Jacobian stretches it, \
                the gradient grows exponentially: the early steps of a window get thousands of times the gradient of \
                the last one. Such gradients carry little information and hide the others. The loss jumps, then becomes \
                NaN.",
            zh: "梯度在回传时每一步都乘以一个雅可比矩阵。若它放大梯度，梯度就按指数增长：\
                 窗口开头得到的梯度是末尾的数千倍，信息很少，却淹没了其余部分。损失先是跳动，然后变为 NaN。",
        },
        measured: Text {
            en: "‖∂L/∂h_t‖ at the first step of each window over that at its last step, in the layer where it is largest; and whether \
                 a step failed because of it.",
            zh: "每个窗口第一步与最后一步的 ‖∂L/∂h_t‖ 之比，取最大的一层；以及是否有一步因此失败。",
        },
        thresholds: &[GROWTH, SINGLE, SHARE],
        false_alarm: Text {
            en: "the last step of a window has almost no loss of its own, which makes the denominator small",
            zh: "窗口的最后一步自身几乎没有损失，因此分母很小",
        },
        remedy: Text {
            en: "Clip by the global norm: it limits the length of a step and keeps its direction. Recurrent weights with a smaller \
                 spectral radius (--init orthogonal:0.9), gates (--cell gru or lstm) or a lower --lr remove the cause.",
            zh: "按全局范数裁剪：限制更新步长，保持方向。\
                 更小的循环权重谱半径（--init orthogonal:0.9）、门控（--cell gru 或 lstm）或更低的 --lr 可以消除原因。",
        },
    },
    judge,
};

/// A gradient that grows backwards through time.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplodingGradient {
    /// Whether a step failed because of it.
    pub failed: bool,
    /// Share of the steps in which it grows.
    pub share: f64,
    /// Steps of a window: T.
    pub window_steps: usize,
    /// log10 of the growth beyond T-fold, the 98th percentile over the steps.
    pub log10_growth: f64,
    /// Growth of the gradient of one loss, where it was measured.
    pub single_growth: Option<f64>,
    /// Median of the global norm before clipping.
    pub median_norm: Option<f64>,
}

impl ExplodingGradient {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        if self.failed && self.share < SHARE.value {
            return match language {
                Language::English => "The gradient grew backwards through time until it overflowed.".into(),
                Language::Chinese => "梯度在回传途中不断增大，最终溢出。".into(),
            };
        }
        let share = percent(self.share);
        let growth = power(self.log10_growth + (self.window_steps.max(1) as f64).log10());
        match language {
            Language::English => format!(
                "The gradient grows backwards through time in {share} of the training steps: \
                 {growth} times as large at the first as at the last of {}.",
                steps(self.window_steps)
            ),
            Language::Chinese => format!(
                "在 {share} 的训练步中，梯度在回传途中增大：在 {} 个时间步的第一步，它是最后一步的 {growth} 倍。",
                self.window_steps
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let growth = Text {
            en: "growth of the gradient in powers of ten, beyond T-fold; 98th percentile",
            zh: "梯度增长超出 T 倍的数量级；第 98 百分位",
        };
        let share = Text { en: "share of the steps", zh: "训练步的比例" };
        let single = Text { en: "growth of the gradient of one loss", zh: "单个损失的梯度的增长" };
        let norm = Text { en: "median global norm", zh: "全局范数的中位数" };
        let mut numbers = vec![
            Number::compared(growth, self.log10_growth, &GROWTH),
            Number::compared(share, self.share, &SHARE),
        ];
        numbers.extend(self.single_growth.map(|growth| Number::compared(single, growth, &SINGLE)));
        numbers.extend(self.median_norm.map(|median| Number::plain(norm, median)));
        numbers
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let failed = evidence.fault.as_ref().is_some_and(|fault| fault.cause == Cause::GradientGrowth);
    let recorded = evidence.steps.iter().any(|step| !step.log10_survival.is_empty());
    if !recorded && !failed {
        return Judgement::Unknown(if evidence.steps.len() < LEAST_STEPS {
            Needs::Steps
        } else {
            Needs::Norms
        });
    }
    let largest = |survival: &[f64]| survival.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = (facts.window_steps.max(1) as f64).log10();
    let growths: Vec<f64> = evidence.steps.iter().map(|step| largest(&step.log10_survival) - sum).collect();
    let share =
        growths.iter().filter(|&&growth| growth > GROWTH.value).count() as f64 / growths.len().max(1) as f64;
    if !failed && (share < SHARE.value || growths.len() < LEAST_STEPS) {
        return Judgement::Silent;
    }
    let single =
        evidence.lag().map(|lag| lag.total.ratio.ln_median.iter().copied().fold(0.0, f64::max).exp());
    if !failed && single.is_some_and(|single| single <= SINGLE.value) {
        return Judgement::Silent;
    }
    let found = ExplodingGradient {
        failed,
        share,
        window_steps: facts.window_steps,
        log10_growth: quantile(growths.iter().copied(), 0.98).unwrap_or(f64::NAN),
        single_growth: single,
        median_norm: evidence.log10_norm().map(|norm| 10f64.powf(norm)),
    };
    let because = Text {
        en: "it was measured at every step of every window",
        zh: "在每个窗口的每一步都做了测量",
    };
    Found::new(found, Confidence::High, because).remedies(remedies(evidence)).into()
}

fn remedies(evidence: &Evidence) -> Remedies<'_> {
    let facts = &evidence.facts;
    let mut ways = Remedies::new(facts);
    if !facts.clips {
        let why = Text {
            en: "limits the length of each step and keeps its direction",
            zh: "限制每一步更新的长度，保持方向",
        };
        ways.set("clip", "norm:1", why);
    }
    if facts.cell != "lstm" && facts.cell != "gru" {
        let gates = Text {
            en: "gates preserve the gradient without stretching it",
            zh: "门控保持梯度而不放大它",
        };
        ways.set("cell", "gru", gates);
        let weights = Text { en: "recurrent weights that do not stretch", zh: "不放大的循环权重" };
        ways.set("init", "orthogonal:0.9", weights);
    }
    let rate = Text {
        en: "smaller steps stay where the Jacobian does not stretch",
        zh: "更小的步长停留在雅可比矩阵不放大的区域",
    };
    ways.set("lr", setting(facts.lr / 4.0), rate);
    ways
}
