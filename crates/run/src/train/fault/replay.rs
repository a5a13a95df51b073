//! Repeats a failed step from the run directory.

use std::path::{Path, PathBuf};

use super::{FORMAT, FaultFile, batch};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::config::ConfigError;
use crate::directory;
use crate::directory::{RunError, checkpoint_path, history, settings_at};
use crate::plain_file;
use longspan::batch::{Batch, Source};
use longspan::trainer::Trainer;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::{FaultRecord, json_float};

/// The result of repeating a failed step.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The fault that the run recorded.
    pub recorded: FaultRecord,
    /// The instruction set of the recorded fault.
    pub isa: String,
    /// The fault of the repeated step; None if the step succeeded.
    pub found: Option<FaultRecord>,
    /// Whether both faults are the same value at the same location.
    pub same: bool,
}

/// Why a failed step cannot be repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The directory cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Its settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The run has no failed step.
    #[error("no step of {} has failed: there is no fault to replay", run.display())]
    None {
        /// The run.
        run: PathBuf,
    },
    /// Training continued after each fault of the run.
    #[error(
        "{} continued after each of its faults ({steps}), and a run keeps what can be replayed only of a fault that ends it: \
         train it with `--on-fault stop`, which ends at the first one",
        run.display()
    )]
    Recovered {
        /// The run.
        run: PathBuf,
        /// The steps that failed: "step 7", "3 steps from 7 to 12".
        steps: String,
    },
    /// A file of the fault is not valid.
    #[error("{} is damaged ({reason}): restore it from a backup, or repeat the fault with `longspan resume {}`", path.display(), run.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The run.
        run: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The run was continued after the fault.
    #[error(
        "step {failed} of {} failed, but its last checkpoint is from step {step}: the weights before the fault no longer exist",
        run.display()
    )]
    GoneOn {
        /// The run.
        run: PathBuf,
        /// The step that failed.
        failed: u64,
        /// The step of the last checkpoint.
        step: u64,
    },
}

/// A source that returns the same batch each time.
struct Once(Batch);

impl Source for Once {
    fn windows(&self) -> u64 {
        u64::MAX
    }

    fn fill(&self, _: u64, _: u64, batch: &mut Batch) {
        batch.clone_from(&self.0);
    }

    fn shape(&self) -> (usize, usize) {
        (self.0.steps(), self.0.rows())
    }
}

/// Why a run has no file of a fault.
fn without_file(run: &Path) -> ReplayError {
    let recoveries = history::read(run).map(|history| history.recoveries).unwrap_or_default();
    let mut failed: Vec<_> = recoveries.iter().map(|recovery| recovery.fault.step).collect();
    failed.sort_unstable();
    failed.dedup();
    let run = run.into();
    match failed[..] {
        [] => ReplayError::None { run },
        [step] => ReplayError::Recovered { run, steps: format!("step {step}") },
        [first, .., last] => {
            ReplayError::Recovered { run, steps: format!("{} steps from {first} to {last}", failed.len()) }
        }
    }
}

/// Repeats the failed step of the run in `run`.
///
/// # Errors
/// [`ReplayError`].
pub fn replay_fault(run: &Path, level: InstructionSet, threads: usize) -> Result<Replay, ReplayError> {
    let record = directory::read_record(run)?;
    let path = run.join("fault").join("fault.json");
    let damaged =
        |path: &Path, reason: String| ReplayError::Damaged { path: path.into(), run: run.into(), reason };
    let text = match plain_file::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(without_file(run));
        }
        Err(error) => return Err(damaged(&path, error.to_string())),
    };
    directory::check_format(&path, &text, FORMAT)?;
    let file: FaultFile = json_float::from_slice(&text).map_err(|error| damaged(&path, error.to_string()))?;
    let recorded = file.fault;
    if !recorded.lr.is_finite() {
        return Err(damaged(&path, format!("its learning rate is {}", recorded.lr)));
    }
    let config = settings_at(&directory::read_config(run)?, &record.changes, recorded.step);
    config.check()?;
    let last = checkpoint_path(run, "last");
    let checkpoint = Checkpoint::read(&last)?;
    let header = checkpoint.require_header()?;
    if header.model != config.model_spec(&header.schema) {
        return Err(damaged(&last, "its model does not match config.toml".into()));
    }
    let step = header.position.step;
    if step.checked_add(1) != Some(recorded.step) {
        return Err(ReplayError::GoneOn { run: run.into(), failed: recorded.step, step });
    }
    let path = run.join("fault").join("batch.safetensors");
    let bytes = plain_file::read(&path).map_err(|error| damaged(&path, error.to_string()))?;
    let (batch, weights) =
        batch::read(&bytes, &header.model, config.data.batch).map_err(|reason| damaged(&path, reason))?;
    let mut trainer = Trainer::new(Context::new(level, threads), &config.trainer(header.model.clone()));
    checkpoint.restore(&mut trainer)?;
    if !weights.is_empty() {
        trainer.weigh_classes(&weights);
    }
    let found = trainer.step(&Once(batch), recorded.lr).err();
    let found = found.map(|divergence| trainer.first_fault(&divergence, recorded.before.clone()));
    let same = found.as_ref().is_some_and(|found| found.is_at(&recorded));
    Ok(Replay { recorded, isa: file.isa, found, same })
}
