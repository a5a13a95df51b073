//! Whether a model can fit into this machine at all.

use super::TrainError;
use crate::cell::CellKind;
use crate::config::Config;

/// Refuses a model that cannot fit: an estimate from below, against the memory of the machine where it is known.
pub(super) fn check_memory(
    config: &Config,
    vocabulary: usize,
    (steps, rows): (usize, usize),
) -> Result<(), TrainError> {
    let Some(present) = machine_bytes() else { return Ok(()) };
    let gates = match config.cell_kind() {
        CellKind::Lstm { .. } => 4.0,
        CellKind::Gru { .. } => 3.0,
        _ => 1.0,
    };
    let (h, l, v) = (config.hidden as f64, config.layers as f64, vocabulary as f64);
    let e = if config.embedding == 0 { h } else { config.embedding as f64 };
    let parameters = v * e + gates * h * (e + h) + (l - 1.0) * gates * 2.0 * h * h + v * h;
    // Weights, gradient, two moments, packed copies both ways; tape and deltas of every step.
    let needed = 4.0 * (6.0 * parameters + steps as f64 * rows as f64 * l * h * (2.0 * gates + 4.0));
    if needed > present {
        return Err(TrainError::Memory { needed: needed / 1e9, present: present / 1e9 });
    }
    Ok(())
}

/// Physical memory, where the system tells it in /proc.
fn machine_bytes() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}
