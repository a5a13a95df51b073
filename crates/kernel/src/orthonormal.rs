//! The decomposition A = L Q of rows, block by block: Gram–Schmidt, repeated after cancellation.
//!
//! ```text
//! A [K, n], Q Qᵀ = I, L lower triangular with a positive diagonal: the QR decomposition Aᵀ = Qᵀ Lᵀ, R = Lᵀ
//!
//! a block of rows:  V ← V − (V Q_jᵀ) Q_j for every block j before it, two products each
//!                   v_i ← v_i / ‖v_i‖, then v_m ← v_m − ⟨v_m, v_i⟩ v_i for the rows m > i of the block
//! R_ii is the product of the norms of all passes; repeat while a row lost most of its length
//! ```
//!
//! A block needs only the finished blocks before it, so several threads can work on different blocks of
//! different steps. Householder's method would have to apply the reflections once more to form Q, so it is
//! not used.
//!
//! A row that lost most of its length is as inaccurate as the loss is large; a second pass makes its
//! direction accurate to rounding (Kahan's "twice is enough"). If columns of A differ by many orders of
//! magnitude (a saturated unit), the first pass may leave only rounding errors, but further passes converge
//! to the row's independent part: small R_ii are computed to their own precision, while Householder's method
//! leaves errors of 1e-16 ‖A‖. R_ii is set to 0 if every column contains only the rounding error of that
//! column.
//!
//! # References
//! Björck, "Numerics of Gram–Schmidt orthogonalization", Linear Algebra Appl. 197/198, 1994. Daniel, Gragg,
//! Kaufman, Stewart, "Reorthogonalization and stable algorithms for updating the Gram–Schmidt QR
//! factorization", Math. Comp. 30, 1976.

use std::ops::Deref;

use super::block::{Block, Kernels, Rows};
use super::gemm::{DEPTH, Start};
use super::norms::dot;
use super::pack::{Packed, Weights};
use super::{InstructionSet, norms};
use crate::isa::Job;
use crate::matrix::Mat;
use crate::simd::{Isa, Real, Vector};

/// Number of rows of a block. It affects rounding.
pub const BLOCK: usize = 16;

/// The share of a row's length that must be left so that no further pass is needed: up to two digits are
/// lost.
const ENOUGH: f64 = 1e-2;

/// Bound of the rounding error of a pass, in units in the last place.
const ROUNDING: f64 = 256.0;

/// A finished block of orthonormal rows, packed as the right operand of both products.
pub struct Finished<R> {
    along: Packed<R>,
    back: Packed<R>,
    rows: usize,
}

impl<R: Real> Finished<R> {
    /// Builds an empty block for rows of `n` numbers.
    ///
    /// # Panics
    /// If the size of a block overflows.
    pub fn new(isa: InstructionSet, n: usize) -> Self {
        Self { along: Packed::new(isa, n, 1, BLOCK), back: Packed::new(isa, BLOCK, 1, n), rows: 0 }
    }

