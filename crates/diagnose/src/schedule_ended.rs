//! `schedule-ended`: the schedule made the learning rate tiny long before the end.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::{JUDGEMENT, mean};
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::step_too_small;
use crate::threshold::Threshold;
use crate::wording::{of_baseline, percent, short};

const TINY: Threshold = Threshold {
    of: Text { en: "learning rate over the largest one", zh: "学习率与最大学习率之比" },
    value: 0.01,
    source: Text {
        en: "a cosine is below it for the last 6 % of its steps",
        zh: "余弦计划只在最后 6 % 的步数低于它",
    },
};
const SHARE: Threshold = Threshold {
    of: Text { en: "share of the steps after the schedule", zh: "计划结束之后的训练步比例" },
    value: 0.25,
    source: JUDGEMENT,
};
const FALLING: Threshold = Threshold {
    of: Text {
        en: "fall of the training loss in the last quarter before that, over the baseline",
        zh: "此前最后四分之一中训练损失的下降量与基线之比",
    },
    value: 0.01,
    source: Text {
        en: "a loss that did not fall any more lost nothing", zh: "已不再下降的损失没有因此受损"
    },
};
const BAD: Threshold = Threshold {
    of: Text { en: "loss over the baseline", zh: "损失与基线之比" },
    value: 0.3,
    source: Text { en: "a run with a low loss has arrived", zh: "损失低的训练已经完成" },
};

pub(crate) static RULE: Rule = Rule {
    code: "schedule-ended",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["majority-class", "no-better-than-baseline"],
    page: Page {
        title: Text {
            en: "The schedule ended long before the run", zh: "学习率计划远在训练结束前就已结束"
        },
        meaning: Text {
            en: "The schedule has reduced the learning rate to almost nothing while the loss still fell. The steps after that \
                change nothing, so they are lost.",
            zh: "损失还在下降时，计划已把学习率降到几乎为零。其后的训练步不再改变什么，全部浪费。",
        },
        measured: Text {
            en: "The learning rate of each step over the largest one, and the fall of the training loss before the rate became tiny.",
            zh: "每一步的学习率与最大学习率之比，以及学习率变得极小之前训练损失的下降量。",
        },
        thresholds: &[TINY, SHARE, FALLING, BAD],
        false_alarm: Text {
            en: "the run continues a finished one, only to keep its weights",
            zh: "训练只是接着一个已完成的训练，以保留其权重",
        },
        remedy: Text {
            en: "--schedule cosine, which ends with the planned steps; or halve_after and step with larger numbers, plateau with more \
                 patience.",
            zh: "--schedule cosine，它与计划步数同时结束；或给 halve_after、step 更大的数值，给 plateau 更多的耐心。",
        },
    },
    judge,
};

/// A schedule that ended long before the run.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleEnded {
    /// First step with a tiny rate.
    pub step: u64,
    /// Share of the steps from there on.
    pub share: f64,
    /// The last learning rate over the largest.
    pub rate_share: f64,
    /// Fall of the training loss before, over the baseline.
    pub fall_ratio: f64,
    /// Loss at the end over the baseline.
    pub ended_ratio: f64,
    /// Name of the schedule.
    pub schedule: String,
}

impl ScheduleEnded {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { step, schedule, .. } = self;
        let (share, rate) = (percent(self.share), short(self.rate_share));
        let loss = of_baseline(self.ended_ratio, language);
        match language {
            Language::English => format!(
                "From step {step} on ({share} of the run) the schedule {schedule} holds the learning rate below 1 % of its \
                 largest value ({rate} of it at the end), and the loss stays at {loss}."
            ),
            Language::Chinese => format!(
                "从第 {step} 步起（占训练的 {share}），计划 {schedule} 使学习率低于最大值的 1 %（结束时为 {rate}），\
                 而损失停在{loss}。"
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(TINY.of, self.rate_share, &TINY),
            Number::compared(SHARE.of, self.share, &SHARE),
            Number::compared(FALLING.of, self.fall_ratio, &FALLING),
            Number::compared(BAD.of, self.ended_ratio, &BAD),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let evidence = &*evidence.with_present(&["lr", "schedule"]);
    let facts = &evidence.facts;
    let steps = &evidence.steps;
    let tiny = |lr: f64| lr < TINY.value * facts.lr;
    let after = steps.iter().rev().take_while(|step| tiny(step.lr)).count();
    let (before, tail) = steps.split_at(steps.len() - after);
    let quarter = before.len() / 4;
    let (Some(first), Some(last)) = (tail.first(), tail.last()) else { return Judgement::Silent };
    let share = after as f64 / steps.len() as f64;
    let half = &before[before.len() - 2 * quarter..];
    let means = mean(&half[..quarter]).zip(mean(&half[quarter..]));
    let ratios = means.and_then(|(a, b)| Some((evidence.over_baseline(a - b)?, evidence.ended()?)));
    let Some((fall_ratio, ended_ratio)) = ratios else { return Judgement::Silent };
    let lost = share > SHARE.value && fall_ratio > FALLING.value && ended_ratio > BAD.value;
    if !lost || step_too_small::find(evidence).is_some() {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let why = Text {
        en: "a rate that falls over all of the planned steps",
        zh: "让学习率在全部计划步数上逐渐下降",
    };
    ways.set("schedule", "cosine", why);
    let constant = Text { en: "a rate that does not fall", zh: "不下降的学习率" };
    ways.set("schedule", "constant", constant);
    let found = ScheduleEnded {
        step: first.step,
        share,
        rate_share: last.lr / facts.lr,
        fall_ratio,
        ended_ratio,
        schedule: facts.setting("schedule").to_owned(),
    };
    let because = Text {
        en: "rates and losses of all steps are recorded",
        zh: "所有步的学习率与损失都有记录",
    };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}
