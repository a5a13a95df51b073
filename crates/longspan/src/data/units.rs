//! What a text is made of: its words, its ends of lines, and the places that messages name.

use super::vocabulary::{END_OF_LINE, VocabularyError};

/// Words and ends of lines with their byte offsets.
pub(super) fn word_tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let offset = move |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    text.split_inclusive('\n').flat_map(move |line| {
        let end = offset(line) + line.trim_end_matches('\n').len();
        line.split_whitespace()
            .map(move |word| (offset(word), word))
            .chain(std::iter::once((end, END_OF_LINE)))
    })
}

/// The bytes as text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, VocabularyError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        // Valid as the error says; lossy conversion is only the way to say so without `unsafe`.
        let (line, column) = position(&String::from_utf8_lossy(&bytes[..offset]));
        VocabularyError::InvalidUtf8 { line, column, offset }
    })
}

/// Line and column, from 1, of what follows `before`.
pub(super) fn position(before: &str) -> (usize, usize) {
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (1 + before.matches('\n').count(), 1 + before[line_start..].chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_with_eos() {
        let words = |text| word_tokens(text).map(|(_, word)| word).collect::<Vec<_>>().join(" ");
        assert_eq!(words("a b\nc\n"), "a b <eos> c <eos>");
        assert_eq!(words("a b\nc"), "a b <eos> c <eos>");
        assert_eq!(words("\n\n a \n"), "<eos> <eos> a <eos>");
        // The layout of the Penn Treebank's files: a blank before and after each sentence.
        assert_eq!(words(" no it was n't \n but <unk> \n"), "no it was n't <eos> but <unk> <eos>");
        assert_eq!(words("a\r\nb\r\n"), "a <eos> b <eos>");
        assert_eq!(words(""), "");
        assert!(word_tokens("ab  cd\ne").map(|(offset, _)| offset).eq([0, 4, 6, 7, 8]));
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        assert_eq!(position(""), (1, 1));
        assert_eq!(position("ab"), (1, 3));
        assert_eq!(position("ab\n\n"), (3, 1));
        assert_eq!(position("ab\nßü"), (2, 3));
    }
}
