//! The first value that is not finite: where it was, and why it came to be.

use serde::{Deserialize, Serialize};

use super::StepRecord;
use crate::number;

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
#[non_exhaustive]
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

/// The first value that is not finite, `"type": "fault"`. Training has not taken the step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// The step that failed, from 1.
    pub step: u64,
    /// Its pass, from 1.
    pub epoch: u64,
    /// Its mean loss.
    #[serde(with = "number")]
    pub loss: f64,
    /// log10 of its gradient's global norm.
    #[serde(with = "number")]
    pub log10_global_norm: f64,
    /// What training was doing.
    pub phase: Phase,
    /// The layer as a [`crate::bptt::State`] counts them, where there is one.
    pub layer: Option<usize>,
    /// The time step in the window, from 0.
    pub t: Option<usize>,
    /// What it is in: "x", "h", "c", a gate ("f"), "logits", "d_h", or a tensor's name.
    pub tensor: String,
    /// The row of the batch.
    pub row: Option<usize>,
    /// The unit, or the place in a tensor of weights.
    pub unit: Option<usize>,
    /// The value.
    #[serde(with = "number")]
    pub value: f64,
    /// Why it came to be.
    pub cause: Cause,
    /// The steps before, oldest first.
    pub before: Vec<StepRecord>,
}
