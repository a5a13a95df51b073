//! Dropout on the connections between layers, never through time.
//!
//! Connection 0 is the embedding's output, connection l the output of layer l − 1 as layer l reads it, connection L what
//! the head reads. An element is zero with probability p and otherwise scaled by 1 / (1 − p).
//!
//! A mask is a pure function of (seed, training step, connection, t, global row, unit): backward, recomputation and other
//! thread counts see the same one, and nothing has to be stored.
//!
//! # References
//! Zaremba, Sutskever, Vinyals, "Recurrent neural network regularization", 2014: non-recurrent connections only.

use crate::extent::Cut;
use crate::kernel::Context;
use crate::kernel::rows::for_each_row;
use crate::real::Real;
use crate::rng::{Key, Purpose};

/// The masks of one training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// p in units of 2⁻¹⁶: a unit is dropped if its 16 random bits are below.
    threshold: u32,
    seed: u64,
    step: u64,
    first_row: u64,
    /// Added to the number of a connection.
    shift: u32,
}

/// Connections of an encoder are counted from here: beyond those of any stack.
const ENCODER: u32 = 1 << 16;

/// Random 16-bit numbers in one block of words.
const UNITS: usize = 8;

impl Dropout {
    /// Masks of probability `rate`, rounded to a multiple of 2⁻¹⁶, for training step `step`; row b of the batch is sample
    /// `first_row + b`. None where the rate is 0.
    ///
    /// # Panics
    /// If the rate is not in [0, 1).
    pub fn new(rate: f64, seed: u64, step: u64, first_row: u64) -> Option<Self> {
        assert!((0.0..1.0).contains(&rate), "a dropout rate of {rate}");
        let threshold = ((rate * 65536.0).round() as u32).min(65535);
        (threshold > 0).then_some(Self { threshold, seed, step, first_row, shift: 0 })
    }

    /// The masks of an encoder, which are not those of its decoder.
    pub fn of_encoder(self) -> Self {
        Self { shift: ENCODER, ..self }
    }

    /// Masks and scales `data` `[places, width]` of the places of a cut. Forward applies it to outputs, backward to their
    /// gradients.
    pub fn apply<R: Real>(
        self,
        ctx: &Context<R>,
        connection: usize,
        cut: Cut<'_>,
        width: usize,
        data: &mut [R],
    ) {
        let key = Key::new(self.seed, Purpose::Dropout, self.shift + connection as u32, self.step);
        let scale = R::from_f64(65536.0 / (65536 - self.threshold) as f64);
        for_each_row(ctx, data, width, |place, units| {
            let (t, row) = cut.place(place);
            let (t, sample) = (t as u32, self.first_row + row as u64);
            for (block, units) in units.chunks_mut(UNITS).enumerate() {
                let words = key.words(t, sample, block as u32);
                for (j, x) in units.iter_mut().enumerate() {
                    let bits = words[j / 2] >> (16 * (j % 2)) & 0xffff;
                    *x = if bits < self.threshold { R::ZERO } else { *x * scale };
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extent::Extent;
    use crate::kernel::Level;

    fn mask(rate: f64, step: u64, connection: usize, first_step: usize, first_row: u64) -> Vec<f32> {
        let ctx = Context::new(Level::Portable, 2);
        let mut data = vec![1.0; 6 * 5 * 50];
        let dropout = Dropout::new(rate, 3, step, first_row).unwrap();
        let extent = Extent::even(first_step + 6, 5);
        dropout.apply(&ctx, connection, extent.cut(first_step, 6), 50, &mut data);
        data
    }

    #[test]
    fn drops_its_share_and_keeps_the_mean() {
        for rate in [0.1, 0.5, 0.9] {
            let data = mask(rate, 0, 0, 0, 0);
            let dropped = data.iter().filter(|&&x| x == 0.0).count() as f64;
            let n = data.len() as f64;
            // Five standard errors of a share.
            assert!((dropped / n - rate).abs() < 5.0 * (rate * (1.0 - rate) / n).sqrt(), "{rate}: {dropped}");
            let kept = data.iter().find(|&&x| x != 0.0).copied().unwrap();
            assert!((f64::from(kept) * (1.0 - rate) - 1.0).abs() < 2e-4, "{kept}");
        }
        assert_eq!(Dropout::new(0.0, 1, 2, 3), None);
    }

    #[test]
    fn masks_follow_the_sample_and_the_step_not_the_batch() {
        let base = mask(0.5, 7, 1, 0, 0);
        // Row 2 of one batch is row 1 of another; step 3 of the window is step 0 of its second half.
        let shifted = mask(0.5, 7, 1, 0, 1);
        assert_eq!(base[2 * 50..3 * 50], shifted[50..2 * 50]);
        let later = mask(0.5, 7, 1, 3, 0);
        assert_eq!(base[3 * 250..6 * 250], later[..3 * 250]);
        for other in [mask(0.5, 8, 1, 0, 0), mask(0.5, 7, 2, 0, 0)] {
            assert_ne!(base, other);
        }
    }
}
