//! The rows of a step, and the loop over the units of a row.
//!
//! A pass supplies its work by a trait and not by a closure: a closure is a separate function, which lacks
//! the features of the instruction set until it is inlined.

use std::marker::PhantomData;

use super::slots::{Full, Tail, Units};
use crate::simd::{Isa, Real, Vector};

/// The offsets of the rows of one step.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// Number of positions before the step.
    pub(super) positions: usize,
    /// Number of states before those with index t, the states before the step.
    pub(super) before: usize,
    /// Number of states before those with index t + 1, the states after the step.
    pub(super) after: usize,
}

/// The units from `unit` on, of one row of a step.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) step: Step,
    pub(super) row: usize,
    pub(super) unit: usize,
}

/// Work on a few units of one row. Implementations are `#[inline(always)]`.
pub(super) trait OnUnits<R: Real> {
    /// # Safety
    /// The row must be one of the step and belong to this worker; the units must be below H.
    unsafe fn on<S: Units<R>>(&self, at: At, units: S);
}

/// Calls `work` for all units of a row, one vector after the other.
///
/// # Safety
/// The row must be one of the step and belong to this worker.
#[inline(always)]
pub(super) unsafe fn for_each_vector<I: Isa, R: Real, W: OnUnits<R>>(
    step: Step,
    row: usize,
    hidden: usize,
    work: &W,
) {
    let lanes = I::V::<R>::LANES;
    let mut unit = 0;
    // SAFETY: the caller's contract; unit + lanes, and in the end unit + the rest, is at most `hidden`.
    unsafe {
        while unit + lanes <= hidden {
            work.on(At { step, row, unit }, Full::<I::V<R>>(PhantomData));
            unit += lanes;
        }
        if unit < hidden {
            work.on(At { step, row, unit }, Tail::<I::V<R>>(hidden - unit, PhantomData));
        }
    }
}
