//! The anchor of each row: the step whose loss is followed back.

use crate::batch::{Batch, IGNORE};
use crate::model::pooling::Pooling;
use longspan_kernel::rng::{Key, Purpose};

/// The layer of [`Key`] for anchors in training. A probe draws with layer 0.
const TRAINING: u32 = 1;

/// Returns the positions that are scored, or the rows if the readout pools; ascending.
pub(crate) fn scored(batch: &Batch) -> impl Iterator<Item = usize> {
    let classes = batch.targets.iter().enumerate().filter(|(_, target)| **target != IGNORE).map(|(at, _)| at);
    // A batch has classes or numbers to predict.
    classes.chain(batch.values.positions.iter().map(|&at| at as usize))
}

/// Draws anchors in training and reuses its memory.
#[derive(Debug, Default)]
pub(crate) struct Anchors {
    /// The anchor of each row, if it is scored.
    of_rows: Vec<Option<usize>>,
    /// For each row the number of its scored steps, then how many of them come before the anchor.
    counts: Vec<usize>,
}

impl Anchors {
    /// Reserves memory for batches of this many rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.of_rows.clear();
        self.counts.clear();
        self.of_rows.reserve(rows);
        self.counts.reserve(rows);
    }

    /// The anchors that were drawn last.
    pub(crate) fn of_rows(&self) -> &[Option<usize>] {
        &self.of_rows
    }

    /// Draws one anchor per scored row: its only scored step, or one of the last quarter of its scored steps
    /// (n of them: of the last ⌈n/4⌉), so that every row has lags of three quarters of its steps. If the
    /// readout pools, a row is scored once, at its end. The draw is a function of seed, step and sample.
    pub(crate) fn draw(&mut self, batch: &Batch, pool: Pooling, seed: u64, step: u64) -> &[Option<usize>] {
        let shape = &batch.shape;
        self.of_rows.clear();
        self.of_rows.resize(shape.rows(), None);
        if pool != Pooling::Last {
            scored(batch).for_each(|row| self.of_rows[row] = Some(shape.length(row) - 1));
            return &self.of_rows;
        }
        self.counts.clear();
        self.counts.resize(shape.rows(), 0);
        scored(batch).for_each(|position| self.counts[shape.position(position).1] += 1);
        let key = Key::new(seed, Purpose::Probe, TRAINING, step);
        for (row, count) in self.counts.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            let quarter = count.div_ceil(4) as u32;
            let back = key.stream(0, batch.first_sample + row as u64).below(quarter);
            *count -= 1 + back as usize;
        }
        for position in scored(batch) {
            let (t, row) = shape.position(position);
            match self.counts[row].checked_sub(1) {
                Some(left) => self.counts[row] = left,
                None if self.of_rows[row].is_none() => self.of_rows[row] = Some(t),
                None => {}
            }
        }
        &self.of_rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_the_only_scored_step_or_one_of_the_last_quarter() {
        let mut batch = Batch::default();
        batch.reshape_to(&[40, 20, 9, 1]);
        batch.targets.fill(3);
        // Row 1 is scored at step 7 only, row 2 nowhere.
        for t in 0..20 {
            let position = batch.shape.offset(t) + 1;
            batch.targets[position] = if t == 7 { 3 } else { IGNORE };
        }
        (0..9).for_each(|t| batch.targets[batch.shape.offset(t) + 2] = IGNORE);
        let (mut anchors, mut seen) = (Anchors::default(), [false; 40]);
        for step in 0..400 {
            let drawn = anchors.draw(&batch, Pooling::Last, 5, step).to_vec();
            assert_eq!(drawn, anchors.draw(&batch, Pooling::Last, 5, step), "the same key");
            assert_eq!(drawn[1..], [Some(7), None, Some(0)]);
            seen[drawn[0].expect("a scored row")] = true;
        }
        assert!(seen[..30].iter().all(|seen| !seen) && seen[30..].iter().all(|&seen| seen), "{seen:?}");
        batch.targets = vec![3, 3, IGNORE, 3];
        let drawn = anchors.draw(&batch, Pooling::BothEnds, 5, 1);
        assert_eq!(drawn, [Some(39), Some(19), None, Some(0)]);
    }
}
