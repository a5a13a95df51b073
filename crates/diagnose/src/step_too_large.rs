//! `step-too-large`: updates are larger than the range in which the gradient is valid.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::{LEAST_STEPS, median};
use crate::threshold::Threshold;
use crate::wording::{CALIBRATED, of_baseline, power, setting};

const UPDATE: Threshold = Threshold {
    of: Text { en: "‖Δw‖ / ‖w‖ of a step", zh: "一步的 ‖Δw‖ / ‖w‖" },
    value: 0.03,
    source: Text {
        en: "about 1e-3 is usual (Karpathy's rule of thumb); calibration half of the fault-injection benchmark",
        zh: "通常约为 1e-3（Karpathy 的经验法则）；故障注入基准测试的校准半集",
    },
};
/// Weights that such steps have made large hide later steps, so a single snapshot is enough.
const LARGEST: Threshold = Threshold {
    of: Text {
        en: "the largest ‖Δw‖ / ‖w‖ of all snapshots", zh: "所有快照中最大的 ‖Δw‖ / ‖w‖"
    },
    value: 0.1,
    source: Text {
        en: "calibration half of the fault-injection benchmark: 0.06 in healthy runs",
        zh: "故障注入基准测试的校准半集：正常训练为 0.06",
    },
};
const BAD: Threshold = Threshold {
    of: Text { en: "loss over the baseline", zh: "损失与基线之比" },
    value: 0.6,
    source: Text { en: "large steps that make progress do no harm", zh: "步长虽大但有进展时无害" },
};
const WORSE: Threshold = Threshold {
    of: Text { en: "late loss over the best before", zh: "后期损失与此前最低损失之比" },
    value: 1.5,
    source: CALIBRATED,
};

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
        "loss-at-chance",
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
            en: "‖Δw‖ / ‖w‖ of all weights at the steps with a snapshot, and the loss: how bad it is, and whether it was better before.",
            zh: "在有快照的训练步上，全部权重的 ‖Δw‖ / ‖w‖；以及损失：有多差，之前是否更好。",
        },
        thresholds: &[UPDATE, LARGEST, BAD, WORSE],
        false_alarm: Text {
            en: "the updates are large only at the beginning, while weights near zero grow to their size",
            zh: "从接近零开始的权重一下子翻倍，然后稳定下来：只有持续的现象才算数",
        },
        remedy: Text {
            en: "A lower --lr; --schedule cosine ends with small steps.",
            zh: "更低的 --lr；--schedule cosine 以小步长结束。",
        },
    },
    judge,
};

/// Large updates together with a bad loss.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTooLarge {
    /// log10 of ‖Δw‖ / ‖w‖: the median over the snapshots.
    pub log10_median_update: f64,
    /// The largest of them.
    pub log10_largest_update: f64,
    /// Snapshots.
    pub snapshots: usize,
    /// Late loss over the baseline.
    pub late_ratio: f64,
    /// Late loss over the best loss.
    pub worse_ratio: f64,
}

impl StepTooLarge {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (update, loss) = (power(self.log10_largest_update), of_baseline(self.late_ratio, language));
        match language {
            Language::English => format!(
                "An update is up to {update} times the norm of the weights ({} snapshot{}), and the loss is {loss}.",
                self.snapshots,
                if self.snapshots == 1 { "" } else { "s" }
            ),
            Language::Chinese => format!(
                "一步更新对权重的改变最大达到其范数的 {update}（共 {} 个快照），而损失是{loss}。",
                self.snapshots
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let median = Text { en: "update over weights, median", zh: "更新量与权重之比，中位数" };
        let largest = Text { en: "update over weights, maximum", zh: "更新量与权重之比，最大值" };
        let late = Text { en: "late loss over the baseline", zh: "后期损失与基线之比" };
        let worse = Text { en: "late loss over the best", zh: "后期损失与最低损失之比" };
        vec![
            Number::compared(median, 10f64.powf(self.log10_median_update), &UPDATE),
            Number::compared(largest, 10f64.powf(self.log10_largest_update), &LARGEST),
            Number::compared(late, self.late_ratio, &BAD),
            Number::compared(worse, self.worse_ratio, &WORSE),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if evidence.steps.len() < LEAST_STEPS && evidence.fault.is_none() {
        return Judgement::Unknown(Needs::Steps);
    }
    let ratios: Vec<f64> = evidence.snapshots().map(|snapshot| snapshot.log10_update_ratio).collect();
    if ratios.is_empty() {
        return Judgement::Unknown(Needs::Norms);
    }
    let typical = median(ratios.iter().copied());
    let largest = ratios.iter().copied().reduce(f64::max);
    let (Some(typical), Some(largest)) = (typical, largest) else { return Judgement::Silent };
    let (late, best) = (evidence.late_loss().unwrap_or(f64::NAN), evidence.best_loss().unwrap_or(f64::NAN));
    let ratio = late / facts.baseline_loss;
    let worse = late / best;
    let large = typical > UPDATE.value.log10() || largest > LARGEST.value.log10();
    let harm = ratio > BAD.value || worse > WORSE.value || late.is_nan();
    if !(large && harm) {
        return Judgement::Silent;
    }
    let found = StepTooLarge {
        log10_median_update: typical,
        log10_largest_update: largest,
        snapshots: ratios.len(),
        late_ratio: ratio,
        worse_ratio: worse,
    };
    let because = Text {
        en: "large steps and a bad loss occur together",
        zh: "更新步长过大与损失不佳同时出现",
    };
    let mut ways = Remedies::new(facts);
    let tenth = Text { en: "a tenth of the step", zh: "十分之一的步长" };
    ways.set("lr", setting(facts.lr / 10.0), tenth);
    ways.set("schedule", "cosine", Text { en: "steps that become smaller and smaller", zh: "步长越来越小" });
    Found::new(found, Confidence::Medium, because).remedies(ways).into()
}
