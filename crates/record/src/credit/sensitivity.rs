//! Parameter sensitivity.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// Parameter sensitivity after t steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// t, counted from the beginning of a sequence or window.
    pub steps: usize,
    /// √S_t for the recurrent weights W_hh of all layers.
    #[serde(with = "json_float")]
    pub recurrent_rms: f64,
    /// √S_t for all weights of the layers.
    #[serde(with = "json_float")]
    pub stack_rms: f64,
}
