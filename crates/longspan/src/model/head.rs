//! Readouts: they map a model's outputs to predictions and score them: classes by cross entropy, numbers by a
//! loss each.

mod affine;
mod classes;
mod values;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use classes::Classes;
pub use values::{ValueLoss, Values};

/// The unit of a loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Nats: cross entropy.
    #[default]
    Nats,
    /// Mean squared error, in the square of the targets' unit.
    Mse,
    /// Mean absolute error, in the targets' unit.
    Mae,
    /// A loss of another program, which has a unit of its own.
    #[serde(rename = "own unit")]
    Own,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nats => "nats",
            Self::Mse => "mse",
            Self::Mae => "mae",
            Self::Own => "own unit",
        })
    }
}

/// The scores of some targets, as sums, so that the scores of batches can be added.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Sum of the losses: in nats for classes and labels, otherwise in the unit of the loss. In training with
    /// class weights it is the sum of w_y ℓ.
    pub loss: f64,
    /// The divisor of the mean: the number of targets, or Σ w_y.
    pub weight: f64,
    /// Number of targets.
    pub scored: u64,
    /// Number of targets for which no other class got a larger logit.
    pub correct: u64,
}

impl Score {
    /// The mean loss; NaN if nothing was scored.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.weight
    }

    /// The share of targets that got the largest logit.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.scored as f64
    }
}

/// The scores of single targets, in ascending order of positions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetScores {
    /// The row of each scored target.
    pub rows: Vec<u32>,
    /// Its loss, without class weights.
    pub losses: Vec<f64>,
    /// The class that is predicted for it; empty unless the readout has classes and [`TargetScores::names_classes`] is
    /// set.
    pub predicted: Vec<u32>,
    /// Whether to find the predicted classes.
    pub names_classes: bool,
}

impl TargetScores {
    /// Removes the targets and keeps what is asked for.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.losses.clear();
        self.predicted.clear();
    }
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.loss += other.loss;
        self.weight += other.weight;
        self.scored += other.scored;
        self.correct += other.correct;
    }
}
