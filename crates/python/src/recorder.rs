//! The run directory of a model that PyTorch trains.

use std::collections::BTreeMap;
use std::path::PathBuf;

use longspan::model::head::Unit;
use longspan_record::{FaultRecord, ScoreRecord, StepRecord, TensorRecord};
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
    /// What [`Recorder::describe`] was called with last: it is called at each step, and mostly nothing has changed.
    described: Option<Described>,
}

#[derive(PartialEq)]
struct Described {
    settings: BTreeMap<String, String>,
    carried: bool,
    steps: usize,
    /// The bits of the loss, which may be NaN.
    baseline: u64,
    deviation: f64,
    skipped: u64,
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

/// A step: its number, loss and learning rate, the global norm before and after clipping, and whether it was clipped.
type Plain = (u64, f64, f64, f64, f64, bool);

fn plain((step, loss, lr, norm, norm_after, clipped): Plain) -> StepRecord {
    StepRecord {
        step,
        attempt: 1,
        epoch: 1,
        loss,
        lr,
        log10_global_norm: norm.log10(),
        log10_global_norm_after: norm_after.log10(),
        clipped,
        ..StepRecord::default()
    }
}

#[pymethods]
impl Recorder {
    /// Begins a run in `path`, or in `path-2` and so on if that is not empty, of a module with its name and class.
    #[new]
    fn new(
        path: PathBuf,
        by: String,
        module: (String, String),
        settings: BTreeMap<String, String>,
        layers: Vec<String>,
        parameters: usize,
        needed_lag: Option<usize>,
    ) -> PyResult<Self> {
        let (module, class) = module;
        let watched = Watched { by, module, class, needed_lag_steps: needed_lag, ..Watched::default() };
        let (path, config) = (free_path(&path), configuration(&settings)?);
        let inner = RunRecorder::create(&path, config, watched.clone(), Unit::Own, layers, parameters);
        Ok(Self { inner: inner.map_err(failed)?, watched, described: None })
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
        let now = Described { settings, carried, steps, baseline: baseline.to_bits(), deviation, skipped };
        if self.described.as_ref() == Some(&now) {
            return Ok(());
        }
        let config = configuration(&now.settings)?;
        self.described = Some(now);
        self.watched.carried = carried;
        (self.watched.largest_deviation, self.watched.skipped_steps) = (Some(deviation), skipped);
        self.inner.describe(config, self.watched.clone(), steps, baseline).map_err(failed)
    }

    /// Records a step that was observed: its numbers as in [`Recorder::plain_steps`], the positions that were read,
    /// ‖Δw‖ / ‖w‖ of all weights, the name, share of the squared gradient norm and ‖Δw‖ / ‖w‖ of each tensor, and what
    /// `replay` has seen.
    fn step(
        &mut self,
        step: Plain,
        positions: u64,
        update_ratio: f64,
        tensors: Vec<(String, f64, f64)>,
        mut replay: PyRefMut<'_, Replay>,
    ) -> PyResult<()> {
        let mut record = StepRecord { scored: positions, tokens: positions, ..plain(step) };
        replay.write(&mut record);
        if let Some(snapshot) = &mut record.snapshot {
            snapshot.log10_update_ratio = update_ratio.log10();
            let tensor = |(name, share, ratio): (String, f64, f64)| TensorRecord {
                name,
                share,
                log10_update_ratio: ratio.log10(),
                rms: None,
            };
            snapshot.tensors = tensors.into_iter().map(tensor).collect();
        }
        self.inner.step(&record, Some(replay.profile())).map_err(failed)
    }

    /// Records steps that were not observed.
    fn plain_steps(&mut self, steps: Vec<Plain>) -> PyResult<()> {
        steps.into_iter().try_for_each(|step| self.inner.step(&plain(step), None).map_err(failed))
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
