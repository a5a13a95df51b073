//! Measurements of a model: what its Jacobians J_t = ∂s_t/∂s_{t−1} do to small changes of the state along a trajectory.
//!
//! [`lyapunov`]: how fast they grow or shrink in the long run, in every direction. [`jacobian`]: what some steps do at most and at
//! least. [`tangent`]: the products with vectors that these are made of, through all layers.

mod dense;
pub mod jacobian;
pub mod lyapunov;
mod number;
pub mod tangent;
