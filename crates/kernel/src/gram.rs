//! The norm of a sum of outer products, computed without the matrix.
//!
//! ```text
//! ‖Σ_b a_b ⊗ c_b‖_F² = Σ_{b,b'} ⟨a_b, a_b'⟩ ⟨c_b, c_b'⟩
//! ```
//!
//! Both Gram matrices are symmetric, so half of the pairs is enough. Dot products and their products are
//! summed in lanes of the number type over a tile of pairs; tiles are summed in `f64`. This is less work than
//! the matrix if B is below half of its sides.

use super::{Context, Shared, Vector};
use crate::instruction_set::InstructionSet;
use crate::isa::Job;
use crate::matrix::Mat;
use crate::simd::{Isa, Real};

/// Computes ‖Σ_b a_b ⊗ c_b‖_F² over the rows of two matrices; 0 if rounding makes it negative.
///
/// `scale` is a power of two that scales the elements of `a` to about 1: squares of very small numbers would
/// be 0. `partial` is working memory. The number of threads changes no bit.
///
/// # Panics
/// If the numbers of rows differ.
pub fn squared_norm_of_outer<R: Real>(
    ctx: &Context<R>,
    a: Mat<'_, R>,
    c: Mat<'_, R>,
    scale: R,
    partial: &mut Vec<f64>,
) -> f64 {
    assert_eq!(a.rows(), c.rows(), "rows of the factors");
    let tiles = a.rows().div_ceil(tile(ctx.instruction_set()));
    // Rows of tiles grow from first to last, so one from the beginning and one from the end form one piece of
    // work.
    partial.clear();
    partial.resize(tiles.div_ceil(2), 0.0);
    let sums = Shared(partial.as_mut_ptr());
    ctx.split(partial.len(), |_, first, end| {
        for piece in first..end {
            let other = tiles - 1 - piece;
            let sum = ctx.instruction_set().dispatch(Outer { a, c, scale, rows: [piece, other] });
            // SAFETY: `piece` is below the length of `partial`, and `split` gives it to this worker alone.
            unsafe { *sums.get().add(piece) = sum };
        }
    });
    let sum: f64 = partial.iter().sum();
    if sum < 0.0 { 0.0 } else { sum }
}

/// Computes the sum of two rows of tiles, or of one if both are the same.
struct Outer<'a, R> {
    a: Mat<'a, R>,
    c: Mat<'a, R>,
    scale: R,
    rows: [usize; 2],
}

/// Number of lanes of the widest vector.
const WIDEST: usize = 16;

/// Number of rows and columns of a tile, so that its sums and one operand per row and column stay in
/// registers.
const fn side(registers: usize) -> usize {
    if registers >= 24 { 4 } else { 3 }
}

/// Returns [`side`] for an instruction set.
fn tile(isa: InstructionSet) -> usize {
    struct Side;
    impl Job for Side {
        type Output = usize;
        #[inline(always)]
        fn run<I: Isa>(self) -> usize {
            side(I::TILE_REGISTERS)
        }
    }
    isa.dispatch(Side)
}

impl<R: Real> Job for Outer<'_, R> {
    type Output = f64;

    #[inline(always)]
    fn run<I: Isa>(self) -> f64 {
        // The unscaled version needs a fifth fewer instructions.
        match (side(I::TILE_REGISTERS) == 4, self.scale == R::ONE) {
            (true, true) => self.tiles::<I, 4, false>(),
            (true, false) => self.tiles::<I, 4, true>(),
            (false, true) => self.tiles::<I, 3, false>(),
            (false, false) => self.tiles::<I, 3, true>(),
        }
    }
}

