//! Where a setting was given.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// As a flag, or with `--set`.
    Flag,
    /// In a line of a configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

/// A setting as the user wrote it: `--batch 0`, or `run.toml, line 3: batch = 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The key.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Where it was given; None for a default.
    pub origin: Option<Origin>,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(Origin::File { path, line }) => {
                write!(f, "{}, line {line}: {} = {}", path.display(), self.key, self.value)
            }
            Some(Origin::Flag) | None => write!(f, "{} {}", flag(self.key), self.value),
        }
    }
}

/// The flag of a key.
pub fn flag(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}
