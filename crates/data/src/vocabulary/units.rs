//! Units of a text: words, line ends, and locations for messages.

use super::error::VocabularyError;
use super::special::END_OF_LINE;
use super::token_level::TokenLevel;

/// A location in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// Number of bytes before it.
    pub(crate) offset: u64,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
}

impl Location {
    /// Beginning of a text.
    pub(crate) const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// Returns the location after `text`, which begins here and is UTF-8.
    pub(crate) fn after(self, text: &[u8]) -> Self {
        let newline = text.iter().rposition(|&byte| byte == b'\n');
        let last = newline.map_or(text, |newline| &text[newline + 1..]);
        // Every character has exactly one byte that is not a continuation byte.
        let characters = last.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let lines = newline.map_or(0, |newline| count_newlines(&text[..=newline]));
        Self {
            offset: self.offset + text.len() as u64,
            line: self.line + lines,
            column: characters + if newline.is_some() { 1 } else { self.column },
        }
    }
}

fn count_newlines(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte == b'\n').count()
}

/// A piece of a text, never cut within a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    /// Content: bytes at byte level, text otherwise.
    pub(crate) content: Content<'a>,
    /// Location of its beginning.
    pub(crate) location: Location,
    /// Whether it is the last piece of the text.
    pub(crate) last: bool,
}

/// Content of a piece.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// Bytes of any kind.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
}

impl<'a> Piece<'a> {
    /// A whole text as one piece.
    pub(crate) fn whole(text: &'a str) -> Self {
        Self { content: Content::Text(text), location: Location::START, last: true }
    }

    /// Returns its bytes.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        match self.content {
            Content::Bytes(bytes) => bytes,
            Content::Text(text) => text.as_bytes(),
        }
    }

    /// Returns its text.
    ///
    /// # Panics
    /// If it has bytes.
    pub(crate) fn text(&self) -> &'a str {
        match self.content {
            Content::Bytes(_) => panic!("only pieces at byte level have bytes"),
            Content::Text(text) => text,
        }
    }

    /// Returns the location of byte `offset`.
    pub(crate) fn at(&self, offset: usize) -> Location {
        self.location.after(&self.bytes()[..offset])
    }

    /// Iterates over words and line ends with their byte offsets.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let (text, last) = (self.text(), self.last);
        let offset = move |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
        text.split_inclusive('\n').flat_map(move |line| {
            let open = line.trim_end_matches('\n');
            let ends = (last || open.len() < line.len()).then_some((offset(line) + open.len(), END_OF_LINE));
            line.split_whitespace().map(move |word| (offset(word), word)).chain(ends)
        })
    }

    /// Number of bytes, of characters, or of words and line ends.
    pub(crate) fn count(&self, level: TokenLevel) -> usize {
        match level {
            TokenLevel::Byte => self.bytes().len(),
            TokenLevel::Char => self.text().chars().count(),
            _ => self.words().count(),
        }
    }

    /// Byte offset of unit `index`; the end of the piece if there is no such unit.
    pub(crate) fn offset(&self, level: TokenLevel, index: usize) -> usize {
        let found = match level {
            TokenLevel::Byte => Some(index),
            TokenLevel::Char => self.text().char_indices().nth(index).map(|(offset, _)| offset),
            _ => self.words().nth(index).map(|(offset, _)| offset),
        };
        found.unwrap_or(self.bytes().len())
    }
}

/// Converts bytes to text; `location` is the location of the first byte.
pub(crate) fn utf8(bytes: &[u8], location: Location) -> Result<&str, VocabularyError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let Location { line, column, offset } = location.after(&bytes[..error.valid_up_to()]);
        VocabularyError::InvalidUtf8 { line, column, offset: offset as usize }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_with_eos() {
        let words = |text, last| {
            let piece = Piece { last, ..Piece::whole(text) };
            assert_eq!(piece.count(TokenLevel::Word), piece.words().count());
            piece.words().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
        };
        for last in [false, true] {
            assert_eq!(words("a b\nc\n", last), "a b <eos> c <eos>");
            assert_eq!(words("\n\n a \n", last), "<eos> <eos> a <eos>");
            // The files of the Penn Treebank have a space before and after each sentence.
            assert_eq!(words(" no it was n't \n but <unk> \n", last), "no it was n't <eos> but <unk> <eos>");
            assert_eq!(words("a\r\nb\r\n", last), "a <eos> b <eos>");
            assert_eq!(words("", last), "");
        }
        // The last line of a text ends with it, but a line does not end with a piece.
        assert_eq!(words("a b\nc", true), "a b <eos> c <eos>");
        assert_eq!(words("a b\nc ", false), "a b <eos> c");
        assert!(Piece::whole("ab  cd\ne").words().map(|(offset, _)| offset).eq([0, 4, 6, 7, 8]));
    }

    #[test]
    fn locations_count_lines_and_characters_from_one() {
        let location = |text: &str| {
            let location = Location::START.after(text.as_bytes());
            // At every cut of the text.
            for cut in (0..=text.len()).filter(|&cut| text.is_char_boundary(cut)) {
                let (before, after) = text.as_bytes().split_at(cut);
                assert_eq!(Location::START.after(before).after(after), location);
            }
            (location.line, location.column, location.offset)
        };
        assert_eq!(location(""), (1, 1, 0));
        assert_eq!(location("ab"), (1, 3, 2));
        assert_eq!(location("ab\n\n"), (3, 1, 4));
        assert_eq!(location("ab\nßü"), (2, 3, 7));
    }
}
