//! A run as it went, read back from its directory: what it was, what it has recorded, and how it ended.
//!
//! What a kill tears and a later attempt takes again is left out without a word; what is damaged is left out, and said to be.

mod evidence;
mod metrics;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{RunError, RunRecord, read_config, read_record};
use crate::config::Config;
use crate::probe::ProbeRecord;
use crate::telemetry::{FaultRecord, ScoreRecord, StepRecord};

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
    /// How it ended, as `summary.json` says; None while it has not.
    pub summary: Option<Map<String, Value>>,
    /// What could not be read, a sentence each.
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
    let summary = summary(&run.join("summary.json"), &mut problems);
    let probes = super::probes::read(run);
    problems.extend(probes.skipped.iter().map(ToString::to_string));
    let probe = probes.records.into_iter().last();
    Ok(History { path: run.into(), config, record, steps, valid, test, fault, probe, summary, problems })
}

fn summary(path: &Path, problems: &mut Vec<String>) -> Option<Map<String, Value>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            problems.push(format!("{} cannot be read ({error}): it is left out", path.display()));
            return None;
        }
    };
    serde_json::from_slice(&bytes)
        .map_err(|error| problems.push(format!("{} is damaged ({error}): it is left out", path.display())))
        .ok()
}
