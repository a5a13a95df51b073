//! Music: the keys of the next step are predicted from all steps before it, each key as a yes-or-no question.
//!
//! A piece of T steps has T − 1 predictions: steps 2 to T. The first step is only read and is not part of any mean.
//! Published numbers differ here: models that assign the first step a probability (the RNN-RBM of
//! Boulanger-Lewandowski) count it, most recurrent networks do not. "Nats per step" is the mean loss over the
//! predictions of all pieces.
//!
//! For training, a piece is cut into stretches with at most a given number of predictions, and each stretch begins with
//! a zero state. Do not cut pieces for evaluation: the limit `usize::MAX` keeps them whole.

use super::{Deal, Order};
use crate::labelled::music::{KEYS, Pieces};
use longspan::batch::{Batch, Source};

/// Consecutive predictions of a piece.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    piece: usize,
    /// The first step that is read.
    start: usize,
    steps: usize,
}

/// Batches of stretches of pieces: inputs and targets are `[T, 88]`.
#[derive(Clone, Debug)]
pub struct MusicBatches {
    pieces: Pieces,
    stretches: Vec<Stretch>,
    deal: Deal,
}

impl MusicBatches {
    /// Cuts the pieces into stretches of at most `unroll` steps, in batches of `rows`; None if no piece has a second
    /// step.
    ///
    /// # Panics
    /// If `rows` or `unroll` is 0.
    pub fn new(pieces: Pieces, unroll: usize, rows: usize, order: Order) -> Option<Self> {
        assert!(unroll > 0, "a stretch needs at least 1 step");
        let stretches: Vec<Stretch> = (0..pieces.len())
            .flat_map(|piece| {
                let predictions = pieces.length(piece) - 1;
                (0..predictions).step_by(unroll).map(move |start| {
                    let steps = unroll.min(predictions - start);
                    Stretch { piece, start, steps }
                })
            })
            .collect();
        let deal = Deal::new(stretches.len(), rows, order)?;
        Some(Self { pieces, stretches, deal })
    }
}

impl Source for MusicBatches {
    fn windows(&self) -> u64 {
        self.deal.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        self.deal.open(epoch, window, batch, |item| self.stretches[item].steps);
        let positions = batch.shape.positions();
        batch.numbers.resize(positions * KEYS, 0.0);
        batch.values.targets.resize(positions * KEYS, 0.0);
        batch.values.positions.extend(0..positions as u32);
        for row in 0..batch.rows() {
            let Stretch { piece, start, steps } = self.stretches[batch.items[row]];
            for t in 0..steps {
                let first = (batch.shape.offset(t) + row) * KEYS;
                let strike = |roll: &mut [f32], step| {
                    for &key in self.pieces.keys(piece, step) {
                        roll[first + key as usize] = 1.0;
                    }
                };
                strike(&mut batch.numbers, start + t);
                strike(&mut batch.values.targets, start + t + 1);
            }
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.stretches.iter().map(|stretch| stretch.steps).max().unwrap_or(0), self.deal.rows())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::labelled::music::Music;

    fn pieces(text: &str) -> Pieces {
        Music::read(format!("{{\"train\": {text}}}").as_bytes(), Path::new("x.json")).unwrap().train
    }

    /// The (input, target) keys at each position.
    fn rolls(batch: &Batch) -> Vec<(Vec<usize>, Vec<usize>)> {
        let keys = |roll: &[f32]| (0..KEYS).filter(|&key| roll[key] == 1.0).collect();
        let pairs = batch.numbers.chunks(KEYS).zip(batch.values.targets.chunks(KEYS));
        pairs.map(|(input, target)| (keys(input), keys(target))).collect()
    }

    #[test]
    fn every_step_except_the_first_is_predicted_once() {
        let pieces = pieces("[[[1], [2, 3], [], [4]], [[9]], [[5], [6]]]");
        let whole = MusicBatches::new(pieces.clone(), usize::MAX, 9, Order::Once).unwrap();
        let mut batch = Batch::default();
        whole.fill(0, 0, &mut batch);
        assert_eq!((whole.windows(), whole.shape()), (1, (3, 2)));
        let of = |input: &[usize], target: &[usize]| (input.to_vec(), target.to_vec());
        assert_eq!(rolls(&batch), [of(&[1], &[2, 3]), of(&[5], &[6]), of(&[2, 3], &[]), of(&[], &[4])]);
        assert_eq!((&batch.values.positions[..], batch.scored()), (&[0, 1, 2, 3][..], 0));
        let cut = MusicBatches::new(pieces, 2, 9, Order::Once).unwrap();
        cut.fill(0, 0, &mut batch);
        assert_eq!((cut.shape(), &batch.items[..]), ((2, 3), &[0, 1, 2][..]));
        assert_eq!(rolls(&batch), [of(&[1], &[2, 3]), of(&[], &[4]), of(&[5], &[6]), of(&[2, 3], &[])]);
    }

    #[test]
    fn single_steps_predict_nothing() {
        assert!(MusicBatches::new(pieces("[[[20]], [[]]]"), 5, 2, Order::Once).is_none());
    }
}
