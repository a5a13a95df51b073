//! A task for an encoder and a decoder: what is read before the first scored step goes to the encoder, and the decoder says
//! what is scored.
//!
//! ```text
//! reversal   encoder reads   x_1 … x_N
//!            decoder reads   start  x_N … x_2        predicts   x_N … x_1
//! ```
//!
//! The decoder reads what it should have said before (teacher forcing), first `<eos>`, and predicts the tokens that it reads.
//! Sample i is that of [`Samples`]; what its scored steps read is left out, so that the task has to be one in which they read
//! nothing but blanks.

use std::sync::{Mutex, PoisonError};

use super::samples::{FIRST, Samples};
use crate::vocabulary::END_OF_LINE;
use longspan::batch::{Batch, IGNORE, Source};

/// Samples of a task as pairs of sequences, see the module.
pub struct Pairs {
    samples: Samples,
    start: u32,
    /// The window as one sequence a row, and the steps of the encoder's and the decoder's rows.
    scratch: Mutex<(Batch, [Vec<usize>; 2])>,
}

impl Pairs {
    /// Pairs of these samples.
    ///
    /// # Panics
    /// If the task does not read tokens.
    pub fn new(samples: Samples) -> Self {
        let words = samples.task().words().expect("a task of tokens");
        let start = words.id(END_OF_LINE).expect("every vocabulary of words ends lines");
        Self { samples, start, scratch: Mutex::default() }
    }
}

impl Source for Pairs {
    fn windows(&self) -> u64 {
        self.samples.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        // Whatever a panic left there is overwritten.
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let (whole, [read, said]) = &mut *scratch;
        self.samples.fill(epoch, window, whole);
        let extent = &whole.extent;
        read.clear();
        read.extend((0..extent.rows()).map(|row| {
            let steps = 0..extent.length(row);
            let scored = |&t: &usize| whole.targets[extent.offset(t) + row] != IGNORE;
            steps.clone().find(scored).unwrap_or(steps.end)
        }));
        said.clear();
        said.extend(read.iter().enumerate().map(|(row, read)| extent.length(row) - read));
        // Longer samples read more and say more: both have their rows in the same order.
        batch.reshape_to(said);
        (batch.carry, batch.first_sample) = (false, whole.first_sample);
        let encoded = &mut batch.encoded;
        encoded.extent.set_lengths(read);
        encoded.inputs.resize(encoded.extent.positions(), 0);
        encoded.rows.extend(0..read.len());
        for row in 0..read.len() {
            for t in 0..read[row] {
                encoded.inputs[encoded.extent.offset(t) + row] = whole.inputs[extent.offset(t) + row];
            }
            let mut before = self.start;
            for t in 0..said[row] {
                let position = batch.extent.offset(t) + row;
                let token = FIRST + whole.targets[extent.offset(read[row] + t) + row];
                (batch.inputs[position], batch.targets[position]) = (before, token);
                before = token;
            }
        }
    }

    fn shape(&self) -> (usize, usize) {
        let (steps, rows) = self.samples.shape();
        (steps - self.samples.read(), rows)
    }
}
