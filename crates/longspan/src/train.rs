//! A training run from beginning to end: data, model, steps, validation, checkpoints, and how it ended.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::config::{Config, ConfigError, Origin};
use crate::dataset::{DataError, DataRecord, Dataset};
use crate::head::Score;
use crate::kernel::{Context, Level};
use crate::run::{self, Parent, RunDir, RunError, RunRecord, checkpoint_path, number};
use crate::schedule::{Patience, Progress};
use crate::telemetry::FlowProfile;
use crate::trainer::{Divergence, StepReport, Trainer};

/// What to train, and where.
#[derive(Clone, Debug)]
pub struct Job {
    /// The settings.
    pub config: Config,
    /// The run's directory.
    pub out: PathBuf,
    /// Continue the run in `out`.
    pub resume: bool,
    /// Begin with the weights of this run or file.
    pub from: Option<PathBuf>,
    /// The instruction set.
    pub level: Level,
    /// Threads.
    pub threads: usize,
}

/// What happens in a run, as it happens.
pub enum Event<'a> {
    /// Everything is ready.
    Started(&'a Start),
    /// A step was taken.
    Stepped(&'a StepReport, &'a FlowProfile),
    /// The validation data were scored; `best` if never better.
    Validated {
        /// Steps taken.
        step: u64,
        /// What the model made of them.
        score: Score,
        /// Whether this is the best so far.
        best: bool,
    },
    /// A checkpoint was written.
    Saved(&'a Path),
}

/// What a run begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The run's directory.
    pub out: PathBuf,
    /// Steps taken before.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Parameters.
    pub parameters: usize,
    /// The data.
    pub data: DataRecord,
    /// Instruction set.
    pub level: Level,
    /// Threads.
    pub threads: usize,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All steps were taken.
    Finished,
    /// Validation did not get better any more.
    StoppedEarly,
    /// `stop_after` has passed; `--resume` goes on.
    OutOfTime,
    /// It was interrupted; `--resume` goes on.
    Interrupted,
    /// The loss or the gradient is not finite. The last checkpoint is from before.
    Diverged,
}

/// How a run ended, with its numbers: `summary.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// How it ended.
    pub outcome: Outcome,
    /// The run's directory.
    pub run: PathBuf,
    /// Steps taken.
    pub step: u64,
    /// Steps planned.
    pub steps: u64,
    /// Loss in nats of the last step; None before the first.
    pub train_loss_nats: Option<f64>,
    /// Loss in nats of the last validation.
    pub valid_loss_nats: Option<f64>,
    /// Share of the last validation's targets that were the model's first choice.
    pub valid_accuracy: Option<f64>,
    /// Loss in nats of the best validation.
    pub best_loss_nats: Option<f64>,
    /// Loss in nats of the best weights on the test data.
    pub test_loss_nats: Option<f64>,
    /// Loss in nats of the best guess that looks at nothing.
    pub chance_nats: f64,
    /// What that guess is.
    pub chance: String,
    /// Wall-clock seconds of this attempt.
    pub seconds: f64,
    /// Tokens read per second of this attempt, validation included.
    pub tokens_per_second: f64,
    /// What failed, for a run that diverged.
    #[serde(skip)]
    pub divergence: Option<Divergence>,
}

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The directory cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A setting of a run that is resumed differs from the one that it began with.
    #[error(
        "{run} began with {name} = {old}, and resuming cannot change it to {new}: leave it out, or begin a run with --from {run}"
    )]
    Changed {
        /// The run.
        run: String,
        /// The setting.
        name: &'static str,
        /// Its value in the run.
        old: String,
        /// The value given now.
        new: String,
    },
    /// The text of a run that is resumed is another one.
    #[error(
        "the data of {run} have changed since it began ({old} then, {new} now): restore the text, or begin a run with --from {run}"
    )]
    OtherData {
        /// The run.
        run: String,
        /// Fingerprint when it began.
        old: String,
        /// Fingerprint now.
        new: String,
    },
    /// A run that is resumed has reached its end.
    #[error("{run} has taken all of its {steps} steps: give more --epochs or --steps to go on")]
    AlreadyDone {
        /// The run.
        run: String,
        /// Its steps.
        steps: u64,
    },
    /// The model needs more memory than there is.
    #[error(
        "this model needs about {needed:.1} GB and the machine has {present:.1} GB: choose a smaller --hidden, --layers, --batch or --unroll"
    )]
    Memory {
        /// Gigabytes needed.
        needed: f64,
        /// Gigabytes of the machine.
        present: f64,
    },
}

