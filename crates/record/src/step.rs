//! The lines of a run's `metrics.jsonl`.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// One training step, `"type": "step"`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step, from 1.
    pub step: u64,
    /// 1, and one higher after each resume: of a step that was taken twice the higher one counts.
    #[serde(default)]
    pub attempt: u64,
    /// The pass over the data that it belongs to, from 1.
    pub epoch: u64,
    /// What the weights before the step made of the batch. In a file the name ends with what it is counted in.
    #[serde(with = "json_float", alias = "loss_nats", alias = "loss_mse", alias = "loss_mae")]
    pub loss: f64,
    /// Targets.
    pub scored: u64,
    /// Places read.
    pub tokens: u64,
    /// Learning rate.
    #[serde(with = "json_float")]
    pub lr: f64,
    /// log10 of the gradient's global norm before clipping.
    #[serde(with = "json_float")]
    pub log10_global_norm: f64,
    /// The same after clipping.
    #[serde(with = "json_float")]
    pub log10_global_norm_after: f64,
    /// Whether clipping changed anything.
    pub clipped: bool,
    /// log10 of ‖∂ℒ/∂h_t‖ at the window's first step over that at its last, per layer as the state of the model counts them.
    #[serde(default, with = "json_float::list", skip_serializing_if = "Vec::is_empty")]
    pub log10_survival: Vec<f64>,
    /// The decoder's first step, where an encoder's come before.
    #[serde(alias = "border", default, skip_serializing_if = "Option::is_none")]
    pub decoder_start: Option<usize>,
    /// What a closer look found; only every so many steps.
    #[serde(alias = "look", default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
}

/// What a closer look at one step found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What was read.
    pub batch: BatchRecord,
    /// log10 of ‖Δw‖ / ‖w‖, all weights together.
    #[serde(with = "json_float")]
    pub log10_update_ratio: f64,
    /// Each tensor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tensors: Vec<TensorRecord>,
    /// Gates and activations of each layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerRecord>,
}

/// What a batch was like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// Sequences.
    pub rows: usize,
    /// Places of all of them.
    #[serde(alias = "places")]
    pub positions: usize,
    /// Rows in which nothing is scored.
    pub unscored_rows: usize,
    /// Places at the beginning or end of a row whose input is that of their neighbour towards the row's end: what filling up with
    /// one value looks like.
    #[serde(alias = "filled_places")]
    pub filled_positions: usize,
    /// Numbers that were read; None for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputRecord>,
}

/// Numbers that a model reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Mean of all.
    #[serde(with = "json_float")]
    pub mean: f64,
    /// Root of the mean square of all.
    #[serde(with = "json_float")]
    pub rms: f64,
    /// Largest absolute value.
    #[serde(with = "json_float")]
    pub largest: f64,
}

/// One tensor of weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TensorRecord {
    /// Its name in the checkpoint.
    pub name: String,
    /// Its share of the squared global norm before clipping.
    #[serde(with = "json_float")]
    pub share: f64,
    /// log10 of ‖Δw‖ / ‖w‖.
    #[serde(with = "json_float")]
    pub log10_update_ratio: f64,
}

/// Gates and activations of one layer, over the places of a batch at up to 16 steps, evenly spread over its window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// The layer as the state of the model counts them.
    pub layer: usize,
    /// Sigmoid gates.
    pub gates: Vec<GateRecord>,
    /// tanh and relu.
    pub activations: Vec<ActivationRecord>,
}

/// One gate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GateRecord {
    /// Its name in the cell's file.
    pub gate: String,
    /// Mean openness.
    #[serde(with = "json_float")]
    pub mean_openness: f64,
    /// Share of places and units where it is below 0.05.
    pub closed_share: f64,
    /// Share where it is above 0.95.
    pub open_share: f64,
}

/// One activation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivationRecord {
    /// Its name in the cell's file.
    pub activation: String,
    /// tanh: share of places and units beyond 0.95; relu: share that is 0.
    pub saturated_share: f64,
    /// Units that are so at every place.
    pub saturated_units: usize,
}

/// A validation, `"type": "valid"`, or the test at the end, `"type": "test"`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreRecord {
    /// Steps taken.
    pub step: u64,
    /// As in [`StepRecord`].
    #[serde(default)]
    pub attempt: u64,
    /// Mean loss. In a file the name ends with what it is counted in.
    #[serde(with = "json_float", alias = "loss_nats", alias = "loss_mse", alias = "loss_mae")]
    pub loss: f64,
    /// Share of targets that were the first choice, of classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Targets.
    pub scored: u64,
    /// Whether it was the best so far.
    pub best: bool,
}
