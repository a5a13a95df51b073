//! What truncation does to the gradient.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// The bias of one truncation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruncationBias {
    /// K.
    pub truncation_steps: usize,
    /// Batches that the medians are over.
    pub batches: usize,
    /// Median of ‖g_K‖ / ‖g_full‖.
    #[serde(with = "json_float")]
    pub norm_ratio: f64,
    /// Median of ‖g_K − g_full‖ / ‖g_full‖.
    #[serde(with = "json_float")]
    pub relative_error: f64,
    /// Median of the cosine; NaN where every truncated gradient is zero.
    #[serde(with = "json_float")]
    pub cosine: f64,
}
