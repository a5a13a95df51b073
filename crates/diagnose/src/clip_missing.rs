//! `clip-missing`: gradients are far too large, and nothing limits them.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::norms::{Harm, LARGE, TAIL, harm};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::LEAST_STEPS;
use crate::wording::setting;

pub(crate) static RULE: Rule = Rule {
    code: "clip-missing",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["saturated-units", "dead-units", "no-better-than-baseline"],
    page: Page {
        title: Text {
            en: "Nothing limits the gradient, and some gradients are very large",
            zh: "没有裁剪梯度，而有些梯度非常大",
        },
        meaning: Text {
            en: "The loss surface of recurrent networks has cliffs, where the gradient is suddenly hundreds of times larger. One such \
                 step can undo thousands. Clipping shortens it and keeps its direction.",
            zh: "循环网络的损失面有悬崖：梯度会突然增大数百倍。\
                 这样的一步可以毁掉数千步的成果。裁剪缩短它的长度，保持它的方向。",
        },
        measured: Text {
            en: "The largest norms over the median; and whether a step failed because its gradient grew.",
            zh: "最大的范数与中位数之比；以及是否有一步因梯度增大而失败。",
        },
        thresholds: &[TAIL, LARGE],
        false_alarm: Text {
            en: "the large gradients occur only at the beginning, when the network leaves its initial weights: the first tenth of the \
                 steps does not count",
            zh: "大的梯度只出现在开头，即网络离开初始权重的时候：前十分之一的训练步不计入",
        },
        remedy: Text {
            en: "--clip norm:C with C about twice the median norm.",
            zh: "--clip norm:C，C 约为范数中位数的两倍。",
        },
    },
    judge,
};

/// Large gradients that are not clipped.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipMissing {
    /// What is wrong with the gradients.
    pub harm: Harm,
    /// Largest norm over the median.
    pub tail_ratio: f64,
    /// Median norm.
    pub median_norm: f64,
}

impl ClipMissing {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let harm = self.harm.text(language);
        match language {
            Language::English => format!("Gradients are not clipped, and {harm}."),
            Language::Chinese => format!("没有梯度裁剪，并且{harm}。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let tail = Text { en: "largest norm over the median", zh: "最大范数与中位数之比" };
        vec![
            Number::compared(tail, self.tail_ratio, &TAIL),
            Number::compared(LARGE.of, self.median_norm, &LARGE),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let evidence = &*evidence.with_present(&["clip"]);
    let facts = &evidence.facts;
    if facts.clips {
        return Judgement::Silent;
    }
    if evidence.steps.len() < LEAST_STEPS && evidence.fault.is_none() {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some((tail_ratio, harm)) = harm(evidence) else { return Judgement::Silent };
    let median_norm = evidence.log10_norm().map_or(f64::NAN, |norm| 10f64.powf(norm));
    let limit = if median_norm.is_finite() { (2.0 * median_norm).min(1.0) } else { 1.0 };
    let mut ways = Remedies::new(facts);
    let why = Text {
        en: "shortens outliers and keeps their direction",
        zh: "只缩短异常大的梯度，保持其方向",
    };
    ways.set("clip", format!("norm:{}", setting(limit)), why);
    let because = Text { en: "norms are measured at every step", zh: "每一步都测量了范数" };
    Found::new(ClipMissing { harm, tail_ratio, median_norm }, Confidence::High, because).remedies(ways).into()
}
