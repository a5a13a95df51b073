//! Checks whether a model fits into memory, and plans how a window is kept within its limit.

use super::TrainError;
use crate::config::{Config, ConfigError};
use longspan::bptt::Plan;
use longspan::cell::Real;
use longspan::model::{InputSpec, Model, ModelSpec};
use longspan::option_syntax::Size;
use longspan_data::memory::{self, OutOfMemory};

/// Rejects a model that cannot fit into memory. A lower estimate is compared with the memory that this process may use, if
/// that is known.
pub(super) fn check_memory(
    config: &Config,
    spec: &ModelSpec,
    (steps, rows): (usize, usize),
) -> Result<(), TrainError> {
    let gates = spec.cell.spec().gates as f64;
    let (h, l, w) = (spec.hidden as f64, spec.layers as f64, spec.width() as f64);
    let (table, e) = match spec.input {
        InputSpec::Tokens { vocabulary, embedding } => {
            (vocabulary as f64 * embedding as f64, embedding as f64)
        }
        InputSpec::Numbers { width } => (0.0, width as f64),
    };
    let readout = spec.output.width() as f64 * w;
    // A layer has W units: H for each direction.
    let parameters = table + gates * w * (e + h) + (l - 1.0) * gates * w * (w + h) + readout;
    let positions = steps as f64 * rows as f64;
    // The gates of every step, up to the memory limit.
    let tape = (4.0 * positions * l * w * gates)
        .min(config.run.memory_limit().map_or(f64::INFINITY, |limit| limit as f64));
    // Weights, gradient, two moments and packed copies; the outputs and their gradient.
    let needed = 4.0 * (5.0 * parameters + 2.0 * positions * w) + tape;
    // The conversion saturates.
    memory::check(needed as u64).map_err(TrainError::Memory)
}

/// Rejects a window of shape `[steps, rows]` that cannot fit into memory when a model reads it: a lower estimate of its
/// input and outputs, in numbers of `bytes` bytes.
///
/// # Errors
/// [`OutOfMemory`] if it cannot.
pub fn check_window(
    spec: &ModelSpec,
    (steps, rows): (usize, usize),
    bytes: usize,
) -> Result<(), OutOfMemory> {
    let read = match spec.input {
        InputSpec::Tokens { .. } => 1,
        InputSpec::Numbers { width } => width,
    };
    let numbers = steps as f64 * rows as f64 * (read + spec.width()) as f64;
    memory::check((bytes as f64 * numbers) as u64)
}

/// How a window is kept for the backward pass; None if memory is not limited.
pub(super) fn plan<R: Real>(
    config: &Config,
    model: &Model<R>,
    (steps, rows): (usize, usize),
) -> Result<Option<Plan>, ConfigError> {
    let Some(limit) = config.run.memory_limit() else { return Ok(None) };
    model.plan(steps, rows, Some(limit)).map(Some).map_err(|error| ConfigError::Value {
        given: config.given("bptt_memory"),
        need: format!(
            "windows of {steps} steps and {rows} rows need at least {}: use a larger --bptt-memory, or a smaller --unroll, --batch or --chunk",
            Size(error.least().next_multiple_of(1 << 10))
        ),
    })
}
