//! Runs on labelled sequences, series and music: they resume to the same bits, refuse data that have changed, and `--from`
//! keeps what the weights have learned: scales, classes, columns, windows.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_kernel::rng::{Key, Purpose};
use longspan_run::checkpoint::Checkpoint;

/// Everything that has state of its own, and an end inside an epoch.
const SETTINGS: &str = "--hidden 9 --layers 2 --dropout 0.2 --batch 4 --epochs 3 --steps 23 --eval-every 5 --schedule plateau:1:0.7 \
     --lr 0.01 --checkpoint-every 0.0001 --seed 3";

/// Files of every kind, and what trains on each.
fn dir() -> (TestDir, [(&'static str, &'static str); 4]) {
    let dir = TestDir::new();
    let mut draw = Key::new(3, Purpose::Probe, 0, 0).stream(0, 0);
    let mut number = || f64::from(draw.below(2000)) / 100.0 - 10.0;
    let archive: String = (0..30)
        .map(|i| {
            let values: Vec<String> = (0..3 + i % 4).map(|_| number().to_string()).collect();
            format!("{}:{}:{}\n", values.join(","), values.join(","), ["a", "b"][i % 2])
        })
        .collect();
    dir.write("x.ts", format!("@classLabel true a b\n@data\n{archive}"));
    dir.write("t.ts", "@classLabel true a b\n@data\n1,2:3,4:b\n5:6:a\n");
    let rows: String = (0..120).map(|i| format!("{i},{},{}\n", number(), (i * i) % 17)).collect();
    dir.write("s.csv", format!("t,a,b\n{rows}"));
    let pieces: Vec<String> = (0..9).map(|i| format!("[[{}], [62, {}], [], [67]]", 60 + i, 40 + i)).collect();
    dir.write("m.json", format!("{{\"train\": [{}], \"valid\": [[[60], [61]]]}}", pieces.join(",")));
    dir.write("names/a.txt", "Ann\nIda\nLea\nEva\nAda\nUte\n");
    dir.write("names/b.txt", "Bob\nNed\nTom\nJim\nMax\n");
    let lines = [
        ("run-vowels", "--labelled x.ts --labelled-test t.ts --pool mean"),
        ("run-names", "--labelled names --valid-fraction 0.3"),
        ("run-series", "--series s.csv --window 5 --horizon 2 --test-fraction 0.2"),
        ("run-music", "--labelled m.json --unroll 2"),
    ];
    (dir, lines)
}

fn checkpoints(dir: &TestDir, run: &str) -> [Vec<u8>; 2] {
    ["last", "best"].map(|name| dir.read(&format!("{run}/checkpoints/{name}.safetensors")))
}

#[test]
fn pauses_change_no_bit() {
    let (dir, lines) = dir();
    for (name, data) in lines {
        let whole = dir.json(&format!("train {data} {SETTINGS} --threads 1 --out {name} --json"));
        let paused = format!("{name}-paused");
        // Every attempt takes a step at least.
        let line = format!("train {data} {SETTINGS} --threads 2 --stop-after 0.000001 --out {paused} --json");
        let mut summary = dir.json(&line);
        assert_eq!(summary["outcome"], "out_of_time", "{name}");
        for _ in 0..3 {
            summary = dir.json(&format!("train --resume --out {paused} --stop-after 0.000001 --json"));
        }
        assert!(summary["step"].as_u64() < Some(20), "{name}: {summary}");
        summary = dir.json(&format!("train --resume --out {paused} --stop-after 0 --threads 1 --json"));
        assert_eq!((&summary["outcome"], &summary["step"]), (&"finished".into(), &23.into()), "{name}");
        assert!(checkpoints(&dir, name) == checkpoints(&dir, &paused), "{name}: other bits");
        for loss in ["valid_loss", "test_loss", "best_loss", "unit"] {
            assert_eq!(whole[loss], summary[loss], "{name}");
        }
    }
}

