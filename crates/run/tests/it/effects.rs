//! Each setting changes what a run computes or records, or the table of settings without effect names it.
#![allow(missing_docs, reason = "a test file")]

use std::fs;
use std::sync::atomic::AtomicBool;

use longspan_kernel::InstructionSet;
use longspan_run::config::{Beside, Config, KEYS, Origin, Value};
use longspan_run::dataset::Dataset;
use longspan_run::directory::{checkpoint_path, read_record};
use longspan_run::train::{Job, train};

use crate::test_dir::TestDir;

/// Settings whose effect is on time, memory, rounding, faults, the end of longer runs, or files beside the records; and the
/// source itself.
const ELSEWHERE: [&str; 19] = [
    "threads",
    "bptt_memory",
    "stop_after",
    "checkpoint_every",
    "keep",
    "tensorboard",
    "no_probe",
    "on_full_disk",
    "on_fault",
    "early_stop",
    "chunk",
    "text",
    "labelled",
    "series",
    "task",
    "valid",
    "test",
    "labelled_test",
    "image_labels",
];

/// Settings about how a file is written, which have an effect if it is written so.
const OF_FILES: [&str; 19] = [
    "encoding",
    "separator",
    "decimal",
    "no_header",
    "header",
    "na",
    "categorical",
    "columns",
    "label_column",
    "id_column",
    "label_type",
    "image_steps",
    "time_column",
    "sort_time",
    "day_first",
    "missing",
    "vocab",
    "vocab_size",
    "gaps",
];

/// Other values of a setting than its default.
fn others(key: &str, default: &Value) -> Vec<String> {
    let named: &[&str] = match key {
        "level" => &["byte", "word"],
        "target" => &["a"],
        "calendar" => &["weekday"],
        "group_column" => &["g"],
        "scale" => &["all"],
        "season" => &["4"],
        "length" => &["6"],
        "valid_fraction" => &["0.3"],
        "test_fraction" => &["0.2"],
        "mask_loss" => &["last", "all"],
        "class_weights" => &["balanced"],
        "cell" => &["gru"],
        "dropout" => &["0.5"],
        "dropout_mask" => &["sequence"],
        "pool" => &["mean"],
        "loss" => &["absolute"],
        "init" => &["identity"],
        "init_input" | "init_embedding" | "init_readout" => &["uniform:0.1"],
        "warmup" => &["1", "5"],
        "optimizer" => &["adagrad"],
        "schedule" => &["cosine:2"],
        "clip" => &["norm:0.001"],
        "observe" => &["off"],
        "eps" => &["0.01"],
        "steps" => &["5"],
        "epochs" => &["3"],
        "eval_every" => &["1"],
        "early_stop" => &["1"],
        "chunk" => &["1"],
        "horizon" | "layers" => &["2"],
        "embedding" | "hidden" => &["5"],
        "unroll" | "window" => &["6"],
        "momentum" | "beta1" | "beta2" | "smoothing" | "weight_decay" | "residual_step" => &["0.5"],
        _ => match default {
            Value::Flag(on) => return vec![(!on).to_string()],
            Value::Integer(n) => return vec![(n + 1).to_string()],
            Value::Real(x) => return vec![(x + 0.5).to_string()],
            Value::Text(_) | Value::Absent => &[],
        },
    };
    named.iter().map(|value| (*value).to_owned()).collect()
}

fn config(settings: &str) -> Config {
    let mut config = Config::default();
    for pair in settings.split_whitespace() {
        let (key, value) = pair.split_once('=').expect("KEY=VALUE");
        config.set(key, value, Origin::Flag).expect("a setting");
    }
    config
}

/// What a run computes and records; None if its settings are refused.
fn outcome(dir: &TestDir, config: &Config) -> Option<Vec<Vec<u8>>> {
    let out = dir.path().join("run");
    let _ = fs::remove_dir_all(&out);
    let level = InstructionSet::detect();
    let job = Job { config: config.clone(), out: out.clone(), resume: false, from: None, level, threads: 1 };
    train(&job, &AtomicBool::new(false), &mut |_| {}).ok()?;
    let record = read_record(&out).expect("a record");
    let mut data = format!("{:?} {} {}", record.data, record.windows, record.window_steps);
    data += &format!("{:?}", config.run.planned_steps(record.windows));
    // The header of a checkpoint repeats the settings of the model.
    let tensors = |bytes: Vec<u8>| {
        let header = bytes.first_chunk().map_or(0, |length| 8 + u64::from_le_bytes(*length) as usize);
        bytes[header..].to_vec()
    };
    let files =
        ["last", "best"].map(|name| tensors(fs::read(checkpoint_path(&out, name)).unwrap_or_default()));
    let metrics = fs::read(out.join("metrics.jsonl")).expect("metrics");
    Some(files.into_iter().chain([metrics, data.into_bytes()]).collect())
}

