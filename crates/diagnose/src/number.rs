//! The numbers that a finding rests on.

use crate::language::Text;
use crate::threshold::Threshold;

/// A number that a finding rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// What the number is, with its unit.
    pub name: Text,
    /// The number.
    pub value: f64,
    /// The limit that it exceeded, if it was compared with one.
    pub threshold: Option<Limit>,
}

/// A limit and its source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The limit.
    pub value: f64,
    /// Where it comes from.
    pub source: Text,
}

impl Number {
    /// A number for information.
    pub(crate) fn plain(name: Text, value: f64) -> Self {
        Self { name, value, threshold: None }
    }

    /// A number that was compared with a threshold.
    pub(crate) fn compared(name: Text, value: f64, threshold: &Threshold) -> Self {
        let Threshold { value: limit, source, .. } = *threshold;
        Self { name, value, threshold: Some(Limit { value: limit, source }) }
    }
}
