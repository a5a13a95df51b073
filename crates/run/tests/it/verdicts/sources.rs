//! Data of the runs, made by seed, and sources that wrap others and spoil their batches. Loaders refuse most of such data; what
//! trains takes what it is given.

use longspan::batch::{Batch, IGNORE, Source};
use longspan::model::head::ValueLoss;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};
use longspan_data::task::EVALUATION_OFFSET;
use longspan_kernel::rng::{Key, Purpose};
use longspan_run::config::Config;
use longspan_run::dataset::Dataset;

/// What is trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Data {
    /// The task of the configuration.
    Task,
    /// A stream of four symbols, windows of `unroll` steps, each step to say the symbol that was read `lag` steps before: the
    /// state is carried over. Chance has ln 4 nats.
    Echo { lag: usize },
    /// Noisy waves of one of three periods, a number a step, and the last step to say which period. Chance has ln 3 nats.
    Waves { steps: usize },
    /// The same waves, each step to say the next number. The mean has the variance as squared error.
    Forecast { steps: usize },
}

/// Data that a run can be made from.
pub(crate) struct Opened {
    pub(crate) train: Box<dyn Source>,
    pub(crate) valid: Box<dyn Source>,
    pub(crate) spec: ModelSpec,
    /// Steps back that a prediction needs, where that is known.
    pub(crate) need_steps: Option<usize>,
    /// Loss of the best guess that reads nothing.
    pub(crate) chance_loss: f64,
}

/// Windows of an epoch, and of a validation.
const EPOCH: u64 = 100;
const VALIDATION: u64 = 10;
/// Symbols of an echo, and their first token.
const SYMBOLS: u32 = 4;
const FIRST: u32 = 2;
/// Periods of waves, in steps.
const PERIODS: [f64; 3] = [5.0, 8.0, 13.0];
/// Standard deviation of their noise.
const NOISE: f64 = 0.15;

impl Data {
    pub(crate) fn open(self, config: &Config) -> Opened {
        if self == Self::Task {
            return task(config);
        }
        let made = |windows, first| -> Box<dyn Source> {
            Box::new(Made {
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
        let valid = made(VALIDATION, EVALUATION_OFFSET);
        Opened { train: made(EPOCH, 0), valid, spec, need_steps, chance_loss }
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
        chance_loss: data.record.chance_loss,
        train: data.train,
        valid: data.valid.expect("a task is validated"),
    }
}

/// The data that are no task of the library's.
struct Made {
    data: Data,
    steps: usize,
    rows: usize,
    seed: u64,
    windows: u64,
    first: u64,
}

impl Source for Made {
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
            Data::Task => unreachable!("a task has sources of its own"),
            Data::Echo { lag } => {
                batch.carry = index > 0;
                for row in 0..rows {
                    // A row is one stream: a symbol is a function of the step since its beginning.
                    let key = Key::new(self.seed, Purpose::Task, 1001, self.first);
                    let symbol = |t: u64| FIRST + key.stream(row as u32, t).below(SYMBOLS);
                    for t in 0..steps {
                        // The first ones asked for were never read: every step asks for something.
                        let asked = index * steps as u64 + t as u64;
                        batch.inputs[t * rows + row] = symbol(asked + lag as u64);
                        batch.targets[t * rows + row] = symbol(asked);
                    }
                }
            }
            Data::Waves { .. } | Data::Forecast { .. } => {
                batch.numbers.resize(steps * rows, 0.0);
                let asks_next = matches!(self.data, Data::Forecast { .. });
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
                    if !asks_next {
                        batch.targets[(steps - 1) * rows + row] = class;
                    }
                }
                if asks_next {
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

/// What is done to the batches of a source. Places, rows and windows count from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoil {
    /// Numbers read, times a factor, plus an offset.
    Units { factor: f32, offset: f32 },
    /// From a window on, one number that is read is this one, somewhere in the batch.
    Value { from: u64, value: f32 },
    /// From a window on, one number that is to be predicted is this one.
    Target { from: u64, value: f32 },
    /// Every so many windows the numbers to be predicted are so many times as large.
    Spikes { every: u64, factor: f32 },
    /// What is to be predicted is that of the next row, or step.
    Shifted,
    /// Every step reads the same.
    Blank,
    /// This share of the rows asks for nothing.
    Unscored { share: f64 },
    /// From a window on no row asks for anything.
    NothingScored { from: u64 },
    /// So many steps of filling before each row.
    FilledBefore { steps: usize },
    /// So many steps of filling after each row.
    FilledAfter { steps: usize },
    /// Windows are read in pieces of so many steps, the state carried over.
    Cut { steps: usize },
}

/// A source with its batches spoiled.
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
                self.forget(batch, |row| row < of);
            }
            Spoil::NothingScored { from } => {
                if now >= from {
                    self.forget(batch, |_| true);
                }
            }
            Spoil::FilledBefore { steps: more } => {
                assert!(even, "rows of one length");
                fill_up(batch, more, width, true);
            }
            Spoil::FilledAfter { steps: more } => {
                assert!(even, "rows of one length");
                fill_up(batch, more, width, false);
            }
            Spoil::Cut { steps: piece } => {
                assert!(even && steps % piece == 0, "{steps} steps in pieces of {piece}");
                let index = (window % pieces) as usize;
                let positions = index * piece * rows..(index + 1) * piece * rows;
                let inputs = batch.inputs[positions.clone()].to_vec();
                let targets = batch.targets[positions.clone()].to_vec();
                assert!(batch.values.targets.is_empty(), "classes");
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

    /// Rows that ask for nothing.
    fn forget(&self, batch: &mut Batch, of: impl Fn(usize) -> bool) {
        let extent = batch.extent.clone();
        for position in 0..batch.targets.len() {
            if of(extent.position(position).1) {
                batch.targets[position] = IGNORE;
            }
        }
        let values = std::mem::take(&mut batch.values);
        for (position, target) in values.positions.into_iter().zip(values.targets) {
            if !of(extent.position(position as usize).1) {
                batch.values.positions.push(position);
                batch.values.targets.push(target);
            }
        }
    }
}

/// Lengthens every row by steps that read one thing and ask for nothing.
fn fill_up(batch: &mut Batch, more: usize, width: usize, before: bool) {
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
