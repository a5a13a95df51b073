//! Elementwise operations on flat buffers, divided among the threads.

use super::{Context, Shared};
use crate::simd::Real;

/// Elements that are not split: a cache line of `f32`, and the alignment of tensors in a flat buffer.
const LINE: usize = 16;

/// Calls `work(at, values, others)` on every thread, with the same part of each of K and M slices of equal
/// length. `at` is the index of the part's first element, a multiple of 16.
///
/// The boundaries of parts depend on the number of threads, so `work` must treat every element independently.
///
/// # Panics
/// If the slices differ in length, or `work` panics.
pub fn for_each_part<R: Real, const K: usize, const M: usize>(
    ctx: &Context<R>,
    values: [&mut [R]; K],
    others: [&mut [R]; M],
    work: impl Fn(usize, [&mut [R]; K], [&mut [R]; M]) + Sync,
) {
    let len = values.first().map_or(0, |s| s.len());
    assert!(values.iter().all(|s| s.len() == len), "slices of {len}");
    assert!(others.iter().all(|s| s.len() == len), "other slices of {len}");
    let values = values.map(|s| Shared(s.as_mut_ptr()));
    let others = others.map(|s| Shared(s.as_mut_ptr()));
    ctx.split(len.div_ceil(LINE), |_, first, end| {
        let (first, end) = (first * LINE, len.min(end * LINE));
        // SAFETY: first..end lies inside every slice, since all have `len` elements as asserted above;
        // `split` gives it to this worker alone; the slices are borrowed exclusively and so are distinct.
        let part = |s: Shared<R>| unsafe { std::slice::from_raw_parts_mut(s.get().add(first), end - first) };
        work(first, values.map(part), others.map(part));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InstructionSet;

    #[test]
    fn every_element_is_visited_once() {
        for (threads, len) in [(1, 37), (3, 0), (3, 5), (3, 16), (3, 100), (2, 4096)] {
            let ctx = Context::<f64>::new(InstructionSet::Portable, threads);
            let (mut a, mut b) = (vec![0.0; len], vec![1.0; len]);
            let mut c: Vec<f64> = (0..len).map(|i| i as f64).collect();
            for_each_part(&ctx, [&mut a, &mut c], [&mut b], |first, [a, c], [b]| {
                assert_eq!(first % LINE, 0);
                for i in 0..c.len() {
                    a[i] += (first + i) as f64;
                    b[i] += c[i];
                    c[i] = -1.0;
                }
            });
            assert!(
                (0..len).all(|i| a[i] == i as f64 && b[i] == a[i] + 1.0 && c[i] == -1.0),
                "{threads} threads, {len} elements"
            );
        }
    }

    #[test]
    #[should_panic(expected = "other slices")]
    fn slices_of_different_lengths_are_refused() {
        let ctx = Context::<f32>::new(InstructionSet::Portable, 2);
        for_each_part(&ctx, [&mut [0.0; 32]], [&mut [0.0; 31]], |_, _, _| {});
    }
}
