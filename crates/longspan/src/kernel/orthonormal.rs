//! The decomposition A = L Q of rows, block by block: Gram–Schmidt, repeated where it cancels.
//!
//! ```text
//! A [K, n], Q Qᵀ = I, L lower triangular with a positive diagonal: the QR decomposition Aᵀ = Qᵀ Lᵀ, R = Lᵀ
//!
//! a block of rows:  V ← V − (V Q_jᵀ) Q_j for every block j before it, two products each
//!                   v_i ← v_i / ‖v_i‖, then v_m ← v_m − ⟨v_m, v_i⟩ v_i for the rows m > i of the block
//!                   R_ii is the norm, times those of the passes before; once more while a row lost most of its length
//! ```
//!
//! A block needs the finished blocks before it and nothing else, so that several threads can be at work on different blocks of
//! different steps. That is why this is not Householder's method, whose reflections have to come back to make Q.
//!
//! What is left of a row that lost most of its length is as inaccurate as the loss is large; a second pass makes its direction
//! good to rounding (Kahan's "twice is enough"). Where columns of A differ by many orders of magnitude (a saturated unit), what
//! the first pass leaves is all rounding: only when passes stand still is it the row's own. So small R_ii come out to their own
//! precision, where Householder's method leaves errors of 1e-16 ‖A‖. A row of which three passes each leave rounding has nothing
//! of its own: R_ii = 0.
//!
//! # References
//! Björck, "Numerics of Gram–Schmidt orthogonalization", Linear Algebra Appl. 197/198, 1994. Daniel, Gragg, Kaufman, Stewart,
//! "Reorthogonalization and stable algorithms for updating the Gram–Schmidt QR factorization", Math. Comp. 30, 1976.

use std::ops::Deref;

use super::block::{Block, Kernels, Rows};
use super::gemm::{DEPTH, Start};
use super::isa::{Isa, Job};
use super::lanes::Vector;
use super::norms::dot;
use super::pack::{Packed, Weights};
use super::{Level, norms};
use crate::matrix::Mat;
use crate::real::Real;

/// Rows of a block: part of the numerics.
pub const BLOCK: usize = 16;

/// What a pass may leave of a row's length without another one: two digits are lost then.
const ENOUGH: f64 = 1e-2;

/// What a pass leaves of a row that depends on the rows before it, in units of the last place, and how many passes say so.
const ROUNDING: f64 = 1e4;
const ROUNDING_PASSES: usize = 3;

/// A finished block of orthonormal rows, as the right operand of both products.
pub struct Finished<R> {
    along: Packed<R>,
    back: Packed<R>,
    rows: usize,
}

impl<R: Real> Finished<R> {
    /// Room for a block of rows of `n` numbers.
    pub fn new(level: Level, n: usize) -> Self {
        Self { along: Packed::new(level, n, 1, BLOCK), back: Packed::new(level, BLOCK, 1, n), rows: 0 }
    }

    /// Takes orthonormal rows, at most [`BLOCK`].
    pub fn set(&mut self, rows: Mat<'_, R>) {
        self.rows = rows.rows();
        if self.rows > 0 {
            self.along.reshape(rows.cols(), self.rows);
            self.back.reshape(self.rows, rows.cols());
            self.along.pack_here(Weights::Transposed(rows));
            self.back.pack_here(Weights::Plain(rows));
        }
    }

    /// How many rows it holds.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

/// Makes the rows of a dense block `[k, n]` orthonormal to each other and to the finished ones, on the calling thread, and adds
/// ln R_ii to `ln_diagonal` `[k]`.
///
/// Returns how many rows are independent. The first one that is not ends the block: it and those after it are left zero, and
/// their ln R_ii is −∞.
///
/// # Panics
/// If the block has more than [`BLOCK`] rows, or lengths do not fit.
pub fn orthonormalise<R: Real, F: Deref<Target = Finished<R>>>(
    level: Level,
    block: &mut [R],
    finished: &[F],
    ln_diagonal: &mut [f64],
) -> usize {
    let k = ln_diagonal.len();
    assert!(k > 0 && k <= BLOCK && block.len().is_multiple_of(k), "{} numbers in {k} rows", block.len());
    let n = block.len() / k;
    let kernels = Kernels::new(level);
    // ROUND is 1.5 · 2^(mantissa bits).
    let rounding = ROUNDING * 1.5 / R::ROUND.to_f64();
    let mut live = k;
    let mut vanishing = [true; BLOCK];
    for pass in 1.. {
        let mut before = [1.0; BLOCK];
        if pass == 1 {
            for (before, row) in before.iter_mut().zip(block.chunks_exact(n)) {
                *before = norms::sum_of_squares(level, row).sqrt();
            }
        }
        for finished in finished {
            project_off(&kernels, &mut block[..live * n], n, finished);
        }
        let mut after = [0.0; BLOCK];
        level.dispatch(Within { block: &mut block[..live * n], n, norms: &mut after });
        for i in 0..live {
            ln_diagonal[i] += after[i].ln();
            vanishing[i] &= after[i] / before[i] < rounding;
        }
        let gone = |i: usize| after[i] == 0.0 || (vanishing[i] && pass >= ROUNDING_PASSES);
        live = (0..live).find(|&i| gone(i)).unwrap_or(live);
        if (0..live).all(|i| !(after[i] / before[i] < ENOUGH)) {
            break;
        }
    }
    block[live * n..].fill(R::ZERO);
    ln_diagonal[live..].fill(f64::NEG_INFINITY);
    live
}

/// V −= (V Qᵀ) Q.
fn project_off<R: Real>(kernels: &Kernels<R>, rows: &mut [R], n: usize, finished: &Finished<R>) {
    let (k, width) = (rows.len() / n, finished.rows);
    if k == 0 || width == 0 {
        return;
    }
    assert_eq!(finished.along.depth(), n, "length of the finished rows");
    let mut shares = [R::ZERO; BLOCK * BLOCK];
    for first in (0..n).step_by(DEPTH) {
        let start = if first == 0 { Start::Zero } else { Start::Keep };
        let block = Block { first, depth: DEPTH.min(n - first), rows: k, start };
        let left = Rows::Apart { data: rows.as_ptr().wrapping_add(first), stride: n };
        // SAFETY: the rows hold n numbers each, the shares k rows of `width` ≤ BLOCK.
        unsafe { kernels.block(left, &finished.along, block, shares.as_mut_ptr(), width) };
    }
    shares[..k * width].iter_mut().for_each(|x| *x = -*x);
    let block = Block { first: 0, depth: width, rows: k, start: Start::Keep };
    let left = Rows::Apart { data: shares.as_ptr(), stride: width };
    // SAFETY: as above, with the two the other way round.
    unsafe { kernels.block(left, &finished.back, block, rows.as_mut_ptr(), n) };
}

/// Modified Gram–Schmidt inside a block.
struct Within<'a, R> {
    block: &'a mut [R],
    n: usize,
    norms: &'a mut [f64; BLOCK],
}

/// Rows that a finished one is projected off of at once: their sums do not wait for each other.
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

/// v ← v − ⟨v, q⟩ q for each of M rows; each to the bits that it would have alone.
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

/// The sum of a vector's numbers, by halves.
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
