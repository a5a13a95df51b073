//! Why a text or a vocabulary cannot be used.

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
    /// A word that a vocabulary without `<unk>` lacks.
    #[error(
        "line {line}, column {column} has the word {word:?}, which the vocabulary lacks: add it, or add <unk> \
         for every such word"
    )]
    UnknownWord {
        /// The word, shortened.
        word: String,
        /// Line of its first occurrence.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// A word that does not end.
    #[error(
        "line {line}, column {column} begins a word of more than {limit} bytes: put white space between \
         words, or choose --level char or byte"
    )]
    LongWord {
        /// Line where it begins.
        line: usize,
        /// Column where it begins.
        column: usize,
        /// The longest word that is read.
        limit: usize,
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
    /// A file that is neither of the two kinds of vocabularies, or has something in it that is no token.
    #[error("{problem}: give a JSON array of tokens, or an object of tokens and their numbers from 0 on")]
    NoVocabulary {
        /// What is wrong with it.
        problem: String,
    },
    /// A given vocabulary whose tokens do not fit the level.
    #[error("{problem}")]
    Unfit {
        /// What is wrong, and the way out.
        problem: String,
    },
    /// A program that was built without tokenizers.
    #[error(
        "this is a tokenizer, and this program was built without them: build it with `cargo install --path \
         crates/longspan-cli --features tokenizers`"
    )]
    NoTokenizers,
    /// A tokenizer that cannot be used.
    #[error(
        "the tokenizer does not work ({problem}): write its tokenizer.json again with the library that made it"
    )]
    Tokenizer {
        /// What the library of tokenizers says.
        problem: String,
    },
}
