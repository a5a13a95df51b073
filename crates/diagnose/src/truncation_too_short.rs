//! `truncation-too-short`: the gradient is cut off before the required lag.

use crate::evidence::{Evidence, Facts};
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::{percent, steps};

const USED: Threshold = Threshold {
    of: Text {
        en: "steps that the model uses over steps that the gradient goes back",
        zh: "模型实际使用的步数与梯度回传的步数之比",
    },
    value: 0.9,
    source: Text {
        en: "a model learns to use the steps that the gradient reaches, and the carried state adds more",
        zh: "模型会使用有梯度到达的信息，延续下来的状态还会带来更多",
    },
};
const CUT: Threshold = Threshold {
    of: Text {
        en: "share of the gradient of one loss that remains at the cut",
        zh: "单个损失的梯度在截断处剩余的比例",
    },
    value: 0.1,
    source: Text {
        en: "ten times the share that defines the gradient horizon; text models with 64 steps or more have less than 0.01",
        zh: "梯度可达步数所用比例的十倍；64 步以上的文本模型低于 0.01",
    },
};
/// A usual truncation, in steps.
const USUAL: usize = 32;
/// ln of a share at the cut above which the gradient has grown on its way.
const GROWS: f64 = 0.7;
const K: Threshold = Threshold {
    of: Text { en: "K, in steps", zh: "K（步）" },
    value: f64::NAN,
    source: Text { en: "the lag that the task needs", zh: "任务所需的滞后" },
};

pub(crate) static RULE: Rule = Rule {
    code: "truncation-too-short",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["vanishing-gradient", "horizon-below-need", "no-better-than-baseline"],
    page: Page {
        title: Text {
            en: "The gradient is cut off before it reaches the required lag",
            zh: "梯度在到达所需的滞后之前被截断",
        },
        meaning: Text {
            en: "Truncated backpropagation goes back K steps and no further: the state is carried over, the gradient \
                is not. A dependency of more than K steps is learned only by luck.",
            zh: "截断的沿时间反向传播只回溯 K 步：状态延续下去，梯度则不然。比 K 更远的内容只能碰运气学到。",
        },
        measured: Text {
            en: "K compared with the lag that the task needs. If that is not known: how much of the gradient of one loss remains at the cut; \
                 or, after a probe, the lag that the model uses, if the gradient horizon reaches the cut.",
            zh: "K 与任务所需的滞后相比。若任务所需的滞后未知：单个损失的梯度在截断处还剩多少；\
                 或者在探测之后，若梯度可达步数达到截断处，与模型实际使用的滞后相比。",
        },
        thresholds: &[K, CUT, USED],
        false_alarm: Text {
            en: "steps further back do not improve the loss: train with twice the --unroll and compare",
            zh: "更远处没有新的信息：把 --unroll 加倍训练并比较",
        },
        remedy: Text {
            en: "A larger --unroll; --bptt-memory limits the memory that it takes.",
            zh: "更大的 --unroll；--bptt-memory 限制所需的内存。",
        },
    },
    judge,
};

/// A truncation below what is needed.
#[derive(Clone, Debug, PartialEq)]
pub enum TruncationTooShort {
    /// The task needs a longer lag.
    Needed {
        /// K, the steps that the gradient goes back.
        window_steps: usize,
        /// The lag that the task needs.
        needed_lag_steps: usize,
    },
    /// Much of the gradient remains at the cut.
    Left {
        /// K, the steps that the gradient goes back.
        window_steps: usize,
        /// The largest measured lag within K.
        lag_steps: usize,
        /// ln of the share of the gradient that remains there.
        ln_left: f64,
        /// The gradient horizon, where it was measured beyond K.
        horizon_steps: Option<usize>,
    },
    /// The gradient reaches the cut, and the model uses its inputs up to there.
    Used {
        /// K, the steps that the gradient goes back.
        window_steps: usize,
        /// Used lag.
        used_lag_steps: usize,
        /// A lower bound of the gradient horizon.
        horizon_steps: usize,
    },
}

