//! What a text is made of: its words, its ends of lines, and the places that messages name.

use super::vocabulary::{END_OF_LINE, TokenLevel, VocabularyError};

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes before it.
    pub(super) offset: u64,
    /// Its line, from 1.
    pub(super) line: usize,
    /// Its column in characters, from 1.
    pub(super) column: usize,
}

impl Place {
    /// Where every text begins.
    pub(super) const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The place behind `text`, which begins here and is UTF-8.
    pub(super) fn after(self, text: &[u8]) -> Self {
        let newline = text.iter().rposition(|&byte| byte == b'\n');
        let last = newline.map_or(text, |newline| &text[newline + 1..]);
        // Every character has one byte that does not continue another.
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

/// A piece of a text that is cut where no token is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    /// What it holds; at byte level not as text.
    pub(super) content: Content<'a>,
    /// Where it begins.
    pub(super) place: Place,
    /// Whether the text ends with it.
    pub(super) last: bool,
}

/// What a piece holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'a> {
    /// Bytes of any kind.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
}

impl<'a> Piece<'a> {
    /// A whole text.
    pub(super) fn whole(text: &'a str) -> Self {
        Self { content: Content::Text(text), place: Place::START, last: true }
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &'a [u8] {
        match self.content {
            Content::Bytes(bytes) => bytes,
            Content::Text(text) => text.as_bytes(),
        }
    }

    /// Its text.
    ///
    /// # Panics
    /// If it was read as bytes.
    pub(super) fn text(&self) -> &'a str {
        match self.content {
            Content::Bytes(_) => panic!("only the byte level reads bytes"),
            Content::Text(text) => text,
        }
    }

    /// The place of its byte `offset`.
    pub(super) fn at(&self, offset: usize) -> Place {
        self.place.after(&self.bytes()[..offset])
    }

    /// Words and ends of lines with their byte offsets.
    pub(super) fn words(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let (text, last) = (self.text(), self.last);
        let offset = move |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
        text.split_inclusive('\n').flat_map(move |line| {
            let open = line.trim_end_matches('\n');
            let ends = (last || open.len() < line.len()).then_some((offset(line) + open.len(), END_OF_LINE));
            line.split_whitespace().map(move |word| (offset(word), word)).chain(ends)
        })
    }

    /// Number of bytes, characters or words with ends of lines.
    pub(super) fn count(&self, level: TokenLevel) -> usize {
        match level {
            TokenLevel::Byte => self.bytes().len(),
            TokenLevel::Char => self.text().chars().count(),
            _ => self.words().count(),
        }
    }

    /// Where unit `index` begins; the end of the piece if there is none.
    pub(super) fn offset(&self, level: TokenLevel, index: usize) -> usize {
        let found = match level {
            TokenLevel::Byte => Some(index),
            TokenLevel::Char => self.text().char_indices().nth(index).map(|(offset, _)| offset),
            _ => self.words().nth(index).map(|(offset, _)| offset),
        };
        found.unwrap_or(self.bytes().len())
    }
}

/// The bytes as text; they begin at `place`.
pub(super) fn utf8(bytes: &[u8], place: Place) -> Result<&str, VocabularyError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let Place { line, column, offset } = place.after(&bytes[..error.valid_up_to()]);
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
            // The layout of the Penn Treebank's files: a blank before and after each sentence.
            assert_eq!(words(" no it was n't \n but <unk> \n", last), "no it was n't <eos> but <unk> <eos>");
            assert_eq!(words("a\r\nb\r\n", last), "a <eos> b <eos>");
            assert_eq!(words("", last), "");
        }
        // A line ends where the text does, and does not where a piece does.
        assert_eq!(words("a b\nc", true), "a b <eos> c <eos>");
        assert_eq!(words("a b\nc ", false), "a b <eos> c");
        assert!(Piece::whole("ab  cd\ne").words().map(|(offset, _)| offset).eq([0, 4, 6, 7, 8]));
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let place = |text: &str| {
            let place = Place::START.after(text.as_bytes());
            // However the text is cut.
            for cut in (0..=text.len()).filter(|&cut| text.is_char_boundary(cut)) {
                let (before, after) = text.as_bytes().split_at(cut);
                assert_eq!(Place::START.after(before).after(after), place);
            }
            (place.line, place.column, place.offset)
        };
        assert_eq!(place(""), (1, 1, 0));
        assert_eq!(place("ab"), (1, 3, 2));
        assert_eq!(place("ab\n\n"), (3, 1, 4));
        assert_eq!(place("ab\nßü"), (2, 3, 7));
    }
}
