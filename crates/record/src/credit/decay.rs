//! How fast the gradient decays or grows, per step back.

use serde::{Deserialize, Serialize};

/// The decay per step back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decay {
    /// m.
    pub ln_slope_per_step: f64,
    /// e^m.
    pub factor_per_step: f64,
    /// Steps after which half is left; None where it does not decay.
    pub half_life_steps: Option<f64>,
    /// Steps after which it has doubled; None where it does not grow.
    pub doubling_time_steps: Option<f64>,
    /// Lags that the slope was fitted to.
    pub fitted_lags: usize,
    /// Steps back at which the loss's gradient is below the normal numbers of f32; None where it does not decay.
    pub f32_underflow_lag_steps: Option<f64>,
    /// The same of its squares.
    pub f32_squares_underflow_lag_steps: Option<f64>,
}
