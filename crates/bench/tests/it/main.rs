//! The output of `longspan-bench`. No time is asserted, because the machine may be shared.
#![allow(missing_docs, reason = "a test file")]

use std::process::{Command, Output};

use serde_json::Value;

fn bench(line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_longspan-bench"))
        .args(line.split_whitespace())
        .env_remove("LONGSPAN_ISA")
        .output()
        .expect("the program starts")
}

fn rows(line: &str) -> Vec<Value> {
    let output = bench(line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else");
    for name in ["version", "isa", "threads", "quick"] {
        assert!(!document[name].is_null(), "{name} in {document}");
    }
    document["rows"].as_array().expect("rows").clone()
}

fn positive(row: &Value, names: &[&str]) {
    for name in names {
        assert!(row[name].as_f64().is_some_and(|x| x > 0.0), "{name} in {row}");
    }
}

#[test]
fn a_stack_is_compared_with_the_peak() {
    let rows = rows("--json --quick --only stack/lstm/100x1x64x64x1");
    let [row] = &rows[..] else { panic!("one row, not {rows:?}") };
    assert_eq!(row["name"], "stack/lstm/100x1x64x64x1");
    positive(row, &["median_ms", "min_ms", "repeats", "gflops", "peak_gflops", "of_peak"]);
    let number = |name: &str| row[name].as_f64().expect("a number");
    // 6 · T · B · (D + H) · G · H.
    let flops = 6.0 * 100.0 * (64.0 + 64.0) * 4.0 * 64.0;
    assert_eq!(number("flops"), flops);
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
    assert!(close(number("gflops"), flops / number("median_ms") / 1e6), "{row}");
    assert!(number("min_ms") <= number("median_ms"));
}

#[test]
fn every_section_has_its_fields() {
    let row = &rows("--json --quick --seconds 0 --only step/word-lstm/sgd")[0];
    positive(row, &["median_ms", "gflops", "tokens_per_second"]);
    // Two layers of 200 + 200 inputs and 4 · 200 outputs, and a head of 200 · 10,000, at 20 · 20 positions.
    assert_eq!(row["flops"], 6 * 400 * (2 * 400 * 800 + 200 * 10_000u64));
    let row = &rows("--json --quick --seconds 0 --only ragged/")[0];
    positive(row, &["ragged_ms", "even_ms", "padded_ms", "even_ratio", "padded_ratio"]);
    let lengths = row["lengths"].as_array().expect("lengths");
    let positions: u64 = lengths.iter().map(|length| length.as_u64().expect("a length")).sum();
    assert!(lengths.len() == 32 && row["places"] == positions && row["steps"] == lengths[0], "{row}");
    let row = &rows("--json --quick --seconds 0 --only lag/rnn")[0];
    positive(row, &["forward_ms", "plain_ms", "profile_ms", "whole_ratio", "plain_f32_ms"]);
    let row = &rows("--json --quick --seconds 0 --only observe/rnn/128")[0];
    positive(row, &["off_ms", "norms_ratio", "full_ratio", "off_ratio", "repeats"]);
    let row = &rows("--json --quick --seconds 0 --only fault/char-lstm")[0];
    positive(row, &["checked_ms", "bare_ms", "ratio"]);
    let row = &rows("--json --quick --seconds 0 --only stream/lstm/64")[0];
    positive(row, &["p50_us", "p99_us"]);
    assert!(row["repeats"].as_u64() >= Some(5000), "{row}");
    let row = &rows("--json --quick --seconds 0 --only memory/lstm/100x1x64x64x1")[0];
    if cfg!(target_os = "linux") {
        // At least the outputs of 100 steps.
        assert!(row["memory_bytes"].as_u64() > Some(100 * 64 * 4), "{row}");
    } else {
        assert!(row["memory_bytes"].is_null(), "{row}");
    }
    let row = &rows("--json --quick --seconds 0 --only recompute/char-lstm")[0];
    positive(row, &["whole_ms", "half_ms", "least_ms", "half_ratio", "least_ratio"]);
    let bytes = |name: &str| row[name].as_u64().expect("a number");
    assert!(bytes("least_bytes") < bytes("half_bytes") && 2 * bytes("half_bytes") <= bytes("whole_bytes"));
    let row = &rows("--json --quick --seconds 0 --only subnormal/adam")[0];
    positive(row, &["healthy_ms", "vanishing_ms", "subnormal_ms"]);
    if cfg!(target_arch = "x86_64") {
        assert_eq!(
            (row["vanishing_share"].as_f64(), row["subnormal_share"].as_f64()),
            (Some(0.0), Some(0.0))
        );
    }
    let row = &rows("--json --quick --seconds 0 --only start/char-lstm")[0];
    positive(row, &["ready_ms", "first_step_ms", "median_step_ms"]);
}

#[test]
fn rows_are_listed_and_selected_by_name() {
    let all = rows("--list --json");
    assert!(all.len() > 40 && all.iter().all(|row| row["median_ms"].is_null()));
    let listed = String::from_utf8(bench("--list").stdout).expect("UTF-8");
    assert!(listed.lines().eq(all.iter().map(|row| row["name"].as_str().expect("a name"))));
    assert_eq!(rows("--list --json --only stream/").len(), 2);

    let output = bench("--json --only transformer");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("--only transformer") && stderr.contains("stream/lstm/64"), "{stderr}");
    assert!(output.stdout.is_empty());

    let table = String::from_utf8(bench("--quick --only stack/lstm/100x1").stdout).expect("UTF-8");
    assert!(table.contains("of peak") && table.contains("\nstack/lstm/100x1x64x64x1 "), "{table}");
}
