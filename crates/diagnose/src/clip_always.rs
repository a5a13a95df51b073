//! `clip-always`: the limit is so low that every step is clipped.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::norms::LARGE;
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::LEAST_STEPS;
use crate::step_too_large;
use crate::threshold::Threshold;
use crate::wording::{percent, setting, short};

const SHARE: Threshold = Threshold {
    of: Text { en: "share of late steps that are clipped", zh: "后期被裁剪的训练步比例" },
    value: 0.95,
    source: Text {
        en: "a limit of 0.5 times the mean norm clips less",
        zh: "平均范数 0.5 倍的阈值裁剪得更少",
    },
};
const BELOW: Threshold = Threshold {
    of: Text { en: "median norm over the limit", zh: "范数中位数与裁剪阈值之比" },
    value: 10.0,
    source: Text {
        en: "Pascanu et al. 2013, §3.2: a limit of 0.5 to 10 times the mean norm",
        zh: "Pascanu et al. 2013，§3.2：阈值取平均范数的 0.5 到 10 倍",
    },
};

/// Loss over the baseline below which the finding is a note.
const LEARNS: f64 = 0.6;

pub(crate) static RULE: Rule = Rule {
    code: "clip-always",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["no-better-than-baseline"],
    page: Page {
        title: Text { en: "Every step is clipped", zh: "每一步都被裁剪" },
        meaning: Text {
            en: "A limit far below the usual norm does not catch outliers: it makes every step equally long, whatever the gradient is. \
                 That hides a learning rate that is too high or, with an optimizer that does not rescale, makes all steps tiny.",
            zh: "远低于通常范数的阈值并不能拦截异常值：它让每一步都一样长，不管梯度如何。\
                 这会掩盖过高的学习率；若优化器不做缩放，则会使更新步长都极小。",
        },
        measured: Text {
            en: "The share of late steps that were clipped, and the median norm over the limit.",
            zh: "后期被裁剪的训练步比例，以及范数中位数与裁剪阈值之比。",
        },
        thresholds: &[SHARE, BELOW],
        false_alarm: Text {
            en: "it is intended, because updates of equal length are a method of their own. Adam rescales the gradient and is hardly affected",
            zh: "这是有意为之：等长的更新本身就是一种方法。Adam 会重新缩放，几乎不受影响",
        },
        remedy: Text {
            en: "A limit of about twice the median norm, if the steps are not too large and the gradient does not \
                explode. If they do, the limit is what holds the run together: lower --lr, or start with smaller \
                recurrent weights (--init orthogonal:1).",
            zh: "若更新步长不过大、梯度也不爆炸，阈值取范数中位数的两倍左右。否则正是这个阈值在维持训练：\
                 应降低 --lr，或从更小的循环权重开始（--init orthogonal:1）。",
        },
    },
    judge,
};

/// A limit that clips almost every step.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipAlways {
    /// Share of the late steps that are clipped.
    pub clipped_share: f64,
    /// Median norm before clipping.
    pub median_norm: f64,
    /// The limit.
    pub limit: f64,
}

impl ClipAlways {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (share, norm) = (percent(self.clipped_share), short(self.median_norm));
        let (ratio, limit) = (short(self.median_norm / self.limit), short(self.limit));
        match language {
            Language::English => format!(
                "{share} of the late steps are clipped: the median norm is {norm}, {ratio} times the limit of {limit}."
            ),
            Language::Chinese => format!(
                "后期 {share} 的训练步被裁剪：范数的中位数为 {norm}，是裁剪阈值 {limit} 的 {ratio} 倍。"
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let share = Text { en: "share of the late steps", zh: "后期训练步的比例" };
        vec![
            Number::compared(share, self.clipped_share, &SHARE),
            Number::compared(BELOW.of, self.median_norm / self.limit, &BELOW),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let evidence = &*evidence.with_present(&["clip"]);
    let facts = &evidence.facts;
    let Some(limit) = facts.clip_limit else { return Judgement::Silent };
    if evidence.steps.len() < LEAST_STEPS {
        return Judgement::Unknown(Needs::Steps);
    }
    let clipped_share = Evidence::clipped_share(evidence.late());
    let Some(median_norm) = evidence.log10_norm().map(|norm| 10f64.powf(norm)) else {
        return Judgement::Silent;
    };
    if clipped_share < SHARE.value || median_norm < BELOW.value * limit {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    // A higher limit would let through what makes the run bad.
    let explodes = median_norm > LARGE.value;
    if explodes || step_too_large::find(evidence).is_some() {
        let slower =
            Text { en: "a shorter step, whatever the limit is", zh: "无论阈值如何，步长都更短" };
        ways.set("lr", setting(facts.smaller_rate()), slower);
        if explodes {
            let weights = Text { en: "a gradient that grows less", zh: "让梯度增长得更少" };
            ways.set("init", "orthogonal:1", weights);
        }
    } else {
        let why = Text {
            en: "catches outliers and leaves the others alone",
            zh: "只拦截异常大的梯度，其余不变",
        };
        ways.set("clip", format!("norm:{}", setting(2.0 * median_norm)), why);
    }
    let because = Text { en: "both are measured at every step", zh: "两者在每一步都做了测量" };
    // A run that learns is hardly hurt, nor is one whose optimizer rescales the gradient.
    let learns = evidence.ended().is_some_and(|ratio| ratio < LEARNS);
    let severity = if facts.rescales() || learns { Severity::Note } else { Severity::Warning };
    Found::new(ClipAlways { clipped_share, median_norm, limit }, Confidence::High, because)
        .with_severity(severity)
        .remedies(ways)
        .into()
}
