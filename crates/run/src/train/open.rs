//! The start of a run: from fresh weights, from the weights of another run, or from its own last checkpoint.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::ending::is_complete;
use super::fault::BlackBox;
use super::memory::{self, check_memory};
use super::recovery::Recoveries;
use super::resumed::recorded_settings;
use super::{Event, Job, Session, Start, TrainError};
use crate::checkpoint::{Checkpoint, Header, Last};
use crate::config::{Beside, ClassWeights, Config, KEYS, OnFullDisk, OptimizerConfig};
use crate::dataset::{Dataset, difference};
use crate::directory;
use crate::directory::profiles::ProfileWriter;
use crate::directory::{
    Parent, RunDir, RunError, RunRecord, checkpoint_path, numbered, resumed_changes, settings_at,
};
use longspan::optim::schedule::Patience;
use longspan::trainer::Trainer;
use longspan_kernel::Context;
use longspan_record::{RecoveryAction, RecoveryRecord, SettingChange};

/// What a run starts with, apart from the weights, moments and position in the trainer.
#[derive(Default)]
struct Origin {
    patience: Patience,
    /// The step of the last validation.
    validated: u64,
    /// The faults after which training continued.
    recoveries: Vec<RecoveryRecord>,
    /// The other run that the weights come from.
    parent: Option<Parent>,
}

