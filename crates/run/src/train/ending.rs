//! The end of a run: the test of the best weights, the summary, and the probe of the last weights.
//!
//! A run may be stopped after its last step and before its end. Its summary then says so (`complete` is false), or is
//! missing, and resuming the run makes up for what is missing: [`is_complete`].

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::light::{self, LightProbe, Pace, Subject};
use super::records::score_record;
use super::{Outcome, Session, Summary, TrainError};
use crate::checkpoint::Checkpoint;
use crate::directory::{self, checkpoint_path};
use longspan::model::OutputSpec;
use longspan::probe::credit::widen;
use longspan_data::series::Part;
use longspan_diagnose::diagnose;
use longspan_kernel::Context;
use longspan_record::ScoreRecord;

/// Whether a run that has taken its last step, number `step`, also has its test, its summary and its probe.
pub(super) fn is_complete(run: &Path, step: u64, has_test: bool) -> bool {
    // A damaged summary is written anew.
    let Ok(Some(summary)) = directory::read_summary(run) else { return false };
    let ended = matches!(summary.outcome.as_deref(), Some("finished" | "stopped_early"));
    let complete = summary.complete != Some(false) && (summary.test_loss.is_some() || !has_test);
    ended && complete && summary.step == Some(step)
}

impl Session {
    /// Tests the best weights, probes the last weights and writes the summary.
    pub(super) fn close(
        mut self,
        outcome: Outcome,
        began: Instant,
        cancel: &AtomicBool,
    ) -> Result<Summary, TrainError> {
        let cancelled = || cancel.load(Ordering::Relaxed);
        let ended = matches!(outcome, Outcome::Finished | Outcome::StoppedEarly);
        // A run that is out of time goes on, but it has weights to probe.
        let probes = ended || outcome == Outcome::OutOfTime;
        let pace = self.pace(began);
        let last = (probes && !self.config.run.no_probe)
            .then_some(pace)
            .flatten()
            .map(|pace| (pace, widen(self.trainer.params())));
        let seconds = began.elapsed().as_secs_f64();
        let (test, failure) = if ended { self.test(&cancelled)? } else { (None, None) };
        let mut summary = self.summary(outcome, test.as_ref(), seconds);
        if ended && cancelled() || failure.is_some() {
            // The test is missing.
            (summary.outcome, summary.complete) = (Outcome::Interrupted, false);
        } else {
            summary.complete = last.is_none() || !ended;
        }
        diagnose_into(&mut summary);
        self.run.write_waiting()?;
        self.run.write_summary(&summary.document())?;
        if let Some(failure) = failure {
            let run = self.run.path().display().to_string();
            return Err(TrainError::Unread { run, step: summary.step, failure });
        }
        let Some((pace, params)) = last.filter(|_| summary.outcome != Outcome::Interrupted) else {
            return Ok(summary);
        };
        let ctx = self.trainer.context();
        let ctx = Context::new(ctx.instruction_set(), ctx.threads());
        let (source, data) = self.data.held_out();
        let spec = self.trainer.model().spec();
        let subject = Subject { spec, params: &params, step: summary.step, source: source.as_ref(), data };
        summary.probe = Some(light::probe(&ctx, &subject, &self.config, self.run.path(), pace, &cancelled));
        summary.complete = true;
        if ended && cancelled() && matches!(summary.probe, Some(LightProbe::LeftOut(_))) {
            (summary.outcome, summary.complete) = (Outcome::Interrupted, false);
        }
        diagnose_into(&mut summary);
        self.run.write_summary(&summary.document())?;
        Ok(summary)
    }

    /// The speed of the run: of this attempt or, if that has taken no steps, about that of the earlier ones, from the
    /// times of the files. None if the run has taken no steps.
    fn pace(&self, began: Instant) -> Option<Pace> {
        if self.tokens > 0 {
            let position = self.stepping.as_secs_f64() / self.tokens as f64;
            return Some(Pace { seconds: began.elapsed().as_secs_f64(), position });
        }
        let (run, steps) = (self.run.path(), self.trainer.position().step);
        let created = UNIX_EPOCH + Duration::from_secs(directory::read_record(run).ok()?.created);
        let seconds = self.saved_before?.duration_since(created).ok()?.as_secs_f64();
        let (longest, rows) = self.data.train.shape();
        let positions = steps as f64 * longest as f64 * rows as f64;
        (steps > 0).then(|| Pace { seconds, position: seconds / positions })
    }

    /// Scores the best weights on the test part, if there is one. Returns no score if it was interrupted, or why the data
    /// can no longer be read.
    fn test(
        &mut self,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(Option<ScoreRecord>, Option<String>), TrainError> {
        let Some(scored) = self.data.scored(Part::Test) else { return Ok((None, None)) };
        let best = checkpoint_path(self.run.path(), "best");
        if best.is_file() {
            Checkpoint::read(&best)?.weights(self.trainer.params_mut())?;
        }
        let tested = scored.by_trainer(&mut self.trainer, None, cancelled);
        if let Some(failure) = scored.source.failure() {
            return Ok((None, Some(failure.to_string())));
        }
        let Some(tested) = tested else { return Ok((None, None)) };
        let output = self.output();
        let groups = self.data.group_scores(Part::Test, &tested.groups);
        let step = self.trainer.position().step;
        let record = ScoreRecord { groups, ..score_record(output, step, &tested, false) };
        self.run.append("test", &record)?;
        Ok((Some(record), None))
    }

    fn summary(&mut self, outcome: Outcome, test: Option<&ScoreRecord>, seconds: f64) -> Summary {
        let classes = matches!(self.output(), OutputSpec::Classes { .. });
        let valid = self.valid.as_ref();
        let accuracy = |record: &ScoreRecord| record.accuracy.or(classes.then_some(f64::NAN));
        Summary {
            outcome,
            run: self.run.path().into(),
            step: self.trainer.position().step,
            steps: self.start.steps,
            train_loss: Some(self.trainer.record())
                .filter(|record| record.step > 0)
                .map(|record| record.loss)
                .or(self.last_loss),
            valid_loss: valid.map(|record| record.loss),
            valid_accuracy: valid.and_then(accuracy),
            valid_standard_error: valid.and_then(|record| record.standard_error),
            valid_units: valid.and_then(|record| record.units),
            train_score: valid.and_then(|record| Some(record.train?.mean)),
            train_accuracy: valid.and_then(|record| record.train_accuracy),
            groups: valid.map(|record| record.groups.clone()).unwrap_or_default(),
            best_loss: Some(self.patience.best).filter(|best| best.is_finite()),
            best_accuracy: self.best_accuracy,
            test_loss: test.map(|record| record.loss),
            test_accuracy: test.and_then(accuracy),
            unit: self.data.record.unit,
            baseline_loss: self.data.record.baseline_loss,
            baseline: self.data.record.baseline.clone(),
            units: self.data.record.units.clone(),
            seconds,
            step_seconds: self.stepping.as_secs_f64(),
            tokens_per_second: self.tokens as f64 / seconds.max(1e-9),
            positions: self.start.positions,
            findings: Vec::new(),
            fault: self.fault.take(),
            recoveries: self.recoveries.0.clone(),
            probe: None,
            complete: true,
        }
    }
}

/// Adds the findings to a summary. If the records cannot be read, the summary has no findings.
fn diagnose_into(summary: &mut Summary) {
    if let Ok(mut history) = directory::history::read(&summary.run) {
        history.summary = serde_json::from_value(summary.document()).ok();
        summary.findings = diagnose(&history.evidence()).findings;
    }
}
