//! Backpropagation through time for a stack of recurrent layers.
//!
//! Time is cut into chunks of a fixed number of steps. Forward runs all layers over a chunk before the next chunk; backward
//! goes from the last chunk to the first and adds to the weight gradients in that order. The chunk length is part of the
//! numerics: another one gives the same gradient up to rounding.
//!
//! Of a chunk only the tape (the gates) and the state before it are kept; its states are made anew from these when backward
//! comes to it. Under a memory limit ([`Plan`]) even the tape is made anew, by the same pass over the same chunk: no limit
//! changes a bit.
//!
//! Truncated BPTT is this over windows: the state after one window is the state before the next, and no gradient crosses.
//!
//! A [`Stack`] of layers reads forwards; a [`Recurrence`] is a stack, or layers that read both ways, with the state that they begin
//! with. Each pass is given a [`Pass`]: context, weights, dropout and an [`Observer`].
//!
//! # References
//! Werbos, "Backpropagation through time: what it does and how to do it", Proc. IEEE 78, 1990. Recomputation: Gruslys et al.,
//! "Memory-efficient backpropagation through time", NIPS 2016.

mod backward_step;
mod bidirectional;
mod connection;
pub mod dropout;
mod forward_chunk;
mod input;
pub mod layer;
mod learned;
mod norm;
mod observer;
mod part;
mod pass;
mod plan;
mod recurrence;
mod spec;
mod stack;
mod state;

pub use backward_step::BackwardStep;
pub use forward_chunk::ForwardChunk;
pub use input::{Input, Window};
pub use observer::{Observer, OnBackwardStep, OnForwardChunk};
pub use part::Part;
pub use pass::Pass;
pub use plan::{Keep, MemoryError, Plan};
pub use recurrence::Recurrence;
pub use spec::RecurrenceSpec;
pub use stack::{Stack, chunk_for};
pub use state::State;
