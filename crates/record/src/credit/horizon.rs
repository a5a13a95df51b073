//! The credit horizon.

use serde::{Deserialize, Serialize};

/// The horizon with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// ε.
    pub epsilon: f64,
    /// H_ε.
    pub steps: usize,
    /// Whether the window ended first: H_ε is at least `steps` then.
    pub at_least: bool,
    /// 2.5 percentile.
    pub low_steps: usize,
    /// 97.5 percentile.
    pub high_steps: usize,
    /// Whether the window cut the upper end off.
    pub high_at_least: bool,
    /// The last τ with median G(τ) ≥ ε: profiles can cross ε again.
    pub last_lag_above_steps: usize,
    /// R.
    pub resamples: usize,
}
