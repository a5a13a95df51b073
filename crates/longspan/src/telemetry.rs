//! Records of training: plain records that observers of the backward pass fill and the run writes.
//!
//! Training fills the records and does not depend on their readers; diagnosis and plots read the records and
//! no model. Observing changes no bit of the weights.

mod batch;
mod gates;
mod lag;
mod profile;
mod replay;
mod step_observer;
mod tier;
mod updates;

pub use profile::{GradientProfile, Scratch};
pub use replay::{Recorded, Replay, ReplaySpec};
pub use step_observer::StepObserver;
pub use tier::Observe;
