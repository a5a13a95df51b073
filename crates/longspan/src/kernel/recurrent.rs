//! The time loop of one layer over one chunk: a packed product per step, and the cell's equations on each tile of sums
//! while it is in the first-level cache.
//!
//! # Shapes
//! Steps and rows are those of a [`Cut`]: a step may have fewer rows than the one before.
//! - states: per part `[steps + 1, rows, H]`; index 0 is the state before the chunk.
//! - tape: `[steps, rows, tape slots · H]`. On entry slots 0..G hold the input projection; what is left there is the
//!   cell's affair.
//! - deltas: `[steps, rows, delta slots · H]`: gradients by pre-activations, and what else backward leaves behind.
//!
//! A *slot* is one block of H numbers of one row. The equations see a few units of each slot at a time.

use std::marker::PhantomData;

use super::block::{Ahead, Block, Kernels, Rows};
use super::gemm::{DEPTH, Start};
use super::isa::{Isa, Job};
use super::lanes::Vector;
use super::micro::{Left, MAX_ROWS, Tile};
use super::pack::Packed;
use super::{Context, Shared};
use crate::extent::Cut;
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

/// The units of one vector: all lanes, or the last few.
pub trait Units<R: Real>: Copy {
    /// The vector.
    type V: Vector<R>;
    /// Reads the units at `from`.
    ///
    /// # Safety
    /// `from` must be readable for the units.
    unsafe fn load(self, from: *const R) -> Self::V;
    /// Writes the units at `to`.
    ///
    /// # Safety
    /// `to` must be writable for the units.
    unsafe fn store(self, to: *mut R, x: Self::V);
}

/// A whole vector.
struct Full<V>(PhantomData<V>);

impl<V> Clone for Full<V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<V> Copy for Full<V> {}

impl<R: Real, V: Vector<R>> Units<R> for Full<V> {
    type V = V;
    #[inline(always)]
    unsafe fn load(self, from: *const R) -> V {
        // SAFETY: the caller's contract; a Vector is a transparent array of LANES numbers.
        unsafe { from.cast::<V>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut R, x: V) {
        // SAFETY: as for load.
        unsafe { to.cast::<V>().write_unaligned(x) }
    }
}

/// Fewer units than lanes.
struct Tail<V>(usize, PhantomData<V>);

impl<V> Clone for Tail<V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<V> Copy for Tail<V> {}

impl<R: Real, V: Vector<R>> Units<R> for Tail<V> {
    type V = V;
    #[inline(always)]
    unsafe fn load(self, from: *const R) -> V {
        // SAFETY: the caller's contract.
        V::load(unsafe { std::slice::from_raw_parts(from, self.0) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut R, x: V) {
        // SAFETY: the caller's contract.
        x.store(unsafe { std::slice::from_raw_parts_mut(to, self.0) });
    }
}

/// The same few units of several slots of one row.
pub struct Slots<'a, R, S> {
    first: *mut R,
    stride: usize,
    count: usize,
    units: S,
    memory: PhantomData<&'a mut R>,
}

impl<R: Real, S: Units<R>> Slots<'_, R, S> {
    /// The units of a slot.
    #[inline(always)]
    pub fn get(&self, slot: usize) -> S::V {
        // Both are constants once inlined: the check costs nothing and keeps safe equations inside the buffers.
        assert!(slot < self.count);
        // SAFETY: the driver made the slots from checked buffers; `get` and `set` reach no unit but these, and no other
        // thread has them.
        unsafe { self.units.load(self.first.add(slot * self.stride)) }
    }

    /// Replaces the units of a slot.
    #[inline(always)]
    pub fn set(&mut self, slot: usize, x: S::V) {
        // Both are constants once inlined: the check costs nothing and keeps safe equations inside the buffers.
        assert!(slot < self.count);
        // SAFETY: as for `get`.
        unsafe { self.units.store(self.first.add(slot * self.stride), x) }
    }

    /// Adds to the units of a slot.
    #[inline(always)]
    pub fn add(&mut self, slot: usize, x: S::V) {
        self.set(slot, self.get(slot) + x);
    }
}

/// What the forward equations see at one step.
pub struct Forward<'a, R, S> {
    /// The tape; slots 0..G hold the input projection with its bias.
    pub tape: Slots<'a, R, S>,
    /// State parts at t − 1.
    pub prev: Slots<'a, R, S>,
    /// State parts at t, to be set.
    pub next: Slots<'a, R, S>,
    /// Elementwise weights of the cell.
    pub weights: Slots<'a, R, S>,
}