/// Settings that may differ when a run is resumed: they say how long and where, not what is computed.
const FREE: [&str; 6] = ["epochs", "steps", "threads", "stop_after", "checkpoint_every", "observe"];

/// The settings of the run in `out`, with those given now over them.
///
/// # Errors
/// [`TrainError::Changed`] for a setting that would change what is computed.
pub fn resumed_config(out: &Path, given: &Config) -> Result<Config, TrainError> {
    if !run::is_run(out) {
        return Err(RunError::Missing { path: out.into() }.into());
    }
    let mut config = run::read_config(out)?;
    for key in config.clone().differences(given) {
        if !given.is_given(key.name) {
            continue;
        }
        if !FREE.contains(&key.name) {
            let path = |c: &Config| c.get(key.name).text().map(|text| std::path::absolute(text).ok());
            if key.takes == "FILE" && path(&config) == path(given) {
                continue;
            }
            let (old, new) = (config.get(key.name).to_string(), given.get(key.name).to_string());
            return Err(TrainError::Changed { run: out.display().to_string(), name: key.name, old, new });
        }
        let value = given.get(key.name).text().unwrap_or_default();
        config.set(key.name, &value, Origin::Flag)?;
    }
    if given.is_given("epochs") && !given.is_given("steps") {
        config.steps = 0;
    }
    Ok(config)
}

