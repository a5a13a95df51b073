//! What a cell's equations see: a few units of each slot of one row.

use std::marker::PhantomData;

use super::super::lanes::Vector;
use crate::real::Real;

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
pub(super) struct Full<V>(pub(super) PhantomData<V>);

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
pub(super) struct Tail<V>(pub(super) usize, pub(super) PhantomData<V>);

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

/// What the linearised equations see at one step.
pub struct Linearise<'a, R, S> {
    /// The tape as forward left it.
    pub tape: Slots<'a, R, S>,
    /// State parts at t − 1.
    pub prev: Slots<'a, R, S>,
    /// State parts at t.
    pub next: Slots<'a, R, S>,
    /// Elementwise weights of the cell.
    pub weights: Slots<'a, R, S>,
    /// Coefficients of the Jacobian, to be set.
    pub jacobian: Slots<'a, R, S>,
}

/// What the equations of a tangent see at one step; ẏ is the change of y along it.
pub struct Tangent<'a, R, S> {
    /// Coefficients of the Jacobian.
    pub jacobian: Slots<'a, R, S>,
    /// W_ih ẋ of each gate: what comes from the layer below; zero where nothing does.
    pub inflow: Slots<'a, R, S>,
    /// ṡ_{t−1}.
    pub prev: Slots<'a, R, S>,
    /// ṡ_t, to be set.
    pub next: Slots<'a, R, S>,
    /// Tangents of operands on the tape, to be set by the phase before theirs.
    pub operands: Slots<'a, R, S>,
}

/// Makes [`Slots`].
///
/// # Safety
/// `first` must be valid for `count` slots, `stride` apart, and this thread alone may use these units meanwhile.
#[inline(always)]
pub(super) unsafe fn slots<'a, R, S: Copy>(
    first: *mut R,
    stride: usize,
    count: usize,
    units: S,
) -> Slots<'a, R, S> {
    Slots { first, stride, count, units, memory: PhantomData }
}
