//! Data of the runs, generated from a seed, and sources that corrupt the batches of another source. Readers
//! of files reject most of such data; training does not.

use longspan::batch::{Batch, IGNORE, Source};
use longspan::model::head::ValueLoss;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};
use longspan_data::task::EVALUATION_OFFSET;
use longspan_kernel::rng::{Key, Purpose};
use longspan_run::config::Config;
use longspan_run::dataset::Dataset;

/// The training data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Data {
    /// The task of the configuration.
    Task,
    /// A stream of four symbols in windows of `unroll` steps, with carried state. The target of each step is
    /// the symbol `lag` steps before. The baseline loss is ln 4 nats.
    Echo { lag: usize },
    /// Noisy waves with one of three periods, one number at each step; the target of the last step is the
    /// period. The baseline loss is ln 3 nats.
    Waves { steps: usize },
    /// The same waves; the target of each step is the next number. The squared error of the mean is the
    /// variance.
    Forecast { steps: usize },
}

/// Data from which a run can be trained.
pub(crate) struct Opened {
    pub(crate) train: Box<dyn Source>,
    pub(crate) valid: Box<dyn Source>,
    pub(crate) spec: ModelSpec,
    /// The needed lag, if it is known.
    pub(crate) need_steps: Option<usize>,
    /// The baseline loss.
    pub(crate) chance_loss: f64,
}

/// Windows in an epoch and in a validation.
const EPOCH: u64 = 100;
const VALIDATION: u64 = 10;
/// Number of symbols of an echo, and their first token.
const SYMBOLS: u32 = 4;
const FIRST: u32 = 2;
/// Periods of the waves, in steps.
const PERIODS: [f64; 3] = [5.0, 8.0, 13.0];
/// Standard deviation of the noise of the waves.
const NOISE: f64 = 0.15;

impl Data {
    pub(crate) fn open(self, config: &Config) -> Opened {
        if self == Self::Task {
            return task(config);
        }
        let generated = |windows, first| -> Box<dyn Source> {
            Box::new(Generated {
                data: self,
                steps: self.steps(config),
                rows: config.data.batch,
                seed: config.run.seed,
                windows,
                first,
            })
        };
        let count = |count| OutputSpec::Classes { count, tied: false };
        let tokens = InputSpec::Tokens {
            vocabulary: (FIRST + SYMBOLS) as usize,
            embedding: if config.model.embedding == 0 { config.model.hidden } else { config.model.embedding },
        };
        let numbers = InputSpec::Numbers { width: 1 };
        let (input, output, chance_loss, need_steps) = match self {
            Self::Task => unreachable!("opened above"),
            Self::Echo { lag } => {
                (tokens, count((FIRST + SYMBOLS) as usize), f64::from(SYMBOLS).ln(), Some(lag))
            }
            Self::Waves { .. } => (numbers, count(PERIODS.len()), (PERIODS.len() as f64).ln(), None),
            Self::Forecast { .. } => (
                numbers,
                OutputSpec::Values { width: 1, loss: ValueLoss::Squared },
                0.5 + NOISE * NOISE,
                None,
            ),
        };
        let spec = ModelSpec {
            chunk: longspan::bptt::chunk_for(config.data.batch),
            ..ModelSpec::new(
                config.model.cell_kind(),
                input,
                config.model.hidden,
                config.model.layers,
                output,
            )
        };
        let valid = generated(VALIDATION, EVALUATION_OFFSET);
        Opened { train: generated(EPOCH, 0), valid, spec, need_steps, chance_loss }
    }

    fn steps(self, config: &Config) -> usize {
        match self {
            Self::Task | Self::Echo { .. } => config.data.unroll,
            Self::Waves { steps } | Self::Forecast { steps } => steps,
        }
    }
}

fn task(config: &Config) -> Opened {
    let data = Dataset::open(config, None).expect("a task");
    let length = config.data.length.longest();
    let kind = config.data.task.expect("a task");
    Opened {
        spec: config.model_spec(&data.schema),
        need_steps: Some(kind.task().map_or(length, |task| task.dependency_length(length))),
        chance_loss: data.record.baseline_loss,
        train: data.train,
        valid: data.valid.expect("a task has a validation part"),
    }
}

/// Data that are not a task of the library.
struct Generated {
    data: Data,
    steps: usize,
    rows: usize,
    seed: u64,
    windows: u64,
    first: u64,
}