/// Trains. `cancel` stops after the step in progress, with a checkpoint; `watch` sees what happens.
///
/// # Errors
/// [`TrainError`] if the run cannot begin or its files cannot be written. Divergence is an outcome, not an error.
pub fn train(
    job: &Job,
    cancel: &AtomicBool,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Summary, TrainError> {
    let began = Instant::now();
    let mut session = Session::open(job)?;
    watch(Event::Started(&session.start));
    let outcome = session.run(began, cancel, watch)?;
    session.close(outcome, began, cancel)
}

/// A run in progress.
struct Session {
    config: Config,
    data: Dataset,
    trainer: Trainer<f32>,
    run: RunDir,
    patience: Patience,
    /// The step after which validation spoke last.
    validated: u64,
    start: Start,
    train_loss: Option<f64>,
    valid: Option<Score>,
    divergence: Option<Divergence>,
    tokens: u64,
}

impl Session {
    fn open(job: &Job) -> Result<Self, TrainError> {
        let mut config = job.config.clone();
        let name = job.out.display().to_string();
        let from = job.from.as_ref().map(|path| run::find_checkpoint(path)).transpose()?;
        let source = match (&from, job.resume) {
            (_, true) => {
                let last = checkpoint_path(&job.out, "last");
                if run::is_run(&job.out) && !last.is_file() {
                    return Err(RunError::NoCheckpoint { path: job.out.clone() }.into());
                }
                Some(Checkpoint::read(&last)?)
            }
            (Some(file), false) => Some(Checkpoint::read(file)?),
            (None, false) => None,
        };
        let header = source.as_ref().and_then(Checkpoint::header);
        if let (Some(header), false) = (header, job.resume) {
            config.adopt(&header.model);
        }
        config.check()?;
        let vocabulary = header.map(|header| header.vocabulary.clone()).filter(|_| config.task.is_none());
        let data = Dataset::open(&config, vocabulary)?;
        let spec = config.model_spec(data.vocabulary.len());
        check_memory(&config, data.vocabulary.len(), data.train.shape())?;

        let threads = job.threads;
        let mut trainer = Trainer::new(Context::new(job.level, threads), &spec, &config);
        let (mut patience, mut validated, mut parent) = (Patience::default(), 0, None);
        if let Some(source) = &source {
            if job.resume {
                let record = run::read_record(&job.out)?;
                if record.data.fingerprint != data.record.fingerprint {
                    let (old, new) = (record.data.fingerprint, data.record.fingerprint);
                    return Err(TrainError::OtherData { run: name, old, new });
                }
                source.restore(&mut trainer)?;
                let header = source.require_header()?;
                (patience, validated) = (header.patience, header.validated);
            } else {
                source.weights(trainer.params_mut())?;
                let run = job.from.clone().unwrap_or_default();
                parent = Some(Parent { run, step: header.map(|header| header.position.step) });
            }
        }
        let steps = planned_steps(&config, data.train.windows());
        let step = trainer.position().step;
        let all_said = data.valid.is_none() || validated == step;
        if job.resume && step >= steps && all_said {
            return Err(TrainError::AlreadyDone { run: name, steps });
        }
        let parameters = trainer.model().layout().parameters();
        let run = match job.resume {
            true => RunDir::resume(&job.out)?,
            false => RunDir::create(&job.out, &config)?,
        };
        let (out, level) = (job.out.clone(), job.level);
        let start = Start { out, step, steps, parameters, data: data.record.clone(), level, threads };
        let session = Self {
            config,
            data,
            trainer,
            run,
            patience,
            validated,
            start,
            train_loss: None,
            valid: None,
            divergence: None,
            tokens: 0,
        };
        if job.resume {
            session.run.write_config(&session.config)?;
        } else {
            session.save("last", &mut |_| {})?;
            session.begin(parent)?;
        }
        Ok(session)
    }

    /// Writes what the run is.
    fn begin(&self, parent: Option<Parent>) -> Result<(), RunError> {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = self.start.out.file_name().unwrap_or_default().to_string_lossy();
        self.run.begin(&RunRecord {
            format: run::FORMAT,
            id: format!("{name}-{created:x}"),
            parent,
            seed: self.config.seed,
            data: self.data.record.clone(),
            isa: self.start.level.to_string(),
            threads: self.start.threads,
            parameters: self.start.parameters,
            version: env!("CARGO_PKG_VERSION").into(),
            created,
        })
    }

    /// The loop.
    fn run(
        &mut self,
        began: Instant,
        cancel: &AtomicBool,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<Outcome, TrainError> {
        let every = Duration::from_secs_f64(self.config.checkpoint_every.min(1e9));
        let deadline = Duration::from_secs_f64(self.config.stop_after.min(1e9));
        let mut saved = Instant::now();
        loop {
            let position = self.trainer.position();
            let (ended, done) = (position.window == 0, position.step >= self.start.steps);
            if self.validation_is_due(ended, done) {
                self.validate(cancel, watch)?;
            }
            let exhausted = self.patience.exhausted(self.config.early_stop);
            let interrupted = cancel.load(Ordering::Relaxed);
            let late = !deadline.is_zero() && began.elapsed() >= deadline;
            let outcome = match () {
                _ if interrupted => Some(Outcome::Interrupted),
                _ if exhausted => Some(Outcome::StoppedEarly),
                _ if done => Some(Outcome::Finished),
                _ if late => Some(Outcome::OutOfTime),
                _ => None,
            };
            if outcome.is_some() || ended && position.step > 0 || saved.elapsed() >= every {
                self.save("last", watch)?;
                saved = Instant::now();
            }
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }

            let progress = Progress { step: position.step, steps: self.start.steps, epoch: position.epoch };
            let lr = self.config.lr * self.config.schedule.factor(progress, &self.patience);
            if let Err(divergence) = self.trainer.step(self.data.train.as_ref(), lr) {
                self.run.append("divergence", divergence.step, divergence_fields(&divergence))?;
                self.divergence = Some(divergence);
                self.save("last", watch)?;
                return Ok(Outcome::Diverged);
            }
            let (report, flow) = (self.trainer.report(), self.trainer.flow());
            self.run.append("step", report.step, step_fields(report, flow))?;
            self.train_loss = Some(report.score.mean_nats());
            self.tokens += report.tokens;
            watch(Event::Stepped(report, flow));
        }
    }

    /// After each epoch, at the end, and every so many steps; not twice after the same step.
    fn validation_is_due(&self, ended: bool, done: bool) -> bool {
        let step = self.trainer.position().step;
        // No step above 0 is a multiple of 0.
        let asked = step.is_multiple_of(self.config.eval_every);
        step > 0 && step != self.validated && (ended || done || asked)
    }

    fn validate(&mut self, cancel: &AtomicBool, watch: &mut dyn FnMut(Event<'_>)) -> Result<(), TrainError> {
        let Some(source) = &self.data.valid else { return Ok(()) };
        let cancelled = || cancel.load(Ordering::Relaxed);
        let Some(score) = self.trainer.evaluate(source.as_ref(), &cancelled) else { return Ok(()) };
        let step = self.trainer.position().step;
        self.validated = step;
        self.valid = Some(score);
        let best = self.patience.observe(score.mean_nats(), &self.config.schedule);
        self.run.append("valid", step, score_fields(&score, best))?;
        watch(Event::Validated { step, score, best });
        if best {
            self.save("best", watch)?;
        }
        Ok(())
    }

    fn save(&self, name: &str, watch: &mut dyn FnMut(Event<'_>)) -> Result<(), TrainError> {
        let path = checkpoint_path(self.run.path(), name);
        Checkpoint::save(&path, &self.trainer, &self.data.vocabulary, &self.patience, self.validated)?;
        watch(Event::Saved(&path));
        Ok(())
    }

    /// Tests the best weights and writes the summary.
    fn close(mut self, outcome: Outcome, began: Instant, cancel: &AtomicBool) -> Result<Summary, TrainError> {
        let seconds = began.elapsed().as_secs_f64();
        let step = self.trainer.position().step;
        let mut test = None;
        if let (Outcome::Finished | Outcome::StoppedEarly, Some(source)) = (&outcome, &self.data.test) {
            let best = checkpoint_path(self.run.path(), "best");
            if best.is_file() {
                Checkpoint::read(&best)?.weights(self.trainer.params_mut())?;
            }
            test = self.trainer.evaluate(source.as_ref(), &|| cancel.load(Ordering::Relaxed));
            if let Some(score) = &test {
                self.run.append("test", step, score_fields(score, false))?;
            }
        }
        let summary = Summary {
            outcome,
            run: self.run.path().into(),
            step,
            steps: self.start.steps,
            train_loss_nats: self.train_loss,
            valid_loss_nats: self.valid.map(|score| score.mean_nats()),
            valid_accuracy: self.valid.map(|score| score.accuracy()),
            best_loss_nats: Some(self.patience.best_nats).filter(|best| best.is_finite()),
            test_loss_nats: test.map(|score| score.mean_nats()),
            chance_nats: self.data.record.chance_nats,
            chance: self.data.record.chance.clone(),
            seconds,
            tokens_per_second: self.tokens as f64 / seconds.max(1e-9),
            divergence: self.divergence,
        };
        self.run.write_summary(&summary)?;
        Ok(summary)
    }
}

/// Steps of the whole run.
fn planned_steps(config: &Config, windows: u64) -> u64 {
    if config.steps > 0 { config.steps } else { config.epochs.saturating_mul(windows) }
}

fn step_fields(report: &StepReport, flow: &FlowProfile) -> Vec<(&'static str, Value)> {
    let mut fields = vec![
        ("epoch", json!(report.epoch)),
        ("loss_nats", number(report.score.mean_nats())),
        ("scored", json!(report.score.scored)),
        ("tokens", json!(report.tokens)),
        ("lr", number(report.lr)),
        ("log10_global_norm", number(report.clip.global_norm_before.log10())),
        ("log10_global_norm_after", number(report.clip.global_norm_after.log10())),
        ("clipped", json!(report.clip.acted)),
    ];
    if flow.layers() > 0 {
        let survival = (0..flow.layers()).map(|layer| number(flow.log10_survival(layer)));
        fields.push(("log10_survival", survival.collect()));
    }
    fields
}

fn score_fields(score: &Score, best: bool) -> Vec<(&'static str, Value)> {
    vec![
        ("loss_nats", number(score.mean_nats())),
        ("accuracy", number(score.accuracy())),
        ("scored", json!(score.scored)),
        ("best", json!(best)),
    ]
}

fn divergence_fields(divergence: &Divergence) -> Vec<(&'static str, Value)> {
    vec![
        ("epoch", json!(divergence.epoch)),
        ("loss_nats", number(divergence.loss_nats)),
        ("log10_global_norm", number(divergence.global_norm.log10())),
    ]
}

/// Refuses a model that cannot fit: an estimate from below, against the memory of the machine where it is known.
fn check_memory(config: &Config, vocabulary: usize, (steps, rows): (usize, usize)) -> Result<(), TrainError> {
    let Some(present) = machine_bytes() else { return Ok(()) };
    let gates = match config.cell_kind() {
        crate::cell::CellKind::Lstm { .. } => 4.0,
        crate::cell::CellKind::Gru { .. } => 3.0,
        _ => 1.0,
    };
    let (h, l, v) = (config.hidden as f64, config.layers as f64, vocabulary as f64);
    let e = if config.embedding == 0 { h } else { config.embedding as f64 };
    let parameters = v * e + gates * h * (e + h) + (l - 1.0) * gates * 2.0 * h * h + v * h;
    // Weights, gradient, two moments, packed copies both ways; tape and deltas of every step.
    let needed = 4.0 * (6.0 * parameters + steps as f64 * rows as f64 * l * h * (2.0 * gates + 4.0));
    if needed > present {
        return Err(TrainError::Memory { needed: needed / 1e9, present: present / 1e9 });
    }
    Ok(())
}

/// Physical memory, where the system tells it in /proc.
fn machine_bytes() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}
