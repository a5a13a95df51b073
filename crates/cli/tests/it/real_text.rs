//! Real text: Tiny Shakespeare, found through `LONGSPAN_DATA`.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The file, or None with a message where there is none; with `LONGSPAN_REQUIRE=data` it must be there.
fn tiny_shakespeare() -> Option<PathBuf> {
    let file = std::env::var_os("LONGSPAN_DATA").map(|d| PathBuf::from(d).join("tinyshakespeare/input.txt"));
    let found = file.filter(|file| file.is_file());
    let required =
        std::env::var("LONGSPAN_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "data"));
    assert!(
        found.is_some() || !required,
        "LONGSPAN_REQUIRE names data, and LONGSPAN_DATA has no Tiny Shakespeare"
    );
    if found.is_none() {
        eprintln!("SKIPPED: LONGSPAN_DATA names no directory with tinyshakespeare/input.txt");
    }
    found
}

#[test]
fn an_epoch_of_tiny_shakespeare() {
    let Some(text) = tiny_shakespeare() else { return };
    let dir = TestDir::new();
    let run = dir.path("run");
    let json = |arguments: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
        let output = command.args(arguments).arg("--json").output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON document")
    };
    let (text, run) = (text.to_str().expect("UTF-8"), run.to_str().expect("UTF-8"));
    let summary = json(&["train", "--text", text, "--hidden", "64", "--epochs", "1", "--out", run]);
    // ⌊0.1 · 1 115 394⌋ characters are held out: 1 003 855 are read in 32 streams of 31 370 steps, 246 windows.
    assert_eq!(summary["step"], 246);
    let nats = summary["valid_loss"].as_f64().expect("a number");
    let baseline = summary["baseline_loss"].as_f64().expect("a number");
    // Letter frequencies leave 3.3 nats; one epoch of a small lstm brings it under three quarters of that.
    assert!((3.2..3.5).contains(&baseline) && nats < 0.75 * baseline, "{summary}");
    let score = json(&["eval", run, "--text", text]);
    assert_eq!(score["tokens"], 1_115_393);
    assert!(score["loss"].as_f64().expect("a number") < 0.75 * baseline);
}
