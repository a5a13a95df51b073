//! The memory of a step: what is resident at its peak beside the weights and data that it begins with.
//!
//! A process of its own for each row, so that no row finds memory that another one has freed. In it:
//!
//! 1. a pass of the smallest shape, which loads the code;
//! 2. `VmRSS`: the base, before model and data exist;
//! 3. model and data are made, then `5` in `/proc/self/clear_refs` forgets the peak so far;
//! 4. three passes, and `VmHWM`: the peak of all of them.
//!
//! The step's memory is the peak less the base, less the bytes of weights and data, less what `RssFile` grew by: code that
//! only this shape needs. Gradients, moments, packed copies of the weights, states and outputs are the step's.

use std::process::Command;

use longspan_kernel::Context;
use serde_json::{Value, json};

use super::Options;
use super::rows::Row;
use super::stack::Pass;
use super::step::Training;
use super::timing::Workload;
use crate::{Failure, fail};

/// Bytes of the row's step; None where the system does not tell.
pub(super) fn measure(row: &Row, options: &Options) -> Result<Option<u64>, Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let output = Command::new(std::env::current_exe()?)
        .args(["--memory-of", &row.name(), "--threads", &options.threads.to_string()])
        .env("LONGSPAN_ISA", options.isa.to_string())
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(fail(format!("{}: its process failed: {}", row.name(), said.trim())));
    }
    let said: Value = serde_json::from_slice(&output.stdout)?;
    Ok(said["memory_bytes"].as_u64())
}

/// The process of one row: measures in here and returns what is printed.
pub(super) fn measure_here(row: &Row, options: &Options) -> Result<Value, Failure> {
    let build = |row: Row| -> Result<Box<dyn Workload>, Failure> {
        let ctx = Context::new(options.isa, options.threads);
        match row {
            Row::StackMemory(stack) => Ok(Box::new(Pass::new(ctx, stack, None))),
            Row::StepMemory(step) => Ok(Box::new(Training::new(ctx, &step, None))),
            _ => Err(fail(format!("{} has no memory to measure", row.name()))),
        }
    };
    build(smallest(row))?.run();
    let (base, code) = (status("VmRSS")?, status("RssFile")?);
    let mut work = build(*row)?;
    std::fs::write("/proc/self/clear_refs", "5")?;
    (0..3).for_each(|_| work.run());
    let (peak, code) = (status("VmHWM")?, status("RssFile")?.saturating_sub(code));
    Ok(json!({ "memory_bytes": peak.saturating_sub(base + code + work.loaded() as u64) }))
}

/// The same kind of work on next to nothing.
fn smallest(row: &Row) -> Row {
    let mut row = *row;
    match &mut row {
        Row::StackMemory(stack) => {
            (stack.steps, stack.rows, stack.input, stack.hidden) = (4, 4, 16, 16);
        }
        Row::StepMemory(step) => {
            (step.steps, step.rows, step.vocabulary, step.hidden) = (4, 4, 16, 16);
        }
        _ => {}
    }
    row
}

/// A line of /proc/self/status in bytes.
fn status(name: &str) -> Result<u64, Failure> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| 1024 * kib).ok_or_else(|| fail(format!("/proc/self/status has no {name}")))
}
