//! What a list of runs shows of one: read in a moment, however long the run is.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use longspan_record::StepRecord;
use longspan_run::directory;
use serde_json::{Value, json};

use super::document::summary;

/// Bytes at the end of the metrics in which the last step is looked for.
const TAIL: u64 = 64 << 10;

/// State, verdict and last numbers of the run in `path`.
pub(crate) fn brief(path: &Path) -> Value {
    let record = directory::read_record(path);
    let config = directory::read_config(path).ok();
    let summary = summary(path);
    let of = |name: &str| summary.get(name).cloned().unwrap_or_default();
    let metrics = path.join("metrics.jsonl");
    let last = last_step(&metrics);
    let updated = fs::metadata(&metrics).and_then(|file| file.modified()).ok();
    let damaged = record.as_ref().err().map(ToString::to_string);
    json!({
        "state": if summary.is_empty() { json!("unknown") } else { of("outcome") },
        "verdict": damaged.unwrap_or_else(|| codes(&of("findings"))),
        "step": last.as_ref().map(|step| step.step),
        "steps": of("steps"),
        "loss": last.map(|step| step.loss).filter(|loss| loss.is_finite()),
        "model": config.map(|c| format!("{} {}×{}", c.model.cell, c.model.layers, c.model.hidden)),
        "data": record.ok().map(|record| record.data.description),
        "updated": updated.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|age| age.as_secs()),
    })
}

/// The codes of what was found at the end.
fn codes(findings: &Value) -> String {
    let codes: Vec<&str> = findings.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    codes.join(", ")
}

/// The last step in the file's last lines.
fn last_step(metrics: &Path) -> Option<StepRecord> {
    let mut file = File::open(metrics).ok()?;
    let length = file.seek(SeekFrom::End(0)).ok()?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).ok()?;
    let mut lines = tail.split(|&byte| byte == b'\n').rev();
    lines.find_map(|line| {
        let record: Value = serde_json::from_slice(line).ok()?;
        (record["type"] == "step").then(|| serde_json::from_value(record).ok())?
    })
}
