//! The passes over the rows of one worker: forward, recomputation of states, backward.

use std::ops::Range;

use super::equations::{Equations, MAX_GATES, Operand, Phase};
use super::positions::{At, OnUnits, Step, for_each_vector};
use super::raw::Raw;
use super::slots::Backward;
use super::slots::{Slots, SlotsMut, Units};
use super::tiles::{Finish, Product};
use crate::Shared;
use crate::block::{Block, Kernels, Rows};
use crate::gemm::{DEPTH, Start};
use crate::isa::Job;
use crate::micro::Tile;
use crate::pack::Packed;
use crate::simd::{Isa, Real};

/// The forward pass over rows that belong to this worker. The phases and weights must have been checked for
/// this chunk.
pub(super) struct ForwardRows<'a, R: 'static, E> {
    pub(super) equations: &'a E,
    pub(super) phases: &'a [Phase],
    pub(super) weights: &'a [Packed<R>],
    pub(super) raw: Raw<'a, R>,
    pub(super) kernels: &'a Kernels<R>,
    pub(super) rows: Range<usize>,
}

impl<R: Real, E: Equations<R>> Job for ForwardRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (raw, hidden, first) = (self.raw, self.raw.hidden, self.rows.start);
        let mut tile = Tile::new();
        for t in 0..raw.slice.steps() {
            let (step, end) = (raw.step(t), self.rows.end.min(raw.slice.rows_at(t)));
            if end <= first {
                break;
            }
            for (p, (phase, packed)) in self.phases.iter().zip(self.weights).enumerate() {
                let (operand, stride) = match phase.operand {
                    Operand::Hidden => (raw.states.get().wrapping_add(step.before * hidden), hidden),
                    Operand::Tape { slot, .. } => {
                        let row = E::TAPE * hidden;
                        (raw.tape.get().wrapping_add(step.positions * row + slot * hidden), row)
                    }
                };
                let (kernels, rows) = (self.kernels, end - first);
                let product = Product { kernels, packed, operand, stride, first, rows };
                let finish = ForwardPhase { equations: self.equations, raw: &raw, phase: p, step };
                // SAFETY: `check_phases` has checked the weights, with H units, and the operand's slot;
                // `Raw::new` has checked the buffers; the rows are rows of the step and belong to this
                // worker.
                unsafe { product.run::<I, _>(&mut tile, &finish) };
            }
        }
    }
}

/// Computes the tape and the next state from the sums of one phase.
struct ForwardPhase<'a, R, E> {
    equations: &'a E,
    raw: &'a Raw<'a, R>,
    phase: usize,
    step: Step,
}

impl<R: Real, E: Equations<R>> Finish<R> for ForwardPhase<'_, R, E> {
    #[inline(always)]
    unsafe fn finish<S: Units<R>>(&self, sums: [S::V; MAX_GATES], row: usize, unit: usize, units: S) {
        // SAFETY: the caller's contract.
        let at = unsafe { self.raw.forward::<E, S>(At { step: self.step, row, unit }, units) };
        self.equations.forward(self.phase, sums, at);
    }
}

/// Recomputes the states of rows that belong to this worker.
pub(super) struct RecomputeRows<'a, R, E> {
    pub(super) equations: &'a E,
    pub(super) raw: Raw<'a, R>,
    pub(super) rows: Range<usize>,
}

impl<R: Real, E: Equations<R>> Job for RecomputeRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        // SAFETY: the rows belong to this worker.
        unsafe { self.raw.for_each_position::<I, _>(self.rows.clone(), &self) };
    }
}

impl<R: Real, E: Equations<R>> OnUnits<R> for RecomputeRows<'_, R, E> {
    #[inline(always)]
    unsafe fn on<S: Units<R>>(&self, at: At, units: S) {
        // SAFETY: the caller's contract.
        self.equations.recompute(unsafe { self.raw.forward::<E, S>(at, units) });
    }
}

/// The backward pass over rows that belong to this worker. The phases, weights and buffers must have been
/// checked for this chunk.
pub(super) struct BackwardRows<'a, R: 'static, E> {
    pub(super) equations: &'a E,
    pub(super) phases: &'a [Phase],
    pub(super) weights: &'a [Packed<R>],
    pub(super) raw: Raw<'a, R>,
    pub(super) deltas: Shared<R>,
    pub(super) d_states: Shared<R>,
    pub(super) kernels: &'a Kernels<R>,
    pub(super) rows: Range<usize>,
}