impl TruncationTooShort {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        match (self, language) {
            (&Self::Needed { window_steps, needed_lag_steps }, Language::English) => format!(
                "The gradient goes {} back, and the task needs {needed_lag_steps}.",
                steps(window_steps)
            ),
            (&Self::Needed { window_steps, needed_lag_steps }, Language::Chinese) => {
                format!("梯度只回传 {window_steps} 步，而任务需要 {needed_lag_steps} 步。")
            }
            (&Self::Left { window_steps, lag_steps, ln_left, horizon_steps }, Language::English) => {
                let horizon = horizon_steps.map_or(String::new(), |horizon| {
                    format!("; the gradient horizon of the trained weights is {}", steps(horizon))
                });
                format!(
                    "The gradient is cut off after {}, where {} of it is left (lag {lag_steps}){horizon}.",
                    steps(window_steps),
                    percent(ln_left.exp())
                )
            }
            (&Self::Left { window_steps, lag_steps, ln_left, horizon_steps }, Language::Chinese) => {
                let horizon = horizon_steps
                    .map_or(String::new(), |horizon| format!("；训练所得权重的梯度可达步数为 {horizon} 步"));
                format!(
                    "梯度在 {window_steps} 步处被截断，此时（滞后 {lag_steps}）还剩 {}{horizon}。",
                    percent(ln_left.exp())
                )
            }
            (&Self::Used { window_steps, used_lag_steps, .. }, Language::English) => format!(
                "The gradient is cut off after {}, where much of it is left, and the model uses {used_lag_steps}.",
                steps(window_steps)
            ),
            (&Self::Used { window_steps, used_lag_steps, .. }, Language::Chinese) => format!(
                "梯度在 {window_steps} 步处被截断，此时它尚未消失，而模型实际使用了 {used_lag_steps} 步。"
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        match *self {
            Self::Needed { window_steps, needed_lag_steps } => {
                let name = Text { en: "steps that the gradient goes back", zh: "梯度回传的步数" };
                let need = Threshold { value: needed_lag_steps as f64, ..K };
                vec![Number::compared(name, window_steps as f64, &need)]
            }
            Self::Left { ln_left, horizon_steps, .. } => {
                let horizon = Text { en: "gradient horizon in steps", zh: "梯度可达步数（步）" };
                let mut numbers = vec![Number::compared(CUT.of, ln_left.exp(), &CUT)];
                numbers.extend(horizon_steps.map(|steps| Number::plain(horizon, steps as f64)));
                numbers
            }
            Self::Used { window_steps, used_lag_steps, horizon_steps } => {
                let used =
                    Text { en: "used lag over truncation", zh: "实际使用的滞后与截断长度之比" };
                let horizon = Text {
                    en: "gradient horizon, at least, in steps",
                    zh: "梯度可达步数至少（步）",
                };
                vec![
                    Number::compared(used, used_lag_steps as f64 / window_steps as f64, &USED),
                    Number::plain(horizon, horizon_steps as f64),
                ]
            }
        }
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if !facts.carried {
        return Judgement::Silent;
    }
    let window = facts.window_steps;
    if let Some(need) = facts.needed_lag_steps {
        if window > need {
            return Judgement::Silent;
        }
        let found = TruncationTooShort::Needed { window_steps: window, needed_lag_steps: need };
        let because = Text { en: "both are known exactly", zh: "两者都精确已知" };
        return Found::new(found, Confidence::High, because).remedies(longer(facts, need + 1)).into();
    }
    // The needed lag is not known. Either much of the gradient is left at the cut, or some of it is, and the model uses
    // its inputs up to there.
    let reach = evidence.reach();
    let horizon = reach.and_then(|reach| reach.lag.known()).map(|lag| &lag.total.horizon);
    let used = reach.and_then(|reach| reach.used_lag.known()?.used_lag_steps.known().copied());
    let reaches = horizon.is_some_and(|horizon| horizon.steps + 1 >= window);
    let uses = used.map(|used| used as f64 >= USED.value * window as f64);
    let more = Text {
        en: "more may lie further back: only a run with a larger K can show it",
        zh: "更远处可能还有信息：只有用更大的 K 训练才能知道",
    };
    if let (Some(horizon), Some(used)) = (horizon.filter(|_| reaches), used.filter(|_| uses == Some(true))) {
        let found = TruncationTooShort::Used {
            window_steps: window,
            used_lag_steps: used,
            horizon_steps: horizon.steps,
        };
        return Found::new(found, Confidence::Medium, more)
            .remedies(longer(facts, used.max(2 * window)))
            .into();
    }
    let Some((lag_steps, ln_left)) = evidence.ln_at_cut() else { return evidence.unmeasured() };
    // A model that does not use what lies there needs no more, and a gradient that grows is another fault.
    let left = ln_left >= CUT.value.ln() && ln_left < GROWS;
    if uses == Some(false) && !reaches || !left || 2 * lag_steps < window {
        return Judgement::Silent;
    }
    let horizon_steps = horizon.filter(|horizon| !horizon.at_least).map(|horizon| horizon.steps);
    let found = TruncationTooShort::Left { window_steps: window, lag_steps, ln_left, horizon_steps };
    let enough = horizon_steps.unwrap_or(0).max(2 * window).max(USUAL);
    Found::new(found, Confidence::Medium, more).remedies(longer(facts, enough)).into()
}

fn longer(facts: &Facts, steps: usize) -> Remedies<'_> {
    let mut ways = Remedies::new(facts);
    let why = Text {
        en: "the gradient reaches as far as it has to", zh: "让梯度到达它必须到达的地方"
    };
    ways.set("unroll", steps.next_power_of_two().to_string(), why);
    ways
}
