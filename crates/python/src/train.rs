//! Training with the settings of the program.

use std::path::PathBuf;

use longspan_run::config::{Config, Origin};
use longspan_run::train::{Event, Job};
use pyo3::prelude::*;

use crate::attended::attend;
use crate::errors::{of_config, of_training};

/// A training step, for the callback: step, planned steps, loss, log10 of the gradient's norm, learning rate, and the loss
/// of the last validation.
type Step = (u64, u64, f64, f64, f64, Option<f64>);

/// What a training tells Python.
enum Told {
    Step(Step),
    Warning(String),
}

/// Trains a run: settings as text by name, which override those of the file `config`. Returns its directory. Of the callbacks,
/// the first is called with the text of each warning, the second with each step.
#[pyfunction]
#[pyo3(signature = (settings, callbacks, out=None, resume=false, weights=None, config=None))]
pub(crate) fn train(
    py: Python<'_>,
    settings: Vec<(String, String)>,
    callbacks: (Py<PyAny>, Option<Py<PyAny>>),
    out: Option<PathBuf>,
    resume: bool,
    weights: Option<PathBuf>,
    config: Option<PathBuf>,
) -> PyResult<PathBuf> {
    let (warn, progress) = callbacks;
    let mut given = Config::default();
    let read = config.map_or(Ok(()), |file| given.read(&file));
    read.map_err(|error| of_config(&error))?;
    for (name, value) in &settings {
        given.set(name, value, Origin::Flag).map_err(|error| of_config(&error))?;
    }
    let job = Job::prepare(given, out, resume, weights).map_err(|error| of_training(&error))?;
    let shown = progress.is_some();
    let (trained, failed) = attend(
        py,
        |cancel, sender| {
            let (mut steps, mut validation) = (0, None);
            // The receiver is gone only if Python ends.
            let tell = |told| drop(sender.send(told));
            longspan_cli::train(&job, cancel, &mut |event| match event {
                Event::Started(start) => steps = start.steps,
                Event::Warning(text) => tell(Told::Warning((*text).to_owned())),
                Event::Validated { record, .. } => validation = Some(record.loss),
                Event::Stepped { record, .. } if shown => tell(Told::Step((
                    record.step,
                    steps,
                    record.loss,
                    record.log10_global_norm,
                    record.lr,
                    validation,
                ))),
                _ => {}
            })
        },
        |py, told| match (told, &progress) {
            (Told::Warning(text), _) => warn.call1(py, (text,)).map(drop),
            (Told::Step(step), Some(progress)) => progress.call1(py, step).map(drop),
            (Told::Step(_), None) => Ok(()),
        },
    )?;
    let summary = trained.map_err(|error| of_training(&error));
    failed.map_or(Ok(()), Err)?;
    Ok(summary?.run)
}
