//! The first bad value of a step that could not be taken, and its cause. [`longspan::model::Scan`] defines bad values
//! and their order, [`longspan::trainer::Trainer::first_fault`] derives the cause.

use serde::{Deserialize, Serialize};

use crate::StepRecord;
use crate::json_float;

/// The phases of a training step, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The given weights.
    Weights,
    /// The inputs and targets.
    Input,
    /// The states of the layers.
    Forward,
    /// The outputs and the loss.
    Loss,
    /// The gradient through time.
    Backward,
    /// The update of the weights.
    Update,
}

/// The cause of a bad value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The data contain a value that is not finite or too large.
    BadInput,
    /// Nothing in the batch is scored, so its loss is the mean of no values.
    PaddingOnly,
    /// States or outputs overflowed.
    ForwardOverflow,
    /// The gradient grew through time until it overflowed.
    GradientGrowth,
    /// The previous updates were too large.
    StepTooLarge,
    /// A moment of the optimizer is not finite.
    OptimizerState,
    /// Weights are not finite.
    BadWeights,
    /// Another program took the step, and the value came from something that was not observed.
    NotObserved,
}

/// Direction of a layer of a bidirectional model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the first step of a row.
    Forwards,
    /// From the last step of a row.
    Reverse,
}

impl Direction {
    /// Direction of a layer, numbered from the bottom as in the state of a model, forwards before reverse.
    pub fn of(layer: usize) -> Self {
        if layer.is_multiple_of(2) { Self::Forwards } else { Self::Reverse }
    }
}

/// Numbers from which the cause was derived.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FaultEvidence {
    /// Number of scored targets.
    pub scored: u64,
    /// Largest absolute value of a state that was not bad.
    #[serde(with = "json_float")]
    pub largest_state: f64,
    /// log10 of the factor per step by which ∂ℒ/∂h_t grew back to the bad value, and the number of steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log10_growth_a_step: Option<(f64, usize)>,
    /// log10 of the factor per step by which the largest |h_t| grew forwards through time, and the number of
    /// steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log10_state_growth_a_step: Option<(f64, usize)>,
    /// The limit that the value exceeds, if it is finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// The first of the previous steps with such a loss: the weights are bad since the update before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rise_step: Option<u64>,
    /// Loss of the previous step over the minimum of the steps before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_rise: Option<f64>,
    /// ‖Δw‖ / ‖w‖ of the previous step, estimated from its learning rate and norm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_step: Option<f64>,
    /// Index of the row's sequence, window or stretch in the data, if they are numbered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<usize>,
}

/// The first bad value, `"type": "fault"`. The step was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// The step that failed, from 1.
    pub step: u64,
    /// The epoch of the step, from 1.
    pub epoch: u64,
    /// The mean loss of the step. In a file the name ends with the unit.
    #[serde(with = "json_float", alias = "loss_nats", alias = "loss_mse", alias = "loss_mae")]
    pub loss: f64,
    /// log10 of the global norm of the step.
    #[serde(with = "json_float")]
    pub log10_global_norm: f64,
    /// Learning rate of the step.
    #[serde(default, with = "json_float")]
    pub lr: f64,
    /// Phase in which the value appeared.
    pub phase: Phase,
    /// Layer, numbered from the bottom as in the state of a model, forwards before reverse; None if the value is in no
    /// layer.
    pub layer: Option<usize>,
    /// Direction of the layer in a bidirectional model.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Whether the value is in the encoder or its input.
    #[serde(default)]
    pub encoder: bool,
    /// Time step in the window, from 0; the encoder has its own.
    pub t: Option<usize>,
    /// Tensor of the value: "x", "target", "h", "c", a gate such as "f", "logits", "d_h", or the name of a parameter.
    pub tensor: String,
    /// The row of the batch.
    pub row: Option<usize>,
    /// The unit, or the element of a weight tensor.
    pub unit: Option<usize>,
    /// The value.
    #[serde(with = "json_float")]
    pub value: f64,
    /// The cause.
    pub cause: Cause,
    /// Numbers from which the cause was derived.
    #[serde(default)]
    pub evidence: FaultEvidence,
    /// The previous steps, oldest first.
    pub before: Vec<StepRecord>,
}

impl FaultRecord {
    /// Whether another record is about the same value.
    pub fn is_at(&self, other: &Self) -> bool {
        let position = |f: &Self| (f.phase, f.layer, f.direction, f.encoder, f.t, f.row, f.unit);
        let same = self.value == other.value || self.value.is_nan() && other.value.is_nan();
        same && self.tensor == other.tensor && position(self) == position(other)
    }
}
