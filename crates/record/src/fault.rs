//! The first bad value of a step that could not be taken: where it was, and why it came to be. [`longspan::model::Scan`] says what is
//! bad and what comes first, [`longspan::trainer::Trainer::first_fault`] how a cause is told from the numbers.

use serde::{Deserialize, Serialize};

use crate::StepRecord;
use crate::json_float;

/// What training was doing, in the order in which it does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Weights that were given.
    Weights,
    /// What was read.
    Input,
    /// The states of the layers.
    Forward,
    /// Outputs and loss.
    Loss,
    /// Gradients through time.
    Backward,
    /// The step of the weights.
    Update,
}

/// Why it came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// What was read or asked for is not finite, or too large.
    BadInput,
    /// Nothing in the batch is scored: the mean of no losses.
    PaddingOnly,
    /// States or outputs grew beyond the number type.
    ForwardOverflow,
    /// The gradient grew on its way back through time.
    GradientGrowth,
    /// The steps before were too large: weights are far from what they were.
    StepTooLarge,
    /// The moments of the optimizer are not finite.
    OptimizerState,
    /// Weights are not finite.
    BadWeights,
}

/// A direction of a layer that reads rows both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From a row's first step.
    Forwards,
    /// From its last one.
    Reverse,
}

impl Direction {
    /// That of a layer counted from the bottom, as in the state of the model; of a layer that reads both ways, forwards before reverse.
    pub fn of(layer: usize) -> Self {
        if layer.is_multiple_of(2) { Self::Forwards } else { Self::Reverse }
    }
}

/// The numbers that a cause was told from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FaultEvidence {
    /// Targets.
    pub scored: u64,
    /// The largest absolute value of a state that was not bad.
    #[serde(with = "json_float")]
    pub largest_state: f64,
    /// log10 of the factor by which ∂ℒ/∂h_t grew a step on its way back to the bad value, and over how many steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log10_growth_a_step: Option<(f64, usize)>,
    /// The loss of the step before over the least of the steps before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_rise: Option<f64>,
    /// ‖Δw‖ / ‖w‖ of the step before, as far as it can be told from its rate and norm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_step: Option<f64>,
    /// Which of the data's sequences, windows or stretches the row is, where they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<usize>,
}

/// The first bad value, `"type": "fault"`. Training has not taken the step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// The step that failed, from 1.
    pub step: u64,
    /// Its pass, from 1.
    pub epoch: u64,
    /// Its mean loss. In a file of records the name ends with what it is counted in.
    #[serde(with = "json_float", alias = "loss_nats", alias = "loss_mse", alias = "loss_mae")]
    pub loss: f64,
    /// log10 of its gradient's global norm.
    #[serde(with = "json_float")]
    pub log10_global_norm: f64,
    /// Its learning rate.
    #[serde(default, with = "json_float")]
    pub lr: f64,
    /// What training was doing.
    pub phase: Phase,
    /// The layer counted from the bottom, as in the state of the model; of a layer that reads both ways, forwards before reverse, where there is one.
    pub layer: Option<usize>,
    /// The layer's direction, where rows are read both ways.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Whether the layer, or what is read, is the encoder's.
    #[serde(default)]
    pub encoder: bool,
    /// The time step in the window, from 0; the encoder has its own.
    pub t: Option<usize>,
    /// What it is in: "x", "target", "h", "c", a gate ("f"), "logits", "d_h", or a tensor's name.
    pub tensor: String,
    /// The row of the batch.
    pub row: Option<usize>,
    /// The unit, or the place in a tensor of weights.
    pub unit: Option<usize>,
    /// The value.
    #[serde(with = "json_float")]
    pub value: f64,
    /// Why it came to be.
    pub cause: Cause,
    /// What says so.
    #[serde(default)]
    pub evidence: FaultEvidence,
    /// The steps before, oldest first.
    pub before: Vec<StepRecord>,
}

impl FaultRecord {
    /// Whether another one names the same value.
    pub fn is_at(&self, other: &Self) -> bool {
        let place = |f: &Self| (f.phase, f.layer, f.direction, f.encoder, f.t, f.row, f.unit);
        let same = self.value == other.value || self.value.is_nan() && other.value.is_nan();
        same && self.tensor == other.tensor && place(self) == place(other)
    }
}
