//! Truncation bias.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// Bias of a truncation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruncationBias {
    /// K, in steps.
    pub truncation_steps: usize,
    /// Number of batches of the medians.
    pub batches: usize,
    /// Median of ‖g_K‖ / ‖g_full‖.
    #[serde(with = "json_float")]
    pub norm_ratio: f64,
    /// Median of ‖g_K − g_full‖ / ‖g_full‖.
    #[serde(with = "json_float")]
    pub relative_error: f64,
    /// Median cosine of the angle between g_K and g_full; NaN if every truncated gradient is zero.
    #[serde(with = "json_float")]
    pub cosine: f64,
}