    /// Sets the orthonormal rows.
    ///
    /// # Panics
    /// If there are more than [`BLOCK`].
    pub fn set(&mut self, rows: Mat<'_, R>) {
        assert!(rows.rows() <= BLOCK, "{} rows in a block of {BLOCK}", rows.rows());
        // The block counts as empty until both operands are packed.
        self.rows = 0;
        if rows.rows() > 0 {
            self.along.reshape(rows.cols(), rows.rows());
            self.back.reshape(rows.rows(), rows.cols());
            self.along.pack_here(Weights::Transposed(rows));
            self.back.pack_here(Weights::Plain(rows));
        }
        self.rows = rows.rows();
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

/// Makes the rows of a dense block orthonormal to each other and to the finished rows, on the calling thread,
/// and adds ln R_ii to `ln_diagonal`.
///
/// Returns the number of independent rows. The first dependent row ends the block: it and all later rows are
/// set to zero, and their ln R_ii to −∞.
///
/// # Shapes
/// `block` `[k, n]`, `ln_diagonal` `[k]`.
///
/// # Panics
/// If the block has no rows or more than [`BLOCK`], lengths do not fit, a finished block belongs to another
/// instruction set, or this processor does not support the instruction set.
pub fn orthonormalise<R: Real, F: Deref<Target = Finished<R>>>(
    isa: InstructionSet,
    block: &mut [R],
    finished: &[F],
    ln_diagonal: &mut [f64],
) -> usize {
    let k = ln_diagonal.len();
    assert!(k > 0 && k <= BLOCK && block.len().is_multiple_of(k), "{} numbers in {k} rows", block.len());
    let n = block.len() / k;
    assert!(n > 0, "{k} rows of 0 numbers");
    let kernels = Kernels::new(isa);
    // ROUND is 1.5 · 2^(mantissa bits).
    let rounding = ROUNDING * 1.5 / R::ROUND.to_f64();
    let mut live = k;
    let columns = largest_of_columns(block, n);
    let mut before = [1.0; BLOCK];
    for (before, row) in before.iter_mut().zip(block.chunks_exact(n)) {
        *before = norms::sum_of_squares(isa, row).sqrt();
    }
    // The product of the norms of previous passes.
    let mut diagonal = [1.0; BLOCK];
    loop {
        for finished in finished {
            project_off(&kernels, &mut block[..live * n], n, finished);
        }
        let mut after = [0.0; BLOCK];
        isa.dispatch(Within { block: &mut block[..live * n], n, norms: &mut after });
        let gone = |i: usize| {
            after[i] == 0.0
                || (after[i] < rounding * n as f64 * before[i]
                    && block[i * n..][..n]
                        .iter()
                        .zip(&columns)
                        .all(|(&x, &column)| x.to_f64().abs() * diagonal[i] * after[i] <= rounding * column))
        };
        live = (0..live).find(|&i| gone(i)).unwrap_or(live);
        for i in 0..live {
            ln_diagonal[i] += after[i].ln();
            diagonal[i] *= after[i];
        }
        let again = (0..live).any(|i| after[i] < ENOUGH * before[i]);
        if !again {
            break;
        }
        before = [1.0; BLOCK];
    }
    block[live * n..].fill(R::ZERO);
    ln_diagonal[live..].fill(f64::NEG_INFINITY);
    live
}

/// Returns the largest |x| of each column.
fn largest_of_columns<R: Real>(block: &[R], n: usize) -> Vec<f64> {
    let mut largest = vec![0.0f64; n];
    for row in block.chunks_exact(n) {
        largest.iter_mut().zip(row).for_each(|(most, x)| *most = most.max(x.to_f64().abs()));
    }
    largest
}

/// Computes V −= (V Qᵀ) Q.
fn project_off<R: Real>(kernels: &Kernels<R>, rows: &mut [R], n: usize, finished: &Finished<R>) {
    let (k, width) = (rows.len() / n, finished.rows);
    if k == 0 || width == 0 {
        return;
    }
    assert_eq!(finished.along.depth(), n, "length of the finished rows");
    finished.along.require(kernels.isa());
    finished.back.require(kernels.isa());
    let mut shares = [R::ZERO; BLOCK * BLOCK];
    for first in (0..n).step_by(DEPTH) {
        let start = if first == 0 { Start::Zero } else { Start::Keep };
        let block = Block { first, depth: DEPTH.min(n - first), rows: k, start };
        let left = Rows::Apart { data: rows.as_ptr().wrapping_add(first), stride: n };
        // SAFETY: `require` has checked the operand, whose depth is n and which has `width` columns as set by
        // `Finished::set`, at most BLOCK; the k ≤ BLOCK rows hold n numbers each.
        unsafe { kernels.block(left, &finished.along, block, shares.as_mut_ptr(), width) };
    }
    shares[..k * width].iter_mut().for_each(|x| *x = -*x);
    let block = Block { first: 0, depth: width, rows: k, start: Start::Keep };
    let left = Rows::Apart { data: shares.as_ptr(), stride: width };
    // SAFETY: as above, with rows and shares exchanged: this operand has depth `width` and n columns.
    unsafe { kernels.block(left, &finished.back, block, rows.as_mut_ptr(), n) };
}

/// Applies modified Gram–Schmidt within a block.
struct Within<'a, R> {
    block: &'a mut [R],
    n: usize,
    norms: &'a mut [f64; BLOCK],
}

/// Number of rows from which a finished row is projected off at once: their sums are independent.
const AT_ONCE: usize = 4;

impl<R: Real> Job for Within<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let n = self.n;
        let k = self.block.len() / n;
        for i in 0..k {
            let (done, rest) = self.block.split_at_mut((i + 1) * n);
            let row = &mut done[i * n..];
            let norm = dot::<I, R>(row, row).to_f64().sqrt();
            self.norms[i] = norm;
            if norm == 0.0 {
                return;
            }
            scale::<I, R>(row, R::ONE / R::from_f64(norm));
            let mut m = 0;
            while (m + AT_ONCE) * n <= rest.len() {
                project::<I, R, AT_ONCE>(row, &mut rest[m * n..][..AT_ONCE * n]);
                m += AT_ONCE;
            }
            while m * n < rest.len() {
                project::<I, R, 1>(row, &mut rest[m * n..][..n]);
                m += 1;
            }
        }
    }
}

