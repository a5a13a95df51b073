//! Headers of checkpoints, with every field changed to values that no run writes: each is refused by an error that
//! names the field, or the checkpoint works. Nothing panics, and nothing large is allocated.
#![allow(clippy::disallowed_methods, reason = "tests make and damage files")]
#![allow(missing_docs, reason = "a test file")]

mod fields;
mod kinds;
#[path = "../it/test_dir.rs"]
#[allow(dead_code, reason = "one of its methods is not used here")]
mod test_dir;
mod work;

use std::alloc::System;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use longspan_run::checkpoint::{Checkpoint, CheckpointError, replace_header};
use serde_json::Value;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use kinds::{KINDS, Run};
use test_dir::TestDir;

/// The system's allocator, with a count of the bytes that are asked for.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The most bytes that reading, evaluating, predicting and resuming may ask for, all requests together. Unchanged
/// checkpoints of these runs ask for less than a quarter of it.
const MOST_BYTES: usize = 256 << 20;

/// The header of a checkpoint, as JSON.
fn header(file: &[u8]) -> Value {
    let (_, metadata) = safetensors::SafeTensors::read_metadata(file).expect("a checkpoint");
    let entries = metadata.metadata().as_ref().expect("metadata");
    serde_json::from_str(&entries["longspan"]).expect("a header")
}

/// Reads a file, and uses it if it is accepted; returns what is wrong with the result.
fn tried(run: &Run, file: &Path, bytes: &[u8]) -> Result<bool, String> {
    std::fs::write(file, bytes).expect("a temporary directory takes files");
    let before = ALLOCATOR.stats();
    let done = catch_unwind(AssertUnwindSafe(|| match Checkpoint::read(file) {
        Err(
            error @ (CheckpointError::Field { .. }
            | CheckpointError::Tensor { .. }
            | CheckpointError::Format { .. }),
        ) => match error.to_string().contains(&file.display().to_string()) {
            true => Ok(false),
            false => Err(format!("the file is not named: {error}")),
        },
        Err(error) => Err(format!("no field is named: {error}")),
        Ok(checkpoint) => work::on(run, &checkpoint, bytes).map(|()| true),
    }));
    let after = ALLOCATOR.stats();
    let bytes = after.bytes_allocated - before.bytes_allocated;
    let accepted = done.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(format!(
            "panic: {}",
            text.or(panic.downcast_ref::<&str>().map(|s| s.to_string())).unwrap_or_default()
        ))
    })?;
    if bytes > MOST_BYTES { Err(format!("{} MB were allocated", bytes >> 20)) } else { Ok(accepted) }
}

#[test]
fn every_changed_field_is_refused_by_name_or_works() {
    let dir = TestDir::new();
    let mut wrong = Vec::new();
    let (mut refused, mut worked) = (0, 0);
    for kind in KINDS {
        let run = kind.train(dir.path());
        let good = std::fs::read(run.last()).expect("a checkpoint");
        let header = header(&good);
        let began = std::time::Instant::now();
        let file = dir.path().join(format!("{}.safetensors", kind.name));
        assert_eq!(tried(&run, &file, &good), Ok(true), "{}", kind.name);
        for (change, changed) in fields::changes(&header) {
            let bytes = replace_header(&good, &changed).expect("a header");
            match tried(&run, &file, &bytes) {
                Ok(accepted) => *if accepted { &mut worked } else { &mut refused } += 1,
                Err(problem) => {
                    println!("{}: {change}: {problem}", kind.name);
                    wrong.push(format!("{}: {change}: {problem}", kind.name))
                }
            }
        }
        println!("{} {:?} {refused} {worked}", kind.name, began.elapsed());
    }
    println!("{refused} refused, {worked} worked, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), refused + worked + wrong.len(), wrong.join("\n"));
    assert!(refused > 3000 && worked > 300, "{refused} refused, {worked} worked");
}

#[test]
fn the_checksum_covers_the_header() {
    let dir = TestDir::new();
    let run = KINDS[1].train(dir.path());
    let good = std::fs::read(run.last()).expect("a checkpoint");
    let at = |text: &str| {
        let found = good.windows(text.len()).position(|window| window == text.as_bytes());
        found.unwrap_or_else(|| panic!("no {text}")) + text.len()
    };
    // The quotation marks of the header are escaped in the file.
    for field in ["std\\\":[", "window\\\":", "optimizer_steps\\\":", "since_best\\\":", "naive_mae\\\":"] {
        let mut bytes = good.clone();
        let digit = at(field);
        bytes[digit] = if bytes[digit] == b'1' { b'2' } else { b'1' };
        let file = dir.path().join("changed.safetensors");
        std::fs::write(&file, bytes).expect("a temporary directory takes files");
        let error = Checkpoint::read(&file).err().expect(field).to_string();
        assert!(error.contains("checksum does not match its header"), "{field}: {error}");
    }
}

/// The same for the recoveries, which no checkpoint of these runs has.
#[test]
fn every_changed_field_of_a_recovery_is_refused_by_name_or_works() {
    let dir = TestDir::new();
    let run = KINDS[7].train(dir.path());
    let good = std::fs::read(run.last()).expect("a checkpoint");
    let fault = |step: u64| {
        serde_json::json!({"step": step, "epoch": 1, "loss": "NaN", "log10_global_norm": "NaN", "lr": 0.1, "phase": "loss",
            "layer": null, "t": null, "tensor": "loss", "row": null, "unit": null, "value": "NaN", "cause": "padding_only",
            "evidence": {"scored": 0, "largest_state": 1.0}, "before": []})
    };
    let recoveries = serde_json::json!([
        {"step": 2, "action": "skip", "window": 3, "to_step": 2, "fault": fault(3)},
        {"step": 0, "action": "rewind", "window": 6, "to_step": 0, "fault": fault(5)},
    ]);
    let mut whole = header(&good);
    (whole["format"], whole["recoveries"]) = (6.into(), recoveries.clone());
    let file = dir.path().join("recovered.safetensors");
    let changed = |header: &Value| replace_header(&good, header).expect("a header");
    assert_eq!(tried(&run, &file, &changed(&whole)), Ok(true));
    let (mut refused, mut worked) = (0, 0);
    for (change, list) in fields::changes(&recoveries) {
        whole["recoveries"] = list;
        let accepted =
            tried(&run, &file, &changed(&whole)).unwrap_or_else(|error| panic!("{change}: {error}"));
        *if accepted { &mut worked } else { &mut refused } += 1;
    }
    println!("{refused} refused, {worked} worked");
    assert!(refused > 300 && worked > 50, "{refused} refused, {worked} worked");
    // A format that does not have them, and one that must.
    (whole["format"], whole["recoveries"]) = (5.into(), recoveries);
    assert_eq!(tried(&run, &file, &changed(&whole)), Ok(false));
    (whole["format"], whole["recoveries"]) = (6.into(), serde_json::json!([]));
    assert_eq!(tried(&run, &file, &changed(&whole)), Ok(false));
}

/// A checkpoint of format 4, whose checksum covers the tensors only, is read, and continues to the same bits.
#[test]
fn checkpoints_of_format_4_are_read() {
    let dir = TestDir::new();
    let run = KINDS[0].train(dir.path());
    let good = std::fs::read(run.last()).expect("a checkpoint");
    let mut old = header(&good);
    old["format"] = 4.into();
    let old = replace_header(&good, &old).expect("a header");
    let (new, old) = (run.resumed_from(&good), run.resumed_from(&old));
    assert!(new.expect("resumed") == old.expect("resumed"));
}
