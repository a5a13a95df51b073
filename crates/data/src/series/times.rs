//! Points in time of a series, and their order.

use std::cmp::Ordering;

use crate::stamps::Instant;

/// A point in time, comparable with others of the same column.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Time {
    /// A number in any unit.
    Number(f64),
    /// A date, a time of day, or both.
    Instant(Instant),
    /// Neither before nor after any other.
    Unknown,
}

impl Time {
    /// Whether it is before `other`.
    pub fn before(self, other: Self) -> bool {
        self.partial_cmp(&other) == Some(Ordering::Less)
    }

    pub(super) fn instant(&self) -> Option<&Instant> {
        if let Self::Instant(instant) = self { Some(instant) } else { None }
    }
}

/// Parses a number that is finite in single precision.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|&number: &f64| (number as f32).is_finite())
}