// Indices, because the compiler does not inline iterators here.
#[allow(clippy::needless_range_loop, reason = "see above")]
impl<R: Real> Outer<'_, R> {
    /// Processes tiles of N by N pairs on and left of the diagonal.
    #[inline(always)]
    fn tiles<I: Isa, const N: usize, const SCALED: bool>(self) -> f64 {
        let (rows, lanes) = (self.a.rows(), I::V::<R>::LANES);
        let count = if self.rows[0] == self.rows[1] { 1 } else { 2 };
        let mut sums = [0.0; WIDEST];
        for &row in &self.rows[..count] {
            let i = row * N;
            let mut j = 0;
            while j <= i {
                let mut a = dots::<I, R, N, SCALED>(self.a, i, j, self.scale);
                let c = dots::<I, R, N, false>(self.c, i, j, R::ONE);
                if i + N > rows {
                    for p in 0..N {
                        for q in 0..N {
                            // After the last row, `dots` repeats the last one.
                            if i + p >= rows || j + q >= rows {
                                a[p][q] = I::V::zero();
                            }
                        }
                    }
                }
                let tile = I::V::<R>::products_of_sums(&a, &c);
                // A tile on the diagonal contains both (b, b') and (b', b).
                let twice = if i == j { 1.0 } else { 2.0 };
                let mut of_tile = [R::ZERO; WIDEST];
                tile.store(&mut of_tile[..lanes]);
                for l in 0..lanes {
                    sums[l] += twice * of_tile[l].to_f64();
                }
                j += N;
            }
        }
        let mut total = 0.0;
        for l in 0..lanes {
            total += sums[l];
        }
        total / self.scale.to_f64().powi(2)
    }
}

/// Computes scale² ⟨x_{i+p}, x_{j+q}⟩, not yet summed over lanes; after the last row, the last one is
/// repeated.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "see above")]
fn dots<I: Isa, R: Real, const N: usize, const SCALED: bool>(
    x: Mat<'_, R>,
    i: usize,
    j: usize,
    scale: R,
) -> [[I::V<R>; N]; N] {
    let (lanes, len, last) = (I::V::<R>::LANES, x.cols(), x.rows() - 1);
    let full = len / lanes * lanes;
    let (mut left, mut right) = ([std::ptr::null(); N], [std::ptr::null(); N]);
    for p in 0..N {
        left[p] = x.row((i + p).min(last)).as_ptr();
        right[p] = x.row((j + p).min(last)).as_ptr();
    }
    let factor = I::V::<R>::splat(scale);
    let mut sums = [[I::V::<R>::zero(); N]; N];
    // SAFETY: the pointers are those of rows of x.cols() ≥ `full` numbers, which `Mat::row` has sliced.
    unsafe { add_products::<I, R, N, SCALED>(left, right, full, factor, &mut sums) };
    if full < len {
        // The rest of each row, padded with zeros.
        let mut rest = [[[R::ZERO; WIDEST]; N]; 2];
        for p in 0..N {
            for at in full..len {
                rest[0][p][at - full] = x.row((i + p).min(last))[at];
                rest[1][p][at - full] = x.row((j + p).min(last))[at];
            }
            (left[p], right[p]) = (rest[0][p].as_ptr(), rest[1][p].as_ptr());
        }
        // SAFETY: the pointers are those of arrays of WIDEST ≥ `lanes` numbers.
        unsafe { add_products::<I, R, N, SCALED>(left, right, lanes, factor, &mut sums) };
    }
    sums
}