impl Source for Generated {
    fn windows(&self) -> u64 {
        self.windows
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        let (steps, rows) = (self.steps, self.rows);
        batch.reshape(steps, rows);
        let index = epoch * self.windows + window;
        batch.carry = false;
        batch.first_sample = self.first + index * rows as u64;
        match self.data {
            Data::Task => unreachable!("a task has its own sources"),
            Data::Echo { lag } => {
                batch.carry = index > 0;
                for row in 0..rows {
                    // A row is one stream: a symbol is a function of the step since the start.
                    let key = Key::new(self.seed, Purpose::Task, 1001, self.first);
                    let symbol = |t: u64| FIRST + key.stream(row as u32, t).below(SYMBOLS);
                    for t in 0..steps {
                        // The targets of the first steps were never inputs, so that every step has a target.
                        let target_step = index * steps as u64 + t as u64;
                        batch.inputs[t * rows + row] = symbol(target_step + lag as u64);
                        batch.targets[t * rows + row] = symbol(target_step);
                    }
                }
            }
            Data::Waves { .. } | Data::Forecast { .. } => {
                batch.numbers.resize(steps * rows, 0.0);
                let predicts_next = matches!(self.data, Data::Forecast { .. });
                let mut next = vec![0.0; steps * rows];
                for row in 0..rows {
                    let sample = batch.first_sample + row as u64;
                    let mut draw = Key::new(self.seed, Purpose::Task, 1002, 0).stream(0, sample);
                    let class = draw.below(PERIODS.len() as u32);
                    let phase = draw.uniform();
                    let mut value = |t: usize| {
                        let turn = t as f64 / PERIODS[class as usize] + phase;
                        ((std::f64::consts::TAU * turn).sin() + NOISE * draw.normal()) as f32
                    };
                    let values: Vec<f32> = (0..=steps).map(&mut value).collect();
                    for t in 0..steps {
                        batch.numbers[t * rows + row] = values[t];
                        next[t * rows + row] = values[t + 1];
                    }
                    if !predicts_next {
                        batch.targets[(steps - 1) * rows + row] = class;
                    }
                }
                if predicts_next {
                    batch.values.positions.extend(0..(steps * rows) as u32);
                    batch.values.targets.append(&mut next);
                }
            }
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.steps, self.rows)
    }
}

/// A corruption of the batches of a source. Positions, rows and windows count from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoil {
    /// Scales and shifts the input numbers.
    Units { factor: f32, offset: f32 },
    /// From a window on, one input number of each batch has this value.
    Value { from: u64, value: f32 },
    /// From a window on, one target number of each batch has this value.
    Target { from: u64, value: f32 },
    /// Every `every` windows, the target numbers are multiplied by a factor.
    Spikes { every: u64, factor: f32 },
    /// Each target is that of the next row or step.
    Shifted,
    /// The input is the same at every step.
    Blank,
    /// This share of the rows has no targets.
    Unscored { share: f64 },
    /// From a window on, no row has targets.
    NothingScored { from: u64 },
    /// Padding of so many steps before each row.
    FilledBefore { steps: usize },
    /// Padding of so many steps after each row.
    FilledAfter { steps: usize },
    /// Windows are read in pieces of so many steps, with carried state.
    Cut { steps: usize },
}

/// A source whose batches are corrupted.
pub(crate) struct Spoiled {
    pub(crate) of: Box<dyn Source>,
    pub(crate) spoil: Spoil,
}

