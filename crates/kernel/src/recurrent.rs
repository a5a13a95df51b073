//! The time loop of one layer over one chunk: a packed product per step, and the cell's equations on each
//! tile of sums while it is in the first-level cache.
//!
//! # Shapes
//! Steps and rows are those of a [`TimeSlice`]: a step may have fewer rows than the step before.
//! - states: per part `[steps + 1, rows, H]`; index 0 is the state before the chunk.
//! - tape: `[steps, rows, tape slots · H]`. On entry slots 0..G contain the input projection; the cell
//!   defines what the forward pass stores.
//! - deltas: `[steps, rows, delta slots · H]`: gradients with respect to pre-activations, and other values
//!   that the cell's backward pass stores.
//!
//! A *slot* is one block of H numbers of one row. The equations work on a few units of each slot at a time.

mod check;
mod passes;
mod positions;
mod raw;
mod slots;
mod tangents;
mod tiles;

use std::ops::Range;

use check::check_phases;
use passes::{BackwardRows, ForwardRows, RecomputeRows};
use raw::Raw;
pub use slots::{Backward, Forward, Linearise, Slots, SlotsMut, Tangent, Units};
pub use tangents::{Tangents, linearise, tangents};

use super::block::Kernels;
use super::pack::Packed;
use super::{Context, Shared};
use crate::packed_shape::TimeSlice;
use crate::real::Real;
use crate::size::check_len;

/// The left operand of a recurrent product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// h_{t−1}; its gradient is added to that of h_{t−1}.
    Hidden,
    /// A tape slot that an earlier phase of the same step has set; its gradient goes to a delta slot.
    Tape {
        /// The slot of the operand.
        slot: usize,
        /// The delta slot that receives its gradient.
        delta: usize,
        /// The slot of its tangent.
        tangent: usize,
    },
}

/// One product with recurrent weights inside a step, followed by a part of the cell's equations.
///
/// Passes check that the equations have the slots that a phase uses.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// First gate (block of H rows of W_hh).
    pub first_gate: usize,
    /// Number of gates.
    pub gates: usize,
    /// The left operand of the product.
    pub operand: Operand,
    /// First delta slot of the gradients with respect to these gates' recurrent products.
    pub delta: usize,
}

/// Largest number of gates in one product.
pub const MAX_GATES: usize = 4;

/// The equations of a cell on a few units. Implementations must be `#[inline(always)]` to be compiled for the
/// instruction set.
pub trait Equations<R: Real>: Sync {
    /// Number of slots of the tape.
    const TAPE: usize;
    /// Number of slots of the deltas.
    const DELTAS: usize;
    /// Number of state parts, at least one; part 0 is h.
    const PARTS: usize;
    /// Number of elementwise weights, each `[H]`.
    const WEIGHTS: usize;
    /// Number of coefficients of the Jacobian ∂s_t/∂s_{t−1}, each `[H]`. Together with the recurrent weights
    /// they determine it.
    const JACOBIAN: usize;
    /// Number of tangents of operands on the tape.
    const OPERANDS: usize = 0;

    /// Computes the tape and the next state from `sums` (one vector per gate of the phase).
    fn forward<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], at: Forward<'_, R, S>);

    /// Recomputes the state at t from the tape and the state before it, with the bits of the forward pass.
    /// Only the tape of a sequence is kept; the states of a chunk are recomputed before its backward pass.
    fn recompute<S: Units<R>>(&self, at: Forward<'_, R, S>);

    /// Computes the deltas of the phase and the direct part of the gradient at t − 1 from the gradient with
    /// respect to the state at t. Phases run from last to first, each followed by the product with its
    /// weights.
    fn backward<S: Units<R>>(&self, phase: usize, at: Backward<'_, R, S>);

    /// Computes the coefficients of the Jacobian of a step, after its forward pass.
    fn linearise<S: Units<R>>(&self, at: Linearise<'_, R, S>);

    /// Computes the tangent of the state at t from `sums` (W_hh times the tangent of the phase's operand, one
    /// vector per gate).
    fn tangent<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], at: Tangent<'_, R, S>);
}

/// The buffers of a chunk in a forward pass.
pub struct Chunk<'a, R> {
    /// Time steps and the rows of each.
    pub slice: TimeSlice<'a>,
    /// Hidden units H.
    pub hidden: usize,
    /// `[steps, rows, slots · H]`.
    pub tape: &'a mut [R],
    /// Parts `part_stride` apart, each `[steps + 1, rows, H]`.
    pub states: &'a mut [R],
    /// Distance between the first elements of parts in `states`.
    pub part_stride: usize,
    /// Elementwise weights `[weights, H]`.
    pub weights: &'a [R],
}

/// The buffers of a backward pass, in addition to those of its [`Chunk`].
pub struct Gradients<'a, R> {
    /// `[steps, rows, slots · H]`.
    pub deltas: &'a mut [R],
    /// Gradients with respect to the states, laid out like the states. On entry, index t + 1 of part 0
    /// contains the gradient that arrives at h_t from above, and the last index of every part also the
    /// gradient from the next chunk.
    pub d_states: &'a mut [R],
}

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

/// Calls `work` on every thread with a range of rows, so that each has about as many positions. Ranges do not
/// overlap.
fn split_rows<R: Real>(ctx: &Context<R>, slice: TimeSlice<'_>, work: impl Fn(Range<usize>) + Sync) {
    let threads = ctx.threads();
    if slice.is_even() {
        return ctx.split(slice.rows(), |_, first, end| work(first..end));
    }
    ctx.split(threads, |_, first, end| {
        for part in first..end {
            work(slice.share(part, threads));
        }
    });
}
