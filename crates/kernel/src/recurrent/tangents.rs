//! Tangents: the Jacobian of a step times vectors, ṡ_t = J_t ṡ_{t−1}, for many vectors at once.
//!
//! The forward pass has stored the gates and states of a chunk. From these, [`linearise`] computes a few
//! coefficients per unit once. A tangent then costs one product with the recurrent weights, packed as for the
//! forward pass and with tangents as its rows, and a few multiplications.

use std::ops::Range;

use super::check::check_phases;
use super::chunk::{Chunk, split_rows};
use super::equations::{Equations, MAX_GATES, Operand, Phase};
use super::positions::{At, OnUnits};
use super::raw::Raw;
use super::slots::{Linearise, Tangent};
use super::slots::{Slots, SlotsMut, Units};
use super::tiles::{Finish, Product};
use crate::block::Kernels;
use crate::isa::Job;
use crate::matrix::{Mat, MatMut};
use crate::micro::Tile;
use crate::pack::Packed;
use crate::simd::{Isa, Real};
use crate::size::{check_len, elements};
use crate::{Context, InstructionSet, Shared};

/// Computes the coefficients of the Jacobians of a chunk, after its forward pass.
///
/// # Shapes
/// `jacobian` `[positions, coefficients · H]`.
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
    check_len("coefficients", jacobian.len(), raw.by_position("coefficients", E::JACOBIAN));
    let jacobian = Shared(jacobian.as_mut_ptr());
    split_rows(ctx, raw.slice, |rows| {
        ctx.instruction_set().dispatch(LineariseRows { equations, raw, jacobian, rows })
    });
}

/// Computes the coefficients of rows that belong to this worker.
struct LineariseRows<'a, R, E> {
    equations: &'a E,
    raw: Raw<'a, R>,
    jacobian: Shared<R>,
    rows: Range<usize>,
}

impl<R: Real, E: Equations<R>> Job for LineariseRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        // SAFETY: the rows belong to this worker.
        unsafe { self.raw.for_each_position::<I, _>(self.rows.clone(), &self) };
    }
}

