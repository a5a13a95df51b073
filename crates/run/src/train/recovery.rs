//! What follows a fault: the run ends, the batch is left out, or training goes back.
//!
//! ```text
//! skip      weights, moments, step count and carried state are those before the batch, and the next batch follows
//! rewind    weights, moments, carried state and position are those of a rewind point, and the learning rate is halved from
//!           there on; a batch that fails again is left out, unless the steps before it have ruined the weights
//! ```
//!
//! A rewind point is a checkpoint, `checkpoints/rewind-STEP.safetensors`. There is one at the beginning and one every
//! [`EVERY`] steps; the last two are kept. What a run computes must not depend on the clock, so the checkpoints that are
//! written every so many seconds are no rewind points. A fault whose record shows that the loss rose before it goes back to
//! a point before the rise: the weights after it are the result of a spike. After two rewinds to one point, the next older
//! one is used.
//!
//! All recoveries of a run are in its checkpoints, and follow from them: the factor of the learning rate, the batches that
//! are left out, and how many faults there were. A run that is killed and resumed therefore takes the same decisions.
//!
//! Going back by about 100 steps follows Chowdhery et al., "PaLM: scaling language modeling with pathways", 2022, section
//! 5.1; going on with a lower learning rate Zhang et al., "OPT: open pre-trained transformer language models", 2022, section
//! 2.5. The factor of one half is Longspan's choice.

use super::{Event, Session, TrainError};
use crate::checkpoint::Checkpoint;
use crate::config::OnFault;
use crate::directory::{numbered, numbered_path};
use crate::disk;
use longspan::trainer::Position;
use longspan_record::{Cause, FaultRecord, Phase, RecoveryAction, RecoveryRecord};

/// Steps between two rewind points.
const EVERY: u64 = 100;
/// Rewind points that are kept.
const KEPT: usize = 2;
/// Faults without a step between them after which the run ends.
const IN_A_ROW: usize = 5;
/// The factor of the learning rate for each rewind.
const FACTOR: f64 = 0.5;
/// The name of the files of rewind points.
const POINT: &str = "rewind";

/// The recoveries of a run.
#[derive(Debug, Default)]
pub(super) struct Recoveries(pub(super) Vec<RecoveryRecord>);

impl Recoveries {
    /// The factor of the learning rate.
    pub(super) fn lr_factor(&self) -> f64 {
        FACTOR.powi(i32::try_from(self.count(RecoveryAction::Rewind)).unwrap_or(i32::MAX))
    }

    /// The number of recoveries of one kind.
    pub(super) fn count(&self, action: RecoveryAction) -> usize {
        self.0.iter().filter(|record| record.action == action).count()
    }

    /// Whether the batch at this position was left out before.
    fn leave_out(&self, at: Position) -> bool {
        self.0.iter().any(|record| record.leaves_out(at.epoch, at.window))
    }

    /// How training continues after a fault at this position; None if the run ends.
    fn next(
        &self,
        (policy, most): (OnFault, u64),
        at: Position,
        fault: &FaultRecord,
    ) -> Option<RecoveryAction> {
        let in_a_row = self.0.iter().rev().take_while(|record| record.to_step == at.step).count();
        if policy == OnFault::Stop || self.0.len() as u64 >= most || in_a_row >= IN_A_ROW {
            return None;
        }
        // With weights that the steps before have ruined, the next batch would fail too.
        let ruined = fault.cause == Cause::StepTooLarge && fault.phase != Phase::Update;
        let again = !ruined && self.0.iter().any(|record| record.is_of(at.epoch, at.window));
        Some(if policy == OnFault::Skip || again { RecoveryAction::Skip } else { RecoveryAction::Rewind })
    }

    /// The rewind point for a fault, of these points in ascending order of steps.
    fn point(&self, points: &[u64], fault: &FaultRecord) -> Option<u64> {
        let newest = points.last()?;
        // Weights after step p are those with which step p + 1 computes its loss.
        let risen = |point: u64| fault.evidence.rise_step.is_some_and(|rise| point + 1 >= rise);
        let rewinds = self.0.iter().rev().filter(|record| record.action == RecoveryAction::Rewind);
        let used = rewinds.take_while(|record| record.to_step == *newest).count() >= 2;
        let good = |point: u64| !(risen(point) || used && point == *newest);
        Some(points.iter().rev().copied().find(|&point| good(point)).unwrap_or(points[0]))
    }
}

impl Session {
    /// Leaves out the batches that were left out before.
    pub(super) fn pass_left_out(&mut self) {
        while self.recoveries.leave_out(self.trainer.position()) {
            self.pass_batch();
        }
    }

    /// Goes on to the next batch without a step.
    fn pass_batch(&mut self) {
        let mut position = self.trainer.position();
        position.window += 1;
        if position.window == self.data.train.windows() {
            (position.epoch, position.window) = (position.epoch + 1, 0);
        }
        self.trainer.set_position(position);
    }

