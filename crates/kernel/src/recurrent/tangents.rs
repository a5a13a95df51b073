//! Tangents: the Jacobian of a step times vectors, ṡ_t = J_t ṡ_{t−1}, for many of them at once.
//!
//! Forward has left the gates and the states of a chunk. From these [`linearise`] makes a few coefficients for each unit once;
//! a tangent then costs one product with the recurrent weights, the same packed ones as in forward with tangents as its rows, and
//! a few multiplications.

use std::marker::PhantomData;

use super::super::InstructionSet;
use super::super::block::{Ahead, Kernels};
use super::super::isa::{Isa, Job};
use super::super::lanes::Vector;
use super::super::micro::{Left, MAX_ROWS, Tile};
use super::super::pack::Packed;
use super::super::{Context, Shared};
use super::slots::{Full, Tail, Units, slots};
use super::{Chunk, Equations, Linearise, MAX_GATES, Operand, Phase, Raw, Step, Tangent, split_rows};
use crate::matrix::{Mat, MatMut};
use crate::real::Real;

/// Fills the coefficients of the Jacobians, `[positions, coefficients · H]`, of a chunk that forward has run.
///
/// # Panics
/// If a buffer is too short for the shape.
pub fn linearise<R: Real, E: Equations<R>>(
    ctx: &Context<R>,
    equations: &E,
    chunk: &mut Chunk<'_, R>,
    jacobian: &mut [R],
) {
    let raw = Raw::new::<E>(chunk);
    assert!(jacobian.len() >= raw.cut.positions() * E::JACOBIAN * raw.hidden, "coefficients too short");
    let jacobian = Shared(jacobian.as_mut_ptr());
    split_rows(ctx, raw.cut, |first, end| {
        ctx.instruction_set().dispatch(LineariseRows { equations, raw, jacobian, first, end });
    });
}

struct LineariseRows<'a, R, E> {
    equations: &'a E,
    raw: Raw<'a, R>,
    jacobian: Shared<R>,
    first: usize,
    end: usize,
}

impl<R: Real, E: Equations<R>> Job for LineariseRows<'_, R, E> {
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
                        self.equations((step, row, unit), Full::<I::V<R>>(PhantomData));
                        unit += lanes;
                    }
                    if unit < raw.hidden {
                        let units = Tail::<I::V<R>>(raw.hidden - unit, PhantomData);
                        self.equations((step, row, unit), units);
                    }
                }
            }
        }
    }
}

impl<R: Real, E: Equations<R>> LineariseRows<'_, R, E> {
    /// # Safety
    /// Row and units must belong to this worker and lie inside the chunk.
    #[inline(always)]
    unsafe fn equations<S: Units<R>>(&self, position: (Step, usize, usize), units: S) {
        let (raw, hidden, (step, row, unit)) = (self.raw, self.raw.hidden, position);
        let jacobian = (step.positions + row) * E::JACOBIAN * hidden + unit;
        // SAFETY: the caller's contract; `Raw::new` and `linearise` checked the lengths.
        let at = unsafe {
            let forward = raw.forward_view::<E, S>(position, units);
            let jacobian = slots(self.jacobian.get().add(jacobian), hidden, E::JACOBIAN, units);
            let super::Forward { tape, prev, next, weights } = forward;
            Linearise { tape, prev, next, weights, jacobian }
        };
        self.equations.linearise(at);
    }
}

/// K tangents at one step for each of B rows of the batch.
pub struct Tangents<'a, R> {
    /// Hidden units H.
    pub hidden: usize,
    /// `[B, coefficients · H]`.
    pub jacobian: Mat<'a, R>,
    /// ṡ_{t−1} `[B · K, parts · H]`.
    pub before: Mat<'a, R>,
    /// ṡ_t, as `before`, overwritten.
    pub after: MatMut<'a, R>,
    /// W_ih ẋ `[B · K, gates · H]`, gates in the order of the weights.
    pub inflow: Option<Mat<'a, R>>,
    /// Working memory, at least B · K · operands · H.
    pub operands: &'a mut [R],
}

