//! The arguments of a cell's equations: some units of each slot of one row.
//!
//! Equations are safe code and can access only the memory of their units: only the passes create slots, from
//! buffers whose lengths they have checked, and every access checks its slot. Slots of data that threads or
//! the caller share are read-only.

use std::marker::PhantomData;

use crate::simd::{Real, Sealed, Vector};

/// The units of one vector: all lanes, or the first few. Sealed.
pub trait Units<R: Real>: Sealed + Copy {
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
pub(super) struct Full<V>(pub(super) PhantomData<V>);

impl<V> Clone for Full<V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<V> Copy for Full<V> {}
impl<V> Sealed for Full<V> {}

impl<R: Real, V: Vector<R>> Units<R> for Full<V> {
    type V = V;
    #[inline(always)]
    unsafe fn load(self, from: *const R) -> V {
        // SAFETY: the caller's contract; a vector (sealed) is LANES numbers in a row.
        unsafe { from.cast::<V>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut R, x: V) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<V>().write_unaligned(x) }
    }
}

/// Fewer units than a vector has lanes.
pub(super) struct Tail<V>(pub(super) usize, pub(super) PhantomData<V>);

impl<V> Clone for Tail<V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<V> Copy for Tail<V> {}
impl<V> Sealed for Tail<V> {}

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

/// The same units of several slots of one row, read-only.
pub struct Slots<'a, R, S> {
    first: *const R,
    stride: usize,
    count: usize,
    units: S,
    memory: PhantomData<&'a [R]>,
}

/// The same units of several slots of one row, writable.
pub struct SlotsMut<'a, R, S> {
    first: *mut R,
    stride: usize,
    count: usize,
    units: S,
    memory: PhantomData<&'a mut [R]>,
}

impl<'a, R: Real, S: Units<R>> Slots<'a, R, S> {
    /// Builds slots from the units at `at` in each of `count` slots that are `stride` apart.
    ///
    /// # Safety
    /// If there is a slot, `data` must be readable at `at` for the units of all of them as long as the slots
    /// are used, and no other thread may write there meanwhile.
    #[inline(always)]
    pub(super) unsafe fn new(data: *const R, at: usize, stride: usize, count: usize, units: S) -> Self {
        // SAFETY: the caller's contract; without a slot there may be no memory at `at`.
        let first = if count == 0 { data } else { unsafe { data.add(at) } };
        Self { first, stride, count, units, memory: PhantomData }
    }

    /// Returns the units of a slot.
    ///
    /// # Panics
    /// If there is no such slot.
    #[inline(always)]
    pub fn get(&self, slot: usize) -> S::V {
        // Both are constants after inlining, so the check costs nothing.
        assert!(slot < self.count);
        // SAFETY: the slot is below `count`, and `Slots::new` was called with memory for as many.
        unsafe { self.units.load(self.first.add(slot * self.stride)) }
    }
}

impl<'a, R: Real, S: Units<R>> SlotsMut<'a, R, S> {
    /// Builds slots from the units at `at` in each of `count` slots that are `stride` apart.
    ///
    /// # Safety
    /// If there is a slot, `data` must be writable at `at` for the units of all of them as long as the slots
    /// are used, and no other thread may read or write there meanwhile.
    #[inline(always)]
    pub(super) unsafe fn new(data: *mut R, at: usize, stride: usize, count: usize, units: S) -> Self {
        // SAFETY: the caller's contract; without a slot there may be no memory at `at`.
        let first = if count == 0 { data } else { unsafe { data.add(at) } };
        Self { first, stride, count, units, memory: PhantomData }
    }

    /// Returns the units of a slot.
    ///
    /// # Panics
    /// If there is no such slot.
    #[inline(always)]
    pub fn get(&self, slot: usize) -> S::V {
        // Both are constants after inlining, so the check costs nothing.
        assert!(slot < self.count);
        // SAFETY: the slot is below `count`, and `SlotsMut::new` was called with memory for as many.
        unsafe { self.units.load(self.first.add(slot * self.stride)) }
    }

    /// Replaces the units of a slot.
    ///
    /// # Panics
    /// If there is no such slot.
    #[inline(always)]
    pub fn set(&mut self, slot: usize, x: S::V) {
        // Both are constants after inlining, so the check costs nothing.
        assert!(slot < self.count);
        // SAFETY: as in `get`.
        unsafe { self.units.store(self.first.add(slot * self.stride), x) }
    }

    /// Adds to the units of a slot.
    ///
    /// # Panics
    /// If there is no such slot.
    #[inline(always)]
    pub fn add(&mut self, slot: usize, x: S::V) {
        self.set(slot, self.get(slot) + x);
    }
}

/// The arguments of the forward equations at one step.
pub struct Forward<'a, R, S> {
    /// The tape; slots 0..G hold the input projection with its bias.
    pub tape: SlotsMut<'a, R, S>,
    /// State parts at t − 1.
    pub prev: Slots<'a, R, S>,
    /// State parts at t, to be set.
    pub next: SlotsMut<'a, R, S>,
    /// Elementwise weights of the cell.
    pub weights: Slots<'a, R, S>,
}

/// The arguments of the backward equations at one step.
pub struct Backward<'a, R, S> {
    /// The tape that the forward pass stored.
    pub tape: Slots<'a, R, S>,
    /// State parts at t − 1.
    pub prev: Slots<'a, R, S>,
    /// State parts at t.
    pub next: Slots<'a, R, S>,
    /// Complete gradients with respect to the state parts at t.
    pub d_next: Slots<'a, R, S>,
    /// Gradients with respect to the state parts at t − 1. Part 0 contains the gradient from above and is to
    /// be added to; the others are to be set.
    pub d_prev: SlotsMut<'a, R, S>,
    /// Gradients with respect to the pre-activations, to be set.
    pub deltas: SlotsMut<'a, R, S>,
    /// Elementwise weights of the cell.
    pub weights: Slots<'a, R, S>,
}

/// The arguments of the linearised equations at one step.
pub struct Linearise<'a, R, S> {
    /// The tape that the forward pass stored.
    pub tape: Slots<'a, R, S>,
    /// State parts at t − 1.
    pub prev: Slots<'a, R, S>,
    /// State parts at t.
    pub next: Slots<'a, R, S>,
    /// Elementwise weights of the cell.
    pub weights: Slots<'a, R, S>,
    /// Coefficients of the Jacobian, to be set.
    pub jacobian: SlotsMut<'a, R, S>,
}

/// The arguments of the tangent equations at one step; ẏ is the derivative of y along the tangent.
pub struct Tangent<'a, R, S> {
    /// Coefficients of the Jacobian.
    pub jacobian: Slots<'a, R, S>,
    /// W_ih ẋ of each gate, from the layer below; zero if there is none.
    pub inflow: Slots<'a, R, S>,
    /// ṡ_{t−1}.
    pub prev: Slots<'a, R, S>,
    /// ṡ_t, to be set.
    pub next: SlotsMut<'a, R, S>,
    /// Tangents of operands on the tape, to be set by the phase before theirs.
    pub operands: SlotsMut<'a, R, S>,
}
