//! `step-too-small`: updates so small that the weights hardly move.

use crate::evidence::{Evidence, Facts};
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::USUAL_RATE;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::{LEAST_STEPS, median};
use crate::threshold::Threshold;
use crate::wording::{of_baseline, power, setting, short, three_digits};

const UPDATE: Threshold = Threshold {
    of: Text { en: "median ‖Δw‖ / ‖w‖", zh: "‖Δw‖ / ‖w‖ 的中位数" },
    value: 1e-4,
    source: Text {
        en: "about 1e-3 is usual (Karpathy's rule of thumb); 4e-5 or less where training was too slow in the development set of real runs",
        zh: "通常约为 1e-3（Karpathy 的经验法则）；真实训练的开发集：训练过慢时为 4e-5 或更小",
    },
};
const BAD: Threshold = Threshold {
    of: Text { en: "loss over the baseline", zh: "损失与基线之比" },
    value: 0.9,
    source: Text {
        en: "small steps are normal at the end of a run that has learned; development set of real runs",
        zh: "已经学到东西的训练，步长变小只是接近结束；真实训练的开发集",
    },
};
const CUT: Threshold = Threshold {
    of: Text {
        en: "median norm over the clipping limit, for sgd", zh: "范数中位数与裁剪阈值之比（sgd）"
    },
    value: 10.0,
    source: Text {
        en: "a limit that makes steps ten times shorter is the reason, rather than the rate",
        zh: "阈值使步长缩短到十分之一时，原因是阈值而不是学习率",
    },
};
const ENDED: Threshold = Threshold {
    of: Text {
        en: "median late rate over the largest rate", zh: "后期学习率的中位数与最大学习率之比"
    },
    value: 0.1,
    source: Text {
        en: "a schedule that makes steps ten times shorter is the reason",
        zh: "学习率计划使步长缩短到十分之一时，原因是计划",
    },
};

/// A loss over the first one, from which on it has risen.
const RISEN: f64 = 2.0;

/// Share of the rate from which on a warm-up counts as ended.
const WHOLE: f64 = 0.99;

/// Median gradient norm below which small steps of sgd are no fault of its rate.
const TINY_NORM: f64 = 0.03;

pub(crate) static RULE: Rule = Rule {
    code: "step-too-small",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "vanishing-across-layers",
        "vanishing-gradient",
        "clip-always",
        "horizon-below-need",
        "majority-class",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "The steps are too small", zh: "更新步长过小" },
        meaning: Text {
            en: "The weights hardly move, so the loss stays near that of the initial weights, or falls too slowly to arrive. \
                The reason is the learning rate, a clipping limit far below the norms (for sgd, which does not rescale), \
                or a schedule that has ended.",
            zh: "权重几乎不动，因此损失停在初始权重附近，或下降得太慢。原因是学习率、远低于范数的裁剪阈值（对不做缩放的 sgd），\
                 或已经结束的学习率计划。",
        },
        measured: Text {
            en: "‖Δw‖ / ‖w‖ of all weights at the steps with a snapshot, without the first tenth of the run; the loss over the \
                 baseline; norms before clipping, and the rate of each step.",
            zh: "在有快照的训练步上，全部权重的 ‖Δw‖ / ‖w‖（不计训练的前十分之一）；损失与基线之比；裁剪前的范数，以及每一步的学习率。",
        },
        thresholds: &[UPDATE, BAD, CUT, ENDED],
        false_alarm: Text {
            en: "the run continues from trained weights and is meant to change little",
            zh: "训练从已训练的权重继续，本来就只应有很小的变化",
        },
        remedy: Text {
            en: "A higher --lr: 2e-3 for adam, adamw and rmsprop; for sgd ten to a hundred times as much, with --momentum 0.9. A \
                 limit of about twice the median norm, or --schedule cosine over the planned steps, where that is the reason.",
            zh: "更高的 --lr：adam、adamw、rmsprop 用 2e-3；sgd 用十到一百倍，并加 --momentum 0.9。\
                 若原因是裁剪，阈值取范数中位数的两倍左右；若原因是计划，用覆盖计划步数的 --schedule cosine。",
        },
    },
    judge,
};

/// What makes the steps small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmallBecause {
    /// The learning rate.
    Rate,
    /// The clipping limit.
    Clip,
    /// The schedule.
    Schedule,
}

/// Updates that are too small.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTooSmall {
    /// What makes them small.
    pub reason: SmallBecause,
    /// log10 of ‖Δw‖ / ‖w‖: the median over the snapshots after the start.
    pub log10_median_update: f64,
    /// Loss at the end over the baseline.
    pub ended_ratio: f64,
    /// The largest learning rate.
    pub lr: f64,
    /// Median late rate over the largest.
    pub late_rate_share: f64,
    /// Median norm over the clipping limit; NaN if the limit does not matter.
    pub norm_over_limit: f64,
}

