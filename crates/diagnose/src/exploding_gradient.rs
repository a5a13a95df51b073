//! `exploding-gradient`: the gradient grows backwards through time.

use std::f64::consts::LN_10;

use longspan_record::Cause;

use crate::evidence::{Evidence, Facts};
use crate::language::{Language, Text};
use crate::number::Number;
use crate::one_loss::{self, growth, harmless};
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::quantile;
use crate::threshold::Threshold;
use crate::wording::{percent, power, setting, steps};

const GROWTH: Threshold = Threshold {
    of: Text {
        en: "growth of the gradient of one loss, the maximum over all lags",
        zh: "单个损失的梯度的增长，取所有滞后中的最大值",
    },
    value: 70.0,
    source: Text {
        en: "AutoTrainer (Zhang et al. 2021): 70. Healthy relu networks reach 30",
        zh: "AutoTrainer（Zhang et al. 2021）：70。健康的 relu 网络可达 30",
    },
};
const SHARE: Threshold = Threshold {
    of: Text { en: "share of the snapshots in which it grows", zh: "梯度增大的快照比例" },
    value: 0.25,
    source: Text {
        en: "growth in the first steps only does no harm", zh: "只在最初几步出现的增长没有危害"
    },
};
/// Beyond it the growth did no harm.
const HARM: Threshold = Threshold {
    of: Text {
        en: "best loss over the baseline, below which it is a note",
        zh: "最低损失与基线之比，低于它时只是提示",
    },
    value: one_loss::HARM,
    source: Text {
        en: "a model that has learned half of what there is was not hindered",
        zh: "已经学到一半以上，说明没有受到妨碍",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "exploding-gradient",
    severity: Severity::Severe,
    role: Role::Cause,
    explains: &[
        "clip-missing",
        "saturated-units",
        "stuck-gates",
        "truncation-too-short",
        "clip-always",
        "clip-never",
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
            en: "The gradient of one loss per row, from the step of that loss backwards, over all layers: the median over the rows, up \
                 to the lag that half of them have. From the snapshots of training, or else from a probe. Without either, in windows of \
                 equal length, a lower bound from ‖∂L/∂h_t‖ of all losses. And whether a step failed because of it.",
            zh: "每行取一个损失，从该损失所在的步向回测量其梯度（所有层合计）：取各行的中位数，直到半数行所具有的滞后。\
                 取自训练中的快照，否则取自探测。两者都没有时，对等长的窗口，用全部损失的 ‖∂L/∂h_t‖ 给出的下界。以及是否有一步因此失败。",
        },
        thresholds: &[GROWTH, SHARE, HARM],
        false_alarm: Text {
            en: "the loss still falls smoothly: clipping may be all that it takes",
            zh: "损失仍在平稳下降：可能只需要裁剪",
        },
        remedy: Text {
            en: "Recurrent weights that do not stretch (--init orthogonal:1), together with --clip norm:1, which limits the length of a \
                 step and keeps its direction; or gates (--cell gru). A lower --lr alone did not help.",
            zh: "不放大的循环权重（--init orthogonal:1），并按全局范数裁剪（--clip norm:1）：限制更新步长，保持方向。\
                 或改用门控（--cell gru）。单靠更低的 --lr 没有效果。",
        },
    },
    judge,
};

/// A gradient that grows backwards through time.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplodingGradient {
    /// The growth per step of a step that failed because of it, in log10, and the number of steps.
    pub failed: Option<(f64, usize)>,
    /// Share of the profiles in which the gradient grows.
    pub share: f64,
    /// ln of its growth: the 98th percentile over the profiles that say so.
    pub ln_growth: f64,
    /// The lag at which it is largest.
    pub lag_steps: usize,
    /// Best loss over the baseline.
    pub learned_ratio: f64,
    /// Median of the global norm before clipping.
    pub median_norm: Option<f64>,
}

