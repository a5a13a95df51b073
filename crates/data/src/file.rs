//! Opening files, shared by all readers: a file in a format of other programs is refused by its name.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use super::foreign;

mod error;

pub use error::FileError;

/// Number of bytes from which the format of a file is recognised.
const HEAD: usize = 4096;

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
