//! Scores of a model on held-out data: lines of `metrics.jsonl`.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// The result of a validation, `"type": "valid"`, or of the test at the end, `"type": "test"`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreRecord {
    /// Number of steps taken before.
    pub step: u64,
    /// As in [`StepRecord`](crate::StepRecord).
    #[serde(default)]
    pub attempt: u64,
    /// Mean loss.
    #[serde(with = "json_float", alias = "loss_nats", alias = "loss_mse", alias = "loss_mae")]
    pub loss: f64,
    /// Share of targets with the highest predicted probability, for classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Number of scored targets.
    pub scored: u64,
    /// Whether it is the best so far.
    pub best: bool,
    /// Standard error of the mean loss over the units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// Number of units that count as independent: sequences, windows, or blocks of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<u64>,
    /// Mean loss minus that of the best validation before, over the same units; None for the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_best: Option<Estimate>,
    /// Mean loss of a fixed sample of the training part, without dropout and with the weights of this validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Estimate>,
    /// Share of the targets of that sample with the highest predicted probability, for classes; None in files of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_accuracy: Option<f64>,
    /// Scores beyond the loss, for classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassScore>,
    /// The score of each group of a series, if it has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupScore>,
}

/// The score of one group of a series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupScore {
    /// Name of the group.
    pub group: String,
    /// Mean loss.
    #[serde(with = "json_float")]
    pub loss: f64,
    /// Loss of the group's own baseline.
    #[serde(with = "json_float")]
    pub baseline_loss: f64,
    /// Name of that baseline.
    pub baseline: String,
}

impl GroupScore {
    /// The loss over that of the baseline.
    pub fn ratio(&self) -> f64 {
        self.loss / self.baseline_loss
    }
}

/// A mean with its standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    #[serde(with = "json_float")]
    pub mean: f64,
    /// Its standard error.
    #[serde(with = "json_float")]
    pub standard_error: f64,
}

/// Scores of a classifier beyond its loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// F1, averaged over the classes that occur.
    #[serde(with = "json_float")]
    pub macro_f1: f64,
    /// Number of classes that occur.
    pub classes: usize,
    /// Number of classes that were predicted at least once.
    pub predicted_classes: usize,
    /// Share of the most frequent class.
    pub largest_share: f64,
}
