//! Harmful gradient norms, for the rules about clipping.

use longspan_record::Cause;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::signals::{LEAST_STEPS, quantile};
use crate::threshold::Threshold;
use crate::wording::{CALIBRATED, short};

pub(crate) const TAIL: Threshold = Threshold {
    of: Text {
        en: "largest norms (99.5th percentile) over the median",
        zh: "最大范数（第 99.5 百分位）与中位数之比",
    },
    value: 30.0,
    source: CALIBRATED,
};
/// Median norm that is harmful on its own.
pub(crate) const LARGE: Threshold =
    Threshold { of: Text { en: "median norm", zh: "范数的中位数" }, value: 100.0, source: CALIBRATED };

/// What is wrong with the gradients of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Harm {
    /// A gradient grew until it overflowed.
    Overflow,
    /// The median norm is large.
    Large {
        /// The median.
        median_norm: f64,
    },
    /// A few gradients are far larger than the others, and the model learns little.
    HeavyTail {
        /// The 99.5th percentile over the median.
        tail_ratio: f64,
    },
}

impl Harm {
    /// Returns the rest of a sentence about the gradients.
    pub(crate) fn text(self, language: Language) -> String {
        match (self, language) {
            (Self::Overflow, Language::English) => "a gradient grew until it overflowed".into(),
            (Self::Overflow, Language::Chinese) => "有一个梯度增大到溢出".into(),
            (Self::Large { median_norm }, Language::English) => {
                format!("the median gradient norm is {}", short(median_norm))
            }
            (Self::Large { median_norm }, Language::Chinese) => {
                format!("梯度范数的中位数为 {}", short(median_norm))
            }
            (Self::HeavyTail { tail_ratio }, Language::English) => {
                format!("the largest gradient norms are {} times the median", short(tail_ratio))
            }
            (Self::HeavyTail { tail_ratio }, Language::Chinese) => {
                format!("最大的梯度范数是中位数的 {} 倍", short(tail_ratio))
            }
        }
    }
}

/// Returns the tail ratio of the norms and their harm; None if they are harmless.
pub(crate) fn harm(evidence: &Evidence) -> Option<(f64, Harm)> {
    // The first tenth of the run does not count.
    let settled = &evidence.steps[evidence.steps.len() / 10..];
    let norms = || settled.iter().map(|step| step.log10_global_norm);
    let middle = quantile(norms(), 0.5).unwrap_or(f64::NAN);
    let tail = 10f64.powf(quantile(norms(), 0.995).unwrap_or(f64::NAN) - middle);
    if evidence.fault.as_ref().is_some_and(|fault| fault.cause == Cause::GradientGrowth) {
        return Some((tail, Harm::Overflow));
    }
    if middle > LARGE.value.log10() {
        return Some((tail, Harm::Large { median_norm: 10f64.powf(middle) }));
    }
    // Large gradients of a run with a good loss are harmless. With constant targets the baseline is exact, and the norms
    // fall towards 0, beside which the first ones look large.
    let bad = evidence.ended().is_some_and(|ratio| ratio > 0.9) && !evidence.has_constant_targets();
    let harmful = tail > TAIL.value && bad && settled.len() >= LEAST_STEPS;
    harmful.then_some((tail, Harm::HeavyTail { tail_ratio: tail }))
}
