//! What is read and written by a prediction, and how it ended.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::output::Output;
use crate::failure::{Failure, fail};
use crate::stop::Stop;

/// The input and the output of a prediction.
pub(super) struct Job {
    /// The path of the input, or "standard input"; for messages.
    pub(super) path: PathBuf,
    /// Standard input, if there is no file.
    pub(super) input: Option<Box<dyn Read>>,
    pub(super) output: Output,
    pub(super) json: bool,
    pub(super) every: bool,
    pub(super) stop: Stop,
}

/// Whether everything was written, or a signal stopped it.
pub(super) enum End {
    Done,
    Interrupted,
}

/// Opens a file.
///
/// # Errors
/// A message if the path does not name a readable file.
pub(super) fn open(path: &Path) -> Result<std::fs::File, Failure> {
    if path.is_dir() {
        return Err(fail(format!("{} is a directory: name a file in it", path.display())));
    }
    std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fail(format!("there is no file {}: check the path", path.display())),
        _ => fail(format!("{} cannot be read ({error}): check its permissions", path.display())),
    })
}
