//! The gradient of one loss per row, measured in training.

use serde::{Deserialize, Serialize};

use crate::credit::{Horizon, Profile};

/// The lag profile of one batch of training: G(τ) with one anchor per row.
///
/// Let t be the anchor of row b, and δ the gradient of the loss at t alone. Then, with norms over the states of the
/// row,
///
/// ```text
/// G_b(τ) = ‖δ_{t−τ}‖ / ‖δ_t‖        G_b(0) = 1
/// ```
///
/// A row scored once has its anchor there; another one in the last quarter of its steps. Rows are counted only up to
/// the lag of their first step, so in a ragged batch fewer rows have the larger lags.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LagSnapshot {
    /// Number of rows with an anchor and a gradient there.
    pub rows: usize,
    /// Number of rows that were left out, because the gradient at their anchor is zero: they are fitted.
    pub zero_gradient_rows: usize,
    /// The lags τ of the profiles, from 0: first one by one, then ever fewer.
    pub lags: Vec<usize>,
    /// Number of rows at each lag.
    pub rows_at: Vec<usize>,
    /// Quantiles of ln G over the rows, for all layers together.
    pub total: Profile,
    /// The same for each layer, each relative to the layer's own gradient at the anchor, in the order of the state of
    /// a model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Profile>,
    /// Median over the rows of ln ‖δ^l_t‖ − ln ‖δ^L_t‖ for each layer, 0 at the top: the gradient across layers.
    #[serde(default, with = "crate::json_float::list", skip_serializing_if = "Vec::is_empty")]
    pub ln_layer_ratio: Vec<f64>,
    /// The light horizon: H_ε over the rows, up to the largest lag that at least half of them have. None if no row
    /// has a gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Horizon>,
}
