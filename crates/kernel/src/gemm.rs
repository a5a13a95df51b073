//! Matrix products on packed operands.
//!
//! An element of a result is a sum over blocks of [`DEPTH`] consecutive k: each block is summed from zero, k
//! ascending, and added to the element. This order affects rounding and depends neither on shapes nor on
//! threads.

pub use super::block::Start;

use super::block::{Block, Kernels, Rows};
use super::pack::{Packed, Weights};
use super::{Context, Shared};
use crate::isa::Job;
use crate::matrix::{Mat, MatMut};
use crate::micro::table::MAX_ROWS;
use crate::micro::{LINE, prefetch};
use crate::simd::{Isa, Real, Vector};

/// Length of a block of the summed index k: a block of a packed panel stays in the second-level cache.
pub const DEPTH: usize = 512;

/// Number of rows of the left operand that stay in the second-level cache together with two panels, one block
/// deep.
const ROW_BLOCK: usize = 384;

/// Distance between rows of a copied left operand: one cache line more than a power of two. With a power of
/// two the rows would share a few sets of the caches and evict each other.
const LEFT_STRIDE: usize = DEPTH + 16;

/// Number of panels of the right operand from which it pays to copy the left operand.
const WORTH_COPYING: usize = 4;

/// Working memory of [`accumulate_transposed`]. It grows to the largest shapes and is reused from then on.
pub struct Workspace<R> {
    packed: Vec<Packed<R>>,
    /// Number of operands of the current product in `packed`; the others are free.
    taken: usize,
}

impl<R: Real> Workspace<R> {
    /// Returns an empty workspace.
    pub fn new() -> Self {
        Self { packed: Vec::new(), taken: 0 }
    }

    /// Packs b into the next free operand and returns its index.
    fn pack(&mut self, ctx: &Context<R>, b: Mat<'_, R>) -> usize {
        let new = || Packed::new(ctx.instruction_set(), b.rows(), 1, b.cols());
        if self.taken == self.packed.len() {
            self.packed.push(new());
        }
        let packed = &mut self.packed[self.taken];
        if packed.isa() != ctx.instruction_set() {
            *packed = new();
        }
        packed.reshape(b.rows(), b.cols());
        packed.pack(ctx, Weights::Plain(b));
        self.taken += 1;
        self.taken - 1
    }
}

impl<R: Real> Default for Workspace<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Computes C = start + A · B.
///
/// # Shapes
/// A `[M, K]`, B `[K, N]`, C `[M, N]`, a bias `[N]`.
///
/// # Panics
/// If shapes do not fit, or B was not packed, or was packed for another instruction set than the context's.
pub fn product<R: Real>(
    ctx: &Context<R>,
    a: Mat<'_, R>,
    b: &Packed<R>,
    start: Start<'_, R>,
    mut c: MatMut<'_, R>,
) {
    assert_eq!(a.cols(), b.depth(), "K of the left and the right operand");
    assert_eq!((c.rows(), c.cols()), (a.rows(), b.columns()), "shape of the result");
    if let Start::Bias(bias) = start {
        assert_eq!(bias.len(), c.cols(), "length of the bias");
    }
    b.require(ctx.instruction_set());
    let kernels = Kernels::new(ctx.instruction_set());
    let (stride, out) = (c.stride(), Shared(c.data().as_mut_ptr()));
    ctx.split(a.rows(), |worker, first, end| {
        let mut scratch = ctx.scratch(worker, ROW_BLOCK.min(end - first) * LEFT_STRIDE);
        for top in (first..end).step_by(ROW_BLOCK) {
            let rows = ROW_BLOCK.min(end - top);
            for k in (0..b.depth().max(1)).step_by(DEPTH) {
                let depth = DEPTH.min(b.depth() - k);
                let start = if k == 0 { start } else { Start::Keep };
                let block = Block { first: k, depth, rows, start };
                let left = if b.panels().len() >= WORTH_COPYING {
                    for (i, to) in scratch.chunks_exact_mut(LEFT_STRIDE).take(rows).enumerate() {
                        to[..depth].copy_from_slice(&a.row(top + i)[k..k + depth]);
                    }
                    Rows::Apart { data: scratch.as_ptr(), stride: LEFT_STRIDE }
                } else {
                    let data = a.data().as_ptr().wrapping_add(top * a.stride() + k);
                    Rows::Apart { data, stride: a.stride() }
                };
                // SAFETY: `require` and the assertions above have checked B, the bias and the shapes; left
                // holds rows top.. and columns k..; `split` gives rows top.. of C to this worker alone, and
                // `MatMut` has checked that they do not overlap.
                unsafe { kernels.block(left, b, block, out.get().add(top * stride), stride) };
            }
        }
    });
}

