//! A vocabulary: the mapping between text and tokens.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::VocabularyError;
use super::kind::{Chars, Kind, LACKING};
use super::special::{END_OF_LINE, UNKNOWN};
use super::stored::Stored;
use super::token_level::TokenLevel;
use super::tokenizer::Tokenizer;
use crate::fingerprint::Fingerprint;

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
pub struct Vocabulary(pub(super) Arc<Kind>);

impl Vocabulary {
    /// The 256 bytes.
    pub fn bytes() -> Self {
        Self(Arc::new(Kind::Byte))
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

    pub(super) fn of_chars(chars: Vec<char>, unknown: Option<u32>) -> Self {
        let (mut ascii, mut others) = (Box::new([LACKING; 128]), HashMap::new());
        for (id, &character) in (0..).zip(&chars).filter(|&(id, _)| Some(id) != unknown) {
            match ascii.get_mut(character as usize) {
                Some(location) => *location = id,
                None => _ = others.insert(character, id),
            }
        }
        Self(Arc::new(Kind::Char(Chars { chars, ascii, others, unknown })))
    }

    pub(super) fn index(words: Vec<String>) -> Self {
        let ids = words.iter().enumerate().map(|(id, word)| (word.clone(), id as u32)).collect();
        Self(Arc::new(Kind::Word { words, ids }))
    }

    pub(super) fn tokenizer(json: &str) -> Result<Self, VocabularyError> {
        Ok(Self(Arc::new(Kind::Tokenizer(Box::new(Tokenizer::new(json)?)))))
    }

    /// Number of different characters or words with an id.
    pub(super) fn distinct(&self) -> usize {
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

    pub(super) fn check(&self, id: u32) {
        assert!((id as usize) < self.len(), "token {id} of a vocabulary of {}", self.len());
    }
}
