//! What reads a model's outputs and says how wrong they are: classes by cross entropy, or numbers by a loss of each.

mod affine;
mod classes;
mod values;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use classes::Classes;
pub use values::{ValueLoss, Values};

/// What a loss is counted in.
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
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nats => "nats",
            Self::Mse => "mse",
            Self::Mae => "mae",
        })
    }
}

/// What a model made of some targets: sums, so that batches add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Sum of the losses: of classes and labels in nats, else in the loss's own unit. In training with class weights that of
    /// w_y ℓ.
    pub loss: f64,
    /// What the mean divides by: the number of targets, or Σ w_y.
    pub weight: f64,
    /// Number of targets.
    pub scored: u64,
    /// Targets that no other class was preferred to.
    pub correct: u64,
}

impl Score {
    /// The mean loss; NaN where nothing was scored.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.weight
    }

    /// The share of targets that were the first choice.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.scored as f64
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
