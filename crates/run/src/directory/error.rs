//! Errors of run directories, each with a way out.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::ConfigError;

/// Why a run directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The directory already has a run.
    #[error("{} already contains a run: continue it with --resume, or choose another --out", path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// The directory has files that do not belong to a run.
    #[error("{} contains other files but no run: choose an empty directory or a new name for --out", path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
    },
    /// There is no run.
    #[error("there is no run in {}: `longspan ls` shows where runs are", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The directory was removed or replaced while the run was training.
    #[error("{} was removed or replaced while the run was training: nothing more is written; start a new run", path.display())]
    Gone {
        /// The directory.
        path: PathBuf,
    },
    /// Another process is training in the directory.
    #[error("another process is training in {}: wait for it, or choose another --out", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// The run was stopped before its first checkpoint, or is the record of another program.
    #[error("{} has no checkpoint: the run was stopped before its first one, or is the record of another program; start a new run with another --out", path.display())]
    NoCheckpoint {
        /// The directory.
        path: PathBuf,
    },
    /// The settings of the run cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file of the run is not valid.
    #[error("{} is damaged ({reason}): restore it from a backup, or use the run's checkpoints with --from", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file has a format that this version does not read.
    #[error("{} has format {found}, but this version of Longspan reads format {known}: use the version that wrote it, or a later one", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format that is read.
        known: u32,
    },
    /// A file of gradient profiles is not valid.
    #[error("{} is damaged ({reason}): the profiles in it are skipped", path.display())]
    Segment {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be {verb} ({error}): {way_out}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// "read" or "written".
        verb: &'static str,
        /// The error of the system.
        error: io::Error,
        /// What to do.
        way_out: &'static str,
    },
}

pub(super) fn io_error(path: &Path, verb: &'static str) -> impl Fn(io::Error) -> RunError {
    move |error| {
        let way_out = match error.kind() {
            io::ErrorKind::StorageFull => "free some disk space and use --resume, or choose another --out",
            io::ErrorKind::InvalidInput => "put a plain file or folder in its place",
            _ => "check the path and its permissions, or choose another --out",
        };
        RunError::Io { path: path.to_owned(), verb, error, way_out }
    }
}
