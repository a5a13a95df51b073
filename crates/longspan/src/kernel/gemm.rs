//! Matrix products on packed operands.
//!
//! Every element of a result is Σ over blocks of [`DEPTH`] consecutive k, each block summed k ascending from zero and
//! added to what the element held. That order is part of the numerics: it does not depend on shapes or threads.

use super::isa::{Avx2, Avx512, Isa, Level, Portable};
use super::micro::{MAX_ROWS, MAX_VECTORS, Table, Tile, table, tile_rows};
use super::pack::{Packed, Panel};
use super::{Context, Shared};
use crate::matrix::{Mat, MatMut};
use crate::real::Real;

/// Length of a block of the summed index: a block of a packed panel stays in the second-level cache.
pub const DEPTH: usize = 512;

/// Rows whose left operand (a block deep) stays in the second-level cache beside a panel.
const ROW_BLOCK: usize = 96;

/// What an element holds before the product is added.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, R> {
    /// Zero: C = A B.
    Zero,
    /// A row that all rows share: C = A B + 1 biasᵀ.
    Bias(&'a [R]),
    /// What is there: C += A B.
    Keep,
}

/// C `[M, N]` = start + A `[M, K]` · B `[K, N]`.
///
/// # Panics
/// If shapes do not fit.
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
    let kernels = Kernels::new(ctx.level());
    let (stride, out) = (c.stride(), Shared(c.data().as_mut_ptr()));
    ctx.split(a.rows(), |_, first, end| {
        for top in (first..end).step_by(ROW_BLOCK) {
            let rows = ROW_BLOCK.min(end - top);
            for k in (0..b.depth().max(1)).step_by(DEPTH) {
                let depth = DEPTH.min(b.depth() - k);
                let start = if k == 0 { start } else { Start::Keep };
                let left = Left {
                    data: &a.data()[top * a.stride() + k..],
                    row_stride: a.stride(),
                    column_stride: 1,
                };
                // SAFETY: rows top..top + rows belong to this worker alone, and the shapes were checked above.
                unsafe { kernels.block(left, rows, depth, b, k, start, out.get().add(top * stride), stride) };
            }
        }
    });
}

/// C `[M, N]` += Aᵀ · B for A `[K, M]`, B `[K, N]`: the weight gradient, summed over the rows of both.
///
/// # Panics
/// If shapes do not fit.
pub fn accumulate_transposed<R: Real>(
    ctx: &Context<R>,
    a: Mat<'_, R>,
    b: Mat<'_, R>,
    packed: &mut Vec<Packed<R>>,
    mut c: MatMut<'_, R>,
) {
    assert_eq!(a.rows(), b.rows(), "K of the left and the right operand");
    assert_eq!((c.rows(), c.cols()), (a.cols(), b.cols()), "shape of the result");
    let kernels = Kernels::new(ctx.level());
    let (stride, out) = (c.stride(), Shared(c.data().as_mut_ptr()));
    for k in (0..a.rows()).step_by(DEPTH) {
        let depth = DEPTH.min(a.rows() - k);
        let right = find_or_pack(ctx.level(), packed, depth, b, k);
        ctx.split(a.cols(), |worker, first, end| {
            let mut scratch = ctx.scratch(worker, ROW_BLOCK * DEPTH);
            for top in (first..end).step_by(ROW_BLOCK) {
                let rows = ROW_BLOCK.min(end - top);
                // k-major copy of the block: the microkernel then walks one straight run instead of one page per k.
                for kk in 0..depth {
                    let from = (k + kk) * a.stride() + top;
                    scratch[kk * rows..][..rows].copy_from_slice(&a.data()[from..from + rows]);
                }
                let left = Left { data: &scratch[..depth * rows], row_stride: 1, column_stride: rows };
                // SAFETY: rows top..top + rows of C belong to this worker alone, and the shapes were checked above.
                unsafe {
                    kernels.block(
                        left,
                        rows,
                        depth,
                        right,
                        0,
                        Start::Keep,
                        out.get().add(top * stride),
                        stride,
                    )
                };
            }
        });
    }
}

