//! One recurrent layer over one chunk of time: input projection, recurrence, and their gradients.
//!
//! A layer knows its packed weights and what it is given of a chunk, nothing of windows, masks and observers: these are the
//! stack's.

mod gradients;
mod memory;
mod passes;
#[cfg(feature = "fault-injection")]
mod plant;
#[cfg(feature = "fault-injection")]
mod planted;
mod run;
mod span;
mod tangent;
mod weights;

pub use memory::Work;
pub use passes::{Below, LayerInput};
#[cfg(feature = "fault-injection")]
pub use plant::Plant;
pub use run::Source;
pub use span::{LayerChunk, Span, Tape};
pub use tangent::{Jacobians, TangentStep};
pub use weights::{Layer, Shape};
