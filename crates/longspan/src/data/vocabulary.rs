//! Which token stands for which piece of text.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::units::{position, utf8, word_tokens};

/// The token of words that the vocabulary lacks.
pub const UNKNOWN: &str = "<unk>";
/// The token that ends each line at word level.
pub const END_OF_LINE: &str = "<eos>";

/// What one token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// One of the 256 bytes: reads any file.
    Byte,
    /// A character (Unicode code point) of the training text.
    Char,
    /// A word between white space, or the end of a line.
    Word,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Byte => "byte",
            Self::Char => "char",
            Self::Word => "word",
        })
    }
}

impl FromStr for Level {
    type Err = VocabularyError;

    fn from_str(name: &str) -> Result<Self, VocabularyError> {
        match name {
            "byte" => Ok(Self::Byte),
            "char" => Ok(Self::Char),
            "word" => Ok(Self::Word),
            _ => Err(VocabularyError::UnknownLevel { name: name.to_owned() }),
        }
    }
}

/// Why a text or a stored vocabulary cannot be used. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// The bytes are not UTF-8, which characters and words need.
    #[error(
        "line {line}, column {column} (byte {offset}) is not valid UTF-8: convert the text to UTF-8, or read \
         it as bytes with --level byte"
    )]
    InvalidUtf8 {
        /// Line of the first invalid byte.
        line: usize,
        /// Its column.
        column: usize,
        /// Its place, counted from 0.
        offset: usize,
    },
    /// A character that the training text does not have.
    #[error(
        "line {line}, column {column} has the character {character:?} (U+{:04X}), which the vocabulary of \
         the training text lacks: remove it, or train with --level byte",
        u32::from(*character)
    )]
    UnknownChar {
        /// The character.
        character: char,
        /// Line of its first occurrence.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// A size without room for one word.
    #[error(
        "a vocabulary of {size} words has no room for a word beside <unk> and <eos>: choose --vocab-size 3 \
         or more"
    )]
    TooSmall {
        /// The size asked for.
        size: usize,
    },
    /// Not the name of a level.
    #[error("there is no level {name:?}: choose byte, char or word")]
    UnknownLevel {
        /// The name.
        name: String,
    },
    /// A stored vocabulary that no training text gives.
    #[error("the stored vocabulary is damaged, {damage}: take it from the checkpoint again")]
    Damaged {
        /// What is wrong with it.
        damage: &'static str,
    },
}

/// The tokens of a model, in the order of their ids.
///
/// * byte: the 256 bytes.
/// * char: the distinct characters of the training text by code point.
/// * word: `<unk>`, `<eos>`, then the words of the training text, the most frequent first, equally frequent
///   ones by their first occurrence.
///
/// At word level the text follows the Penn Treebank's convention: words stand between white space, each line
/// ends with `<eos>`, blank lines and a last line without a newline included. A `<unk>` in the text is the
/// token itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Vocabulary(Tokens);

#[derive(Clone, Debug, PartialEq)]
enum Tokens {
    Byte,
    /// Ascending, so that a search finds the id.
    Char(Vec<char>),
    Word {
        words: Vec<String>,
        ids: HashMap<String, u32>,
    },
}

/// What a checkpoint holds: `{"level":"char","chars":" abc"}`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "lowercase")]
enum Stored {
    Byte,
    Char { chars: String },
    Word { words: Vec<String> },
}

impl From<Vocabulary> for Stored {
    fn from(vocabulary: Vocabulary) -> Self {
        match vocabulary.0 {
            Tokens::Byte => Self::Byte,
            Tokens::Char(chars) => Self::Char { chars: chars.into_iter().collect() },
            Tokens::Word { words, .. } => Self::Word { words },
        }
    }
}

impl TryFrom<Stored> for Vocabulary {
    type Error = VocabularyError;

    fn try_from(stored: Stored) -> Result<Self, VocabularyError> {
        let damaged = |damage| Err(VocabularyError::Damaged { damage });
        match stored {
            Stored::Byte => Ok(Self::bytes()),
            Stored::Char { chars } => {
                let chars: Vec<char> = chars.chars().collect();
                if chars.is_empty() {
                    return damaged("it has no characters");
                }
                if !chars.is_sorted_by(|a, b| a < b) {
                    return damaged("its characters are not in ascending order");
                }
                Ok(Self(Tokens::Char(chars)))
            }
            Stored::Word { words } => {
                if words.first().is_none_or(|w| w != UNKNOWN) || words.get(1).is_none_or(|w| w != END_OF_LINE)
                {
                    return damaged("its words do not begin with <unk> and <eos>");
                }
                let count = words.len();
                let vocabulary = Self::index(words);
                match &vocabulary.0 {
                    Tokens::Word { ids, .. } if ids.len() < count => damaged("a word occurs twice"),
                    _ => Ok(vocabulary),
                }
            }
        }
    }
}

