//! Trains recurrent networks on sequences and measures the gradient at every time step.
//!
//! Notation, everywhere: T time steps, B batch rows, D input size, H hidden units, G gates, L layers, V tokens. x_t is
//! `[B, D]`, h_t and c_t are `[B, H]`; gradients are `d_x`. Matrices are row-major; a batch of steps is `[T, B, …]`, and a
//! buffer of states is `[T + 1, B, H]` with the state before the first step at index 0.
//!
//! From the bottom up: [`real`] numbers, [`kernel`] arithmetic, [`matrix`] views, [`params`] in one flat buffer, [`rng`]
//! by counters; [`cell`] equations, [`layer`] over a chunk, [`bptt`] over time; [`data`] and [`task`] make batches, and
//! [`model`] scores them; [`metrics`] says how well, and [`probe`] how far the gradient reaches.
//! [`diagnose`] judges what was recorded.
//! [`init`] draws the weights, [`clip`] bounds a gradient, [`optim`] steps along it at the rate of a [`schedule`]; each is
//! written as a [`setting`]. A [`schema`] says what a model's numbers mean, [`assess`] how good they are, [`probe`] what
//! happens along a trajectory. [`trainer`] takes one step after another; [`train`] is a run from a [`config`] to its end, with
//! [`checkpoint`]s in a [`run`] directory.

pub mod batch;
pub mod bptt;
pub mod cell;
pub mod model;
pub mod optim;
pub mod option_syntax;
pub mod params;
pub mod probe;
pub mod telemetry;
pub mod trainer;
