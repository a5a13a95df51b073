//! The limits that rules compare with.

use crate::language::Text;

/// A limit with its source.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// What is compared with it.
    pub of: Text,
    /// The value; NaN if it is a number of the run, which the source names.
    pub value: f64,
    /// Where it comes from.
    pub source: Text,
}

impl Threshold {
    /// Formats the value; empty if it is a number of the run, which the source names.
    pub fn text(&self) -> String {
        if self.value.is_nan() { String::new() } else { self.value.to_string() }
    }
}
