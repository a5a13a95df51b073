//! Vocabularies: the mapping between text and tokens.

mod count;
mod error;
mod special;
mod stored;
mod token_level;
mod tokenizer;
pub(super) mod units;

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(super) use count::{CharSet, WordCounts};
pub use error::VocabularyError;
pub use special::{END_OF_LINE, UNKNOWN};
pub use token_level::TokenLevel;

use super::fingerprint::Fingerprint;
use stored::{Stored, short};
use tokenizer::Tokenizer;
use units::{Location, Piece, utf8};

/// A vocabulary. Clones share its tokens.
///
/// - byte: the 256 bytes.
/// - char: the distinct characters of the training text, by code point.
/// - word: `<unk>`, `<eos>`, then the words of the training text by decreasing frequency, and by first occurrence among
///   equals.
///
/// A vocabulary from a file ([`Vocabulary::from_json`]) keeps the order of the file.
///
/// The word level follows the convention of the Penn Treebank: white space separates words, and each line ends with
/// `<eos>`, including blank lines and a last line without a newline. `<unk>` in the text is the token itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Vocabulary(Arc<Kind>);

#[derive(Debug)]
enum Kind {
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
struct Chars {
    chars: Vec<char>,
    /// Ids of ASCII characters, which is faster than a search; [`LACKING`] for characters without an id.
    ascii: Box<[u32; 128]>,
    others: HashMap<char, u32>,
    /// Id of `<unk>`, which is not the id of a character.
    unknown: Option<u32>,
}

/// Marks a character without an id.
const LACKING: u32 = u32::MAX;

impl Chars {
    fn id(&self, character: char) -> Option<u32> {
        match self.ascii.get(character as usize) {
            Some(&id) => (id != LACKING).then_some(id),
            None => self.others.get(&character).copied(),
        }
    }

