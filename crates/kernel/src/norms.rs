//! Sums of squares, in `f64` and in a fixed order.
//!
//! A sum is taken over blocks of [`BLOCK`] elements: inside a block, element i is added to sum i mod 16, and
//! the 16 sums are added in order; blocks are added in order. Products and sums are rounded separately on
//! every instruction set, so that neither the instruction set nor the number of threads changes a bit. For
//! `f32` elements an `f64` sum cannot overflow; an `f32` sum of squares overflows at a norm of 1.8e19.

use super::{Context, Shared, Vector};
use crate::instruction_set::InstructionSet;
use crate::isa::Job;
use crate::simd::{Isa, Real};

/// Elements per partial sum.
pub const BLOCK: usize = 8192;

/// Number of partial sums inside a block.
const LANES: usize = 16;

/// Computes Σ x². Infinite or NaN if and only if an element is, or if the sum overflows `f64`.
///
/// # Panics
/// If this processor does not have the instruction set.
pub fn sum_of_squares<R: Real>(isa: InstructionSet, values: &[R]) -> f64 {
    values.chunks(BLOCK).map(|block| isa.dispatch(Block(block))).sum()
}

/// Computes Σ x² with the same bits as [`sum_of_squares`], with blocks divided among the threads. `partial`
/// is working memory.
pub fn sum_of_squares_threaded<R: Real>(ctx: &Context<R>, values: &[R], partial: &mut Vec<f64>) -> f64 {
    partial.clear();
    partial.resize(values.len().div_ceil(BLOCK), 0.0);
    let sums = Shared(partial.as_mut_ptr());
    ctx.split(partial.len(), |_, first, end| {
        for (i, block) in values.chunks(BLOCK).enumerate().take(end).skip(first) {
            let sum = ctx.instruction_set().dispatch(Block(block));
            // SAFETY: i is below the length of `partial`, and `split` gives it to this worker alone.
            unsafe { *sums.get().add(i) = sum };
        }
    });
    partial.iter().sum()
}

/// Range of sums of squares that `f32` represents well: squares below its smallest number are less than the
/// rounding error, for thousands of elements.
const SAFE_SQUARES: (f64, f64) = (1e-25, 1e30);

/// Returns [sum, largest] of the norms of rows of `cols` numbers; NaN if a norm is NaN. Squares are added in
/// the number type if it represents the sum well, otherwise in `f64`.
///
/// # Panics
/// If the last row is incomplete, `cols` is 0, or this processor does not have the instruction set.
pub fn norms_of_rows<R: Real>(isa: InstructionSet, rows: &[R], cols: usize) -> [f64; 2] {
    assert!(cols > 0, "the rows have 0 columns");
    assert!(rows.len().is_multiple_of(cols), "rows of {cols} numbers do not divide {} numbers", rows.len());
    isa.dispatch(Rows(rows, cols))
}

/// Computes [Σ a², Σ (b − a)²] in blocks like [`sum_of_squares_threaded`]. Differences are rounded to the
/// number type.
///
/// # Panics
/// If the lengths differ.
pub fn sums_of_squares_and_changes<R: Real>(
    ctx: &Context<R>,
    a: &[R],
    b: &[R],
    partial: &mut Vec<f64>,
) -> [f64; 2] {
    assert_eq!(a.len(), b.len(), "lengths");
    let blocks = a.len().div_ceil(BLOCK);
    partial.clear();
    partial.resize(2 * blocks, 0.0);
    let sums = Shared(partial.as_mut_ptr());
    ctx.split(blocks, |_, first, end| {
        for (i, (a, b)) in a.chunks(BLOCK).zip(b.chunks(BLOCK)).enumerate().take(end).skip(first) {
            let [squares, changes] = ctx.instruction_set().dispatch(Changes(a, b));
            // SAFETY: i is below `blocks`, half the length of `partial`, and `split` gives it to this worker
            // alone.
            unsafe {
                *sums.get().add(i) = squares;
                *sums.get().add(blocks + i) = changes;
            }
        }
    });
    let (squares, changes) = partial.split_at(blocks);
    [squares.iter().sum(), changes.iter().sum()]
}

/// Makes `row` orthogonal to each of `others`, unit vectors, in order: `row` −= ⟨row, other⟩ `other`.
///
/// # Shapes
/// `row` `[n]`, `others` `[N, n]`.
///
/// # Panics
/// If the lengths do not fit, or this processor does not have the instruction set.
pub fn project_off<R: Real>(isa: InstructionSet, row: &mut [R], others: &[R]) {
    assert!(
        others.len().is_multiple_of(row.len()),
        "vectors of {} numbers do not divide {} numbers",
        row.len(),
        others.len()
    );
    isa.dispatch(ProjectOff(row, others));
}

