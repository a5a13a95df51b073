//! Elementwise work on flat buffers, cut over the threads.

use super::{Context, Shared};
use crate::real::Real;

/// Elements that stay together: a cache line of `f32`, and the alignment of tensors in a flat buffer.
const LINE: usize = 16;

/// Calls `work(at, values, changed, read)` on every thread with the same part of each of several equally long slices: one
/// and M others that may change, N that are read. `at` is the part's place in them, a multiple of 16.
///
/// The cuts depend on the number of threads: `work` must treat every element alone.
///
/// # Panics
/// If the slices differ in length.
pub fn for_each_part<R: Real, const M: usize, const N: usize>(
    ctx: &Context<R>,
    values: &mut [R],
    changed: [&mut [R]; M],
    read: [&[R]; N],
    work: impl Fn(usize, &mut [R], [&mut [R]; M], [&[R]; N]) + Sync,
) {
    let len = values.len();
    assert!(changed.iter().all(|s| s.len() == len), "changed slices of {len}");
    assert!(read.iter().all(|s| s.len() == len), "read slices of {len}");
    let values = Shared(values.as_mut_ptr());
    let changed = changed.map(|s| Shared(s.as_mut_ptr()));
    ctx.split(len.div_ceil(LINE), |_, first, end| {
        let (first, end) = (first * LINE, len.min(end * LINE));
        // SAFETY: first..end lies inside every slice and belongs to this worker alone; the slices are distinct, being
        // borrowed exclusively.
        let part = |s: Shared<R>| unsafe { std::slice::from_raw_parts_mut(s.get().add(first), end - first) };
        work(first, part(values), changed.map(part), read.map(|s| &s[first..end]));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Level;

    #[test]
    fn every_element_is_met_once_with_its_partners() {
        for (threads, len) in [(1, 37), (3, 0), (3, 5), (3, 16), (3, 100), (2, 4096)] {
            let ctx = Context::<f64>::new(Level::Portable, threads);
            let (mut a, mut b) = (vec![0.0; len], vec![1.0; len]);
            let c: Vec<f64> = (0..len).map(|i| i as f64).collect();
            for_each_part(&ctx, &mut a, [&mut b], [&c], |first, a, [b], [c]| {
                assert_eq!(first % LINE, 0);
                for i in 0..c.len() {
                    a[i] += (first + i) as f64;
                    b[i] += c[i];
                }
            });
            assert!(
                (0..len).all(|i| a[i] == c[i] && b[i] == c[i] + 1.0),
                "{threads} threads, {len} elements"
            );
        }
    }

    #[test]
    #[should_panic(expected = "read slices")]
    fn slices_of_different_lengths_are_refused() {
        let ctx = Context::<f32>::new(Level::Portable, 2);
        for_each_part(&ctx, &mut [0.0; 32], [], [&[0.0; 31]], |_, _, [], _| {});
    }
}