/// Computes C += Aᵀ · B for several pairs of B and C: weight gradients, summed over the rows of both
/// operands. With `sums` it also computes `sums[m] += Σ_k A[k, m]`, k ascending: a bias gradient.
///
/// # Shapes
/// A `[K, M]`, B `[K, N]` and C `[M, N]` with an N for each product, sums `[M]`.
///
/// # Panics
/// If shapes do not fit.
pub fn accumulate_transposed<R: Real, const P: usize>(
    ctx: &Context<R>,
    a: Mat<'_, R>,
    mut products: [(Mat<'_, R>, MatMut<'_, R>); P],
    work: &mut Workspace<R>,
    mut sums: Option<&mut [R]>,
) {
    for (b, c) in &products {
        assert_eq!(a.rows(), b.rows(), "K of the left and the right operand");
        assert_eq!((c.rows(), c.cols()), (a.cols(), b.cols()), "shape of the result");
    }
    assert!(sums.as_ref().is_none_or(|sums| sums.len() == a.cols()), "length of the sums");
    let kernels = Kernels::new(ctx.instruction_set());
    let sums = sums.as_mut().map(|sums| Shared(sums.as_mut_ptr()));
    let strides = products.each_ref().map(|(_, c)| c.stride());
    let out = products.each_mut().map(|(_, c)| Shared(c.data().as_mut_ptr()));
    for k in (0..a.rows()).step_by(DEPTH) {
        let depth = DEPTH.min(a.rows() - k);
        let a = rows_of(a, k, depth);
        work.taken = 0;
        let right = products.each_ref().map(|(b, _)| work.pack(ctx, rows_of(*b, k, depth)));
        // The widest tile, so that one copy of A serves all products.
        let vectors = right.map(|right| work.packed[right].widest()).into_iter().max().unwrap_or(1);
        ctx.split(a.cols(), |worker, first, end| {
            let mut scratch = ctx.scratch(worker, ROW_BLOCK.min(end - first) * depth);
            for top in (first..end).step_by(ROW_BLOCK) {
                let rows = ROW_BLOCK.min(end - top);
                // SAFETY: the sums have a.cols() numbers, as asserted above; `split` gives those of top.. to
                // this worker alone.
                let sums = sums.map(|s| unsafe { std::slice::from_raw_parts_mut(s.get().add(top), rows) });
                let slice = CopyTiles { kernels: &kernels, vectors, a, top, rows, to: &mut scratch, sums };
                ctx.instruction_set().dispatch(slice);
                let block = Block { first: 0, depth, rows, start: Start::Keep };
                let left = Rows::Tiled { data: scratch.as_ptr(), vectors };
                for p in 0..P {
                    let (c, stride) = (out[p].get(), strides[p]);
                    // SAFETY: `Workspace::pack` has packed b for this context; the scratch holds [depth,
                    // rows]; the assertions above have checked the shapes; `split` gives rows top.. of every
                    // C to this worker alone.
                    unsafe {
                        kernels.block(left, &work.packed[right[p]], block, c.add(top * stride), stride)
                    };
                }
            }
        });
    }
}

/// Copies columns `top..top + rows` of `a` in the order of [`Rows::Tiled`], and adds each column to its sum.
struct CopyTiles<'a, R: 'static> {
    kernels: &'a Kernels<R>,
    vectors: usize,
    a: Mat<'a, R>,
    top: usize,
    rows: usize,
    to: &'a mut [R],
    sums: Option<&'a mut [R]>,
}