fn modes(dir: &TestDir) -> Vec<(&'static str, String)> {
    let write = |name: &str, text: &str| dir.write(name, text).display().to_string();
    let text = write("t.txt", &"the cat was full. the cats were not so.\n".repeat(12));
    let rows = |line: fn(usize) -> String| (0..24).map(line).collect::<String>();
    let lines =
        rows(|i| format!("{},{},{}:{},{},{}:{}\n", i % 5, i % 3, i % 7, i, i % 4, i % 2, ["a", "b"][i % 2]));
    let archive = write("x.ts", &format!("@classLabel true a b\n@data\n{lines}"));
    let lines = rows(|i| format!("{},{},{}:{}\n", i % 5, i % 3, i % 7, i as f64 / 3.0));
    let targets = write("y.ts", &format!("@targetlabel true\n@data\n{lines}"));
    let plain = write("s.csv", &format!("a,b\n{}", rows(|i| format!("{},{}\n", i % 5, (i * i) % 7))));
    let dated =
        rows(|i| format!("2021-03-{:02},{},{},{}\n", i / 2 + 1, ["u", "v"][i % 2], i % 5, (i * i) % 7));
    let dated = write("d.csv", &format!("date,g,a,b\n{dated}"));
    let music = r#"{"train": [[[60],[62],[64],[60]],[[61],[],[65],[61]],[[60],[62],[64],[60]],[[40],[62]]], "valid": [[[60],[61]]]}"#;
    let music = write("m.json", music);
    vec![
        ("text", format!("text={text} unroll=4")),
        ("text without validation", format!("text={text} unroll=4 valid_fraction=0")),
        ("classes", format!("labelled={archive}")),
        ("targets", format!("labelled={targets}")),
        ("series", format!("series={plain} window=4")),
        ("dated series", format!("series={dated} window=3 group_column=g")),
        ("music", format!("labelled={music} unroll=2")),
        ("adding", "task=adding length=5".to_owned()),
        ("parity, gru", "task=parity length=5 cell=gru".to_owned()),
        ("agreement, rnn", "task=agreement length=9 cell=rnn".to_owned()),
        ("adding, residual", "task=adding length=5 cell=residual optimizer=sgd layers=2".to_owned()),
        ("text, rmsprop", format!("text={text} unroll=4 optimizer=rmsprop dropout=0.3 init=chrono:4")),
        ("reversal, adagrad", "task=reversal length=4 optimizer=adagrad observe=off".to_owned()),
    ]
}

#[test]
fn a_setting_has_an_effect_or_is_in_the_table() {
    let dir = TestDir::new();
    let (mut named, mut wrong) = (0, Vec::new());
    for (mode, settings) in modes(&dir) {
        let base =
            format!("{settings} hidden=4 batch=2 epochs=1 lr=0.01 threads=1 no_probe=true observe_every=2");
        let tail = if mode.starts_with("adding") || mode.contains(',') && !mode.starts_with("text") {
            " steps=3"
        } else {
            ""
        };
        let base = config(&format!("{base}{tail}"));
        let before = outcome(&dir, &base).unwrap_or_else(|| panic!("{mode} trains"));
        for key in KEYS.iter().filter(|key| !ELSEWHERE.contains(&key.name) && !OF_FILES.contains(&key.name)) {
            let tried = others(key.name, &Config::default().get(key.name));
            assert!(!tried.is_empty(), "no other value of {}", key.name);
            for value in tried.iter().filter(|value| base.get(key.name).text().as_ref() != Some(*value)) {
                let mut changed = base.clone();
                if changed.set(key.name, value, Origin::Flag).is_err() || changed.check().is_err() {
                    continue;
                }
                // What starts from weights is refused or not by the data alone.
                let Ok(data) = Dataset::open(&changed, None) else { continue };
                let beside = Beside { config: &changed, schema: Some(&data.schema), from: false };
                let without = beside.without_effect().any(|(name, _)| name == key.name);
                let Some(after) = outcome(&dir, &changed) else { continue };
                named += usize::from(without);
                if without != (before == after) {
                    let says = if without {
                        "has an effect, but the table says it has none"
                    } else {
                        "has no effect"
                    };
                    wrong.push(format!("{mode}: {} = {value} {says}", key.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(named > 50, "{named} settings without effect were tried");
}