impl StepTooSmall {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (update, loss) = (power(self.log10_median_update), of_baseline(self.ended_ratio, language));
        let [rate, late] = [self.lr, self.late_rate_share * self.lr].map(three_digits);
        let cut = short(self.norm_over_limit);
        let because = match (self.reason, language) {
            (SmallBecause::Rate, Language::English) => format!("the learning rate of {rate} is too small"),
            (SmallBecause::Clip, Language::English) => {
                format!("the clipping limit makes the gradient {cut} times shorter")
            }
            (SmallBecause::Schedule, Language::English) => {
                format!("the schedule has reduced the learning rate from {rate} to {late}")
            }
            (SmallBecause::Rate, Language::Chinese) => format!("学习率 {rate} 太小"),
            (SmallBecause::Clip, Language::Chinese) => format!("裁剪阈值把梯度缩短到 1/{cut}"),
            (SmallBecause::Schedule, Language::Chinese) => {
                format!("学习率计划已把学习率从 {rate} 降到 {late}")
            }
        };
        match language {
            Language::English => format!(
                "The median update is {update} times the norm of the weights, and the loss is {loss}: {because}."
            ),
            Language::Chinese => {
                format!("更新量的中位数只有权重范数的 {update} 倍，而损失是{loss}：{because}。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let rate = Text { en: "learning rate", zh: "学习率" };
        vec![
            Number::compared(UPDATE.of, 10f64.powf(self.log10_median_update), &UPDATE),
            Number::compared(BAD.of, self.ended_ratio, &BAD),
            Number::plain(rate, self.lr),
            Number::compared(CUT.of, self.norm_over_limit, &CUT),
            Number::compared(ENDED.of, self.late_rate_share, &ENDED),
        ]
    }
}

/// What is found; None if the steps are not too small.
pub(crate) fn find(evidence: &Evidence) -> Option<StepTooSmall> {
    let evidence = &*evidence.with_present(&["lr", "schedule", "clip"]);
    let facts = &evidence.facts;
    // The last step of a cosine has no rate, and a warm-up that has not ended says nothing of the rate that follows.
    let largest = evidence.steps.iter().map(|step| step.lr).fold(0.0, f64::max);
    if evidence.steps.last().is_some_and(|step| step.lr == largest && step.lr < WHOLE * facts.lr) {
        return None;
    }
    // A loss that has risen was not left where it began: the steps before were too large.
    let late_loss = median(evidence.late().iter().map(|step| step.loss));
    if evidence.steps.first().zip(late_loss).is_some_and(|(first, late)| late > RISEN * first.loss) {
        return None;
    }
    let ratios = evidence.settled_steps().filter(|step| step.lr != 0.0);
    let update = median(ratios.filter_map(|step| Some(step.snapshot.as_ref()?.log10_update_ratio)))?;
    let ended_ratio = evidence.ended()?;
    if !(update < UPDATE.value.log10() && ended_ratio > BAD.value) || evidence.steps.len() < LEAST_STEPS {
        return None;
    }
    let late_rate = median(evidence.late().iter().map(|step| step.lr)).unwrap_or(facts.lr);
    let late_rate_share = if facts.lr > 0.0 { late_rate / facts.lr } else { f64::NAN };
    let norm = evidence.log10_norm().map_or(f64::NAN, |norm| 10f64.powf(norm));
    let norm_over_limit = match facts.clip_limit {
        Some(limit) if !facts.rescales() => norm / limit,
        _ => f64::NAN,
    };
    // For sgd, a gradient that is tiny by itself makes small steps at any rate.
    if !facts.rescales() && norm < TINY_NORM {
        return None;
    }
    let reason = match () {
        () if norm_over_limit > CUT.value => SmallBecause::Clip,
        () if late_rate_share < ENDED.value => SmallBecause::Schedule,
        () => SmallBecause::Rate,
    };
    let lr = facts.lr;
    Some(StepTooSmall {
        reason,
        log10_median_update: update,
        ended_ratio,
        lr,
        late_rate_share,
        norm_over_limit,
    })
}

/// A rate at which the median update is the usual one: for optimizers that rescale, their usual rate, for sgd ten to a
/// hundred times the rate.
fn larger_rate(facts: &Facts, log10_update: f64) -> f64 {
    match facts.rescales() {
        true if facts.lr < USUAL_RATE => USUAL_RATE,
        true => facts.lr * 10.0,
        false => facts.lr * 10f64.powf((-3.0 - log10_update).clamp(1.0, 2.0)),
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if evidence.steps.len() < LEAST_STEPS {
        return Judgement::Unknown(Needs::Steps);
    }
    if evidence.snapshots().next().is_none() {
        return Judgement::Unknown(Needs::Norms);
    }
    let Some(found) = find(evidence) else { return Judgement::Silent };
    let mut ways = Remedies::new(facts);
    match found.reason {
        SmallBecause::Rate => {
            let why = Text { en: "steps of the usual size", zh: "通常大小的更新步长" };
            let rate = setting(larger_rate(facts, found.log10_median_update));
            if facts.setting("optimizer") == "sgd" {
                ways.set_all([("lr", rate), ("momentum", "0.9".into())], why);
            } else {
                ways.set("lr", rate, why);
            }
        }
        SmallBecause::Clip => {
            let limit = facts.clip_limit.unwrap_or(1.0) * found.norm_over_limit * 2.0;
            let why = Text {
                en: "a limit that leaves usual gradients alone",
                zh: "不改变通常梯度的裁剪阈值",
            };
            ways.set("clip", format!("norm:{}", setting(limit)), why);
        }
        SmallBecause::Schedule => {
            let why = Text {
                en: "a rate that falls over all of the planned steps",
                zh: "让学习率在全部计划步数上逐渐下降",
            };
            ways.set("schedule", "cosine", why);
            let constant = Text { en: "a rate that does not fall", zh: "不下降的学习率" };
            ways.set("schedule", "constant", constant);
        }
    }
    if facts.setting("optimizer") == "sgd" {
        let why = Text {
            en: "steps that do not depend on the size of the gradient",
            zh: "让步长不依赖梯度的大小",
        };
        ways.set_all([("optimizer", "adam".into()), ("lr", "0.002".into())], why);
    }
    let because = Text {
        en: "updates are measured, and the loss is that of hardly changed weights",
        zh: "更新量是实测值，而损失就是几乎没有变化的权重的损失",
    };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}
