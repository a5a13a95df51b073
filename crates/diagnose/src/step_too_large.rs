//! `step-too-large`: updates are larger than the range in which the gradient is valid.

use longspan_record::Snapshot;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::DEVELOPMENT;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::{LEAST_STEPS, median};
use crate::threshold::Threshold;
use crate::weight_decay_dominates;
use crate::wording::{and_loss, power, setting};

const UPDATE: Threshold = Threshold {
    of: Text { en: "‖Δw‖ / ‖w‖ of a step", zh: "一步的 ‖Δw‖ / ‖w‖" },
    value: 0.0125,
    source: Text {
        en: "about 1e-3 is usual (Karpathy's rule of thumb); development set of real runs: at most 0.009 in healthy runs, \
             but for one whose loss is low",
        zh: "通常约为 1e-3（Karpathy 的经验法则）；真实训练的开发集：除一个损失很低的训练外，正常训练至多为 0.009",
    },
};
/// Weights that such a step has made large hide later steps. Only for optimizers whose first step has the length of the
/// rate, whatever the gradient is.
const FIRST: Threshold = Threshold {
    of: Text {
        en: "the largest ‖Δw‖ / ‖w‖ of all snapshots, of adam, adamw and rmsprop",
        zh: "对 adam、adamw、rmsprop，所有快照中最大的 ‖Δw‖ / ‖w‖",
    },
    value: 0.2,
    source: Text {
        en: "development set of real runs: at most 0.1 in healthy runs",
        zh: "真实训练的开发集：正常训练至多为 0.1",
    },
};
const BAD: Threshold = Threshold {
    of: Text { en: "loss over the baseline", zh: "损失与基线之比" },
    value: 0.6,
    source: Text { en: "large steps that make progress do no harm", zh: "步长虽大但有进展时无害" },
};
const STALL: Threshold = Threshold {
    of: Text {
        en: "fall of the training loss in the last quarter, over the baseline",
        zh: "最后四分之一中训练损失的下降量与基线之比",
    },
    value: 0.05,
    source: DEVELOPMENT,
};
const WORSE: Threshold = Threshold {
    of: Text {
        en: "late training loss over the best before", zh: "后期训练损失与此前最低训练损失之比"
    },
    value: 2.0,
    source: DEVELOPMENT,
};
/// Below this share of the baseline, a training loss that doubles is noise.
const LOW: f64 = 0.1;

pub(crate) static RULE: Rule = Rule {
    code: "step-too-large",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "exploding-gradient",
        "clip-missing",
        "saturated-units",
        "dead-units",
        "stuck-gates",
        "vanishing-across-layers",
        "vanishing-gradient",
        "clip-always",
        "chaotic-dynamics",
        "sensitivity-explosion",
        "horizon-below-need",
        "majority-class",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "The steps are too large", zh: "更新步长过大" },
        meaning: Text {
            en: "The gradient points downhill only for a short distance. After a longer step, the loss jumps, rises, \
                or stays high because units are saturated.",
            zh: "梯度只在很短的距离内指明下降方向。走得更远就可能落在任何地方：\
                 损失跳动、上升，或停在单元饱和的地方。",
        },
        measured: Text {
            en: "‖Δw‖ / ‖w‖ of all weights at the steps with a snapshot, without the first tenth of the run, in which \
                weights near zero grow to their size; and the loss: validation over the baseline, and whether the \
                training loss stalls, or was better before. Validation and training losses are not compared with each \
                other: a validation loss that rises alone is overfitting.",
            zh: "在有快照的训练步上，全部权重的 ‖Δw‖ / ‖w‖，不计训练的前十分之一（接近零的权重在那里增长到应有的大小）；\
                 以及损失：验证损失与基线之比，训练损失是否停滞、之前是否更好。\
                 验证损失不与训练损失相比：只有验证损失上升属于过拟合。",
        },
        thresholds: &[UPDATE, FIRST, BAD, STALL, WORSE],
        false_alarm: Text {
            en: "the run has just begun, or noise in the data dominates the loss",
            zh: "训练刚刚开始，或数据的噪声决定了损失",
        },
        remedy: Text {
            en: "A lower --lr: for adam, adamw, rmsprop and adagrad 2e-3 or less, for sgd a tenth. Start again: weights \
                that large steps have scattered do not recover. --schedule cosine ends with small steps.",
            zh: "更低的 --lr：adam、adamw、rmsprop、adagrad 用 2e-3 或更小，sgd 用十分之一。重新开始训练：\
                 已被过大的步长打散的权重不会恢复。--schedule cosine 以小步长结束。",
        },
    },
    judge,
};

/// Large updates together with a bad loss.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTooLarge {
    /// log10 of ‖Δw‖ / ‖w‖: the median over the snapshots after the start.
    pub log10_median_update: f64,
    /// The largest of all snapshots.
    pub log10_largest_update: f64,
    /// Snapshots.
    pub snapshots: usize,
    /// Loss at the end over the baseline.
    pub late_ratio: f64,
    /// Fall of the training loss in the last quarter over the baseline; NaN if it is noise or there are too few steps.
    pub fall_ratio: f64,
    /// Late training loss over the best training loss; NaN if it is low.
    pub worse_ratio: f64,
}

