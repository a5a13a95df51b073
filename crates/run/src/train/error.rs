//! Why a run cannot begin or go on.

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::config::ConfigError;
use crate::dataset::DataError;
use crate::directory::RunError;

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The directory cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A setting of a run that is resumed differs from the one that it began with.
    #[error(
        "{run} began with {name} = {old}, and resuming cannot change it to {new}: leave it out, or begin a run with --from {run}"
    )]
    Changed {
        /// The run.
        run: String,
        /// The setting.
        name: &'static str,
        /// Its value in the run.
        old: String,
        /// The value given now.
        new: String,
    },
    /// The checkpoint in a run's directory was written by another run.
    #[error(
        "{} belongs to another run: its model or vocabulary is not that of {run}; put the run's own back, or \
         begin a run with --from {}",
        path.display(),
        path.display()
    )]
    OtherCheckpoint {
        /// The checkpoint.
        path: PathBuf,
        /// The run.
        run: String,
    },
    /// The text of a run that is resumed is another one.
    #[error(
        "the data of {run} have changed since it began ({old} then, {new} now): restore them, or begin a run with --from {run}"
    )]
    OtherData {
        /// The run.
        run: String,
        /// Fingerprint when it began.
        old: String,
        /// Fingerprint now.
        new: String,
    },
    /// A run that is resumed has reached its end.
    #[error("{run} has taken all of its {steps} steps: give more --epochs or --steps to go on")]
    AlreadyDone {
        /// The run.
        run: String,
        /// Its steps.
        steps: u64,
    },
    /// The model needs more memory than there is.
    #[error(
        "this model needs about {needed:.1} GB and the machine has {present:.1} GB: choose a smaller --hidden, --layers, --batch or --unroll"
    )]
    Memory {
        /// Gigabytes needed.
        needed: f64,
        /// Gigabytes of the machine.
        present: f64,
    },
    /// The data cannot be read any more.
    #[error(
        "the data cannot be read any more ({failure}): the checkpoint after step {step} is whole, `longspan train \
         --resume --out {run}` goes on"
    )]
    Unread {
        /// The run.
        run: String,
        /// Steps taken.
        step: u64,
        /// What the system says.
        failure: String,
    },
}
