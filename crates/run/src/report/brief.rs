//! One row of a list of runs. Reading it takes the same time for a run of any length.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use longspan_record::{StepRecord, json_float};
use serde::{Deserialize, Serialize};

use crate::directory::{self, SummaryRecord, UNFINISHED, UNREADABLE};
use crate::plain_file;

/// Bytes at the end of the metrics that are searched for the last step.
const TAIL: u64 = 64 << 10;

/// Outcome, findings and last numbers of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Brief {
    /// How it ended: "finished", "stopped_early", "out_of_time", "interrupted" or "diverged"; "unfinished" if it has not ended,
    /// "unreadable" if it cannot be read.
    pub outcome: String,
    /// The codes of the findings at its end, or why the run cannot be read.
    pub verdict: String,
    /// Steps taken.
    pub step: Option<u64>,
    /// Steps planned.
    pub steps: Option<u64>,
    /// Loss of the last step.
    pub loss: Option<f64>,
    /// Cell, layers and units: "lstm 1×8".
    pub model: Option<String>,
    /// The description of its data.
    pub data: Option<String>,
    /// Time at which its metrics were last written, in seconds since 1970.
    pub updated: Option<u64>,
}

impl Brief {
    /// Reads the brief of the run in `path`.
    pub fn read(path: &Path) -> Self {
        let record = directory::read_record(path);
        let summary = directory::read_summary(path).ok().flatten();
        let metrics = path.join("metrics.jsonl");
        let last = last_step(&metrics);
        let updated = metrics.symlink_metadata().and_then(|file| file.modified()).ok();
        Self {
            outcome: match (&record, &summary) {
                (Err(_), _) => UNREADABLE.into(),
                (Ok(_), Some(SummaryRecord { outcome: Some(outcome), .. })) => outcome.clone(),
                _ => UNFINISHED.into(),
            },
            verdict: match &record {
                Err(error) => error.to_string(),
                Ok(_) => summary.as_ref().map_or(String::new(), |s| s.findings.join(", ")),
            },
            step: last.as_ref().map(|step| step.step),
            steps: summary.and_then(|s| s.steps),
            loss: last.map(|step| step.loss).filter(|loss| loss.is_finite()),
            model: directory::read_config(path).ok().map(|config| super::model(&config)),
            data: record.ok().map(|record| record.data.description),
            updated: updated.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|age| age.as_secs()),
        }
    }
}

/// The last step among the last lines of the file.
fn last_step(metrics: &Path) -> Option<StepRecord> {
    last_steps(metrics, TAIL).into_iter().next()
}

/// The steps among the last lines of the file, in so many bytes, the last line first.
pub(crate) fn last_steps(metrics: &Path, tail: u64) -> Vec<StepRecord> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "type")]
        kind: String,
    }
    let bytes = || {
        let mut file = plain_file::open(metrics)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(tail)))?;
        let mut bytes = Vec::new();
        file.take(tail).read_to_end(&mut bytes)?;
        std::io::Result::Ok(bytes)
    };
    let bytes = bytes().unwrap_or_default();
    let lines = bytes.split(|&byte| byte == b'\n').rev();
    let steps = lines.filter_map(|line| {
        let Line { kind } = serde_json::from_slice(line).ok()?;
        (kind == "step").then(|| json_float::from_slice(line).ok())?
    });
    steps.collect()
}