/// What the backward equations see at one step.
pub struct Backward<'a, R, S> {
    /// The tape as forward left it.
    pub tape: Slots<'a, R, S>,
    /// State parts at t − 1.
    pub prev: Slots<'a, R, S>,
    /// State parts at t.
    pub next: Slots<'a, R, S>,
    /// Gradients by the state parts at t, complete.
    pub d_next: Slots<'a, R, S>,
    /// Gradients by the state parts at t − 1. Part 0 holds what arrives from above: add to it. Set the others.
    pub d_prev: Slots<'a, R, S>,
    /// Gradients by the pre-activations, to be set.
    pub deltas: Slots<'a, R, S>,
    /// Elementwise weights of the cell.
    pub weights: Slots<'a, R, S>,
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

    /// Turns `sums` (one vector per gate of the phase) into the tape and the next state.
    fn forward<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], at: Forward<'_, R, S>);

    /// The state at t from the tape and the state before it: the last lines of forward again, to the bit. Only the tape of
    /// a sequence is kept, states of a chunk are made anew when it is their turn.
    fn replay<S: Units<R>>(&self, at: Forward<'_, R, S>);

    /// Turns the gradient by the state at t into the deltas of the phase and the direct part of the gradient at t − 1.
    /// Phases run from last to first; the product with the phase's weights follows.
    fn backward<S: Units<R>>(&self, phase: usize, at: Backward<'_, R, S>);
}

/// The buffers of a chunk that forward writes.
pub struct Chunk<'a, R> {
    /// Time steps and the rows of each.
    pub cut: Cut<'a>,
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
        let kernels = Kernels::new(ctx.level());
        ctx.level().dispatch(ForwardRows { equations, phases, weights, raw, kernels: &kernels, first, end });
    });
}

/// Fills the states from the tape and the state before the chunk, see [`Equations::replay`].
///
/// # Panics
/// If a buffer is too short for the shape.
pub fn replay<R: Real, E: Equations<R>>(ctx: &Context<R>, equations: &E, chunk: &mut Chunk<'_, R>) {
    let raw = Raw::new::<E>(chunk);
    split_rows(ctx, raw.cut, |first, end| ctx.level().dispatch(ReplayRows { equations, raw, first, end }));
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
    assert!(gradients.deltas.len() >= raw.cut.places() * E::DELTAS * raw.hidden, "deltas too short");
    assert!(gradients.d_states.len() >= raw.states_len::<E>(), "gradients by states too short");
    for (phase, packed) in phases.iter().zip(weights) {
        assert_eq!((packed.depth(), packed.columns()), (phase.gates * raw.hidden, raw.hidden));
    }
    let deltas = Shared(gradients.deltas.as_mut_ptr());
    let d_states = Shared(gradients.d_states.as_mut_ptr());
    split_rows(ctx, raw.cut, |first, end| {
        let kernels = Kernels::new(ctx.level());
        let rows =
            BackwardRows { equations, phases, weights, raw, deltas, d_states, kernels: &kernels, first, end };
        ctx.level().dispatch(rows);
    });
}

/// Calls `work(first, end)` on every thread, the rows cut so that each has about as many places.
fn split_rows<R: Real>(ctx: &Context<R>, cut: Cut<'_>, work: impl Fn(usize, usize) + Sync) {
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
    cut: Cut<'a>,
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
    places: usize,
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
        assert!(chunk.tape.len() >= raw.cut.places() * E::TAPE * raw.hidden, "tape too short");
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
                    self.tape.get().add((step.places + row) * E::TAPE * hidden + unit),
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
        Step { places: cut.offset(t), before: cut.state_offset(t), after: cut.state_offset(t + 1) }
    }
}

/// Makes [`Slots`].
///
/// # Safety
/// `first` must be valid for `count` slots, `stride` apart, and this thread alone may use these units meanwhile.
#[inline(always)]
unsafe fn slots<'a, R, S: Copy>(first: *mut R, stride: usize, count: usize, units: S) -> Slots<'a, R, S> {
    Slots { first, stride, count, units, memory: PhantomData }
}

struct ForwardRows<'a, R, E> {
    equations: &'a E,
    phases: &'a [Phase],
    weights: &'a [Packed<R>],
    raw: Raw<'a, R>,
    kernels: &'a Kernels<R>,
    first: usize,
    end: usize,
}