#[test]
fn changed_data_are_refused() {
    let (dir, lines) = dir();
    let changes = [
        ("x.ts", "@data\n", "@data\n1,2:3,4:a\n"),
        ("names/b.txt", "Bob", "Boo"),
        ("s.csv", "\n7,", "\n7.5,"),
        ("m.json", "[67]", "[66]"),
    ];
    for ((name, data), (file, from, to)) in lines.into_iter().zip(changes) {
        dir.good(&format!("train {data} {SETTINGS} --stop-after 0.000001 --out {name}"));
        let text = String::from_utf8(dir.read(file)).expect("UTF-8");
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed, "{name}");
        let before = dir.read(&format!("{name}/checkpoints/last.safetensors"));
        dir.write(file, changed);
        dir.bad(
            &format!("train --resume --out {name}"),
            &[
                &format!("the data of {name} have changed since it was started"),
                "restore them",
                &format!("--from {name}"),
            ],
        );
        assert!(before == dir.read(&format!("{name}/checkpoints/last.safetensors")), "{name}");
        std::fs::remove_file(dir.path(file)).expect("a removal");
        let folder = file.split('/').next().expect("a name");
        dir.bad(&format!("train --resume --out {name}"), &[folder]);
        dir.write(file, text);
        dir.good(&format!("train --resume --out {name} --stop-after 0"));
    }
}

fn schema(dir: &TestDir, run: &str) -> Schema {
    let file = dir.path(format!("{run}/checkpoints/last.safetensors"));
    Checkpoint::read(&file).expect("a checkpoint").header().expect("a header").schema.clone()
}

#[test]
fn from_keeps_scales_and_classes() {
    let (dir, _) = dir();
    dir.good("train --labelled x.ts --hidden 5 --batch 4 --steps 2 --out first");
    // Other values, classes in another order, one of them missing.
    dir.write("y.ts", "@classLabel true b a\n@data\n1000,2000:3,4:b\n5,6:7,8:b\n5,6:7,8:b\n");
    dir.good("train --labelled y.ts --from first --batch 2 --steps 1 --out second");
    let (first, second) = (schema(&dir, "first"), schema(&dir, "second"));
    assert_eq!(first, second);
    assert_eq!(second.predicts, Predicts::Classes(vec!["a".into(), "b".into()]));
    dir.write("z.ts", "@classLabel true a c\n@data\n1:1:a\n1:1:c\n");
    dir.write("wide.ts", "@classLabel true a b\n@data\n1:1:1:a\n1:1:1:b\n");
    for (line, parts) in [
        ("--labelled z.ts", &["z.ts: line 4", "label \"c\" does not occur in training"][..]),
        ("--labelled wide.ts", &["wide.ts", "3 channels, and training has 2"]),
        ("--labelled x.ts --labelled-test z.ts", &["z.ts: line 4", "label \"c\""]),
        ("--labelled names", &["names", "training is values"]),
        ("--series s.csv", &["does not forecast", "train without --from"]),
        ("--text x.ts", &["does not predict the next token", "train without --from"]),
        ("--labelled m.json", &["does not fit the model"]),
    ] {
        dir.bad(&format!("train {line} --from first --batch 2 --unroll 4 --out third"), parts);
        assert!(!dir.path("third").exists(), "{line}");
    }
}

#[test]
fn from_keeps_what_a_forecaster_reads() {
    let (dir, _) = dir();
    dir.good("train --series s.csv --columns a,b --target a --window 7 --horizon 3 --hidden 5 --steps 2 --out first");
    // Columns in another order, and one more.
    let rows: String = (0..130).map(|i| format!("{},{i},{}\n", i % 5, 100 * i)).collect();
    dir.write("o.csv", format!("b,c,a\n{rows}"));
    dir.good("train --series o.csv --from first --steps 2 --out second");
    let (first, second) = (schema(&dir, "first"), schema(&dir, "second"));
    assert_eq!(first, second);
    assert!(matches!(&second.reads, Reads::Numbers { channels, .. } if channels == &["a", "b"]));
    dir.good("eval second");
    dir.good("train --series s.csv --columns a,b --window 7 --horizon 3 --recursive --hidden 5 --steps 2 --out far");
    dir.good("train --series o.csv --from far --steps 2 --out farther");
    assert_eq!(schema(&dir, "far"), schema(&dir, "farther"));
    dir.write("less.csv", format!("b,c,d\n{rows}"));
    for (line, parts) in [
        ("--window 9", &["--window 9", "7", "train without --from"][..]),
        ("--horizon 2", &["--horizon 2", "3", "train without --from"]),
        ("--columns a", &["--columns a", "a,b", "train without --from"]),
        ("--target b", &["--target b", "train without --from"]),
    ] {
        dir.bad(&format!("train --series o.csv {line} --from first --out third"), parts);
    }
    dir.bad("train --series less.csv --from first --out third", &["less.csv", "no column \"a\""]);
    assert!(!dir.path("third").exists());
}
