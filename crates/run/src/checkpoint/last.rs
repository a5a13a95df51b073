//! The last checkpoint of a run, or an earlier one if it is damaged.

use std::path::{Path, PathBuf};

use super::{Checkpoint, CheckpointError};
use crate::directory::{checkpoint_path, numbered};

/// The last checkpoint of a run that can be read.
pub struct Last {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Its file.
    pub file: PathBuf,
    /// If it is not the last one that was written: why that cannot be used, and what is used instead.
    pub warning: Option<String>,
}

impl Checkpoint {
    /// Reads the last checkpoint of a run, or the newest of the earlier ones that can be read.
    ///
    /// # Errors
    /// The error of the last checkpoint, if no earlier one can be read either, or if the last one is of a later version.
    pub fn read_last(run: &Path) -> Result<Last, CheckpointError> {
        let file = checkpoint_path(run, "last");
        let error = match Self::read(&file) {
            Ok(checkpoint) => return Ok(Last { checkpoint, file, warning: None }),
            Err(error @ CheckpointError::Format { .. }) => return Err(error),
            Err(error) => error,
        };
        for (step, earlier) in numbered(run, "last").into_iter().rev() {
            if let Ok(checkpoint) = Self::read(&earlier) {
                let (damaged, used, reason) = (file.display(), earlier.display(), error.reason());
                let warning =
                    format!("{damaged} cannot be used ({reason}): using {used} instead, from step {step}");
                return Ok(Last { checkpoint, file: earlier, warning: Some(warning) });
            }
        }
        Err(error)
    }
}
