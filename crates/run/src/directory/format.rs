//! The number of a file's format, which is read before its other fields: another format may have others.

use std::path::Path;

use serde::Deserialize;

use super::RunError;

/// Refuses a file whose JSON text has another format than `known`. A text without a format is left to its reader.
///
/// # Errors
/// [`RunError::Format`].
pub(crate) fn check_format(path: &Path, text: &[u8], known: u32) -> Result<(), RunError> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    match serde_json::from_slice::<Version>(text) {
        Ok(Version { format: found }) if found != known => {
            Err(RunError::Format { path: path.into(), found, known })
        }
        _ => Ok(()),
    }
}