impl<R: Real, E: Equations<R>> Job for ForwardRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let raw = self.raw;
        let hidden = raw.hidden;
        let mut tile = Tile::new();
        for t in 0..raw.cut.steps() {
            let (step, end) = (raw.step(t), self.end.min(raw.cut.rows_at(t)));
            if end <= self.first {
                break;
            }
            let rows = end - self.first;
            for (p, (phase, packed)) in self.phases.iter().zip(self.weights).enumerate() {
                let (operand, stride) = match phase.operand {
                    Operand::Hidden => (raw.states.get().wrapping_add(step.before * hidden), hidden),
                    Operand::Tape { slot, .. } => {
                        let row = E::TAPE * hidden;
                        (raw.tape.get().wrapping_add(step.places * row + slot * hidden), row)
                    }
                };
                let mut at = 0;
                while at < packed.panels().len() {
                    let vectors = packed.vectors(&packed.panels()[at]);
                    let width = vectors * packed.lanes();
                    let breadth = self.kernels.breadth(packed, at, rows);
                    let right = packed.rows_from(&packed.panels()[at], 0).as_ptr();
                    let tiles = rows.div_ceil(MAX_ROWS);
                    let mut ahead = Ahead::new(packed, at + breadth, breadth, (0, hidden), tiles);
                    for (first, count) in self.kernels.tiles(vectors, rows) {
                        let fetch = ahead.share(right, hidden);
                        let top = self.first + first;
                        let a = Left { data: operand.wrapping_add(top * stride), row: stride, column: 1 };
                        let micro = self.kernels.micro(vectors, count, breadth);
                        // SAFETY: the operand's rows top..top + count and the panels hold `hidden` numbers each.
                        unsafe {
                            micro(hidden, a, right, packed.panel_len(), tile.place(count, width), fetch)
                        };
                        for m in 0..count {
                            for (p_, panel) in packed.panels()[at..at + breadth].iter().enumerate() {
                                let sums_at = (p_ * count + m) * width;
                                for v in 0..panel.spread {
                                    let j = v * I::V::<R>::LANES;
                                    let mut sums = [I::V::<R>::zero(); MAX_GATES];
                                    // As many turns for every cell: unrolled, the sums stay in registers.
                                    for gate in 0..MAX_GATES {
                                        if gate < phase.gates {
                                            let at = sums_at + (gate * panel.spread + v) * I::V::<R>::LANES;
                                            sums[gate] = I::V::<R>::load(&tile.0[at..][..I::V::<R>::LANES]);
                                        }
                                    }
                                    let left = panel.units - j;
                                    let place = (step, top + m, panel.first + j);
                                    // SAFETY: the row belongs to this worker, the units to this turn of the loop.
                                    unsafe {
                                        if left >= I::V::<R>::LANES {
                                            self.equations(p, sums, place, Full::<I::V<R>>(PhantomData));
                                        } else {
                                            self.equations(
                                                p,
                                                sums,
                                                place,
                                                Tail::<I::V<R>>(left, PhantomData),
                                            );
                                        }
                                    }
                                }
                            }
                        }
                    }
                    at += breadth;
                }
            }
        }
    }
}

impl<R: Real, E: Equations<R>> ForwardRows<'_, R, E> {
    /// # Safety
    /// Row and units must belong to this worker and lie inside the chunk.
    #[inline(always)]
    unsafe fn equations<S: Units<R>>(
        &self,
        phase: usize,
        sums: [S::V; MAX_GATES],
        place: (Step, usize, usize),
        units: S,
    ) {
        // SAFETY: the caller's contract.
        let at = unsafe { self.raw.forward_view::<E, S>(place, units) };
        self.equations.forward(phase, sums, at);
    }
}

struct ReplayRows<'a, R, E> {
    equations: &'a E,
    raw: Raw<'a, R>,
    first: usize,
    end: usize,
}

impl<R: Real, E: Equations<R>> Job for ReplayRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (raw, lanes) = (self.raw, I::V::<R>::LANES);
        for t in 0..raw.cut.steps() {
            let step = raw.step(t);
            for row in self.first..self.end.min(raw.cut.rows_at(t)) {
                let mut unit = 0;
                // SAFETY: the row belongs to this worker, and unit + lanes (or the rest) ≤ hidden.
                unsafe {
                    while unit + lanes <= raw.hidden {
                        let units = Full::<I::V<R>>(PhantomData);
                        self.equations.replay(raw.forward_view::<E, _>((step, row, unit), units));
                        unit += lanes;
                    }
                    if unit < raw.hidden {
                        let units = Tail::<I::V<R>>(raw.hidden - unit, PhantomData);
                        self.equations.replay(raw.forward_view::<E, _>((step, row, unit), units));
                    }
                }
            }
        }
    }
}

