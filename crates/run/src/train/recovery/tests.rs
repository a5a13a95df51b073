use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::*;
use crate::config::{Config, Origin};
use crate::directory::{checkpoint_path, history};
use crate::test_dir::TestDir;
use crate::train::{Job, Outcome, Summary, resumed_config};
use longspan::batch::{Batch, IGNORE, Source};
use longspan_kernel::InstructionSet;

/// Epochs and windows, from 0.
pub(in crate::train) type Windows = BTreeSet<(u64, u64)>;

/// The data of a run, in which some batches fail.
struct Planted {
    data: Box<dyn Source>,
    bad: Windows,
}

impl Source for Planted {
    fn windows(&self) -> u64 {
        self.data.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        self.data.fill(epoch, window, batch);
        if self.bad.contains(&(epoch, window)) {
            // Tokens cannot be bad, but a batch without targets has no loss.
            batch.targets.fill(IGNORE);
            batch.numbers.iter_mut().step_by(3).for_each(|x| *x = f32::NAN);
        }
    }

    fn shape(&self) -> (usize, usize) {
        self.data.shape()
    }
}

/// The data of a run without these batches; all of them are in its first epoch.
struct Without(Planted);

impl Source for Without {
    fn windows(&self) -> u64 {
        self.0.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        let good = (0..).filter(|w| !self.0.bad.contains(&(0, *w))).nth(window as usize).expect("a window");
        self.0.data.fill(epoch, good, batch);
    }

    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }
}

/// A job on a text, whose state is carried, or on a task.
pub(in crate::train) fn job(dir: &Path, name: &str, settings: &str) -> Job {
    let mut config = Config::default();
    let mut set = |name: &str, value: &str| config.set(name, value, Origin::Flag).expect("a setting");
    if settings.contains("unroll") {
        let text = dir.join("text.txt");
        fs::write(&text, "The cat, which the dogs saw, was full.\n".repeat(300)).expect("written");
        set("text", &text.display().to_string());
        set("valid_fraction", "0.02");
    } else {
        set("task", "adding");
        set("length", "6");
    }
    let common = "hidden=3 batch=2 lr=0.01 threads=1 no_probe=true observe=off max_faults=1000 dropout=0.1";
    for pair in common.split(' ').chain(settings.split(' ')) {
        let (name, value) = pair.split_once('=').expect("a pair");
        set(name, value);
    }
    let level = InstructionSet::detect();
    Job { config, out: dir.join(name), resume: false, from: None, level, threads: 1 }
}

/// Trains with these batches planted; `alter` changes the session before it starts.
pub(in crate::train) fn trained_on(
    job: &Job,
    plant: impl FnOnce(Box<dyn Source>) -> Box<dyn Source>,
    watch: &mut dyn FnMut(Event<'_>),
) -> Summary {
    let began = Instant::now();
    let mut session = Session::open(job, watch).expect("a run");
    struct Empty;
    impl Source for Empty {
        fn windows(&self) -> u64 {
            1
        }
        fn fill(&self, _: u64, _: u64, _: &mut Batch) {}
        fn shape(&self) -> (usize, usize) {
            (1, 1)
        }
    }
    let data = std::mem::replace(&mut session.data.train, Box::new(Empty));
    session.data.train = plant(data);
    let cancel = AtomicBool::new(false);
    let outcome = session.run(began, &cancel, watch).expect("a run");
    session.close(outcome, began, &cancel).expect("a summary")
}

pub(in crate::train) fn trained(job: &Job, bad: &Windows, watch: &mut dyn FnMut(Event<'_>)) -> Summary {
    trained_on(job, |data| Box::new(Planted { data, bad: bad.clone() }), watch)
}

/// Weights, moments, state and steps: the parts of a checkpoint that a left-out batch must not touch.
fn trained_numbers(job: &Job) -> (Vec<u8>, u64) {
    let file = fs::read(checkpoint_path(&job.out, "last")).expect("a checkpoint");
    let checkpoint = Checkpoint::read(&checkpoint_path(&job.out, "last")).expect("a checkpoint");
    let tensors = safetensors::SafeTensors::deserialize(&file).expect("tensors");
    let mut names = tensors.names();
    names.sort_unstable();
    let bytes = names.iter().flat_map(|name| tensors.tensor(name).expect("a tensor").data().to_vec());
    (bytes.collect(), checkpoint.header().expect("a header").position.step)
}

#[test]
fn a_batch_that_is_left_out_did_not_exist() {
    let dir = TestDir::new();
    let bad: Windows = [0, 1, 7, 19].map(|window| (0, window)).into();
    for (name, settings) in
        [("task", "on_fault=skip steps=30"), ("text", "on_fault=skip steps=30 unroll=8 cell=lstm")]
    {
        let (skipped, without) =
            (job(dir.path(), name, settings), job(dir.path(), &format!("{name}-without"), settings));
        let summary = trained(&skipped, &bad, &mut |_| {});
        assert_eq!((&summary.outcome, summary.step, summary.recoveries.len()), (&Outcome::Finished, 30, 4));
        trained_on(&without, |data| Box::new(Without(Planted { data, bad: bad.clone() })), &mut |_| {});
        assert!(trained_numbers(&skipped) == trained_numbers(&without), "{name}");
        let records = history::read(&skipped.out).expect("records");
        assert_eq!((records.steps.len(), &records.problems, records.fault), (30, &vec![], None));
        let at: Windows = records.recoveries.iter().map(|r| (r.fault.epoch - 1, r.window - 1)).collect();
        assert_eq!(at, bad);
        let document = summary.document();
        assert_eq!((&document["skipped_batches"], &document["rewinds"]), (&4.into(), &0.into()));
        assert!(document["findings"].to_string().contains("recovered-faults"), "{document}");
    }
}

/// The default policy ends the run, as it always did; and so does a policy whose limit is reached.
#[test]
fn a_run_ends_at_its_limit_with_all_evidence() {
    let dir = TestDir::new();
    let all: Windows = (0..100).map(|window| (0, window)).collect();
    let some: Windows = [3, 9, 15, 21].map(|window| (0, window)).into();
    for (name, settings, bad, recovered) in [
        ("stop", "on_fault=stop", &some, 0),
        ("most", "on_fault=skip max_faults=2", &some, 2),
        ("none", "on_fault=rewind max_faults=0", &some, 0),
        ("row", "on_fault=skip", &all, IN_A_ROW),
    ] {
        let run = job(dir.path(), name, &format!("{settings} steps=40"));
        let summary = trained(&run, bad, &mut |_| {});
        assert_eq!((&summary.outcome, summary.recoveries.len()), (&Outcome::Diverged, recovered), "{name}");
        let records = history::read(&run.out).expect("records");
        assert_eq!(records.fault.map(|fault| fault.step), Some(summary.step + 1));
        assert!(run.out.join("fault/batch.safetensors").is_file());
        assert_eq!(records.recoveries.len(), recovered);
    }
}

/// Copies a run as a kill at this moment would leave it.
pub(in crate::train) fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copied(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("copied")),
        }
    }
}