/// Packs rows k..k + depth of b into the buffer kept for that shape.
fn find_or_pack<'p, R: Real>(
    level: Level,
    kept: &'p mut Vec<Packed<R>>,
    depth: usize,
    b: Mat<'_, R>,
    k: usize,
) -> &'p Packed<R> {
    let found = kept.iter().position(|p| p.depth() == depth && p.columns() == b.cols());
    let at = found.unwrap_or_else(|| {
        kept.push(Packed::new(level, depth, 1, b.cols()));
        kept.len() - 1
    });
    let rows = Mat::strided(&b.data()[k * b.stride()..], depth, b.cols(), b.stride());
    kept[at].pack(super::Weights::Plain(rows));
    &kept[at]
}

/// The left operand of one block.
struct Left<'a, R> {
    data: &'a [R],
    row_stride: usize,
    column_stride: usize,
}

/// The microkernels of a level with their tile heights.
pub(super) struct Kernels<R> {
    table: Table<R>,
    heights: [usize; MAX_VECTORS],
}

impl<R: Real> Kernels<R> {
    pub(super) fn new(level: Level) -> Self {
        let heights = match level {
            Level::Avx512 => heights::<Avx512>(),
            Level::Avx2 => heights::<Avx2>(),
            Level::Portable => heights::<Portable>(),
        };
        Self { table: table(level), heights }
    }

    /// Cuts `rows` into tiles of almost equal height and calls `each(first, count)`.
    #[inline(always)]
    pub(super) fn tiles(&self, vectors: usize, rows: usize, mut each: impl FnMut(usize, usize)) {
        let tiles = rows.div_ceil(self.heights[vectors - 1]);
        for tile in 0..tiles {
            let (first, end) = (rows * tile / tiles, rows * (tile + 1) / tiles);
            each(first, end - first);
        }
    }

    /// One tile of sums.
    ///
    /// # Safety
    /// As for `micro::tile`, with `rows` ≤ the height of `vectors`; the processor must have the level.
    #[inline(always)]
    pub(super) unsafe fn tile(
        &self,
        vectors: usize,
        rows: usize,
        depth: usize,
        a: *const R,
        strides: (usize, usize),
        b: *const R,
        out: &mut Tile<R>,
    ) {
        // SAFETY: the caller's contract.
        unsafe { self.table[vectors - 1][rows - 1](depth, a, strides.0, strides.1, b, out.0.as_mut_ptr()) }
    }

    /// C `[rows, N]` = start + left · rows k..k + depth of B.
    ///
    /// # Safety
    /// `c` must be writable by this thread alone for `rows` rows of `b.columns()` at `stride`; `left` must hold
    /// [rows, depth].
    unsafe fn block(
        &self,
        left: Left<'_, R>,
        rows: usize,
        depth: usize,
        b: &Packed<R>,
        k: usize,
        start: Start<'_, R>,
        c: *mut R,
        stride: usize,
    ) {
        if depth > 0 {
            assert!(left.data.len() > (rows - 1) * left.row_stride + (depth - 1) * left.column_stride);
        }
        let mut out = Tile::new();
        for panel in b.panels() {
            let vectors = b.vectors(panel);
            let right = b.rows_from(panel, k);
            self.tiles(vectors, rows, |first, count| {
                // SAFETY: left and right were checked to hold these rows; the level is present by construction.
                unsafe {
                    let a = left.data.as_ptr().add(if depth > 0 { first * left.row_stride } else { 0 });
                    self.tile(
                        vectors,
                        count,
                        depth,
                        a,
                        (left.row_stride, left.column_stride),
                        right.as_ptr(),
                        &mut out,
                    );
                    write(&out, count, b, panel, start, c.add(first * stride), stride);
                }
            });
        }
    }
}

