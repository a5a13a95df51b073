//! Why a text or a vocabulary cannot be used.

/// Why a text or a stored vocabulary cannot be used. Lines and columns are numbered from 1; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// Bytes are not valid UTF-8, which characters and words need.
    #[error(
        "line {line}, column {column} (byte {offset}) is not valid UTF-8: correct it, name the encoding of \
         the text (--encoding), or read it as bytes with --level byte"
    )]
    InvalidUtf8 {
        /// Line of the first invalid byte.
        line: usize,
        /// Its column.
        column: usize,
        /// Its byte offset, from 0.
        offset: usize,
    },
    /// A character does not occur in the training text.
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
    /// A word is not in a vocabulary without `<unk>`.
    #[error(
        "line {line}, column {column} has the word {word:?}, which the vocabulary lacks: add it, or add <unk> \
         for all such words"
    )]
    UnknownWord {
        /// The word, shortened.
        word: String,
        /// Line of its first occurrence.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// A word is longer than the limit.
    #[error(
        "line {line}, column {column} begins a word of more than {limit} bytes: put white space between \
         words, or choose --level char or byte"
    )]
    LongWord {
        /// Line of its beginning.
        line: usize,
        /// Column of its beginning.
        column: usize,
        /// Most bytes of a word.
        limit: usize,
    },
    /// The size has no room for a word.
    #[error(
        "a vocabulary of {size} words has no room for a word beside <unk> and <eos>: choose --vocab-size 3 \
         or more"
    )]
    TooSmall {
        /// The size.
        size: usize,
    },
    /// No level has this name.
    #[error("there is no level {name:?}: choose byte, char or word")]
    UnknownLevel {
        /// The name.
        name: String,
    },
    /// The stored vocabulary is damaged.
    #[error("the stored vocabulary is damaged ({damage}): copy it from the checkpoint again")]
    Damaged {
        /// What is wrong with it.
        damage: &'static str,
    },
    /// The file is not a vocabulary.
    #[error("{problem}: write a JSON array of tokens, or an object of tokens and their numbers from 0")]
    NoVocabulary {
        /// What is wrong with it.
        problem: String,
    },
    /// The tokens do not fit the level.
    #[error("{problem}")]
    Unfit {
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The program was built without tokenizers.
    #[error(
        "this is a tokenizer, and this program was built without the feature `tokenizers`: build it with the default features"
    )]
    NoTokenizers,
    /// The tokenizer cannot be used.
    #[error(
        "the tokenizer cannot be used ({problem}): write its tokenizer.json again with the library that created it"
    )]
    Tokenizer {
        /// The error of the tokenizers library.
        problem: String,
    },
}

/// Shortens a text.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
