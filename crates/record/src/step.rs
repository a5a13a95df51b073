//! The lines of `metrics.jsonl`.

use serde::{Deserialize, Serialize};

use crate::{LagSnapshot, json_float};

/// One training step, `"type": "step"`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step, from 1.
    pub step: u64,
    /// Number of the attempt: 1, and one more after each resume. If a step was taken twice, the later attempt counts.
    #[serde(default)]
    pub attempt: u64,
    /// The epoch, from 1.
    pub epoch: u64,
    /// Mean loss of the batch before the update.
    #[serde(with = "json_float", alias = "loss_nats", alias = "loss_mse", alias = "loss_mae")]
    pub loss: f64,
    /// Number of scored targets.
    pub scored: u64,
    /// Number of positions that were read.
    pub tokens: u64,
    /// Learning rate.
    #[serde(with = "json_float")]
    pub lr: f64,
    /// log10 of the gradient's global norm before clipping.
    #[serde(with = "json_float")]
    pub log10_global_norm: f64,
    /// log10 of the global norm after clipping.
    #[serde(with = "json_float")]
    pub log10_global_norm_after: f64,
    /// Whether clipping changed the gradient.
    pub clipped: bool,
    /// log10 of ‖∂ℒ/∂h_t‖ at the first step of the window over that at the last, for each layer in the order of the
    /// state of a model.
    #[serde(default, with = "json_float::list", skip_serializing_if = "Vec::is_empty")]
    pub log10_survival: Vec<f64>,
    /// First time step of the decoder, if the steps of an encoder precede it.
    #[serde(alias = "border", default, skip_serializing_if = "Option::is_none")]
    pub decoder_start: Option<usize>,
    /// A detailed record; only every so many steps.
    #[serde(alias = "look", default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
}

/// A detailed record of one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The batch.
    pub batch: BatchRecord,
    /// log10 of ‖Δw‖ / ‖w‖ over all weights.
    #[serde(with = "json_float")]
    pub log10_update_ratio: f64,
    /// Each weight tensor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tensors: Vec<TensorRecord>,
    /// Gates and activations of each layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerRecord>,
    /// How far the gradient of one loss reaches back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagSnapshot>,
}

/// Statistics of a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// Number of rows.
    pub rows: usize,
    /// Number of positions of all rows.
    #[serde(alias = "places")]
    pub positions: usize,
    /// Number of rows without a scored position.
    pub unscored_rows: usize,
    /// Number of positions at the beginning or end of a row with the same input as their inner neighbour, if another row
    /// begins or ends with that input too, which looks like padding.
    #[serde(alias = "filled_places")]
    pub filled_positions: usize,
    /// Statistics of the numbers that were read; None for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputRecord>,
}

/// Statistics of numeric inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Mean.
    #[serde(with = "json_float")]
    pub mean: f64,
    /// Root mean square.
    #[serde(with = "json_float")]
    pub rms: f64,
    /// Largest absolute value.
    #[serde(with = "json_float")]
    pub largest: f64,
}

/// Statistics of a weight tensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TensorRecord {
    /// Name in the checkpoint.
    pub name: String,
    /// Share of the squared global norm before clipping.
    #[serde(with = "json_float")]
    pub share: f64,
    /// log10 of ‖Δw‖ / ‖w‖.
    #[serde(with = "json_float")]
    pub log10_update_ratio: f64,
    /// Root mean square of the weights before the update; None in runs of earlier versions and of other programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rms: Option<f64>,
}

/// Gates and activations of one layer, over the positions of a batch at up to 16 steps that are evenly spread over its
/// window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// Layer, in the order of the state of a model.
    pub layer: usize,
    /// Sigmoid gates.
    pub gates: Vec<GateRecord>,
    /// Activations: tanh and relu.
    pub activations: Vec<ActivationRecord>,
}

/// Statistics of a gate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GateRecord {
    /// Name in the equations of the cell.
    pub gate: String,
    /// Mean openness.
    #[serde(with = "json_float")]
    pub mean_openness: f64,
    /// Share of positions and units where it is below 0.05.
    pub closed_share: f64,
    /// Share of positions and units where it is above 0.95.
    pub open_share: f64,
}

/// Statistics of an activation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivationRecord {
    /// Name in the equations of the cell.
    pub activation: String,
    /// Share of positions and units that are saturated: a tanh beyond ±0.95, a relu at 0.
    pub saturated_share: f64,
    /// Number of units that are saturated at every position.
    pub saturated_units: usize,
}