impl ExplodingGradient {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        if let Some((log10, count)) = self.failed {
            let factor = power(log10);
            return match language {
                Language::English if count == 0 => {
                    "The gradient grew backwards through time until it exceeded the range of the numbers."
                        .into()
                }
                Language::Chinese if count == 0 => "梯度在回传途中不断增大，最终超出数值范围。".into(),
                Language::English => format!(
                    "The gradient grew backwards through time until it exceeded the range of the numbers: {factor} times per step over {}.",
                    steps(count)
                ),
                Language::Chinese => {
                    format!("梯度在回传途中不断增大，最终超出数值范围：在 {count} 步中每步变为 {factor} 倍。")
                }
            };
        }
        let (share, growth) = (percent(self.share), power(self.ln_growth / LN_10));
        let factor = power(self.ln_growth / LN_10 / self.lag_steps.max(1) as f64);
        match language {
            Language::English => format!(
                "The gradient of one loss grows backwards through time in {share} of the snapshots: \
                 {growth} times as large {} back, {factor} times per step.",
                steps(self.lag_steps)
            ),
            Language::Chinese => format!(
                "在 {share} 的快照中，单个损失的梯度在回传途中增大：在 {} 步之前是原来的 {growth} 倍，每步变为 {factor} 倍。",
                self.lag_steps
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let norm = Text { en: "median global norm", zh: "全局范数的中位数" };
        let lag = Text { en: "lag of that growth in steps", zh: "该增长的滞后（步）" };
        let mut numbers = Vec::new();
        if self.failed.is_none() {
            numbers.push(Number::compared(GROWTH.of, self.ln_growth.exp(), &GROWTH));
            numbers.push(Number::plain(lag, self.lag_steps as f64));
            numbers.push(Number::compared(SHARE.of, self.share, &SHARE));
            numbers.push(Number::compared(HARM.of, self.learned_ratio, &HARM));
        }
        numbers.extend(self.median_norm.map(|median| Number::plain(norm, median)));
        numbers
    }
}

/// ln of the growth, and its lag, of each profile of the run; whether they are measured, and not lower bounds. Empty if
/// there is neither.
fn growths(evidence: &Evidence) -> (Vec<(f64, usize)>, bool) {
    let training: Vec<_> = evidence.lag_snapshots().into_iter().filter_map(growth).collect();
    if !training.is_empty() {
        return (training, true);
    }
    let of_probe = evidence.lag().and_then(|lag| {
        // A probe may look back further than training does.
        let window = evidence.facts.window_steps.max(1);
        let finite = lag.lags.iter().zip(&lag.total.ratio.ln_median);
        let inside = finite.filter(|(lag, ln)| **lag < window && ln.is_finite());
        inside.max_by(|a, b| a.1.total_cmp(b.1)).map(|(lag, ln)| (*ln, *lag))
    });
    if let Some(growth) = of_probe {
        return (vec![growth], true);
    }
    let turned = |windows: Vec<(usize, f64)>| windows.into_iter().map(|(lag, ln)| (ln, lag)).collect();
    let whole = evidence.whole_windows();
    if whole.is_empty() { (turned(evidence.least_growths()), false) } else { (turned(whole), true) }
}

fn judge(evidence: &Evidence) -> Judgement {
    let fault = evidence.fault.as_ref().filter(|fault| fault.cause == Cause::GradientGrowth);
    let failed = fault.map(|fault| fault.evidence.log10_growth_a_step.unwrap_or((0.0, 0)));
    let (profiles, measured) = growths(evidence);
    if profiles.is_empty() && failed.is_none() {
        return if evidence.is_young() { Judgement::Unknown(Needs::Steps) } else { evidence.unmeasured() };
    }
    let growing: Vec<_> = profiles.iter().filter(|(ln, _)| *ln > GROWTH.value.ln()).collect();
    let share = growing.len() as f64 / profiles.len().max(1) as f64;
    if failed.is_none() && share < SHARE.value {
        return Judgement::Silent;
    }
    let ln_growth = quantile(growing.iter().map(|(ln, _)| *ln), 0.98).unwrap_or(f64::NAN);
    let lag_steps = growing.iter().find(|(ln, _)| *ln == ln_growth).map_or(0, |(_, lag)| *lag);
    let learned_ratio = evidence.learned_ratio().unwrap_or(f64::NAN);
    let median_norm = evidence.log10_norm().map(|norm| 10f64.powf(norm));
    let found = ExplodingGradient { failed, share, ln_growth, lag_steps, learned_ratio, median_norm };
    let because = match failed {
        Some(_) => Text {
            en: "the step was run again, and the gradient was followed backwards",
            zh: "重新运行了这一步，并沿回传方向追踪了梯度",
        },
        None if !measured => Text {
            en: "it is a lower bound, from the gradient of all losses",
            zh: "这是由全部损失的梯度得到的下界",
        },
        None => Text {
            en: "the gradient of single losses was measured at every lag",
            zh: "在每个滞后处都测量了单个损失的梯度",
        },
    };
    // Severe only with a profile that grows.
    let (confidence, severity) = match measured || failed.is_some() {
        true => (Confidence::High, Severity::Severe),
        false => (Confidence::Medium, Severity::Warning),
    };
    let found = Found::new(found, confidence, because).remedies(remedies(&evidence.facts));
    let found = found.with_severity(severity);
    if failed.is_some() { found.into() } else { harmless(found, evidence).into() }
}

fn remedies(facts: &Facts) -> Remedies<'_> {
    let mut ways = Remedies::new(facts);
    let clip =
        (!facts.clips || facts.clip_limit.is_some_and(|limit| limit > 1.0)).then(|| "norm:1".to_owned());
    let limited = Text {
        en: "limits the length of each step and keeps its direction",
        zh: "限制每一步更新的长度，保持方向",
    };
    let weights = Text { en: "recurrent weights that do not stretch", zh: "不放大的循环权重" };
    // Initial weights that stretch are the cause. Clipping alone leaves the direction to the early steps.
    match (facts.init_gain.filter(|gain| *gain > 1.0), clip) {
        (Some(_), Some(clip)) => ways.set_all([("init", "orthogonal:1".into()), ("clip", clip)], weights),
        (Some(_), None) => ways.set("init", "orthogonal:1", weights),
        (None, Some(clip)) => ways.set("clip", clip, limited),
        (None, None) => {}
    }
    if facts.cell != "lstm" && facts.cell != "gru" {
        let gates = Text {
            en: "gates preserve the gradient without stretching it",
            zh: "门控保持梯度而不放大它",
        };
        ways.set("cell", "gru", gates);
    }
    // What is left where gates and clipping are there already.
    if ways.list.is_empty() {
        let rate = Text {
            en: "smaller steps stay where the Jacobian does not stretch",
            zh: "更小的步长停留在雅可比矩阵不放大的区域",
        };
        ways.set("lr", setting(facts.lr / 4.0), rate);
    }
    ways
}