#[inline(always)]
fn scale<I: Isa, R: Real>(row: &mut [R], by: R) {
    let (lanes, len, mut at) = (I::V::<R>::LANES, row.len(), 0);
    while at < len {
        let end = len.min(at + lanes);
        (I::V::<R>::load(&row[at..end]) * I::V::splat(by)).store(&mut row[at..end]);
        at = end;
    }
}

/// Computes v ← v − ⟨v, q⟩ q for each of M rows, with the same bits as for a single row.
#[inline(always)]
fn project<I: Isa, R: Real, const M: usize>(q: &[R], rows: &mut [R]) {
    let (lanes, n) = (I::V::<R>::LANES, q.len());
    let mut sums = [[I::V::<R>::zero(); 2]; M];
    let mut at = 0;
    while at + 2 * lanes <= n {
        for half in 0..2 {
            let first = at + half * lanes;
            let unit = I::V::<R>::load(&q[first..first + lanes]);
            for m in 0..M {
                let own = m * n + first;
                sums[m][half] = unit.fma(I::V::load(&rows[own..own + lanes]), sums[m][half]);
            }
        }
        at += 2 * lanes;
    }
    while at < n {
        let end = n.min(at + lanes);
        let unit = I::V::<R>::load(&q[at..end]);
        for m in 0..M {
            sums[m][0] = unit.fma(I::V::load(&rows[m * n + at..m * n + end]), sums[m][0]);
        }
        at = end;
    }
    let mut shares = [I::V::<R>::zero(); M];
    for m in 0..M {
        shares[m] = I::V::splat(-total::<I, R>(sums[m][0] + sums[m][1]));
    }
    at = 0;
    while at < n {
        let end = n.min(at + lanes);
        let unit = I::V::<R>::load(&q[at..end]);
        for m in 0..M {
            let own = &mut rows[m * n + at..m * n + end];
            unit.fma(shares[m], I::V::load(own)).store(own);
        }
        at = end;
    }
}

