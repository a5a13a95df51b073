//! What gates and activations did on the data, and how large the states were.

use serde::{Deserialize, Serialize};

use super::Measured;
use crate::json_float;

/// A layer's gates and activations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerGates {
    /// Layer, 0 at the bottom; where rows are read both ways, layer l forwards is 2l and in reverse 2l + 1.
    pub layer: usize,
    /// Places that were seen.
    #[serde(alias = "places")]
    pub positions: usize,
    /// Sigmoid gates.
    pub gates: Measured<Vec<GateSummary>>,
    /// tanh and relu.
    pub activations: Measured<Vec<ActivationSummary>>,
    /// How long the units keep what they have.
    pub forgetting: Measured<Forgetting>,
    /// Root mean square of each unit's h.
    #[serde(with = "json_float::list")]
    pub hidden_unit_rms: Vec<f64>,
    /// The same of c.
    pub cell_unit_rms: Measured<Vec<f64>>,
}

/// One gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateSummary {
    /// Its name in the cell's file: i, f, o, r, z.
    pub gate: String,
    /// Mean openness.
    #[serde(with = "json_float")]
    pub mean_openness: f64,
    /// Share of places and units where it is below 0.05.
    pub closed_share: f64,
    /// Share where it is above 0.95.
    pub open_share: f64,
    /// Mean openness of each unit.
    #[serde(with = "json_float::list")]
    pub unit_mean_openness: Vec<f64>,
}

/// One activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivationSummary {
    /// Its name in the cell's file: h, n, g.
    pub activation: String,
    /// tanh: share of places and units beyond 0.95; relu: share that is 0. No gradient passes there.
    pub saturated_share: f64,
    /// Units that are saturated at every place.
    pub saturated_units: usize,
}

/// Forgetting times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forgetting {
    /// What keeps: f, 1 - i, z.
    pub gate: String,
    /// Median over the units.
    #[serde(with = "json_float")]
    pub median_steps: f64,
    /// Of each unit; infinite where nothing is ever forgotten.
    #[serde(with = "json_float::list")]
    pub unit_steps: Vec<f64>,
}
