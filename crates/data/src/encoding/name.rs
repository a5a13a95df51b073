//! Encodings by their names in the Encoding Standard.

use std::fmt;
use std::str::FromStr;

use encoding_rs::UTF_8;

/// The encoding of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(pub(super) &'static encoding_rs::Encoding);

impl Encoding {
    /// UTF-8, which ASCII is a part of.
    pub const UTF_8: Self = Self(UTF_8);

    /// The name in the Encoding Standard, such as `UTF-16LE`, which [`FromStr`] reads.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// A notice for a text that was decoded; None for UTF-8.
    pub fn notice(self) -> Option<String> {
        let name = self.name();
        (self != Self::UTF_8)
            .then(|| format!("the text was decoded from {name}; --encoding NAME chooses another encoding"))
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    /// Reads any label of the Encoding Standard, such as `latin1`, `utf-16le` or `gbk`.
    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        encoding_rs::Encoding::for_label_no_replacement(name.as_bytes())
            .map(Self)
            .ok_or_else(|| UnknownEncoding { name: name.to_owned() })
    }
}

/// No encoding has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no encoding {name:?}: it {}", self.need())]
pub struct UnknownEncoding {
    /// The name.
    pub name: String,
}

impl UnknownEncoding {
    /// What a name needs to be.
    pub fn need(&self) -> &'static str {
        "needs a name of the Encoding Standard, such as utf-8, utf-16le, windows-1252, gbk, big5 or shift_jis"
    }
}