impl Vocabulary {
    /// The 256 bytes.
    pub fn bytes() -> Self {
        Self(Tokens::Byte)
    }

    /// The distinct characters of `text`.
    pub fn chars(text: &str) -> Self {
        // A large table is only touched where a text has its characters.
        let (mut seen, mut last) = (vec![false; u32::from(char::MAX) as usize + 1], '\0');
        if text.is_ascii() {
            text.bytes().for_each(|byte| seen[byte as usize] = true);
            last = '\x7f';
        } else {
            for character in text.chars() {
                seen[character as usize] = true;
                last = last.max(character);
            }
        }
        Self(Tokens::Char(('\0'..=last).filter(|&c| seen[c as usize]).collect()))
    }

    /// The words of `text`; with a `size`, the most frequent ones that fit beside `<unk>` and `<eos>`, which
    /// count.
    ///
    /// # Errors
    /// [`VocabularyError::TooSmall`] if `size` is below 3.
    pub fn words(text: &str, size: Option<usize>) -> Result<Self, VocabularyError> {
        if let Some(size) = size.filter(|&size| size < 3) {
            return Err(VocabularyError::TooSmall { size });
        }
        // Word -> (occurrences, rank of the first one).
        let mut counts: HashMap<&str, (u64, usize)> = HashMap::new();
        for word in text.split_whitespace().filter(|&word| word != UNKNOWN && word != END_OF_LINE) {
            let first = counts.len();
            counts.entry(word).or_insert((0, first)).0 += 1;
        }
        let mut ranked: Vec<_> = counts.into_iter().collect();
        ranked.sort_unstable_by_key(|&(_, (count, first))| (std::cmp::Reverse(count), first));
        ranked.truncate(size.map_or(usize::MAX, |size| size - 2));
        Ok(Self::of_words(ranked.into_iter().map(|(word, _)| word)))
    }