    /// Writes the first rewind point, if the run has none yet.
    pub(super) fn keep_first_point(&mut self) -> Result<(), TrainError> {
        let missing = numbered(self.run.path(), POINT).is_empty();
        if missing && self.config.run.on_fault == OnFault::Rewind { self.write_point() } else { Ok(()) }
    }

    /// Writes a rewind point if one is due.
    pub(super) fn keep_point(&mut self) -> Result<(), TrainError> {
        let due = self.trainer.position().step.is_multiple_of(EVERY);
        if due && self.config.run.on_fault == OnFault::Rewind { self.write_point() } else { Ok(()) }
    }

    fn write_point(&mut self) -> Result<(), TrainError> {
        let (step, points) = (self.trainer.position().step, numbered(self.run.path(), POINT));
        if points.last().is_some_and(|(last, _)| *last >= step) {
            return Ok(());
        }
        self.run.check()?;
        self.write_checkpoint(&numbered_path(self.run.path(), POINT, step))?;
        for (_, old) in points.iter().rev().skip(KEPT - 1) {
            // A point that stays is of no harm.
            let _ = disk::remove_file(old);
        }
        Ok(())
    }

    /// Removes rewind points that lie ahead: they were written after the checkpoint with which training continues.
    pub(super) fn remove_points_after(&self, step: u64) {
        for (_, path) in numbered(self.run.path(), POINT).into_iter().filter(|(point, _)| *point > step) {
            let _ = disk::remove_file(&path);
        }
    }

    /// Continues training after a fault, if the policy allows it; returns whether it does.
    pub(super) fn recover(
        &mut self,
        fault: &FaultRecord,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<bool, TrainError> {
        let (run, at) = (&self.config.run, self.trainer.position());
        let Some(mut action) = self.recoveries.next((run.on_fault, run.max_faults), at, fault) else {
            return Ok(false);
        };
        let mut to_step = at.step;
        if action == RecoveryAction::Rewind {
            match self.go_back(fault) {
                Some(point) => to_step = point,
                // Without a point that can be read, all that is left is to leave the batch out.
                None => action = RecoveryAction::Skip,
            }
        }
        let fault = FaultRecord { before: Vec::new(), ..fault.clone() };
        let record = RecoveryRecord { step: to_step, action, window: at.window + 1, to_step, fault };
        self.recoveries.0.push(record.clone());
        match action {
            RecoveryAction::Skip => {
                // A carried state that is bad itself makes every batch fail.
                if record.fault.phase == Phase::Input && record.fault.layer.is_some() {
                    self.trainer.state_mut().clear();
                }
                self.pass_batch();
                self.run.append("recovery", &record)?;
            }
            RecoveryAction::Rewind => {
                // The checkpoint comes first: a kill in between leaves metrics that end at the fault, and resuming
                // writes the records of the recoveries that the checkpoint has.
                self.save("last", watch)?;
                self.remove_points_after(to_step);
                self.run.next_attempt();
                self.flow.set_attempt(self.run.attempt());
                self.black_box = Default::default();
                self.write_recoveries()?;
            }
        }
        watch(Event::Recovered(&record));
        Ok(true)
    }

    /// Restores the rewind point for a fault, and returns its step; None if there is none that can be read.
    fn go_back(&mut self, fault: &FaultRecord) -> Option<u64> {
        let mut points = numbered(self.run.path(), POINT);
        while !points.is_empty() {
            let steps: Vec<u64> = points.iter().map(|(step, _)| *step).collect();
            let chosen = self.recoveries.point(&steps, fault)?;
            let index = steps.iter().position(|step| *step == chosen)?;
            let checkpoint = Checkpoint::read(&points[index].1).ok();
            let header = checkpoint.as_ref().and_then(Checkpoint::header).cloned();
            if let (Some(checkpoint), Some(header)) = (checkpoint, header)
                && header.model == *self.trainer.model().spec()
                && checkpoint.check_position(self.data.train.windows()).is_ok()
                && checkpoint.restore(&mut self.trainer).is_ok()
            {
                // The best weights stay the best, even if their step is undone.
                let best = self.patience.best.min(header.patience.best);
                self.patience = longspan::optim::schedule::Patience { best, ..header.patience };
                self.validated = header.validated;
                return Some(chosen);
            }
            points.remove(index);
        }
        None
    }

    /// Writes the records of all recoveries, with which the records of an attempt begin.
    pub(super) fn write_recoveries(&mut self) -> Result<(), TrainError> {
        let step = self.trainer.position().step;
        for record in &self.recoveries.0 {
            self.run.append("recovery", &RecoveryRecord { step, ..record.clone() })?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
