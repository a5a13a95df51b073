//! The buffers of a chunk as pointers, after their lengths were checked.

use std::ops::Range;

use super::super::Shared;
use super::chunk::Chunk;
use super::equations::Equations;
use super::positions::{At, OnUnits, Step, for_each_vector};
use super::slots::{Forward, Slots, SlotsMut, Units};
use crate::packed_shape::TimeSlice;
use crate::simd::{Isa, Real};
use crate::size::{check_len, elements};

/// A chunk as pointers that several threads use, each for its own rows.
///
/// `Raw::new` has checked that every state, tape slot and elementwise weight of every row of the slice is
/// inside the buffers, and that those of different rows do not overlap.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a, R> {
    pub(super) slice: TimeSlice<'a>,
    pub(super) hidden: usize,
    pub(super) tape: Shared<R>,
    pub(super) states: Shared<R>,
    pub(super) part_stride: usize,
    pub(super) weights: &'a [R],
}

impl<'c, R: Real> Raw<'c, R> {
    /// # Panics
    /// If a buffer is too short for the shape.
    pub(super) fn new<E: Equations<R>>(chunk: &mut Chunk<'c, R>) -> Self {
        let raw = Self {
            slice: chunk.slice,
            hidden: chunk.hidden,
            tape: Shared(chunk.tape.as_mut_ptr()),
            states: Shared(chunk.states.as_mut_ptr()),
            part_stride: chunk.part_stride,
            weights: chunk.weights,
        };
        check_len("tape", chunk.tape.len(), raw.by_position("tape", E::TAPE));
        check_len("states", chunk.states.len(), raw.states_len::<E>());
        let weights = elements("elementwise weights (slots, units)", [E::WEIGHTS, raw.hidden]);
        check_len("elementwise weights", chunk.weights.len(), weights);
        raw
    }

    /// Returns the length of a buffer `[positions, slots · H]`.
    pub(super) fn by_position(&self, what: &str, slots: usize) -> usize {
        elements(what, [self.slice.positions(), slots, self.hidden])
    }

    /// Returns the length of a buffer of states.
    ///
    /// # Panics
    /// If there is no part, or parts overlap.
    pub(super) fn states_len<E: Equations<R>>(&self) -> usize {
        assert!(E::PARTS > 0, "equations with 0 state parts: part 0 is h");
        let part = elements("states (states, units)", [self.slice.states(), self.hidden]);
        let stride = self.part_stride;
        assert!(stride >= part, "state parts of {part} numbers overlap: they begin {stride} apart");
        let before = elements("states (parts before the last, part stride)", [E::PARTS - 1, stride]);
        before.checked_add(part).unwrap_or_else(|| panic!("states: {before} + {part} overflows"))
    }

    pub(super) fn step(&self, t: usize) -> Step {
        let slice = self.slice;
        Step { positions: slice.offset(t), before: slice.state_offset(t), after: slice.state_offset(t + 1) }
    }

    /// Index of the first of some units in a buffer `[positions, slots · H]`.
    #[inline(always)]
    pub(super) fn position_at(&self, at: At, slots: usize) -> usize {
        (at.step.positions + at.row) * slots * self.hidden + at.unit
    }

    /// Index of the first of some units in the states with index t and with index t + 1.
    #[inline(always)]
    pub(super) fn states_at(&self, at: At) -> (usize, usize) {
        let (before, after) = (at.step.before + at.row, at.step.after + at.row);
        (before * self.hidden + at.unit, after * self.hidden + at.unit)
    }

    /// Returns the arguments of the forward equations.
    ///
    /// # Safety
    /// The row must be one of the step and belong to this worker; the units must be below H.
    #[inline(always)]
    pub(super) unsafe fn forward<'a, E: Equations<R>, S: Units<R>>(
        &'a self,
        at: At,
        units: S,
    ) -> Forward<'a, R, S> {
        let (before, after) = self.states_at(at);
        let (states, stride) = (self.states.get(), self.part_stride);
        // SAFETY: the caller's contract; `Raw::new` has checked the lengths.
        unsafe {
            Forward {
                tape: SlotsMut::new(
                    self.tape.get(),
                    self.position_at(at, E::TAPE),
                    self.hidden,
                    E::TAPE,
                    units,
                ),
                prev: Slots::new(states, before, stride, E::PARTS, units),
                next: SlotsMut::new(states, after, stride, E::PARTS, units),
                weights: self.weights::<E, S>(at, units),
            }
        }
    }

    /// Returns the elementwise weights.
    ///
    /// # Safety
    /// The units must be below H.
    #[inline(always)]
    pub(super) unsafe fn weights<E: Equations<R>, S: Units<R>>(&self, at: At, units: S) -> Slots<'_, R, S> {
        // SAFETY: the caller's contract; `Raw::new` has checked the length.
        unsafe { Slots::new(self.weights.as_ptr(), at.unit, self.hidden, E::WEIGHTS, units) }
    }

    /// Calls `work` for all units of some rows of all steps, t ascending.
    ///
    /// # Safety
    /// The rows must belong to this worker; see also [`OnUnits`].
    #[inline(always)]
    pub(super) unsafe fn for_each_position<I: Isa, W: OnUnits<R>>(&self, rows: Range<usize>, work: &W) {
        for t in 0..self.slice.steps() {
            let step = self.step(t);
            for row in rows.start..rows.end.min(self.slice.rows_at(t)) {
                // SAFETY: the caller's contract; the row is one of the step.
                unsafe { for_each_vector::<I, R, W>(step, row, self.hidden, work) };
            }
        }
    }
}