/// A run that is killed at any moment and resumed ends with the bits of an undisturbed one, and with the same records.
#[test]
fn a_kill_changes_nothing_of_what_follows_a_fault() {
    let dir = TestDir::new();
    let bad: Windows = [(0, 57), (1, 30), (1, 31), (2, 12)].into();
    for (name, settings) in [
        ("skip", "on_fault=skip steps=235"),
        ("rewind", "on_fault=rewind steps=235 schedule=plateau:1:0.9 eval_every=20 optimizer=adam"),
    ] {
        let settings = format!("{settings} checkpoint_every=0.02 observe=norms observe_every=20");
        let whole = job(dir.path(), name, &settings);
        let (mut copies, mut events): (Vec<PathBuf>, usize) = (Vec::new(), 0);
        let summary = trained(&whole, &bad, &mut |event| {
            events += 1;
            let matters = matches!(event, Event::Recovered(_));
            if whole.out.join("run.json").is_file() && (matters || events.is_multiple_of(23)) {
                let copy = dir.path().join(format!("{name}-{events}"));
                copied(&whole.out, &copy);
                copies.push(copy);
            }
        });
        assert_eq!(summary.outcome, Outcome::Finished);
        let expected = if name == "skip" { (4, 0) } else { (4, 4) };
        let count = |action| summary.recoveries.iter().filter(|record| record.action == action).count();
        assert_eq!((count(RecoveryAction::Skip), count(RecoveryAction::Rewind)), expected);
        let truth = (fs::read(checkpoint_path(&whole.out, "last")).expect("a file"), read_back(&whole));
        assert_eq!((truth.1.0.len(), truth.1.1.len()), (235, summary.recoveries.len()));
        assert!(copies.len() > 10, "{}", copies.len());
        for copy in copies {
            let config = resumed_config(&copy, &Config::default()).expect("settings");
            let resumed = Job { config, out: copy.clone(), resume: true, ..whole.clone() };
            trained(&resumed, &bad, &mut |_| {});
            let file = fs::read(checkpoint_path(&copy, "last")).expect("a file");
            assert!(file == truth.0, "{}", copy.display());
            assert!(read_back(&resumed) == truth.1, "{}: {:?}", copy.display(), read_back(&resumed).1);
        }
    }
}

/// The losses of all steps, and the recoveries by action, failed step and step with which training continued.
type Records = (Vec<(u64, u64)>, Vec<(RecoveryAction, u64, u64)>, usize);

fn read_back(job: &Job) -> Records {
    let records = history::read(&job.out).expect("records");
    assert_eq!(records.problems, Vec::<String>::new(), "{}", job.out.display());
    (
        records.steps.iter().map(|record| (record.step, record.loss.to_bits())).collect(),
        records.recoveries.iter().map(|r| (r.action, r.fault.step, r.to_step)).collect(),
        records.valid.len(),
    )
}

