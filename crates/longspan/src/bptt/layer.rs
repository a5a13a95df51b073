//! One recurrent layer over one chunk of time: input projection, recurrence, and their gradients.
//!
//! A layer knows its packed weights and the data of a chunk, but no windows, masks and observers: the stack
//! handles these.

mod fault_injection;
mod gradients;
mod inject;
mod memory;
mod passes;
mod run;
mod states;
mod tangent;
mod weights;

pub use fault_injection::FaultInjection;
pub use memory::Work;
pub use passes::{Below, LayerInput};
pub use run::Source;
pub use states::{LayerChunk, LayerStates, Tape};
pub use tangent::{Jacobians, TangentStep};
pub use weights::Layer;
