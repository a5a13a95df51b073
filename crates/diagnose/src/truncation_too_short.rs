//! `truncation-too-short`: the gradient is cut off before the required lag.

use longspan_record::credit::Measured;

use crate::evidence::{Evidence, Facts};
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::steps;

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
            en: "K compared with the lag that the task needs; otherwise, for a model that a probe has measured, with the lag that the \
                 model uses, if at least 1 % of the gradient is left at the cut.",
            zh: "K 与任务所需的滞后相比；否则，对做过探测的模型，与它实际使用的滞后相比，\
                 前提是截断处的梯度仍剩 1 % 以上。",
        },
        thresholds: &[K, USED],
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
    /// Much of the gradient is left at the cut, and the model uses its inputs up to there.
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
    // The needed lag is not known: the gradient must be large at the cut, and the model must use its inputs up to
    // there.
    let Some(reach) = evidence.reach() else { return Judgement::Silent };
    let (Some(lag), Measured::Known(used)) = (reach.lag.known(), &reach.used_lag) else {
        return Judgement::Silent;
    };
    let Some(&used) = used.used_lag_steps.known() else { return Judgement::Silent };
    let horizon = &lag.total.horizon;
    if !horizon.at_least || (used as f64) < USED.value * window as f64 || horizon.steps < window / 2 {
        return Judgement::Silent;
    }
    let found =
        TruncationTooShort::Used { window_steps: window, used_lag_steps: used, horizon_steps: horizon.steps };
    let because = Text {
        en: "more may lie further back: only a run with a larger K can show it",
        zh: "更远处可能还有信息：只有用更大的 K 训练才能知道",
    };
    let found = Found::new(found, Confidence::Medium, because).with_severity(Severity::Note);
    found.remedies(longer(facts, 2 * window)).into()
}

fn longer(facts: &Facts, steps: usize) -> Remedies<'_> {
    let mut ways = Remedies::new(facts);
    let why = Text {
        en: "the gradient reaches as far as it has to", zh: "让梯度到达它必须到达的地方"
    };
    ways.set("unroll", steps.next_power_of_two().to_string(), why);
    ways
}
