//! Scores with their errors, baselines, groups, and values that keep their digits.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use serde_json::Value;

const SMALL: &str = "--batch 8 --hidden 12 --lr 0.01";

fn records(dir: &TestDir, run: &str, kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.path(format!("{run}/metrics.jsonl"))).expect("metrics");
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    all.filter(|record| record["type"] == kind).collect()
}

fn data(dir: &TestDir, run: &str) -> Value {
    let text = std::fs::read_to_string(dir.path(format!("{run}/run.json"))).expect("a run");
    serde_json::from_str::<Value>(&text).expect("a document")["data"].clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, not {value}"))
}

#[test]
fn validations_have_errors_and_a_training_score_and_resume_to_the_same() {
    let dir = TestDir::with_text();
    let flags = format!("--text text.txt --unroll 16 {SMALL} --epochs 3");
    dir.printed(&format!("train {flags} --out whole"));
    let whole = records(&dir, "whole", "valid");
    assert_eq!(whole.len(), 3);
    for (index, record) in whole.iter().enumerate() {
        assert!(number(&record["standard_error"]) > 0.0 && record["units"].as_u64() > Some(4), "{record}");
        assert!(number(&record["train"]["mean"]) > 0.0, "{record}");
        assert_eq!(record.get("above_best").is_some(), index > 0, "{record}");
        assert!(record.get("classes").is_none(), "{record}");
        if index > 0 {
            let below = number(&whole[index - 1]["loss"]) - number(&record["loss"]);
            assert!((number(&record["above_best"]["mean"]) + below).abs() < 1e-9, "{record}");
        }
    }
    dir.printed(&format!("train --text text.txt --unroll 16 {SMALL} --epochs 2 --out parts"));
    dir.printed("train --resume --epochs 3 --out parts");
    let parts = records(&dir, "parts", "valid");
    for key in ["loss", "standard_error", "units", "above_best", "train"] {
        assert_eq!(parts[2][key], whole[2][key], "{key}");
    }
    let found = data(&dir, "whole");
    assert_eq!(
        (&found["baseline"], &found["units"]),
        (&"token frequencies".into(), &"blocks of 112 tokens".into())
    );
    let baselines = found["baselines"].as_array().expect("a list");
    assert_eq!((&baselines[1]["name"], &baselines[1]["reference"]), (&"token pairs".into(), &true.into()));
    assert!(number(&baselines[1]["loss"]) < number(&baselines[0]["loss"]));
    let printed = dir.printed("eval whole");
    for part in
        ["baseline", "token frequencies", "standard error", "the validation part", "checkpoint   best"]
    {
        assert!(printed.contains(part), "{part} in {printed}");
    }
}

#[test]
fn classifiers_have_macro_f1_and_a_baseline_weighted_like_the_loss() {
    let dir = TestDir::new();
    // Nine of ten sequences are of class a; the sign tells the classes apart.
    let sequence = |i: usize| if i.is_multiple_of(10) { "-1,-1,-1.5:b\n" } else { "1,1.5,1:a\n" };
    let text: String = (0..200).map(sequence).collect();
    dir.write("x.ts", format!("@classLabel true a b\n@data\n{text}"));
    let train = |extra: &str, out: &str| {
        dir.printed(&format!(
            "train --labelled x.ts --valid-fraction 0.2 {SMALL} --epochs 1 {extra} --out {out}"
        ));
        (data(&dir, out), records(&dir, out, "valid").pop().expect("a validation"))
    };
    let (plain, record) = train("", "plain");
    let prior = -(0.9f64 * 0.9f64.ln() + 0.1 * 0.1f64.ln());
    assert!((number(&plain["baseline_loss"]) - prior).abs() < 0.02, "{plain}");
    let classes = &record["classes"];
    assert_eq!((&classes["classes"], &record["units"]), (&2.into(), &40.into()), "{record}");
    assert!((number(&classes["largest_share"]) - 0.9).abs() < 1e-9 && number(&classes["macro_f1"]) > 0.4);
    // The sample of the training part has an accuracy of its own, with the same weights, in the records and in the summary.
    let shares = [&record["accuracy"], &record["train_accuracy"]].map(number);
    assert!(shares.iter().all(|share| (0.85..=1.0).contains(share)), "{record}");
    let summary: Value = serde_json::from_str(&dir.read_text("plain/summary.json")).expect("JSON");
    assert_eq!(summary["train_accuracy"], record["train_accuracy"]);
    assert_eq!(summary["best_accuracy"], record["accuracy"]);
    // A resumed run knows the accuracy of the best validation, though no later one is better.
    dir.good("train --resume --epochs 2 --out plain");
    let valid = records(&dir, "plain", "valid");
    let best = valid.iter().rfind(|record| record["best"] == true).expect("a best validation");
    let summary: Value = serde_json::from_str(&dir.read_text("plain/summary.json")).expect("JSON");
    assert_eq!(summary["best_accuracy"], best["accuracy"]);
    let (weighted, _) = train("--class-weights balanced", "weighted");
    assert!((number(&weighted["baseline_loss"]) - 2f64.ln()).abs() < 0.02, "{weighted}");
    let channel = &plain["channels"][0];
    assert!((number(&channel["train"]["max"]) - 1.5).abs() < 1e-6 && channel["target"] == false, "{channel}");
}

