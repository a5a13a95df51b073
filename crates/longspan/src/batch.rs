//! Sources and the batches they fill.

pub mod balance;

/// A target that is not scored: it adds neither loss nor gradient.
pub const IGNORE: u32 = u32::MAX;

use std::cmp::Reverse;

use longspan_kernel::packed_shape::PackedShape;

/// One window of sequences: what goes in and what should come out, both in the order of the extent.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Which rows there are at each step.
    pub extent: PackedShape,
    /// Token that is read at each place; unused by a model of numbers.
    pub inputs: Vec<u32>,
    /// What is read at each place, `[positions, D]`; unused by a model of tokens.
    pub numbers: Vec<f32>,
    /// Class to predict at each place, or of each row where the readout sees one thing of it; or [`IGNORE`].
    pub targets: Vec<u32>,
    /// Numbers to predict instead of classes.
    pub values: Values,
    /// What an encoder reads before; empty without one.
    pub encoded: Encoded,
    /// Which of the source's sequences, windows or stretches each row is, where it has a set of them.
    pub items: Vec<usize>,
    /// Whether the recurrent state carries over from the previous window; if not, it starts fresh.
    pub carry: bool,
    /// Global index of the window's first sample; row b is sample `first_sample + b` unless the source sorts its rows.
    pub first_sample: u64,
}

/// Numbers to predict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// The places, or rows where the readout sees one thing of each, that have any; ascending.
    pub positions: Vec<u32>,
    /// K of each of them.
    pub targets: Vec<f32>,
}

/// What an encoder reads, a sequence for each row of the batch. Its rows are sorted by their own lengths, those of the batch by
/// theirs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// Which rows there are at each step.
    pub extent: PackedShape,
    /// Token that is read at each place; unused where numbers are read.
    pub inputs: Vec<u32>,
    /// What is read at each place, `[positions, D]`; unused where tokens are read.
    pub numbers: Vec<f32>,
    /// Which row here is that of each row of the batch: a permutation.
    pub rows: Vec<usize>,
}

impl Batch {
    /// Sets the shape to rows of the same length and clears the content; keeps the allocation.
    pub fn reshape(&mut self, steps: usize, rows: usize) {
        self.extent.set_even(steps, rows);
        self.items.clear();
        self.clear();
    }

    /// As [`Batch::reshape`] for rows of these lengths, longest first.
    pub fn reshape_to(&mut self, lengths: &[usize]) {
        self.extent.set_lengths(lengths);
        self.items.clear();
        self.clear();
    }

    /// As [`Batch::reshape`] for a row of each of `items`, which have these lengths: longest first, equally long ones in
    /// ascending order.
    pub fn reshape_for(&mut self, items: impl Iterator<Item = usize>, length: impl Fn(usize) -> usize) {
        self.items.clear();
        self.items.extend(items);
        self.items.sort_unstable_by_key(|&item| (Reverse(length(item)), item));
        self.extent.set_lengths_of(self.items.len(), |row| length(self.items[row]));
        self.clear();
    }

    fn clear(&mut self) {
        let positions = self.extent.positions();
        self.inputs.clear();
        self.inputs.resize(positions, 0);
        self.targets.clear();
        self.targets.resize(positions, IGNORE);
        self.numbers.clear();
        self.values.positions.clear();
        self.values.targets.clear();
        self.encoded.extent.set_even(0, 0);
        self.encoded.inputs.clear();
        self.encoded.numbers.clear();
        self.encoded.rows.clear();
    }

    /// Steps of the longest row.
    pub fn steps(&self) -> usize {
        self.extent.steps()
    }

    /// Sequences.
    pub fn rows(&self) -> usize {
        self.extent.rows()
    }

    /// Number of targets that are scored.
    pub fn scored(&self) -> usize {
        self.targets.iter().filter(|&&t| t != IGNORE).count()
    }
}

/// Training or evaluation data as a pure function of the position: resuming needs nothing but two numbers.
pub trait Source: Send + Sync {
    /// Windows in one pass.
    fn windows(&self) -> u64;
    /// Fills `batch` with window `window` (< [`Source::windows`]) of pass `epoch`. The same arguments give the same batch.
    /// Where the data cannot be read any more nothing in it is scored, and [`Source::failure`] says why.
    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch);
    /// How often each of `classes` classes is asked for in one pass.
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
    /// Largest `[steps, rows]` that [`Source::fill`] produces; what is trained on has this many rows in every window.
    fn shape(&self) -> (usize, usize);
    /// Why a batch could not be filled, once that has happened: only data that are not in memory can fail.
    fn failure(&self) -> Option<&std::io::Error> {
        None
    }
}