/// Runs tangents over one step, on the calling thread.
///
/// `weights[p]` is W_hhᵀ of phase p, gates side by side, as for forward.
///
/// # Panics
/// If a shape does not fit.
pub fn tangents<R: Real, E: Equations<R>>(
    isa: InstructionSet,
    equations: &E,
    phases: &[Phase],
    weights: &[Packed<R>],
    step: Tangents<'_, R>,
) {
    let Tangents { hidden, jacobian, before, mut after, inflow, operands } = step;
    let rows = before.rows();
    let gates: usize = phases.iter().map(|phase| phase.gates).sum();
    assert!(jacobian.rows() > 0 && rows.is_multiple_of(jacobian.rows()), "{rows} tangents");
    assert!(jacobian.cols() >= E::JACOBIAN * hidden, "coefficients too short");
    assert_eq!((before.cols(), after.rows(), after.cols()), (E::PARTS * hidden, rows, before.cols()));
    assert!(operands.len() >= rows * E::OPERANDS * hidden, "operands too short");
    for (phase, packed) in phases.iter().zip(weights) {
        assert_eq!((packed.depth(), packed.columns()), (hidden, phase.gates * hidden));
    }
    let nothing = vec![R::ZERO; if inflow.is_none() { gates * hidden } else { 0 }];
    let (inflow, inflow_stride) = match inflow {
        Some(inflow) => {
            assert_eq!((inflow.rows(), inflow.cols()), (rows, gates * hidden), "inflow");
            (inflow.data().as_ptr(), inflow.stride())
        }
        None => (nothing.as_ptr(), 0),
    };
    let after_stride = after.stride();
    isa.dispatch(TangentRows {
        equations,
        phases,
        weights,
        kernels: &Kernels::new(isa),
        hidden,
        gates,
        rows,
        each: rows / jacobian.rows(),
        jacobian,
        before,
        after: after.data().as_mut_ptr(),
        after_stride,
        inflow,
        inflow_stride,
        operands: operands.as_mut_ptr(),
    });
}

struct TangentRows<'a, R, E> {
    equations: &'a E,
    phases: &'a [Phase],
    weights: &'a [Packed<R>],
    kernels: &'a Kernels<R>,
    hidden: usize,
    gates: usize,
    rows: usize,
    /// Tangents of one row of the batch.
    each: usize,
    jacobian: Mat<'a, R>,
    before: Mat<'a, R>,
    after: *mut R,
    after_stride: usize,
    inflow: *const R,
    inflow_stride: usize,
    operands: *mut R,
}

impl<R: Real, E: Equations<R>> Job for TangentRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (hidden, rows) = (self.hidden, self.rows);
        let mut tile = Tile::new();
        for (p, (phase, packed)) in self.phases.iter().zip(self.weights).enumerate() {
            let (operand, stride) = match phase.operand {
                Operand::Hidden => (self.before.data().as_ptr(), self.before.stride()),
                Operand::Tape { tangent, .. } => {
                    (self.operands.cast_const().wrapping_add(tangent * hidden), E::OPERANDS * hidden)
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
                for (top, count) in self.kernels.tiles(vectors, rows) {
                    let fetch = ahead.share(right, hidden);
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
                                let position = (top + m, panel.first + j);
                                // SAFETY: the row is below `rows`, and the units end within `hidden`.
                                unsafe {
                                    if left >= I::V::<R>::LANES {
                                        self.equations(p, sums, position, Full::<I::V<R>>(PhantomData));
                                    } else {
                                        self.equations(p, sums, position, Tail::<I::V<R>>(left, PhantomData));
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

impl<R: Real, E: Equations<R>> TangentRows<'_, R, E> {
    /// # Safety
    /// The row must be below `rows`, the units inside a slot.
    #[inline(always)]
    unsafe fn equations<S: Units<R>>(
        &self,
        phase: usize,
        sums: [S::V; MAX_GATES],
        (row, unit): (usize, usize),
        units: S,
    ) {
        let hidden = self.hidden;
        let jacobian = self.jacobian.data().as_ptr().cast_mut();
        let before = self.before.data().as_ptr().cast_mut();
        // SAFETY: `tangents` checked the shapes; the equations write to `next` and `operands` alone, which are borrowed
        // exclusively.
        let at = unsafe {
            Tangent {
                jacobian: slots(
                    jacobian.add(row / self.each * self.jacobian.stride() + unit),
                    hidden,
                    E::JACOBIAN,
                    units,
                ),
                inflow: slots(
                    self.inflow.cast_mut().add(row * self.inflow_stride + unit),
                    hidden,
                    self.gates,
                    units,
                ),
                prev: slots(before.add(row * self.before.stride() + unit), hidden, E::PARTS, units),
                next: slots(self.after.add(row * self.after_stride + unit), hidden, E::PARTS, units),
                operands: slots(
                    self.operands.wrapping_add(row * E::OPERANDS * hidden + unit),
                    hidden,
                    E::OPERANDS,
                    units,
                ),
            }
        };
        self.equations.tangent(phase, sums, at);
    }
}
