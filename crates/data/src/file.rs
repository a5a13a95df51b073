//! Errors of opening and reading files, shared by all readers.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file does not exist.
    #[error("there is no file {}: check the path", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The path is a directory, and a file is needed.
    #[error("{} is a directory: name {need}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What is needed, such as "one text file".
        need: &'static str,
    },
    /// The operating system refuses to read the file.
    #[error("{} cannot be read ({error}): check its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
}

impl FileError {
    /// Classifies the `error` of the operating system for the file at `path`; `need` describes the file that was
    /// expected.
    pub(super) fn new(path: &Path, error: io::Error, need: &'static str) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            // Not every operating system reports a directory by the kind of the error.
            _ if path.is_dir() => Self::Directory { path, need },
            _ => Self::Unreadable { path, error },
        }
    }
}

/// Opens the file at `path`. A directory is an error on every operating system.
pub(super) fn open(path: &Path, need: &'static str) -> Result<File, FileError> {
    let file = File::open(path).map_err(|error| FileError::new(path, error, need))?;
    if path.is_dir() {
        return Err(FileError::Directory { path: path.to_owned(), need });
    }
    Ok(file)
}