struct ProjectOff<'a, R>(&'a mut [R], &'a [R]);

impl<R: Real> Job for ProjectOff<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for other in self.1.chunks_exact(self.0.len()) {
            let share = dot::<I, R>(self.0, other);
            let (lanes, len, mut at) = (I::V::<R>::LANES, other.len(), 0);
            while at < len {
                let end = len.min(at + lanes);
                let left =
                    I::V::<R>::load(&other[at..end]).fma(I::V::splat(-share), I::V::load(&self.0[at..end]));
                left.store(&mut self.0[at..end]);
                at = end;
            }
        }
    }
}

/// Computes ⟨a, b⟩ of vectors of equal length.
#[inline(always)]
pub(super) fn dot<I: Isa, R: Real>(a: &[R], b: &[R]) -> R {
    let lanes = I::V::<R>::LANES;
    let mut folded = [R::ZERO; LANES];
    dot_in_lanes::<I, R>(a, b).store(&mut folded[..lanes]);
    // By halves: a chain of additions would take longer than all products.
    let mut left = lanes;
    while left > 1 {
        left /= 2;
        let (low, high) = folded.split_at_mut(left);
        low.iter_mut().zip(high).for_each(|(x, &mut y)| *x += y);
    }
    folded[0]
}

/// Computes [`dot`], not yet summed over lanes.
#[inline(always)]
fn dot_in_lanes<I: Isa, R: Real>(a: &[R], b: &[R]) -> I::V<R> {
    // The number of independent sums that hides the latency of an FMA.
    const SUMS: usize = 4;
    let (lanes, len, mut at) = (I::V::<R>::LANES, a.len(), 0);
    let mut sums = [I::V::<R>::zero(); SUMS];
    // Indices, because the compiler does not inline iterators over chunks here.
    while at + SUMS * lanes <= len {
        for (i, sum) in sums.iter_mut().enumerate() {
            let first = at + i * lanes;
            *sum = I::V::load(&a[first..first + lanes]).fma(I::V::load(&b[first..first + lanes]), *sum);
        }
        at += SUMS * lanes;
    }
    for sum in &mut sums {
        if at < len {
            let end = len.min(at + lanes);
            *sum = I::V::load(&a[at..end]).fma(I::V::load(&b[at..end]), *sum);
            at = end;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

struct Block<'a, R>(&'a [R]);

impl<R: Real> Job for Block<'_, R> {
    type Output = f64;

    #[inline(always)]
    fn run<I: Isa>(self) -> f64 {
        lane_sums(self.0).iter().sum()
    }
}

/// Computes Σ x² in lanes: x_i is added to lane i mod [`LANES`]. // Indices, because the compiler does not
/// inline iterators here.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "see above")]
fn lane_sums<R: Real>(values: &[R]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    let (lines, rest) = values.as_chunks::<LANES>();
    for line in lines {
        for l in 0..LANES {
            let x = line[l].to_f64();
            sums[l] += x * x;
        }
    }
    for l in 0..rest.len() {
        let x = rest[l].to_f64();
        sums[l] += x * x;
    }
    sums
}

/// Returns the sum of the lanes, by halves.
#[inline(always)]
fn fold(mut sums: [f64; LANES]) -> f64 {
    let mut left = LANES / 2;
    while left > 0 {
        for l in 0..left {
            sums[l] += sums[l + left];
        }
        left /= 2;
    }
    sums[0]
}

struct Rows<'a, R>(&'a [R], usize);

impl<R: Real> Job for Rows<'_, R> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<I: Isa>(self) -> [f64; 2] {
        // The lanes of N² rows are summed together.
        const N: usize = 4;
        let Self(values, cols) = self;
        let (mut sum, mut max, mut first) = (0.0, 0.0, 0);
        let rows = values.len() / cols;
        while first < rows {
            let count = (rows - first).min(N * N);
            let mut tile = [[I::V::<R>::zero(); N]; N];
            for i in 0..count {
                let row = &values[(first + i) * cols..][..cols];
                tile[i / N][i % N] = dot_in_lanes::<I, R>(row, row);
            }
            let sums = I::V::<R>::sums_of_lanes(&tile);
            for i in 0..count {
                let mut squares = sums[i / N][i % N].to_f64();
                if !(SAFE_SQUARES.0..SAFE_SQUARES.1).contains(&squares) {
                    squares = fold(lane_sums(&values[(first + i) * cols..][..cols]));
                }
                let norm = squares.sqrt();
                sum += norm;
                max = if norm > max || norm.is_nan() { norm } else { max };
            }
            first += count;
        }
        [sum, max]
    }
}

struct Changes<'a, R>(&'a [R], &'a [R]);

