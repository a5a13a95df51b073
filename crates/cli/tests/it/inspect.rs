//! `longspan inspect` says what data are, and the commands that it prints work.
#![allow(missing_docs, reason = "a test file")]

mod said;
mod texts;

use std::path::Path;
use std::process::Command;

use crate::test_dir::{TestDir, data_are_required, gzip, real_data};
use longspan_kernel::rng::{Key, Purpose};
use serde_json::{Value, json};

/// What inspect says of `data`, after the command that it prints was run for two steps, by a shell as a person would.
fn works(dir: &TestDir, data: &str) -> Value {
    let found = dir.json(&format!("inspect {data} --json"));
    let shown = String::from_utf8(dir.good(&format!("inspect {data}")).stdout).expect("UTF-8");
    let command = found["command"].as_str().unwrap_or_else(|| panic!("no command: {found}"));
    assert!(shown.contains(command), "{shown}");
    runs(dir, command);
    found
}

/// Runs a command that was printed for two steps.
fn runs(dir: &TestDir, command: &str) {
    let binary = Path::new(env!("CARGO_BIN_EXE_longspan")).parent().expect("a directory");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let line = format!("{command} --steps 2 --hidden 4 --threads 1");
    let output = Command::new("sh").current_dir(dir.path("")).env("PATH", path).args(["-c", &line]).output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

fn archive(rows: &[&str]) -> String {
    format!("@problemName x\n@classLabel true a b\n@data\n{}\n", rows.join("\n"))
}

fn notes(found: &Value) -> String {
    found["notes"].as_array().expect("a list").iter().map(|note| format!("{note}\n")).collect()
}

#[test]
fn archives_and_the_test_file_beside_them() {
    let dir = TestDir::new();
    dir.write("my data/X_TRAIN.ts", archive(&["1,2,?:5,5,5:a", "1:5:b", "3,4:5,5:b", "3,4:5,5:b"]));
    dir.write("my data/X_TEST.ts", archive(&["1,2:1,1:a"]));
    std::fs::rename(dir.path("my data"), dir.path("d")).expect("a rename");
    let found = works(&dir, "d/X_TRAIN.ts");
    assert_eq!(
        (&found["kind"], &found["form"], &found["sequences"]),
        (&json!("labelled"), &json!("ts"), &json!(4))
    );
    assert_eq!(found["lengths"], json!({"min": 1, "median": 2, "max": 3, "total": 8}));
    assert_eq!((&found["missing"], &found["classes"]), (&json!(1), &json!([["a", 1], ["b", 3]])));
    assert_eq!(
        (&found["channels"][0]["range"], &found["channels"][1]["spread"]["std"]),
        (&json!([1.0, 4.0]), &json!(0.0))
    );
    let command = found["command"].as_str().expect("a command");
    assert!(command.ends_with("--missing interpolate --labelled-test d/X_TEST.ts"), "{command}");
    assert!(notes(&found).contains("2 is constant"), "{found}");
    // A folder with one training file is that file.
    assert_eq!(works(&dir, "d")["command"], found["command"]);
    // A test file of other labels is left out, and said to be.
    dir.write("d/X_TEST.ts", "@classLabel true c\n@data\n1:1:c\n");
    let found = works(&dir, "d/X_TRAIN.ts");
    assert!(
        !found["command"].to_string().contains("labelled-test") && notes(&found).contains("label \\\"c\\\""),
        "{found}"
    );
    // A channel without a value in a sequence cannot be interpolated.
    dir.write("e.ts", archive(&["1,2:?,?:a", "1:5:b"]));
    assert!(works(&dir, "e.ts")["command"].to_string().contains("--missing zero"));
    dir.write("one.ts", archive(&["1,2:a", "3:a"]));
    let found = dir.json("inspect one.ts --json");
    assert!(found["command"].is_null() && notes(&found).contains("two labels"), "{found}");
}

#[test]
fn tables_are_labelled_or_series_by_their_columns() {
    let dir = TestDir::new();
    let row = |i: usize| format!("{},{},{},{}\n", i % 7, 3 * i, i % 5, ["red", "blue"][i % 2]);
    let rows: String = (0..30).map(row).collect();
    dir.write("train.csv", format!("a,b,c,label\n{rows}"));
    dir.write("test.csv", format!("a,b,c,label\n{rows}"));
    let found = works(&dir, "train.csv");
    assert_eq!(
        (&found["form"], &found["sequences"], &found["channels"][0]["name"]),
        (&json!("wide"), &json!(30), &json!("value"))
    );
    assert!(found["command"].to_string().ends_with("--labelled-test test.csv\""));
    let other =
        found["otherwise"].as_str().and_then(|line| line.strip_prefix("as a series: ")).expect("another");
    runs(&dir, other);
    // The last column holds words, and no other name says what it is.
    dir.write("flowers.csv.gz", gzip(format!("a,b,c,kind of flower\n{rows}").as_bytes()));
    assert!(
        works(&dir, "flowers.csv.gz")["command"].to_string().ends_with("--label-column 'kind of flower'\"")
    );
    // Ids whose rows follow each other and have one label.
    let steps: String = (0..40).map(|i| format!("{},{},{}\n", i / 4, i % 9, (i / 4) % 2)).collect();
    dir.write("long.csv", format!("id,x,class\n{steps}"));
    let found = works(&dir, "long.csv");
    assert_eq!(
        (&found["form"], &found["sequences"], &found["lengths"]["max"]),
        (&json!("long"), &json!(10), &json!(4))
    );
    assert!(found["command"].to_string().ends_with("--id-column id\""));
    // A target of many values is to be forecast.
    let rows: String = (0..90).map(|i| format!("{},{},{}.5\n", i % 7, i % 11, i * 5 % 89)).collect();
    dir.write("target.csv", format!("a,b,target\n{rows}"));
    let found = works(&dir, "target.csv");
    assert_eq!((&found["kind"], &found["rows"]), (&json!("series"), &json!(90)));
    assert!(found["otherwise"].to_string().contains("--label-column b"), "{found}");
}

#[test]
fn tables_are_read_however_they_are_written() {
    let dir = TestDir::new();
    // A file of the UCR archive: the label first, no names.
    let row = |i: usize| {
        let values = (0..12).map(|t| format!("   {:.7e}", ((t + i) as f64).sin())).collect::<String>();
        format!("   {}.0000000e+00{values}\n", 1 + i % 2)
    };
    let rows: String = (0..30).map(row).collect();
    dir.write("Waves_TRAIN.txt", &rows);
    dir.write("Waves_TEST.txt", &rows);
    let found = works(&dir, "Waves_TRAIN.txt");
    assert_eq!(
        (&found["form"], &found["sequences"], &found["lengths"]["max"]),
        (&json!("wide"), &json!(30), &json!(12))
    );
    assert!(found["command"].to_string().ends_with("--labelled-test Waves_TEST.txt\""), "{found}");
    assert!(notes(&found).contains("column 1"), "{found}");
    // Numbers without names between spaces are a table, never a text.
    let rows: String = (0..60).map(|i| format!("{} {}.5 {}\n", i % 7, i % 5, i % 3)).collect();
    dir.write("numbers.txt", &rows);
    let found = works(&dir, "numbers.txt");
    assert_eq!((&found["kind"], &found["rows"]), (&json!("series"), &json!(60)));
    // The command repeats the flags that the file needs.
    let rows: String = (0..60).map(|i| format!("{},{:03}\n", i % 7, i % 5)).collect();
    dir.write("comma.csv", format!("x\n{rows}"));
    let found = dir.json("inspect comma.csv --decimal , --na -999 --json");
    let command = found["command"].as_str().expect("a command");
    assert!(
        command.contains("--decimal ,") && command.contains("--na=-999") || command.contains("--na -999"),
        "{found}"
    );
    assert_eq!(found["columns"][0]["greatest"], json!(6.004));
    runs(&dir, command);
    // Comments, a row of units, semicolons and decimal commas need no flag.
    let rows: String = (0..60).map(|i| format!("{};{},5;\n", i, i % 5)).collect();
    dir.write("logger.csv", format!("# a logger\nt;level;\ns;m;\n{rows}"));
    let found = works(&dir, "logger.csv");
    assert_eq!((&found["rows"], &found["columns"][0]["greatest"]), (&json!(60), &json!(4.5)));
    assert_eq!(found["time"]["column"], json!("t"));
    assert!(notes(&found).contains("units") && notes(&found).contains("1 line before"), "{found}");
}

#[test]
fn series_with_times_groups_gaps_and_tails() {
    let dir = TestDir::new();
    let day = |i: usize| format!("2020-{:02}-{:02}", 1 + i / 28, 1 + i % 28);
    let value = |i: usize| if i == 50 { "NA".to_owned() } else { format!("{}", (i * i) % 11) };
    let rows: String = (0..200)
        .map(|i| format!("{},{},{}\n", day(i), value(i), if i == 9 { 9000 } else { i % 3 }))
        .collect();
    dir.write("plain.csv", format!("date,y,z\n{rows}"));
    let found = works(&dir, "plain.csv");
    assert_eq!((&found["time"]["first"], &found["missing"]), (&json!("2020-01-01"), &json!(1)));
    let command = found["command"].as_str().expect("a command");
    assert!(
        command.contains("--target y --window 16")
            && command.ends_with("--time-column date --missing interpolate"),
        "{command}"
    );
    assert!(
        notes(&found).contains("z has heavy tails") && notes(&found).contains("--loss absolute"),
        "{found}"
    );
    // Stations whose times interleave, and stations one after another.
    for (name, row) in [("mixed.csv", 2), ("stacked.csv", 100)] {
        let rows: String = (0..200)
            .map(|i| if row == 2 { (i / 2, i % 2) } else { (i % 100, i / 100) })
            .map(|(i, station)| format!("{},{},{}\n", day(i), ["north", "south"][station], (i + station) % 7))
            .collect();
        dir.write(name, format!("date,station,x\n{rows}"));
        let found = works(&dir, name);
        assert_eq!(found["groups"].as_array().map(Vec::len), Some(2), "{found}");
        assert!(found["command"].to_string().contains("--group-column station"), "{found}");
    }
    // Text that is no group is left out; so is a column without a value. Few rows have no part to validate on.
    let rows: String = (0..8).map(|i| format!("{};{i};;{}\n", 1990 + i, ["NW", "SE"][i % 2])).collect();
    dir.write("short.tsv", format!("year;x;empty;wind\n{rows}"));
    let found = works(&dir, "short.tsv");
    assert_eq!(found["left_out"], json!(["wind"]));
    assert!(
        found["command"].to_string().contains("--columns x")
            && found["command"].to_string().contains("--valid-fraction 0"),
        "{found}"
    );
    // Rows newest first, and days that may be months: inspect takes the flag that its message names.
    let rows: String =
        (0..60).rev().map(|i| format!("2020-01-01 {:02}:{:02},{}\n", i / 60, i % 60, i % 7)).collect();
    dir.write("newest.csv", format!("date,x\n{rows}"));
    dir.bad("inspect newest.csv", &["line 3, column date", "--sort-time"]);
    let command = dir.json("inspect newest.csv --sort-time --json")["command"].clone();
    runs(&dir, command.as_str().expect("a command"));
    // A name with a comma is one name in the command, too.
    let rows: String = (0..60)
        .map(|i| format!("2020-01-01 {:02}:{:02},{},{},\n", i / 60, i % 60, i % 7, i * 3 % 11))
        .collect();
    dir.write("logger.csv", format!("date,RH,\"Temp, °C\",host\n{rows}"));
    let found = works(&dir, "logger.csv");
    assert_eq!(found["columns"][1]["name"], json!("Temp, °C"), "{found}");
    // One number a line, whatever the name.
    dir.write(
        "numbers.txt",
        "passengers\n".to_owned() + &(0..60).map(|i| format!("{}\n", 100 + i)).collect::<String>(),
    );
    assert_eq!(works(&dir, "numbers.txt")["kind"], "series");
    dir.write("column.csv", "a b\n1\n".to_owned() + &"2\n".repeat(50));
    assert_eq!(works(&dir, "column.csv")["columns"][0]["name"], "a b");
}

#[test]
fn folders_images_and_music() {
    let dir = TestDir::new();
    dir.write("train/yes.txt", "ja\noui\nsi\n");
    dir.write("train/no.txt", "nein\nnon\n");
    dir.write("test/no.txt", "nix\n");
    let found = works(&dir, "train");
    assert_eq!(
        (&found["form"], &found["sequences"], &found["vocabulary"]),
        (&json!("folder"), &json!(5), &json!(8))
    );
    // x does not occur in training.
    assert!(notes(&found).contains("'x'"), "{found}");
    dir.write("latin/a.txt", b"\xfc\n\xe4\n");
    dir.write("latin/b.txt", b"o\n");
    assert!(notes(&works(&dir, "latin")).contains("decoded from"));
    dir.write("damaged/a.txt", b"\xc3\xa4\n\xe4\n");
    dir.write("damaged/b.txt", b"o\n");
    assert!(works(&dir, "damaged")["command"].to_string().contains("--level byte"));

    let images =
        [&[0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 2][..], &(0..24).collect::<Vec<u8>>()].concat();
    let labels = [0, 0, 8, 1, 0, 0, 0, 4, 7, 9, 7, 9];
    for name in ["train4", "t10k"] {
        dir.write(format!("digits/{name}-images-idx3-ubyte.gz"), gzip(&images));
        dir.write(format!("digits/{name}-labels-idx1-ubyte.gz"), gzip(&labels));
    }
    let found = works(&dir, "digits");
    assert_eq!(
        (&found["form"], &found["sequences"], &found["lengths"]["max"]),
        (&json!("images"), &json!(4), &json!(3))
    );
    let command = found["command"].as_str().expect("a command");
    assert!(
        command.ends_with("--image-steps rows --labelled-test digits/t10k-images-idx3-ubyte.gz"),
        "{command}"
    );
    dir.bad(
        "inspect digits/t10k-labels-idx1-ubyte.gz",
        &["labels of images", "inspect the images", "t10k-images"],
    );

    dir.write("rolls.json", r#"{"train": [[[60], [62, 64]], [[65], [], [67]]], "test": [[[60], [59]]]}"#);
    let found = works(&dir, "rolls.json");
    assert_eq!(
        (&found["kind"], &found["keys"], &found["parts"][0]["pieces"]),
        (&json!("music"), &json!([59, 67]), &json!(2))
    );
    dir.write("still.json", r#"{"train": [[[60]]]}"#);
    assert!(dir.json("inspect still.json --json")["command"].is_null());
}

#[test]
fn runs_checkpoints_and_weights() {
    let dir = TestDir::new();
    dir.write("x.ts", archive(&["1,2:a", "3:b", "4:a", "5:b"]));
    dir.good(
        "train --labelled x.ts --out run --hidden 4 --layers 2 --cell gru --batch 2 --epochs 1 --threads 1",
    );
    let found = dir.json("inspect run --json");
    assert_eq!(
        (&found["kind"], &found["outcome"], &found["model"]["cell"]),
        (&json!("run"), &json!("finished"), &json!("gru"))
    );
    let binary = Path::new(env!("CARGO_BIN_EXE_longspan"));
    let command =
        found["command"].as_str().and_then(|line| line.strip_prefix("longspan ")).expect("a command");
    assert!(command.ends_with("--epochs 2"), "{command}");
    dir.good(command);
    let found = dir.json("inspect run/checkpoints/last.safetensors --json");
    assert_eq!((&found["kind"], &found["predicts"]), (&json!("checkpoint"), &json!("2 classes, a, b")));
    // Weights alone: the file without its metadata.
    let file = dir.read("run/checkpoints/last.safetensors");
    let length = u64::from_le_bytes(file[..8].try_into().expect("eight bytes")) as usize;
    let mut header: Value = serde_json::from_slice(&file[8..8 + length]).expect("a header");
    header.as_object_mut().expect("an object").remove("__metadata__");
    let header = header.to_string();
    let alone = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &file[8 + length..]].concat();
    dir.write("weights.bin", alone);
    let found = dir.json("inspect weights.bin --json");
    assert_eq!(found["kind"], "weights");
    let words = found["train"].as_str().expect("words");
    assert!(words.contains("--cell gru --hidden 4 --layers 2 --from weights.bin"), "{words}");
    let flags = words.rsplit_once("longspan train ").expect("flags").1;
    dir.good(&format!("train --labelled x.ts --steps 1 --out again {flags}"));
    assert!(binary.is_file());
    dir.bad("inspect nowhere", &["there is no file nowhere", "check the path"]);
    dir.write("cut.safetensors", &file[..40]);
    dir.bad("inspect cut.safetensors", &["cut.safetensors is damaged"]);
}

#[test]
fn what_cannot_be_used_is_refused_in_one_line() {
    let dir = TestDir::new();
    dir.write("empty.txt", "");
    dir.write("notes.tar.gz", gzip(b"once upon a time"));
    dir.write("x.parquet", b"PAR1\x15\x04");
    dir.write("x.bin", b"abc\0def");
    dir.write("mixed/a.csv", "a\n1\n");
    dir.write("mixed/b.ts", "x");
    dir.write("cut.json", "{\"train\": [[[60");
    dir.write("numbers.csv", "x\n1,5\n3,5\n");
    std::fs::create_dir(dir.path("nothing")).expect("a directory");
    for (data, parts) in [
        ("empty.txt", &["empty.txt is empty"][..]),
        ("notes.tar.gz", &["notes.tar.gz is a tar archive", "tar xzf notes.tar.gz"]),
        (
            "x.parquet",
            &["x.parquet is a Parquet file", "pandas.read_parquet(\"x.parquet\").to_csv(\"x.csv\""],
        ),
        ("x.bin", &["x.bin: byte 3 (from 0) is NUL", "binary file"]),
        ("mixed", &["mixed is a folder", "a.csv, b.ts", "name a file"]),
        ("nothing", &["nothing is a folder", ".txt file per label"]),
        ("cut.json", &["cut.json: train, piece 0, step 0", "EOF"]),
        ("numbers.csv", &["numbers.csv: line 2", "\"1,5\"", "--decimal , or --separator ,"]),
    ] {
        dir.bad(&format!("inspect {data}"), parts);
    }
}

/// The real files: what they are known to hold, and commands that work where they lie.
#[test]
fn real_files_of_every_kind() {
    let Some(root) = real_data() else { return };
    let dir = TestDir::new();
    for (data, facts) in [
        (
            "ts_classification/JapaneseVowels",
            &[("kind", json!("labelled")), ("sequences", json!(270)), ("missing", json!(0))][..],
        ),
        ("names", &[("form", json!("folder")), ("sequences", json!(20_050)), ("vocabulary", json!(83))]),
        ("mnist", &[("form", json!("images")), ("sequences", json!(10_000))]),
        ("poly_music/JSB_Chorales.json", &[("kind", json!("music")), ("numbering", json!("index"))]),
        ("series/Airline.csv", &[("kind", json!("series")), ("rows", json!(144)), ("missing", json!(0))]),
        (
            "series/pollution.csv",
            &[("rows", json!(43_824)), ("missing", json!(2067)), ("left_out", json!(["cbwd"]))],
        ),
        (
            "tinyshakespeare/input.txt",
            &[("bytes", json!(1_115_394)), ("lines", json!(40_000)), ("different", json!(65))],
        ),
    ] {
        let path = root.join(data);
        if !path.exists() && !data_are_required() {
            eprintln!("SKIPPED: LONGSPAN_DATA has no {data}");
            continue;
        }
        let found = works(&dir, &path.to_string_lossy());
        for (name, value) in facts {
            assert_eq!(&found[*name], value, "{data}: {name}");
        }
    }
}

/// Damaged files of every kind: a document or one line, and never a panic.
#[test]
fn damaged_files_are_described_or_refused() {
    let dir = TestDir::new();
    let files: [(&str, Vec<u8>); 6] = [
        ("x.ts", archive(&["1,2:a", "3:b"]).into_bytes()),
        ("x.csv", b"id,a,label\n1,2,x\n1,3,x\n2,\"4\",y\n".to_vec()),
        ("s.csv", ("date,g,a\n".to_owned() + &"2020-01-01,p,1\n2020-01-02,q,2.5\n".repeat(4)).into_bytes()),
        ("x.json", br#"{"train": [[[60], [62]]], "test": [[[60], [1]]]}"#.to_vec()),
        ("x.txt", "Gauß\nund Erdős, 1,2\n".repeat(3).into_bytes()),
        ("x.csv.gz", gzip(b"a,label\n1,x\n2,y\n")),
    ];
    let key = Key::new(4, Purpose::Probe, 0, 0);
    for (file, (name, sound)) in files.iter().enumerate() {
        for case in 0..500 {
            let mut stream = key.stream(file as u32, case);
            let mut below = |n: usize| stream.below(n as u32) as usize;
            let mut bytes = sound.clone();
            for _ in 0..1 + below(3) {
                let at = below(bytes.len() + 1);
                match below(4) {
                    0 if at < bytes.len() => bytes[at] ^= 1 << below(8),
                    1 => bytes.truncate(at),
                    2 => drop(bytes.drain(at..(at + 9).min(bytes.len()))),
                    _ => drop(bytes.splice(at..at, [b"\"\n,\xff\0?"[below(6)]])),
                }
            }
            dir.write(name, &bytes);
            let path = dir.path(name);
            if let Err(error) = longspan_data::inspect::inspect(&path, &Default::default(), &mut |_, _| {}) {
                let message = error.to_string();
                assert!(message.contains(name) && !message.contains('\n'), "{name}, case {case}: {message}");
            }
        }
    }
}
