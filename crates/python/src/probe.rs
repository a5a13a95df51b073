//! Probes of runs and checkpoints, and Lyapunov exponents of the layers of PyTorch.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use longspan::bptt::{Input, Recurrence, RecurrenceSpec, Window, chunk_for};
use longspan::params::{Layout, Params};
use longspan::probe::lyapunov::lyapunov_spectrum;
use longspan_kernel::packed_shape::PackedShape;
use longspan_record::ProbeRecord;
use longspan_record::credit::Measured;
use longspan_record::spectrum::LyapunovOptions;
use pyo3::exceptions::{PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;
use serde_json::{Map, Value, json};

use crate::arrays::{Numbers, cell, checked};
use crate::attended::attend;
use crate::context::Number;
use crate::replay::load;

/// The record of a probe, and why what it lacks was not measured.
pub(crate) fn document(record: &ProbeRecord) -> Value {
    let mut missing = Map::new();
    let mut note = |name: &str, reason: Option<longspan_record::credit::Reason>| {
        if let Some(reason) = reason {
            missing.insert(name.into(), reason.to_string().into());
        }
    };
    note("lyapunov", record.spectrum.reason());
    note("products", record.products.reason());
    match &record.reach {
        Measured::Unknown(reason) => note("lag", Some(*reason)),
        Measured::Known(reach) => {
            note("lag", reach.lag.reason());
            note("truncation", reach.truncation.reason());
            note("sensitivity", reach.sensitivity.reason());
            note("used_lag", reach.used_lag.reason());
        }
    }
    json!({"record": record, "missing": missing})
}

/// Measures the weights of a run or a file as the command `probe` does with these arguments, and returns the record as JSON.
#[pyfunction]
pub(crate) fn probe(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<String> {
    let (probed, failed) = attend(
        py,
        |cancel, _: std::sync::mpsc::SyncSender<()>| {
            longspan_cli::probe(arguments, &|| cancel.load(Ordering::Relaxed))
        },
        |_, ()| Ok(()),
    )?;
    failed.map_or(Ok(()), Err)?;
    let record = probed.map_err(PyValueError::new_err)?;
    let record = record.ok_or_else(|| PyKeyboardInterrupt::new_err(()))?;
    Ok(document(&record).to_string())
}

/// Lyapunov exponents along trajectories that read `x [T, B, D]`, one for each row, as the JSON of a spectrum.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "they are those of the call from Python")]
pub(crate) fn lyapunov(
    py: Python<'_>,
    name: &str,
    float64: bool,
    sizes: [usize; 5],
    x: Bound<'_, PyAny>,
    weights: Vec<Vec<Bound<'_, PyAny>>>,
    state: Vec<Bound<'_, PyAny>>,
    exponents: Option<usize>,
    threads: usize,
) -> PyResult<String> {
    let cell = cell(name)?;
    let [steps, rows, input, hidden, layers] = sizes;
    if sizes.contains(&0) || exponents == Some(0) {
        return Err(PyValueError::new_err("exponents need at least 1 step, row, input, unit and exponent"));
    }
    let spec = RecurrenceSpec::new(cell, input, hidden, layers, chunk_for(rows));
    match float64 {
        true => follow::<f64>(py, &spec, (steps, rows), &x, &weights, &state, exponents, threads),
        false => follow::<f32>(py, &spec, (steps, rows), &x, &weights, &state, exponents, threads),
    }
}

#[expect(clippy::too_many_arguments, reason = "they are those of the call from Python")]
fn follow<R: Number>(
    py: Python<'_>,
    spec: &RecurrenceSpec,
    (steps, rows): (usize, usize),
    x: &Bound<'_, PyAny>,
    weights: &[Vec<Bound<'_, PyAny>>],
    given: &[Bound<'_, PyAny>],
    exponents: Option<usize>,
    threads: usize,
) -> PyResult<String> {
    let context = R::context(threads);
    let mut layout = Layout::default();
    let mut recurrence = Recurrence::<R>::new(context.instruction_set(), spec, &mut layout);
    let mut params = Params::zeros(Arc::new(layout));
    load(&mut params, &weights.concat())?;
    let mut state = recurrence.zero_state(rows);
    let parts = state.parts();
    for (layer, given) in given.iter().enumerate().take(state.layers()) {
        let given = Numbers::<R>::of(given, "a state")?;
        state.layer_mut(layer).copy_from_slice(&checked(&given, "a state", &[parts, rows, spec.hidden])?);
    }
    let x = Numbers::<R>::of(x, "the input")?;
    let x = checked(&x, "the input", &[steps, rows, spec.input])?;
    let shape = PackedShape::even(steps, rows);
    let spectrum = py.detach(|| {
        recurrence.pack(&context, &params);
        let window = Window { shape: &shape, input: Input::Numbers(&x) };
        let warmup_steps = LyapunovOptions::default().warmup_steps.min(steps / 4);
        let options = LyapunovOptions { exponents, warmup_steps, ..LyapunovOptions::default() };
        lyapunov_spectrum(&context, &mut recurrence, &params, window, &mut state, options)
    });
    serde_json::to_string(&spectrum).map_err(|error| PyValueError::new_err(error.to_string()))
}
