//! How far back the model uses what it read.

use serde::{Deserialize, Serialize};

use super::Measured;
use crate::json_float;

/// The used lag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsedLag {
    /// What was done to older inputs.
    pub spoil: Spoil,
    /// η.
    pub eta: f64,
    /// L: nats of classes and labels, else the loss's own unit.
    #[serde(with = "json_float")]
    pub mean_loss: f64,
    /// Sequences; each weighs the same.
    pub sequences: usize,
    /// The smallest lag that was tried with ΔL ≤ ηL.
    pub used_lag_steps: Measured<usize>,
    /// What was tried.
    pub lags: Vec<AddedLoss>,
}

/// ΔL at one lag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddedLoss {
    /// τ.
    pub lag_steps: usize,
    /// ΔL.
    #[serde(with = "json_float")]
    pub added_loss: f64,
    /// Its standard error over sequences.
    #[serde(with = "json_float")]
    pub standard_error: f64,
}

/// What is done to inputs that are older than a lag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoil {
    /// They come in a random order.
    #[default]
    Shuffle,
    /// They are not read: the sequence begins at the lag, with a zero state.
    Remove,
}
