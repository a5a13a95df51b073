//! Properties of the columns of a series, in the units of the file.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// A column that a model reads or predicts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChannelRecord {
    /// Name in the file.
    pub name: String,
    /// Whether it is predicted.
    pub target: bool,
    /// Values of the training part.
    pub train: ValueRange,
    /// Values of the held-out part, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<ValueRange>,
    /// Share of the held-out values outside the range of the training part.
    #[serde(default)]
    pub outside_share: f64,
    /// Largest |correlation|, over the targets, of the last value in a window with the first predicted value, in the
    /// training part. For a target it is its own autocorrelation.
    #[serde(default, with = "json_float")]
    pub correlation: f64,
}

/// Distribution of values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueRange {
    /// Number of values.
    pub count: u64,
    /// Smallest value.
    #[serde(with = "json_float")]
    pub min: f64,
    /// 1 % quantile.
    #[serde(with = "json_float")]
    pub p01: f64,
    /// Median.
    #[serde(with = "json_float")]
    pub median: f64,
    /// 99 % quantile.
    #[serde(with = "json_float")]
    pub p99: f64,
    /// Largest value.
    #[serde(with = "json_float")]
    pub max: f64,
    /// Mean.
    #[serde(with = "json_float")]
    pub mean: f64,
    /// Standard deviation.
    #[serde(with = "json_float")]
    pub std: f64,
}
