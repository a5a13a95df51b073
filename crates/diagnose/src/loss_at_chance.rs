//! `loss-at-chance`: the model is no better than the baseline.

use longspan_record::StepRecord;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::{CALIBRATED, of_baseline};

const BASELINE: Threshold = Threshold {
    of: Text { en: "best loss over the baseline", zh: "最低损失与基线之比" },
    value: 0.92,
    source: CALIBRATED,
};
/// Share of the planned steps below which a run is too young to judge.
const SOME: f64 = 0.5;
/// Number of steps below which a flat loss proves nothing.
const LEAST: usize = 100;
/// Decrease between two parts of a run that counts as more than noise, in standard errors of the difference.
const FALL: f64 = 3.0;

pub(crate) static RULE: Rule = Rule {
    code: "loss-at-chance",
    severity: Severity::Warning,
    role: Role::Effect,
    explains: &[],
    page: Page {
        title: Text { en: "The loss is no better than the baseline", zh: "损失不优于基线" },
        meaning: Text {
            en: "The model predicts no better than the baseline, which does not use the input. A flat curve has many causes: a gradient \
                 that does not reach back, steps that are too small or too large, dead units, inputs of a size that saturates units.",
            zh: "模型的预测不优于不使用输入的基线。曲线平坦的原因很多：\
                 梯度传不回去，更新步长太小或太大，单元死亡，输入的大小使单元饱和。",
        },
        measured: Text {
            en: "The best validation loss, or median of twenty training steps, over the loss of the baseline.",
            zh: "最佳验证损失（或二十个训练步损失的中位数）与基线的损失之比。",
        },
        thresholds: &[
            BASELINE,
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
                    en: "fall of the last quarter below the one before it, in standard errors",
                    zh: "最后四分之一的损失比前一个四分之一低多少，以标准误计",
                },
                value: FALL,
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
            en: "Look at the other findings first. If there are none: a higher --lr, more steps, or gates that keep (--forget-bias 3).",
            zh: "先看其他诊断结果。如果没有：更高的 --lr、更多的训练步，或偏向保留的门（--forget-bias 3）。",
        },
    },
    judge,
};

/// A loss that stays at the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct LossAtBaseline {
    /// Steps taken.
    pub steps: u64,
    /// Best loss over the baseline.
    pub learned_ratio: f64,
    /// Loss of the baseline.
    pub baseline_loss: f64,
}

impl LossAtBaseline {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let loss = of_baseline(self.learned_ratio, language);
        match language {
            Language::English => format!(
                "The model is no better than the baseline: after {} steps, the best loss is {loss}.",
                self.steps
            ),
            Language::Chinese => {
                format!("模型不优于基线：训练 {} 步之后，最低损失是{loss}。", self.steps)
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let baseline = Text { en: "loss of the baseline", zh: "基线的损失" };
        vec![
            Number::compared(BASELINE.of, self.learned_ratio, &BASELINE),
            Number::plain(baseline, self.baseline_loss),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if evidence.steps.len() < LEAST {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some(learned_ratio) = evidence.learned_ratio() else { return Judgement::Silent };
    let taken = evidence.steps.last().map_or(0, |step| step.step);
    if learned_ratio < BASELINE.value || (taken as f64) < SOME * facts.planned_steps as f64 {
        return Judgement::Silent;
    }
    if learned_ratio - fall(evidence) < BASELINE.value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    match facts.cell.as_str() {
        "lstm" => {
            let why = Text {
                en: "a forget gate that starts by keeping", zh: "让遗忘门一开始就偏向保留"
            };
            ways.set("forget_bias", "3", why);
        }
        "gru" => {}
        _ => {
            let why = Text { en: "gates that keep what lies far back", zh: "用门控保留久远的信息" };
            ways.set("cell", "gru", why);
        }
    }
    let more = Text {
        en: "four times as many: a plateau may be long", zh: "四倍的训练步：平台期可能很长"
    };
    ways.set("steps", facts.planned_steps.saturating_mul(4).to_string(), more);
    let found = LossAtBaseline { steps: taken, learned_ratio, baseline_loss: facts.baseline_loss };
    let because = Text { en: "both losses are measured", zh: "两个损失都是实测值" };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}

/// Extrapolates the decrease between the last two quarters: the decrease in as many steps again, over the baseline; 0
/// if the two quarters do not differ significantly.
fn fall(evidence: &Evidence) -> f64 {
    let (steps, count) = (&evidence.steps, evidence.late().len());
    let (earlier, last) = steps[steps.len().saturating_sub(2 * count)..].split_at(count);
    let [(before, error_before), (after, error_after)] = [earlier, last].map(mean);
    let fall = before - after;
    match fall > FALL * error_before.hypot(error_after) {
        true => fall * steps.len() as f64 / count as f64 / evidence.facts.baseline_loss,
        false => 0.0,
    }
}

/// Computes the mean loss of some steps and its standard error.
fn mean(steps: &[StepRecord]) -> (f64, f64) {
    let count = steps.len() as f64;
    let mean = steps.iter().map(|step| step.loss).sum::<f64>() / count;
    let squares: f64 = steps.iter().map(|step| (step.loss - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}