/// Rows of `a` that are copied at a time: they stay in the first-level cache, and each tile receives a few
/// lines at a time.
const COPIED_ROWS: usize = 8;

impl<R: Real> Job for CopyTiles<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self) {
        let lanes = <I::V<R> as Vector<R>>::LANES;
        let depth = self.a.rows();
        for group in (0..depth).step_by(COPIED_ROWS) {
            let end = depth.min(group + COPIED_ROWS);
            for k in end..depth.min(end + COPIED_ROWS) {
                for line in self.a.row(k)[self.top..][..self.rows].chunks(LINE / size_of::<R>()) {
                    prefetch(line.as_ptr());
                }
            }
            for (first, count) in self.kernels.tiles(self.vectors, self.rows) {
                // Copies MAX_ROWS columns if they end inside the operand and the tile: the next k overwrites
                // the extra columns.
                let inside = self.top + first + MAX_ROWS <= self.a.cols();
                let to = &mut self.to[first * depth..][..count * depth];
                let whole = if inside { end.min(depth.saturating_sub(MAX_ROWS)) } else { 0 };
                for k in group..whole {
                    // SAFETY: `inside` has checked that the columns end inside row k, which is one of `a`; k
                    // < depth − MAX_ROWS gives k · count + MAX_ROWS ≤ depth · count, the length of `to`; the
                    // two buffers are different.
                    unsafe {
                        let from = self.a.data().as_ptr().add(k * self.a.stride() + self.top + first);
                        let to = to.as_mut_ptr().add(k * count);
                        to.cast::<[R; MAX_ROWS]>()
                            .write_unaligned(from.cast::<[R; MAX_ROWS]>().read_unaligned());
                    }
                }
                for k in whole.max(group)..end {
                    to[k * count..][..count].copy_from_slice(&self.a.row(k)[self.top + first..][..count]);
                }
            }
            let Some(sums) = &mut self.sums else { continue };
            for k in group..end {
                let from = &self.a.row(k)[self.top..][..self.rows];
                for (sums, from) in sums.chunks_mut(lanes).zip(from.chunks(lanes)) {
                    (I::V::<R>::load(sums) + I::V::<R>::load(from)).store(sums);
                }
            }
        }
    }
}

