//! What is seen and recorded of a run: plain records, filled by observers of the backward pass and written by the run.
//!
//! Training fills them and never knows who reads; whoever judges or draws reads them and never a model. Observing changes no bit
//! of the weights.

mod batch;
mod gates;
mod profile;
mod step_observer;
mod tier;
mod updates;

pub use profile::{GradientProfile, Scratch};
pub use step_observer::StepObserver;
pub use tier::Observe;
