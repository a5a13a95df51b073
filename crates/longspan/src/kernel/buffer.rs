//! Zero-initialised memory on 64-byte boundaries.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::real::Real;

/// One cache line, the unit of allocation.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A slice of numbers that starts on a cache line, so that a vector load never straddles two.
#[derive(Clone)]
pub struct Buffer<R> {
    lines: Vec<Line>,
    len: usize,
    element: PhantomData<R>,
}

impl<R: Real> Buffer<R> {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let lines = vec![Line([0; 64]); (len * size_of::<R>()).div_ceil(64)];
        Self { lines, len, element: PhantomData }
    }

    /// Makes the buffer at least `len` long. Contents are kept; new elements are zero. Does nothing when it is long
    /// enough already.
    pub fn grow(&mut self, len: usize) {
        if len > self.len {
            self.lines.resize((len * size_of::<R>()).div_ceil(64), Line([0; 64]));
            self.len = len;
        }
    }
}

impl<R: Real> Deref for Buffer<R> {
    type Target = [R];

    #[inline]
    fn deref(&self) -> &[R] {
        // SAFETY: `lines` holds at least len · size_of::<R>() initialised bytes at an alignment of 64, and every bit
        // pattern is a valid f32 or f64 (Real is sealed to these two).
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<R: Real> DerefMut for Buffer<R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [R] {
        // SAFETY: as for deref; the borrow of self is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl<R: Real> std::fmt::Debug for Buffer<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
