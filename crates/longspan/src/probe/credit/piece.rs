//! Parts of a batch: some of its steps, or some of its targets.

use std::ops::Range;

use crate::batch::{Batch, IGNORE, Values};
use crate::bptt::State;
use crate::cell::Real;
use crate::model::Model;
use longspan_kernel::packed_shape::PackedShape;

/// Returns the scored steps of each row, ascending.
pub(super) fn scored_steps(batch: &Batch) -> Vec<Vec<usize>> {
    let mut steps = vec![Vec::new(); batch.rows()];
    let mut positions: Vec<usize> = crate::lag::anchors::scored(batch).collect();
    positions.sort_unstable();
    positions.dedup();
    for position in positions {
        let (t, row) = batch.shape.position(position);
        steps[row].push(t);
    }
    steps
}

/// Returns steps `first..first + steps` of a batch, with the rows that have them.
pub(super) fn piece(batch: &Batch, first: usize, steps: usize) -> Batch {
    let shape = &batch.shape;
    let steps = steps.min(shape.steps() - first);
    let mut piece = Batch { carry: batch.carry, first_sample: batch.first_sample, ..Batch::default() };
    piece.shape.set_lengths_of(shape.rows_at(first), |row| steps.min(shape.length(row) - first));
    let (from, to) = (shape.offset(first), shape.offset(first + steps));
    let part = |len: usize| (from * len / shape.positions(), to * len / shape.positions());
    let slice = |all: &[u32]| {
        let (from, to) = part(all.len());
        all[from..to].to_vec()
    };
    (piece.inputs, piece.targets) = (slice(&batch.inputs), slice(&batch.targets));
    let (numbers_from, numbers_to) = part(batch.numbers.len());
    piece.numbers = batch.numbers[numbers_from..numbers_to].to_vec();
    keep_values(&batch.values, &mut piece.values, |position| {
        (from..to).contains(&position).then(|| position - from)
    });
    piece
}

/// Returns the same inputs with only the target at each row's anchor.
pub(super) fn alone(batch: &Batch, anchors: &[Option<usize>]) -> Batch {
    let mut alone = batch.clone();
    alone.targets.fill(IGNORE);
    let anchored = |position: usize| {
        let (t, row) = batch.shape.position(position);
        anchors[row] == Some(t)
    };
    for (row, t) in anchors.iter().enumerate().filter_map(|(row, anchor)| Some((row, (*anchor)?))) {
        let position = batch.shape.offset(t) + row;
        if let Some(target) = batch.targets.get(position) {
            alone.targets[position] = *target;
        }
    }
    alone.values = Values::default();
    keep_values(&batch.values, &mut alone.values, |position| anchored(position).then_some(position));
    alone
}

/// Keeps the values whose position `position_of` maps to a new position.
fn keep_values(from: &Values, to: &mut Values, position_of: impl Fn(usize) -> Option<usize>) {
    let width = from.targets.len() / from.positions.len().max(1);
    for (i, &position) in from.positions.iter().enumerate() {
        if let Some(position) = position_of(position as usize) {
            to.positions.push(position as u32);
            to.targets.extend(&from.targets[i * width..][..width]);
        }
    }
}

/// Returns the inputs of the first steps of one row.
pub(super) fn one_row(batch: &Batch, row: usize, steps: usize) -> Batch {
    let mut one = Batch { shape: PackedShape::even(steps, 1), ..Batch::default() };
    let width = batch.numbers.len() / batch.shape.positions();
    for position in (0..steps).map(|t| batch.shape.offset(t) + row) {
        one.inputs.extend(batch.inputs.get(position));
        one.numbers.extend(&batch.numbers[position * width..(position + 1) * width]);
    }
    one.targets.resize(steps, IGNORE);
    one
}

/// Returns the state of some rows.
pub(super) fn state_of<R: Real>(model: &Model<R>, state: &State<R>, rows: Range<usize>) -> State<R> {
    let hidden = model.spec().hidden;
    let all = state.rows(hidden);
    let mut some = model.zero_state(rows.len());
    for layer in 0..state.layers() {
        let parts = state.layer(layer).chunks(all * hidden);
        let to = some.layer_mut(layer).chunks_mut(rows.len() * hidden);
        to.zip(parts)
            .for_each(|(to, part)| to.copy_from_slice(&part[rows.start * hidden..rows.end * hidden]));
    }
    some
}

/// Returns the number of scored targets.
pub(super) fn scored(batch: &Batch) -> usize {
    batch.scored() + batch.values.positions.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ragged() -> Batch {
        let mut batch = Batch::default();
        batch.reshape_to(&[4, 3, 1]);
        batch.inputs = (0..8).collect();
        batch.numbers = (0..16).map(|i| i as f32).collect();
        batch.targets = vec![IGNORE, 11, 12, 13, IGNORE, 15, 16, 17];
        batch.values = Values { positions: vec![2, 4, 7], targets: vec![1.0, 2.0, 3.0] };
        batch
    }

    #[test]
    fn a_piece_has_the_steps_and_rows_that_are_left() {
        // Positions by step: 0 1 2 | 3 4 | 5 6 | 7.
        let piece = piece(&ragged(), 1, 2);
        assert_eq!((piece.steps(), piece.rows(), piece.shape.positions()), (2, 2, 4));
        assert_eq!((piece.inputs, piece.targets), (vec![3, 4, 5, 6], vec![13, IGNORE, 15, 16]));
        assert_eq!(piece.numbers, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0]);
        assert_eq!(piece.values, Values { positions: vec![1], targets: vec![2.0] });
        let last = super::piece(&ragged(), 3, 2);
        assert_eq!((last.steps(), last.rows(), last.inputs), (1, 1, vec![7]));
    }

    #[test]
    fn anchors_alone_are_scored() {
        let batch = ragged();
        assert_eq!(scored_steps(&batch), [vec![1, 2, 3], vec![0, 1, 2], vec![0]]);
        let alone = alone(&batch, &[Some(2), Some(1), None]);
        assert_eq!(alone.targets, [IGNORE, IGNORE, IGNORE, IGNORE, IGNORE, 15, IGNORE, IGNORE]);
        assert_eq!(alone.values, Values { positions: vec![4], targets: vec![2.0] });
        assert_eq!((scored(&batch), scored(&alone)), (9, 2));
    }
}