impl<R: Real, E: Equations<R>> Job for BackwardRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let raw = self.raw;
        for t in (0..raw.slice.steps()).rev() {
            let (step, rows) = (raw.step(t), self.rows.start..self.rows.end.min(raw.slice.rows_at(t)));
            if rows.is_empty() {
                continue;
            }
            for (phase, packed) in self.weights.iter().enumerate().rev() {
                let equations = BackwardPhase { pass: &self, phase };
                for row in rows.clone() {
                    // SAFETY: the row is one of the step and belongs to this worker.
                    unsafe { for_each_vector::<I, R, _>(step, row, raw.hidden, &equations) };
                }
                // SAFETY: as above; `check_phases` has checked that there is a phase for each of the weights.
                unsafe { self.product(&self.phases[phase], packed, step, rows.clone()) };
            }
        }
    }
}

impl<R: Real, E: Equations<R>> BackwardRows<'_, R, E> {
    /// Computes the gradient with respect to the operand of a phase: the product of its deltas with the
    /// weights.
    ///
    /// # Safety
    /// The rows, at least one, must be rows of the step and belong to this worker; phase and weights must be
    /// one of this pass.
    #[inline(always)]
    unsafe fn product(&self, phase: &Phase, packed: &Packed<R>, step: Step, rows: Range<usize>) {
        let hidden = self.raw.hidden;
        let stride = E::DELTAS * hidden;
        let deltas = self.deltas.get().wrapping_add(step.positions * stride);
        let operand = deltas.wrapping_add(phase.delta * hidden);
        let (to, to_stride, add) = match phase.operand {
            Operand::Hidden => (self.d_states.get().wrapping_add(step.before * hidden), hidden, true),
            Operand::Tape { delta, .. } => (deltas.wrapping_add(delta * hidden), stride, false),
        };
        // As in every product, one block of a panel after the other, so that it stays in the caches for all
        // rows.
        for k in (0..packed.depth()).step_by(DEPTH) {
            let start = if add || k > 0 { Start::Keep } else { Start::Zero };
            let depth = DEPTH.min(packed.depth() - k);
            let block = Block { first: k, depth, rows: rows.len(), start };
            // SAFETY: the caller's contract. `check_phases` has checked the weights `[gates · H, H]` and that
            // the deltas hold the phase's gates and the operand's gradient in different slots; `backward` has
            // checked the length of the buffers.
            unsafe {
                let a = Rows::Apart { data: operand.add(rows.start * stride + k), stride };
                self.kernels.block(a, packed, block, to.add(rows.start * to_stride), to_stride);
            }
        }
    }
}

/// Computes the deltas of one phase and the direct part of the gradient at t − 1 from the gradients with
/// respect to the state at t.
struct BackwardPhase<'a, R: 'static, E> {
    pass: &'a BackwardRows<'a, R, E>,
    phase: usize,
}

impl<R: Real, E: Equations<R>> OnUnits<R> for BackwardPhase<'_, R, E> {
    #[inline(always)]
    unsafe fn on<S: Units<R>>(&self, at: At, units: S) {
        let raw = &self.pass.raw;
        let (hidden, stride) = (raw.hidden, raw.part_stride);
        let (before, after) = raw.states_at(at);
        let (tape, states) = (raw.tape.get(), raw.states.get());
        let (deltas, d_states) = (self.pass.deltas.get(), self.pass.d_states.get());
        // SAFETY: the caller's contract; `Raw::new` and `backward` have checked the lengths.
        let at = unsafe {
            Backward {
                tape: Slots::new(tape, raw.position_at(at, E::TAPE), hidden, E::TAPE, units),
                prev: Slots::new(states, before, stride, E::PARTS, units),
                next: Slots::new(states, after, stride, E::PARTS, units),
                d_next: Slots::new(d_states, after, stride, E::PARTS, units),
                d_prev: SlotsMut::new(d_states, before, stride, E::PARTS, units),
                deltas: SlotsMut::new(deltas, raw.position_at(at, E::DELTAS), hidden, E::DELTAS, units),
                weights: raw.weights::<E, S>(at, units),
            }
        };
        self.pass.equations.backward(self.phase, at);
    }
}
