//! One recurrent layer over one chunk of time: input projection, recurrence, and their gradients.
//!
//! A layer knows its packed weights and what it is given of a chunk, nothing of windows, masks and observers: these are the
//! stack's.

#[cfg(feature = "fault-injection")]
mod fault_injection;
mod gradients;
mod memory;
mod passes;
#[cfg(feature = "fault-injection")]
mod planted;
mod run;
mod states;
mod tangent;
mod weights;

#[cfg(feature = "fault-injection")]
pub use fault_injection::FaultInjection;
pub use memory::Work;
pub use passes::{Below, LayerInput};
pub use run::Source;
pub use states::{LayerChunk, LayerStates, Tape};
pub use tangent::{Jacobians, TangentStep};
pub use weights::Layer;
