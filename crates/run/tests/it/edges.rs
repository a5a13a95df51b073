//! The edges of a run: a stop while it begins, after its last step, or by removing its directory loses nothing.
#![allow(missing_docs, reason = "a test file")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use longspan_kernel::InstructionSet;
use longspan_run::config::{Config, Origin};
use longspan_run::directory::{RunDir, RunError, checkpoint_path, history, read_summary};
use longspan_run::train::{Event, Job, Outcome, Summary, TrainError, resumed_config, train};

use crate::test_dir::TestDir;

const STEPS: u64 = 6;

/// A job on a short text, with a validation and a test.
fn job(dir: &TestDir, name: &str) -> Job {
    let text = "The cat, which the dogs saw, was full.\n".repeat(30);
    let (text, test) = (dir.write("text.txt", &text), dir.write("test.txt", &text[..600]));
    let mut config = Config::default();
    let mut set = |name: &str, value: &str| config.set(name, value, Origin::Flag).expect("a setting");
    set("text", &text.display().to_string());
    set("test", &test.display().to_string());
    let settings = "hidden=4 batch=2 unroll=8 valid_fraction=0.2 lr=0.01 observe=off threads=1 no_probe=true";
    for pair in settings.split(' ').chain([format!("steps={STEPS}").as_str()]) {
        let (name, value) = pair.split_once('=').expect("a pair");
        set(name, value);
    }
    let (level, out) = (InstructionSet::detect(), dir.path().join(name));
    Job { config, out, resume: false, from: None, level, threads: 1 }
}

fn trained(job: &Job) -> Result<Summary, TrainError> {
    train(job, &AtomicBool::new(false), &mut |_| {})
}

/// The job that resumes a run with these settings.
fn resuming(job: &Job, given: &Config) -> Result<Job, TrainError> {
    let config = resumed_config(&job.out, given)?;
    Ok(Job { config, resume: true, ..job.clone() })
}

fn resumed(job: &Job) -> Result<Summary, TrainError> {
    trained(&resuming(job, &Config::default())?)
}

/// What a summary and a directory have of the end of a run.
fn end(job: &Job, summary: &Summary) -> (Vec<Option<u64>>, Vec<u8>, usize) {
    let losses = [summary.train_loss, summary.valid_loss, summary.best_loss, summary.test_loss];
    let records = history::read(&job.out).expect("records");
    assert_eq!(records.problems, Vec::<String>::new());
    assert_eq!(records.steps.len() as u64, STEPS);
    assert_eq!(records.test.map(|test| test.loss), summary.test_loss);
    let bytes = fs::read(checkpoint_path(&job.out, "last")).expect("a checkpoint");
    (losses.map(|loss| loss.map(f64::to_bits)).to_vec(), bytes, records.valid.len())
}

/// A run that is stopped after its last step, at several instants, is not finished, and resuming it makes up for the rest.
#[test]
fn what_is_missing_at_the_end_is_made_up_for() {
    let dir = TestDir::new();
    let whole = job(&dir, "whole");
    let truth = end(&whole, &trained(&whole).expect("a run"));
    assert!(truth.0.iter().all(Option::is_some), "{:?}", truth.0);

    // A signal while the best weights are tested.
    let stopped = job(&dir, "stopped");
    let (cancel, mut steps) = (AtomicBool::new(false), 0);
    let summary = train(&stopped, &cancel, &mut |event| match event {
        Event::Stepped { record, .. } => steps = record.step,
        Event::Saved(path) if steps == STEPS && path.ends_with("last.safetensors") => {
            cancel.store(true, Ordering::Relaxed);
        }
        _ => {}
    });
    let summary = summary.expect("a run");
    assert_eq!((&summary.outcome, summary.test_loss, summary.complete), (&Outcome::Interrupted, None, false));
    // A kill before the summary, with and without the record of the test, and one during the probe.
    for (name, summary, lines) in
        [("killed", None, 1), ("tested", None, 0), ("probed", Some("\"complete\": false, "), 0)]
    {
        let killed = job(&dir, name);
        trained(&killed).expect("a run");
        let (metrics, file) = (killed.out.join("metrics.jsonl"), killed.out.join("summary.json"));
        let text = fs::read_to_string(&metrics).expect("metrics");
        let all: Vec<&str> = text.lines().collect();
        assert!(all.last().is_some_and(|line| line.contains("\"test\"")));
        fs::write(&metrics, all[..all.len() - lines].join("\n") + "\n").expect("written");
        match summary {
            None => fs::remove_file(&file).expect("a summary"),
            Some(field) => {
                let text = fs::read_to_string(&file).expect("a summary");
                fs::write(&file, text.replacen('{', &format!("{{{field}"), 1)).expect("written");
            }
        }
    }
    for name in ["stopped", "killed", "tested", "probed"] {
        let run = job(&dir, name);
        let summary = resumed(&run).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((&summary.outcome, summary.complete), (&Outcome::Finished, true), "{name}");
        assert!(end(&run, &summary) == truth, "{name}: {:?}", end(&run, &summary).0);
        let file = read_summary(&run.out).expect("a summary").expect("a summary");
        assert_eq!((file.outcome.as_deref(), file.complete), (Some("finished"), None), "{name}");
        let error = resumed(&run).expect_err("nothing is missing");
        assert!(matches!(error, TrainError::AlreadyDone { .. }), "{name}: {error}");
    }
}

