//! Statistics of gates, activations and states.

use serde::{Deserialize, Serialize};

use super::Measured;
use crate::json_float;

/// Gates and activations of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerGates {
    /// Layer, 0 at the bottom. In a bidirectional model, layer l is 2l forwards and 2l + 1 in reverse.
    pub layer: usize,
    /// Number of positions.
    #[serde(alias = "places")]
    pub positions: usize,
    /// Sigmoid gates.
    pub gates: Measured<Vec<GateSummary>>,
    /// Activations: tanh and relu.
    pub activations: Measured<Vec<ActivationSummary>>,
    /// Forgetting times of the units.
    pub forgetting: Measured<Forgetting>,
    /// Root mean square of h for each unit.
    #[serde(with = "json_float::list")]
    pub hidden_unit_rms: Vec<f64>,
    /// Root mean square of c for each unit.
    pub cell_unit_rms: Measured<Vec<f64>>,
}

/// Statistics of a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateSummary {
    /// Name in the equations of the cell: i, f, o, r, z.
    pub gate: String,
    /// Mean openness.
    #[serde(with = "json_float")]
    pub mean_openness: f64,
    /// Share of positions and units where it is below 0.05.
    pub closed_share: f64,
    /// Share of positions and units where it is above 0.95.
    pub open_share: f64,
    /// Mean openness of each unit.
    #[serde(with = "json_float::list")]
    pub unit_mean_openness: Vec<f64>,
}

/// Statistics of an activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivationSummary {
    /// Name in the equations of the cell: h, n, g.
    pub activation: String,
    /// Share of positions and units that are saturated: a tanh beyond ±0.95, a relu at 0.
    pub saturated_share: f64,
    /// Number of units that are saturated at every position.
    pub saturated_units: usize,
}

/// Forgetting times of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forgetting {
    /// The keeping gate: f, 1 - i, z.
    pub gate: String,
    /// Median over the units, in steps.
    #[serde(with = "json_float")]
    pub median_steps: f64,
    /// Forgetting time of each unit, in steps; infinite if it never forgets.
    #[serde(with = "json_float::list")]
    pub unit_steps: Vec<f64>,
}
