//! Tokens that are not in the text as they are.

/// Token of words that the vocabulary lacks.
pub const UNKNOWN: &str = "<unk>";
/// Token at the end of each line at word level.
pub const END_OF_LINE: &str = "<eos>";
