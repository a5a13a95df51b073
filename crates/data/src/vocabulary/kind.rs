//! The tokens of a vocabulary at each level.

use std::collections::HashMap;

use super::error::VocabularyError;
use super::tokenizer::Tokenizer;
use super::units::Piece;

#[derive(Debug)]
pub(super) enum Kind {
    Byte,
    Char(Chars),
    Word { words: Vec<String>, ids: HashMap<String, u32> },
    Tokenizer(Box<Tokenizer>),
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Byte, Self::Byte) => true,
            (Self::Char(a), Self::Char(b)) => (&a.chars, a.unknown) == (&b.chars, b.unknown),
            (Self::Word { words: a, .. }, Self::Word { words: b, .. }) => a == b,
            (Self::Tokenizer(a), Self::Tokenizer(b)) => a.json() == b.json(),
            _ => false,
        }
    }
}

/// Characters and their ids.
#[derive(Debug)]
pub(super) struct Chars {
    pub(super) chars: Vec<char>,
    /// Ids of ASCII characters, which is faster than a search; [`LACKING`] for characters without an id.
    pub(super) ascii: Box<[u32; 128]>,
    pub(super) others: HashMap<char, u32>,
    /// Id of `<unk>`, which is not the id of a character.
    pub(super) unknown: Option<u32>,
}

/// Marks a character without an id.
pub(super) const LACKING: u32 = u32::MAX;

impl Chars {
    pub(super) fn id(&self, character: char) -> Option<u32> {
        match self.ascii.get(character as usize) {
            Some(&id) => (id != LACKING).then_some(id),
            None => self.others.get(&character).copied(),
        }
    }

    pub(super) fn encode(&self, piece: &Piece<'_>, tokens: &mut Vec<u32>) -> Result<(), VocabularyError> {
        let (text, begin) = (piece.text(), tokens.len());
        if text.is_ascii() {
            tokens.extend(text.bytes().map(|byte| self.ascii[byte as usize]));
            if !tokens[begin..].contains(&LACKING) {
                return Ok(());
            }
            tokens.truncate(begin);
        }
        for (offset, character) in text.char_indices() {
            let location = |character| {
                let location = piece.at(offset);
                VocabularyError::UnknownChar { character, line: location.line, column: location.column }
            };
            tokens.push(self.id(character).or(self.unknown).ok_or_else(|| location(character))?);
        }
        Ok(())
    }
}
