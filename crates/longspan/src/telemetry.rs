//! What is seen and recorded of a run: plain records, filled by observers of the backward pass and written by the run.
//!
//! Training fills them and never knows who reads; whoever judges or draws reads them and never a model. Observing changes no bit
//! of the weights.

mod batch;
mod gates;
mod observer;
mod profile;
mod tier;
mod updates;

pub use observer::Observer;
pub use profile::{GradientProfile, Scratch};
pub use tier::Observe;
