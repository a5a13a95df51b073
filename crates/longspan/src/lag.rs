//! Statistics of the gradient of one loss, which training and probes share: anchors, quantiles over rows, and
//! the gradient horizon.
//!
//! Let t be the anchor of row b, the step whose loss is followed back, and δ the gradient of that loss alone
//! with respect to the states of the row. Then
//!
//! ```text
//! G_b(τ) = ‖δ_{t−τ}‖ / ‖δ_t‖        G_b(0) = 1
//! H_ε    = min { τ : median_b G_b(τ) < ε } − 1
//! ```

pub(crate) mod anchors;
mod horizon;
pub(crate) mod order;
pub(crate) mod quantiles;
pub(crate) mod seed;

pub(crate) use horizon::HorizonFinder;
pub use horizon::{HorizonOptions, horizon};
