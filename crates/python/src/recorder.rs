//! The run directory of a model that PyTorch trains.

use std::collections::BTreeMap;
use std::path::PathBuf;

use longspan::model::head::Unit;
use longspan_record::{ScoreRecord, StepRecord};
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
        let watched = Watched { by, module, carried: false, needed_lag_steps: needed_lag };
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
    ) -> PyResult<()> {
        self.watched.carried = carried;
        self.inner.describe(configuration(&settings)?, self.watched.clone(), steps, baseline).map_err(failed)
    }

    /// Records a step from the JSON of its record, with what `replay` observed.
    fn step(&mut self, record: &str, replay: Option<PyRef<'_, Replay>>) -> PyResult<()> {
        let record: StepRecord =
            serde_json::from_str(record).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let profile = replay.as_ref().map(|replay| replay.profile());
        self.inner.step(&record, profile).map_err(failed)
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
