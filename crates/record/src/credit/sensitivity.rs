//! How strongly the state depends on the weights.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// The sensitivity after some steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// t: steps from the beginning of a sequence or window.
    pub steps: usize,
    /// √S_t of the recurrent weights W_hh of all layers.
    #[serde(with = "json_float")]
    pub recurrent_rms: f64,
    /// √S_t of all weights of the layers.
    #[serde(with = "json_float")]
    pub stack_rms: f64,
}