/// Adds a tile to its place in C.
///
/// # Safety
/// `c` must be writable for `rows` rows at `stride`.
#[inline(always)]
unsafe fn write<R: Real>(
    tile: &Tile<R>,
    rows: usize,
    b: &Packed<R>,
    panel: &Panel,
    start: Start<'_, R>,
    c: *mut R,
    stride: usize,
) {
    let width = b.vectors(panel) * b.lanes();
    for m in 0..rows {
        for gate in 0..b.gates() {
            let sums = &tile.0[m * width + gate * panel.spread * b.lanes()..][..panel.units];
            let column = gate * b.units() + panel.first;
            // SAFETY: column + units ≤ N, row m < rows: inside C by the caller's contract.
            let to = unsafe { std::slice::from_raw_parts_mut(c.add(m * stride + column), panel.units) };
            match start {
                Start::Zero => to.copy_from_slice(sums),
                Start::Bias(bias) => {
                    for ((to, &sum), &bias) in to.iter_mut().zip(sums).zip(&bias[column..]) {
                        *to = bias + sum;
                    }
                }
                Start::Keep => {
                    for (to, &sum) in to.iter_mut().zip(sums) {
                        *to += sum;
                    }
                }
            }
        }
    }
}

fn heights<I: Isa>() -> [usize; MAX_VECTORS] {
    let mut heights = [0; MAX_VECTORS];
    for (i, height) in heights.iter_mut().enumerate() {
        *height = tile_rows::<I>(i + 1).min(MAX_ROWS);
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Weights;
    use crate::rng::{Key, Purpose};

    fn draw(len: usize, seed: u64) -> Vec<f64> {
        let mut stream = Key::new(seed, Purpose::Probe, 0, 0).stream(0, 0);
        (0..len).map(|_| stream.normal()).collect()
    }

    fn levels() -> impl Iterator<Item = Level> {
        [Level::Avx512, Level::Avx2, Level::Portable].into_iter().filter(|l| l.checked().is_ok())
    }

    /// Σ_k a(i, k) b(k, j) by the triple loop.
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
        // Sums of k products of size 1, in another order: √k roundings.
        let bound = 1e-14 * (k as f64).sqrt().max(1.0) * 4.0;
        for (c, t) in c.iter().zip(truth) {
            assert!((c - t).abs() < bound, "{c} against {t}");
        }
    }

    /// Tile edges, primes, one, and more than one block deep.
    const SHAPES: [(usize, usize, usize); 8] = [
        (1, 1, 1),
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
        for level in levels() {
            for (m, k, n) in SHAPES {
                let (a, b, bias) = (draw(m * k, 1), draw(k * n, 2), draw(n, 3));
                let truth = triple(m, k, n, |i, k_| a[i * k + k_], |k_, j| b[k_ * n + j]);
                let ctx = Context::new(level, 2);
                let mut packed = Packed::new(level, k, 1, n);
                packed.pack(Weights::Plain(Mat::new(&b, k, n)));
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
        for level in levels() {
            for (m, k, n) in SHAPES {
                let (a, b) = (draw(k * m, 1), draw(k * n, 2));
                let truth = triple(m, k, n, |i, k_| a[k_ * m + i], |k_, j| b[k_ * n + j]);
                let mut c = vec![0.0; m * n];
                let (a, b) = (Mat::new(&a, k, m), Mat::new(&b, k, n));
                accumulate_transposed(
                    &Context::new(level, 2),
                    a,
                    b,
                    &mut Vec::new(),
                    MatMut::new(&mut c, m, n),
                );
                assert_close(&c, &truth, k);
            }
        }
    }

    #[test]
    fn nan_and_infinity_come_through() {
        for level in levels() {
            let mut a = vec![1.0f32; 20 * 4];
            a[5 * 4 + 2] = f32::NAN;
            a[9 * 4 + 1] = f32::INFINITY;
            let mut packed = Packed::new(level, 4, 1, 3);
            packed.pack(Weights::Plain(Mat::new(&[1.0f32; 12], 4, 3)));
            let mut c = vec![0.0f32; 60];
            let ctx = Context::new(level, 1);
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