impl Session {
    /// Reads everything that a run needs, and creates its directory or opens it again.
    ///
    /// # Errors
    /// [`TrainError`] if settings, data, checkpoint or directory cannot be used, or do not fit together.
    pub(super) fn open(job: &Job, watch: &mut dyn FnMut(Event<'_>)) -> Result<Self, TrainError> {
        let Opened { checkpoint, warning } = checkpoint(job)?;
        if let Some(warning) = &warning {
            watch(Event::Warning(warning));
        }
        let header = checkpoint.as_ref().and_then(Checkpoint::header);
        let config = settings(job, header)?;
        let mut record = own_record(job, &config, header)?;
        let learned = header.map(|header| &header.schema).filter(|_| config.data.task.is_none());
        let data = Dataset::open_watched(&config, learned, &mut |reading| watch(Event::Reading(reading)))?;
        config.check_for(&data.schema)?;
        if !job.resume {
            let beside = Beside { config: &config, schema: Some(&data.schema), from: job.from.is_some() };
            beside.without_effect().for_each(|(_, text)| watch(Event::Warning(&text)));
        }
        let mut trainer = trainer(job, &config, &data)?;
        let memory = memory::plan(&config, trainer.model(), data.train.shape())?;
        let origin = match (&checkpoint, &record) {
            (None, _) => Origin::default(),
            (Some(checkpoint), Some(record)) => continue_run(
                job,
                &directory::read_config(&job.out)?,
                checkpoint,
                record,
                &data,
                &mut trainer,
            )?,
            (Some(checkpoint), None) => start_from(job, checkpoint, &mut trainer)?,
        };
        let Origin { patience, validated, recoveries, parent } = origin;
        let steps = config.run.planned_steps(data.train.windows());
        let step = trainer.position().step;
        let validated_last = data.valid.is_none() || validated == step;
        let stopped = patience.exhausted(config.run.early_stop);
        let ended = (step >= steps || stopped) && validated_last;
        if job.resume && ended && is_complete(&job.out, step, data.test.is_some()) {
            return Err(match step >= steps {
                true => TrainError::AlreadyDone { run: name(job), step },
                false => TrainError::EndedEarly { run: name(job), step },
            });
        }
        if job.resume && step > steps {
            return Err(TrainError::Fewer { run: name(job), step, steps });
        }
        watch(Event::Opening);
        let stored = record.as_ref().map(|record| record.changes.clone()).unwrap_or_default();
        let changes = match job.resume {
            true => resumed_changes(stored.clone(), &directory::read_config(&job.out)?, &config, step),
            false => stored.clone(),
        };
        let run = match job.resume {
            true => RunDir::resume(&job.out)?,
            false => RunDir::create(&job.out, &config)?,
        };
        let start = Start {
            out: job.out.clone(),
            step,
            steps,
            epochs: config.data.task.is_none().then(|| steps.div_ceil(data.train.windows().max(1))),
            batch: config.data.batch,
            model: trainer.model().spec().clone(),
            parameters: trainer.model().layout().parameters(),
            data: data.record.clone(),
            positions: if data.schema.vocabulary().is_some() { "tokens" } else { "steps" },
            level: job.level,
            began_on: record
                .as_ref()
                .map(|record| record.isa.clone())
                .filter(|isa| *isa != job.level.to_string()),
            threads: job.threads,
            memory,
        };
        let mut session = Self {
            flow: ProfileWriter::open(&job.out, run.attempt(), trainer.model().layer_names())?,
            optimizers: optimizers(&config, &changes),
            config,
            data,
            trainer,
            run,
            patience,
            validated,
            start,
            valid: None,
            last_loss: None,
            saved_step: Some(step).filter(|_| job.resume && warning.is_none()),
            saved_before: None,
            best: None,
            best_accuracy: None,
            black_box: match job.resume {
                true => BlackBox::resume(&job.out.join("metrics.jsonl"), rewound_to(&recoveries), step),
                false => BlackBox::default(),
            },
            fault: None,
            recoveries: Recoveries(recoveries),
            outage: None,
            tokens: 0,
            stepping: Duration::ZERO,
        };
        if session.config.run.on_full_disk == OnFullDisk::Wait {
            session.run.wait_for_disk();
        }
        // A run of an earlier version does not have them yet.
        if let Some(frequencies) = &session.data.frequencies {
            session.run.write_frequencies(frequencies)?;
        }
        if job.resume {
            session.recall();
            if let Some(record) = record.as_mut().filter(|_| changes != stored) {
                record.changes = changes;
                session.run.begin(record)?;
            }
            session.run.write_config(&session.config)?;
            session.write_recoveries()?;
            session.remove_points_after(step);
        } else {
            session.save("last", &mut |_| {})?;
            session.begin(parent)?;
        }
        session.keep_first_point()?;
        Ok(session)
    }

    /// Recalls the last validation and the last loss of earlier attempts, for the summary of one that has none, and when
    /// they ended.
    fn recall(&mut self) {
        let step = self.trainer.position().step;
        // Without metrics, the summary lacks them.
        if let Ok(history) = directory::history::read(self.run.path()) {
            let mut valid = history.valid;
            valid.retain(|record| record.step <= self.validated);
            self.best_accuracy = valid.iter().rfind(|record| record.best).and_then(|record| record.accuracy);
            self.valid = valid.pop().filter(|record| record.step == self.validated);
            self.last_loss =
                history.steps.into_iter().rfind(|record| record.step == step).map(|record| record.loss);
        }
        let last = checkpoint_path(self.run.path(), "last");
        self.saved_before = last.symlink_metadata().and_then(|file| file.modified()).ok();
    }

    /// Writes `run.json`.
    fn begin(&self, parent: Option<Parent>) -> Result<(), RunError> {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = self.start.out.file_name().unwrap_or_default().to_string_lossy();
        self.run.begin(&RunRecord {
            format: directory::FORMAT,
            id: format!("{name}-{created:x}"),
            parent,
            seed: self.config.run.seed,
            data: self.data.record.clone(),
            isa: self.start.level.to_string(),
            threads: self.start.threads,
            windows: self.data.train.windows(),
            window_steps: self.data.train.shape().0,
            parameters: self.start.parameters,
            version: env!("CARGO_PKG_VERSION").into(),
            created,
            settings: recorded_settings(&self.config),
            changes: Vec::new(),
            watched: None,
        })
    }
}

/// The settings of the optimizer, each with the first step that has them.
fn optimizers(config: &Config, changes: &[SettingChange]) -> Vec<(u64, OptimizerConfig)> {
    let steps = std::iter::once(0).chain(changes.iter().map(|change| change.step));
    steps.map(|step| (step, settings_at(config, changes, step).optimizer)).collect()
}

/// The name of the run in messages.
fn name(job: &Job) -> String {
    job.out.display().to_string()
}

/// The checkpoint that a run starts with.
struct Opened {
    checkpoint: Option<Checkpoint>,
    /// Why it is not the last one.
    warning: Option<String>,
}

/// Reads the checkpoint that the run starts with: its own last one, or that of another run.
fn checkpoint(job: &Job) -> Result<Opened, TrainError> {
    let from = job.from.as_ref().map(|path| directory::find_checkpoint(path)).transpose()?;
    if !job.resume {
        let checkpoint = from.map(|file| Checkpoint::read(&file)).transpose()?;
        return Ok(Opened { checkpoint, warning: None });
    }
    let last = checkpoint_path(&job.out, "last");
    if directory::is_run(&job.out) && !last.is_file() && numbered(&job.out, "last").is_empty() {
        return Err(RunError::NoCheckpoint { path: job.out.clone() }.into());
    }
    let Last { checkpoint, warning, .. } = Checkpoint::read_last(&job.out)?;
    Ok(Opened { checkpoint: Some(checkpoint), warning })
}

/// The settings, with the model of the other run whose weights are used.
fn settings(job: &Job, header: Option<&Header>) -> Result<Config, TrainError> {
    let mut config = job.config.clone();
    if let (Some(header), false) = (header, job.resume) {
        config.adopt(&header.model);
        config.adopt_schema(&header.schema);
    }
    config.check()?;
    Ok(config)
}

/// The record of the run that is resumed; its checkpoint must belong to it.
fn own_record(job: &Job, config: &Config, header: Option<&Header>) -> Result<Option<RunRecord>, TrainError> {
    let record = job.resume.then(|| directory::read_record(&job.out)).transpose()?;
    if let (Some(record), Some(header)) = (&record, header) {
        let own = header.model == config.model_spec(&header.schema);
        if !own || header.schema.fingerprint() != record.data.schema {
            let path = checkpoint_path(&job.out, "last");
            return Err(TrainError::OtherCheckpoint { path, run: name(job) });
        }
    }
    Ok(record)
}

/// A trainer with fresh weights, if the model fits into memory.
fn trainer(job: &Job, config: &Config, data: &Dataset) -> Result<Trainer<f32>, TrainError> {
    let spec = config.model_spec(&data.schema);
    check_memory(config, &spec, data.train.shape())?;
    let mut trainer = Trainer::new(Context::new(job.level, job.threads), &config.trainer(spec));
    if config.data.class_weights == ClassWeights::Balanced {
        trainer.balance_classes(data.train.as_ref());
    }
    Ok(trainer)
}

/// Continues the run from its last checkpoint, on the same data.
fn continue_run(
    job: &Job,
    stored: &Config,
    checkpoint: &Checkpoint,
    record: &RunRecord,
    data: &Dataset,
    trainer: &mut Trainer<f32>,
) -> Result<Origin, TrainError> {
    // Files of the parts that are held out have no fingerprint, but their sizes tell a wrong one.
    let moved =
        KEYS.iter().any(|key| key.takes == "FILE" && stored.get(key.name) != job.config.get(key.name));
    if (moved || record.data.fingerprint != data.record.fingerprint)
        && let Some(what) = difference(&record.data, &data.record)
    {
        return Err(TrainError::OtherData { run: name(job), what });
    }
    checkpoint.check_position(data.train.windows())?;
    checkpoint.restore(trainer)?;
    let header = checkpoint.require_header()?;
    Ok(Origin {
        patience: header.patience,
        validated: header.validated,
        recoveries: header.recoveries.clone(),
        parent: None,
    })
}

/// The step of the last rewind: steps up to it belong to weights that were undone in part.
fn rewound_to(recoveries: &[RecoveryRecord]) -> u64 {
    let last = recoveries.iter().rfind(|record| record.action == RecoveryAction::Rewind);
    last.map_or(0, |record| record.to_step)
}

/// Starts with the weights of another run.
fn start_from(job: &Job, checkpoint: &Checkpoint, trainer: &mut Trainer<f32>) -> Result<Origin, TrainError> {
    checkpoint.weights(trainer.params_mut())?;
    checkpoint.check_all_used(trainer.model().layout())?;
    let step = checkpoint.header().map(|header| header.position.step);
    let parent = Some(Parent { run: job.from.clone().unwrap_or_default(), step });
    Ok(Origin { parent, ..Origin::default() })
}
