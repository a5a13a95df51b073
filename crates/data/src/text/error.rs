//! Why a text cannot be used.

use std::io;
use std::path::PathBuf;

use super::super::file::FileError;
use super::super::vocabulary::VocabularyError;

/// Why a text cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The file cannot be opened or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no room for what does not fit into memory.
    #[error(
        "a temporary file in {} cannot be written ({error}): make room there, or name another directory in \
         the environment variable TMPDIR",
        directory.display()
    )]
    Temporary {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file has no bytes.
    #[error("{} is empty: name a file with text", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The content does not fit the vocabulary or its level.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: VocabularyError,
    },
    /// Fewer tokens than one window of every stream needs.
    #[error(
        "{} has {tokens} tokens for training, and one window of {unroll} steps in {rows} streams needs \
         {needed}: choose a smaller --batch or --unroll, or a longer text",
        path.display()
    )]
    TooShort {
        /// The file.
        path: PathBuf,
        /// Tokens of the training part.
        tokens: usize,
        /// Streams that are read side by side, the batch.
        rows: usize,
        /// Steps of a window.
        unroll: usize,
        /// Tokens that would be enough.
        needed: usize,
    },
    /// Not two tokens, hence nothing to predict.
    #[error(
        "{} has too few tokens to evaluate on ({tokens}, and a prediction needs 2): name a longer text",
        path.display()
    )]
    NothingToPredict {
        /// The file.
        path: PathBuf,
        /// Tokens of the part.
        tokens: usize,
    },
    /// A held-out part of fewer than two tokens.
    #[error(
        "holding out {fraction} of the {tokens} tokens of {} leaves {held_out} to evaluate on, and a \
         prediction needs 2: choose a larger --valid-fraction, or 0 for none",
        path.display()
    )]
    HeldOutTooShort {
        /// The training file.
        path: PathBuf,
        /// The fraction asked for.
        fraction: f64,
        /// Tokens of the whole file.
        tokens: usize,
        /// Tokens of the held-out part.
        held_out: usize,
    },
    /// A fraction outside [0, 1).
    #[error(
        "{fraction} of {} cannot be held out: choose a --valid-fraction from 0 to below 1",
        path.display()
    )]
    Fraction {
        /// The training file.
        path: PathBuf,
        /// The fraction asked for.
        fraction: f64,
    },
}
