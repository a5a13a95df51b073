//! The definition of a task: what it reads and predicts, and how a sample is written.

use super::lengths::Lengths;
use crate::vocabulary::Vocabulary;
use longspan::batch::Batch;
use longspan::model::head::ValueLoss;
use longspan::model::{InputSpec, OutputSpec};
use longspan_kernel::rng::Stream;

/// Token of the first symbol: a vocabulary begins with `<unk>` and `<eos>`.
pub(super) const FIRST: u32 = 2;

/// Input of a step.
pub(super) enum Reads {
    /// One of these symbols, separated by spaces.
    Symbols(&'static str),
    /// This many numbers.
    Numbers(usize),
}

/// Output of a task.
pub(super) enum Predicts {
    /// One of this many classes.
    Classes(usize),
    /// A number at the last step of a sample, with the squared error as its loss.
    Value,
}

/// A task. All its properties are functions of the length N, which each task defines.
pub struct Task {
    pub(super) name: &'static str,
    /// Number that separates its random numbers from those of other tasks.
    pub(super) layer: u32,
    pub(super) reads: Reads,
    pub(super) predicts: Predicts,
    pub(super) shortest: usize,
    pub(super) steps: fn(usize) -> usize,
    pub(super) dependency: fn(usize) -> usize,
    /// Number of scored positions of a sample.
    pub(super) scored: fn(usize) -> usize,
    /// Baseline loss of a sample, summed over its scored positions: the best prediction without inputs.
    pub(super) baseline: fn(usize) -> f64,
    pub(super) write: fn(usize, &mut Stream, &mut Row<'_>),
}

impl Task {
    /// Name of the task.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Input specification of a model. `embedding` is the width of the embedding of tokens.
    pub fn input(&self, embedding: usize) -> InputSpec {
        match self.reads {
            Reads::Symbols(_) => InputSpec::Tokens { vocabulary: self.tokens(), embedding },
            Reads::Numbers(width) => InputSpec::Numbers { width },
        }
    }

    /// Output specification of a model.
    pub fn output(&self) -> OutputSpec {
        match self.predicts {
            Predicts::Classes(count) => OutputSpec::Classes { count, tied: false },
            Predicts::Value => OutputSpec::Values { width: 1, loss: ValueLoss::Squared },
        }
    }

    /// Vocabulary of the symbols; None for a task of numbers.
    pub fn words(&self) -> Option<Vocabulary> {
        match self.reads {
            Reads::Symbols(symbols) => Some(Vocabulary::of_words(symbols.split(' '))),
            Reads::Numbers(_) => None,
        }
    }

    fn tokens(&self) -> usize {
        match self.reads {
            Reads::Symbols(symbols) => FIRST as usize + symbols.split(' ').count(),
            Reads::Numbers(_) => 0,
        }
    }

    /// Number of steps of a sample of length N.
    pub fn steps(&self, length: usize) -> usize {
        (self.steps)(length)
    }

    /// Most steps between an input and a prediction that needs it. Some dependencies of a sample may be shorter.
    pub fn dependency_length(&self, length: usize) -> usize {
        (self.dependency)(length)
    }

    /// Number of scored positions of a sample of length N.
    pub fn scored(&self, length: usize) -> usize {
        (self.scored)(length)
    }

    /// Whether each sample has a single prediction, at its last step.
    pub fn predicts_once(&self) -> bool {
        [self.shortest, self.shortest + 1].into_iter().all(|length| self.scored(length) == 1)
    }

    /// Baseline loss per scored position, in nats or as a squared error: that of the best prediction from the position
    /// alone, without inputs.
    pub fn chance_loss(&self, lengths: Lengths) -> f64 {
        let loss: f64 = lengths.all().map(self.baseline).sum();
        loss / lengths.all().map(self.scored).sum::<usize>() as f64
    }
}

/// A sample as a row of a batch.
pub(super) struct Row<'a> {
    pub(super) batch: &'a mut Batch,
    pub(super) row: usize,
    /// The last step of the sample.
    pub(super) last: usize,
    /// Whether the readout pools each row.
    pub(super) pooled: bool,
}

impl Row<'_> {
    fn position(&self, t: usize) -> usize {
        assert!(t <= self.last, "step {t} of {}", self.last + 1);
        self.batch.shape.offset(t) + self.row
    }

    /// Sets the symbol that step t reads, from 0.
    pub(super) fn read(&mut self, t: usize, symbol: u32) {
        let position = self.position(t);
        self.batch.inputs[position] = FIRST + symbol;
    }

    /// Sets the numbers that step t reads.
    pub(super) fn read_numbers<const D: usize>(&mut self, t: usize, numbers: [f32; D]) {
        let position = self.position(t);
        self.batch.numbers[position * D..][..D].copy_from_slice(&numbers);
    }

    /// Index of the prediction of step t.
    fn seen(&self, t: usize) -> usize {
        assert!(!self.pooled || t == self.last, "a prediction at step {t} from all of {}", self.last + 1);
        if self.pooled { self.row } else { self.position(t) }
    }

    /// Sets the class that step t predicts.
    pub(super) fn predict(&mut self, t: usize, class: u32) {
        let seen = self.seen(t);
        self.batch.targets[seen] = class;
    }

    /// Sets the number that the last step predicts.
    pub(super) fn predict_value(&mut self, value: f32) {
        let seen = self.seen(self.last);
        self.batch.values.positions.push(seen as u32);
        self.batch.values.targets.push(value);
    }
}
