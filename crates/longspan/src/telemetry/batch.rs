//! Statistics of a batch: its rows, the scored share, possible padding, and the magnitude of its numbers.

use crate::batch::{Batch, IGNORE};
use longspan_kernel::packed_shape::PackedShape;
use longspan_record::{BatchRecord, InputRecord};

/// Collects statistics of batches and reuses its memory.
#[derive(Debug, Default)]
pub(super) struct BatchStatistics {
    record: BatchRecord,
    /// Whether each row has a scored position.
    scored: Vec<bool>,
}

impl BatchStatistics {
    pub(super) fn record(&self) -> &BatchRecord {
        &self.record
    }

    /// Reads a batch. `pooled`: the readout pools, so targets are per row.
    pub(super) fn add(&mut self, batch: &Batch, pooled: bool) {
        let (shape, encoded) = (&batch.shape, &batch.encoded);
        self.scored.clear();
        self.scored.resize(shape.rows(), false);
        let mut left = shape.rows();
        let mut mark = |row: usize| left -= usize::from(!std::mem::replace(&mut self.scored[row], true));
        if pooled {
            let rows = batch.targets.iter().enumerate().filter(|(_, target)| **target != IGNORE);
            rows.for_each(|(row, _)| mark(row));
            batch.values.positions.iter().for_each(|&row| mark(row as usize));
        } else if batch.values.positions.is_empty() {
            // Usually all rows are scored at the first step.
            for t in 0..shape.steps() {
                let targets = &batch.targets[shape.offset(t)..][..shape.rows_at(t)];
                targets
                    .iter()
                    .enumerate()
                    .filter(|(_, target)| **target != IGNORE)
                    .for_each(|(row, _)| mark(row));
            }
        } else {
            batch.values.positions.iter().for_each(|&position| mark(shape.position(position as usize).1));
        }
        self.record = BatchRecord {
            rows: shape.rows(),
            positions: shape.positions() + encoded.shape.positions(),
            unscored_rows: left,
            filled_positions: filled(shape, &batch.inputs, &batch.numbers)
                + filled(&encoded.shape, &encoded.inputs, &encoded.numbers),
            input: input(&batch.numbers, &encoded.numbers),
        };
    }
}

/// Counts positions at the beginning or end of a row whose input equals that of the adjacent position, if another row
/// begins or ends with the same input. Rows are padded with one value; sensors at rest each have their own.
fn filled(shape: &PackedShape, tokens: &[u32], numbers: &[f32]) -> usize {
    let width = numbers.len() / shape.positions().max(1);
    let same = |a: usize, b: usize| match width {
        0 => tokens[a] == tokens[b],
        _ => numbers[a * width..][..width] == numbers[b * width..][..width],
    };
    let position = |row: usize, t: usize| shape.offset(t) + row;
    let alike = |row: usize, t: usize| same(position(row, t), position(row, t + 1));
    // The ends of a row of at least two positions that repeat their neighbour: the first, the last.
    let ends = |row: usize| {
        let pairs = shape.length(row) - 1;
        let of = |pair: usize, end: usize| (pairs > 0 && alike(row, pair)).then(|| position(row, end));
        [of(0, 0), of(pairs.saturating_sub(1), pairs)]
    };
    let shared = |row: usize, end: usize| {
        let others = (0..shape.rows()).filter(|&other| other != row);
        others.flat_map(ends).flatten().any(|other| same(end, other))
    };
    let of_row = |row: usize| {
        let pairs = shape.length(row) - 1;
        let [begin, end] = ends(row).map(|end| end.is_some_and(|end| shared(row, end)));
        let first = if begin { (0..pairs).take_while(|&t| alike(row, t)).count() } else { 0 };
        first + if end { (first..pairs).rev().take_while(|&t| alike(row, t)).count() } else { 0 }
    };
    (0..shape.rows()).map(of_row).sum()
}

/// Number of independent partial sums, which the processor can add in parallel.
const LANES: usize = 8;

/// Returns the moments of the numbers of both; None without numbers.
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
    fn padding_is_counted_from_both_ends() {
        let mut batch = Batch::default();
        batch.reshape_to(&[6, 5, 2, 1]);
        // 0 0 0 7 7 7; 1 2 2 7 7; 5 5; 9: repeats in the middle of a row do not count, nor do ends that no other row has.
        batch.inputs = vec![0, 1, 5, 9, 0, 2, 5, 0, 2, 7, 7, 7, 7, 7];
        batch.targets[0] = 1;
        batch.targets[6] = 1;
        let mut statistics = BatchStatistics::default();
        statistics.add(&batch, false);
        let expected =
            BatchRecord { rows: 4, positions: 14, unscored_rows: 2, filled_positions: 2 + 1, input: None };
        assert_eq!(statistics.record(), &expected);
        // A row of one value counts once: 7 7.
        (batch.inputs[2], batch.inputs[6]) = (7, 7);
        statistics.add(&batch, false);
        assert_eq!(statistics.record().filled_positions, 2 + 1 + 1);
        batch.targets = vec![IGNORE, 3, 3, 3];
        statistics.add(&batch, true);
        assert_eq!(statistics.record().unscored_rows, 1);
    }

    #[test]
    fn numbers_have_moments() {
        let mut batch = Batch::default();
        batch.reshape(2, 2);
        batch.numbers = vec![1.0, -3.0, 2.0, 2.0, 1.0, -3.0, 2.0, 0.0];
        batch.values.positions = vec![1];
        let mut statistics = BatchStatistics::default();
        statistics.add(&batch, false);
        let expected = InputRecord { mean: 0.25, rms: 2.0, largest: 3.0 };
        assert_eq!(statistics.record().input, Some(expected));
        // One row rests, but no other row ends with its values.
        assert_eq!((statistics.record().unscored_rows, statistics.record().filled_positions), (1, 0));
    }
}
