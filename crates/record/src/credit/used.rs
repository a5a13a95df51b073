//! The used lag: how far back the model uses its inputs.

use serde::{Deserialize, Serialize};

use super::Measured;
use crate::json_float;

/// The used lag and the losses that it follows from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsedLag {
    /// What was done to older inputs.
    pub spoil: Spoil,
    /// η.
    pub eta: f64,
    /// L, in nats for classes and labels, otherwise in the unit of the loss.
    #[serde(with = "json_float")]
    pub mean_loss: f64,
    /// Number of sequences; all have the same weight.
    pub sequences: usize,
    /// Smallest tried lag with ΔL ≤ ηL.
    pub used_lag_steps: Measured<usize>,
    /// Results of the tried lags.
    pub lags: Vec<AddedLoss>,
}

/// Added loss ΔL at a lag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddedLoss {
    /// τ, in steps.
    pub lag_steps: usize,
    /// ΔL.
    #[serde(with = "json_float")]
    pub added_loss: f64,
    /// Standard error of ΔL over the sequences.
    #[serde(with = "json_float")]
    pub standard_error: f64,
}

/// What is done to inputs beyond a lag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoil {
    /// They are read in random order.
    #[default]
    Shuffle,
    /// They are not read: the sequence begins at the lag with a zero state.
    Remove,
}
