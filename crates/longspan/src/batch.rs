//! Batches, and the sources that fill them.
//!
//! [`Sequences`] is a source of arrays in memory. Other data implement [`Source`]: they fill one [`Batch`] at a time.

pub mod balance;
pub mod deal;
mod permutation;
mod sequences;

use std::cmp::Reverse;

use longspan_kernel::packed_shape::PackedShape;

pub use deal::Order;
pub use sequences::{Inputs, Sequences, SequencesError, Targets};

/// A target that is not scored: it contributes neither loss nor gradient.
pub const IGNORE: u32 = u32::MAX;

/// One window of sequences: inputs and targets, stored by position.
///
/// A *position* is a pair of a step t and a row b, and its index is `shape.offset(t) + b`: step after step, each with
/// the rows that have it. Rows are sorted, longest first.
///
/// # Examples
/// Two rows of 3 and 2 steps, a number at each step, and a number to predict at each row's last step:
///
/// ```
/// use longspan::prelude::*;
///
/// let rows = [vec![0.1, 0.2, 0.3], vec![0.4, 0.5]];
/// let mut batch = Batch::default();
/// batch.reshape_to(&[3, 2]);
/// for (t, b) in (0..batch.shape.positions()).map(|index| batch.shape.position(index)) {
///     batch.numbers.push(rows[b][t]);
/// }
/// // The last step of row 1 is step 1, that of row 0 is step 2: positions are ascending.
/// for (t, b, target) in [(1, 1, -1.0), (2, 0, 1.0)] {
///     batch.values.positions.push((batch.shape.offset(t) + b) as u32);
///     batch.values.targets.push(target);
/// }
/// assert_eq!(batch.numbers, [0.1, 0.4, 0.2, 0.5, 0.3]);
/// assert_eq!(batch.values.positions, [3, 4]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The rows of each step.
    pub shape: PackedShape,
    /// The input token at each position; unused if the model reads numbers.
    pub inputs: Vec<u32>,
    /// The input numbers at each position, `[positions, D]`; unused if the model reads tokens.
    pub numbers: Vec<f32>,
    /// The class to predict at each position, or for each row if the readout pools; or [`IGNORE`].
    pub targets: Vec<u32>,
    /// Numbers to predict, instead of classes.
    pub values: Values,
    /// The input of an encoder; empty without one.
    pub encoded: Encoded,
    /// For each row, the index of the source's sequence, window or segment, if the source has a set of them.
    pub items: Vec<usize>,
    /// Whether the recurrent state carries over from the previous window. If not, rows start from the initial
    /// state.
    pub carry: bool,
    /// Global index of the window's first sample; row b is sample `first_sample + b` unless the source sorts
    /// its rows.
    pub first_sample: u64,
}

/// Numbers to predict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// The indices of the positions that have targets (see [`Batch`]), or of rows if the readout pools; ascending.
    pub positions: Vec<u32>,
    /// K targets per position.
    pub targets: Vec<f32>,
}

/// The input of an encoder: one sequence for each row of the batch. Its rows are sorted by their own lengths,
/// those of the batch by theirs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// The rows of each step.
    pub shape: PackedShape,
    /// The input token at each position; unused if the encoder reads numbers.
    pub inputs: Vec<u32>,
    /// The input numbers at each position, `[positions, D]`; unused if the encoder reads tokens.
    pub numbers: Vec<f32>,
    /// For each row of the batch, its row in the encoder's input: a permutation.
    pub rows: Vec<usize>,
}

impl Batch {
    /// Sets the shape to rows of equal length and clears the content; reuses the allocations.
    pub fn reshape(&mut self, steps: usize, rows: usize) {
        self.shape.set_even(steps, rows);
        self.items.clear();
        self.clear();
    }

    /// Does the same as [`Batch::reshape`] for rows of these lengths, longest first.
    pub fn reshape_to(&mut self, lengths: &[usize]) {
        self.shape.set_lengths(lengths);
        self.items.clear();
        self.clear();
    }

    /// Does the same as [`Batch::reshape`] for one row per item of `items` with the given lengths: longest
    /// first, items of equal length in ascending order.
    pub fn reshape_for(&mut self, items: impl Iterator<Item = usize>, length: impl Fn(usize) -> usize) {
        self.items.clear();
        self.items.extend(items);
        self.items.sort_unstable_by_key(|&item| (Reverse(length(item)), item));
        self.shape.set_lengths_of(self.items.len(), |row| length(self.items[row]));
        self.clear();
    }

    fn clear(&mut self) {
        let positions = self.shape.positions();
        self.inputs.clear();
        self.inputs.resize(positions, 0);
        self.targets.clear();
        self.targets.resize(positions, IGNORE);
        self.numbers.clear();
        self.values.positions.clear();
        self.values.targets.clear();
        self.encoded.shape.set_even(0, 0);
        self.encoded.inputs.clear();
        self.encoded.numbers.clear();
        self.encoded.rows.clear();
    }

    /// Number of steps of the longest row.
    pub fn steps(&self) -> usize {
        self.shape.steps()
    }

    /// Number of sequences.
    pub fn rows(&self) -> usize {
        self.shape.rows()
    }

    /// Number of targets that are scored.
    pub fn scored(&self) -> usize {
        self.targets.iter().filter(|&&t| t != IGNORE).count()
    }
}

/// Training or evaluation data as a pure function of epoch and window, so that a run resumes from two numbers.
///
/// The [example of the crate](crate) implements it; [`Sequences`] does for arrays in memory.
pub trait Source: Send + Sync {
    /// Number of windows per epoch.
    fn windows(&self) -> u64;
    /// Fills `batch` with window `window` (< [`Source::windows`]) of epoch `epoch`. The same arguments give
    /// the same batch. If the data can no longer be read, nothing in the batch is scored, and
    /// [`Source::failure`] says why.
    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch);
    /// Counts the targets of each of `classes` classes in one epoch.
    ///
    /// # Panics
    /// If a target is none of the classes.
    fn class_counts(&self, classes: usize) -> Vec<u64> {
        let (mut counts, mut batch) = (vec![0; classes], Batch::default());
        for window in 0..self.windows() {
            self.fill(0, window, &mut batch);
            let scored = batch.targets.iter().filter(|target| **target != IGNORE);
            scored.for_each(|&target| counts[target as usize] += 1);
        }
        counts
    }
    /// The largest `[steps, rows]` that [`Source::fill`] produces. Windows that carry the state on have this many rows.
    fn shape(&self) -> (usize, usize);
    /// The error that made a batch fail. Only data that are not in memory can fail.
    fn failure(&self) -> Option<&std::io::Error> {
        None
    }
}