impl StepTooLarge {
    /// Whether the steps are as large throughout as [`UPDATE`], rather than only at the start.
    fn throughout(&self) -> bool {
        self.log10_median_update > UPDATE.value.log10()
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let loss = and_loss(self.late_ratio, language);
        let (usual, largest) = (power(self.log10_median_update), power(self.log10_largest_update));
        let count = self.snapshots;
        match (language, self.throughout()) {
            (Language::English, true) => format!(
                "The median update is {usual} times the norm of the weights ({count} snapshot{}){loss}.",
                if count == 1 { "" } else { "s" }
            ),
            (Language::English, false) => format!(
                "An update was {largest} times the norm of the weights ({count} snapshot{}){loss}.",
                if count == 1 { "" } else { "s" }
            ),
            (Language::Chinese, true) => {
                format!("一步更新对权重的改变，中位数是其范数的 {usual} 倍（共 {count} 个快照）{loss}。")
            }
            (Language::Chinese, false) => {
                format!("曾有一步更新对权重的改变达到其范数的 {largest} 倍（共 {count} 个快照）{loss}。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let median = Text { en: "update over weights, median", zh: "更新量与权重之比，中位数" };
        let largest = Text { en: "update over weights, maximum", zh: "更新量与权重之比，最大值" };
        let late = Text { en: "late loss over the baseline", zh: "后期损失与基线之比" };
        vec![
            Number::compared(median, 10f64.powf(self.log10_median_update), &UPDATE),
            Number::compared(largest, 10f64.powf(self.log10_largest_update), &FIRST),
            Number::compared(late, self.late_ratio, &BAD),
            Number::compared(STALL.of, self.fall_ratio, &STALL),
            Number::compared(WORSE.of, self.worse_ratio, &WORSE),
        ]
    }
}

/// What is found; None if the steps are not too large.
pub(crate) fn find(evidence: &Evidence) -> Option<StepTooLarge> {
    let log10 = |snapshot: &Snapshot| snapshot.log10_update_ratio;
    let all: Vec<f64> = evidence.snapshots().map(log10).collect();
    // A run that failed early may have nothing but its start.
    let mut settled: Vec<f64> = evidence.settled().map(log10).collect();
    if settled.is_empty() && evidence.fault.is_some() {
        settled = all.iter().skip(1).copied().collect();
    }
    let typical = median(settled.iter().copied()).unwrap_or(f64::NAN);
    let largest = all.iter().copied().filter(|x| !x.is_nan()).reduce(f64::max)?;
    // The steps of adagrad shrink from the first one on.
    let of_rate = ["adam", "adamw", "rmsprop"].contains(&evidence.facts.setting("optimizer"));
    let first = of_rate && largest > FIRST.value.log10();
    if !(typical > UPDATE.value.log10() || first) {
        return None;
    }
    // A decay that pulls harder than the gradient makes updates large by itself.
    if weight_decay_dominates::find(evidence).is_some() {
        return None;
    }
    let late_ratio = evidence.ended().unwrap_or(f64::NAN);
    let fall = evidence.trend().filter(|trend| trend.falls()).and_then(|t| evidence.over_baseline(t.fall()));
    let fall_ratio = fall.unwrap_or(f64::NAN);
    let worse_ratio = evidence.training_extremes().map_or(f64::NAN, |(best, late)| {
        let high = evidence.over_baseline(late).is_some_and(|ratio| ratio > LOW);
        if high { late / best } else { f64::NAN }
    });
    let stalls = fall_ratio.is_nan() || fall_ratio <= STALL.value || late_ratio > 1.0;
    let bad = late_ratio.is_nan() || late_ratio > BAD.value && stalls;
    (bad || worse_ratio > WORSE.value).then_some(StepTooLarge {
        log10_median_update: typical,
        log10_largest_update: largest,
        snapshots: all.len(),
        late_ratio,
        fall_ratio,
        worse_ratio,
    })
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if evidence.steps.len() < LEAST_STEPS && evidence.fault.is_none() {
        return Judgement::Unknown(Needs::Steps);
    }
    if evidence.snapshots().next().is_none() {
        return Judgement::Unknown(Needs::Norms);
    }
    let Some(found) = find(evidence) else { return Judgement::Silent };
    let because = Text {
        en: "large steps and a bad loss occur together",
        zh: "更新步长过大与损失不佳同时出现",
    };
    let mut ways = Remedies::new(facts);
    let smaller = match facts.rescales() {
        true => Text {
            en: "a usual rate for an optimizer that rescales the gradient",
            zh: "会缩放梯度的优化器的常用学习率",
        },
        false => Text { en: "a fifth of the step", zh: "五分之一的步长" },
    };
    ways.set("lr", setting(facts.smaller_rate()), smaller);
    ways.set("schedule", "cosine", Text { en: "steps that become smaller and smaller", zh: "步长越来越小" });
    Found::new(found, Confidence::Medium, because).remedies(ways).into()
}
