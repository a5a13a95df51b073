//! Every operation of a run on the disk, with each fault: the run stays readable, and it ends with the bits of an
//! undisturbed one.
//!
//! `LONGSPAN_DISK_FAULTS=all` takes every case, the short form every eleventh case.

use std::fs;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::faults::{Fault, Operation, with};
use crate::checkpoint::Checkpoint;
use crate::config::{Config, Origin};
use crate::directory::{self, checkpoint_path, history, is_run, probes, profiles};
use crate::test_dir::TestDir;
use crate::train::{Event, Job, Outcome, TrainError, resumed_config, train};
use crate::whole_file;
use longspan_diagnose::diagnose;
use longspan_kernel::InstructionSet;
use longspan_record::credit::{Measured, Reason};
use longspan_record::{Beside, ProbeRecord};

const STEPS: u64 = 6;
const OLD: &str = "the report of an earlier run";

/// What a user does: trains, is interrupted, resumes, probes, and writes a report.
struct Session {
    job: Job,
    report: PathBuf,
}

impl Session {
    /// In a new directory. `more` are further settings, which decide whether the training diverges.
    fn new(dir: &TestDir, more: &str) -> Self {
        let text = "The cat, which the dogs saw, was full.\n".repeat(14);
        let (text, test) = (dir.write("text.txt", &text), dir.write("test.txt", &text[..200]));
        let mut config = Config::default();
        let mut set = |name: &str, value: &str| config.set(name, value, Origin::Flag).expect("a setting");
        set("text", &text.display().to_string());
        set("test", &test.display().to_string());
        let settings = "hidden=4 batch=2 unroll=8 valid_fraction=0.2 clip=none observe_every=2 eval_every=2 \
                        checkpoint_every=0 threads=1 no_probe=true";
        for pair in settings.split_whitespace().chain(more.split_whitespace()) {
            let (name, value) = pair.split_once('=').expect("a pair");
            set(name, value);
        }
        set("steps", &STEPS.to_string());
        let (level, out) = (InstructionSet::detect(), dir.path().join("run"));
        let job = Job { config, out, resume: false, from: None, level, threads: 1 };
        Self { job, report: dir.write("report.md", OLD) }
    }

