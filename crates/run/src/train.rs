//! A training run from start to end: data, model, steps, validation, checkpoints and outcome.

mod ending;
mod error;
mod fault;
mod full_disk;
mod job;
mod kept;
mod light;
mod memory;
mod open;
mod outage;
mod outcome;
mod records;
mod recovery;
mod resumed;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

pub use error::TrainError;
pub(crate) use fault::BlackBox;
pub use fault::{Replay, ReplayError, replay_fault};
pub use job::Job;
pub use light::LightProbe;
pub use memory::check_window;
pub use outcome::{Event, Outcome, Start, Summary};
pub use resumed::{resumable, resumed_config};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::config::{Config, OptimizerConfig};
use crate::dataset::Dataset;
use crate::directory::profiles::ProfileWriter;
use crate::directory::{RunDir, checkpoint_path};
use crate::units::{Detailed, UnitSums};
use crate::whole_file;
#[cfg(test)]
pub(crate) use full_disk::is_disk_full;
use longspan::model::OutputSpec;
use longspan::optim::schedule::{Patience, Progress, warm_up};
use longspan::trainer::Trainer;
use longspan_data::series::Part;
use longspan_record::{FaultRecord, ScoreRecord};
use outage::Outage;
use records::{accuracy, score_record};
use recovery::Recoveries;

