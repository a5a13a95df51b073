//! Why a run directory cannot be used, and the way out.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::ConfigError;

/// Why a run directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A run is there already.
    #[error("{} holds a run already: continue it with --resume, or choose another --out", path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("{} holds other files and no run: choose an empty directory or a new name for --out", path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
    },
    /// Nothing is there.
    #[error("there is no run in {}: `longspan ls` shows where runs are", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// Another process trains there.
    #[error("another process is training in {}: wait for it, or choose another --out", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// A run without a checkpoint: it was stopped before the first one.
    #[error("{} has no checkpoint: it was stopped before the first one; start it anew under another --out", path.display())]
    NoCheckpoint {
        /// The directory.
        path: PathBuf,
    },
    /// The settings of a run cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file of the run cannot be read as what it is.
    #[error("{} is damaged ({reason}): restore it from a backup, or use the run's checkpoints with --from", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A segment of profiles cannot be read as what it is.
    #[error("{} is damaged ({reason}): the profiles in it are left out", path.display())]
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
        /// What the system says.
        error: io::Error,
        /// What to do.
        way_out: &'static str,
    },
}

pub(super) fn io_error(path: &Path, verb: &'static str) -> impl Fn(io::Error) -> RunError {
    move |error| {
        let way_out = match error.kind() {
            io::ErrorKind::StorageFull => "make room and --resume, or choose another --out",
            _ => "check the path and its permissions, or choose another --out",
        };
        RunError::Io { path: path.to_owned(), verb, error, way_out }
    }
}
