//! Builds vocabularies from a text in pieces.

use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::error::VocabularyError;
use super::mapping::Vocabulary;
use super::special::{END_OF_LINE, UNKNOWN};

impl Vocabulary {
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
}

/// The distinct characters of a text.
pub(crate) struct CharSet {
    seen: Vec<bool>,
    last: char,
}

impl CharSet {
    /// Starts without characters.
    pub(crate) fn new() -> Self {
        // Memory pages of the table are only used where characters occur.
        Self { seen: vec![false; u32::from(char::MAX) as usize + 1], last: '\0' }
    }

    /// Adds the characters of `text`.
    pub(crate) fn add(&mut self, text: &str) {
        if text.is_ascii() {
            text.bytes().for_each(|byte| self.seen[byte as usize] = true);
            self.last = self.last.max('\x7f');
        } else {
            for character in text.chars() {
                self.seen[character as usize] = true;
                self.last = self.last.max(character);
            }
        }
    }

    /// Returns the vocabulary, by code point.
    pub(crate) fn finish(self) -> Vocabulary {
        Vocabulary::of_chars(('\0'..=self.last).filter(|&c| self.seen[c as usize]).collect(), None)
    }
}

/// Frequencies of the words of a text. A word takes its bytes and about twenty more.
pub(crate) struct WordCounts {
    hasher: RandomState,
    /// Indices into `words`.
    table: HashTable<u32>,
    letters: String,
    words: Vec<Word>,
}

struct Word {
    /// End of its letters; they begin at the end of the previous word's.
    end: usize,
    count: u64,
}

impl WordCounts {
    /// Starts without words.
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            table: HashTable::new(),
            letters: String::new(),
            words: Vec::new(),
        }
    }

    /// Adds the words of `text`.
    pub(crate) fn add(&mut self, text: &str) {
        for word in text.split_whitespace().filter(|&word| word != UNKNOWN && word != END_OF_LINE) {
            let Self { hasher, table, letters, words } = self;
            let hash = hasher.hash_one(word);
            match table.find(hash, |&rank| spelled(letters, words, rank) == word) {
                Some(&rank) => words[rank as usize].count += 1,
                None => {
                    let rank = words.len() as u32;
                    letters.push_str(word);
                    words.push(Word { end: letters.len(), count: 1 });
                    table.insert_unique(hash, rank, |&rank| hasher.hash_one(spelled(letters, words, rank)));
                }
            }
        }
    }

    /// Returns a vocabulary of `<unk>`, `<eos>` and the most frequent words, at most `size` tokens in all.
    ///
    /// # Errors
    /// [`VocabularyError::TooSmall`] if `size` is below 3.
    pub(crate) fn finish(self, size: Option<usize>) -> Result<Vocabulary, VocabularyError> {
        if let Some(size) = size.filter(|&size| size < 3) {
            return Err(VocabularyError::TooSmall { size });
        }
        let mut ranks: Vec<u32> = (0..self.words.len() as u32).collect();
        ranks.sort_unstable_by_key(|&rank| (Reverse(self.words[rank as usize].count), rank));
        ranks.truncate(size.map_or(usize::MAX, |size| size - 2));
        Ok(Vocabulary::of_words(ranks.into_iter().map(|rank| spelled(&self.letters, &self.words, rank))))
    }
}

fn spelled<'a>(letters: &'a str, words: &[Word], rank: u32) -> &'a str {
    let begin = if rank == 0 { 0 } else { words[rank as usize - 1].end };
    &letters[begin..words[rank as usize].end]
}
