//! A training run with its events for TensorBoard, as the command `train` and the Python package start it.

use std::sync::atomic::AtomicBool;

use longspan_run::train::{self, Event, Job, Summary, TrainError};

use crate::tensorboard::Events;

/// Trains a run, and writes its events for TensorBoard if a setting asks for them. Setting `cancel` stops it after the current
/// step, with a checkpoint; `watch` is called for each event.
///
/// # Errors
/// [`TrainError`] if the run cannot start or a file cannot be read or written. Divergence is an outcome, not an error.
pub fn train(
    job: &Job,
    cancel: &AtomicBool,
    watch: &mut dyn FnMut(&Event<'_>),
) -> Result<Summary, TrainError> {
    let mut events = Events::open(job.config.run.tensorboard.as_deref())?;
    let summary = train::train(job, cancel, &mut |event| {
        watch(&event);
        events.see(&event);
    });
    events.close();
    summary
}
