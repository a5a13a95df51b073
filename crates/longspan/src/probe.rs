//! Measurements of fixed weights on data, which training does not show or shows only mixed with other
//! effects.
//!
//! Three modules measure the effect of the Jacobians J_t = ∂s_t/∂s_{t−1} on small changes of the state along
//! a trajectory: [`lyapunov`] how fast they grow or shrink in the long run, in every direction; [`jacobian`]
//! how much a number of steps stretches them at most and at least; [`tangent`] the products with vectors that
//! both are built on, through all layers.
//!
//! [`examine`] takes all measurements and returns a [`ProbeRecord`](longspan_record::ProbeRecord), which a
//! run stores.
//!
//! [`credit`] measures how far back the gradient of one loss reaches, and along which paths.

pub mod credit;
mod dense;
mod examine;
pub mod jacobian;
pub mod lyapunov;
pub mod tangent;

pub use credit::{Cancelled, Stage, Watch};
pub use examine::{ProbeOptions, WIDEST, examine};
