//! Which places are scored in training.
//!
//! [`LossMask::Last`] scores one place of a row: of a labelled sequence its end, elsewhere the last one that the data score in a
//! window. [`LossMask::All`] scores every place: of a labelled sequence each with its label (target replication), elsewhere
//! those that the data score. Evaluation asks what the data ask, whatever was trained on.
//!
//! # References
//! Target replication: Lipton, Kale, Elkan, Wetzel, "Learning to diagnose with LSTM recurrent neural networks", ICLR 2016.

use std::sync::{Mutex, PoisonError};

use longspan::batch::{Batch, IGNORE, Source};

/// Which places are scored, see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossMask {
    /// One of each row.
    Last,
    /// All.
    All,
}

longspan::option_names!(LossMask, "mask": Last = "last", All = "all");

/// A readout that sees the mean of a row has no place of its own for every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mean of a row is scored once, and has no place of its own at every step")]
pub struct MeanMask;

/// A source of which each row of a window keeps its last scored place alone.
pub struct LastScored {
    source: Box<dyn Source>,
    /// Rows that have had their place, kept so that none is allocated again.
    seen: Mutex<Vec<bool>>,
}

impl LastScored {
    /// The windows of `source`.
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
        let Batch { extent, targets, values, .. } = batch;
        // Whatever a panic left there is overwritten.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clear();
        seen.resize(extent.rows(), false);
        // Targets of rows are one of each already.
        if targets.len() == extent.positions() {
            for (position, target) in targets.iter_mut().enumerate().rev().filter(|(_, t)| **t != IGNORE) {
                let (_, row) = extent.position(position);
                if std::mem::replace(&mut seen[row], true) {
                    *target = IGNORE;
                }
            }
        }
        seen.fill(false);
        let width = values.targets.len() / values.positions.len().max(1);
        // What is kept moves to the end, in its order.
        let mut kept = values.positions.len();
        for i in (0..values.positions.len()).rev() {
            let (_, row) = extent.position(values.positions[i] as usize);
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
    fn each_row_keeps_its_last_scored_place() {
        let masked = |targets: &[u32], positions: &[u32]| {
            let ragged = Ragged { targets: targets.to_vec(), positions: positions.to_vec() };
            let (source, mut batch) = (LastScored::new(Box::new(ragged)), Batch::default());
            source.fill(0, 0, &mut batch);
            (batch.targets, batch.values)
        };
        let i = IGNORE;
        // Places: rows 0, 1, 2 of step 0, rows 0, 1 of step 1, row 0 of step 2. Row 0 is not scored at its end.
        let (targets, values) = masked(&[1, 2, 3, 4, 5, i], &[0, 1, 2, 3, 5]);
        assert_eq!(targets, [i, i, 3, 4, 5, i]);
        assert_eq!(
            (&values.positions[..], &values.targets[..]),
            (&[1, 2, 5][..], &[1., -1., 2., -2., 5., -5.][..])
        );
        // Targets of rows stay, and so does a window that asks nothing.
        assert_eq!(masked(&[1, 2, 3], &[0, 1, 2]).0, [1, 2, 3]);
        let (targets, values) = masked(&[i; 6], &[]);
        assert_eq!((targets, values.positions.len()), (vec![i; 6], 0));
    }
}
