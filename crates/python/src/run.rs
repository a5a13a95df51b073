//! A run directory, read back as arrays.

use std::path::PathBuf;

use longspan_record::{LayerProfile, ProfileRecord, ScoreRecord, StepRecord};
use longspan_run::config::{KEYS, Value};
use longspan_run::directory::history::{self, History};
use longspan_run::directory::profiles::{self, Profiles};
use longspan_run::report::RunReport;
use numpy::{PyArray, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::json;

use crate::errors::of_run;
use crate::{probe, verdict};

/// A run that was read from its directory.
#[pyclass(module = "longspan._core", frozen)]
pub(crate) struct RunData {
    history: History,
    profiles: Profiles,
}

/// Returns a curve of a layer.
type CurveOf = fn(&LayerProfile) -> &[f32];

/// The curves of a gradient profile, by their names in Python.
const CURVES: [(&str, CurveOf); 3] = [
    ("log10_norm", |layer| &layer.hidden.log10_mean),
    ("log10_cell_norm", |layer| &layer.cell.log10_mean),
    ("log10_gamma", |layer| &layer.gamma.log10_mean),
];

#[pymethods]
impl RunData {
    /// Reads the run in `path`.
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| Ok(Self { history: history::read(&path)?, profiles: profiles::read(&path) }))
            .map_err(|error| of_run(&error))
    }

    /// Everything that a report shows of the run, as JSON, and its last probe.
    fn document(&self, py: Python<'_>) -> PyResult<String> {
        let document = py.detach(|| {
            let skipped = self.profiles.skipped.iter().map(ToString::to_string);
            // The profiles have arrays of their own.
            let report = RunReport::new(&self.history, Profiles::default());
            let problems: Vec<String> = report.problems.iter().cloned().chain(skipped).collect();
            json!({
                "name": report.name,
                "outcome": report.outcome,
                "problems": problems,
                "command": report.command,
                "model": report.model,
                "parameters": report.parameters,
                "data": report.data,
                "summary": report.summary,
                "unjudged": report.verdict.unjudged,
                "probe": self.history.probe.as_ref().map(probe::document),
                "version": self.history.record.version,
                "seed": self.history.record.seed,
                "created": self.history.record.created,
                "watched": self.history.record.watched,
            })
        });
        serde_json::to_string(&document).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The settings by name.
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let settings = PyDict::new(py);
        for key in KEYS {
            match self.history.config.get(key.name) {
                Value::Absent => settings.set_item(key.name, py.None()),
                Value::Integer(number) => settings.set_item(key.name, number),
                Value::Real(number) => settings.set_item(key.name, number),
                Value::Flag(flag) => settings.set_item(key.name, flag),
                Value::Text(text) => settings.set_item(key.name, text),
            }?;
        }
        Ok(settings)
    }

    /// The training steps: arrays `[S]` by name.
    fn steps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let steps = &self.history.steps;
        let columns = PyDict::new(py);
        let whole = |of: fn(&StepRecord) -> u64| -> Vec<i64> {
            steps.iter().map(|step| i64::try_from(of(step)).unwrap_or(i64::MAX)).collect()
        };
        let real = |of: fn(&StepRecord) -> f64| steps.iter().map(of).collect::<Vec<f64>>();
        let clipped: Vec<bool> = steps.iter().map(|step| step.clipped).collect();
        set(&columns, "step", &[steps.len()], whole(|step| step.step))?;
        set(&columns, "epoch", &[steps.len()], whole(|step| step.epoch))?;
        set(&columns, "loss", &[steps.len()], real(|step| step.loss))?;
        set(&columns, "lr", &[steps.len()], real(|step| step.lr))?;
        set(&columns, "tokens", &[steps.len()], whole(|step| step.tokens))?;
        set(&columns, "log10_gradient_norm", &[steps.len()], real(|step| step.log10_global_norm))?;
        set(&columns, "log10_clipped_norm", &[steps.len()], real(|step| step.log10_global_norm_after))?;
        set(&columns, "clipped", &[steps.len()], clipped)?;
        Ok(columns)
    }

    /// The validations: arrays `[V]` by name; NaN where nothing was measured.
    fn validation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let scores = &self.history.valid;
        let columns = PyDict::new(py);
        let real = |of: fn(&ScoreRecord) -> f64| scores.iter().map(of).collect::<Vec<f64>>();
        let steps = scores.iter().map(|score| i64::try_from(score.step).unwrap_or(i64::MAX));
        set(&columns, "step", &[scores.len()], steps.collect())?;
        set(&columns, "loss", &[scores.len()], real(|score| score.loss))?;
        set(&columns, "accuracy", &[scores.len()], real(|score| score.accuracy.unwrap_or(f64::NAN)))?;
        set(
            &columns,
            "standard_error",
            &[scores.len()],
            real(|score| score.standard_error.unwrap_or(f64::NAN)),
        )?;
        Ok(columns)
    }

    /// The gradient profiles: `step [S]`, `steps_back [D]`, `layers`, and curves `[S, L, D]`, NaN beyond the end of a
    /// shorter window; None if none were recorded.
    fn gradient<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some((longest, records)) = self.profiles.of_one_map() else { return Ok(None) };
        let bins = longest.edges.len().saturating_sub(1);
        let found = PyDict::new(py);
        let steps = records.iter().map(|record| i64::try_from(record.step).unwrap_or(i64::MAX));
        set(&found, "step", &[records.len()], steps.collect())?;
        let back = longest.edges[..bins].iter().map(|&edge| i64::try_from(edge).unwrap_or(i64::MAX));
        set(&found, "steps_back", &[bins], back.collect())?;
        found.set_item("layers", longest.layers.iter().map(|layer| &layer.name).collect::<Vec<_>>())?;
        let filled = |curve: &[f32]| {
            (0..bins).map(|bin| curve.get(bin).copied().unwrap_or(f32::NAN)).collect::<Vec<_>>()
        };
        for (name, curve) in CURVES {
            let curves = || records.iter().flat_map(|record| &record.layers).map(curve);
            if curves().any(|curve| !curve.is_empty()) {
                let shape = [records.len(), longest.layers.len(), bins];
                set(&found, name, &shape, curves().flat_map(filled).collect())?;
            }
        }
        let lag = |record: &&ProfileRecord| filled(&record.log10_lag_median);
        if records.iter().any(|record| !record.log10_lag_median.is_empty()) {
            set(&found, "log10_lag", &[records.len(), bins], records.iter().flat_map(lag).collect())?;
        }
        Ok(Some(found))
    }

    /// The findings as JSON, most important first.
    fn findings(&self, py: Python<'_>) -> PyResult<String> {
        let found = py.detach(|| verdict::listed(&self.history));
        serde_json::to_string(&found).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

/// Adds an array of this shape.
fn set<T: numpy::Element>(
    columns: &Bound<'_, PyDict>,
    name: &str,
    shape: &[usize],
    values: Vec<T>,
) -> PyResult<()> {
    columns.set_item(name, PyArray::from_vec(columns.py(), values).reshape(shape)?)
}
