//! `probe` from the terminal: what it prints, what it leaves in a run, and what it refuses.
#![allow(missing_docs, reason = "a test file")]

mod common;

use common::Desk;

/// What a probe prints of a run, less its verdict.
fn probed(desk: &Desk, line: &str) -> serde_json::Value {
    let mut record: serde_json::Value = serde_json::from_slice(&desk.run(line).stdout).expect("one document");
    assert!(record.as_object_mut().expect("a record").shift_remove("verdict").is_some(), "{record}");
    record
}

#[test]
fn a_probe_stays_in_its_run_and_is_judged() {
    let desk = Desk::new();
    desk.good(
        "train --task agreement --length 9 --hidden 12 --cell gru --batch 8 --steps 40 --threads 1 --out run",
    );
    let record = probed(&desk, "probe run --json --checkpoint last --threads 1");
    assert_eq!((&record["step"], &record["beside"]["needed_lag_steps"]), (&40.into(), &9.into()));
    let lag = &record["reach"]["known"]["lag"]["known"];
    assert_eq!(lag["total"]["ratio"]["ln_median"][0], 0.0, "G(0) = 1");
    assert_eq!(lag["sequences"], 64);
    let kept: serde_json::Value = serde_json::from_slice(&desk.read("run/probe/40.json")).expect("JSON");
    assert_eq!(kept, record, "what was printed was kept");
    let again = probed(&desk, "probe run --json --checkpoint last --threads 2");
    assert_eq!(record, again, "any number of threads");

    let text = String::from_utf8(desk.run("probe run --sequences 16 --exponents all").stdout).expect("text");
    for part in ["horizon", "the task needs 9", "decay", "λ₁", "gates 0", "forgetting 0", "run/probe/"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    // It ends with what can be said of the run now: nothing is left that only a probe could show.
    let diagnosed = desk.run("diagnose run");
    let said = String::from_utf8(diagnosed.stdout).expect("text");
    assert!(text.ends_with(&said), "{said} is not the end of {text}");
    let verdict = desk.run("diagnose run --json");
    let verdict: serde_json::Value = serde_json::from_slice(&verdict.stdout).expect("one document");
    let ended = desk.run("probe run --json --sequences 16 --exponents all");
    assert_eq!(ended.status.code(), diagnosed.status.code());
    let ended: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("one document");
    assert_eq!(ended["verdict"], verdict);
    let unjudged = verdict["unjudged"].as_array().expect("a list");
    assert!(
        unjudged.iter().all(|u| !u["command"].as_str().unwrap_or("").starts_with("longspan probe")),
        "{unjudged:?}"
    );
}

#[test]
fn weights_alone_are_measured_on_a_file() {
    let desk = Desk::new();
    desk.write("a.txt", "to be or not to be that is the question ".repeat(200));
    desk.good("train --text a.txt --hidden 8 --unroll 16 --batch 4 --steps 30 --threads 1 --out run");
    let whole = desk.json("probe run --json --window 40 --sequences 16");
    assert_eq!(whole["beside"]["truncation_steps"], 16);
    std::fs::copy(desk.path("run/checkpoints/best.safetensors"), desk.path("w.safetensors")).expect("a copy");
    let alone = desk.json("probe w.safetensors --text a.txt --json --window 40 --sequences 16");
    assert_eq!(alone["reach"]["known"]["lag"]["known"]["window_steps"], 40);
    assert!(!desk.path("probe").exists(), "a file of weights is no run");
    desk.bad("probe w.safetensors", &["--text"]);
    desk.bad("probe run --labelled a.txt", &["--labelled", "a text"]);
    desk.bad("probe run --exponents many", &["--exponents many"]);
    desk.bad("probe run --window 0", &["--window 0"]);
    desk.bad("probe nowhere", &["nowhere"]);
}
