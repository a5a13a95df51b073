//! The buffers of a chunk of time, and its rows divided among threads.

use std::ops::Range;

use crate::Context;
use crate::packed_shape::TimeSlice;
use crate::simd::Real;

/// The buffers of a chunk in a forward pass.
pub struct Chunk<'a, R> {
    /// Time steps and the rows of each.
    pub slice: TimeSlice<'a>,
    /// Hidden units H.
    pub hidden: usize,
    /// `[steps, rows, slots · H]`.
    pub tape: &'a mut [R],
    /// Parts `part_stride` apart, each `[steps + 1, rows, H]`.
    pub states: &'a mut [R],
    /// Distance between the first elements of parts in `states`.
    pub part_stride: usize,
    /// Elementwise weights `[weights, H]`.
    pub weights: &'a [R],
}

/// The buffers of a backward pass, in addition to those of its [`Chunk`].
pub struct Gradients<'a, R> {
    /// `[steps, rows, slots · H]`.
    pub deltas: &'a mut [R],
    /// Gradients with respect to the states, laid out like the states. On entry, index t + 1 of part 0
    /// contains the gradient that arrives at h_t from above, and the last index of every part also the
    /// gradient from the next chunk.
    pub d_states: &'a mut [R],
}

/// Calls `work` on every thread with a range of rows, so that each has about as many positions. Ranges do not
/// overlap.
pub(super) fn split_rows<R: Real>(
    ctx: &Context<R>,
    slice: TimeSlice<'_>,
    work: impl Fn(Range<usize>) + Sync,
) {
    let threads = ctx.threads();
    if slice.is_even() {
        return ctx.split(slice.rows(), |_, first, end| work(first..end));
    }
    ctx.split(threads, |_, first, end| {
        for part in first..end {
            work(slice.share(part, threads));
        }
    });
}
