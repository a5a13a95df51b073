//! Errors in settings, and where each setting was given.

use std::path::PathBuf;

use super::given::Given;
use super::settings::SCHEMA;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no such key.
    #[error(
        "{location}there is no setting \"{name}\"{}",
        nearest.as_ref().map_or("; `longspan config --defaults` lists them".into(), |n| format!(": did you mean {n}?"))
    )]
    Unknown {
        /// The key as given.
        name: String,
        /// The most similar key.
        nearest: Option<String>,
        /// The beginning of the message: "run.toml, line 3: " for a file, else empty.
        location: String,
    },
    /// A value that the key cannot have.
    #[error("{given}: {need}")]
    Value {
        /// What was given.
        given: Given,
        /// What the key needs.
        need: String,
    },
    /// A configuration file is not valid TOML.
    #[error("{}, line {line}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The problem.
        problem: String,
    },
    /// A configuration file has a version that this program does not read.
    #[error("{} has schema = {found}, but this version reads schema = 1 and {SCHEMA}: use a newer version of Longspan", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: String,
    },
    /// A configuration file cannot be read.
    #[error("{} cannot be read ({error}): check the path", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
}
