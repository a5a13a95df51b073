//! The run directory of a model that PyTorch trains.

use std::collections::BTreeMap;
use std::path::PathBuf;

use longspan::model::head::Unit;
use longspan_record::{FaultRecord, ScoreRecord, StepRecord};
use longspan_run::config::{Config, Origin};
use longspan_run::directory::Watched;
use longspan_run::recorder::{RunRecorder, free_path};
use longspan_run::train::Outcome;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

use crate::replay::Replay;

/// Writes a run directory.
#[pyclass(module = "longspan._core")]
pub(crate) struct Recorder {
    inner: RunRecorder,
    watched: Watched,
}

fn failed(error: impl ToString) -> PyErr {
    PyOSError::new_err(error.to_string())
}

fn configuration(settings: &BTreeMap<String, String>) -> PyResult<Config> {
    let mut config = Config::default();
    for (name, value) in settings {
        config.set(name, value, Origin::Flag).map_err(|error| PyValueError::new_err(error.to_string()))?;
    }
    Ok(config)
}

#[pymethods]
impl Recorder {
    /// Begins a run in `path`, or in `path-2` and so on if that is not empty.
    #[new]
    fn new(
        path: PathBuf,
        by: String,
        module: String,
        settings: BTreeMap<String, String>,
        layers: Vec<String>,
        parameters: usize,
        needed_lag: Option<usize>,
    ) -> PyResult<Self> {
        let watched = Watched { by, module, needed_lag_steps: needed_lag, ..Watched::default() };
        let (path, config) = (free_path(&path), configuration(&settings)?);
        let inner = RunRecorder::create(&path, config, watched.clone(), Unit::Nats, layers, parameters);
        Ok(Self { inner: inner.map_err(failed)?, watched })
    }

    /// The directory.
    fn path(&self) -> PathBuf {
        self.inner.path().into()
    }

    /// Sets what is learned while the run goes on.
    fn describe(
        &mut self,
        settings: BTreeMap<String, String>,
        carried: bool,
        steps: usize,
        baseline: f64,
        deviation: f64,
        skipped: u64,
    ) -> PyResult<()> {
        self.watched.carried = carried;
        (self.watched.largest_deviation, self.watched.skipped_steps) = (Some(deviation), skipped);
        self.inner.describe(configuration(&settings)?, self.watched.clone(), steps, baseline).map_err(failed)
    }

    /// Records a step that was observed from the JSON of its record, with what `replay` has seen.
    fn step(&mut self, record: &str, replay: PyRef<'_, Replay>) -> PyResult<()> {
        let record: StepRecord =
            serde_json::from_str(record).map_err(|error| PyValueError::new_err(error.to_string()))?;
        self.inner.step(&record, Some(replay.profile())).map_err(failed)
    }

    /// Records steps that were not observed: the step, its loss and learning rate, the global norm before and after clipping,
    /// and whether it was clipped.
    fn plain_steps(&mut self, steps: Vec<(u64, f64, f64, f64, f64, bool)>) -> PyResult<()> {
        for (step, loss, lr, norm, norm_after, clipped) in steps {
            let (log10_global_norm, log10_global_norm_after) = (norm.log10(), norm_after.log10());
            let record = StepRecord {
                step,
                attempt: 1,
                epoch: 1,
                loss,
                lr,
                log10_global_norm,
                log10_global_norm_after,
                clipped,
                ..StepRecord::default()
            };
            self.inner.step(&record, None).map_err(failed)?;
        }
        Ok(())
    }

    /// Records the first bad value of a step from its JSON.
    fn fault(&mut self, record: &str) -> PyResult<()> {
        let record: FaultRecord =
            serde_json::from_str(record).map_err(|error| PyValueError::new_err(error.to_string()))?;
        self.inner.fault(&record).map_err(failed)
    }

    /// Records a loss on held-out data.
    fn valid(&mut self, step: u64, loss: f64, count: u64) -> PyResult<()> {
        let record = ScoreRecord { step, loss, scored: count, ..ScoreRecord::default() };
        self.inner.valid(record).map_err(failed)
    }

    /// Ends the run: "finished", "interrupted" or "diverged". It can go on afterwards.
    fn close(&mut self, outcome: &str) -> PyResult<()> {
        let outcome = match outcome {
            "finished" => Outcome::Finished,
            "diverged" => Outcome::Diverged,
            _ => Outcome::Interrupted,
        };
        self.inner.close(outcome).map_err(failed)
    }
}
