//! The memory of a training step: the peak of resident memory, minus the weights and data that exist before
//! it.
//!
//! Each row has its own process, so that no row uses memory that another row has freed. The process
//!
//! 1. runs a pass of the smallest shape, which loads the code;
//! 2. reads `VmRSS`, the base, before there are a model and data;
//! 3. creates model and data, and resets the peak by writing `5` to `/proc/self/clear_refs`;
//! 4. runs three passes and reads `VmHWM`, the peak of all of them.
//!
//! The memory of the step is the peak, minus the base, minus the bytes of weights and data, minus the
//! increase of `RssFile`, which is code that only this shape needs. Gradients, moments, packed copies of the
//! weights, states and outputs belong to the step.

use std::process::Command;

use longspan_kernel::Context;
use serde_json::{Value, json};

use super::Options;
use super::rows::Row;
use super::stack::Pass;
use super::step::Training;
use super::timing::Workload;
use crate::{Failure, fail};

/// Bytes of the step of a row; None if the system does not tell.
pub(super) fn measure(row: &Row, options: &Options) -> Result<Option<u64>, Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let output = Command::new(std::env::current_exe()?)
        .args(["--memory-of", &row.name(), "--threads", &options.threads.to_string()])
        .env("LONGSPAN_ISA", options.isa.to_string())
        .output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(fail(format!("{}: the process that measures it failed: {}", row.name(), stderr.trim())));
    }
    let document: Value = serde_json::from_slice(&output.stdout)?;
    Ok(document["memory_bytes"].as_u64())
}

/// Measures a row in this process and returns what is printed.
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

/// A row with the same kind of work and the smallest shape.
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
