//! The passes over the rows of one worker: forwards, states made anew, backwards.

use std::marker::PhantomData;

use super::super::Shared;
use super::super::block::{Ahead, Block, Kernels, Rows};
use super::super::gemm::{DEPTH, Start};
use super::super::isa::{Isa, Job};
use super::super::lanes::Vector;
use super::super::micro::{Left, MAX_ROWS, Tile};
use super::super::pack::Packed;
use super::slots::{Full, Tail, Units, slots};
use super::{Backward, Equations, MAX_GATES, Operand, Phase, Raw, Step};
use crate::real::Real;

pub(super) struct ForwardRows<'a, R, E> {
    pub(super) equations: &'a E,
    pub(super) phases: &'a [Phase],
    pub(super) weights: &'a [Packed<R>],
    pub(super) raw: Raw<'a, R>,
    pub(super) kernels: &'a Kernels<R>,
    pub(super) first: usize,
    pub(super) end: usize,
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
                        (raw.tape.get().wrapping_add(step.positions * row + slot * hidden), row)
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
                            micro(hidden, a, right, packed.panel_len(), tile.position(count, width), fetch)
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
                                    let position = (step, top + m, panel.first + j);
                                    // SAFETY: the row belongs to this worker, the units to this turn of the loop.
                                    unsafe {
                                        if left >= I::V::<R>::LANES {
                                            self.equations(p, sums, position, Full::<I::V<R>>(PhantomData));
                                        } else {
                                            self.equations(
                                                p,
                                                sums,
                                                position,
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
        position: (Step, usize, usize),
        units: S,
    ) {
        // SAFETY: the caller's contract.
        let at = unsafe { self.raw.forward_view::<E, S>(position, units) };
        self.equations.forward(phase, sums, at);
    }
}

pub(super) struct RecomputeRows<'a, R, E> {
    pub(super) equations: &'a E,
    pub(super) raw: Raw<'a, R>,
    pub(super) first: usize,
    pub(super) end: usize,
}

impl<R: Real, E: Equations<R>> Job for RecomputeRows<'_, R, E> {
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
                        self.equations.recompute(raw.forward_view::<E, _>((step, row, unit), units));
                        unit += lanes;
                    }
                    if unit < raw.hidden {
                        let units = Tail::<I::V<R>>(raw.hidden - unit, PhantomData);
                        self.equations.recompute(raw.forward_view::<E, _>((step, row, unit), units));
                    }
                }
            }
        }
    }
}

pub(super) struct BackwardRows<'a, R, E> {
    pub(super) equations: &'a E,
    pub(super) phases: &'a [Phase],
    pub(super) weights: &'a [Packed<R>],
    pub(super) raw: Raw<'a, R>,
    pub(super) deltas: Shared<R>,
    pub(super) d_states: Shared<R>,
    pub(super) kernels: &'a Kernels<R>,
    pub(super) first: usize,
    pub(super) end: usize,
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
                let deltas = self.deltas.get().wrapping_add(step.positions * stride);
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
        let position = step.positions + row;
        // SAFETY: the caller's contract; `Raw::new` and `backward` checked the lengths.
        let at = unsafe {
            Backward {
                tape: slots(
                    raw.tape.get().add(position * E::TAPE * hidden + unit),
                    raw.hidden,
                    E::TAPE,
                    units,
                ),
                prev: slots(raw.states.get().add(before), raw.part_stride, E::PARTS, units),
                next: slots(raw.states.get().add(after), raw.part_stride, E::PARTS, units),
                d_next: slots(self.d_states.get().add(after), raw.part_stride, E::PARTS, units),
                d_prev: slots(self.d_states.get().add(before), raw.part_stride, E::PARTS, units),
                deltas: slots(
                    self.deltas.get().add(position * E::DELTAS * hidden + unit),
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
