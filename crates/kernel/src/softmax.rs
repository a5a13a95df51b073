//! Softmax and cross entropy over the columns of a tile of logits. The gradient overwrites the logits.
//!
//! A column is a position and a row is a token, so that the sums of adjacent positions are computed in one
//! vector, and a tile of some tokens is processed while it is in the caches. The tokens of earlier tiles
//! enter through the largest logit m and Σ e^{x − m} of each position.
//!
//! # References
//! Running sums: Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018.

use super::{Context, Shared, Vector};
use crate::isa::Job;
use crate::matrix::MatMut;
use crate::simd::{Isa, Real};

/// Number of columns that are not split: a cache line of `f32`. The number of a tile's columns is a multiple
/// of it.
pub const LINE: usize = 16;

/// Replaces the logits x, given without their bias, by e^{x − m}, where m is the largest logit of a column.
///
/// `largest` receives m and `sums` the sums of the exponentials of each column, tokens ascending.
///
/// # Shapes
/// `logits` `[tokens, positions]`, `bias` `[tokens]`, `largest` and `sums` `[positions]`; the number of
/// positions is a multiple of [`LINE`].
///
/// # Panics
/// If a length does not fit.
pub fn exponentials<R: Real>(
    ctx: &Context<R>,
    mut logits: MatMut<'_, R>,
    bias: &[R],
    largest: &mut [R],
    sums: &mut [R],
) {
    let (positions, stride) = (logits.cols(), logits.stride());
    assert!(positions.is_multiple_of(LINE) && bias.len() == logits.rows(), "one bias per token");
    assert!(
        largest.len() == positions && sums.len() == positions,
        "one sum per position, {positions} in total"
    );
    let data = Shared(logits.data().as_mut_ptr());
    let (largest, sums) = (Shared(largest.as_mut_ptr()), Shared(sums.as_mut_ptr()));
    ctx.split(positions / LINE, |_, first, end| {
        let (first, count) = (first * LINE, (end - first) * LINE);
        // SAFETY: both slices have `positions` numbers, as asserted above; `split` gives first..first + count
        // of them to this worker alone.
        let part = |s: Shared<R>| unsafe { std::slice::from_raw_parts_mut(s.get().add(first), count) };
        let data = data.get().wrapping_add(first);
        ctx.instruction_set().dispatch(Exponentials {
            data,
            stride,
            bias,
            largest: part(largest),
            sums: part(sums),
        });
    });
}

struct Exponentials<'a, R> {
    /// This worker's columns of the first row.
    data: *mut R,
    stride: usize,
    bias: &'a [R],
    largest: &'a mut [R],
    sums: &'a mut [R],
}

impl<R: Real> Job for Exponentials<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { data, stride, bias, largest, sums } = self;
        let (lanes, count) = (<I::V<R> as Vector<R>>::LANES, sums.len());
        largest.fill(R::from_f64(f64::NEG_INFINITY));
        for (v, &bias) in bias.iter().enumerate() {
            let bias = I::V::splat(bias);
            // SAFETY: `exponentials` has asserted a row for each bias; `split` gives these columns of it to
            // this worker alone.
            let row = unsafe { std::slice::from_raw_parts(data.add(v * stride), count) };
            for (x, largest) in row.chunks_exact(lanes).zip(largest.chunks_exact_mut(lanes)) {
                let (x, before) = (I::V::<R>::load(x) + bias, I::V::<R>::load(largest));
                (x - before).select_positive(x, before).store(largest);
            }
        }
        sums.fill(R::ZERO);
        for (v, &bias) in bias.iter().enumerate() {
            let bias = I::V::splat(bias);
            // SAFETY: as above; the slice of the previous loop is no longer in use.
            let row = unsafe { std::slice::from_raw_parts_mut(data.add(v * stride), count) };
            let so_far = largest.chunks_exact(lanes).zip(sums.chunks_exact_mut(lanes));
            for (x, (largest, sum)) in row.chunks_exact_mut(lanes).zip(so_far) {
                let e = (I::V::<R>::load(x) + bias - I::V::load(largest)).exp();
                e.store(x);
                (I::V::<R>::load(sum) + e).store(sum);
            }
        }
    }
}

/// The factors that turn exponentials into gradients.
#[derive(Clone, Copy)]
pub struct Normaliser<'a, R> {
    /// The factor of each position's exponentials: the factor k of its loss over the sum of the exponentials
    /// of all tokens; 0 for a column of padding.
    pub factors: &'a [R],
    /// The target of each position.
    pub targets: &'a [usize],
    /// The factor k of each position's loss.
    pub scales: &'a [R],
}

/// Replaces the exponentials of a tile, whose first token is `token`, by the gradient with respect to the
/// logits, k · (softmax(x) − onehot(target)), and adds its sums over the positions to `d_bias`.
///
/// # Shapes
/// `exponentials` `[tokens, positions]`, `d_bias` `[tokens]`; the number of positions is a multiple of
/// [`LINE`].
///
/// # Panics
/// If a length does not fit.
pub fn cross_entropy_gradient<R: Real>(
    ctx: &Context<R>,
    mut exponentials: MatMut<'_, R>,
    token: usize,
    of: Normaliser<'_, R>,
    d_bias: &mut [R],
) {
    let (tokens, positions, stride) = (exponentials.rows(), exponentials.cols(), exponentials.stride());
    assert!(
        positions.is_multiple_of(LINE) && of.factors.len() == positions,
        "one factor per position, {positions} in total"
    );
    assert!(of.targets.len() <= positions && d_bias.len() == tokens, "one position per target");
    assert_eq!(of.scales.len(), of.targets.len(), "one scale per target");
    assert!(token.checked_add(tokens).is_some(), "tokens {token}..{token} + {tokens} overflow");
    let (data, d_bias) = (Shared(exponentials.data().as_mut_ptr()), Shared(d_bias.as_mut_ptr()));
    ctx.split(tokens, |_, first, end| {
        let (count, start) = (end - first, first * stride);
        // SAFETY: `MatMut` has checked the rows, and d_bias has one number for each, as asserted above;
        // `split` gives rows first..end, at least one, to this worker alone, and they end before the next
        // worker's.
        let (rows, d_bias) = unsafe {
            let len = (count - 1) * stride + positions;
            let rows = std::slice::from_raw_parts_mut(data.get().add(start), len);
            (rows, std::slice::from_raw_parts_mut(d_bias.get().add(first), count))
        };
        ctx.instruction_set().dispatch(Gradient { rows, stride, token: token + first, of, d_bias });
    });
}

