//! Each JSON document that the program prints or serves has a schema in `docs/schemas`, which allows no other key.
//!
//! `LONGSPAN_SCHEMA_SAMPLES=DIR` writes the documents there, from which `tools/schemas.py` makes the schemas.
#![allow(missing_docs, reason = "a test file")]

use std::path::{Path, PathBuf};

use crate::serve::Server;
use crate::test_dir::TestDir;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

/// The documents, each with the name of its schema and where it comes from.
struct Documents {
    dir: TestDir,
    found: Vec<(&'static str, String, Value)>,
}

impl Documents {
    /// Adds what a command prints: a document, or one on each line. A severe finding has exit code 1.
    fn print(&mut self, schema: &'static str, line: &str) {
        let output = self.dir.run(line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{line}: {said}");
        let documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
        let before = self.found.len();
        for document in documents {
            let document = document.unwrap_or_else(|error| panic!("{line}: {error}"));
            self.found.push((schema, line.to_owned(), document));
        }
        assert!(self.found.len() > before, "{line} prints nothing: {said}");
    }

    fn serve(&mut self, schema: &'static str, server: &Server, path: &str) {
        let (status, answer) = server.get(path);
        assert_eq!(status, 200, "{path}");
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        // A long body comes in chunks, whose sizes stand on lines of their own.
        let body = body.lines().filter(|line| line.starts_with(['{', '['])).collect::<String>();
        let document = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}"));
        self.found.push((schema, path.to_owned(), document));
    }
}

/// Runs of every kind of data, a run that diverged and one that was changed, and what every command prints of them.
fn documents() -> Documents {
    let dir = TestDir::with_text();
    let rows = (0..120).map(|t| format!("{},{:.3}\n", 1900 + t, (f64::from(t) * 0.3).sin()));
    dir.write("wave.csv", format!("year,level\n{}", rows.collect::<String>()));
    let rows = (0..60).map(|t| format!("{},{},{}\n", 1900 + t / 2, ["u", "v"][t % 2], (t * t) % 17));
    dir.write("groups.csv", format!("year,g,y\n{}", rows.collect::<String>()));
    let lines = |label: fn(usize) -> String| {
        let line = |i: usize| format!("{},{},{}:{}\n", i % 5, i % 3, i % 7, label(i));
        (0..40).map(line).collect::<String>()
    };
    let classes = lines(|i| ["a", "b"][i % 2].to_owned());
    dir.write("classes.ts", format!("@classLabel true a b\n@data\n{classes}"));
    dir.write("targets.ts", format!("@targetlabel true\n@data\n{}", lines(|i| (i as f64 / 3.0).to_string())));
    let mut documents = Documents { dir, found: Vec::new() };
    let settings = "--hidden 6 --batch 4 --threads 1 --json --out runs";
    for (name, data) in [
        ("text", "--text text.txt --unroll 16 --steps 30"),
        ("classes", "--labelled classes.ts --epochs 2 --test-fraction 0.2"),
        ("targets", "--labelled targets.ts --epochs 2"),
        ("series", "--series wave.csv --window 8 --horizon 2 --steps 12 --test-fraction 0.2"),
        ("groups", "--series groups.csv --window 4 --group-column g --steps 12"),
        ("adding", "--task adding --length 8 --cell gru --steps 12 --observe full"),
        (
            "sick",
            "--task adding --length 30 --cell relu --init gaussian:4 --clip none --optimizer sgd --lr 1e30 --steps 60",
        ),
        (
            "skipped",
            "--task adding --length 30 --cell relu --init gaussian:4 --clip none --optimizer sgd --lr 1e30 --steps 60 \
             --on-fault skip --max-faults 2",
        ),
        ("flat", "--task adding --length 8 --clip norm:1e-30 --optimizer sgd --lr 1e-30 --steps 210"),
    ] {
        documents.print("train", &format!("train {data} {settings}/{name}"));
    }
    documents.print("train", "resume runs/text --steps 40 --lr 0.001 --json");
    documents.print("replay", "replay runs/sick --fault --json");
    documents.print("probe", "probe runs/text --sequences 16 --window 4 --json");
    documents.print("probe", "probe runs/adding --json --limit none");
    documents.print("probe", "probe runs/classes --json --limit none");
    for run in ["text", "classes", "targets", "series", "groups", "adding"] {
        documents.print("eval", &format!("eval runs/{run} --json"));
        documents.print("diagnose", &format!("diagnose runs/{run} --json"));
    }
    documents.print("eval", "eval runs/text --text text.txt --json");
    documents.print("eval", "eval runs/classes --labelled classes.ts --json");
    documents.print("diagnose", "diagnose runs/sick --json --lang zh");
    documents.print("diagnose", "diagnose runs/flat --json");
    documents.print("ls", "ls runs --json");
    documents.print("inspect", "inspect text.txt --json");
    documents.print("inspect", "inspect wave.csv --json");
    documents.print("inspect", "inspect groups.csv --json");
    documents.print("inspect", "inspect classes.ts --json");
    documents.print("inspect", "inspect runs/text --json");
    documents.print("inspect", "inspect runs/series/checkpoints/last.safetensors --json");
    documents.print("sample", "sample runs/text --prompt The --length 9 --json");
    for (run, input) in [
        ("text", "text.txt"),
        ("classes", "classes.ts"),
        ("targets", "targets.ts"),
        ("series", "wave.csv"),
        ("groups", "groups.csv"),
    ] {
        documents.print("predict", &format!("predict runs/{run} --input {input} --json"));
    }
    documents.print("demo", "demo --length 8 --lengths 5,8 --steps 60 --hidden 16 --threads 1 --json");
    let all = "text classes targets series groups adding sick skipped flat";
    let all = all.split(' ').map(|run| format!(" runs/{run}")).collect::<String>();
    documents.print("report", &format!("report{all} --format json"));
    let server = Server::start(&documents.dir, "");
    documents.serve("runs", &server, "/api/runs");
    documents.serve("run", &server, "/api/run?name=text");
    documents.serve("run", &server, "/api/run?name=sick");
    documents
}

#[test]
fn every_document_matches_its_schema() {
    let documents = documents().found;
    if let Some(samples) = std::env::var_os("LONGSPAN_SCHEMA_SAMPLES") {
        for (i, (schema, _, document)) in documents.iter().enumerate() {
            let file = Path::new(&samples).join(format!("{schema}-{i}.json"));
            std::fs::write(file, document.to_string()).expect("a directory for samples");
        }
        return;
    }
    let mut validators = std::collections::BTreeMap::new();
    for file in std::fs::read_dir(folder()).expect("the schemas").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".schema.json") else { continue };
        let text = std::fs::read_to_string(file.path()).expect("a schema");
        let schema: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        validators.insert(name.to_owned(), validator);
    }
    let mut wrong = Vec::new();
    for (name, line, document) in &documents {
        let errors = validators[*name].iter_errors(document);
        wrong.extend(errors.map(|error| format!("{line}: {}: {error}", error.instance_path())).take(5));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for name in validators.keys() {
        assert!(documents.iter().any(|document| document.0 == name), "no command prints {name}");
    }
    // A key without a schema is noticed.
    let mut other = documents[0].2.clone();
    other["another_key"] = 1.into();
    assert!(!validators["train"].is_valid(&other), "a key that the schema lacks");
}

/// The value of a numeric field is a number or null, in documents and in the files of runs.
#[test]
fn a_run_with_numbers_that_are_not_finite_has_no_word_for_them() {
    let dir = TestDir::new();
    let settings = "--task adding --length 30 --cell relu --init gaussian:4 --clip none --optimizer sgd --lr 1e30 --threads 1";
    assert_eq!(dir.run(&format!("train {settings} --steps 60 --out run")).status.code(), Some(1));
    let metrics = dir.read_text("run/metrics.jsonl");
    let fault: Value = serde_json::from_str(metrics.lines().last().expect("a line")).expect("a record");
    let report = &dir.json("report run --format json")[0];
    for fault in [&fault, &report["fault"]] {
        let words = fault["not_finite"].as_object().expect("the first bad value");
        for (name, word) in words {
            assert!(
                fault[name].is_null() && matches!(word.as_str(), Some("NaN" | "Infinity" | "-Infinity")),
                "{fault}"
            );
        }
    }
    // It is read back: the step fails with the same value.
    assert_eq!(dir.json("replay run --fault --json")["same"], true);
}