struct BackwardRows<'a, R, E> {
    equations: &'a E,
    phases: &'a [Phase],
    weights: &'a [Packed<R>],
    raw: Raw<'a, R>,
    deltas: Shared<R>,
    d_states: Shared<R>,
    kernels: &'a Kernels<R>,
    first: usize,
    end: usize,
}

impl<R: Real, E: Equations<R>> Job for BackwardRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let raw = self.raw;
        let hidden = raw.hidden;
        let lanes = I::V::<R>::LANES;
        for t in (0..raw.cut.steps()).rev() {
            let (step, end) = (raw.step(t), self.end.min(raw.cut.rows_at(t)));
            if end <= self.first {
                continue;
            }
            for (p, (phase, packed)) in self.phases.iter().zip(self.weights).enumerate().rev() {
                for row in self.first..end {
                    let mut unit = 0;
                    // SAFETY: the row belongs to this worker, and unit + lanes (or the rest) ≤ hidden.
                    unsafe {
                        while unit + lanes <= hidden {
                            self.equations(p, (step, row, unit), Full::<I::V<R>>(PhantomData));
                            unit += lanes;
                        }
                        if unit < hidden {
                            self.equations(p, (step, row, unit), Tail::<I::V<R>>(hidden - unit, PhantomData));
                        }
                    }
                }
                let stride = E::DELTAS * hidden;
                let deltas = self.deltas.get().wrapping_add(step.places * stride);
                let operand = deltas.wrapping_add(phase.delta * hidden);
                let (to, to_stride, add) = match phase.operand {
                    Operand::Hidden => (self.d_states.get().wrapping_add(step.before * hidden), hidden, true),
                    Operand::Tape { delta, .. } => (deltas.wrapping_add(delta * hidden), stride, false),
                };
                // As in every product: one block of a panel after the other, so that it stays in the caches for all rows.
                for k in (0..packed.depth()).step_by(DEPTH) {
                    let start = if add || k > 0 { Start::Keep } else { Start::Zero };
                    let depth = DEPTH.min(packed.depth() - k);
                    let block = Block { first: k, depth, rows: end - self.first, start };
                    // SAFETY: these rows of the deltas hold the phase's gates, which are as many as the weights are deep; the
                    // units that are written belong to these rows, and so to this worker.
                    unsafe {
                        let a = Rows::Apart { data: operand.add(self.first * stride + k), stride };
                        self.kernels.block(a, packed, block, to.add(self.first * to_stride), to_stride);
                    }
                }
            }
        }
    }
}

impl<R: Real, E: Equations<R>> BackwardRows<'_, R, E> {
    /// # Safety
    /// Row and units must belong to this worker and lie inside the chunk.
    #[inline(always)]
    unsafe fn equations<S: Units<R>>(&self, phase: usize, (step, row, unit): (Step, usize, usize), units: S) {
        let (raw, hidden) = (self.raw, self.raw.hidden);
        let (before, after) = ((step.before + row) * hidden + unit, (step.after + row) * hidden + unit);
        let place = step.places + row;
        // SAFETY: the caller's contract; `Raw::new` and `backward` checked the lengths.
        let at = unsafe {
            Backward {
                tape: slots(raw.tape.get().add(place * E::TAPE * hidden + unit), raw.hidden, E::TAPE, units),
                prev: slots(raw.states.get().add(before), raw.part_stride, E::PARTS, units),
                next: slots(raw.states.get().add(after), raw.part_stride, E::PARTS, units),
                d_next: slots(self.d_states.get().add(after), raw.part_stride, E::PARTS, units),
                d_prev: slots(self.d_states.get().add(before), raw.part_stride, E::PARTS, units),
                deltas: slots(
                    self.deltas.get().add(place * E::DELTAS * hidden + unit),
                    raw.hidden,
                    E::DELTAS,
                    units,
                ),
                weights: slots(raw.weights.get().wrapping_add(unit), raw.hidden, E::WEIGHTS, units),
            }
        };
        self.equations.backward(phase, at);
    }
}
