//! Positions that are scored in training.
//!
//! [`LossMask::Last`] scores one position of each row: the end of a labelled sequence, otherwise the last position of
//! the window that the data score. [`LossMask::All`] scores every position: a labelled sequence has its label at each
//! step (target replication), other data score what they always do. Evaluation always scores the positions of the data,
//! whatever training used.
//!
//! # References
//! Target replication: Lipton, Kale, Elkan, Wetzel, "Learning to diagnose with LSTM recurrent neural networks", ICLR 2016.

use std::sync::{Mutex, PoisonError};

use longspan::batch::{Batch, IGNORE, Source};

/// Scored positions, see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossMask {
    /// One position of each row.
    Last,
    /// All positions.
    All,
}

longspan::option_names!(LossMask, "mask": Last = "last", All = "all");

/// The readout sees the mean of a row, so steps cannot be scored one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a readout of the mean of a row has one prediction and cannot score every position")]
pub struct MeanMask;

/// A source that scores only the last scored position of each row.
pub struct LastScored {
    source: Box<dyn Source>,
    /// Rows whose last position was found, kept to avoid allocations.
    seen: Mutex<Vec<bool>>,
}

impl LastScored {
    /// Wraps a source.
    pub fn new(source: Box<dyn Source>) -> Self {
        Self { source, seen: Mutex::default() }
    }
}

impl Source for LastScored {
    fn windows(&self) -> u64 {
        self.source.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        self.source.fill(epoch, window, batch);
        let Batch { shape, targets, values, .. } = batch;
        // The content is overwritten, so a panic of another thread does no harm.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clear();
        seen.resize(shape.rows(), false);
        // Otherwise there is one target per row already.
        if targets.len() == shape.positions() {
            for (position, target) in targets.iter_mut().enumerate().rev().filter(|(_, t)| **t != IGNORE) {
                let (_, row) = shape.position(position);
                if std::mem::replace(&mut seen[row], true) {
                    *target = IGNORE;
                }
            }
        }
        seen.fill(false);
        let width = values.targets.len() / values.positions.len().max(1);
        // The kept positions move to the end, in order.
        let mut kept = values.positions.len();
        for i in (0..values.positions.len()).rev() {
            let (_, row) = shape.position(values.positions[i] as usize);
            if !std::mem::replace(&mut seen[row], true) {
                kept -= 1;
                values.positions[kept] = values.positions[i];
                values.targets.copy_within(i * width..(i + 1) * width, kept * width);
            }
        }
        values.positions.drain(..kept);
        values.targets.drain(..kept * width);
    }

    fn shape(&self) -> (usize, usize) {
        self.source.shape()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 3, 2 and 1 steps.
    struct Ragged {
        targets: Vec<u32>,
        positions: Vec<u32>,
    }

    impl Source for Ragged {
        fn windows(&self) -> u64 {
            1
        }

        fn fill(&self, _: u64, _: u64, batch: &mut Batch) {
            batch.reshape_to(&[3, 2, 1]);
            batch.targets.clone_from(&self.targets);
            batch.values.positions.clone_from(&self.positions);
            batch.values.targets.extend(self.positions.iter().flat_map(|&p| [p as f32, -(p as f32)]));
        }

        fn shape(&self) -> (usize, usize) {
            (3, 3)
        }
    }

    #[test]
    fn each_row_keeps_its_last_scored_position() {
        let masked = |targets: &[u32], positions: &[u32]| {
            let ragged = Ragged { targets: targets.to_vec(), positions: positions.to_vec() };
            let (source, mut batch) = (LastScored::new(Box::new(ragged)), Batch::default());
            source.fill(0, 0, &mut batch);
            (batch.targets, batch.values)
        };
        let i = IGNORE;
        // Positions: rows 0, 1, 2 of step 0, rows 0, 1 of step 1, row 0 of step 2. The end of row 0 is not scored.
        let (targets, values) = masked(&[1, 2, 3, 4, 5, i], &[0, 1, 2, 3, 5]);
        assert_eq!(targets, [i, i, 3, 4, 5, i]);
        assert_eq!(
            (&values.positions[..], &values.targets[..]),
            (&[1, 2, 5][..], &[1., -1., 2., -2., 5., -5.][..])
        );
        // Targets per row stay, and so does a window without targets.
        assert_eq!(masked(&[1, 2, 3], &[0, 1, 2]).0, [1, 2, 3]);
        let (targets, values) = masked(&[i; 6], &[]);
        assert_eq!((targets, values.positions.len()), (vec![i; 6], 0));
    }
}
