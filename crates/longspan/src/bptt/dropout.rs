//! Dropout on the connections between layers, never through time.
//!
//! Connection 0 is the output of the embedding, connection l the output of layer l − 1 as layer l reads it,
//! connection L the input of the head. An element is zero with probability p and otherwise scaled by 1 / (1 −
//! p).
//!
//! A mask is a pure function of (seed, training step, connection, t, global row, unit). So the backward pass,
//! recomputation and any number of threads see the same mask, and nothing is stored. A sequence mask
//! ([`Mask::Sequence`]) uses the mask of t = 0 at every t: a row drops the same units along the whole window.
//!
//! # References
//! Zaremba, Sutskever, Vinyals, "Recurrent neural network regularization", 2014: non-recurrent connections
//! only. One mask for a sequence: Gal, Ghahramani, "A theoretically grounded application of dropout in
//! recurrent neural networks", NIPS 2016, of which this is the vertical part.

use crate::cell::Real;
use longspan_kernel::Context;
use longspan_kernel::packed_shape::TimeSlice;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::rows::for_each_row;

/// What one dropout mask applies to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mask {
    /// Each step of a row has its own mask.
    #[default]
    Step,
    /// Each row has one mask for all its steps.
    Sequence,
}

crate::option_names!(Mask, "mask": Step = "step", Sequence = "sequence");

/// The masks of one training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// p in units of 2⁻¹⁶: a unit is dropped if its 16 random bits are below this number.
    threshold: u32,
    seed: u64,
    step: u64,
    first_row: u64,
    mask: Mask,
    /// Whether rows are reversed, each within its length.
    reversed: bool,
    /// Offset that is added to the number of a connection.
    shift: u32,
}

/// First connection number of an encoder, above those of any stack.
const ENCODER: u32 = 1 << 16;

/// Number of random 16-bit numbers in one block of words.
const UNITS: usize = 8;

impl Dropout {
    /// Builds masks of probability `rate`, rounded to a multiple of 2⁻¹⁶, for training step `step`. Row b of
    /// the batch is sample `first_row + b`. Returns None if the rate is 0.
    ///
    /// # Panics
    /// If the rate is not in [0, 1).
    pub fn new(rate: f64, seed: u64, step: u64, first_row: u64) -> Option<Self> {
        assert!((0.0..1.0).contains(&rate), "dropout rate {rate} is not in [0, 1)");
        let threshold = ((rate * 65536.0).round() as u32).min(65535);
        (threshold > 0).then_some(Self {
            threshold,
            seed,
            step,
            first_row,
            mask: Mask::Step,
            reversed: false,
            shift: 0,
        })
    }

    /// Returns the same dropout with this kind of mask.
    pub fn of(self, mask: Mask) -> Self {
        Self { mask, ..self }
    }

    /// Returns the same masks for rows that are reversed, each within its length.
    pub fn reversed(self) -> Self {
        Self { reversed: !self.reversed, ..self }
    }

    /// Returns the masks of an encoder, which differ from those of its decoder.
    pub fn of_encoder(self) -> Self {
        Self { shift: ENCODER, ..self }
    }

    /// Masks and scales `data` `[positions, width]` of a slice. The forward pass applies it to outputs, the
    /// backward pass to their gradients.
    pub fn apply<R: Real>(
        self,
        ctx: &Context<R>,
        connection: usize,
        slice: TimeSlice<'_>,
        width: usize,
        data: &mut [R],
    ) {
        let key = Key::new(self.seed, Purpose::Dropout, self.shift + connection as u32, self.step);
        let scale = R::from_f64(65536.0 / (65536 - self.threshold) as f64);
        for_each_row(ctx, data, width, |position, units| {
            let (t, row) = slice.position(position);
            let t = match self.mask {
                Mask::Sequence => 0,
                Mask::Step if self.reversed => slice.length(row) - 1 - t,
                Mask::Step => t,
            };
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
    use longspan_kernel::InstructionSet;
    use longspan_kernel::packed_shape::PackedShape;

    fn mask(rate: f64, step: u64, connection: usize, first_step: usize, first_row: u64) -> Vec<f32> {
        let ctx = Context::new(InstructionSet::Portable, 2);
        let mut data = vec![1.0; 6 * 5 * 50];
        let dropout = Dropout::new(rate, 3, step, first_row).unwrap();
        let shape = PackedShape::even(first_step + 6, 5);
        dropout.apply(&ctx, connection, shape.time_slice(first_step, 6), 50, &mut data);
        data
    }

    #[test]
    fn drops_its_share_and_keeps_the_mean() {
        for rate in [0.1, 0.5, 0.9] {
            let data = mask(rate, 0, 0, 0, 0);
            let dropped = data.iter().filter(|&&x| x == 0.0).count() as f64;
            let n = data.len() as f64;
            // The tolerance is five standard errors of a share.
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

    fn ragged(dropout: Dropout, shape: &PackedShape) -> Vec<f64> {
        let mut data = vec![1.0; shape.positions() * 20];
        dropout.apply(&Context::new(InstructionSet::Portable, 2), 1, shape.whole(), 20, &mut data);
        data
    }

    #[test]
    fn a_mask_for_sequences_is_the_same_at_every_step_and_another_for_every_row() {
        let mut shape = PackedShape::default();
        shape.set_lengths(&[5, 3, 1]);
        let step = Dropout::new(0.5, 3, 7, 2).unwrap();
        let data = ragged(step.of(Mask::Sequence), &shape);
        let rows: Vec<_> = (0..3).map(|b| &data[b * 20..][..20]).collect();
        for position in 0..shape.positions() {
            assert_eq!(&data[position * 20..][..20], rows[shape.position(position).1]);
        }
        assert!(rows[0] != rows[1] && rows[1] != rows[2] && rows[0] != rows[2]);
        // Row 1 is sample 3 in any batch.
        let later = ragged(Dropout::new(0.5, 3, 7, 3).unwrap().of(Mask::Sequence), &shape);
        assert_eq!(rows[1], &later[..20]);
        assert_ne!(data, ragged(step, &shape));
    }

    #[test]
    fn reversed_rows_have_the_masks_of_their_original_positions() {
        let mut shape = PackedShape::default();
        shape.set_lengths(&[5, 3, 1]);
        let dropout = Dropout::new(0.5, 3, 7, 2).unwrap();
        let (data, reversed) = (ragged(dropout, &shape), ragged(dropout.reversed(), &shape));
        for position in 0..shape.positions() {
            let (t, b) = shape.position(position);
            let other = shape.offset(shape.length(b) - 1 - t) + b;
            assert_eq!(data[position * 20..][..20], reversed[other * 20..][..20]);
        }
    }
}
