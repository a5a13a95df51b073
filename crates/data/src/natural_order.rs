//! The order of labels and categories.

use std::cmp::Ordering;

/// Compares labels: numbers by value and before words, words by characters.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let value = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    match (value(a), value(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}
