//! What tasks have in common: a description each, and one source of samples for all.

use std::cmp::Reverse;
use std::sync::{Mutex, PoisonError};

use super::lengths::Lengths;
use super::{LONGEST, TaskError};
use crate::vocabulary::Vocabulary;
use longspan::batch::{Batch, Source};
use longspan::model::head::ValueLoss;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, OutputSpec};
use longspan_kernel::rng::{Key, Purpose, Stream};

/// The token of the first symbol: a vocabulary begins with `<unk>` and `<eos>`.
pub(super) const FIRST: u32 = 2;

/// What a step reads.
pub(super) enum Reads {
    /// One of these symbols, given with spaces between.
    Symbols(&'static str),
    /// So many numbers.
    Numbers(usize),
}

/// What is predicted.
pub(super) enum Predicts {
    /// One of so many classes.
    Classes(usize),
    /// A number at a sample's last step, by its squared error.
    Value,
}

/// A task. Everything is a function of the length N, which each task defines.
pub struct Task {
    pub(super) name: &'static str,
    /// Keeps its random numbers apart from other tasks'.
    pub(super) layer: u32,
    pub(super) reads: Reads,
    pub(super) predicts: Predicts,
    pub(super) shortest: usize,
    pub(super) steps: fn(usize) -> usize,
    pub(super) dependency: fn(usize) -> usize,
    /// Scored places of a sample.
    pub(super) scored: fn(usize) -> usize,
    /// Summed loss of a sample's scored places for the best guess that has read nothing.
    pub(super) chance: fn(usize) -> f64,
    pub(super) write: fn(usize, &mut Stream, &mut Row<'_>),
}

impl Task {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What a model of it reads; tokens through an embedding of this width.
    pub fn input(&self, embedding: usize) -> InputSpec {
        match self.reads {
            Reads::Symbols(_) => InputSpec::Tokens { vocabulary: self.tokens(), embedding },
            Reads::Numbers(width) => InputSpec::Numbers { width },
        }
    }

    /// What a model of it predicts.
    pub fn output(&self) -> OutputSpec {
        match self.predicts {
            Predicts::Classes(count) => OutputSpec::Classes { count, tied: false },
            Predicts::Value => OutputSpec::Values { width: 1, loss: ValueLoss::Squared },
        }
    }

    /// The symbols, with the ids that batches hold; None where numbers are read.
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

    /// Steps of a sample of length N.
    pub fn steps(&self, length: usize) -> usize {
        (self.steps)(length)
    }

    /// The most steps from what is read to a prediction that needs it. Where a sample's dependencies differ, none is longer.
    pub fn dependency_length(&self, length: usize) -> usize {
        (self.dependency)(length)
    }

    /// Scored places of a sample of length N.
    pub fn scored(&self, length: usize) -> usize {
        (self.scored)(length)
    }

    /// Whether each sample has one prediction, at its last step: one from all of it.
    pub fn predicts_once(&self) -> bool {
        [self.shortest, self.shortest + 1].into_iter().all(|length| self.scored(length) == 1)
    }

    /// Mean loss of a scored place, in nats or as a squared error, for the best guess that knows the place and what may stand
    /// there, and has read nothing.
    pub fn chance_loss(&self, lengths: Lengths) -> f64 {
        let loss: f64 = lengths.all().map(self.chance).sum();
        loss / lengths.all().map(self.scored).sum::<usize>() as f64
    }
}

/// A sample's place in a batch.
pub(super) struct Row<'a> {
    batch: &'a mut Batch,
    row: usize,
    /// The sample's last step.
    last: usize,
    /// Whether the readout sees one thing of each row.
    pooled: bool,
}

impl Row<'_> {
    fn position(&self, t: usize) -> usize {
        assert!(t <= self.last, "step {t} of {}", self.last + 1);
        self.batch.extent.offset(t) + self.row
    }

    /// Step t reads a symbol, counted from 0.
    pub(super) fn read(&mut self, t: usize, symbol: u32) {
        let position = self.position(t);
        self.batch.inputs[position] = FIRST + symbol;
    }

    /// Step t reads numbers.
    pub(super) fn read_numbers<const D: usize>(&mut self, t: usize, numbers: [f32; D]) {
        let position = self.position(t);
        self.batch.numbers[position * D..][..D].copy_from_slice(&numbers);
    }

    /// What step t is read out of.
    fn seen(&self, t: usize) -> usize {
        assert!(!self.pooled || t == self.last, "a prediction at step {t} from all of {}", self.last + 1);
        if self.pooled { self.row } else { self.position(t) }
    }

    /// Step t is to predict a class.
    pub(super) fn predict(&mut self, t: usize, class: u32) {
        let seen = self.seen(t);
        self.batch.targets[seen] = class;
    }

    /// The last step is to predict a number.
    pub(super) fn predict_value(&mut self, value: f32) {
        let seen = self.seen(self.last);
        self.batch.values.positions.push(seen as u32);
        self.batch.values.targets.push(value);
    }
}

