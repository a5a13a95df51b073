//! The guide: it shows the programs of the examples, the examples are short, and another project can use the crates.

use std::path::{Path, PathBuf};
use std::process::Command;

use longspan_diagnose::diagnose;
use longspan_run::directory::{history, profiles};

use crate::test_dir::TestDir;

#[path = "../../examples/record.rs"]
#[allow(dead_code, unreachable_pub, reason = "a program of its own")]
mod record;

/// The examples that the guide shows.
const EXAMPLES: [&str; 6] = [
    "crates/longspan/examples/train.rs",
    "crates/run/examples/record.rs",
    "crates/longspan/examples/gradient.rs",
    "crates/longspan/examples/stream.rs",
    "crates/longspan/examples/probe.rs",
    "crates/longspan/examples/cell.rs",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

fn text(path: &str) -> String {
    let path = repository().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_guide_shows_the_examples() {
    let guide = text("docs/guide.md");
    for path in EXAMPLES {
        let example = text(path);
        assert!(
            guide.contains(&format!("```rust\n{example}```")),
            "docs/guide.md does not show {path} as it is"
        );
        // Blank lines, comments and attributes are not counted.
        let code = |line: &&str| {
            let line = line.trim_start();
            !(line.is_empty() || line.starts_with("//") || line.starts_with("#["))
        };
        let lines = example.lines().filter(code).count();
        assert!(lines <= 40, "{path} has {lines} lines of code");
    }
}

/// The run of the example is read like any other: with its steps, profiles, validations, probe and findings.
#[test]
fn a_loop_of_ones_own_leaves_a_run() {
    let directory = TestDir::new();
    let path = directory.path().join("mine");
    record::train_into(&path).expect("a training");
    let history = history::read(&path).expect("a run");
    assert_eq!((history.steps.len(), history.valid.len(), history.outcome()), (320, 10, Some("finished")));
    assert_eq!((history.config.model.cell.to_string(), history.config.optimizer.lr), ("rnn".into(), 0.01));
    assert_eq!((history.record.window_steps, &*history.record.data.baseline), (40, "class frequencies"));
    assert!(history.problems.is_empty(), "{:?}", history.problems);
    let snapshots: Vec<u64> =
        history.steps.iter().filter(|step| step.snapshot.is_some()).map(|step| step.step).collect();
    let profiles = profiles::read(&path).records;
    assert!(profiles.iter().map(|profile| profile.step).eq(snapshots), "a profile for each snapshot");
    let evidence = history.evidence();
    assert_eq!((evidence.facts.needed_lag_steps, evidence.facts.carried), (Some(39), false));
    assert!(evidence.probe.is_some_and(|probe| probe.spectrum.is_some()));
    // The same rules judge it at its end and now.
    let summary = history.summary.as_ref().expect("a summary");
    let codes: Vec<&str> = diagnose(&history.evidence()).findings.iter().map(|found| found.code()).collect();
    assert_eq!(summary.findings, codes);
    assert!(record::train_into(&path).is_err(), "a run is not overwritten");
}

/// A project outside the repository depends on the crate by its path, and runs the first program of the guide. It is built
/// below the target directory of the workspace, without optimisation and without network.
#[test]
fn another_project_runs_the_first_program() {
    let project = TestDir::new();
    let manifest = format!(
        "[package]\nname = \"newcomer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         longspan = {{ path = '{}' }}\n\n[workspace]\n",
        repository().join("crates/longspan").display()
    );
    project.write("Cargo.toml", manifest);
    project.write("Cargo.lock", text("Cargo.lock"));
    std::fs::create_dir(project.path().join("src")).expect("a folder");
    project.write("src/main.rs", text(EXAMPLES[0]));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ran = Command::new(cargo)
        .args(["run", "--offline", "--quiet"])
        .current_dir(project.path())
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("newcomer"))
        .output()
        .expect("cargo");
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{err}");
    let accuracy = out.lines().last().and_then(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    assert!(accuracy.is_some_and(|accuracy| accuracy > 0.8), "{out}");
}
