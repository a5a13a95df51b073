//! What one token is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::VocabularyError;

/// What one token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenLevel {
    /// One of the 256 bytes: reads any file.
    Byte,
    /// A character (Unicode code point) of the training text.
    Char,
    /// A word between white space, or the end of a line.
    Word,
    /// Whatever a tokenizer.json says, which `--vocab` names: no level to ask for.
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
