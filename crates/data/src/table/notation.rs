//! How numbers are written in a table: the decimal mark, and brackets around negative numbers.

use super::options::Decimal;

/// How the numbers of a table are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notation {
    /// The decimal mark.
    pub(crate) decimal: Decimal,
    /// Whether a number or an option shows the decimal mark. If not, 1,234 has two meanings.
    pub(crate) certain: bool,
}

/// Returns what is between the brackets with which accounting writes a negative number: (1.50) is -1.50.
pub(super) fn bracketed(field: &str) -> Option<&str> {
    let inner = field.strip_prefix('(')?.strip_suffix(')')?.trim();
    (!inner.starts_with(['(', '-', '+', '\u{2212}'])).then_some(inner)
}
