//! `chaotic-dynamics`: small changes of the state grow exponentially.

use std::f64::consts::LN_10;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::one_loss::harmless;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::{CALIBRATED, setting, short};

const EXPONENT: Threshold = Threshold {
    of: Text {
        en: "largest Lyapunov exponent, nats per step, minus two standard errors",
        zh: "最大李雅普诺夫指数（奈特/步）减去两倍标准误",
    },
    value: 0.1,
    source: Text {
        en: "0 separates growth from decay; the margin for short trajectories: calibration half of the fault-injection benchmark",
        zh: "边界为 0；为短轨迹留出的余量：故障注入基准测试的校准半集",
    },
};
/// Minimum growth; over fewer steps, it may be transient.
const GROWTH: Threshold = Threshold {
    of: Text { en: "growth of a small change over a window", zh: "微小变化在一个窗口内的增长" },
    value: 10.0,
    source: CALIBRATED,
};

pub(crate) static RULE: Rule = Rule {
    code: "chaotic-dynamics",
    severity: Severity::Warning,
    role: Role::Effect,
    explains: &["sensitivity-explosion"],
    page: Page {
        title: Text { en: "The dynamics are chaotic", zh: "动力学是混沌的" },
        meaning: Text {
            en: "Two states that are almost equal end up far apart: early inputs no longer matter, and the gradient \
                grows by the same factor backwards through time. With inputs, the exponent is conditional: it holds along \
                the trajectories that these inputs drive the network through.",
            zh: "两个几乎相同的状态最终会相距很远：很久以前读到的内容不再起作用，回传的梯度也按同样的倍数增长。\
                 有输入时，这是条件指数：它只对这些输入所驱动的轨迹成立。",
        },
        measured: Text {
            en: "The largest Lyapunov exponent along trajectories of the data (Benettin 1980; Vogt 2020; Engelken 2020). Only cells with \
                 bounded states are judged, so that growth cannot be mere growth of the state.",
            zh: "沿数据轨迹的最大李雅普诺夫指数（Benettin 1980；Vogt 2020；Engelken 2020）。\
                 只判断状态有界的单元，因此增长不会只是状态本身的增长。",
        },
        thresholds: &[EXPONENT, GROWTH],
        false_alarm: Text {
            en: "the trajectories are shorter than a hundred steps: growth may be transient",
            zh: "轨迹短于一百步，其中的增长可能只是暂时的",
        },
        remedy: Text {
            en: "A smaller recurrent gain (--init orthogonal:1, gaussian:0.9), a lower --lr, or gates.",
            zh: "更小的循环增益（--init orthogonal:1、gaussian:0.9）、更低的 --lr，或门控。",
        },
    },
    judge,
};

/// A positive largest Lyapunov exponent.
#[derive(Clone, Debug, PartialEq)]
pub struct ChaoticDynamics {
    /// The largest Lyapunov exponent.
    pub exponent_nats_per_step: f64,
    /// Its standard error, if it has one.
    pub standard_error: Option<f64>,
    /// Steps of a window.
    pub window_steps: usize,
}

impl ChaoticDynamics {
    /// The exponent minus two standard errors.
    fn lower_bound(&self) -> f64 {
        self.exponent_nats_per_step - 2.0 * self.standard_error.unwrap_or(0.0)
    }

    /// Lower bound of the growth of a small change over a window.
    fn growth(&self) -> f64 {
        (self.lower_bound() * self.window_steps as f64).exp()
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let exponent = short(self.exponent_nats_per_step);
        let steps = format!("{:.0}", LN_10 / self.exponent_nats_per_step);
        match language {
            Language::English => format!(
                "The largest Lyapunov exponent is {exponent} nats per step: small changes grow tenfold every {steps} step{}.",
                if steps == "1" { "" } else { "s" }
            ),
            Language::Chinese => {
                format!("最大李雅普诺夫指数为每步 {exponent} 奈特：微小的变化每 {steps} 步放大到十倍。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let exponent = Text { en: "exponent minus two standard errors", zh: "指数减去两倍标准误" };
        let growth = Text { en: "growth over a window", zh: "一个窗口内的增长" };
        let error = Text { en: "standard error", zh: "标准误" };
        vec![
            Number::compared(exponent, self.lower_bound(), &EXPONENT),
            Number::compared(growth, self.growth(), &GROWTH),
            Number::plain(error, self.standard_error.unwrap_or(f64::NAN)),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if !["rnn", "gru", "lstm"].contains(&facts.cell.as_str()) {
        return Judgement::Silent;
    }
    let spectrum = evidence.probe.as_ref().and_then(|probe| probe.spectrum.as_ref());
    let Some(layers) = spectrum.map(|spectrum| &spectrum.layers) else {
        // The short probe at the end of training may leave it out.
        return match evidence.probe.is_none() || evidence.is_light() {
            true => Judgement::Unknown(Needs::Probe),
            false => Judgement::Silent,
        };
    };
    let leading = layers.iter().filter_map(|layer| {
        Some((
            *layer.exponents_nats_per_step.first()?,
            layer.standard_errors_nats_per_step.first().copied().flatten(),
        ))
    });
    let Some((exponent_nats_per_step, standard_error)) = leading.max_by(|a, b| a.0.total_cmp(&b.0)) else {
        return Judgement::Silent;
    };
    let found = ChaoticDynamics { exponent_nats_per_step, standard_error, window_steps: facts.window_steps };
    let (sure, growth) = (found.lower_bound(), found.growth());
    if sure.is_nan() || sure <= EXPONENT.value || growth <= GROWTH.value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let weights = Text {
        en: "recurrent weights that neither stretch nor shrink",
        zh: "既不放大也不缩小的循环权重",
    };
    ways.set("init", "orthogonal:1", weights);
    let slower = Text { en: "weights that grow more slowly", zh: "让权重增长得更慢" };
    ways.set("lr", setting(facts.lr / 4.0), slower);
    let confidence = if standard_error.is_some() { Confidence::High } else { Confidence::Medium };
    let because = Text {
        en: "the exponent was measured along the trajectories of the data",
        zh: "指数是沿数据的轨迹测得的",
    };
    harmless(Found::new(found, confidence, because).remedies(ways), evidence).into()
}
