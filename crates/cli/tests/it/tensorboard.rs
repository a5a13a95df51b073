//! TensorBoard's own reader finds in the events what the run has recorded. It needs an interpreter that has the package: that of
//! `LONGSPAN_PYTHON`, else python3.
#![allow(missing_docs, reason = "a test file")]

use std::process::Command;

use crate::test_dir::TestDir;
use serde_json::Value;

/// None, with a message, where there is no TensorBoard; with `LONGSPAN_REQUIRE=python` there must be.
fn read(dir: &TestDir, directory: &str) -> Option<Value> {
    let python = std::env::var("LONGSPAN_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python).args(["-c", "import tensorboard"]).output();
    let required =
        std::env::var("LONGSPAN_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "python"));
    if !has.is_ok_and(|output| output.status.success()) {
        assert!(!required, "LONGSPAN_REQUIRE names python, and {python} has no tensorboard");
        eprintln!("skipped: {python} has no tensorboard");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tensorboard/read.py");
    let output = Command::new(python).arg(script).arg(dir.path(directory)).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("one document"))
}

/// The records of a kind.
fn records(dir: &TestDir, kind: &str) -> Vec<Value> {
    let text = String::from_utf8(dir.read("run/metrics.jsonl")).expect("text");
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    all.filter(|record| record["type"] == kind).collect()
}

#[test]
fn tensorboard_reads_what_was_recorded() {
    let dir = TestDir::new();
    let train =
        "train --task agreement --length 12 --hidden 16 --layers 2 --batch 8 --eval-every 25 --threads 1";
    dir.good(&format!("{train} --steps 50 --tensorboard events --out run"));
    dir.good("train --resume --out run --steps 60 --tensorboard events");
    let Some(found) = read(&dir, "events") else { return };

    let (steps, valid) = (records(&dir, "step"), records(&dir, "valid"));
    assert_eq!(
        (steps.len(), valid.len()),
        (60, 3),
        "50 and 10 steps, validated each 25 and at each end but once"
    );
    for (tag, field, records) in [
        ("loss_nats/train", "loss", &steps),
        ("gradient/log10_global_norm", "log10_global_norm", &steps),
        ("gradient/log10_global_norm_after_clipping", "log10_global_norm_after", &steps),
        ("learning_rate", "lr", &steps),
        ("loss_nats/valid", "loss", &valid),
        ("accuracy/valid", "accuracy", &valid),
    ] {
        let points = found["scalars"][tag].as_array().unwrap_or_else(|| panic!("no {tag} in {found}"));
        assert_eq!(points.len(), records.len(), "{tag}");
        for (point, record) in points.iter().zip(records) {
            assert_eq!(point[0], record["step"], "{tag}");
            let (shown, kept) = (point[1].as_f64().unwrap(), record[field].as_f64().unwrap());
            assert!((shown - kept).abs() <= 1e-6 * kept.abs(), "{tag}: {shown} {kept}");
        }
    }
    for layer in 0..2 {
        let survival = &found["scalars"][format!("gradient_through_time/log10_survival/layer_{layer}")];
        for (point, record) in survival.as_array().expect("a curve").iter().zip(&steps) {
            let (shown, kept) =
                (point[1].as_f64().unwrap(), record["log10_survival"][layer].as_f64().unwrap());
            assert!((shown - kept).abs() <= 1e-6 * kept.abs(), "{shown} {kept}");
        }
        let histograms =
            &found["histograms"][format!("gradient_through_time/log10_norm_of_d_h/layer_{layer}")];
        for histogram in histograms.as_array().expect("histograms") {
            let number = |i: usize| histogram[i].as_f64().expect("a number");
            assert!(number(1) > 5.0, "one norm for each step of the window: {histogram}");
            assert_eq!(number(1), number(4), "each is in a bucket: {histogram}");
            assert!(number(2) < number(3), "{histogram}");
        }
        let pictures = &found["images"][format!("gradient_through_time/spectrogram/layer_{layer}")];
        for picture in pictures.as_array().expect("pictures") {
            assert_eq!((&picture[1], &picture[2]), (&picture[3], &picture[4]), "{picture}");
        }
        let last = pictures.as_array().and_then(|pictures| pictures.last()).expect("a picture at the end");
        assert_eq!(last[0], 60);
    }
}

#[test]
fn events_that_cannot_be_written_do_not_begin() {
    let dir = TestDir::new();
    dir.write("file", "not a directory");
    let line = "train --task agreement --length 12 --steps 2 --out run --tensorboard file/events";
    dir.bad(line, &["file/events", "--tensorboard"]);
    assert!(!dir.path("run").exists());
}