/// The same with the probe, of a run that has taken no step in this attempt.
#[test]
fn a_probe_is_made_up_for() {
    let dir = TestDir::new();
    let mut run = job(&dir, "run");
    run.config.set("no_probe", "false", Origin::Flag).expect("a setting");
    assert!(trained(&run).expect("a run").probe.is_some());
    fs::remove_file(run.out.join("summary.json")).expect("a summary");
    // Short runs have no time for a probe, but a reason why not.
    assert!(resumed(&run).expect("a run").probe.is_some());
}

#[test]
fn a_run_that_stopped_early_ends_once() {
    let dir = TestDir::new();
    let mut run = job(&dir, "run");
    for (name, value) in [("lr", "3"), ("steps", "400"), ("early_stop", "2"), ("eval_every", "2")] {
        run.config.set(name, value, Origin::Flag).expect("a setting");
    }
    let first = trained(&run).expect("a run");
    assert_eq!(first.outcome, Outcome::StoppedEarly);
    assert!(matches!(resumed(&run), Err(TrainError::EndedEarly { .. })));
    fs::remove_file(run.out.join("summary.json")).expect("a summary");
    let again = resumed(&run).expect("a run");
    assert_eq!((again.outcome, again.step, again.test_loss), (first.outcome, first.step, first.test_loss));
    assert_eq!(again.valid_loss, first.valid_loss);
}

