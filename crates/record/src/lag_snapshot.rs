//! The gradient of one loss per row, measured in training.

use std::f64::consts::LN_10;

use serde::{Deserialize, Serialize};

use crate::credit::{Horizon, Profile, interpolated};

/// The lag profile of one batch of training: G(τ) with one anchor per row.
///
/// Let t be the anchor of row b, and δ the gradient of the loss at t alone. Then, with norms over the states of the
/// row, h and c as independent coordinates,
///
/// ```text
/// G_b(τ) = ‖δ_{t−τ}‖ / ‖δ_t‖        G_b(0) = 1
/// ```
///
/// A row scored once has its anchor there; another one in the last quarter of its scored steps. Rows are counted only
/// up to the lag of their first step, so in a ragged batch fewer rows have the larger lags. With an encoder, the lags
/// go on through its steps. ln G is −∞ where no gradient arrives, or less than the number type can hold: G below
/// 10⁻³⁸ in f32.
///
/// It is measured at step 1 and at every fifth snapshot, and not at all if the readout sees the mean over all steps:
/// its gradient enters at every step.
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
    /// a model. A profile ends with the last lag at which a row has the layer's gradient, and may be empty: that of a
    /// reverse layer if each step is predicted, because such a layer has read only steps after the anchor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Profile>,
    /// Median over the rows of ln ‖δ^l_t‖ − ln ‖δ^L_t‖ for each layer, 0 at the top of its direction: the gradient
    /// across layers.
    #[serde(default, with = "crate::json_float::list", skip_serializing_if = "Vec::is_empty")]
    pub ln_layer_ratio: Vec<f64>,
    /// The light horizon: H_ε over the rows, up to the largest lag that at least half of them have. None if no row
    /// has a gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Horizon>,
}

impl LagSnapshot {
    /// Median of ln G at a lag, interpolated linearly between the recorded lags; None beyond the last.
    pub fn ln_median_at(&self, lag: usize) -> Option<f64> {
        interpolated(&self.lags, &self.total.ln_median, lag)
    }

    /// log10 of the median of G at the first lag of each bin; NaN beyond the last lag. Empty without rows.
    pub fn log10_median(&self, edges: &[usize]) -> Vec<f32> {
        let at = |&lag: &usize| self.ln_median_at(lag).map_or(f32::NAN, |ln| (ln / LN_10) as f32);
        let bins = if self.lags.is_empty() { 0 } else { edges.len().saturating_sub(1) };
        edges[..bins].iter().map(at).collect()
    }
}
