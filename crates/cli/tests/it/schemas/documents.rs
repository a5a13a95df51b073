//! Runs of every kind, what every command prints of them, and the JSON files in their directories.

use std::path::{Path, PathBuf};

use longspan::prelude::*;
use longspan_run::{Outcome, RunRecorder, Watched};
use serde_json::{Value, json};

use crate::serve::Server;
use crate::test_dir::TestDir;

/// The documents, each with the name of its schema and where it comes from.
pub(super) struct Documents {
    dir: TestDir,
    pub(super) found: Vec<(&'static str, String, Value)>,
}

/// The runs that the program trains, with the data and settings of each.
const TRAINED: [(&str, &str); 12] = [
    ("text", "--text text.txt --unroll 16 --steps 30"),
    ("classes", "--labelled classes.ts --epochs 2 --test-fraction 0.2"),
    ("targets", "--labelled targets.ts --epochs 2"),
    ("series", "--series wave.csv --window 8 --horizon 2 --steps 12 --test-fraction 0.2"),
    ("groups", "--series groups.csv --window 4 --group-column g --steps 12"),
    ("adding", "--task adding --length 8 --cell gru --steps 12 --observe full"),
    ("long", "--task adding --length 60 --cell rnn --steps 12"),
    ("reversal", "--task reversal --length 5 --encoder-decoder true --steps 12 --observe full"),
    ("sick", SICK),
    ("skipped", SKIPPED),
    ("flat", "--task adding --length 8 --clip norm:1e-30 --optimizer sgd --lr 1e-30 --steps 210"),
    ("child", "--text text.txt --unroll 16 --steps 3 --from runs/text"),
];
const SICK: &str = "--task adding --length 30 --cell relu --init gaussian:4 --clip none --optimizer sgd --lr 1e30 --steps 60";
const SKIPPED: &str = "--task adding --length 30 --cell relu --init gaussian:4 --clip none --optimizer sgd --lr 1e30 --steps 60 \
                       --on-fault skip --max-faults 2";

/// What is printed of them and of their data, one document for each line; `predict` prints several.
const PRINTED: [(&str, &[&str]); 8] = [
    ("replay", &["replay runs/sick --fault"]),
    (
        "probe",
        &[
            "probe runs/text --sequences 16 --window 4",
            "probe runs/adding --limit none",
            "probe runs/classes --limit none",
            "probe runs/long --limit none",
            "probe runs/reversal --limit none",
        ],
    ),
    (
        "eval",
        &[
            "eval runs/text",
            "eval runs/classes",
            "eval runs/targets",
            "eval runs/series",
            "eval runs/groups",
            "eval runs/adding",
            "eval runs/text --text text.txt",
            "eval runs/classes --labelled classes.ts",
        ],
    ),
    (
        "diagnose",
        &[
            "diagnose runs/text",
            "diagnose runs/classes",
            "diagnose runs/targets",
            "diagnose runs/series",
            "diagnose runs/groups",
            "diagnose runs/adding",
            "diagnose runs/sick --lang zh",
            "diagnose runs/flat",
            "diagnose runs/recorded",
            "diagnose runs/watched",
        ],
    ),
    ("ls", &["ls runs", "ls unreadable"]),
    (
        "inspect",
        &[
            "inspect text.txt",
            "inspect wave.csv",
            "inspect groups.csv",
            "inspect classes.ts",
            "inspect runs/text",
            "inspect runs/series/checkpoints/last.safetensors",
        ],
    ),
    ("sample", &["sample runs/text --prompt The --length 9"]),
    (
        "predict",
        &[
            "predict runs/text --input text.txt",
            "predict runs/classes --input classes.ts",
            "predict runs/targets --input targets.ts",
            "predict runs/series --input wave.csv",
            "predict runs/groups --input groups.csv",
        ],
    ),
];

/// What the server answers.
const SERVED: [(&str, &str); 4] = [
    ("runs", "/api/runs"),
    ("run", "/api/run?name=text"),
    ("run", "/api/run?name=sick"),
    ("run", "/api/run?name=recorded"),
];

impl Documents {
    /// Adds what a command prints: a document, or one on each line. A severe finding has exit code 1.
    fn print(&mut self, schema: &'static str, line: &str) {
        let output = self.dir.run(&format!("{line} --json"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{line}: {said}");
        let before = self.found.len();
        self.add(schema, line, &output.stdout);
        assert!(self.found.len() > before, "{line} prints nothing: {said}");
    }

    /// Adds the documents in a text.
    fn add(&mut self, schema: &'static str, from: &str, text: &[u8]) {
        for document in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
            let document = document.unwrap_or_else(|error| panic!("{from}: {error}"));
            self.found.push((schema, from.to_owned(), document));
        }
    }

    fn serve(&mut self, schema: &'static str, server: &Server, path: &str) {
        let (status, answer) = server.get(path);
        assert_eq!(status, 200, "{path}");
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        // A long body comes in chunks, whose sizes stand on lines of their own.
        let body = body.lines().filter(|line| line.starts_with(['{', '['])).collect::<String>();
        self.add(schema, path, body.as_bytes());
    }

    /// Adds the JSON files of the runs in a folder.
    fn files(&mut self, folder: &str) {
        for run in entries(&self.dir.path(folder)) {
            for path in
                entries(&run).iter().chain(&entries(&run.join("probe"))).chain(&entries(&run.join("fault")))
            {
                let schema = match path.file_name().and_then(|name| name.to_str()) {
                    Some("run.json") => "run.json",
                    Some("metrics.jsonl") => "metrics.jsonl",
                    Some("summary.json") => "summary.json",
                    Some("frequencies.json") => "frequencies.json",
                    Some("fault.json") => "fault.json",
                    Some(name) if path.parent() == Some(&run.join("probe")) && name.ends_with(".json") => {
                        "probe.json"
                    }
                    Some(name) if name.contains(".json") => panic!("{} has no schema", path.display()),
                    _ => continue,
                };
                self.add(schema, &path.display().to_string(), &std::fs::read(path).expect("a file"));
            }
        }
    }
}

/// What is in a directory; nothing if there is none.
fn entries(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The files that the runs read.
fn data() -> TestDir {
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
    dir
}

/// Records the run of a loop of one's own, about which everything is known that a loop may say.
fn record(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let model = ModelSpec::language(CellKind::GRU, 4, 4, 4, 1);
    let x: Vec<Vec<u32>> = (0..8).map(|i| (i..i + 6).map(|t| t % 4).collect()).collect();
    let y = Targets::ClassesByStep(x.clone());
    let data = Sequences::new(&model, Inputs::Tokens(x), y, 4, Order::Once)?;
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 4));
    let watched = Watched {
        by: "my program 1.0".into(),
        class: "GRU".into(),
        needed_lag_steps: Some(3),
        largest_deviation: Some(1e-7),
        skipped_steps: 1,
        ..Watched::default()
    };
    let mut run = RunRecorder::of_trainer(path, &trainer, watched)?;
    trainer.step(&data, 0.01)?;
    run.step_of(&trainer)?;
    run.valid_of(&mut trainer, &data)?;
    Ok(run.close(Outcome::Finished)?)
}

/// All documents.
pub(super) fn documents() -> Documents {
    let mut documents = Documents { dir: data(), found: Vec::new() };
    let dir = &documents.dir;
    let watched = "../run/tests/fixtures/2026-12/watched";
    dir.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(watched), "runs/watched");
    dir.write("unreadable/run/run.json", r#"{"format": 1000}"#);
    record(&dir.path("runs/recorded")).expect("a run");
    for (name, settings) in TRAINED {
        documents
            .print("train", &format!("train {settings} --hidden 6 --batch 4 --threads 1 --out runs/{name}"));
    }
    documents.print("train", "resume runs/text --steps 40 --lr 0.001");
    for (schema, lines) in PRINTED {
        lines.iter().for_each(|line| documents.print(schema, line));
    }
    documents.print("demo", "demo --length 8 --lengths 5,8 --steps 60 --hidden 16 --threads 1");
    let runs = TRAINED.map(|(name, _)| name).join(" runs/");
    for runs in [format!("runs/{runs} runs/recorded runs/watched"), "unreadable/run".into()] {
        let report = documents.dir.good(&format!("report {runs} --format json")).stdout;
        documents.add("report", &runs, &report);
    }
    let server = Server::start(&documents.dir, "");
    SERVED.into_iter().for_each(|(schema, path)| documents.serve(schema, &server, path));
    documents.files("runs");
    // No disk is full here, and no run was stopped between its last step and its test.
    let outage =
        json!({"type": "outage", "step": 9, "attempt": 1, "from_step": 4, "error": "the disk is full"});
    documents.found.push(("metrics.jsonl", "an outage".into(), outage));
    let ended = documents.found.iter().find(|found| found.0 == "summary.json").expect("a run that has ended");
    let mut stopped = ended.2.clone();
    stopped["complete"] = false.into();
    documents.found.push(("summary.json", "a run that was stopped".into(), stopped));
    documents
}
