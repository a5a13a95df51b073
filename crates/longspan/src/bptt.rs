//! Backpropagation through time for a stack of recurrent layers.
//!
//! Time is divided into chunks of a fixed number of steps. The forward pass runs all layers over a chunk
//! before it starts the next one. The backward pass goes from the last chunk to the first and adds to the
//! weight gradients in that order. The chunk length affects rounding: another length gives the same gradient
//! up to rounding errors.
//!
//! Of a chunk, only the tape (the gates) and the state before it are kept. The backward pass recomputes the
//! other states from them. Under a memory limit ([`Plan`]) the tape is recomputed too, by the same forward
//! pass over the same chunk, so a limit changes no bit of the result.
//!
//! Truncated BPTT applies this window by window: the state after one window is the state before the next, and
//! no gradient crosses the boundary.
//!
//! A [`Stack`] is a stack of layers that read forwards. A [`Recurrence`] is such a stack, or a stack of
//! bidirectional layers, with its initial state. Each pass gets a [`Pass`]: context, weights, dropout and an
//! [`Observer`].
//!
//! # References
//! Werbos, "Backpropagation through time: what it does and how to do it", Proc. IEEE 78, 1990. Recomputation:
//! Gruslys et al., "Memory-efficient backpropagation through time", NIPS 2016.

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
pub use observer::{Both, Observer, OnBackwardStep, OnForwardChunk};
pub use part::Part;
pub use pass::Pass;
pub use plan::{Keep, MemoryError, Plan};
pub use recurrence::Recurrence;
pub use spec::RecurrenceSpec;
pub use stack::{Stack, chunk_for};
pub use state::State;
