//! One source of samples for all tasks.

use std::cmp::Reverse;
use std::sync::{Mutex, PoisonError};

use super::definition::{Reads, Row, Task};
use super::lengths::Lengths;
use super::{LONGEST, TaskError};
use longspan::batch::{Batch, Source};
use longspan::model::pooling::Pooling;
use longspan_kernel::rng::{Key, Purpose};

/// Samples of a task, `rows` per window.
///
/// Sample i is a pure function of (seed, lengths, i), and the samples of a window are consecutive. With several lengths
/// each sample draws its own, and the rows of a window are sorted by decreasing length; equal lengths keep their order.
/// Row b is then not sample `first_sample + b`.
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

/// Order of the rows of the last window, kept to avoid allocations.
#[derive(Default)]
struct Order {
    samples: Vec<(Reverse<usize>, u64)>,
    steps: Vec<usize>,
}

impl Samples {
    /// Samples of `task`: `rows` per window and `windows` per epoch, from sample `first_sample` on, which is 0 for
    /// training and [`EVALUATION_OFFSET`](super::EVALUATION_OFFSET) for evaluation.
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

    /// Draws the same samples in every epoch, as an evaluation does.
    pub fn same_every_epoch(self) -> Self {
        Self { same_every_epoch: true, ..self }
    }

    /// Adapts the targets to a model with this pooling.
    ///
    /// # Panics
    /// If a row is pooled and the task predicts more than the last step.
    pub fn pooled(self, pool: Pooling) -> Self {
        assert!(pool == Pooling::Last || self.task.predicts_once(), "{pool:?} of {}", self.task.name);
        Self { pool, ..self }
    }

    /// The task.
    pub fn task(&self) -> &'static Task {
        self.task
    }

    /// Number of steps of the longest sample before its first scored step.
    pub(super) fn read(&self) -> usize {
        let longest = self.lengths.longest();
        self.task.steps(longest) - self.task.scored(longest)
    }

    /// Number of predictions in epoch 0.
    pub fn scored(&self) -> u64 {
        let samples = self.first_sample..self.first_sample + self.windows * self.rows as u64;
        samples.map(|sample| self.task.scored(self.length(sample)) as u64).sum()
    }

    /// The length of a sample.
    pub fn length(&self, sample: u64) -> usize {
        match self.lengths.count() {
            1 => self.lengths.shortest(),
            // A length is at most LONGEST, so the count fits.
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
        // The content is overwritten, so a panic of another thread does no harm.
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
            batch.numbers.resize(batch.shape.positions() * width, 0.0);
        }
        batch.carry = false;
        batch.first_sample = first;
        let pooled = self.pool != Pooling::Last;
        let write = |batch: &mut Batch, row: usize, last: usize| {
            let (Reverse(length), sample) = samples[row];
            let mut draw = self.key.stream(0, sample);
            (self.task.write)(length, &mut draw, &mut Row { batch, row, last, pooled });
        };
        // In the order of the predictions, so that positions of values ascend.
        if pooled {
            batch.targets.truncate(self.rows);
            steps.iter().enumerate().for_each(|(row, &steps)| write(batch, row, steps - 1));
            return;
        }
        for last in 0..batch.steps() {
            for row in batch.shape.whole().leaving(last) {
                write(batch, row, last);
            }
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.task.steps(self.lengths.longest()), self.rows)
    }
}
