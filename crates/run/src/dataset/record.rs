//! What a run records about its data.

use longspan::model::head::Unit;
use longspan_record::{ChannelRecord, json_float};
use serde::{Deserialize, Serialize};

use super::baseline::Baseline;

/// What a run records about its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// A short description: "input.txt by char, 65 distinct" or "agreement over 20 steps".
    pub description: String,
    /// FNV-1a of the training data, as 16 hexadecimal digits; empty for a task.
    pub fingerprint: String,
    /// FNV-1a of the schema, as 16 hexadecimal digits.
    pub schema: String,
    /// The sizes of the parts, and how the data were split.
    pub parts: Parts,
    /// Share of the validation tokens that are not in the vocabulary.
    pub unknown_share: f64,
    /// The unit of losses.
    pub unit: Unit,
    /// The loss of the baseline: the best of `baselines` that counts.
    #[serde(alias = "chance_loss", with = "json_float")]
    pub baseline_loss: f64,
    /// The name of the baseline, such as "token frequencies".
    #[serde(alias = "chance")]
    pub baseline: String,
    /// All simple predictors with their losses, fitted on the training part and scored on the validation part; empty in
    /// files of earlier versions.
    #[serde(default)]
    pub baselines: Vec<Baseline>,
    /// The units that a score of the validation part counts: "sequences", "windows" or "blocks of 100 tokens".
    #[serde(default)]
    pub units: String,
    /// The columns of a series, or the input channels of labelled sequences; empty for other data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelRecord>,
    /// Notices about the data, those of `longspan inspect`; empty in files of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// How the data are split. No item is in two parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The items that are counted: tokens, sequences, windows, pieces or samples.
    pub items: String,
    /// Items in the training part; 0 for a task, which has no end.
    pub train: u64,
    /// Items in the validation part.
    pub valid: u64,
    /// Items in the test part.
    pub test: u64,
    /// How the data were split.
    pub by: String,
}