impl Source for Spoiled {
    fn windows(&self) -> u64 {
        self.of.windows() * self.pieces()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        let pieces = self.pieces();
        self.of.fill(epoch, window / pieces, batch);
        let now = epoch * self.windows() + window;
        let (steps, rows) = (batch.steps(), batch.rows());
        let width = batch.numbers.len() / batch.inputs.len();
        let even = batch.inputs.len() == steps * rows;
        match self.spoil {
            Spoil::Units { factor, offset } => {
                batch.numbers.iter_mut().for_each(|x| *x = *x * factor + offset);
            }
            Spoil::Value { from, value } if now >= from => {
                let position = (now as usize * 7919) % batch.numbers.len();
                batch.numbers[position] = value;
            }
            Spoil::Target { from, value } if now >= from => {
                let position = (now as usize * 7919) % batch.values.targets.len();
                batch.values.targets[position] = value;
            }
            Spoil::Spikes { every, factor } if now % every == every - 1 => {
                batch.values.targets.iter_mut().for_each(|x| *x *= factor);
            }
            Spoil::Value { .. } | Spoil::Target { .. } | Spoil::Spikes { .. } => {}
            Spoil::Shifted => {
                let scored: Vec<usize> =
                    (0..batch.targets.len()).filter(|&i| batch.targets[i] != IGNORE).collect();
                let mut targets: Vec<u32> = scored.iter().map(|&i| batch.targets[i]).collect();
                if !targets.is_empty() {
                    targets.rotate_left(1);
                }
                scored
                    .into_iter()
                    .zip(targets)
                    .for_each(|(position, target)| batch.targets[position] = target);
                if !batch.values.targets.is_empty() {
                    batch.values.targets.rotate_left(1);
                }
            }
            Spoil::Blank => {
                batch.inputs.fill(FIRST);
                batch.numbers.fill(0.5);
            }
            Spoil::Unscored { share } => {
                let of = (share * rows as f64).round() as usize;
                self.remove_targets(batch, |row| row < of);
            }
            Spoil::NothingScored { from } => {
                if now >= from {
                    self.remove_targets(batch, |_| true);
                }
            }
            Spoil::FilledBefore { steps: more } => {
                assert!(even, "rows must have one length");
                pad(batch, more, width, true);
            }
            Spoil::FilledAfter { steps: more } => {
                assert!(even, "rows must have one length");
                pad(batch, more, width, false);
            }
            Spoil::Cut { steps: piece } => {
                assert!(even && steps % piece == 0, "{steps} steps in pieces of {piece}");
                let index = (window % pieces) as usize;
                let positions = index * piece * rows..(index + 1) * piece * rows;
                let inputs = batch.inputs[positions.clone()].to_vec();
                let targets = batch.targets[positions.clone()].to_vec();
                assert!(batch.values.targets.is_empty(), "the targets must be classes");
                let first_sample = batch.first_sample;
                batch.reshape(piece, rows);
                batch.inputs.copy_from_slice(&inputs);
                batch.targets.copy_from_slice(&targets);
                (batch.carry, batch.first_sample) = (index > 0, first_sample);
            }
        }
    }

    fn shape(&self) -> (usize, usize) {
        let (steps, rows) = self.of.shape();
        match self.spoil {
            Spoil::Cut { steps: piece } => (piece, rows),
            Spoil::FilledBefore { steps: more } | Spoil::FilledAfter { steps: more } => (steps + more, rows),
            _ => (steps, rows),
        }
    }
}

impl Spoiled {
    fn pieces(&self) -> u64 {
        match self.spoil {
            Spoil::Cut { steps } => (self.of.shape().0 / steps) as u64,
            _ => 1,
        }
    }

    /// Removes the targets of the rows for which `of` is true.
    fn remove_targets(&self, batch: &mut Batch, of: impl Fn(usize) -> bool) {
        let shape = batch.shape.clone();
        for position in 0..batch.targets.len() {
            if of(shape.position(position).1) {
                batch.targets[position] = IGNORE;
            }
        }
        let values = std::mem::take(&mut batch.values);
        for (position, target) in values.positions.into_iter().zip(values.targets) {
            if !of(shape.position(position as usize).1) {
                batch.values.positions.push(position);
                batch.values.targets.push(target);
            }
        }
    }
}

/// Lengthens every row by steps with a constant input and no targets.
fn pad(batch: &mut Batch, more: usize, width: usize, before: bool) {
    let (steps, rows) = (batch.steps(), batch.rows());
    let old = std::mem::take(batch);
    batch.reshape(steps + more, rows);
    let first = if before { more * rows } else { 0 };
    batch.inputs[first..][..steps * rows].copy_from_slice(&old.inputs);
    batch.targets[first..][..steps * rows].copy_from_slice(&old.targets);
    batch.numbers.resize((steps + more) * rows * width, 0.0);
    batch.numbers[first * width..][..steps * rows * width].copy_from_slice(&old.numbers);
    batch.values.positions.extend(old.values.positions.iter().map(|position| position + first as u32));
    batch.values.targets = old.values.targets;
    (batch.carry, batch.first_sample) = (old.carry, old.first_sample);
}
