//! From text to tokens.

use super::error::{VocabularyError, short};
use super::kind::Kind;
use super::mapping::Vocabulary;
use super::special::UNKNOWN;
use super::token_level::TokenLevel;
use super::units::{Location, Piece, utf8};

impl Vocabulary {
    /// Encodes a text. At word level the last line ends with `<eos>` even without a newline, and words that the
    /// vocabulary lacks become `<unk>`.
    ///
    /// # Errors
    /// [`VocabularyError`] if the vocabulary lacks a character or word and has no `<unk>`.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, VocabularyError> {
        let mut tokens = Vec::new();
        self.append(&Piece::whole(text), &mut tokens)?;
        Ok(tokens)
    }

    /// Encodes the content of a file. Only the byte level accepts bytes that are not valid UTF-8.
    ///
    /// # Errors
    /// [`VocabularyError::InvalidUtf8`], and as [`Vocabulary::encode`].
    pub fn encode_bytes(&self, bytes: &[u8]) -> Result<Vec<u32>, VocabularyError> {
        match self.level() {
            TokenLevel::Byte => Ok(bytes.iter().map(|&byte| u32::from(byte)).collect()),
            _ => self.encode(utf8(bytes, Location::START)?),
        }
    }

    /// Encodes a text that will be continued: as [`Vocabulary::encode`], but without `<eos>` after a last line without
    /// a newline.
    ///
    /// # Errors
    /// As [`Vocabulary::encode`].
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, VocabularyError> {
        let mut tokens = Vec::new();
        self.append(&Piece { last: false, ..Piece::whole(text) }, &mut tokens)?;
        Ok(tokens)
    }

    /// Appends the tokens of a piece of a text.
    pub(crate) fn append(&self, piece: &Piece<'_>, tokens: &mut Vec<u32>) -> Result<(), VocabularyError> {
        match &*self.0 {
            Kind::Byte => tokens.extend(piece.bytes().iter().map(|&byte| u32::from(byte))),
            Kind::Char(chars) => chars.encode(piece, tokens)?,
            Kind::Word { ids, .. } => {
                let unknown = ids.get(UNKNOWN).copied();
                for (offset, word) in piece.words() {
                    let token = ids.get(word).copied().or(unknown);
                    tokens.push(token.ok_or_else(|| {
                        let location = piece.at(offset);
                        let (word, line, column) = (short(word), location.line, location.column);
                        VocabularyError::UnknownWord { word, line, column }
                    })?);
                }
            }
            Kind::Tokenizer(tokenizer) => tokens.extend(tokenizer.encode(piece.text())?.0),
        }
        Ok(())
    }

    /// Counts the tokens of a piece of a text.
    pub(crate) fn count(&self, piece: &Piece<'_>) -> Result<usize, VocabularyError> {
        match &*self.0 {
            Kind::Tokenizer(tokenizer) => Ok(tokenizer.encode(piece.text())?.0.len()),
            _ => Ok(piece.count(self.level())),
        }
    }

    /// Byte offset of token `index` in a piece of a text; the end of the piece if there is no such token.
    pub(crate) fn offset(&self, piece: &Piece<'_>, index: usize) -> Result<usize, VocabularyError> {
        match &*self.0 {
            Kind::Tokenizer(tokenizer) => {
                let begins = tokenizer.encode(piece.text())?.1;
                Ok(begins.get(index).copied().unwrap_or(piece.bytes().len()))
            }
            _ => Ok(piece.offset(self.level(), index)),
        }
    }
}
