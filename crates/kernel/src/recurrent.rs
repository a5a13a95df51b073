//! The time loop of one layer over one chunk: a packed product per step, and the cell's equations on each
//! tile of sums while it is in the first-level cache.
//!
//! # Shapes
//! Steps and rows are those of a [`TimeSlice`](crate::packed_shape::TimeSlice): a step may have fewer rows than the step before.
//! - states: per part `[steps + 1, rows, H]`; index 0 is the state before the chunk.
//! - tape: `[steps, rows, tape slots · H]`. On entry slots 0..G contain the input projection; the cell
//!   defines what the forward pass stores.
//! - deltas: `[steps, rows, delta slots · H]`: gradients with respect to pre-activations, and other values
//!   that the cell's backward pass stores.
//!
//! A *slot* is one block of H numbers of one row. The equations work on a few units of each slot at a time.

mod check;
mod chunk;
mod equations;
mod passes;
mod positions;
mod raw;
mod slots;
mod tangents;
mod tiles;

use check::check_phases;
use chunk::split_rows;
pub use chunk::{Chunk, Gradients};
pub use equations::{Equations, MAX_GATES, Operand, Phase};
use passes::{BackwardRows, ForwardRows, RecomputeRows};
use raw::Raw;
pub use slots::{Backward, Forward, Linearise, Slots, SlotsMut, Tangent, Units};
pub use tangents::{Tangents, linearise, tangents};

use super::block::Kernels;
use super::pack::Packed;
use super::{Context, Shared};
use crate::simd::Real;
use crate::size::check_len;

/// Runs the recurrence forwards.
///
/// `weights[p]` is W_hhᵀ of phase p, gates side by side: `[H, gates · H]`.
///
/// # Panics
/// If a buffer is too short for the shape, a phase uses a slot that the equations lack, or weights have
/// another shape, were not packed, or were packed for another instruction set than the context's.
pub fn forward<R: Real, E: Equations<R>>(
    ctx: &Context<R>,
    equations: &E,
    phases: &[Phase],
    weights: &[Packed<R>],
    chunk: &mut Chunk<'_, R>,
) {
    let raw = Raw::new::<E>(chunk);
    check_phases::<R, E>(ctx.instruction_set(), phases, weights, |phase| {
        (raw.hidden, phase.gates, raw.hidden)
    });
    let kernels = &Kernels::new(ctx.instruction_set());
    split_rows(ctx, raw.slice, |rows| {
        ctx.instruction_set().dispatch(ForwardRows { equations, phases, weights, raw, kernels, rows });
    });
}

/// Recomputes the states from the tape and the state before the chunk, see [`Equations::recompute`].
///
/// # Panics
/// If a buffer is too short for the shape.
pub fn recompute<R: Real, E: Equations<R>>(ctx: &Context<R>, equations: &E, chunk: &mut Chunk<'_, R>) {
    let raw = Raw::new::<E>(chunk);
    split_rows(ctx, raw.slice, |rows| ctx.instruction_set().dispatch(RecomputeRows { equations, raw, rows }));
}

/// Runs the recurrence backwards: computes the deltas and the gradients with respect to the states.
///
/// `weights[p]` is W_hh of phase p, `[gates · H, H]`.
///
/// # Panics
/// As [`forward`].
pub fn backward<R: Real, E: Equations<R>>(
    ctx: &Context<R>,
    equations: &E,
    phases: &[Phase],
    weights: &[Packed<R>],
    chunk: &mut Chunk<'_, R>,
    gradients: &mut Gradients<'_, R>,
) {
    let raw = Raw::new::<E>(chunk);
    check_len("deltas", gradients.deltas.len(), raw.by_position("deltas", E::DELTAS));
    check_len("gradients by states", gradients.d_states.len(), raw.states_len::<E>());
    check_phases::<R, E>(ctx.instruction_set(), phases, weights, |phase| {
        (phase.gates * raw.hidden, 1, raw.hidden)
    });
    let deltas = Shared(gradients.deltas.as_mut_ptr());
    let d_states = Shared(gradients.d_states.as_mut_ptr());
    let kernels = &Kernels::new(ctx.instruction_set());
    split_rows(ctx, raw.slice, |rows| {
        let pass = BackwardRows { equations, phases, weights, raw, deltas, d_states, kernels, rows };
        ctx.instruction_set().dispatch(pass);
    });
}
