//! The first bad value of a step that could not be taken: where it was, and why it came to be. [`longspan::model::Scan`] says what is
//! bad and what comes first, [`longspan::trainer::Trainer::first_fault`] how a cause is told from the numbers.

use std::fmt;

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
    /// That of a layer as a [`longspan::bptt::State`] counts them.
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
    /// The layer as a [`longspan::bptt::State`] counts them, where there is one.
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

    /// Where and what the bad value is: "forward, layer 0, step 17: c of row 3, unit 5, is inf".
    pub fn place(&self) -> String {
        let mut text = format!("{}", self.phase);
        if self.encoder {
            text.push_str(", encoder");
        }
        match (self.layer, self.direction) {
            (Some(layer), None) => text.push_str(&format!(", layer {layer}")),
            (Some(layer), Some(Direction::Forwards)) => {
                text.push_str(&format!(", layer {} forwards", layer / 2))
            }
            (Some(layer), Some(Direction::Reverse)) => {
                text.push_str(&format!(", layer {} in reverse", layer / 2));
            }
            (None, _) => {}
        }
        if let Some(t) = self.t {
            text.push_str(&format!(", step {t}"));
        }
        text.push_str(&format!(": {}", self.tensor));
        let unit = if self.row.is_some() { "unit" } else { "element" };
        match (self.row, self.unit) {
            (Some(row), Some(n)) => text.push_str(&format!(" of row {row}, {unit} {n},")),
            (Some(row), None) => text.push_str(&format!(" of row {row}")),
            (None, Some(n)) => text.push_str(&format!(", {unit} {n},")),
            (None, None) => {}
        }
        text + &format!(" is {:.4e}", self.value)
    }

    /// Why, with the numbers.
    pub fn reason(&self) -> String {
        let of = &self.evidence;
        let item = of.item.map_or(String::new(), |item| format!(" (number {item} of the data, from 0)"));
        match self.cause {
            Cause::BadInput if self.tensor == "target" => {
                format!("what was asked for is no usable number{item}")
            }
            Cause::BadInput => format!("what was read is no usable number{item}"),
            Cause::PaddingOnly => "nothing in the batch is scored: its loss is the mean of no losses".into(),
            Cause::ForwardOverflow if self.phase == Phase::Backward => format!(
                "states are so large (up to {:.0e}) that products with them overflow",
                of.largest_state
            ),
            Cause::ForwardOverflow => format!(
                "states and outputs grew beyond what numbers hold; the largest sound state is {:.1e}",
                of.largest_state
            ),
            Cause::GradientGrowth => match of.log10_growth_a_step {
                Some((log10, steps)) => format!(
                    "the gradient grew on its way back through time, {:.3} times a step over {steps} steps",
                    10f64.powf(log10)
                ),
                None => "the gradient grew on its way back".into(),
            },
            Cause::StepTooLarge => {
                let mut parts = Vec::new();
                if let Some(rise) = of.loss_rise {
                    parts.push(format!("the loss is {} times its least of the last steps", short(rise)));
                }
                if let Some(step) = of.relative_step {
                    parts.push(format!("a step moves the weights by about {} of their norm", short(step)));
                }
                match parts.is_empty() {
                    true => format!("the rate of {:e} takes the weights beyond what numbers hold", self.lr),
                    false => format!("the steps before were too large: {}", parts.join(", ")),
                }
            }
            Cause::OptimizerState => "a moment of the optimizer was bad before the step".into(),
            Cause::BadWeights => "the weights were bad before the step".into(),
        }
    }
}

/// A number of any size.
fn short(x: f64) -> String {
    if x < 1e4 { format!("{x:.1}") } else { format!("{x:.1e}") }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weights => "weights",
            Self::Input => "input",
            Self::Forward => "forward",
            Self::Loss => "loss",
            Self::Backward => "backward",
            Self::Update => "update",
        })
    }
}
