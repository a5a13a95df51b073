//! The lag profile.

use serde::{Deserialize, Serialize};

use super::{Decay, Horizon, Measured, Profile};
use crate::json_float;

/// The lag profile and quantities derived from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LagReport {
    /// W, in steps.
    pub window_steps: usize,
    /// Number of independent sequences.
    pub sequences: usize,
    /// Number of anchors with a gradient.
    pub samples: usize,
    /// Number of anchors without one, because ∂ℓ_t/∂s_t is zero.
    pub zero_gradient_anchors: usize,
    /// The lags τ of the profiles: all from 0 to W, or in long windows the first ones and then ever fewer.
    #[serde(default)]
    pub lags: Vec<usize>,
    /// All layers together.
    pub total: Reach,
    /// Each layer; unknown if no gradient reaches it at the anchors.
    pub layers: Vec<Measured<LayerReach>>,
    /// Gradient across layers.
    pub depth: Depth,
}

/// How far the gradient reaches back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// Quantiles of ln G.
    pub ratio: Profile,
    /// Decay of G.
    pub decay: Measured<Decay>,
    /// H_ε.
    pub horizon: Horizon,
    /// (1/τ) ln G(τ) at the last lag with a finite median.
    pub exponent: Measured<Exponent>,
    /// Quantiles of ln G_D.
    pub scaled: Profile,
}

/// The directional exponent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exponent {
    /// τ, in steps.
    pub lag_steps: usize,
    /// Median over the samples.
    #[serde(with = "json_float")]
    pub median_nats_per_step: f64,
    /// 5 % quantile over the samples.
    #[serde(with = "json_float")]
    pub p05_nats_per_step: f64,
    /// 95 % quantile over the samples.
    #[serde(with = "json_float")]
    pub p95_nats_per_step: f64,
}

/// Reach within one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerReach {
    /// Layer, 0 at the bottom.
    pub layer: usize,
    /// G of the layer's own states.
    pub state: Reach,
    /// Quantiles of ln G_h.
    pub hidden: Profile,
    /// Quantiles of ln G_c.
    pub cell: Measured<Profile>,
    /// Quantiles of the logarithm of the part along the direct path from state to state.
    pub keep_path: Measured<Profile>,
    /// Quantiles of the logarithm of the remaining part.
    pub rest: Measured<Profile>,
}

/// Gradient across layers at the anchor's step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Depth {
    /// Median of ln ‖δ^l_t‖ − ln ‖δ^L_t‖, from the bottom; 0 at the top.
    #[serde(with = "json_float::list")]
    pub ln_layer_ratio: Vec<f64>,
    /// Median of ln ‖∂ℓ_t/∂x_t‖ − ln ‖δ^L_t‖, for the input of the bottom layer.
    #[serde(with = "json_float")]
    pub ln_input_ratio: f64,
}

/// Returns about `most` lags from 0 to `last`: the first half of them one by one, then ever fewer. If there are no
/// more than `most` or 4, all of them.
pub fn kept_lags(last: usize, most: usize) -> impl Iterator<Item = usize> {
    let most = most.max(4);
    let (exact, far) = if last < most { (last + 1, 0) } else { (most / 2, most / 2) };
    let ratio = last as f64 / exact as f64;
    let lag = move |i: usize| (exact as f64 * ratio.powf(i as f64 / exact as f64)).round() as usize;
    let far = (1..=far).filter(move |&i| i == 1 || lag(i) != lag(i - 1)).map(lag);
    (0..exact).chain(far)
}

impl LagReport {
    /// Reduces the profiles to about `most` lags: the first half of them one by one, then ever fewer.
    pub fn thin(&mut self, most: usize) {
        if self.lags.len() <= most.max(4) {
            return;
        }
        let kept: Vec<usize> = kept_lags(self.lags.len() - 1, most).collect();
        self.total.keep(&kept);
        for layer in &mut self.layers {
            let Measured::Known(layer) = layer else { continue };
            layer.state.keep(&kept);
            layer.hidden.keep(&kept);
            for part in [&mut layer.cell, &mut layer.keep_path, &mut layer.rest] {
                if let Measured::Known(profile) = part {
                    profile.keep(&kept);
                }
            }
        }
        self.lags = kept.iter().map(|&at| self.lags[at]).collect();
    }

    /// Median of ln G at a lag, interpolated linearly; None beyond the window.
    pub fn ln_median_at(&self, lag: usize) -> Option<f64> {
        interpolated(&self.lags, &self.total.ratio.ln_median, lag)
    }
}

/// Interpolates values `ln`, recorded at `lags`, linearly at a lag; None beyond the last.
pub(crate) fn interpolated(lags: &[usize], ln: &[f64], lag: usize) -> Option<f64> {
    let at = lags.partition_point(|&kept| kept < lag);
    let &above = lags.get(at)?;
    if above == lag || at == 0 {
        return ln.get(at).copied();
    }
    // A record from a file may have any numbers.
    let (below, from, to) = (*lags.get(at - 1)? as f64, *ln.get(at - 1)?, *ln.get(at)?);
    let share = (lag as f64 - below) / (above as f64 - below);
    // Both may be −∞.
    Some(if from == to { from } else { from + share * (to - from) })
}

impl Reach {
    fn keep(&mut self, kept: &[usize]) {
        self.ratio.keep(kept);
        self.scaled.keep(kept);
    }
}
