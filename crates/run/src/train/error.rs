//! Errors of training runs.

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::config::ConfigError;
use crate::dataset::DataError;
use crate::directory::RunError;
use crate::machine::MachineError;
use longspan_data::memory::OutOfMemory;

/// Why a run cannot start or continue.
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
    /// The instruction set that was asked for cannot be used.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The current directory does not exist any more.
    #[error("the current directory cannot be read ({0}): change to a directory that exists")]
    NoDirectory(std::io::Error),
    /// Events for TensorBoard cannot be written.
    #[error("{} cannot be written ({error}): choose another --tensorboard", path.display())]
    Events {
        /// The directory of the events.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// A setting differs from that of the run that is resumed.
    #[error(
        "{run} was started with {name} = {old}, and resuming cannot change it to {new}: leave it out, or start a new run with \
         --from {run}; resuming may change {may}"
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
        /// The flags of the settings that may change.
        may: String,
    },
    /// The file of the settings of the run that is resumed was edited.
    #[error(
        "{} has {name} = {new}, but the run was trained with {old}: write {old} there again, {way}",
        path.display()
    )]
    Edited {
        /// The file.
        path: PathBuf,
        /// The setting.
        name: &'static str,
        /// Its value in the run.
        old: String,
        /// Its value in the file.
        new: String,
        /// What else can be done.
        way: String,
    },
    /// The last checkpoint in a run directory belongs to another run.
    #[error(
        "{} belongs to another run: its model or vocabulary is not that of {run}; restore the checkpoint of this run, or \
         start a new run with --from {}",
        path.display(),
        path.display()
    )]
    OtherCheckpoint {
        /// The checkpoint.
        path: PathBuf,
        /// The run.
        run: String,
    },
    /// The data of the run that is resumed have changed.
    #[error(
        "the data of {run} have changed since it was started ({what}): restore them, name their path with `longspan resume \
         {run} --data FILE`, or start a new run with --from {run}"
    )]
    OtherData {
        /// The run.
        run: String,
        /// What differs.
        what: String,
    },
    /// The run that is resumed is already complete.
    #[error("{run} has taken all of its {step} steps: to continue, use a larger --epochs or --steps")]
    AlreadyDone {
        /// The run.
        run: String,
        /// Its steps.
        step: u64,
    },
    /// A run would be resumed with fewer steps than it has taken.
    #[error(
        "{run} has taken {step} steps, more than the {steps} of these settings: use a larger --epochs or --steps"
    )]
    Fewer {
        /// The run.
        run: String,
        /// The steps that it has taken.
        step: u64,
        /// Those of the settings.
        steps: u64,
    },
    /// The run that is resumed stopped early, and is complete.
    #[error(
        "{run} stopped early after {step} steps, because the validation did not improve: to train its weights on, start a new run with --from {run}"
    )]
    EndedEarly {
        /// The run.
        run: String,
        /// Its steps.
        step: u64,
    },
    /// The model needs more memory than this process may use.
    #[error("this model needs {0}: choose a smaller --hidden, --layers, --batch or --unroll")]
    Memory(OutOfMemory),
    /// The data can no longer be read.
    #[error(
        "the data can no longer be read ({failure}): the run stopped with a checkpoint after step {step} (next: longspan resume {run})"
    )]
    Unread {
        /// The run.
        run: String,
        /// Steps taken.
        step: u64,
        /// The error of the system.
        failure: String,
    },
}