    fn encode(&self, piece: &Piece<'_>, tokens: &mut Vec<u32>) -> Result<(), VocabularyError> {
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

impl Vocabulary {
    /// The 256 bytes.
    pub fn bytes() -> Self {
        Self(Arc::new(Kind::Byte))
    }

    /// The distinct characters of `text`.
    pub fn chars(text: &str) -> Self {
        let mut set = CharSet::new();
        set.add(text);
        set.finish()
    }

    /// The words of `text`. With a `size`, the most frequent ones, so that the vocabulary has at most `size` tokens
    /// including `<unk>` and `<eos>`.
    ///
    /// # Errors
    /// [`VocabularyError::TooSmall`] if `size` is below 3.
    /// [`VocabularyError::TooSmall`] if `size` is below 3.
    pub fn words(text: &str, size: Option<usize>) -> Result<Self, VocabularyError> {
        let mut counts = WordCounts::new();
        counts.add(text);
        counts.finish(size)
    }

    /// The vocabulary of a task: `<unk>`, `<eos>`, then `words` in order.
    ///
    /// # Panics
    /// If a word occurs twice.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<String> = [UNKNOWN, END_OF_LINE].into_iter().chain(words).map(str::to_owned).collect();
        let count = words.len();
        let vocabulary = Self::index(words);
        assert_eq!(vocabulary.distinct(), count, "a word occurs twice in the vocabulary");
        vocabulary
    }

    fn of_chars(chars: Vec<char>, unknown: Option<u32>) -> Self {
        let (mut ascii, mut others) = (Box::new([LACKING; 128]), HashMap::new());
        for (id, &character) in (0..).zip(&chars).filter(|&(id, _)| Some(id) != unknown) {
            match ascii.get_mut(character as usize) {
                Some(location) => *location = id,
                None => _ = others.insert(character, id),
            }
        }
        Self(Arc::new(Kind::Char(Chars { chars, ascii, others, unknown })))
    }

    fn index(words: Vec<String>) -> Self {
        let ids = words.iter().enumerate().map(|(id, word)| (word.clone(), id as u32)).collect();
        Self(Arc::new(Kind::Word { words, ids }))
    }

    fn tokenizer(json: &str) -> Result<Self, VocabularyError> {
        Ok(Self(Arc::new(Kind::Tokenizer(Box::new(Tokenizer::new(json)?)))))
    }

    /// Number of different characters or words with an id.
    fn distinct(&self) -> usize {
        match &*self.0 {
            Kind::Char(chars) => chars.others.len() + chars.ascii.iter().filter(|&&id| id != LACKING).count(),
            Kind::Word { ids, .. } => ids.len(),
            Kind::Byte | Kind::Tokenizer(_) => self.len(),
        }
    }

    /// Unit of a token.
    pub fn level(&self) -> TokenLevel {
        match &*self.0 {
            Kind::Byte => TokenLevel::Byte,
            Kind::Char(_) => TokenLevel::Char,
            Kind::Word { .. } => TokenLevel::Word,
            Kind::Tokenizer(_) => TokenLevel::Tokenizer,
        }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        match &*self.0 {
            Kind::Byte => 256,
            Kind::Char(chars) => chars.chars.len(),
            Kind::Word { words, .. } => words.len(),
            Kind::Tokenizer(tokenizer) => tokenizer.len(),
        }
    }

    /// Whether there are no tokens, as at char level for an empty text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Id of `<unk>`. Only a word vocabulary that was built from a text always has one.
    pub fn unknown(&self) -> Option<u32> {
        match &*self.0 {
            Kind::Byte => None,
            Kind::Char(chars) => chars.unknown,
            Kind::Word { ids, .. } => ids.get(UNKNOWN).copied(),
            Kind::Tokenizer(tokenizer) => tokenizer.unknown(),
        }
    }

    /// Id of `token`: an ASCII character at byte level, else a character or a word.
    pub fn id(&self, token: &str) -> Option<u32> {
        let mut chars = token.chars();
        let single = chars.next().filter(|_| chars.next().is_none());
        match &*self.0 {
            Kind::Byte => single.filter(char::is_ascii).map(u32::from),
            Kind::Char(all) => single.and_then(|c| all.id(c)),
            Kind::Word { ids, .. } => ids.get(token).copied(),
            Kind::Tokenizer(tokenizer) => tokenizer.id(token),
        }
    }

    /// Writes token `id` for a report: visible and on one line.
    ///
    /// # Panics
    /// If the vocabulary does not have the token.
    pub fn label(&self, id: u32) -> String {
        self.check(id);
        match &*self.0 {
            Kind::Byte => std::ascii::escape_default(id as u8).to_string(),
            Kind::Char(chars) if chars.unknown == Some(id) => UNKNOWN.into(),
            Kind::Char(chars) => match chars.chars[id as usize] {
                quote @ ('\'' | '"') => quote.to_string(),
                character => character.escape_debug().to_string(),
            },
            Kind::Word { words, .. } => words[id as usize].clone(),
            Kind::Tokenizer(tokenizer) => tokenizer.label(id),
        }
    }

    /// Fingerprint of the level and all tokens in order: equal vocabularies have equal fingerprints in every version.
    pub fn fingerprint(&self) -> u64 {
        let mut fingerprint = Fingerprint::default();
        fingerprint.write(self.level().to_string().as_bytes());
        let mut write = |token: &str| {
            // 0xff does not occur in UTF-8, so it separates the tokens.
            fingerprint.write(&[0xff]);
            fingerprint.write(token.as_bytes());
        };
        match &*self.0 {
            Kind::Byte => {}
            Kind::Char(chars) => {
                for (id, character) in (0..).zip(&chars.chars) {
                    match chars.unknown == Some(id) {
                        true => write(UNKNOWN),
                        false => write(character.encode_utf8(&mut [0; 4])),
                    }
                }
            }
            Kind::Word { words, .. } => words.iter().for_each(|word| write(word)),
            Kind::Tokenizer(tokenizer) => write(tokenizer.json()),
        }
        fingerprint.finish()
    }

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
    pub(super) fn append(&self, piece: &Piece<'_>, tokens: &mut Vec<u32>) -> Result<(), VocabularyError> {
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
    pub(super) fn count(&self, piece: &Piece<'_>) -> Result<usize, VocabularyError> {
        match &*self.0 {
            Kind::Tokenizer(tokenizer) => Ok(tokenizer.encode(piece.text())?.0.len()),
            _ => Ok(piece.count(self.level())),
        }
    }

    /// Byte offset of token `index` in a piece of a text; the end of the piece if there is no such token.
    pub(super) fn offset(&self, piece: &Piece<'_>, index: usize) -> Result<usize, VocabularyError> {
        match &*self.0 {
            Kind::Tokenizer(tokenizer) => {
                let begins = tokenizer.encode(piece.text())?.1;
                Ok(begins.get(index).copied().unwrap_or(piece.bytes().len()))
            }
            _ => Ok(piece.offset(self.level(), index)),
        }
    }

    /// Decodes tokens to text. Words are joined by spaces, and `<eos>` becomes a newline. Bytes that are not valid
    /// UTF-8 become U+FFFD, see [`Vocabulary::decode_bytes`].
    ///
    /// # Panics
    /// If the vocabulary does not have a token.
    pub fn decode(&self, tokens: &[u32]) -> String {
        tokens.iter().for_each(|&id| self.check(id));
        match &*self.0 {
            Kind::Byte => String::from_utf8_lossy(&self.decode_bytes(tokens)).into_owned(),
            Kind::Char(chars) => tokens.iter().map(|&id| chars.chars[id as usize]).collect(),
            Kind::Tokenizer(tokenizer) => tokenizer.decode(tokens),
            Kind::Word { words, .. } => {
                let mut text = String::new();
                for &id in tokens {
                    let word = &words[id as usize];
                    if word == END_OF_LINE {
                        text.push('\n');
                        continue;
                    }
                    if !text.is_empty() && !text.ends_with('\n') {
                        text.push(' ');
                    }
                    text.push_str(word);
                }
                text
            }
        }
    }

    /// Decodes tokens to bytes: without loss at byte level, otherwise those of [`Vocabulary::decode`].
    ///
    /// # Panics
    /// If the vocabulary does not have a token.
    pub fn decode_bytes(&self, tokens: &[u32]) -> Vec<u8> {
        match &*self.0 {
            Kind::Byte => {
                tokens.iter().for_each(|&id| self.check(id));
                tokens.iter().map(|&id| id as u8).collect()
            }
            _ => self.decode(tokens).into_bytes(),
        }
    }

    fn check(&self, id: u32) {
        assert!((id as usize) < self.len(), "token {id} of a vocabulary of {}", self.len());
    }
}

#[cfg(test)]
mod tests;
