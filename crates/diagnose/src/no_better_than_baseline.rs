//! `no-better-than-baseline`: the model is no better than the baseline.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::CLEAR;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::of_baseline;

/// The code of earlier versions.
pub(crate) const ALIAS: &str = "loss-at-chance";

const BASELINE: Threshold = Threshold {
    of: Text { en: "best validation loss over the baseline", zh: "最佳验证损失与基线之比" },
    value: 0.95,
    source: Text {
        en: "calibration half of the fault-injection benchmark; development set of real runs: at most 0.92 in healthy runs",
        zh: "故障注入基准测试的校准半集；真实训练的开发集：正常训练至多为 0.92",
    },
};
/// Persistence is a strong forecast: beating it by a few percent is a result.
const SERIES: Threshold = Threshold {
    of: Text { en: "the same ratio for a series", zh: "数值序列的同一比值" },
    value: 1.0,
    source: Text {
        en: "a forecast that beats persistence by a few percent is a result",
        zh: "比持续预测好百分之几就已是成果",
    },
};
/// Share of the planned steps below which a run is too young to judge.
const SOME: f64 = 0.5;
/// Number of steps below which a flat loss proves nothing.
const LEAST: usize = 100;

pub(crate) static RULE: Rule = Rule {
    code: "no-better-than-baseline",
    severity: Severity::Warning,
    role: Role::Effect,
    explains: &[],
    page: Page {
        title: Text { en: "The loss is no better than the baseline", zh: "损失不优于基线" },
        meaning: Text {
            en: "The model predicts no better than the baseline, a simple predictor that does not use the network. A flat curve has \
                 many causes: a gradient that does not reach back, steps that are too small or too large, dead units, inputs \
                 of a size that saturates units, a held-out part that differs from the training part.",
            zh: "模型的预测不优于不使用网络的简单预测。曲线平坦的原因很多：\
                 梯度传不回去，更新步长太小或太大，单元死亡，输入的大小使单元饱和，验证部分与训练部分不同。",
        },
        measured: Text {
            en: "The best validation loss over the loss of the baseline. Without a validation, the mean loss of the last quarter of \
                 the training steps. Earlier versions call this finding loss-at-chance.",
            zh: "最佳验证损失与基线的损失之比。没有验证时，用最后四分之一训练步的平均损失。早期版本称之为 loss-at-chance。",
        },
        thresholds: &[
            BASELINE,
            SERIES,
            Threshold {
                of: Text { en: "share of the planned steps", zh: "占计划步数的比例" },
                value: SOME,
                source: Text { en: "earlier, nothing is reported", zh: "在此之前不作判断" },
            },
            Threshold {
                of: Text { en: "steps", zh: "训练步数" },
                value: LEAST as f64,
                source: Text {
                    en: "with fewer, a flat stretch says nothing: many runs that learn begin with one",
                    zh: "步数更少时，平坦的一段说明不了什么：许多能学会的训练都以平台期开始",
                },
            },
            Threshold {
                of: Text {
                    en: "fall of the training loss from the third quarter to the last, in standard errors",
                    zh: "训练损失从第三个四分之一到最后一个四分之一的下降量，以标准误计",
                },
                value: CLEAR,
                source: Text {
                    en: "a loss that falls this clearly, and at this pace would pass the first threshold after as many steps again, \
                         belongs to a run that is too short: nothing is reported",
                    zh: "损失若下降得如此明显，并且按这样的速度再训练同样多的步就会低于第一个阈值，\
                         那只是训练得太短，不作判断",
                },
            },
        ],
        false_alarm: Text {
            en: "the data contain nothing that can be learned, or a plateau is about to end: copying and adding stay \
                at the baseline for thousands of steps before the loss falls",
            zh: "数据中没有可学的内容，或平台期即将结束：复制与加法任务会在基线停留数千步，然后才下降",
        },
        remedy: Text {
            en: "Look at the other findings first: a cause among them goes before this advice. If there is none: a cell with gates \
                 (--cell gru), --init chrono:STEPS with the distance that the task needs, more steps.",
            zh: "先看其他诊断结果：其中的原因优先于这里的建议。如果没有：带门的单元（--cell gru）、\
                 以任务所需的距离使用 --init chrono:STEPS，或更多的训练步。",
        },
    },
    judge,
};

