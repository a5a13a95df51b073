//! The time loop of one layer over one chunk: a packed product per step, and the cell's equations on each tile of sums
//! while it is in the first-level cache.
//!
//! # Shapes
//! Steps and rows are those of a [`TimeSlice`]: a step may have fewer rows than the one before.
//! - states: per part `[steps + 1, rows, H]`; index 0 is the state before the chunk.
//! - tape: `[steps, rows, tape slots · H]`. On entry slots 0..G hold the input projection; what is left there is the
//!   cell's affair.
//! - deltas: `[steps, rows, delta slots · H]`: gradients by pre-activations, and what else backward leaves behind.
//!
//! A *slot* is one block of H numbers of one row. The equations see a few units of each slot at a time.

mod passes;
mod slots;
mod tangents;

use passes::{BackwardRows, ForwardRows, RecomputeRows};
use slots::slots;
pub use slots::{Backward, Forward, Linearise, Slots, Tangent, Units};
pub use tangents::{Tangents, linearise, tangents};

use super::block::Kernels;
use super::pack::Packed;
use super::{Context, Shared};
use crate::packed_shape::TimeSlice;
use crate::real::Real;

/// Where a recurrent product takes its left operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// h_{t−1}; its gradient is added to that of h_{t−1}.
    Hidden,
    /// A tape slot that an earlier phase of the same step has filled; its gradient goes to a delta slot.
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
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// First gate (block of H rows of W_hh).
    pub first_gate: usize,
    /// Number of gates.
    pub gates: usize,
    /// What the weights are multiplied with.
    pub operand: Operand,
    /// Delta slot where the gradients by these gates' recurrent sums begin.
    pub delta: usize,
}
/// Most gates in one product.
pub const MAX_GATES: usize = 4;

/// The equations of a cell on a few units. Implementations are `#[inline(always)]`.
pub trait Equations<R: Real>: Sync {
    /// Slots of the tape.
    const TAPE: usize;
    /// Slots of the deltas.
    const DELTAS: usize;
    /// State parts; part 0 is h.
    const PARTS: usize;
    /// Elementwise weights, each `[H]`.
    const WEIGHTS: usize;
    /// Coefficients of the Jacobian ∂s_t/∂s_{t−1}, each `[H]`: with the recurrent weights they are all of it.
    const JACOBIAN: usize;
    /// Tangents of operands on the tape.
    const OPERANDS: usize = 0;

    /// Turns `sums` (one vector per gate of the phase) into the tape and the next state.
    fn forward<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], at: Forward<'_, R, S>);

    /// The state at t from the tape and the state before it: the last lines of forward again, to the bit. Only the tape of
    /// a sequence is kept, states of a chunk are made anew when it is their turn.
    fn recompute<S: Units<R>>(&self, at: Forward<'_, R, S>);

    /// Turns the gradient by the state at t into the deltas of the phase and the direct part of the gradient at t − 1.
    /// Phases run from last to first; the product with the phase's weights follows.
    fn backward<S: Units<R>>(&self, phase: usize, at: Backward<'_, R, S>);

    /// Sets the coefficients of the Jacobian at a step that forward has run.
    fn linearise<S: Units<R>>(&self, at: Linearise<'_, R, S>);

    /// Turns `sums` (W_hh times the tangent of the phase's operand, one vector per gate) into the tangent of the state at t.
    fn tangent<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], at: Tangent<'_, R, S>);
}

/// The buffers of a chunk that forward writes.
pub struct Chunk<'a, R> {
    /// Time steps and the rows of each.
    pub cut: TimeSlice<'a>,
    /// Hidden units H.
    pub hidden: usize,
    /// `[steps, rows, slots · H]`.
    pub tape: &'a mut [R],
    /// `[parts, capacity]`, each part `[steps + 1, rows, H]` at its start.
    pub states: &'a mut [R],
    /// Distance between parts in `states`.
    pub part_stride: usize,
    /// Elementwise weights `[weights, H]`.
    pub weights: &'a [R],
}

/// The buffers that backward adds to a [`Chunk`].
pub struct Gradients<'a, R> {
    /// `[steps, rows, slots · H]`.
    pub deltas: &'a mut [R],
    /// As `states`. Part 0 holds on entry what arrives at h_t from above, at index t + 1, and at its last index also what
    /// arrives from the chunk after; the other parts hold the latter at their last index.
    pub d_states: &'a mut [R],
}

/// Runs the recurrence forwards.
///
/// `weights[p]` is W_hhᵀ of phase p, gates side by side.
///
/// # Panics
/// If a buffer is too short for the shape.
pub fn forward<R: Real, E: Equations<R>>(
    ctx: &Context<R>,
    equations: &E,
    phases: &[Phase],
    weights: &[Packed<R>],
    chunk: &mut Chunk<'_, R>,
) {
    let raw = Raw::new::<E>(chunk);
    for (phase, packed) in phases.iter().zip(weights) {
        assert_eq!((packed.depth(), packed.columns()), (raw.hidden, phase.gates * raw.hidden));
    }
    split_rows(ctx, raw.cut, |first, end| {
        let kernels = Kernels::new(ctx.instruction_set());
        ctx.instruction_set().dispatch(ForwardRows {
            equations,
            phases,
            weights,
            raw,
            kernels: &kernels,
            first,
            end,
        });
    });
}

