//! A run that is killed at any instant and resumed ends with the bits of one that was left alone.
//!
//! `LONGSPAN_KILLS=20` makes 20 kills in each setting instead of a few.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use longspan_kernel::rng::{Key, Purpose};
use longspan_record::{Curve, ProfileRecord};
use longspan_run::directory::profiles;

/// Everything that has state of its own: carried state, dropout, moments, a schedule that follows validation, early
/// checkpoints, validation inside an epoch.
const SETTINGS: &str = "--cell lstm --layers 2 --hidden 48 --batch 8 --unroll 32 --epochs 2 --dropout 0.2 \
    --observe-every 4 --schedule plateau:1:0.7 --eval-every 17 --checkpoint-every 0.03 --valid-fraction 0.2 --lr 0.01 --seed 5";

fn train(text: &Path, out: &Path, more: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
    command.arg("train").arg("--out").arg(out).args(more.split_whitespace());
    if out.join("run.json").exists() {
        command.arg("--resume");
    } else {
        command.arg("--text").arg(text).args(SETTINGS.split_whitespace());
    }
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn finish(text: &Path, out: &Path, more: &str) {
    let output = train(text, out, more).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn checkpoints(out: &Path) -> [Vec<u8>; 2] {
    ["last", "best"]
        .map(|name| std::fs::read(out.join(format!("checkpoints/{name}.safetensors"))).expect(name))
}

/// Of each step that was looked at closely, the layers' ‖∂ℒ/∂h_t‖.
fn hidden_profiles(run: &Path) -> Vec<(u64, Vec<Curve>)> {
    let flows = profiles::read(run);
    assert!(flows.skipped.is_empty(), "{:?}", flows.skipped);
    let layers = |record: ProfileRecord| record.layers.into_iter().map(|layer| layer.hidden).collect();
    flows.records.into_iter().map(|record| (record.step, layers(record))).collect()
}

/// Words in a random order: something to learn, and 40 000 characters of it.
fn write_text(path: &Path) {
    let mut draw = Key::new(1, Purpose::Probe, 0, 0).stream(0, 0);
    let words = ["the ", "cat ", "which ", "saw ", "dogs ", "was ", "were ", "full.\n"];
    let text: String = (0..9000).map(|_| words[draw.below(8) as usize]).collect();
    std::fs::write(path, text).expect("a temporary directory takes files");
}

#[test]
fn kills_change_no_bit() {
    let kills: usize = std::env::var("LONGSPAN_KILLS").map_or(3, |n| n.parse().expect("a number of kills"));
    let dir = TestDir::new();
    let text = dir.path("text.txt");
    write_text(&text);
    let whole = dir.path("whole");
    finish(&text, &whole, "--threads 1");
    let truth = checkpoints(&whole);
    let profiles = hidden_profiles(&whole);
    assert!(profiles.len() > 10 && profiles[0].0 == 1 && profiles[1..].iter().all(|(step, _)| step % 4 == 0));

    let mut draw = Key::new(2, Purpose::Probe, 0, 0).stream(0, 0);
    let mut resumed = 0;
    for (i, setting) in
        ["--threads 1", "--threads 2 --observe full", "--threads 2 --observe off"].into_iter().enumerate()
    {
        let (mut killed, mut round) = (0, 0);
        while killed < kills {
            let out = dir.path(format!("killed-{i}-{round}"));
            round += 1;
            assert!(round < 50 + kills, "runs end before they are killed");
            while killed < kills {
                let mut child = train(&text, &out, setting).spawn().expect("the program starts");
                // From the first milliseconds, before there is a run, to late in it.
                std::thread::sleep(Duration::from_micros(2000 + u64::from(draw.below(250_000))));
                child.kill().expect("a child can be killed");
                let output = child.wait_with_output().expect("a child can be waited for");
                if output.status.success() {
                    break;
                }
                assert_eq!(output.status.code(), None, "{}", String::from_utf8_lossy(&output.stderr));
                killed += 1;
            }
            if !out.join("summary.json").exists() {
                finish(&text, &out, setting);
            }
            let metrics = std::fs::read_to_string(out.join("metrics.jsonl")).expect("metrics");
            resumed += usize::from(metrics.contains("\"attempt\":2"));
            assert!(
                checkpoints(&out) == truth,
                "{setting}, round {round}: other bits than the undisturbed run"
            );
            if !setting.ends_with("off") {
                assert!(hidden_profiles(&out) == profiles, "{setting}, round {round}: other profiles");
            }
        }
    }
    assert!(resumed > 0, "every kill came before the run began");
}

/// With little memory for backward, chunks are computed twice: to the same bits, and a run may go on with another limit.
#[test]
fn a_memory_limit_changes_no_bit() {
    let dir = TestDir::new();
    let text = dir.path("text.txt");
    write_text(&text);
    let path = |name: &str| dir.path(name);
    // Four chunks a window.
    let settings = "--threads 2 --chunk 8 --steps 60";
    finish(&text, &path("whole"), settings);
    let truth = checkpoints(&path("whole"));
    let said = |out: &Path, more: &str| {
        let output = train(&text, out, more).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said.lines().find(|line| line.starts_with("bptt memory: ")).map(str::to_owned)
    };
    // Tapes of 8 · 8 · 2 · 48 · 4 numbers, four states of 2 · 2 · 8 · 48.
    let limited = said(&path("limited"), &format!("{settings} --bptt-memory 170KiB"));
    let plan = "bptt memory: 4 chunks of 8 steps: 1 kept, 3 computed twice, 0.1 MiB of 0.4 MiB";
    assert_eq!(limited.as_deref(), Some(plan));
    assert!(checkpoints(&path("limited")) == truth);

    let paused = path("paused");
    said(&paused, "--threads 2 --chunk 8 --steps 20 --bptt-memory 170KiB");
    let wider = said(&paused, "--steps 60 --bptt-memory 250KiB");
    assert!(wider.is_some_and(|line| line.contains("2 kept, 2 computed twice")));
    assert!(checkpoints(&paused)[0] == truth[0], "the last weights");
    assert_eq!(said(&path("free"), &format!("{settings} --bptt-memory 0")), None);
}

/// A run of an earlier version, which had all settings at the top level of its file, is resumed to the same bits.
#[test]
fn a_run_with_a_configuration_of_version_1_is_resumed() {
    let dir = TestDir::new();
    let text = dir.path("text.txt");
    write_text(&text);
    let (whole, old) = (dir.path("whole"), dir.path("old"));
    finish(&text, &whole, "--threads 2 --steps 40");
    finish(&text, &old, "--threads 2 --steps 20");
    let file = old.join("config.toml");
    let saved = std::fs::read_to_string(&file).expect("a configuration");
    let flat = saved.lines().filter(|line| !line.starts_with('[')).map(|line| format!("{line}\n"));
    let flat = flat.collect::<String>().replace("schema = 2", "schema = 1");
    assert!(saved.contains("\n[model]\n") && !flat.contains('[') && flat.starts_with("schema = 1\n"));
    std::fs::write(&file, flat).expect("a temporary directory takes files");
    finish(&text, &old, "--steps 40");
    assert!(checkpoints(&old)[0] == checkpoints(&whole)[0], "the last weights");
    let saved = std::fs::read_to_string(&file).expect("a configuration");
    assert!(saved.starts_with("schema = 2\n\n[data]\n") && saved.contains("\nsteps = 40\n"), "{saved}");
}

/// The threads, the observers and a pause by --stop-after leave the bits alone; every attempt is recorded.
#[test]
fn threads_observers_and_pauses_change_no_bit() {
    let dir = TestDir::new();
    let text = dir.path("text.txt");
    write_text(&text);
    let path = |name: &str| dir.path(name);
    finish(&text, &path("one"), "--threads 1");
    let truth = checkpoints(&path("one"));
    finish(&text, &path("two"), "--threads 2 --observe off");
    assert!(checkpoints(&path("two")) == truth);

    let paused = path("paused");
    finish(&text, &paused, "--threads 2 --stop-after 0.05");
    let summary = std::fs::read_to_string(paused.join("summary.json")).expect("a summary");
    assert!(summary.contains("\"out_of_time\""), "{summary}");
    finish(&text, &paused, "");
    assert!(checkpoints(&paused) == truth);

    let metrics = std::fs::read_to_string(paused.join("metrics.jsonl")).expect("metrics");
    let records: Vec<serde_json::Value> =
        metrics.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let steps = |attempt: u64| {
        let of = records.iter().filter(move |r| r["type"] == "step" && r["attempt"] == attempt);
        of.map(|r| r["step"].as_u64().expect("a step")).collect::<Vec<_>>()
    };
    let (first, second) = (steps(1), steps(2));
    assert!(!first.is_empty() && !second.is_empty());
    // A pause is clean: the second attempt goes on with the next step.
    assert_eq!(second[0], first.len() as u64 + 1);
    assert!(first.iter().chain(&second).copied().eq(1..=second[second.len() - 1]));
}
