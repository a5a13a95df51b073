//! Products of Jacobians.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// The extreme singular values of P(τ) of every row; logarithms are natural.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JacobianProduct {
    /// τ.
    pub lag_steps: usize,
    /// ln σ_max of each row.
    #[serde(with = "json_float::list")]
    pub ln_largest_singular_values: Vec<f64>,
    /// ln σ_min of each row; −∞ of a singular product.
    #[serde(with = "json_float::list")]
    pub ln_smallest_singular_values: Vec<f64>,
    /// ln of the condition number of each row.
    #[serde(with = "json_float::list")]
    pub ln_condition_numbers: Vec<f64>,
}
