//! What a batch is like: its rows, what of them is scored, what looks filled up, how large its numbers are.

use crate::batch::{Batch, IGNORE};
use longspan_kernel::packed_shape::PackedShape;
use longspan_record::{BatchRecord, InputRecord};

/// Looks at batches; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct BatchLook {
    record: BatchRecord,
    /// Whether each row is scored somewhere.
    scored: Vec<bool>,
}

impl BatchLook {
    pub(super) fn record(&self) -> &BatchRecord {
        &self.record
    }

    /// Takes a batch. `pooled`: the readout sees one thing of each row, so that targets are those of rows.
    pub(super) fn see(&mut self, batch: &Batch, pooled: bool) {
        let (extent, encoded) = (&batch.extent, &batch.encoded);
        self.scored.clear();
        self.scored.resize(extent.rows(), false);
        let mut left = extent.rows();
        let mut mark = |row: usize| left -= usize::from(!std::mem::replace(&mut self.scored[row], true));
        if pooled {
            let rows = batch.targets.iter().enumerate().filter(|(_, target)| **target != IGNORE);
            rows.for_each(|(row, _)| mark(row));
            batch.values.positions.iter().for_each(|&row| mark(row as usize));
        } else if batch.values.positions.is_empty() {
            // Usually all rows are scored at the first step.
            for t in 0..extent.steps() {
                let targets = &batch.targets[extent.offset(t)..][..extent.rows_at(t)];
                targets
                    .iter()
                    .enumerate()
                    .filter(|(_, target)| **target != IGNORE)
                    .for_each(|(row, _)| mark(row));
            }
        } else {
            batch.values.positions.iter().for_each(|&position| mark(extent.position(position as usize).1));
        }
        self.record = BatchRecord {
            rows: extent.rows(),
            positions: extent.positions() + encoded.extent.positions(),
            unscored_rows: left,
            filled_positions: filled(extent, &batch.inputs, &batch.numbers)
                + filled(&encoded.extent, &encoded.inputs, &encoded.numbers),
            input: input(&batch.numbers, &encoded.numbers),
        };
    }
}

/// Places at the beginning or end of a row whose input is that of the place after them.
fn filled(extent: &PackedShape, tokens: &[u32], numbers: &[f32]) -> usize {
    let width = numbers.len() / extent.positions().max(1);
    let same = |a: usize, b: usize| match width {
        0 => tokens[a] == tokens[b],
        _ => numbers[a * width..][..width] == numbers[b * width..][..width],
    };
    let of_row = |row: usize| {
        let pairs = extent.length(row) - 1;
        let alike = |&t: &usize| same(extent.offset(t) + row, extent.offset(t + 1) + row);
        let first = (0..pairs).take_while(alike).count();
        first + (first..pairs).rev().take_while(alike).count()
    };
    (0..extent.rows()).map(of_row).sum()
}

/// Running sums: one alone would wait for itself.
const LANES: usize = 8;

/// Moments of the numbers of both; None without any.
fn input(numbers: &[f32], encoded: &[f32]) -> Option<InputRecord> {
    let count = (numbers.len() + encoded.len()) as f64;
    let (mut sums, mut squares, mut largest) = ([0.0; LANES], [0.0; LANES], [0.0f32; LANES]);
    for line in numbers.chunks(LANES).chain(encoded.chunks(LANES)) {
        for (l, &x) in line.iter().enumerate() {
            sums[l] += f64::from(x);
            squares[l] += f64::from(x) * f64::from(x);
            largest[l] = if x.abs() > largest[l] { x.abs() } else { largest[l] };
        }
    }
    (count > 0.0).then(|| InputRecord {
        mean: sums.iter().sum::<f64>() / count,
        rms: (squares.iter().sum::<f64>() / count).sqrt(),
        largest: f64::from(largest.into_iter().fold(0.0, f32::max)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fills_rows_up_is_counted_from_both_ends() {
        let mut batch = Batch::default();
        batch.reshape_to(&[6, 5, 2, 1]);
        // 0 0 0 7 7 7; 1 2 2 3 4; 5 5; 9: the middle of a row does not count, and a row of one value counts once.
        batch.inputs = vec![0, 1, 5, 9, 0, 2, 5, 0, 2, 7, 3, 7, 4, 7];
        batch.targets[0] = 1;
        batch.targets[6] = 1;
        let mut look = BatchLook::default();
        look.see(&batch, false);
        let expected = BatchRecord {
            rows: 4,
            positions: 14,
            unscored_rows: 2,
            filled_positions: 2 + 2 + 1,
            input: None,
        };
        assert_eq!(look.record(), &expected);
        batch.targets = vec![IGNORE, 3, 3, 3];
        look.see(&batch, true);
        assert_eq!(look.record().unscored_rows, 1);
    }

    #[test]
    fn numbers_have_moments() {
        let mut batch = Batch::default();
        batch.reshape(2, 2);
        batch.numbers = vec![1.0, -3.0, 2.0, 2.0, 1.0, -3.0, 2.0, 0.0];
        batch.values.positions = vec![1];
        let mut look = BatchLook::default();
        look.see(&batch, false);
        let expected = InputRecord { mean: 0.25, rms: 2.0, largest: 3.0 };
        assert_eq!(look.record().input, Some(expected));
        assert_eq!((look.record().unscored_rows, look.record().filled_positions), (1, 1));
    }
}
