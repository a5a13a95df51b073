//! Files that cannot be opened or read: what every reader says of them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("there is no file {}: check the path", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A directory stands where a file is needed.
    #[error("{} is a directory: name {need}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// "one text file".
        need: &'static str,
    },
    /// The system refuses to read the file.
    #[error("{} cannot be read ({error}): check its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl FileError {
    /// What the system's `error` means for the file at `path`, in whose place `need` was expected.
    pub(super) fn new(path: &Path, error: io::Error, need: &'static str) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            // Not every system says so in the kind of the error.
            _ if path.is_dir() => Self::Directory { path, need },
            _ => Self::Unreadable { path, error },
        }
    }
}

/// Opens the file at `path`, in whose place a directory is an error on every system.
pub(super) fn open(path: &Path, need: &'static str) -> Result<File, FileError> {
    let file = File::open(path).map_err(|error| FileError::new(path, error, need))?;
    if path.is_dir() {
        return Err(FileError::Directory { path: path.to_owned(), need });
    }
    Ok(file)
}
