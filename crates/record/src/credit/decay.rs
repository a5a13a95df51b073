//! How fast the gradient decays or grows, per step back.

use serde::{Deserialize, Serialize};

/// Decay of the gradient per step back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decay {
    /// m, the slope of ln G.
    pub ln_slope_per_step: f64,
    /// e^m, the factor per step.
    pub factor_per_step: f64,
    /// Half-life in steps; None if the gradient does not decay.
    pub half_life_steps: Option<f64>,
    /// Doubling time in steps; None if the gradient does not grow.
    pub doubling_time_steps: Option<f64>,
    /// Number of lags that the slope was fitted to.
    pub fitted_lags: usize,
    /// Lag at which the gradient of the loss is below the normal numbers of f32; None if it does not decay.
    pub f32_underflow_lag_steps: Option<f64>,
    /// Lag at which the squares of the gradient are below them; None if it does not decay.
    pub f32_squares_underflow_lag_steps: Option<f64>,
}
