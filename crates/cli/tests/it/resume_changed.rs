//! Runs whose learning rate, schedule or clipping is changed when they are resumed.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use serde_json::{Value, json};

const TRAIN: &str = "train --task adding --length 8 --hidden 6 --batch 4 --threads 1 --no-probe";

/// The value of a field of each step, by step: that of the last attempt.
fn of_steps(dir: &TestDir, run: &str, field: &str) -> Vec<Value> {
    let mut values = std::collections::BTreeMap::new();
    for line in dir.read_text(&format!("{run}/metrics.jsonl")).lines() {
        let record: Value = serde_json::from_str(line).expect("a record");
        if record["type"] == "step" {
            values.insert(record["step"].as_u64(), record[field].clone());
        }
    }
    values.into_values().collect()
}

#[test]
fn a_changed_rate_holds_from_the_next_step_on_and_is_recorded() {
    let dir = TestDir::new();
    dir.good(&format!("{TRAIN} --steps 10 --lr 0.01 --clip norm:1000 --out run"));
    dir.good("resume run --steps 20 --lr 0.002 --clip norm:1e-9");
    // It is kept, without being given again, by the command and by the flag of `train`.
    dir.good("resume run --steps 25");
    dir.good("train --resume --out run --steps 30 --schedule step:1:0.5");
    let lr = of_steps(&dir, "run", "lr");
    assert!(lr[..10].iter().all(|lr| *lr == 0.01) && lr[10..].iter().all(|lr| *lr == 0.002), "{lr:?}");
    let clipped = of_steps(&dir, "run", "clipped");
    assert!(
        clipped[..10].iter().all(|c| *c == false) && clipped[10..].iter().all(|c| *c == true),
        "{clipped:?}"
    );

    let changes = json!([
        { "step": 11, "setting": "lr", "old": "0.01", "new": "0.002" },
        { "step": 11, "setting": "clip", "old": "norm:1000", "new": "norm:0.000000001" },
        { "step": 26, "setting": "schedule", "old": "constant", "new": "step:1:0.5" },
    ]);
    let sorted = |value: &Value| {
        let mut list = value.as_array().expect("a list").clone();
        list.sort_by_key(ToString::to_string);
        list
    };
    let record: Value = serde_json::from_str(&dir.read_text("run/run.json")).expect("a record");
    assert_eq!(sorted(&record["changes"]), sorted(&changes));
    let report = &dir.json("report run --format json")[0];
    assert_eq!(sorted(&report["changes"]), sorted(&changes));
    let page = dir.printed("report run --format md");
    assert!(page.contains("Changed from step 11 on: `lr` `0.01` → `0.002`"), "{page}");
    assert!(dir.read_text("run/config.toml").contains("\nlr = 0.002\n"));
}

/// Steps that are taken again, because the last checkpoint is lost, have the values that they had.
#[test]
fn a_repeated_step_has_the_value_that_it_had() {
    let dir = TestDir::new();
    for run in ["whole", "again"] {
        dir.good(&format!("{TRAIN} --steps 10 --lr 0.01 --keep 3 --out {run}"));
        dir.good(&format!("resume {run} --steps 20 --lr 0.002"));
        dir.good(&format!("resume {run} --steps 30 --lr 0.005"));
    }
    let last = "checkpoints/last.safetensors";
    for step in [20, 30] {
        let file = dir.path(format!("again/checkpoints/last-{step}.safetensors"));
        let _ = std::fs::remove_file(file);
    }
    std::fs::remove_file(dir.path(format!("again/{last}"))).expect("a checkpoint");
    dir.good("resume again --steps 30");
    assert_eq!(of_steps(&dir, "again", "lr"), of_steps(&dir, "whole", "lr"));
    assert_eq!(of_steps(&dir, "again", "loss"), of_steps(&dir, "whole", "loss"));
    assert!(
        dir.read_text("again/metrics.jsonl").contains("\"step\":11,\"attempt\":4"),
        "no step was repeated"
    );
}

#[test]
fn other_settings_and_edits_are_refused() {
    let dir = TestDir::new();
    dir.good(&format!("{TRAIN} --steps 4 --lr 0.01 --out run"));
    dir.bad(
        "train --resume --out run --steps 8 --hidden 7",
        &[
            "was started with hidden = 6",
            "resuming may change",
            "--lr, --schedule, --clip",
            "--steps",
            "--from run",
        ],
    );
    dir.bad("resume run --lr 0", &["--lr 0", "above 0"]);
    dir.bad("resume nowhere", &["there is no run in nowhere"]);
    let settings = dir.read_text("run/config.toml");
    // A kill between the two files of a change leaves the old value in this one.
    dir.good("resume run --steps 6 --lr 0.02");
    let changed = dir.read_text("run/config.toml");
    dir.write("run/config.toml", changed.replace("lr = 0.02", "lr = 0.01"));
    dir.good("resume run --steps 8");
    assert_eq!(of_steps(&dir, "run", "lr"), [0.01, 0.01, 0.01, 0.01, 0.02, 0.02, 0.02, 0.02]);
    for (edited, parts) in [
        (changed.replace("lr = 0.02", "lr = 0.5"), ["lr = 0.5", "trained with 0.02", "resume with --lr"]),
        (settings.replace("hidden = 6", "hidden = 7"), ["hidden = 7", "trained with 6", "--config"]),
    ] {
        dir.write("run/config.toml", edited);
        dir.bad("resume run --steps 9", &parts);
    }
}

/// A step that failed is repeated with the clipping that it had.
#[test]
fn a_fault_after_a_change_is_replayed() {
    let dir = TestDir::new();
    let settings =
        "--task adding --length 30 --cell relu --init gaussian:3 --optimizer sgd --hidden 8 --threads 1";
    dir.good(&format!("train {settings} --clip norm:1e-6 --lr 1e-6 --steps 3 --no-probe --out run"));
    let output = dir.run("resume run --steps 40 --clip none --lr 1e30");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let replay = dir.json("replay run --fault --json");
    assert_eq!(replay["same"], true, "{replay}");
    let report = &dir.json("report run --format json")[0];
    assert_eq!(report["clip"]["rule"], "none");
}
