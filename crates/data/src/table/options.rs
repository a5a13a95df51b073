//! What a user may say about how a table is written.

use std::fmt;
use std::str::FromStr;

use crate::encoding::Encoding;

/// How a table is written, where its first rows do not say it or say it wrongly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// Separator of fields (`--separator`).
    pub separator: Option<Separator>,
    /// Decimal mark (`--decimal`).
    pub decimal: Option<Decimal>,
    /// Whether the first row has values instead of names (`--no-header`).
    pub no_header: bool,
    /// Whether the first row has names, even if they are numbers (`--header`).
    pub header: bool,
    /// More spellings of a missing value (`--na`).
    pub na: Vec<String>,
    /// The encoding (`--encoding`).
    pub encoding: Option<Encoding>,
    /// The columns that a trained model reads: a first row with all of their names has names, even if they are numbers.
    pub known: Vec<String>,
}

/// The separator of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separator(u8);

impl Separator {
    /// The comma, which is also the separator of a table with one column.
    pub const COMMA: Self = Self(b',');
    /// Runs of spaces and tabs.
    pub const SPACES: Self = Self(b' ');
    /// The separators that are recognised. Where two fit equally well, the first one wins.
    pub(crate) const KNOWN: [Self; 5] = [Self::COMMA, Self(b';'), Self(b'\t'), Self(b'|'), Self::SPACES];

    /// The separator of a byte, if it can be one.
    pub(crate) fn of(byte: u8) -> Option<Self> {
        let mark = byte.is_ascii_punctuation() && !b"\"'.-+".contains(&byte);
        (mark || byte == b'\t' || byte == b' ').then_some(Self(byte))
    }

    /// Its byte; a space stands for runs of spaces and tabs.
    pub(crate) fn byte(self) -> u8 {
        self.0
    }

    /// Its character; a space stands for runs of spaces and tabs.
    pub fn char(self) -> char {
        self.0.into()
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.pad("tab"),
            b' ' => f.pad("space"),
            byte => f.pad(&char::from(byte).to_string()),
        }
    }
}

impl FromStr for Separator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let byte = match text {
            "tab" | "\\t" => b'\t',
            "space" => b' ',
            "comma" => b',',
            "semicolon" => b';',
            _ => match text.as_bytes() {
                [byte] => *byte,
                _ => b'"',
            },
        };
        Self::of(byte).ok_or_else(|| "needs one character such as , ; or |, or tab or space".into())
    }
}

/// The mark before the decimals of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimal {
    /// 1234.5
    #[default]
    Point,
    /// 1234,5
    Comma,
}

impl Decimal {
    /// Its character.
    pub(crate) fn char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.char().encode_utf8(&mut [0; 4]))
    }
}

impl FromStr for Decimal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "." | "point" => Ok(Self::Point),
            "," | "comma" => Ok(Self::Comma),
            _ => Err("needs . or ,".into()),
        }
    }
}