/// Returns rows k..k + depth of a matrix.
fn rows_of<R>(a: Mat<'_, R>, k: usize, depth: usize) -> Mat<'_, R> {
    Mat::strided(&a.data()[k * a.stride()..], depth, a.cols(), a.stride())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InstructionSet;
    use crate::rng::{Key, Purpose};

    fn draw(len: usize, seed: u64) -> Vec<f64> {
        let mut stream = Key::new(seed, Purpose::Probe, 0, 0).stream(0, 0);
        (0..len).map(|_| stream.normal()).collect()
    }

    fn instruction_sets() -> impl Iterator<Item = InstructionSet> {
        [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
            .into_iter()
            .filter(|l| l.checked().is_ok())
    }

    /// Computes Σ_k a(i, k) b(k, j) with a triple loop.
    fn triple(
        m: usize,
        k: usize,
        n: usize,
        a: impl Fn(usize, usize) -> f64,
        b: impl Fn(usize, usize) -> f64,
    ) -> Vec<f64> {
        (0..m * n).map(|at| (0..k).map(|k| a(at / n, k) * b(k, at % n)).sum()).collect()
    }

    fn assert_close(c: &[f64], truth: &[f64], k: usize) {
        // Sums of k products of size 1, in another order: about √k roundings.
        let bound = 1e-14 * (k as f64).sqrt().max(1.0) * 4.0;
        for (c, t) in c.iter().zip(truth) {
            assert!((c - t).abs() < bound, "{c} against {t}");
        }
    }

    /// Tile edges, primes, one, and more than one block deep.
    const SHAPES: [(usize, usize, usize); 9] = [
        (1, 1, 1),
        (29, 10, 7),
        (6, 8, 32),
        (7, 3, 33),
        (5, 13, 17),
        (97, 31, 65),
        (3, DEPTH, 9),
        (11, DEPTH + 1, 31),
        (2, 1200, 70),
    ];

    #[test]
    fn products_match_the_triple_loop() {
        for isa in instruction_sets() {
            for (m, k, n) in SHAPES {
                let (a, b, bias) = (draw(m * k, 1), draw(k * n, 2), draw(n, 3));
                let truth = triple(m, k, n, |i, k_| a[i * k + k_], |k_, j| b[k_ * n + j]);
                let ctx = Context::new(isa, 2);
                let mut packed = Packed::new(isa, k, 1, n);
                packed.pack(&ctx, Weights::Plain(Mat::new(&b, k, n)));
                let mut c = vec![7.0; m * n];
                product(&ctx, Mat::new(&a, m, k), &packed, Start::Zero, MatMut::new(&mut c, m, n));
                assert_close(&c, &truth, k);
                product(&ctx, Mat::new(&a, m, k), &packed, Start::Keep, MatMut::new(&mut c, m, n));
                assert_close(&c, &truth.iter().map(|t| 2.0 * t).collect::<Vec<_>>(), 4 * k);
                product(&ctx, Mat::new(&a, m, k), &packed, Start::Bias(&bias), MatMut::new(&mut c, m, n));
                let shifted: Vec<f64> = truth.iter().enumerate().map(|(i, t)| t + bias[i % n]).collect();
                assert_close(&c, &shifted, k);
            }
        }
    }

    #[test]
    fn transposed_products_match_the_triple_loop() {
        for isa in instruction_sets() {
            for (m, k, n) in SHAPES {
                let (a, b) = (draw(k * m, 1), draw(k * n, 2));
                let truth = triple(m, k, n, |i, k_| a[k_ * m + i], |k_, j| b[k_ * n + j]);
                let mut c = vec![0.0; m * n];
                let (a, b) = (Mat::new(&a, k, m), Mat::new(&b, k, n));
                // Once alone, and once together with another product of the same left operand, with the sums
                // of its columns.
                let ctx = Context::new(isa, 2);
                let mut work = Workspace::new();
                accumulate_transposed(&ctx, a, [(b, MatMut::new(&mut c, m, n))], &mut work, None);
                assert_close(&c, &truth, k);
                let (mut own, mut sums) = (vec![0.0; m * m], vec![1.0; m]);
                let products = [(a, MatMut::new(&mut own, m, m)), (b, MatMut::new(&mut c, m, n))];
                accumulate_transposed(&ctx, a, products, &mut work, Some(&mut sums));
                assert_close(&c, &truth.iter().map(|t| 2.0 * t).collect::<Vec<_>>(), 4 * k);
                let squares = triple(m, k, m, |i, k| a.row(k)[i], |k, j| a.row(k)[j]);
                assert_close(&own, &squares, 4 * k);
                let columns = triple(m, k, 1, |i, k| a.row(k)[i], |_, _| 1.0);
                assert_close(&sums, &columns.iter().map(|t| 1.0 + t).collect::<Vec<_>>(), 4 * k);
            }
        }
    }

    #[test]
    fn nan_and_infinity_come_through() {
        for isa in instruction_sets() {
            let mut a = vec![1.0f32; 20 * 4];
            a[5 * 4 + 2] = f32::NAN;
            a[9 * 4 + 1] = f32::INFINITY;
            let ctx = Context::new(isa, 1);
            let mut packed = Packed::new(isa, 4, 1, 3);
            packed.pack(&ctx, Weights::Plain(Mat::new(&[1.0f32; 12], 4, 3)));
            let mut c = vec![0.0f32; 60];
            product(&ctx, Mat::new(&a, 20, 4), &packed, Start::Zero, MatMut::new(&mut c, 20, 3));
            for (i, x) in c.iter().enumerate() {
                match i / 3 {
                    5 => assert!(x.is_nan()),
                    9 => assert_eq!(*x, f32::INFINITY),
                    _ => assert_eq!(*x, 4.0),
                }
            }
        }
    }
}