/// Steps that are too large are repeated with smaller ones until they are not.
#[test]
fn a_learning_rate_that_is_too_high_is_lowered() {
    let dir = TestDir::new();
    let settings =
        "on_fault=rewind steps=150 unroll=8 cell=identity optimizer=sgd clip=none lr=400 max_faults=40";
    let run = job(dir.path(), "run", settings);
    let summary = trained(&run, &Windows::new(), &mut |_| {});
    assert_eq!(summary.outcome, Outcome::Finished, "{:?}", summary.recoveries.len());
    let records = history::read(&run.out).expect("records");
    let rewinds = summary.recoveries.iter().filter(|r| r.action == RecoveryAction::Rewind).count();
    assert!(rewinds > 0);
    assert_eq!(records.steps.last().expect("a step").lr, 400.0 * 0.5f64.powi(rewinds as i32));
}

#[test]
fn weights_of_a_spike_are_no_point() {
    let fault = |rise_step| {
        let json = r#"{"step":250,"epoch":3,"loss":"NaN","log10_global_norm":"NaN","phase":"loss","layer":null,"t":null,
            "tensor":"loss","row":null,"unit":null,"value":"NaN","cause":"step_too_large","before":[]}"#;
        let mut fault: FaultRecord = serde_json::from_str(json).expect("a fault");
        fault.evidence.rise_step = rise_step;
        fault
    };
    let rewind = |to_step| RecoveryRecord {
        step: to_step,
        action: RecoveryAction::Rewind,
        window: 1,
        to_step,
        fault: fault(None),
    };
    let point = |before: &[u64], rise| {
        Recoveries(before.iter().map(|&step| rewind(step)).collect()).point(&[100, 200], &fault(rise))
    };
    assert_eq!(
        (point(&[], None), point(&[], Some(202)), point(&[], Some(201))),
        (Some(200), Some(200), Some(100))
    );
    assert_eq!((point(&[200], None), point(&[200, 200], None)), (Some(200), Some(100)));
    assert_eq!(point(&[200, 200, 100], None), Some(200));
    assert_eq!(Recoveries::default().point(&[], &fault(None)), None);
}

/// Planted faults for each policy: 60, or as many as `LONGSPAN_FAULTS` says.
#[test]
fn planted_faults_end_as_promised() {
    let faults: usize = std::env::var("LONGSPAN_FAULTS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let dir = TestDir::new();
    let (mut stopped, mut skipped, mut rewound, mut run) = (0, 0, 0, 0u64);
    // A fixed sequence of numbers that looks random.
    let number = |i: u64, below: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23) % below;
    while stopped < faults || skipped < faults || rewound < faults {
        run += 1;
        let kind = ["", " unroll=8 cell=gru"][run as usize % 2];
        let windows: Windows = (0..10).map(|i| (0, number(97 * run + i, 60))).collect();
        let policies = [("stop", stopped), ("skip", skipped), ("rewind", rewound)];
        for (policy, _) in policies.into_iter().filter(|(_, done)| *done < faults) {
            let job = job(
                dir.path(),
                &format!("{policy}-{run}"),
                &format!("on_fault={policy} steps=80 seed={run}{kind}"),
            );
            let summary = trained(&job, &windows, &mut |_| {});
            let records = history::read(&job.out).expect("records");
            assert!(records.problems.is_empty(), "{:?}", records.problems);
            let position = Checkpoint::read(&checkpoint_path(&job.out, "last")).expect("a checkpoint");
            let position = position.header().expect("a header").position;
            let about = format!("{policy} {run}: {windows:?}");
            let in_a_row = (0..60).any(|w| (w..=w + IN_A_ROW as u64).all(|w| windows.contains(&(0, w))));
            // After a rewind, steps are taken before the next fault, except at the beginning.
            let at_once = (0..=IN_A_ROW as u64 / 2).all(|w| windows.contains(&(0, w)));
            if policy == "stop" || policy == "skip" && in_a_row || policy == "rewind" && at_once {
                assert_eq!(summary.outcome, Outcome::Diverged, "{about}");
                assert!(windows.contains(&(position.epoch, position.window)), "{about}");
                stopped += usize::from(policy == "stop");
                continue;
            }
            assert_eq!(
                (&summary.outcome, summary.step, records.steps.len()),
                (&Outcome::Finished, 80, 80),
                "{about}"
            );
            // 80 steps read 80 windows and those that were left out.
            assert_eq!(position.epoch * 100 + position.window, 80 + windows.len() as u64, "{about}");
            let left_out: Windows = (0..100)
                .map(|w| (0, w))
                .filter(|&(e, w)| summary.recoveries.iter().any(|record| record.leaves_out(e, w)))
                .collect();
            assert_eq!(left_out, windows, "{about}");
            let rewinds = summary.recoveries.len() - windows.len();
            assert_eq!(rewinds, if policy == "skip" { 0 } else { windows.len() }, "{about}");
            assert_eq!(records.steps[79].lr, 0.01 * 0.5f64.powi(rewinds as i32), "{about}");
            *(if policy == "skip" { &mut skipped } else { &mut rewound }) += summary.recoveries.len();
        }
    }
    println!(
        "{stopped} faults ended a run, {skipped} were left out, {rewound} were followed by a rewind or left out after one"
    );
}
