//! Reads how a run ended from `summary.json`.

use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::RunError;
use super::error::io_error;
use crate::plain_file;

/// The outcome, in a document, of a run that has not ended.
pub const UNFINISHED: &str = "unfinished";
/// The outcome, in a document, of a run that cannot be read.
pub const UNREADABLE: &str = "unreadable";

/// How a run ended. A field is None if the file lacks it or its value is not finite.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SummaryRecord {
    /// The outcome: "finished", "stopped_early", "out_of_time", "interrupted" or "diverged".
    pub outcome: Option<String>,
    /// Steps taken.
    pub step: Option<u64>,
    /// Steps planned.
    pub steps: Option<u64>,
    /// Loss of the last validation. In the file, the names of losses end with their unit.
    #[serde(alias = "valid_loss_nats", alias = "valid_loss_mse", alias = "valid_loss_mae")]
    pub valid_loss: Option<f64>,
    /// Accuracy of the last validation.
    pub valid_accuracy: Option<f64>,
    /// Loss of the best validation.
    #[serde(alias = "best_loss_nats", alias = "best_loss_mse", alias = "best_loss_mae")]
    pub best_loss: Option<f64>,
    /// Accuracy of that validation; None without classes, and in files of earlier versions.
    pub best_accuracy: Option<f64>,
    /// Loss of the best weights on the test data.
    #[serde(alias = "test_loss_nats", alias = "test_loss_mse", alias = "test_loss_mae")]
    pub test_loss: Option<f64>,
    /// Accuracy of the best weights on the test data.
    pub test_accuracy: Option<f64>,
    /// Wall-clock seconds of the last attempt.
    pub seconds: Option<f64>,
    /// Seconds of the last attempt in training steps alone; None in files of earlier versions.
    pub step_seconds: Option<f64>,
    /// Positions read per second of the last attempt.
    pub tokens_per_second: Option<f64>,
    /// The codes of the findings.
    pub findings: Vec<String>,
    /// False if the run was stopped after its last step, before its test and its probe ended: `--resume` makes up for
    /// them. None if nothing is missing.
    pub complete: Option<bool>,
}

/// Reads how a run ended; None if it has not ended.
///
/// # Errors
/// [`RunError`] if the file cannot be read or is damaged.
pub fn read_summary(run: &Path) -> Result<Option<SummaryRecord>, RunError> {
    let path = run.join("summary.json");
    let bytes = match plain_file::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(&path, "read")(error)),
    };
    // Parsed as a map first, because serde accepts a list as a record whose fields are missing.
    let summary = serde_json::from_slice::<Map<String, Value>>(&bytes)
        .and_then(|fields| serde_json::from_value(Value::Object(fields)));
    summary.map(Some).map_err(|error| RunError::Damaged { path, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_dir::TestDir;

    #[test]
    fn losses_of_any_unit_are_read() {
        let directory = TestDir::new();
        let read = |text: &str| {
            directory.write("summary.json", text);
            read_summary(directory.path())
        };
        assert_eq!(read_summary(directory.path()).expect("no file is no error"), None);
        for unit in ["nats", "mse", "mae"] {
            let text = format!(
                r#"{{"outcome": "finished", "best_loss_{unit}": 0.5, "valid_loss_{unit}": null, "later": 1}}"#
            );
            let summary = read(&text).expect("a summary").expect("a file");
            assert_eq!((summary.best_loss, summary.valid_loss), (Some(0.5), None), "{unit}");
            assert_eq!(summary.outcome.as_deref(), Some("finished"));
        }
        for damaged in ["", "[]", r#"{"outcome": 3}"#] {
            let error = read(damaged).expect_err(damaged).to_string();
            assert!(error.contains("summary.json"), "{error}");
        }
    }
}