/// Trains a run. Setting `cancel` stops it after the current step, with a checkpoint; `watch` is called for
/// each event.
///
/// # Errors
/// [`TrainError`] if the run cannot start or a file cannot be read or written. Divergence is an outcome, not
/// an error.
pub fn train(
    job: &Job,
    cancel: &AtomicBool,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Summary, TrainError> {
    let began = Instant::now();
    let mut session = Session::open(job, watch)?;
    watch(Event::Started(&session.start));
    let outcome = session.run(began, cancel, watch)?;
    session.close(outcome, began, cancel)
}

/// A run in progress.
struct Session {
    config: Config,
    /// The settings of the optimizer, each with the first step that has them, in ascending order.
    optimizers: Vec<(u64, OptimizerConfig)>,
    data: Dataset,
    trainer: Trainer<f32>,
    run: RunDir,
    flow: ProfileWriter,
    patience: Patience,
    /// The step of the last validation.
    validated: u64,
    start: Start,
    /// The last validation, of an earlier attempt if this one has none.
    valid: Option<ScoreRecord>,
    /// Loss of the last step of an earlier attempt.
    last_loss: Option<f64>,
    /// The sums of the units of the best validation.
    best: Option<UnitSums>,
    /// Its accuracy, for classes.
    best_accuracy: Option<f64>,
    black_box: BlackBox,
    fault: Option<FaultRecord>,
    recoveries: Recoveries,
    /// What waits while the disk is full.
    outage: Option<Outage>,
    /// The step of the last checkpoint; None if there is none, or it is damaged.
    saved_step: Option<u64>,
    /// When the last checkpoint of the earlier attempts was written.
    saved_before: Option<SystemTime>,
    tokens: u64,
    /// Time spent in training steps alone.
    stepping: Duration,
}

impl Session {
    /// The training loop.
    fn run(
        &mut self,
        began: Instant,
        cancel: &AtomicBool,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<Outcome, TrainError> {
        let every = Duration::from_secs_f64(self.config.run.checkpoint_every.min(1e9));
        let deadline = Duration::from_secs_f64(self.config.run.stop_after.min(1e9));
        let mut saved = Instant::now();
        loop {
            self.pass_left_out();
            let position = self.trainer.position();
            let (ended, done) = (position.window == 0, position.step >= self.start.steps);
            if self.validation_is_due(ended, done) {
                self.validate(cancel, watch)?;
            }
            let exhausted = self.patience.exhausted(self.config.run.early_stop);
            let interrupted = cancel.load(Ordering::Relaxed);
            // Each attempt takes at least one step, so a run that is resumed often enough reaches its end.
            let late = !deadline.is_zero() && began.elapsed() >= deadline && self.tokens > 0;
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
                self.finish_writing(cancel, watch)?;
                return Ok(outcome);
            }
            let kept = self.keep_point();
            self.tolerate(kept, watch)?;

            // A schedule by steps begins when the warm-up has ended.
            let warmup = self.optimizer().warmup;
            let progress = Progress {
                step: position.step.saturating_sub(warmup),
                steps: self.start.steps.saturating_sub(warmup),
                epoch: position.epoch,
            };
            let optimizer = self.optimizer();
            let factor = optimizer.schedule.factor(progress, &self.patience) * warm_up(position.step, warmup);
            let (lr, clip) = (optimizer.lr * factor * self.recoveries.lr_factor(), optimizer.clip);
            self.trainer.set_clip(clip);
            let step_start = Instant::now();
            let stepped = self.trainer.step(self.data.train.as_ref(), lr);
            self.stepping += step_start.elapsed();
            if let Err(divergence) = stepped {
                self.check_read(self.data.train.failure().map(ToString::to_string), watch)?;
                let fault = self.trainer.first_fault(&divergence, self.black_box.steps());
                if self.recover(&fault, watch)? {
                    continue;
                }
                self.save("last", watch)?;
                self.finish_writing(cancel, watch)?;
                fault::write(&self.run, &self.trainer, &fault)?;
                self.run.append("fault", &fault)?;
                self.fault = Some(fault);
                return Ok(Outcome::Diverged);
            }
            let (record, flow) = (self.trainer.record(), self.trainer.flow());
            let mut pushed = Ok(());
            self.run.append("step", record)?;
            if record.snapshot.is_some() {
                let lag = record.snapshot.as_ref().and_then(|snapshot| snapshot.lag.as_ref());
                pushed = self.flow.push(record.step, flow, lag).map_err(TrainError::from);
            }
            self.black_box.take(record);
            self.tokens += record.tokens;
            watch(Event::Stepped { record, clip: self.trainer.clip_report(), flow });
            self.tolerate(pushed, watch)?;
            self.note_waiting(watch);
        }
    }

    /// The settings of the optimizer for the next step.
    fn optimizer(&self) -> &OptimizerConfig {
        let step = self.trainer.position().step + 1;
        let at = self.optimizers.iter().rfind(|(first, _)| *first <= step);
        at.map_or(&self.config.optimizer, |(_, optimizer)| optimizer)
    }

    /// Whether to validate: after each epoch, at the end, and every `eval_every` steps, but only once after
    /// each step. Without validation data, the sample of the training part is scored after each epoch and at the end.
    fn validation_is_due(&self, ended: bool, done: bool) -> bool {
        let step = self.trainer.position().step;
        // With `eval_every` 0, no step above 0 is a multiple of it.
        let asked = self.data.valid.is_some() && step.is_multiple_of(self.config.run.eval_every);
        step > 0 && step != self.validated && (ended || done || asked)
    }

    fn validate(&mut self, cancel: &AtomicBool, watch: &mut dyn FnMut(Event<'_>)) -> Result<(), TrainError> {
        let Some(scored) = self.data.scored(Part::Valid) else { return self.score_training(cancel, watch) };
        let cancelled = || cancel.load(Ordering::Relaxed);
        let Some(valid) = scored.by_trainer(&mut self.trainer, None, &cancelled) else { return Ok(()) };
        let failure = scored.source.failure().map(ToString::to_string);
        self.check_read(failure, watch)?;
        let Some(train) = self.score_sample(cancel, watch)? else { return Ok(()) };
        let score = valid.score;
        let step = self.trainer.position().step;
        self.validated = step;
        self.recall_best(&cancelled)?;
        let above_best = self.best.as_ref().and_then(|best| valid.units.minus(best));
        let schedule = self.optimizer().schedule;
        let best = self.patience.observe(score.mean_loss(), &schedule);
        let output = self.output();
        let record = ScoreRecord {
            above_best,
            train: train.units.mean(),
            train_accuracy: accuracy(output, &train.score),
            groups: self.data.group_scores(Part::Valid, &valid.groups),
            ..score_record(output, step, &valid, best)
        };
        self.run.append("valid", &record)?;
        watch(Event::Validated { score, record: &record, epoch: self.ended_epoch() });
        if best {
            (self.best, self.best_accuracy) = (Some(valid.units), record.accuracy);
        }
        self.valid = Some(record);
        if best {
            self.save("best", watch)?;
        }
        Ok(())
    }

    /// The epoch that the last step has ended; None within an epoch, and for a task.
    fn ended_epoch(&self) -> Option<u64> {
        let position = self.trainer.position();
        self.start.epochs.and((position.window == 0).then_some(position.epoch))
    }

    /// Tells the score of the sample of the training part, in a run without validation data.
    fn score_training(
        &mut self,
        cancel: &AtomicBool,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), TrainError> {
        let Some(Detailed { score, .. }) = self.score_sample(cancel, watch)? else { return Ok(()) };
        self.validated = self.trainer.position().step;
        watch(Event::Scored {
            step: self.validated,
            loss: score.mean_loss(),
            accuracy: accuracy(self.output(), &score),
            epoch: self.ended_epoch(),
        });
        Ok(())
    }

    /// Scores the fixed sample of the training part; None if the run is interrupted.
    fn score_sample(
        &mut self,
        cancel: &AtomicBool,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<Option<Detailed>, TrainError> {
        let scored = self.data.sample.scored();
        let sample = scored.by_trainer(&mut self.trainer, None, &|| cancel.load(Ordering::Relaxed));
        let failure = scored.source.failure().map(ToString::to_string);
        self.check_read(failure, watch)?;
        Ok(sample)
    }

    /// Scores the weights of the best validation of an earlier attempt again: the sums of its units are not stored.
    fn recall_best(&mut self, cancelled: &dyn Fn() -> bool) -> Result<(), TrainError> {
        let path = checkpoint_path(self.run.path(), "best");
        if self.best.is_some() || !self.patience.best.is_finite() || !path.is_file() {
            return Ok(());
        }
        let Some(scored) = self.data.scored(Part::Valid) else { return Ok(()) };
        let mut params = self.trainer.params().clone();
        Checkpoint::read(&path)?.weights(&mut params)?;
        let best = scored.by_trainer(&mut self.trainer, Some(&params), cancelled);
        self.best = best.map(|best| best.units);
        Ok(())
    }

    /// Ends the run with a checkpoint of its last step if the data can no longer be read.
    fn check_read(
        &mut self,
        failure: Option<String>,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), TrainError> {
        let Some(failure) = failure else { return Ok(()) };
        self.save("last", watch)?;
        let (run, step) = (self.run.path().display().to_string(), self.trainer.position().step);
        Err(TrainError::Unread { run, step, failure })
    }

    fn output(&self) -> OutputSpec {
        self.trainer.model().spec().output
    }

    /// Writes the profiles, then a checkpoint: profiles that a kill loses are of steps after the last
    /// checkpoint, which are repeated.
    fn write(&mut self, name: &str, watch: &mut dyn FnMut(Event<'_>)) -> Result<(), TrainError> {
        self.run.check()?;
        self.write_waiting()?;
        self.flow.flush()?;
        let path = checkpoint_path(self.run.path(), name);
        if name == "last" {
            self.keep_last(&path);
        }
        let written = self.write_checkpoint(&path);
        match written {
            Err(error) if full_disk::is_full(&error) && name == "last" && self.make_room() => {
                self.write_checkpoint(&path)?;
            }
            written => written?,
        }
        if name == "last" {
            self.remove_earlier();
        }
        watch(Event::Saved(&path));
        Ok(())
    }

    /// Writes a checkpoint of this moment.
    fn write_checkpoint(&self, path: &Path) -> Result<(), TrainError> {
        let bytes = self.checkpoint_bytes(path)?;
        let unwritable = |error| CheckpointError::Unwritable { path: path.into(), error };
        Ok(whole_file::replace(path, &bytes).map_err(unwritable)?)
    }

    /// The content of a checkpoint of this moment.
    fn checkpoint_bytes(&self, path: &Path) -> Result<Vec<u8>, TrainError> {
        let (data, recoveries) = (&self.data.schema, &self.recoveries.0);
        Ok(Checkpoint::bytes(path, &self.trainer, data, &self.patience, self.validated, recoveries)?)
    }
}
