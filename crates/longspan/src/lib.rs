//! Trains recurrent networks on sequences and measures the gradient at every time step.
//!
//! # Where to begin
//! - Train on your own arrays: [`Sequences`](batch::Sequences), [`Trainer`](trainer::Trainer), and its example.
//! - See the gradient at each time step: [`Observer`](bptt::Observer).
//! - Predict step by step: [`Steps`](model::Steps).
//! - Measure trained weights: [`examine`](probe::examine).
//! - Define a cell: [`CustomCell`](cell::CustomCell).
//! - Leave a run directory for `longspan report`: `RunRecorder` in the crate `longspan-run`.
//!
//! Files in common formats are read by the crate `longspan-data`. The guide, `docs/guide.md` in the repository, leads
//! through all of this.
//!
//! # A first program
//! A [`Source`](batch::Source) fills batches, and a [`Trainer`](trainer::Trainer) takes training steps:
//!
//! ```
//! use longspan::prelude::*;
//!
//! /// Counts modulo 5: even rows upwards, odd rows downwards.
//! struct Counting;
//!
//! impl Source for Counting {
//!     fn windows(&self) -> u64 { 4 }
//!     fn shape(&self) -> (usize, usize) { (12, 8) }
//!     fn fill(&self, _epoch: u64, window: u64, batch: &mut Batch) {
//!         batch.reshape(12, 8);
//!         for i in 0..12 * 8 {
//!             let (t, row) = (i / 8, i % 8);
//!             let token = |t: usize| ((row + window as usize + if row % 2 == 0 { t } else { 4 * t }) % 5) as u32;
//!             (batch.inputs[i], batch.targets[i]) = (token(t), token(t + 1));
//!         }
//!     }
//! }
//!
//! let model = ModelSpec::language(CellKind::GRU, 5, 8, 16, 1);
//! let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 8));
//! let loss = |trainer: &mut Trainer<f32>| {
//!     trainer.step(&Counting, 0.01).expect("no divergence");
//!     trainer.record().loss
//! };
//! let first = loss(&mut trainer);
//! let last = (0..100).map(|_| loss(&mut trainer)).last().unwrap();
//! println!("{first:.2} nats at first, {last:.2} at last");
//! assert!(first > 1.0 && last < 0.4 * first);
//! ```
//!
//! # Notation
//! T time steps, B batch rows, D input size, H hidden units, G gates, L layers, V tokens. x_t is `[B, D]`,
//! h_t and c_t are `[B, H]`; gradients are `d_x`. Matrices are row-major. A batch of steps is `[T, B, …]`; a
//! buffer of states is `[T + 1, B, H]`, with the state before the first step at index 0.
//!
//! # Modules
//! From the bottom up:
//!
//! - [`params`]: named tensors in one flat buffer
//! - [`cell`]: the equations of every cell, forward and backward
//! - [`bptt`]: backpropagation through time: layers, stacks, memory plans, dropout, observers
//! - [`batch`]: batches, and the sources that fill them
//! - [`model`]: input, recurrent stack and readout; initial weights and sampling
//! - [`optim`]: optimizers, clipping and learning-rate schedules
//! - [`telemetry`]: records of training steps: gradient profiles, gates, updates
//! - [`trainer`]: training steps, and the cause if one fails
//! - [`probe`]: measurements of fixed weights on data: lag profile, Lyapunov exponents, Jacobians
//! - [`gradient_check`]: the derivatives of a cell beside central differences
//! - [`option_syntax`]: options written as `NAME[:X[:Y]]`, with errors that say what to write instead
//!
//! Arithmetic, numbers and threads come from [`kernel`], records from [`record`]. [`prelude`] contains what most
//! programs use.

#![warn(clippy::disallowed_macros)]

pub mod batch;
pub mod bptt;
pub mod cell;
pub mod gradient_check;
mod lag;
pub mod model;
pub mod optim;
pub mod option_syntax;
pub mod params;
pub mod probe;
pub mod telemetry;
pub mod trainer;

pub use longspan_kernel as kernel;
pub use longspan_record as record;

/// The items that most programs use: `use longspan::prelude::*`.
pub mod prelude {
    pub use crate::batch::{Batch, IGNORE, Inputs, Order, Sequences, SequencesError, Source, Targets};
    pub use crate::bptt::{BackwardStep, Observer, OnBackwardStep, Pass, State};
    pub use crate::cell::{CellKind, Real};
    pub use crate::model::head::ValueLoss;
    pub use crate::model::{InputSpec, Model, ModelSpec, OutputSpec, StepInput, Steps};
    pub use crate::params::Params;
    pub use crate::telemetry::Observe;
    pub use crate::trainer::{Divergence, Trainer, TrainerSpec};
    pub use longspan_kernel::{Context, InstructionSet};
}
