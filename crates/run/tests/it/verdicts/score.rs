//! Precision and recall of findings, with intervals.
//!
//! ```text
//! required and found: right      required and not found: missed      found, neither required nor permitted: false alarm
//! recall = right / (right + missed)        precision = right / (right + false alarms)
//! interval  (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)        z = 1.96
//! ```
//!
//! A finding that is permitted but not required counts neither as right nor as wrong.
//!
//! # References
//! Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

use super::plan::{Code, Plan};

/// Counts over runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) right: usize,
    pub(crate) missed: usize,
    pub(crate) false_alarms: usize,
}

impl Counts {
    /// Adds the result of one run. `codes` are codes that a rule does not distinguish.
    pub(crate) fn add(&mut self, plan: &Plan, codes: &[Code], found: bool) {
        let any = |of: &[Code]| of.iter().any(|code| codes.contains(code));
        let required = any(&plan.required);
        self.right += usize::from(required && found);
        self.missed += usize::from(required && !found);
        self.false_alarms += usize::from(found && !required && !any(&plan.permitted));
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            right: self.right + other.right,
            missed: self.missed + other.missed,
            false_alarms: self.false_alarms + other.false_alarms,
        }
    }

    pub(crate) fn recall(self) -> Share {
        Share { of: self.right + self.missed, hits: self.right }
    }

    pub(crate) fn precision(self) -> Share {
        Share { of: self.right + self.false_alarms, hits: self.right }
    }
}

/// A share of a number of cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    pub(crate) hits: usize,
    pub(crate) of: usize,
}

impl Share {
    /// The share; NaN without cases.
    pub(crate) fn value(self) -> f64 {
        self.hits as f64 / self.of as f64
    }

    /// Wilson's 95 % interval; 0 to 1 without cases.
    pub(crate) fn interval(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, p, z) = (self.of as f64, self.value(), 1.959_963_984_540_054_f64);
        let middle = p + z * z / (2.0 * n);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let of = |x: f64| (x / (1.0 + z * z / n)).clamp(0.0, 1.0);
        (of(middle - half), of(middle + half))
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.interval();
        match self.of {
            0 => f.write_str("–"),
            _ => write!(f, "{:.2} ({low:.2}–{high:.2})", self.value()),
        }
    }
}