/// Fills the states from the tape and the state before the chunk, see [`Equations::recompute`].
///
/// # Panics
/// If a buffer is too short for the shape.
pub fn recompute<R: Real, E: Equations<R>>(ctx: &Context<R>, equations: &E, chunk: &mut Chunk<'_, R>) {
    let raw = Raw::new::<E>(chunk);
    split_rows(ctx, raw.cut, |first, end| {
        ctx.instruction_set().dispatch(RecomputeRows { equations, raw, first, end })
    });
}

/// Runs the recurrence backwards: fills deltas and the gradients by the states.
///
/// `weights[p]` is W_hh of phase p, `[gates · H, H]`.
///
/// # Panics
/// If a buffer is too short for the shape.
pub fn backward<R: Real, E: Equations<R>>(
    ctx: &Context<R>,
    equations: &E,
    phases: &[Phase],
    weights: &[Packed<R>],
    chunk: &mut Chunk<'_, R>,
    gradients: &mut Gradients<'_, R>,
) {
    let raw = Raw::new::<E>(chunk);
    assert!(gradients.deltas.len() >= raw.cut.positions() * E::DELTAS * raw.hidden, "deltas too short");
    assert!(gradients.d_states.len() >= raw.states_len::<E>(), "gradients by states too short");
    for (phase, packed) in phases.iter().zip(weights) {
        assert_eq!((packed.depth(), packed.columns()), (phase.gates * raw.hidden, raw.hidden));
    }
    let deltas = Shared(gradients.deltas.as_mut_ptr());
    let d_states = Shared(gradients.d_states.as_mut_ptr());
    split_rows(ctx, raw.cut, |first, end| {
        let kernels = Kernels::new(ctx.instruction_set());
        let rows =
            BackwardRows { equations, phases, weights, raw, deltas, d_states, kernels: &kernels, first, end };
        ctx.instruction_set().dispatch(rows);
    });
}

/// Calls `work(first, end)` on every thread, the rows cut so that each has about as many places.
fn split_rows<R: Real>(ctx: &Context<R>, cut: TimeSlice<'_>, work: impl Fn(usize, usize) + Sync) {
    let threads = ctx.threads();
    if cut.is_even() {
        return ctx.split(cut.rows(), |_, first, end| work(first, end));
    }
    ctx.split(threads, |_, first, end| {
        for part in first..end {
            let rows = cut.share(part, threads);
            work(rows.start, rows.end);
        }
    });
}

/// A chunk as pointers that several threads use on disjoint rows.
#[derive(Clone, Copy)]
struct Raw<'a, R> {
    cut: TimeSlice<'a>,
    hidden: usize,
    tape: Shared<R>,
    states: Shared<R>,
    part_stride: usize,
    weights: Shared<R>,
}

/// Where the rows of one step begin.
#[derive(Clone, Copy)]
struct Step {
    /// Places before the step.
    positions: usize,
    /// States before those of index t and of index t + 1.
    before: usize,
    after: usize,
}

impl<'c, R: Real> Raw<'c, R> {
    fn new<E: Equations<R>>(chunk: &mut Chunk<'c, R>) -> Self {
        let raw = Self {
            cut: chunk.cut,
            hidden: chunk.hidden,
            tape: Shared(chunk.tape.as_mut_ptr()),
            states: Shared(chunk.states.as_mut_ptr()),
            part_stride: chunk.part_stride,
            weights: Shared(chunk.weights.as_ptr().cast_mut()),
        };
        assert!(chunk.tape.len() >= raw.cut.positions() * E::TAPE * raw.hidden, "tape too short");
        assert!(chunk.part_stride >= raw.cut.states() * raw.hidden, "state parts overlap");
        assert!(chunk.states.len() >= raw.states_len::<E>(), "states too short");
        assert!(chunk.weights.len() >= E::WEIGHTS * raw.hidden, "elementwise weights too short");
        raw
    }

    fn states_len<E: Equations<R>>(&self) -> usize {
        (E::PARTS - 1) * self.part_stride + self.cut.states() * self.hidden
    }

    /// What the forward equations see at (step, row, unit).
    ///
    /// # Safety
    /// Row and units must belong to this worker and lie inside the chunk.
    #[inline(always)]
    unsafe fn forward_view<'a, E: Equations<R>, S: Units<R>>(
        &self,
        (step, row, unit): (Step, usize, usize),
        units: S,
    ) -> Forward<'a, R, S> {
        let hidden = self.hidden;
        let (before, after) = ((step.before + row) * hidden + unit, (step.after + row) * hidden + unit);
        // SAFETY: the caller's contract; `Raw::new` checked the lengths.
        unsafe {
            Forward {
                tape: slots(
                    self.tape.get().add((step.positions + row) * E::TAPE * hidden + unit),
                    hidden,
                    E::TAPE,
                    units,
                ),
                prev: slots(self.states.get().add(before), self.part_stride, E::PARTS, units),
                next: slots(self.states.get().add(after), self.part_stride, E::PARTS, units),
                weights: slots(self.weights.get().wrapping_add(unit), self.hidden, E::WEIGHTS, units),
            }
        }
    }

    #[inline(always)]
    fn step(&self, t: usize) -> Step {
        let cut = self.cut;
        Step { positions: cut.offset(t), before: cut.state_offset(t), after: cut.state_offset(t + 1) }
    }
}