// Indices, as in `lane_sums`.
#[allow(clippy::needless_range_loop, reason = "see above")]
impl<R: Real> Job for Changes<'_, R> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<I: Isa>(self) -> [f64; 2] {
        let (mut squares, mut changes) = ([0.0; LANES], [0.0; LANES]);
        let (lines, rest) = self.0.as_chunks::<LANES>();
        let (others, other_rest) = self.1.as_chunks::<LANES>();
        let mut add = |l: usize, a: R, b: R| {
            let (value, change) = (a.to_f64(), (b - a).to_f64());
            squares[l] += value * value;
            changes[l] += change * change;
        };
        for i in 0..lines.len() {
            for l in 0..LANES {
                add(l, lines[i][l], others[i][l]);
            }
        }
        for l in 0..rest.len() {
            add(l, rest[l], other_rest[l]);
        }
        [fold(squares), fold(changes)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Key, Purpose};

    #[test]
    fn threads_and_instruction_sets_change_no_bit() {
        let mut stream = Key::new(3, Purpose::Probe, 0, 0).stream(0, 0);
        let values: Vec<f32> = (0..5 * BLOCK + 1237).map(|_| stream.normal() as f32).collect();
        for len in [0, 1, 17, BLOCK - 1, BLOCK, BLOCK + 1, values.len()] {
            let values = &values[..len];
            let truth: f64 = values.iter().map(|&x| f64::from(x).powi(2)).sum();
            let sum = sum_of_squares(InstructionSet::Portable, values);
            assert!((sum - truth).abs() <= 1e-13 * truth, "{sum} against {truth}");
            for isa in [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
                .into_iter()
                .filter(|l| l.checked().is_ok())
            {
                assert_eq!(sum_of_squares(isa, values).to_bits(), sum.to_bits(), "{isa}");
                for threads in [1, 3] {
                    let ctx = Context::new(isa, threads);
                    let threaded = sum_of_squares_threaded(&ctx, values, &mut vec![7.0; 3]);
                    assert_eq!(threaded.to_bits(), sum.to_bits(), "{threads} threads on {isa}");
                }
            }
        }
    }

    #[test]
    fn rows_have_norms() {
        let mut stream = Key::new(6, Purpose::Probe, 0, 0).stream(0, 0);
        for (cols, size) in
            [1, 15, 16, 37, 128].into_iter().flat_map(|cols| [1e-30, 1.0, 1e25].map(|size| (cols, size)))
        {
            let mut values: Vec<f32> = (0..7 * cols).map(|_| size * stream.normal() as f32).collect();
            let norms =
                values.chunks(cols).map(|row| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt());
            let (sum, max) = norms.fold((0.0, 0.0), |(sum, max), norm| (sum + norm, f64::max(max, norm)));
            for isa in [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
                .into_iter()
                .filter(|l| l.checked().is_ok())
            {
                let [of_all, largest] = norms_of_rows(isa, &values, cols);
                assert!((of_all / sum - 1.0).abs() < 1e-6 && (largest / max - 1.0).abs() < 1e-6, "{isa}");
            }
            values[2 * cols] = f32::NAN;
            assert!(norms_of_rows(InstructionSet::detect(), &values, cols).iter().all(|norm| norm.is_nan()));
        }
    }

    #[test]
    fn changes_and_values_are_measured_together() {
        let mut stream = Key::new(5, Purpose::Probe, 0, 0).stream(0, 0);
        let a: Vec<f32> = (0..2 * BLOCK + 37).map(|_| stream.normal() as f32).collect();
        let b: Vec<f32> = a.iter().map(|&a| a + 1e-3 * stream.normal() as f32).collect();
        let squares: f64 = a.iter().map(|&a| f64::from(a).powi(2)).sum();
        let changes: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(b - a).powi(2)).sum();
        let sums = |threads| {
            let ctx = Context::new(InstructionSet::detect(), threads);
            sums_of_squares_and_changes(&ctx, &a, &b, &mut vec![7.0; 3])
        };
        let [of_a, of_changes] = sums(1);
        assert!((of_a / squares - 1.0).abs() < 1e-13 && (of_changes / changes - 1.0).abs() < 1e-13);
        assert_eq!(sums(3), [of_a, of_changes]);
    }

    #[test]
    fn non_finite_values_show_at_every_index() {
        for at in [0, 15, 16, BLOCK, BLOCK + 3] {
            let mut values = vec![1.0f32; BLOCK + 4];
            values[at] = f32::NEG_INFINITY;
            assert_eq!(sum_of_squares(InstructionSet::detect(), &values), f64::INFINITY);
            values[at] = f32::NAN;
            assert!(sum_of_squares(InstructionSet::detect(), &values).is_nan());
        }
    }
}
