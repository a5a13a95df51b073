//! Records a run that another program trains, so that `diagnose`, `report` and `serve` read it like any other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use longspan::model::head::Unit;
use longspan::telemetry::GradientProfile;
use longspan_diagnose::diagnose;
use longspan_kernel::InstructionSet;
use longspan_record::{FaultRecord, ScoreRecord, StepRecord};
use serde_json::{Map, Value};

use crate::config::Config;
use crate::dataset::{DataRecord, Parts};
use crate::directory::profiles::ProfileWriter;
use crate::directory::{self, FORMAT, RunDir, RunError, RunRecord, Watched};
use crate::train::Outcome;

/// Gradient profiles are forced to disk at least this often.
const FLUSH: Duration = Duration::from_secs(10);

/// A run that is recorded.
#[derive(Debug)]
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
        })
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
            (data.baseline_loss, data.baseline) = (baseline_loss, "first loss".into());
            (self.record.watched, self.record.window_steps) = (Some(watched), longest);
            self.run.begin(&self.record)?;
        }
        Ok(())
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
