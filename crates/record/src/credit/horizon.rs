//! The gradient horizon.

use serde::{Deserialize, Serialize};

/// The gradient horizon with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// ε, the share of the gradient that defines it.
    pub epsilon: f64,
    /// H_ε, in steps.
    pub steps: usize,
    /// Whether the window ended first, so that H_ε is at least `steps`.
    pub at_least: bool,
    /// Lower end of the interval (2.5 % quantile).
    pub low_steps: usize,
    /// Upper end of the interval (97.5 % quantile).
    pub high_steps: usize,
    /// Whether the window limits the upper end.
    pub high_at_least: bool,
    /// Last lag with median G(τ) ≥ ε. It can exceed H_ε, because a profile can cross ε several times.
    pub last_lag_above_steps: usize,
    /// R, the number of bootstrap resamples.
    pub resamples: usize,
}
