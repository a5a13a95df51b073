//! A disk that is full or cannot be written.

use std::io;

use super::TrainError;
use crate::checkpoint::CheckpointError;
use crate::directory::RunError;

/// Whether a file could not be written because the disk is full, its quota is used up, or it is read-only.
pub(super) fn is_full(error: &TrainError) -> bool {
    match error {
        TrainError::Checkpoint(CheckpointError::Unwritable { error, .. })
        | TrainError::Run(RunError::Io { error, .. }) => is_full_error(error),
        _ => false,
    }
}

fn is_full_error(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge)
}
