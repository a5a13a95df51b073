//! Records a run that a loop of your own trains, so that `diagnose`, `report` and `serve` read it like any other.
//!
//! A loop with a [`Trainer`] uses [`RunRecorder::of_trainer`] and the methods whose names end with `of`. Any other loop
//! fills [`StepRecord`]s itself: [`RunRecorder::create`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use longspan::batch::Source;
use longspan::cell::Real;
use longspan::model::OutputSpec;
use longspan::model::head::{Score, Unit};
use longspan::telemetry::GradientProfile;
use longspan::trainer::{Divergence, Trainer};
use longspan_diagnose::diagnose;
use longspan_kernel::InstructionSet;
use longspan_record::{Beside, FaultRecord, ProbeRecord, ScoreRecord, StepRecord};
use serde_json::{Map, Value};

use crate::config::Config;
use crate::dataset::{DataRecord, Parts};
use crate::directory::probes;
use crate::directory::profiles::ProfileWriter;
use crate::directory::{self, FORMAT, RunDir, RunError, RunRecord, Watched};
use crate::train::{BlackBox, Outcome};

/// Gradient profiles are forced to disk at least this often.
const FLUSH: Duration = Duration::from_secs(10);

/// The name of a baseline that is the loss of the first step.
const FIRST_LOSS: &str = "first loss";

/// A run that is recorded: its directory has what [`RunDir`] lists, without checkpoints and probes.
///
/// If it is dropped before it is closed, or the program is killed, the run reads as one that has not ended.
///
/// # Examples
/// ```
/// use longspan::prelude::*;
/// use longspan_run::{Outcome, RunRecorder, Watched};
///
/// let model = ModelSpec::language(CellKind::GRU, 4, 8, 8, 1);
/// let x: Vec<Vec<u32>> = (0..32).map(|i| (i..i + 12).map(|t| t % 4).collect()).collect();
/// let next = |x: &Vec<u32>| x.iter().map(|token| (token + 1) % 4).collect();
/// let y = Targets::ClassesByStep(x.iter().map(next).collect());
/// let data = Sequences::new(&model, Inputs::Tokens(x), y, 8, Order::Shuffled { seed: 1 })?;
/// let spec = TrainerSpec { observe: Observe::Full, observe_every: 10, ..TrainerSpec::new(model, 8) };
/// let mut trainer = Trainer::<f32>::new(Context::detect(1), &spec);
///
/// # let directory = std::env::temp_dir().join(format!("longspan-recorder-{}", std::process::id()));
/// # let path = directory.join("mine");
/// let by = Watched { by: "my program 1.0".into(), ..Watched::default() };
/// let mut run = RunRecorder::of_trainer(&path, &trainer, by)?;
/// for _ in 0..20 {
///     trainer.step(&data, 0.01)?;
///     run.step_of(&trainer)?;
/// }
/// run.valid_of(&mut trainer, &data)?;
/// run.close(Outcome::Finished)?;
///
/// let history = longspan_run::directory::history::read(&path)?;
/// assert_eq!((history.steps.len(), history.valid.len(), history.outcome()), (20, 1, Some("finished")));
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RunRecorder {
    run: RunDir,
    record: RunRecord,
    config: Config,
    profiles: ProfileWriter,
    began: Instant,
    flushed: Instant,
    /// The numbers of the last step, and the validations.
    step: u64,
    train_loss: Option<f64>,
    valid_loss: Option<f64>,
    best_loss: Option<f64>,
    /// The records of the last steps, for a step that fails.
    last: BlackBox,
}

impl RunRecorder {
    /// Begins a run in `path`, which must be new or empty. `layers` are the suffixes of the layers' names ("l0",
    /// "l0_reverse"), `parameters` the number of parameters of the whole model.
    ///
    /// # Errors
    /// [`RunError::Exists`], [`RunError::NotARun`], [`RunError::Io`].
    pub fn create(
        path: &Path,
        config: Config,
        watched: Watched,
        unit: Unit,
        layers: Vec<String>,
        parameters: usize,
    ) -> Result<Self, RunError> {
        let run = RunDir::create(path, &config)?;
        let profiles = ProfileWriter::open(path, run.attempt(), layers)?;
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let data = DataRecord {
            description: format!("what {} reads", watched.by),
            fingerprint: String::new(),
            schema: String::new(),
            parts: Parts {
                items: "batches".into(),
                train: 0,
                valid: 0,
                test: 0,
                by: "the other program".into(),
            },
            unknown_share: 0.0,
            unit,
            baseline_loss: f64::NAN,
            baseline: String::new(),
            baselines: Vec::new(),
            units: String::new(),
            channels: Vec::new(),
            notices: Vec::new(),
        };
        let record = RunRecord {
            format: FORMAT,
            id: format!("{name}-{created:x}"),
            parent: None,
            seed: config.run.seed,
            data,
            isa: InstructionSet::detect().to_string(),
            threads: config.run.threads,
            windows: 0,
            window_steps: 0,
            parameters,
            version: env!("CARGO_PKG_VERSION").into(),
            created,
            settings: BTreeMap::new(),
            changes: Vec::new(),
            watched: Some(watched),
        };
        run.begin(&record)?;
        let now = Instant::now();
        Ok(Self {
            run,
            record,
            config,
            profiles,
            began: now,
            flushed: now,
            step: 0,
            train_loss: None,
            valid_loss: None,
            best_loss: None,
            last: BlackBox::default(),
        })
    }

