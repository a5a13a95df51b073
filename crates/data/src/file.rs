//! Errors of opening and reading files, shared by all readers.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::foreign;

/// Number of bytes from which the format of a file is recognised.
const HEAD: usize = 4096;

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
    /// The file is in a format that the reader does not read.
    #[error("{} is {what}: {way_out}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The format, such as "a Parquet file".
        what: &'static str,
        /// What to do instead.
        way_out: String,
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

/// Opens the file at `path` for a reader of tables or sequences. A directory is an error on every operating system, and
/// so is a file in a format of other programs.
pub(super) fn open(path: &Path, need: &'static str) -> Result<File, FileError> {
    let mut file = open_any(path, need)?;
    check(path, &mut file, need, |_| true)?;
    Ok(file)
}

/// Opens the file at `path` for a reader of texts, to which HTML and the like are texts as well.
pub(super) fn open_text(path: &Path, need: &'static str) -> Result<File, FileError> {
    let mut file = open_any(path, need)?;
    check_text(path, &mut file, need)?;
    Ok(file)
}

/// Opens the file at `path`, whatever it contains.
pub(super) fn open_any(path: &Path, need: &'static str) -> Result<File, FileError> {
    let file = File::open(path).map_err(|error| FileError::new(path, error, need))?;
    if path.is_dir() {
        return Err(FileError::Directory { path: path.to_owned(), need });
    }
    Ok(file)
}

/// Checks that the file is no binary file of other programs.
pub(super) fn check_text(path: &Path, file: &mut File, need: &'static str) -> Result<(), FileError> {
    check(path, file, need, |format| !format.is_text())
}

fn check(
    path: &Path,
    file: &mut File,
    need: &'static str,
    refused: impl Fn(&foreign::Foreign) -> bool,
) -> Result<(), FileError> {
    let failed = |error| FileError::new(path, error, need);
    // The bytes of a pipe can be read only once.
    if !file.metadata().map_err(failed)?.is_file() {
        return Ok(());
    }
    match foreign::of(path, &head(file, HEAD).map_err(failed)?).filter(refused) {
        Some(format) => Err(format.refusal(path)),
        None => Ok(()),
    }
}

/// Returns the first `count` bytes of a regular file, or all if it is shorter, and goes back to its beginning.
pub(super) fn head(file: &mut File, count: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(count);
    file.rewind()?;
    file.by_ref().take(count as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head)
}