/// A loss that stays at the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct NoBetterThanBaseline {
    /// Steps taken.
    pub steps: u64,
    /// Best loss over the baseline.
    pub learned_ratio: f64,
    /// Loss of the baseline.
    pub baseline_loss: f64,
    /// Whether it is the loss of a validation, rather than of training.
    pub validated: bool,
    /// Whether the data are a series.
    pub series: bool,
}

impl NoBetterThanBaseline {
    fn threshold(&self) -> Threshold {
        if self.series { SERIES } else { BASELINE }
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let loss = of_baseline(self.learned_ratio, language);
        let of = match (self.validated, language) {
            (true, Language::English) => "best validation loss",
            (false, Language::English) => "training loss",
            (true, Language::Chinese) => "最佳验证损失",
            (false, Language::Chinese) => "训练损失",
        };
        match language {
            Language::English => format!(
                "The model is no better than the baseline: after {} steps, the {of} is {loss}.",
                self.steps
            ),
            Language::Chinese => format!("模型不优于基线：训练 {} 步之后，{of}是{loss}。", self.steps),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let baseline = Text { en: "loss of the baseline", zh: "基线的损失" };
        let ratio = Text { en: "best loss over the baseline", zh: "最低损失与基线之比" };
        vec![
            Number::compared(ratio, self.learned_ratio, &self.threshold()),
            Number::plain(baseline, self.baseline_loss),
        ]
    }
}

/// What is found; None if the run is better than the baseline, or may become so.
pub(crate) fn find(evidence: &Evidence) -> Option<NoBetterThanBaseline> {
    let facts = &evidence.facts;
    let learned_ratio = evidence.reached()?;
    let steps = evidence.steps.last().map_or(0, |step| step.step);
    let found = NoBetterThanBaseline {
        steps,
        learned_ratio,
        baseline_loss: facts.baseline_loss,
        validated: !evidence.valid.is_empty(),
        series: !facts.setting("series").is_empty(),
    };
    let limit = found.threshold().value;
    let young = evidence.steps.len() < LEAST || (steps as f64) < SOME * facts.planned_steps as f64;
    (!young && learned_ratio >= limit && learned_ratio - coming(evidence) >= limit).then_some(found)
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if evidence.steps.len() < LEAST {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some(found) = find(evidence) else { return Judgement::Silent };
    let mut ways = Remedies::new(facts);
    match facts.cell.as_str() {
        _ if found.series => ways.advise(Text {
            en: "read fewer columns (--columns): without counters, years and columns that have nothing to do with the target",
            zh: "减少读入的列（--columns）：去掉行号、年份以及与目标无关的列",
        }),
        "lstm" | "gru" => {
            let why = Text {
                en: "gates that start by keeping for as long as a window (Tallec, Ollivier 2018)",
                zh: "让门一开始就保留整个窗口那么久（Tallec, Ollivier 2018）",
            };
            let steps = facts.needed_lag_steps.unwrap_or(facts.window_steps).max(2);
            ways.set("init", format!("chrono:{steps}"), why);
        }
        _ => {
            let why = Text { en: "gates that keep what lies far back", zh: "用门控保留久远的信息" };
            ways.set("cell", "gru", why);
        }
    }
    let more = Text {
        en: "four times as many: a plateau may be long", zh: "四倍的训练步：平台期可能很长"
    };
    ways.set("steps", facts.planned_steps.saturating_mul(4).to_string(), more);
    let because = Text { en: "both losses are measured", zh: "两个损失都是实测值" };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}

/// Extrapolates the fall of the training loss between the last two quarters: the fall in as many steps again, over the
/// baseline; 0 if it is noise.
fn coming(evidence: &Evidence) -> f64 {
    let fall = evidence.trend().filter(|trend| trend.falls()).and_then(|t| evidence.over_baseline(t.fall()));
    4.0 * fall.unwrap_or(0.0)
}
