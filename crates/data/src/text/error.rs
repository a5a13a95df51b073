//! Why a text cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use super::super::encoding::EncodingError;
use super::super::file::FileError;
use super::super::vocabulary::VocabularyError;
use crate::gzip::Expands;
use crate::wording::counted;

/// Why a text cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The file cannot be opened or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A temporary file cannot be written.
    #[error(
        "a temporary file in {} cannot be written ({error}): free some space there, or set the environment \
         variable TMPDIR to another directory",
        directory.display()
    )]
    Temporary {
        /// The directory.
        directory: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The file is empty.
    #[error("{} is empty: name a file with text", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is a damaged gzip file.
    #[error("{} is compressed with gzip and cannot be decompressed ({error}): it is cut off or damaged, so download it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The error of the decompression.
        error: io::Error,
    },
    /// The content of a gzip file is much larger than the file.
    #[error("{}: {Expands}", path.display())]
    Expands {
        /// The file.
        path: PathBuf,
    },
    /// The bytes are no text, or not in the encoding.
    #[error("{}: {problem}", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        problem: EncodingError,
    },
    /// The content does not fit the vocabulary or its level.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its location.
        problem: VocabularyError,
    },
    /// The text is shorter than one window.
    #[error(
        "{} has {} for training, and one window of {} in {} needs \
         {needed}: choose a smaller --batch or --unroll, or a longer text",
        path.display(), counted(*tokens as u64, "token"), counted(*unroll as u64, "step"), counted(*rows as u64, "row")
    )]
    TooShort {
        /// The file.
        path: PathBuf,
        /// Number of tokens of the training part.
        tokens: usize,
        /// Number of rows that are read side by side, the batch.
        rows: usize,
        /// Steps of a window.
        unroll: usize,
        /// Number of tokens needed.
        needed: usize,
    },
    /// A part has fewer than two tokens, so there is nothing to predict.
    #[error(
        "{} has too few tokens for an evaluation ({tokens}, and a prediction needs 2): name a longer text",
        path.display()
    )]
    NothingToPredict {
        /// The file.
        path: PathBuf,
        /// Number of tokens of the part.
        tokens: usize,
    },
    /// The held-out part has fewer than two tokens.
    #[error(
        "holding out the fraction {fraction} of the {tokens} tokens of {} gives {held_out} for validation, and a \
         prediction needs 2: choose a larger --valid-fraction, or 0 for none",
        path.display()
    )]
    HeldOutTooShort {
        /// The training file.
        path: PathBuf,
        /// The fraction.
        fraction: f64,
        /// Number of tokens of the whole file.
        tokens: usize,
        /// Number of tokens of the held-out part.
        held_out: usize,
    },
    /// A fraction is outside [0, 1).
    #[error(
        "the fraction {fraction} of {} cannot be held out: choose a --valid-fraction from 0 to below 1",
        path.display()
    )]
    Fraction {
        /// The training file.
        path: PathBuf,
        /// The fraction.
        fraction: f64,
    },
}

/// The error of a text that does not fit its vocabulary.
pub(super) fn content(path: &Path, problem: VocabularyError) -> TextError {
    TextError::Content { path: path.to_owned(), problem }
}
