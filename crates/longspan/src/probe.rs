//! Measurements of weights on data: what training does not show, or only mixed with everything else.
//!
//! What the Jacobians J_t = ∂s_t/∂s_{t−1} do to small changes of the state along a trajectory: [`lyapunov`], how fast they grow
//! or shrink in the long run, in every direction; [`jacobian`], what some steps do at most and at least; [`tangent`], the products
//! with vectors that these are made of, through all layers.
//!
//! [`examine`] measures all of it and makes a [`ProbeRecord`](longspan_record::ProbeRecord), which a run keeps.
//!
//! [`credit`]: how far back the gradient of one loss comes, and along which paths.

pub mod credit;
mod dense;
mod examine;
pub mod jacobian;
pub mod lyapunov;
pub mod tangent;

pub use examine::{ProbeOptions, examine};
