//! Tasks for an encoder and a decoder: the encoder reads the steps before the first scored one, and the decoder
//! predicts the targets.
//!
//! ```text
//! reversal   encoder reads   x_1 … x_N
//!            decoder reads   start  x_N … x_2        predicts   x_N … x_1
//! ```
//!
//! The decoder reads the previous targets (teacher forcing), beginning with `<eos>`, and its classes are tokens. Sample
//! i is that of [`Samples`] without the inputs of the scored steps, so the task must have only blanks there.

use std::sync::{Mutex, PoisonError};

use super::definition::FIRST;
use super::samples::Samples;
use crate::vocabulary::END_OF_LINE;
use longspan::batch::{Batch, IGNORE, Source};

/// Samples of a task as pairs of sequences, see the module.
pub struct Pairs {
    samples: Samples,
    start: u32,
    /// The window with one sequence per row, and the numbers of steps of the encoder's and the decoder's rows.
    scratch: Mutex<(Batch, [Vec<usize>; 2])>,
}

impl Pairs {
    /// Makes pairs of the samples.
    ///
    /// # Panics
    /// If the task does not read tokens.
    pub fn new(samples: Samples) -> Self {
        let words = samples.task().words().expect("the task reads tokens");
        let start = words.id(END_OF_LINE).expect("a vocabulary of words has <eos>");
        Self { samples, start, scratch: Mutex::default() }
    }
}

impl Source for Pairs {
    fn windows(&self) -> u64 {
        self.samples.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        // The content is overwritten, so a panic of another thread does no harm.
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let (whole, [read, predicted]) = &mut *scratch;
        self.samples.fill(epoch, window, whole);
        let shape = &whole.shape;
        read.clear();
        read.extend((0..shape.rows()).map(|row| {
            let steps = 0..shape.length(row);
            let scored = |&t: &usize| whole.targets[shape.offset(t) + row] != IGNORE;
            steps.clone().find(scored).unwrap_or(steps.end)
        }));
        predicted.clear();
        predicted.extend(read.iter().enumerate().map(|(row, read)| shape.length(row) - read));
        // A longer sample has more inputs and more targets, so both have the same order of rows.
        batch.reshape_to(predicted);
        (batch.carry, batch.first_sample) = (false, whole.first_sample);
        let encoded = &mut batch.encoded;
        encoded.shape.set_lengths(read);
        encoded.inputs.resize(encoded.shape.positions(), 0);
        encoded.rows.extend(0..read.len());
        for row in 0..read.len() {
            for t in 0..read[row] {
                encoded.inputs[encoded.shape.offset(t) + row] = whole.inputs[shape.offset(t) + row];
            }
            let mut before = self.start;
            for t in 0..predicted[row] {
                let position = batch.shape.offset(t) + row;
                let token = FIRST + whole.targets[shape.offset(read[row] + t) + row];
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