/// Adds the products of the first `len` numbers of N rows and N other rows to the sums.
///
/// # Safety
/// `len` must be a multiple of the lanes, and all rows must have `len` numbers.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "see above")]
unsafe fn add_products<I: Isa, R: Real, const N: usize, const SCALED: bool>(
    left: [*const R; N],
    right: [*const R; N],
    len: usize,
    factor: I::V<R>,
    to: &mut [[I::V<R>; N]; N],
) {
    let (mut sums, mut at) = (*to, 0);
    while at < len {
        // SAFETY: the caller's contract; a vector (sealed) is LANES numbers in a row.
        unsafe {
            let mut columns = [I::V::<R>::zero(); N];
            for q in 0..N {
                columns[q] = right[q].add(at).cast::<I::V<R>>().read_unaligned();
                if SCALED {
                    columns[q] = columns[q] * factor;
                }
            }
            for p in 0..N {
                let mut row = left[p].add(at).cast::<I::V<R>>().read_unaligned();
                if SCALED {
                    row = row * factor;
                }
                for q in 0..N {
                    sums[p][q] = row.fma(columns[q], sums[p][q]);
                }
            }
        }
        at += I::V::<R>::LANES;
    }
    *to = sums;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Key, Purpose};

    fn drawn<R: Real>(stream: u64, len: usize, size: f64) -> Vec<R> {
        let mut draw = Key::new(4, Purpose::Probe, 0, stream).stream(0, 0);
        (0..len).map(|_| R::from_f64(size * draw.normal())).collect()
    }

    /// The norm of the explicit matrix, in `f64`.
    fn explicit<R: Real>(a: Mat<'_, R>, c: Mat<'_, R>) -> f64 {
        let mut squares = 0.0;
        for u in 0..a.cols() {
            for v in 0..c.cols() {
                let element: f64 = (0..a.rows()).map(|b| a.row(b)[u].to_f64() * c.row(b)[v].to_f64()).sum();
                squares += element * element;
            }
        }
        squares
    }

    fn agrees<R: Real>(size: f64, scale: f64, tolerance: f64) {
        for isa in [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
            .into_iter()
            .filter(|l| l.checked().is_ok())
        {
            for (rows, width, hidden) in [(1, 1, 1), (2, 5, 3), (7, 40, 17), (32, 64, 16), (33, 51, 70)] {
                // Rows with other data between them, like slots of a tape.
                let (a, c) = (drawn::<R>(1, rows * (width + 3), size), drawn::<R>(2, rows * hidden, 1.0));
                let (a, c) = (Mat::strided(&a, rows, width, width + 3), Mat::new(&c, rows, hidden));
                let norm = |threads| {
                    let ctx = Context::new(isa, threads);
                    squared_norm_of_outer(&ctx, a, c, R::from_f64(scale), &mut vec![3.0])
                };
                let (found, truth) = (norm(1), explicit(a, c));
                assert!((found / truth - 1.0).abs() < tolerance, "{found} and {truth}: {rows} rows, {isa}");
                assert_eq!(norm(3).to_bits(), found.to_bits(), "3 threads on {isa}");
            }
        }
    }

    /// Dot products of up to 70 numbers in lanes: some units in the last place, and the cancellation between
    /// the rows.
    #[test]
    fn the_norm_is_that_of_the_matrix() {
        agrees::<f64>(1.0, 1.0, 1e-12);
        agrees::<f32>(1.0, 1.0, 2e-5);
        // The squares of these numbers are not representable in f32.
        agrees::<f32>(1e-30, 2f64.powi(99), 2e-5);
        agrees::<f32>(1e25, 2f64.powi(-83), 2e-5);
    }

    #[test]
    fn rows_that_cancel_give_zero() {
        let (a, c) = (drawn::<f32>(1, 24, 1.0), drawn::<f32>(2, 10, 1.0));
        let against: Vec<f32> = a.iter().copied().chain(a.iter().map(|x| -x)).collect();
        let twice = [&c[..], &c[..]].concat();
        let (a, c) = (Mat::new(&against, 2, 24), Mat::new(&twice, 2, 10));
        let left =
            squared_norm_of_outer(&Context::new(InstructionSet::detect(), 1), a, c, 1.0, &mut Vec::new());
        assert!((0.0..1e-3).contains(&left), "{left}");
    }

    #[test]
    fn non_finite_values_show() {
        let (mut a, c) = (drawn::<f32>(1, 24, 1.0), drawn::<f32>(2, 10, 1.0));
        a[17] = f32::NAN;
        let (a, c, ctx) =
            (Mat::new(&a, 2, 12), Mat::new(&c, 2, 5), Context::new(InstructionSet::detect(), 1));
        let norm = squared_norm_of_outer(&ctx, a, c, 1.0, &mut Vec::new());
        assert!(norm.is_nan());
    }
}