impl<R: Real, E: Equations<R>> OnUnits<R> for LineariseRows<'_, R, E> {
    #[inline(always)]
    unsafe fn on<S: Units<R>>(&self, at: At, units: S) {
        let (raw, hidden, stride) = (&self.raw, self.raw.hidden, self.raw.part_stride);
        let (before, after) = raw.states_at(at);
        let (tape, states, jacobian) = (raw.tape.get(), raw.states.get(), self.jacobian.get());
        // SAFETY: the caller's contract; `Raw::new` and `linearise` have checked the lengths.
        let at = unsafe {
            Linearise {
                tape: Slots::new(tape, raw.position_at(at, E::TAPE), hidden, E::TAPE, units),
                prev: Slots::new(states, before, stride, E::PARTS, units),
                next: Slots::new(states, after, stride, E::PARTS, units),
                weights: raw.weights::<E, S>(at, units),
                jacobian: SlotsMut::new(
                    jacobian,
                    raw.position_at(at, E::JACOBIAN),
                    hidden,
                    E::JACOBIAN,
                    units,
                ),
            }
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
    /// ṡ_t, of the shape of `before`; overwritten.
    pub after: MatMut<'a, R>,
    /// W_ih ẋ `[B · K, gates · H]`, gates in the order of the weights.
    pub inflow: Option<Mat<'a, R>>,
    /// Working memory of at least B · K · operands · H numbers.
    pub operands: &'a mut [R],
}

/// Computes tangents of one step, on the calling thread.
///
/// `weights[p]` is W_hhᵀ of phase p, gates side by side, as for the forward pass.
///
/// # Panics
/// If a shape does not fit, a phase uses a slot that the equations lack, weights were not packed or were
/// packed for another instruction set than `isa`, or this processor does not support it.
pub fn tangents<R: Real, E: Equations<R>>(
    isa: InstructionSet,
    equations: &E,
    phases: &[Phase],
    weights: &[Packed<R>],
    step: Tangents<'_, R>,
) {
    let Tangents { hidden, jacobian, before, mut after, inflow, operands } = step;
    check_phases::<R, E>(isa, phases, weights, |phase| (hidden, phase.gates, hidden));
    let rows = before.rows();
    let gates: usize = phases.iter().map(|phase| phase.gates).sum();
    assert!(
        jacobian.rows() > 0 && rows.is_multiple_of(jacobian.rows()),
        "{rows} tangents are not a multiple of {} rows",
        jacobian.rows()
    );
    check_len("coefficients of a row", jacobian.cols(), elements("coefficients", [E::JACOBIAN, hidden]));
    let state = elements("a state (parts, units)", [E::PARTS, hidden]);
    assert_eq!(before.cols(), state, "columns of the tangents before");
    assert_eq!((after.rows(), after.cols()), (rows, state), "shape of the tangents after");
    check_len("operands", operands.len(), elements("operands", [rows, E::OPERANDS, hidden]));
    let inflow_width = elements("inflow (gates, units)", [gates, hidden]);
    let nothing = vec![R::ZERO; if inflow.is_none() { inflow_width } else { 0 }];
    let (inflow, inflow_stride) = match inflow {
        Some(inflow) => {
            assert_eq!((inflow.rows(), inflow.cols()), (rows, inflow_width), "shape of the inflow");
            (inflow.data(), inflow.stride())
        }
        None => (&nothing[..], 0),
    };
    if rows == 0 {
        return;
    }
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

/// Tangents whose shapes, phases and weights were checked by `tangents`.
struct TangentRows<'a, R: 'static, E> {
    equations: &'a E,
    phases: &'a [Phase],
    weights: &'a [Packed<R>],
    kernels: &'a Kernels<R>,
    hidden: usize,
    gates: usize,
    rows: usize,
    /// Number of tangents per row of the batch.
    each: usize,
    jacobian: Mat<'a, R>,
    before: Mat<'a, R>,
    after: *mut R,
    after_stride: usize,
    inflow: &'a [R],
    inflow_stride: usize,
    operands: *mut R,
}

impl<R: Real, E: Equations<R>> Job for TangentRows<'_, R, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (hidden, rows, kernels) = (self.hidden, self.rows, self.kernels);
        let mut tile = Tile::new();
        for (p, (phase, packed)) in self.phases.iter().zip(self.weights).enumerate() {
            let (operand, stride) = match phase.operand {
                Operand::Hidden => (self.before.data().as_ptr(), self.before.stride()),
                Operand::Tape { tangent, .. } => {
                    (self.operands.cast_const().wrapping_add(tangent * hidden), E::OPERANDS * hidden)
                }
            };
            let product = Product { kernels, packed, operand, stride, first: 0, rows };
            // SAFETY: `check_phases` has checked the weights, with H units, and the operand's slot;
            // `tangents` has checked that all matrices have `rows` rows, at least one, of the widths that
            // `finish` uses.
            unsafe { product.run::<I, _>(&mut tile, &TangentPhase { pass: &self, phase: p }) };
        }
    }
}

/// Computes tangents of the state and of operands from the sums of one phase.
struct TangentPhase<'a, R: 'static, E> {
    pass: &'a TangentRows<'a, R, E>,
    phase: usize,
}

impl<R: Real, E: Equations<R>> Finish<R> for TangentPhase<'_, R, E> {
    #[inline(always)]
    unsafe fn finish<S: Units<R>>(&self, sums: [S::V; MAX_GATES], row: usize, unit: usize, units: S) {
        let (of, hidden) = (self.pass, self.pass.hidden);
        let (jacobian, before, inflow) =
            (of.jacobian.data().as_ptr(), of.before.data().as_ptr(), of.inflow.as_ptr());
        let coefficients = row / of.each * of.jacobian.stride() + unit;
        let (prev, next) = (row * of.before.stride() + unit, row * of.after_stride + unit);
        let (inflow_at, operand_at) = (row * of.inflow_stride + unit, row * E::OPERANDS * hidden + unit);
        // SAFETY: the caller's contract; `tangents` has checked the shapes, and borrows `next` and `operands`
        // exclusively.
        let at = unsafe {
            Tangent {
                jacobian: Slots::new(jacobian, coefficients, hidden, E::JACOBIAN, units),
                inflow: Slots::new(inflow, inflow_at, hidden, of.gates, units),
                prev: Slots::new(before, prev, hidden, E::PARTS, units),
                next: SlotsMut::new(of.after, next, hidden, E::PARTS, units),
                operands: SlotsMut::new(of.operands, operand_at, hidden, E::OPERANDS, units),
            }
        };
        of.equations.tangent(self.phase, sums, at);
    }
}