#[test]
fn an_edited_configuration_is_noticed() {
    let dir = TestDir::new();
    let run = job(&dir, "run");
    trained(&run).expect("a run");
    let mut more = Config::default();
    more.set("steps", "8", Origin::Flag).expect("a setting");
    let file = run.out.join("config.toml");
    let saved = fs::read_to_string(&file).expect("a configuration");
    for (line, edited) in
        [("lr = 0.01\n", "lr = 0.02\n"), ("batch = 2\n", "batch = 4\n"), ("seed = 0\n", "seed = 2\n")]
    {
        assert!(saved.contains(line), "{line} in {saved}");
        fs::write(&file, saved.replace(line, edited)).expect("written");
        let error = resuming(&run, &more).expect_err("an edited file").to_string();
        let parts = [edited.trim_end(), line.trim_end().rsplit(' ').next().expect("a value"), "config.toml"];
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    // Settings that a flag could change may be edited.
    let free = saved
        .replace("steps = 6\n", "steps = 8\n")
        .replace("checkpoint_every = 60.0", "checkpoint_every = 1.0");
    fs::write(&file, free).expect("written");
    assert_eq!(resumed(&run).expect("a run").step, 8);
    // Numbers that no run has are refused by every command.
    fs::write(&file, saved.replace("batch = 2\n", "batch = 4611686018427387904\n")).expect("written");
    let error = longspan_run::directory::read_config(&run.out).expect_err("a number").to_string();
    assert!(error.contains("batch") && error.contains("at most 16777216"), "{error}");
}

#[test]
fn a_start_that_was_killed_begins_again() {
    let dir = TestDir::new();
    let run = job(&dir, "run");
    let folder = run.out.join("checkpoints");
    let fresh = || {
        let _ = fs::remove_dir_all(&run.out);
        fs::create_dir_all(&folder).expect("a directory");
        for name in [
            "config.toml",
            "config.toml.new",
            "run.json.new",
            "metrics.jsonl",
            "frequencies.json.new",
            "lock",
        ] {
            fs::write(run.out.join(name), "{").expect("written");
        }
        fs::write(folder.join("last.safetensors.new"), "torn").expect("written");
    };
    fresh();
    trained(&run).expect("a run");
    let left: Vec<_> = [&run.out, &folder]
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a directory"))
        .collect();
    assert!(
        left.iter().flatten().all(|entry| !entry.file_name().to_string_lossy().ends_with(".new")),
        "{left:?}"
    );
    // A run whose run.json is gone has a model that is not overwritten.
    fs::remove_file(run.out.join("run.json")).expect("a record");
    assert!(matches!(trained(&run), Err(TrainError::Run(RunError::NotARun { .. }))));
    for name in ["notes.txt", "checkpoints/best.safetensors", "notes.new"] {
        fresh();
        fs::write(run.out.join(name), "mine").expect("written");
        assert!(matches!(trained(&run), Err(TrainError::Run(RunError::NotARun { .. }))), "{name}");
        assert_eq!(fs::read(run.out.join(name)).expect("a file"), b"mine");
    }
}

#[test]
fn left_over_files_are_removed_when_a_run_is_resumed() {
    let dir = TestDir::new();
    let run = job(&dir, "run");
    trained(&run).expect("a run");
    fs::create_dir_all(run.out.join("probe")).expect("a directory");
    let left = ["summary.json.new", "checkpoints/best.safetensors.new", "probe/6.json.new"]
        .map(|name| run.out.join(name));
    // Files of other names are not those of Longspan.
    let mine =
        ["notes.new", "checkpoints/notes.txt.new", "checkpoints/a_b.safetensors.new", "probe/x.json.new"]
            .map(|name| run.out.join(name));
    left.iter().chain(&mine).for_each(|path| fs::write(path, "torn").expect("written"));
    // A link may lead out of the run: what lies there is not the run's, and nothing is written there.
    #[cfg(unix)]
    {
        fs::create_dir(dir.path().join("own")).expect("a directory");
        fs::write(dir.path().join("own/fault.json.new"), "mine").expect("written");
        std::os::unix::fs::symlink(dir.path().join("own"), run.out.join("fault")).expect("a link");
        let error = RunDir::resume(&run.out).expect_err("a link").to_string();
        assert!(error.contains("run/fault cannot be used (it is a symbolic link"), "{error}");
        assert!(dir.path().join("own/fault.json.new").exists() && left[0].exists());
        fs::remove_file(run.out.join("fault")).expect("a link");
    }
    drop(RunDir::resume(&run.out).expect("a run"));
    assert!(left.iter().all(|path| !path.exists()));
    assert!(mine.iter().all(|path| path.exists()));
}

/// Training stops when its directory is removed, or when another one has its name, and writes nothing more.
#[test]
fn a_removed_directory_is_not_made_anew() {
    let dir = TestDir::new();
    for replaced in [false, true] {
        let run = job(&dir, if replaced { "replaced" } else { "removed" });
        let remove = |path: &Path| {
            fs::remove_dir_all(path).expect("a directory");
            if replaced {
                fs::create_dir_all(path.join("checkpoints")).expect("a directory");
                fs::write(path.join("lock"), "").expect("written");
            }
        };
        let error = train(&run, &AtomicBool::new(false), &mut |event| match event {
            Event::Stepped { record, .. } if record.step == 3 => remove(&run.out),
            _ => {}
        });
        let error = error.expect_err("the directory is gone");
        assert!(matches!(error, TrainError::Run(RunError::Gone { .. })), "{error}");
        assert!(error.to_string().contains(&run.out.display().to_string()), "{error}");
        assert_eq!(run.out.exists(), replaced);
        let files = fs::read_dir(run.out.join("checkpoints")).map_or(0, Iterator::count);
        assert!(files == 0 && !run.out.join("summary.json").exists());
    }
}
