//! Baselines of data that are not the run's own: fitted on its training part, which is not read again.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use serde_json::Value;

const SMALL: &str = "--batch 8 --hidden 8 --lr 0.01 --epochs 1";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, not {value}"))
}

/// The name and the loss of the baseline of a document of `eval`.
fn baseline(document: &Value) -> (&str, f64) {
    (document["baseline"].as_str().expect("a name"), number(&document["baseline_loss"]))
}

/// 60 sequences of one channel, of which `share` are of class b. The sign tells the classes apart.
fn signs(of: &str, b_of_ten: usize) -> String {
    let sequence = |i: usize| if i % 10 < b_of_ten { "-1,-1,-1.5:b\n" } else { "1,1.5,1:a\n" };
    format!("@problemName {of}\n@classLabel true a b\n@data\n{}", (0..60).map(sequence).collect::<String>())
}

#[test]
fn another_file_has_the_baseline_that_the_same_data_have_in_the_run() {
    let dir = TestDir::with_text();
    dir.write("other.txt", dir.read_text("text.txt").chars().rev().take(400).collect::<String>());
    let text = format!("train --text text.txt --valid other.txt --unroll 16 {SMALL}");
    dir.write("a.ts", signs("a", 1));
    dir.write("b.ts", signs("b", 7));
    let labelled = format!("train --labelled a.ts --labelled-test b.ts --valid-fraction 0 {SMALL}");
    let balanced = format!("{labelled} --class-weights balanced");
    // Chords of two keys; the test part has other ones.
    let part = |keys: &str| format!("[{}]", vec![format!("[{}[60]]", keys.repeat(9)); 12].join(","));
    let pieces = (part("[60,64],"), part("[60,67],"), part("[62,67],"));
    dir.write(
        "x.json",
        format!("{{\"train\": {}, \"valid\": {}, \"test\": {}}}", pieces.0, pieces.1, pieces.2),
    );
    let music = format!("train --labelled x.json --unroll 8 {SMALL}");
    for (train, own, other, name) in [
        (text, "", "--text other.txt", "token frequencies"),
        (labelled, "--part test", "--labelled b.ts", "class frequencies"),
        (balanced, "--part test", "--labelled b.ts", "class frequencies, weighted like the loss"),
        (music, "--part test", "--labelled x.json", "key frequencies"),
    ] {
        dir.printed(&format!("{train} --out run"));
        let own = dir.json(&format!("eval run {own} --json"));
        // The training data are not needed.
        let files = ["text.txt", "a.ts"].map(|file| (file, dir.read_text(file)));
        files.iter().for_each(|(file, _)| std::fs::remove_file(dir.path(file)).expect("a file"));
        let scored = dir.json(&format!("eval run {other} --json"));
        assert_eq!((baseline(&scored), baseline(&scored).0), (baseline(&own), name), "{other}");
        assert_eq!(
            (&scored["loss"], &scored["majority_accuracy"]),
            (&own["loss"], &own["majority_accuracy"]),
            "{other}"
        );
        let printed = dir.printed(&format!("eval run {other}"));
        assert!(printed.contains(&format!(", {name}; ")), "{printed}");
        files.iter().for_each(|(file, text)| dir.write(file, text));

        // A run of an earlier version has no frequencies, nor has a checkpoint alone.
        std::fs::remove_file(dir.path("run/frequencies.json")).expect("frequencies");
        let name = format!("{} of the scored data", name.split(',').next().expect("a name"));
        let scored = dir.json(&format!("eval run {other} --json"));
        assert_eq!(baseline(&scored).0, name);
        let alone = dir.json(&format!("eval run/checkpoints/last.safetensors {other} --json"));
        assert_eq!(alone["baseline"], scored["baseline"]);
        std::fs::remove_dir_all(dir.path("run")).expect("a run");
    }
}

#[test]
fn the_most_frequent_class_is_that_of_the_training_part() {
    let dir = TestDir::new();
    dir.write("a.ts", signs("a", 1));
    dir.write("b.ts", signs("b", 7));
    dir.printed(&format!("train --labelled a.ts --valid-fraction 0 {SMALL} --out run"));
    let scored = dir.json("eval run --labelled b.ts --json");
    assert!((number(&scored["majority_accuracy"]) - 0.3).abs() < 1e-9, "{scored}");
    let prior = -(0.3 * (55.0f64 / 62.0).ln() + 0.7 * (7.0f64 / 62.0).ln());
    assert!((baseline(&scored).1 - prior).abs() < 1e-9, "{scored}");
    let printed = dir.printed("eval run --labelled b.ts");
    assert!(printed.contains("30.00 %, the most frequent class in training"), "{printed}");
    // Resuming adds what a run of an earlier version does not have.
    let kept = dir.read_text("run/frequencies.json");
    std::fs::remove_file(dir.path("run/frequencies.json")).expect("frequencies");
    let printed = dir.printed("eval run --labelled b.ts");
    assert!(printed.contains("70.00 %, the most frequent class of these data"), "{printed}");
    dir.printed("train --resume --epochs 2 --out run");
    assert_eq!(dir.read_text("run/frequencies.json"), kept);
    dir.write("run/frequencies.json", &kept[..kept.len() / 2]);
    dir.bad("eval run --labelled b.ts", &["frequencies.json is damaged"]);
}

#[test]
fn the_mean_of_the_training_part_forecasts_another_series() {
    let dir = TestDir::new();
    let wave = |level: f64| (0..80).map(move |t| level + f64::from(t % 4)).collect::<Vec<_>>();
    let file =
        |values: Vec<f64>| format!("x\n{}", values.iter().map(|x| format!("{x}\n")).collect::<String>());
    dir.write("low.csv", file(wave(0.0)));
    dir.write("high.csv", file(wave(10.0)));
    dir.printed(&format!("train --series low.csv --window 4 --valid-fraction 0 {SMALL} --out run"));
    let scored = dir.json("eval run --series high.csv --json");
    // The training part has the mean 1.5, the other series values around 11.5.
    assert!((number(&scored["mean"]["x"]["mae"]) - 10.0).abs() < 1e-4, "{scored}");
}

#[test]
fn the_mean_of_the_training_targets_predicts_another_file() {
    let dir = TestDir::new();
    let file = |of: &str, level: f64| {
        let sequence = |i: usize| format!("{},1,2:{}\n", i % 5, level + 0.37 * (i % 7) as f64);
        format!("@problemName {of}\n@targetlabel true\n@data\n{}", (0..70).map(sequence).collect::<String>())
    };
    dir.write("a.ts", file("a", 0.0));
    dir.write("b.ts", file("b", 3.0));
    dir.printed(&format!("train --labelled a.ts --labelled-test b.ts --valid-fraction 0 {SMALL} --out run"));
    let own = dir.json("eval run --part test --json");
    let scored = dir.json("eval run --labelled b.ts --json");
    assert_eq!((&scored["baseline"], &own["baseline"]), (&"training mean".into(), &"training mean".into()));
    let (scored, own) = (number(&scored["baseline_loss"]), number(&own["baseline_loss"]));
    assert!((scored - own).abs() < 1e-5 * own, "{scored} and {own}");
}