/// The samples of a task, `rows` side by side.
///
/// Sample i is a pure function of (seed, lengths, i), and a window has consecutive ones. Where there are several lengths each
/// sample draws its own, and the rows of a window are sorted: longest first, samples of the same length in their order. Row b
/// is then not sample `first_sample + b`.
pub struct Samples {
    task: &'static Task,
    lengths: Lengths,
    rows: usize,
    key: Key,
    windows: u64,
    first_sample: u64,
    same_every_epoch: bool,
    pool: Pooling,
    order: Mutex<Order>,
}

/// The rows of the last window, kept so that none is allocated again.
#[derive(Default)]
struct Order {
    samples: Vec<(Reverse<usize>, u64)>,
    steps: Vec<usize>,
}

impl Samples {
    /// Samples of `task`, `windows` windows an epoch, from sample `first_sample` on: 0 for training,
    /// [`EVALUATION_OFFSET`](super::EVALUATION_OFFSET) for evaluation.
    ///
    /// # Errors
    /// [`TaskError::Length`] if the task does not have one of the lengths.
    ///
    /// # Panics
    /// If `rows` or `windows` is 0.
    pub fn new(
        task: &'static Task,
        lengths: Lengths,
        rows: usize,
        seed: u64,
        windows: u64,
        first_sample: u64,
    ) -> Result<Self, TaskError> {
        assert!(rows > 0 && windows > 0, "{windows} windows of {rows} rows");
        let (name, shortest, longest) = (task.name, task.shortest, LONGEST);
        for length in [lengths.shortest(), lengths.longest()] {
            if !(shortest..=longest).contains(&length) {
                return Err(TaskError::Length { task: name, length, shortest, longest });
            }
        }
        let key = Key::new(seed, Purpose::Task, task.layer, 0);
        let order = Mutex::default();
        Ok(Self {
            task,
            lengths,
            rows,
            key,
            windows,
            first_sample,
            same_every_epoch: false,
            pool: Pooling::Last,
            order,
        })
    }

    /// Draws the samples of epoch 0 in every epoch, as an evaluation does.
    pub fn same_every_epoch(self) -> Self {
        Self { same_every_epoch: true, ..self }
    }

    /// For a model with this pool.
    ///
    /// # Panics
    /// If the pool makes one thing of a row and the task predicts something else than its end.
    pub fn pooled(self, pool: Pooling) -> Self {
        assert!(pool == Pooling::Last || self.task.predicts_once(), "{pool:?} of {}", self.task.name);
        Self { pool, ..self }
    }

    /// The task.
    pub fn task(&self) -> &'static Task {
        self.task
    }

    /// Steps of the longest sample before its first scored one.
    pub(super) fn read(&self) -> usize {
        let longest = self.lengths.longest();
        self.task.steps(longest) - self.task.scored(longest)
    }

    /// Predictions in epoch 0.
    pub fn scored(&self) -> u64 {
        let samples = self.first_sample..self.first_sample + self.windows * self.rows as u64;
        samples.map(|sample| self.task.scored(self.length(sample)) as u64).sum()
    }

    /// The length of a sample.
    pub fn length(&self, sample: u64) -> usize {
        match self.lengths.count() {
            1 => self.lengths.shortest(),
            // Lengths are at most LONGEST.
            count => self.lengths.shortest() + self.key.stream(1, sample).below(count as u32) as usize,
        }
    }
}

impl Source for Samples {
    fn windows(&self) -> u64 {
        self.windows
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        assert!(window < self.windows, "window {window} of {}", self.windows);
        let epoch = if self.same_every_epoch { 0 } else { epoch };
        let first = self.first_sample + (epoch * self.windows + window) * self.rows as u64;
        // Whatever a panic left there is overwritten.
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let Order { samples, steps } = &mut *order;
        samples.clear();
        samples
            .extend((first..first + self.rows as u64).map(|sample| (Reverse(self.length(sample)), sample)));
        samples.sort_unstable();
        steps.clear();
        steps.extend(samples.iter().map(|&(Reverse(length), _)| self.task.steps(length)));
        batch.reshape_to(steps);
        if let Reads::Numbers(width) = self.task.reads {
            batch.numbers.resize(batch.extent.positions() * width, 0.0);
        }
        batch.carry = false;
        batch.first_sample = first;
        let pooled = self.pool != Pooling::Last;
        let write = |batch: &mut Batch, row: usize, last: usize| {
            let (Reverse(length), sample) = samples[row];
            let mut draw = self.key.stream(0, sample);
            (self.task.write)(length, &mut draw, &mut Row { batch, row, last, pooled });
        };
        // In the order of what is read out, so that the places of values ascend.
        if pooled {
            batch.targets.truncate(self.rows);
            steps.iter().enumerate().for_each(|(row, &steps)| write(batch, row, steps - 1));
            return;
        }
        for last in 0..batch.steps() {
            for row in batch.extent.whole().leaving(last) {
                write(batch, row, last);
            }
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.task.steps(self.lengths.longest()), self.rows)
    }
}
