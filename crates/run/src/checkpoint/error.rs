//! Why a checkpoint cannot be read or written.

use std::path::PathBuf;

use super::format::{FORMAT, OLDEST};

/// Why a checkpoint cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("{} cannot be read ({error}): check the path", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// The file cannot be written.
    #[error("{} cannot be written ({error}): the previous checkpoint is unchanged; free some disk space or choose another --out", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// The file is truncated or was altered.
    #[error("{} is damaged or not a checkpoint ({reason}): name a run, or use another checkpoint or a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The file has weights, but is not a checkpoint of Longspan.
    #[error("{} has weights but is not a checkpoint of Longspan: use it only with --from", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A field of the header cannot be right.
    #[error("{} is damaged or was altered (field {field} of its header: {reason}): name a run, or use another checkpoint or a backup", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The field, for example `schema.predicts.forecast.window`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has a format that this version does not read.
    #[error("{} has format {found}, but this version of Longspan reads formats {OLDEST} to {FORMAT}: use the version that wrote it, or a later one", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A tensor is missing or has another shape.
    #[error("{} does not fit the model: tensor {name} should have the shape {expected:?}, but is {found}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The shape that the model needs.
        expected: Vec<usize>,
        /// The shape in the file, or "missing".
        found: String,
    },
    /// A tensor that the model has no place for.
    #[error("{} does not fit the model, which has no tensor {name}: train with the settings of its run, without --tie-weights for example", path.display())]
    Unused {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
}

impl CheckpointError {
    /// What is wrong with the file, without its name and a way out.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Unreadable { error, .. } | Self::Unwritable { error, .. } => error.to_string(),
            Self::Damaged { reason, .. } => format!("damaged: {reason}"),
            Self::Foreign { .. } => "it is not a checkpoint".into(),
            Self::Field { field, reason, .. } => format!("damaged or altered: {field}: {reason}"),
            Self::Format { found, .. } => format!("format {found}"),
            Self::Tensor { name, found, .. } => format!("damaged or altered: tensor {name} is {found}"),
            Self::Unused { name, .. } => format!("tensor {name} has no place in the model"),
        }
    }
}
