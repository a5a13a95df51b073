//! The kind of a field: a number, a time, text, or missing.

use super::missing::is_missing;
use super::number::looks_like_number;
use super::times::looks_like_time;

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Missing,
    Number,
    Time,
    Text,
}

/// Returns the kind of a field.
pub(super) fn kind(field: &str) -> Kind {
    let field = field.trim();
    if is_missing(field) {
        Kind::Missing
    } else if looks_like_number(field) {
        Kind::Number
    } else if looks_like_time(field) && !holds_separator(field) {
        Kind::Time
    } else {
        Kind::Text
    }
}

/// Whether a field has a mark that separates fields rather than the parts of a time.
fn holds_separator(field: &str) -> bool {
    field.contains([';', '|', '\t']) || field.contains(',') && !field.contains(char::is_alphabetic)
}