    /// `<unk>`, `<eos>`, then `words` in their order: the tokens of a task.
    ///
    /// # Panics
    /// If a word occurs twice.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<String> = [UNKNOWN, END_OF_LINE].into_iter().chain(words).map(str::to_owned).collect();
        let count = words.len();
        let vocabulary = Self::index(words);
        if let Tokens::Word { ids, .. } = &vocabulary.0 {
            assert_eq!(ids.len(), count, "a word occurs twice in the vocabulary");
        }
        vocabulary
    }

    fn index(words: Vec<String>) -> Self {
        let ids = words.iter().enumerate().map(|(id, word)| (word.clone(), id as u32)).collect();
        Self(Tokens::Word { words, ids })
    }

    /// What one token is.
    pub fn level(&self) -> Level {
        match self.0 {
            Tokens::Byte => Level::Byte,
            Tokens::Char(_) => Level::Char,
            Tokens::Word { .. } => Level::Word,
        }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        match &self.0 {
            Tokens::Byte => 256,
            Tokens::Char(chars) => chars.len(),
            Tokens::Word { words, .. } => words.len(),
        }
    }

    /// Whether there is no token, as at char level for an empty text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of `<unk>`, which only the word level has.
    pub fn unknown(&self) -> Option<u32> {
        self.id(UNKNOWN).filter(|_| self.level() == Level::Word)
    }

    /// The id of `token`: a byte's character if it is ASCII, a character or a word.
    pub fn id(&self, token: &str) -> Option<u32> {
        let mut chars = token.chars();
        let single = chars.next().filter(|_| chars.next().is_none());
        match &self.0 {
            Tokens::Byte => single.filter(char::is_ascii).map(u32::from),
            Tokens::Char(all) => single.and_then(|c| all.binary_search(&c).ok()).map(|id| id as u32),
            Tokens::Word { ids, .. } => ids.get(token).copied(),
        }
    }

    /// How token `id` is written in a report: visible and on one line.
    ///
    /// # Panics
    /// If the vocabulary has no such token.
    pub fn label(&self, id: u32) -> String {
        self.check(id);
        match &self.0 {
            Tokens::Byte => std::ascii::escape_default(id as u8).to_string(),
            Tokens::Char(chars) if matches!(chars[id as usize], '\'' | '"') => chars[id as usize].to_string(),
            Tokens::Char(chars) => chars[id as usize].escape_debug().to_string(),
            Tokens::Word { words, .. } => words[id as usize].clone(),
        }
    }

    /// A fingerprint of the level and all tokens in their order: equal for equal vocabularies, in every
    /// version.
    pub fn fingerprint(&self) -> u64 {
        let mut fingerprint = Fingerprint::default();
        fingerprint.write(self.level().to_string().as_bytes());
        let mut write = |token: &str| {
            // UTF-8 has no 0xff: the tokens stay apart.
            fingerprint.write(&[0xff]);
            fingerprint.write(token.as_bytes());
        };
        match &self.0 {
            Tokens::Byte => {}
            Tokens::Char(chars) => chars.iter().for_each(|c| write(c.encode_utf8(&mut [0; 4]))),
            Tokens::Word { words, .. } => words.iter().for_each(|word| write(word)),
        }
        fingerprint.finish()
    }

    /// The tokens of a text. At word level the last line ends with `<eos>` even without a newline, and words
    /// that the vocabulary lacks are `<unk>`.
    ///
    /// # Errors
    /// [`VocabularyError::UnknownChar`] at char level.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, VocabularyError> {
        match &self.0 {
            Tokens::Byte => Ok(text.bytes().map(u32::from).collect()),
            Tokens::Char(chars) => encode_chars(chars, text),
            Tokens::Word { ids, .. } => {
                let (unknown, mut tokens) = (ids[UNKNOWN], Vec::new());
                for (_, word) in word_tokens(text) {
                    tokens.push(ids.get(word).copied().unwrap_or(unknown));
                }
                Ok(tokens)
            }
        }
    }

    /// The tokens of a file's content. Only the byte level takes bytes that are not UTF-8.
    ///
    /// # Errors
    /// [`VocabularyError::InvalidUtf8`] and those of [`Vocabulary::encode`].
    pub fn encode_bytes(&self, bytes: &[u8]) -> Result<Vec<u32>, VocabularyError> {
        match self.0 {
            Tokens::Byte => Ok(bytes.iter().map(|&byte| u32::from(byte)).collect()),
            _ => self.encode(utf8(bytes)?),
        }
    }

    /// The tokens of a text that is to be continued: as [`Vocabulary::encode`], but no `<eos>` follows a last
    /// line without a newline.
    ///
    /// # Errors
    /// Those of [`Vocabulary::encode`].
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, VocabularyError> {
        let mut tokens = self.encode(text)?;
        if self.level() == Level::Word && !text.ends_with('\n') {
            tokens.pop();
        }
        Ok(tokens)
    }

    /// The text of `tokens`. Words are joined by spaces and `<eos>` is a newline; bytes that are not UTF-8
    /// become U+FFFD, see [`Vocabulary::decode_bytes`].
    ///
    /// # Panics
    /// If the vocabulary lacks a token.
    pub fn decode(&self, tokens: &[u32]) -> String {
        tokens.iter().for_each(|&id| self.check(id));
        match &self.0 {
            Tokens::Byte => String::from_utf8_lossy(&self.decode_bytes(tokens)).into_owned(),
            Tokens::Char(chars) => tokens.iter().map(|&id| chars[id as usize]).collect(),
            Tokens::Word { words, .. } => {
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

    /// The bytes of `tokens`: at byte level without loss, otherwise those of [`Vocabulary::decode`].
    ///
    /// # Panics
    /// If the vocabulary lacks a token.
    pub fn decode_bytes(&self, tokens: &[u32]) -> Vec<u8> {
        match self.0 {
            Tokens::Byte => {
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

fn encode_chars(chars: &[char], text: &str) -> Result<Vec<u32>, VocabularyError> {
    let search = |c: char| chars.binary_search(&c).ok().map(|id| id as u32);
    // Most texts are mostly ASCII: for it a table instead of a search.
    let ascii: Vec<Option<u32>> = ('\0'..='\x7f').map(search).collect();
    if text.is_ascii() {
        let tokens: Vec<u32> = text.bytes().map(|byte| ascii[byte as usize].unwrap_or(u32::MAX)).collect();
        if !tokens.contains(&u32::MAX) {
            return Ok(tokens);
        }
    }
    let mut tokens = Vec::with_capacity(text.len());
    for (offset, character) in text.char_indices() {
        let found = if character.is_ascii() { ascii[character as usize] } else { search(character) };
        tokens.push(found.ok_or_else(|| {
            let (line, column) = position(&text[..offset]);
            VocabularyError::UnknownChar { character, line, column }
        })?);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests;