    /// Begins a run of a loop that calls `trainer`, in `path`, which must be new or empty. Settings, layers and the unit of
    /// the loss are the trainer's; `watched` says what only the loop knows. The trainer's specification says what is recorded
    /// of the gradient: [`TrainerSpec::observe`](longspan::trainer::TrainerSpec::observe).
    ///
    /// # Errors
    /// As [`RunRecorder::create`].
    pub fn of_trainer<R: Real>(
        path: &Path,
        trainer: &Trainer<R>,
        watched: Watched,
    ) -> Result<Self, RunError> {
        let model = trainer.model();
        let mut config = Config::of_trainer(trainer.spec());
        config.run.threads = trainer.context().threads();
        let (unit, parameters) = (model.spec().output.unit(), model.layout().parameters());
        Self::create(path, config, watched, unit, model.layer_names(), parameters)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.run.path()
    }

    /// Sets what is learned while the run goes on: the settings, what was watched, the longest window, and the loss of
    /// the baseline, or NaN.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn describe(
        &mut self,
        config: Config,
        watched: Watched,
        window_steps: usize,
        baseline_loss: f64,
    ) -> Result<(), RunError> {
        let settings = config.to_toml(false);
        if settings != self.config.to_toml(false) {
            self.run.write_config(&config)?;
            self.config = config;
        }
        let longest = window_steps.max(self.record.window_steps);
        let data = &mut self.record.data;
        let other_baseline = data.baseline_loss.to_bits() != baseline_loss.to_bits();
        let other = self.record.watched.as_ref() != Some(&watched) || longest != self.record.window_steps;
        if other || other_baseline {
            if other_baseline {
                (data.baseline_loss, data.baseline) = (baseline_loss, FIRST_LOSS.into());
            }
            (self.record.watched, self.record.window_steps) = (Some(watched), longest);
            self.run.begin(&self.record)?;
        }
        Ok(())
    }

    /// Sets the loss of a predictor without a network, and its name: "class frequencies", "persistence". Rules judge the
    /// losses beside it. Until then the loss of the first step stands for it.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn baseline(&mut self, name: &str, loss: f64) -> Result<(), RunError> {
        (self.record.data.baseline, self.record.data.baseline_loss) = (name.into(), loss);
        self.run.begin(&self.record)
    }

    /// Records the step that `trainer` has just taken, with its gradient profile if it is a snapshot.
    ///
    /// # Errors
    /// As [`RunRecorder::step`].
    pub fn step_of<R: Real>(&mut self, trainer: &Trainer<R>) -> Result<(), RunError> {
        let (record, batch) = (trainer.record(), trainer.batch());
        self.learn_from(record, batch.carry, batch.steps())?;
        self.last.take(record);
        self.step(record, record.snapshot.is_some().then(|| trainer.flow()))
    }

    /// Sets what only a step says: the learning rate and a baseline of the first, the longest window, and whether the state
    /// is carried.
    fn learn_from(&mut self, record: &StepRecord, carried: bool, steps: usize) -> Result<(), RunError> {
        let known_carried = self.record.watched.as_ref().is_some_and(|watched| watched.carried);
        if self.step > 0 && steps <= self.record.window_steps && carried <= known_carried {
            return Ok(());
        }
        let watched = self.record.watched.clone().unwrap_or_default();
        let mut config = self.config.clone();
        if self.step == 0 {
            config.optimizer.lr = record.lr;
        }
        let known = self.record.data.baseline_loss;
        let baseline = if known.is_nan() { record.loss } else { known };
        let carried = known_carried || carried;
        self.describe(config, Watched { carried, ..watched }, steps, baseline)
    }

    /// Records a training step, with its gradient profile if it was observed.
    ///
    /// # Errors
    /// [`RunError::Io`], [`RunError::Gone`].
    pub fn step(&mut self, record: &StepRecord, profile: Option<&GradientProfile>) -> Result<(), RunError> {
        self.run.append("step", record)?;
        (self.step, self.train_loss) = (record.step, Some(record.loss).filter(|loss| loss.is_finite()));
        if let Some(profile) = profile {
            let lag = record.snapshot.as_ref().and_then(|snapshot| snapshot.lag.as_ref());
            self.profiles.push(record.step, profile, lag)?;
        }
        if self.flushed.elapsed() > FLUSH {
            self.flush()?;
        }
        Ok(())
    }

    /// Scores held-out data with the weights that `trainer` has now, records the score, and returns it.
    ///
    /// # Errors
    /// As [`RunRecorder::valid`].
    pub fn valid_of<R: Real>(
        &mut self,
        trainer: &mut Trainer<R>,
        source: &dyn Source,
    ) -> Result<Score, RunError> {
        let score = trainer.evaluate(source);
        let classes = matches!(trainer.model().spec().output, OutputSpec::Classes { .. });
        self.valid(ScoreRecord {
            step: trainer.position().step,
            loss: score.mean_loss(),
            accuracy: classes.then(|| score.accuracy()).filter(|share| share.is_finite()),
            scored: score.scored,
            ..ScoreRecord::default()
        })?;
        Ok(score)
    }

    /// Records the first bad value of the step that has just failed, and ends the run as diverged.
    ///
    /// # Errors
    /// As [`RunRecorder::fault`] and [`RunRecorder::close`].
    pub fn diverged<R: Real>(
        &mut self,
        trainer: &mut Trainer<R>,
        divergence: &Divergence,
    ) -> Result<(), RunError> {
        self.fault(&trainer.first_fault(divergence, self.last.steps()))?;
        self.close(Outcome::Diverged)
    }

    /// Adds a probe of the weights after the last step, as [`examine`](longspan::probe::examine) returns it. Rules that
    /// need the dynamics of the network judge it.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn probe(&mut self, record: ProbeRecord) -> Result<(), RunError> {
        let needed_lag_steps = self.record.watched.as_ref().and_then(|watched| watched.needed_lag_steps);
        let beside = Beside { truncation_steps: None, needed_lag_steps };
        let record = ProbeRecord { step: self.step, beside, ..record };
        probes::write(self.run.path(), &record).map(|_| ())
    }

    /// Records a loss on held-out data.
    ///
    /// # Errors
    /// [`RunError::Io`], [`RunError::Gone`].
    pub fn valid(&mut self, record: ScoreRecord) -> Result<(), RunError> {
        let best = record.loss < self.best_loss.unwrap_or(f64::INFINITY);
        (self.valid_loss, self.best_loss) =
            (Some(record.loss), if best { Some(record.loss) } else { self.best_loss });
        self.run.append("valid", &ScoreRecord { best, ..record })
    }

    /// Records the first bad value of a step.
    ///
    /// # Errors
    /// [`RunError::Io`], [`RunError::Gone`].
    pub fn fault(&mut self, record: &FaultRecord) -> Result<(), RunError> {
        self.run.append("fault", record)
    }

    /// Forces everything to disk.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn flush(&mut self) -> Result<(), RunError> {
        self.flushed = Instant::now();
        self.profiles.flush()
    }

    /// Ends the run; it can go on afterwards and end again.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn close(&mut self, outcome: Outcome) -> Result<(), RunError> {
        self.flush()?;
        let mut summary = Map::new();
        summary.insert("outcome".into(), serde_json::to_value(outcome).unwrap_or_default());
        summary.insert("run".into(), self.run.path().display().to_string().into());
        summary.insert("step".into(), self.step.into());
        summary.insert("steps".into(), self.step.into());
        for (name, loss) in
            [("train_loss", self.train_loss), ("valid_loss", self.valid_loss), ("best_loss", self.best_loss)]
        {
            summary.insert(name.into(), loss.into());
        }
        summary.insert("unit".into(), self.record.data.unit.to_string().into());
        summary.insert("seconds".into(), self.began.elapsed().as_secs_f64().into());
        let mut findings = Vec::new();
        if let Ok(mut history) = directory::history::read(self.run.path()) {
            history.summary = serde_json::from_value(Value::Object(summary.clone())).ok();
            findings = diagnose(&history.evidence()).findings;
        }
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code()).collect();
        summary.insert("findings".into(), codes.into());
        self.run.write_summary(&summary)
    }
}

/// The first of `path`, `path-2`, `path-3` and so on that is not there.
pub fn free_path(path: &Path) -> PathBuf {
    let numbered = (2..).map(|number| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!("-{number}"));
        path.with_file_name(name)
    });
    let is_free = |path: &PathBuf| path.read_dir().map_or(true, |mut entries| entries.next().is_none());
    std::iter::once(path.to_owned()).chain(numbered).find(is_free).unwrap_or_else(|| path.to_owned())
}
