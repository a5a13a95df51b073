//! Units of a token.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::VocabularyError;

/// The unit of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenLevel {
    /// One of the 256 bytes; can read any file.
    Byte,
    /// A character (Unicode code point) of the training text.
    Char,
    /// A word between white space, or a line end.
    Word,
    /// As defined by the tokenizer.json that `--vocab` names; not a value of `--level`.
    Tokenizer,
}

impl fmt::Display for TokenLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Byte => "byte",
            Self::Char => "char",
            Self::Word => "word",
            Self::Tokenizer => "tokenizer",
        })
    }
}

impl FromStr for TokenLevel {
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
