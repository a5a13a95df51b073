//! Numbers with nouns, for messages.

/// Formats a count with its noun in the singular or plural: "1 step", "2 steps".
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
