//! A run as it went, read back from its directory: what it was, what it has recorded, and how it ended.
//!
//! What a kill tears and a later attempt takes again is left out without a word; what is damaged is left out, and said to be.

mod evidence;
mod metrics;

use std::path::{Path, PathBuf};

use super::{RunError, RunRecord, SummaryRecord, checkpoint_path, read_config, read_record, read_summary};
use crate::checkpoint::trained_steps;
use crate::config::Config;
use longspan_record::ProbeRecord;
use longspan_record::{FaultRecord, ScoreRecord, StepRecord};

pub use metrics::Metrics;

/// A run as it went.
#[derive(Clone, Debug)]
pub struct History {
    /// Its directory.
    pub path: PathBuf,
    /// Its settings.
    pub config: Config,
    /// What it is.
    pub record: RunRecord,
    /// Its steps, ascending.
    pub steps: Vec<StepRecord>,
    /// Its validations, ascending.
    pub valid: Vec<ScoreRecord>,
    /// The test of its best weights.
    pub test: Option<ScoreRecord>,
    /// The step that could not be taken.
    pub fault: Option<FaultRecord>,
    /// The last probe of its weights.
    pub probe: Option<ProbeRecord>,
    /// The steps that its last checkpoint was trained, where that says so.
    pub saved_step: Option<u64>,
    /// How it ended, as `summary.json` says; None while it has not.
    pub summary: Option<SummaryRecord>,
    /// What could not be read, or is not of the last weights, a sentence each.
    pub problems: Vec<String>,
}

/// Reads a run.
///
/// # Errors
/// [`RunError`] where there is no run, or none can say what it is. What is damaged of its metrics or summary is left out, and
/// stands among the problems.
pub fn read(run: &Path) -> Result<History, RunError> {
    let record = read_record(run)?;
    let config = read_config(run)?;
    let Metrics { steps, valid, test, fault, mut problems } = metrics::read(&run.join("metrics.jsonl"))?;
    let summary = summary(run, &mut problems);
    let probes = super::probes::read(run);
    problems.extend(probes.skipped.iter().map(ToString::to_string));
    let probe = probes.records.into_iter().last();
    let saved_step = trained_steps(&checkpoint_path(run, "last"));
    let path = run.to_owned();
    let mut history =
        History { path, config, record, steps, valid, test, fault, probe, saved_step, summary, problems };
    if let Some((probed, saved)) = history.stale_probe() {
        history.problems.push(format!(
            "the last probe measured the weights after {probed} steps, and the last checkpoint is from step {saved} \
             (next: longspan diagnose {} --probe)",
            run.display()
        ));
    }
    Ok(history)
}

impl History {
    /// Steps of a probe that is older than the last checkpoint, and of that.
    pub fn stale_probe(&self) -> Option<(u64, u64)> {
        let (probe, saved) = (self.probe.as_ref()?, self.saved_step?);
        (probe.step < saved).then_some((probe.step, saved))
    }
}

/// How it ended; what cannot be read stands among the problems.
fn summary(run: &Path, problems: &mut Vec<String>) -> Option<SummaryRecord> {
    match read_summary(run) {
        Ok(summary) => summary,
        Err(RunError::Damaged { path, reason }) => {
            problems.push(format!("{} is damaged ({reason}): it is left out", path.display()));
            None
        }
        Err(error) => {
            problems.push(error.to_string());
            None
        }
    }
}