#[test]
fn a_season_longer_than_the_window_is_found() {
    let dir = TestDir::new();
    let wave =
        |t: usize| (t as f64 * std::f64::consts::TAU / 40.0).sin() + if t % 40 == 7 { 3.0 } else { 0.0 };
    let text: String = (0..600).map(|t| format!("{}\n", wave(t))).collect();
    dir.write("w.csv", format!("x\n{text}"));
    dir.printed(&format!("train --series w.csv --window 8 --horizon 3 {SMALL} --epochs 1 --out run"));
    let found = data(&dir, "run");
    assert_eq!(found["baseline"], "seasonal persistence, period 40", "{found}");
    assert!(number(&found["baseline_loss"]) < 1e-9, "{found}");
    let scores = dir.json("eval run --season 80 --json");
    for forecast in ["seasonal:40", "seasonal:80"] {
        assert!(number(&scores[forecast]["x"]["mae"]) < 1e-5, "{scores}");
    }
    let channel = &found["channels"][0];
    assert!(channel["target"] == true && number(&channel["train"]["max"]) > 3.0, "{channel}");
}

#[test]
fn too_few_forecasts_are_said_to_be_too_few() {
    let dir = TestDir::new();
    let text: String = (0..60).map(|t| format!("{}\n", (t as f64 / 3.0).sin())).collect();
    dir.write("w.csv", format!("x\n{text}"));
    let flags = format!("--series w.csv --window 4 --valid-fraction 0.1 {SMALL} --epochs 1");
    let printed = dir.printed(&format!("train {flags} --out run"));
    assert!(printed.contains("6 independent units cannot judge a model"), "{printed}");
    assert!(dir.printed("eval run").contains("6 independent units cannot judge a model"));
}

#[test]
fn values_keep_their_digits() {
    let dir = TestDir::new();
    for (name, offset, height) in [("large", 50_000_000.0, 1.5), ("small", 0.0, 1e-7)] {
        let text: String =
            (0..400).map(|t| format!("{}\n", offset + height * (t as f64 / 3.0).sin())).collect();
        dir.write("w.csv", format!("x\n{text}"));
        dir.printed(&format!("train --series w.csv --window 8 {SMALL} --epochs 15 --out {name}"));
        let forecast = dir.rows(&format!("predict {name} --input w.csv")).pop().expect("a forecast");
        let error = number(&forecast["forecast:x"]) - offset - height * (400f64 / 3.0).sin();
        assert!(error.abs() < 0.2 * height, "{forecast}");
        let printed = dir.printed(&format!("eval {name}"));
        assert!(!printed.contains("0.0000"), "{printed}");
    }
}

#[test]
fn groups_are_scaled_and_scored_one_by_one() {
    let dir = TestDir::new();
    let wave = |t: usize| (t as f64 / 3.0).sin();
    let row = |t: usize| format!("{t},big,{}\n{t},small,{}\n", 1e6 * (2.0 + wave(t)), 0.001 * wave(t + 2));
    dir.write("g.csv", format!("t,g,x\n{}", (0..300).map(row).collect::<String>()));
    let flags = format!("--series g.csv --time-column t --group-column g --window 8 {SMALL} --epochs 10");
    dir.printed(&format!("train {flags} --out own"));
    dir.printed(&format!("train {flags} --scale all --out shared"));
    let ratio = |run: &str, group: &str| {
        let scores = dir.json(&format!("eval {run} --json"));
        let group = &scores["groups"][group];
        number(&group["model"]["x"]["mae"]) / number(&group["persistence"]["x"]["mae"])
    };
    assert!(ratio("own", "small") < 0.5 && ratio("own", "big") < 0.5);
    // With one scaling, the small group is a constant to the model.
    assert!(ratio("shared", "small") > 10.0);
    assert!(dir.printed("eval own").contains("baseline MAE"));
    let forecasts = dir.rows("predict own --input g.csv");
    let small = forecasts.iter().find(|row| row["group"] == "small").expect("a forecast");
    assert!(number(&small["forecast:x"]).abs() < 0.002, "{small}");
    dir.write(
        "other.csv",
        format!("t,g,x\n{}", (0..30).map(|t| format!("{t},new,{t}\n")).collect::<String>()),
    );
    dir.bad(
        "predict own --input other.csv",
        &["other.csv: line 2", "does not know group new", "--scale all"],
    );
    assert_eq!(dir.rows("predict shared --input other.csv").len(), 1);
}
