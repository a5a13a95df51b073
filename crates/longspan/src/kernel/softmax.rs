//! Softmax and cross entropy over rows of logits, with the gradient in place.

use super::isa::{Isa, Job};
use super::{Context, Shared, Vector};
use crate::real::Real;

/// What one row of logits was worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowLoss {
    /// −ln p(target).
    pub nats: f64,
    /// Whether no other token got a larger logit than the target.
    pub correct: bool,
}

/// For each row of `logits` `[rows, cols]`: ℓ = ln Σ_j e^{x_j} − x_target into `losses`, and in place of the logits the
/// gradient `scale` · ∂ℓ/∂x = `scale` · (softmax(x) − onehot(target)).
///
/// # Panics
/// If there are not as many targets and losses as rows, or a target is beyond the columns.
pub fn cross_entropy<R: Real>(
    ctx: &Context<R>,
    logits: &mut [R],
    cols: usize,
    targets: &[u32],
    scale: R,
    losses: &mut [RowLoss],
) {
    let rows = targets.len();
    assert!(logits.len() == rows * cols && losses.len() == rows, "{rows} rows of {cols} logits");
    assert!(targets.iter().all(|&target| (target as usize) < cols), "a target beyond {cols} tokens");
    let (logits, losses) = (Shared(logits.as_mut_ptr()), Shared(losses.as_mut_ptr()));
    ctx.split(rows, |_, first, end| {
        for i in first..end {
            // SAFETY: row i and loss i belong to this worker alone and lie inside their slices.
            let (row, loss) = unsafe {
                let row = std::slice::from_raw_parts_mut(logits.get().add(i * cols), cols);
                (row, &mut *losses.get().add(i))
            };
            *loss = ctx.level().dispatch(Row { row, target: targets[i] as usize, scale });
        }
    });
}

struct Row<'a, R> {
    row: &'a mut [R],
    target: usize,
    scale: R,
}

/// The vector at `i`, filled up with −∞ beyond the row: its exponential is below the last bit of a sum that is ≥ 1.
#[inline(always)]
fn load<R: Real, V: Vector<R>>(row: &[R], i: usize) -> V {
    let rest = &row[i..];
    if rest.len() >= V::LANES {
        return V::load(rest);
    }
    let mut padded = [R::from_f64(f64::NEG_INFINITY); MAX_LANES];
    padded[..rest.len()].copy_from_slice(rest);
    V::load(&padded)
}

/// Elements of the widest vector.
const MAX_LANES: usize = 16;

impl<R: Real> Job for Row<'_, R> {
    type Output = RowLoss;

    #[inline(always)]
    fn run<I: Isa>(self) -> RowLoss {
        let Self { row, target, scale } = self;
        let lanes = <I::V<R> as Vector<R>>::LANES;
        let mut folded = [R::ZERO; MAX_LANES];

        let mut largest = load::<R, I::V<R>>(row, 0);
        for i in (lanes..row.len()).step_by(lanes) {
            let x = load::<R, I::V<R>>(row, i);
            largest = (x - largest).select_positive(x, largest);
        }
        largest.store(&mut folded);
        let max = folded[1..lanes].iter().fold(folded[0], |max, &x| if x > max { x } else { max });

        let at_target = row[target];
        let mut sums = I::V::<R>::zero();
        for i in (0..row.len()).step_by(lanes) {
            let e = (load::<R, I::V<R>>(row, i) - I::V::splat(max)).exp();
            e.store(&mut row[i..]);
            sums = sums + e;
        }
        sums.store(&mut folded);
        let sum = folded[..lanes].iter().map(|s| s.to_f64()).sum::<f64>();

        let factor = I::V::splat(R::from_f64(scale.to_f64() / sum));
        for i in (0..row.len()).step_by(lanes) {
            let e = I::V::<R>::load(&row[i..]);
            (e * factor).store(&mut row[i..]);
        }
        row[target] += -scale;
        let nats = sum.ln() + (max.to_f64() - at_target.to_f64());
        RowLoss { nats, correct: at_target == max }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::rng::{Key, Purpose};

    /// Against the definition in f64, for widths around vectors, on every instruction set.
    #[test]
    fn agrees_with_the_definition() {
        for level in [Level::Avx512, Level::Avx2, Level::Portable] {
            if level.checked().is_err() {
                continue;
            }
            let ctx = Context::<f64>::new(level, 2);
            for cols in [1, 2, 7, 8, 9, 65, 300] {
                let mut draw = Key::new(1, Purpose::Probe, 0, 0).stream(cols as u32, 0);
                let logits: Vec<f64> = (0..3 * cols).map(|_| 30.0 * draw.normal() - 40.0).collect();
                let targets = [0, cols as u32 / 2, cols as u32 - 1];
                let mut d = logits.clone();
                let mut losses = [RowLoss::default(); 3];
                cross_entropy(&ctx, &mut d, cols, &targets, 0.25, &mut losses);
                for r in 0..3 {
                    let row = &logits[r * cols..][..cols];
                    let target = targets[r] as usize;
                    let max = row.iter().copied().fold(f64::MIN, f64::max);
                    let sum: f64 = row.iter().map(|x| (x - max).exp()).sum();
                    let nats = sum.ln() + max - row[target];
                    assert!((losses[r].nats - nats).abs() < 1e-12 * (1.0 + nats), "{level} {cols}");
                    assert_eq!(losses[r].correct, row[target] == max);
                    for j in 0..cols {
                        let p = (row[j] - max).exp() / sum;
                        let exact = 0.25 * (p - f64::from(u8::from(j == target)));
                        assert!((d[r * cols + j] - exact).abs() < 1e-14, "{level} {cols} {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn far_logits_neither_overflow_nor_vanish_and_nan_stays() {
        let ctx = Context::<f32>::new(Level::detect(), 1);
        let mut loss = [RowLoss::default()];
        let mut logits = [-3e38, 3e38, 0.0];
        cross_entropy(&ctx, &mut logits, 3, &[0], 1.0, &mut loss);
        assert_eq!(loss[0].nats, 2.0 * f64::from(3e38f32));
        assert_eq!((logits[0], logits[1]), (-1.0, 1.0));
        let mut logits = [0.0, f32::NAN, 1.0];
        cross_entropy(&ctx, &mut logits, 3, &[2], 1.0, &mut loss);
        assert!(loss[0].nats.is_nan());
    }
}
