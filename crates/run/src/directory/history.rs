//! Reads a run back from its directory: its settings, its records, and how it ended.
//!
//! Lines that were torn by a kill, and steps that a later attempt repeated, are dropped silently. Damaged
//! records are skipped and reported.

mod evidence;
mod lines;
mod metrics;
mod tail;
mod thinned;

use std::path::{Path, PathBuf};

use super::{
    RunError, RunRecord, SummaryRecord, checkpoint_path, read_config, read_record, read_summary, settings_at,
};
use crate::checkpoint::trained_steps;
use crate::config::Config;
use crate::visible;
use longspan_record::ProbeRecord;
use longspan_record::{FaultRecord, RecoveryRecord, ScoreRecord, StepRecord};

pub use metrics::Metrics;

use tail::{Mode, Tail};

/// All records of a run.
#[derive(Clone, Debug)]
pub struct History {
    /// Its directory.
    pub path: PathBuf,
    /// Its settings.
    pub config: Config,
    /// Its description.
    pub record: RunRecord,
    /// Its steps, in ascending order.
    pub steps: Vec<StepRecord>,
    /// Its validations, in ascending order.
    pub valid: Vec<ScoreRecord>,
    /// The test of its best weights.
    pub test: Option<ScoreRecord>,
    /// The step that failed.
    pub fault: Option<FaultRecord>,
    /// The faults after which training continued.
    pub recoveries: Vec<RecoveryRecord>,
    /// The last probe of its weights.
    pub probe: Option<ProbeRecord>,
    /// The training step of its last checkpoint; None if the file does not say.
    pub saved_step: Option<u64>,
    /// How it ended, from `summary.json`; None if it has not ended.
    pub summary: Option<SummaryRecord>,
    /// What could not be read or is older than the last weights, one sentence each.
    pub problems: Vec<String>,
}

/// Reads a run.
///
/// # Errors
/// [`RunError`] if there is no run, or its description or settings cannot be read. Damaged parts of metrics
/// and summary are skipped and listed in `problems`.
pub fn read(run: &Path) -> Result<History, RunError> {
    let (record, config) = (read_record(run)?, read_config(run)?);
    Ok(assembled(run, record, config, tail::read(&run.join("metrics.jsonl"))?))
}

/// Reads a run again and again while it trains, in a bounded memory. Only what was appended to its metrics since the last time is
/// read. Of a long run, records are left out, which `problems` says.
#[derive(Debug)]
pub struct Reader {
    run: PathBuf,
    metrics: Tail,
}

impl Reader {
    /// The length of the lines whose records are kept, in bytes. Their records take about the same.
    pub const KEPT: usize = 8 << 20;
    /// Bytes of the metrics that are read at a time.
    pub const AT_ONCE: u64 = 256 << 20;

    /// A reader of the run in `run`.
    pub fn new(run: &Path) -> Self {
        let mode = Mode::Growing { kept: Self::KEPT, at_once: Self::AT_ONCE };
        Self { run: run.into(), metrics: Tail::new(&run.join("metrics.jsonl"), mode) }
    }

    /// The run that is read.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// Whether the metrics have more than was read at a time.
    pub fn is_behind(&self) -> bool {
        self.metrics.is_behind()
    }

    /// Reads what is new, and passes all of it to `show`.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read<T>(&mut self, show: impl FnOnce(&History) -> T) -> Result<T, RunError> {
        let (record, config) = (read_record(&self.run)?, read_config(&self.run)?);
        self.metrics.update()?;
        let history = assembled(&self.run, record, config, self.metrics.lend());
        let shown = show(&history);
        let History { steps, valid, test, fault, recoveries, .. } = history;
        self.metrics.give_back(Metrics { steps, valid, test, fault, recoveries, ..Metrics::default() });
        Ok(shown)
    }
}

fn assembled(run: &Path, record: RunRecord, config: Config, metrics: Metrics) -> History {
    // The file of the settings may lack the last change.
    let config = settings_at(&config, &record.changes, u64::MAX);
    let Metrics { steps, valid, test, fault, recoveries, mut problems, .. } = metrics;
    let summary = summary(run, &mut problems);
    let probes = super::probes::read(run);
    problems.extend(probes.skipped.iter().map(ToString::to_string));
    let probe = probes.records.into_iter().last();
    let saved_step = trained_steps(&checkpoint_path(run, "last"));
    let path = run.to_owned();
    let mut history = History {
        path,
        config,
        record,
        steps,
        valid,
        test,
        fault,
        recoveries,
        probe,
        saved_step,
        summary,
        problems,
    };
    if let Some((probed, saved)) = history.stale_probe() {
        history.problems.push(format!(
            "the last probe measured the weights after step {probed}, but the last checkpoint is from step {saved} \
             (next: longspan diagnose {} --probe)",
            visible::path(run)
        ));
    }
    history
}

impl History {
    /// The step of the last probe and of the last checkpoint, if the probe is older.
    pub fn stale_probe(&self) -> Option<(u64, u64)> {
        let (probe, saved) = (self.probe.as_ref()?, self.saved_step?);
        (probe.step < saved).then_some((probe.step, saved))
    }
}

/// Reads how the run ended. If that fails, the reason is added to `problems`.
fn summary(run: &Path, problems: &mut Vec<String>) -> Option<SummaryRecord> {
    match read_summary(run) {
        Ok(summary) => summary,
        Err(RunError::Damaged { path, reason }) => {
            problems.push(format!("{} is damaged ({reason}): it is skipped", path.display()));
            None
        }
        Err(error) => {
            problems.push(error.to_string());
            None
        }
    }
}