    /// Trains, or resumes where there is a run; until `step` if it is given.
    fn train(&self, until: Option<u64>) -> Result<(), String> {
        let job = match is_run(&self.job.out) {
            true => resumed_config(&self.job.out, &Config::default()).map(|config| Job {
                config,
                resume: true,
                ..self.job.clone()
            }),
            false => Ok(self.job.clone()),
        };
        let cancel = AtomicBool::new(false);
        let trained = job.and_then(|job| {
            train(&job, &cancel, &mut |event| match event {
                Event::Stepped { record, .. } if Some(record.step) == until => {
                    cancel.store(true, Ordering::Relaxed);
                }
                _ => {}
            })
        });
        match trained {
            Ok(_) | Err(TrainError::AlreadyDone { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn probe(&self) -> Result<(), String> {
        let unknown = Reason::NotAsked;
        let record = ProbeRecord {
            format: ProbeRecord::FORMAT,
            number_type: "F64".into(),
            step: STEPS,
            light: true,
            data: "valid".into(),
            beside: Beside::default(),
            reach: Measured::Unknown(unknown),
            spectrum: Measured::Unknown(unknown),
            products: Measured::Unknown(unknown),
        };
        probes::write(&self.job.out, &record).map(drop).map_err(|error| error.to_string())
    }

    fn write_report(&self) -> Result<(), String> {
        whole_file::write(&self.report, "the report of this run")
            .map_err(|error| format!("{}: {error}", self.report.display()))
    }

    /// Everything, until something fails.
    fn all(&self, until: Option<u64>) -> Result<(), String> {
        self.train(until)?;
        self.train(None)?;
        self.probe()?;
        self.write_report()
    }

    /// What is read after a fault. Panics if anything is damaged.
    fn check_readable(&self) {
        let report = fs::read_to_string(&self.report).expect("a report");
        assert!(report == OLD || report == "the report of this run", "a torn report: {report}");
        let run = &self.job.out;
        if !is_run(run) {
            return;
        }
        let history = history::read(run).expect("a run that can be read");
        assert_eq!(history.problems, Vec::<String>::new());
        diagnose(&history.evidence());
        assert!(profiles::read(run).skipped.is_empty() && probes::read(run).skipped.is_empty());
        directory::read_frequencies(run).expect("frequencies").expect("frequencies");
        Checkpoint::read(&checkpoint_path(run, "last")).expect("a checkpoint");
        let best = checkpoint_path(run, "best");
        assert!(!best.exists() || Checkpoint::read(&best).is_ok());
    }

    /// Everything that does not depend on time.
    fn result(&self) -> (Vec<Vec<u8>>, String) {
        let run = &self.job.out;
        let history = history::read(run).expect("records");
        assert_eq!(history.problems, Vec::<String>::new());
        let losses: Vec<_> =
            history.steps.iter().map(|record| (record.step, record.loss.to_bits())).collect();
        let valid: Vec<_> = history.valid.iter().map(|record| (record.step, record.loss.to_bits())).collect();
        let summary = history.summary.as_ref().expect("a summary");
        let end = (
            &summary.outcome,
            summary.step,
            summary.test_loss.map(f64::to_bits),
            summary.complete,
            history.test.as_ref().map(|test| test.loss.to_bits()),
            history.fault.as_ref().map(|fault| fault.step),
        );
        let flows: Vec<_> = profiles::read(run)
            .records
            .into_iter()
            .map(|record| (record.step, format!("{:?}", record.layers)))
            .collect();
        let probes: Vec<_> = probes::read(run).records.iter().map(|probe| probe.step).collect();
        let report = fs::read_to_string(&self.report).expect("a report");
        let text = format!("{losses:?}\n{valid:?}\n{end:?}\n{flows:?}\n{probes:?}\n{report}");
        let files = ["last", "best"].map(|name| fs::read(checkpoint_path(run, name)).unwrap_or_default());
        let batch = fs::read(run.join("fault/batch.safetensors")).unwrap_or_default();
        (files.into_iter().chain([batch]).collect(), text)
    }
}

/// Whether an operation may fail without an error: it tidies up, or is not possible everywhere.
fn is_optional((operation, path): &Operation) -> bool {
    ["remove", "link"].contains(operation)
        || *operation == "sync" && path.is_dir()
        || operation.contains("permissions")
}

/// Whether the run has removed earlier checkpoints after a failed operation, to make room for the next one.
fn made_room(after: &[Operation]) -> bool {
    after.iter().take(3).any(|(operation, path)| {
        *operation == "remove" && path.to_string_lossy().contains("checkpoints/last-")
    })
}

/// Does everything with a fault, and then again without one.
fn check(more: &str, truth: &(Vec<Vec<u8>>, String), at: usize, fault: Fault) {
    let dir = TestDir::new();
    let session = Session::new(&dir, more);
    let (ended, seen) = with(Some((at, fault)), || session.all(Some(STEPS / 2)));
    match (ended, fault) {
        // A killed process reports no error.
        (_, Fault::Kill | Fault::Torn) => {}
        (Err(message), _) => {
            let home = dir.path().display().to_string();
            assert!(message.contains(&home), "the message names no file: {message}");
        }
        (Ok(()), Fault::Error(_)) => {
            assert!(is_optional(&seen[at]) || made_room(&seen[at + 1..]), "an error was lost");
        }
        (Ok(()), Fault::Errors(_)) => assert!(seen[at..].iter().all(is_optional), "an error was lost"),
    }
    session.check_readable();
    session.all(None).expect("a run without faults");
    assert!(session.result() == *truth, "another result:\n{}\n{}", session.result().1, truth.1);
    assert_eq!(left_over(&session.job.out), Vec::<PathBuf>::new());
}

/// The temporary files in a run.
fn left_over(run: &Path) -> Vec<PathBuf> {
    let folders = ["", "checkpoints", "flow", "probe", "fault"].map(|folder| run.join(folder));
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    files.map(|file| file.path()).filter(|path| path.to_string_lossy().ends_with(".new")).collect()
}

/// All operations of a run, with all faults. Returns the number of cases.
fn every_fault(more: &str, outcome: Outcome) -> usize {
    let dir = TestDir::new();
    let session = Session::new(&dir, more);
    let (ended, operations) = with(None, || session.all(Some(STEPS / 2)));
    ended.expect("a run without faults");
    let truth = session.result();
    let name = serde_json::to_value(&outcome).expect("a name");
    assert!(truth.1.contains(name.as_str().expect("a name")), "{}", truth.1);
    let every = match std::env::var("LONGSPAN_DISK_FAULTS").as_deref() {
        Ok("all") => 1,
        _ => 11,
    };
    let errors = [ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem, ErrorKind::Other];
    let (mut cases, mut failed) = (0, Vec::new());
    for (at, operation) in operations.iter().enumerate() {
        let error = errors[at % errors.len()];
        let writes = operation.0 == "write";
        let faults = [Fault::Error(error), Fault::Errors(error), Fault::Kill, Fault::Torn];
        for (number, fault) in faults.into_iter().enumerate() {
            if !(at + 2 * number).is_multiple_of(every) || fault == Fault::Torn && !writes {
                continue;
            }
            cases += 1;
            let checked = catch_unwind(AssertUnwindSafe(|| check(more, &truth, at, fault)));
            if let Err(panic) = checked {
                let text = panic.downcast_ref::<&str>().map(ToString::to_string);
                let why = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                failed.push(format!("operation {at}, {operation:?}, {fault:?}: {why}"));
            }
        }
    }
    eprintln!("{} operations, {cases} cases, {} failed", operations.len(), failed.len());
    assert!(failed.is_empty(), "{} of {cases} failed:\n{}", failed.len(), failed.join("\n"));
    cases
}

#[test]
fn every_fault_of_a_run_that_finishes() {
    assert!(every_fault("lr=0.01 keep=3", Outcome::Finished) > 40);
}

#[test]
fn every_fault_of_a_run_that_diverges() {
    assert!(every_fault("lr=1e30", Outcome::Diverged) > 20);
}

#[test]
fn every_fault_of_a_run_that_rewinds() {
    assert!(every_fault("lr=1e30 on_fault=rewind max_faults=2", Outcome::Diverged) > 20);
}
