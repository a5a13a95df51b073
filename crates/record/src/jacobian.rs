//! Jacobian products.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// Extreme singular values of P(τ) for each row. Logarithms are natural.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JacobianProduct {
    /// τ, in steps.
    pub lag_steps: usize,
    /// ln σ_max for each row.
    #[serde(with = "json_float::list")]
    pub ln_largest_singular_values: Vec<f64>,
    /// ln σ_min for each row; −∞ for a singular product.
    #[serde(with = "json_float::list")]
    pub ln_smallest_singular_values: Vec<f64>,
    /// ln of the condition number for each row.
    #[serde(with = "json_float::list")]
    pub ln_condition_numbers: Vec<f64>,
}