/// Returns the sum of a vector's elements, by halves.
#[inline(always)]
fn total<I: Isa, R: Real>(sum: I::V<R>) -> R {
    let mut folded = [R::ZERO; 16];
    let lanes = I::V::<R>::LANES;
    sum.store(&mut folded[..lanes]);
    let mut left = lanes;
    while left > 1 {
        left /= 2;
        for l in 0..left {
            let other = folded[l + left];
            folded[l] += other;
        }
    }
    folded[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;
    use crate::rng::{Key, Purpose};

    /// Returns Q `[K, n]` and ln R_ii of rows `[K, n]`.
    fn decompose(isa: InstructionSet, mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
        let mut diagonal = vec![0.0; a.len() / n];
        // Workers treat subnormal numbers as zeros.
        let (rows, ln) = (&mut a, &mut diagonal);
        let shared = std::sync::Mutex::new((rows, ln));
        Context::<f64>::new(isa, 1).split(1, |_, _, _| {
            let mut shared = shared.lock().unwrap();
            let (rows, ln) = &mut *shared;
            let mut finished: Vec<Box<Finished<f64>>> = Vec::new();
            for (rows, ln) in rows.chunks_mut(BLOCK * n).zip(ln.chunks_mut(BLOCK)) {
                let live = orthonormalise(isa, rows, &finished, ln);
                finished.push(Box::new(Finished::new(isa, n)));
                finished.last_mut().unwrap().set(Mat::new(rows, live, n));
            }
        });
        (a, diagonal)
    }

    fn draw(rows: usize, n: usize) -> Vec<f64> {
        let mut stream = Key::new(n as u64, Purpose::Probe, 0, 0).stream(0, 0);
        (0..rows * n).map(|_| stream.normal()).collect()
    }

    fn instruction_sets() -> impl Iterator<Item = InstructionSet> {
        [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
            .into_iter()
            .filter(|l| l.checked().is_ok())
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn assert_orthonormal(q: &[f64], n: usize) {
        for (i, a) in q.chunks(n).enumerate() {
            for (j, b) in q.chunks(n).enumerate().take(i + 1) {
                let off = (dot(a, b) - if i == j { 1.0 } else { 0.0 }).abs();
                // A pass may leave a hundredth of a row, which costs two digits.
                assert!(off < 1e-13, "rows {i} and {j} of {n}: {off:e}");
            }
        }
    }

    #[test]
    fn rows_are_a_triangle_times_orthonormal_rows() {
        for isa in instruction_sets() {
            for (rows, n) in [(1, 1), (3, 3), (5, 40), (16, 16), (17, 17), (70, 70), (33, 600)] {
                let a = draw(rows, n);
                let (q, diagonal) = decompose(isa, a.clone(), n);
                assert_orthonormal(&q, n);
                for i in 0..rows {
                    let row = &a[i * n..][..n];
                    let size = dot(row, row).sqrt();
                    for j in i..rows {
                        let share = dot(row, &q[j * n..][..n]);
                        let expected = if i == j { diagonal[i].exp() } else { 0.0 };
                        assert!((share - expected).abs() < 1e-12 * size, "{i}, {j} of {rows} × {n}");
                    }
                }
            }
        }
    }

    /// Columns of 1e-60 among columns of 1: the product of the R_ii is |det A|, that of the unscaled matrix
    /// times the column scales.
    #[test]
    fn graded_columns_keep_their_precision() {
        for isa in instruction_sets() {
            let n = 40;
            let even = draw(n, n);
            let grade = |j: usize| if j % 7 == 3 { 1e-60 } else { 1.0 };
            let graded: Vec<f64> = even.iter().enumerate().map(|(at, x)| x * grade(at % n)).collect();
            let (q, diagonal) = decompose(isa, graded, n);
            assert_orthonormal(&q, n);
            let sum: f64 = decompose(isa, even, n).1.iter().sum();
            let expected = sum + (0..n).map(|j| grade(j).ln()).sum::<f64>();
            assert!((diagonal.iter().sum::<f64>() / expected - 1.0).abs() < 1e-13, "{expected}");
        }
    }

    /// The first row that depends on the rows before it ends the decomposition, at any index.
    #[test]
    fn dependent_rows_are_found() {
        for isa in instruction_sets() {
            for at in [1, 7, 16, 20, 39] {
                let n = 40;
                let mut a = draw(n, n);
                let sum: Vec<f64> = (0..n).map(|j| 0.3 * a[j] - 3.1 * a[(at - 1) * n + j]).collect();
                a[at * n..][..n].copy_from_slice(&sum);
                let (q, diagonal) = decompose(isa, a.clone(), n);
                assert!(diagonal[..at].iter().all(|x| x.is_finite()));
                let end = (at / BLOCK + 1) * BLOCK;
                assert!(diagonal[at..end.min(n)].iter().all(|&x| x == f64::NEG_INFINITY), "{diagonal:?}");
                assert!(q[at * n..end.min(n) * n].iter().all(|&x| x == 0.0));
                assert_orthonormal(&q[..at * n], n);
            }
            let zero = decompose(isa, vec![0.0; 12], 4);
            assert_eq!(zero, (vec![0.0; 12], vec![f64::NEG_INFINITY; 3]));
        }
    }
}