struct Gradient<'a, R> {
    rows: &'a mut [R],
    stride: usize,
    token: usize,
    of: Normaliser<'a, R>,
    d_bias: &'a mut [R],
}

impl<R: Real> Job for Gradient<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { rows, stride, token, of, d_bias } = self;
        let (lanes, positions) = (<I::V<R> as Vector<R>>::LANES, of.factors.len());
        for (row, d_bias) in rows.chunks_mut(stride.max(1)).zip(&mut *d_bias) {
            let mut sums = I::V::<R>::zero();
            for (x, factor) in row[..positions].chunks_exact_mut(lanes).zip(of.factors.chunks_exact(lanes)) {
                let share = I::V::<R>::load(x) * I::V::load(factor);
                share.store(x);
                sums = sums + share;
            }
            let mut folded = [R::ZERO; LINE];
            sums.store(&mut folded[..lanes]);
            *d_bias += folded[..lanes].iter().fold(R::ZERO, |sum, &x| sum + x);
        }
        for (position, (&target, &scale)) in of.targets.iter().zip(of.scales).enumerate() {
            if (token..token + d_bias.len()).contains(&target) {
                rows[(target - token) * stride + position] += -scale;
                d_bias[target - token] += -scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::InstructionSet;
    use super::*;
    use crate::rng::{Key, Purpose};

    /// Compares the largest logit, the sum and the gradient of a tile that begins at token 3 with the
    /// definition in f64.
    #[test]
    fn agrees_with_the_definition() {
        for isa in [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
            .into_iter()
            .filter(|l| l.checked().is_ok())
        {
            let ctx = Context::<f64>::new(isa, 2);
            for tokens in [1, 2, 7, 65, 300] {
                let mut draw = Key::new(1, Purpose::Probe, 0, 0).stream(tokens as u32, 0);
                let positions = 2 * LINE;
                let logits: Vec<f64> = (0..tokens * positions).map(|_| 30.0 * draw.normal()).collect();
                let bias: Vec<f64> = (0..tokens).map(|_| draw.normal() - 40.0).collect();
                let (mut largest, mut sums) = (vec![7.0; positions], vec![7.0; positions]);
                let mut d = logits.clone();
                exponentials(&ctx, MatMut::new(&mut d, tokens, positions), &bias, &mut largest, &mut sums);
                // The last column is padding.
                let targets: Vec<usize> = (0..positions - 1).map(|p| p * 5 % (tokens + 6)).collect();
                // Every position has its own weight.
                let scales: Vec<f64> = (0..positions - 1).map(|p| 0.25 + 0.01 * p as f64).collect();
                let mut factors: Vec<f64> = sums.iter().zip(&scales).map(|(sum, k)| k / sum).collect();
                factors.push(0.0);
                let of = Normaliser { factors: &factors, targets: &targets, scales: &scales };
                let mut d_bias = vec![1.0; tokens];
                cross_entropy_gradient(&ctx, MatMut::new(&mut d, tokens, positions), 3, of, &mut d_bias);
                let mut exact_bias = vec![1.0; tokens];
                for p in 0..positions {
                    let logits: Vec<f64> = (0..tokens).map(|v| logits[v * positions + p] + bias[v]).collect();
                    let max = logits.iter().copied().fold(f64::MIN, f64::max);
                    let sum: f64 = logits.iter().map(|x| (x - max).exp()).sum();
                    assert_eq!(largest[p], max);
                    assert!((sums[p] / sum - 1.0).abs() < 1e-13, "{isa} {tokens}: {} {sum}", sums[p]);
                    for v in 0..tokens {
                        let share = (logits[v] - max).exp() / sum;
                        let onehot = f64::from(u8::from(targets.get(p) == Some(&(v + 3))));
                        let exact = scales.get(p).map_or(0.0, |k| k * (share - onehot));
                        assert!((d[v * positions + p] - exact).abs() < 1e-14, "{isa} {tokens} {v} {p}");
                        exact_bias[v] += exact;
                    }
                }
                for (d, exact) in d_bias.iter().zip(&exact_bias) {
                    assert!((d - exact).abs() < 1e-13, "{isa} {tokens}: {d} {exact}");
                }
            }
        }
    }

    #[test]
    fn far_logits_neither_overflow_nor_vanish_and_nan_stays() {
        let ctx = Context::<f32>::new(InstructionSet::detect(), 1);
        let mut logits = [0.0; 3 * LINE];
        (logits[0], logits[LINE]) = (-3e38, 3e38);
        logits[LINE + 1] = f32::NAN;
        let (mut largest, mut sums) = ([0.0; LINE], [0.0; LINE]);
        exponentials(&ctx, MatMut::new(&mut logits, 3, LINE), &[0.0; 3], &mut largest, &mut sums);
        assert_eq!((largest[0], sums[0], largest[2], sums[2]), (3e38, 1.0, 0.0, 3.0));
        assert!(sums[1].is_nan());
    }
}
