//! Why bytes are no text.

use std::io;

use super::name::Encoding;

/// Why bytes are no text. Readers deliver it within an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// The bytes contain a NUL and are not UTF-16.
    #[error(
        "byte {offset} (from 0) is NUL, so this is a binary file and not a text: only --text with --level byte reads \
         the bytes of any file"
    )]
    Binary {
        /// Offset of the byte, from 0; for UTF-16, of the piece with it.
        offset: u64,
    },
    /// The bytes are not UTF-8, and many are control characters.
    #[error(
        "the bytes from byte {offset} (from 0) on are not text in any encoding: only --text with --level byte \
         reads the bytes of any file"
    )]
    Controls {
        /// Offset of the first byte beyond ASCII, from 0.
        offset: u64,
    },
    /// A byte is not valid in the encoding.
    #[error(
        "byte {offset} (from 0) is not valid {encoding}, {}: name the encoding of the text with --encoding",
        if *chosen { "which --encoding chooses" } else { "the encoding of the bytes before it" }
    )]
    Malformed {
        /// The encoding.
        encoding: Encoding,
        /// Offset of the byte, from 0.
        offset: u64,
        /// Whether the encoding was chosen, not recognised.
        chosen: bool,
    },
}

impl EncodingError {
    /// The error of the encoding within an error of reading, if it is one.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().copied()
    }
}

impl From<EncodingError> for io::Error {
    fn from(error: EncodingError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
