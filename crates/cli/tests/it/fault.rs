//! A step that fails: what the terminal, the run's files and `longspan replay` say of it.
#![allow(missing_docs, reason = "a test file")]

use std::process::Command;

use crate::test_dir::TestDir;
use serde_json::Value;

/// A linear network with recurrent weights so large that the gradient overflows in the first window.
const TRAIN: &str = "train --text text.txt --batch 8 --unroll 128 --hidden 24 --cell identity --init gaussian:8 --clip none \
                     --optimizer sgd --lr 1e-3 --dropout 0.1 --out run";

fn failed() -> (TestDir, String) {
    let dir = TestDir::new();
    dir.write("text.txt", "the cat which was seen by the dogs sat on the mat.\n".repeat(200));
    let output = dir.run(TRAIN);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    (dir, String::from_utf8(output.stdout).expect("UTF-8"))
}

fn read(dir: &TestDir, name: &str) -> Value {
    serde_json::from_slice(&dir.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The line of the message that begins with a word.
fn line<'a>(text: &'a str, word: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(word)).unwrap_or_else(|| panic!("no {word} in {text}"))
}

#[test]
fn the_message_says_what_where_why_and_what_to_try() {
    let (dir, text) = failed();
    assert!(line(&text, "diverged").starts_with("diverged at step 1 (epoch 1): loss "), "{text}");
    let (place, reason) = (line(&text, "bad value"), line(&text, "cause"));
    assert!(place.contains("forward, layer 0, step ") && place.contains(": h of row "), "{text}");
    assert!(
        reason.contains("the states grew forwards through time: ")
            && reason.contains(" times per step over "),
        "{text}"
    );
    assert!(line(&text, "try").contains("--init orthogonal"), "{text}");
    assert!(text.contains("--cell gru") && text.contains(" --clip norm:1"), "{text}");
    assert!(text.contains("\nnext:        longspan replay run --fault\n"), "{text}");

    let summary = read(&dir, "run/summary.json");
    let fault = &summary["fault"];
    assert_eq!(summary["outcome"], "diverged");
    assert_eq!(
        (&fault["phase"], &fault["tensor"], &fault["layer"]),
        (&"forward".into(), &"h".into(), &0.into())
    );
    assert_eq!((&fault["cause"], &fault["step"]), (&"forward_overflow".into(), &1.into()));
    assert!(fault["value"].as_f64().expect("a number").abs() >= 1e30, "{fault}");
    assert!(fault["t"].is_u64() && fault["row"].is_u64() && fault["unit"].is_u64(), "{fault}");
    assert!(place.contains(&format!("step {}:", fault["t"])), "{fault}");
    assert!(reason.ends_with(fault["reason"].as_str().expect("a reason")), "{fault}");
    assert_eq!(fault["ways_out"][0], "--init orthogonal:1 --clip norm:1");
    assert!(fault.get("before").is_none());

    let metrics = String::from_utf8(dir.read("run/metrics.jsonl")).expect("UTF-8");
    let last: Value = serde_json::from_str(metrics.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["type"], &last["attempt"], &last["t"]), (&"fault".into(), &1.into(), &fault["t"]));
    assert!(last["before"].as_array().is_some_and(Vec::is_empty), "{last}");
}

/// The steps before stand in the record, the last 32 of them.
#[test]
fn the_steps_before_are_kept() {
    let dir = TestDir::new();
    dir.write("text.txt", "the cat which was seen by the dogs sat on the mat.\n".repeat(200));
    // Momentum on a linear network drives the loss up until it overflows.
    let line = "train --text text.txt --batch 4 --unroll 8 --hidden 12 --cell identity --clip none --optimizer sgd \
                --momentum 0.9 --lr 0.9 --epochs 1000 --out run --json";
    let output = dir.run(line);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(summary["fault"]["cause"], "step_too_large", "{summary}");
    let file = read(&dir, "run/fault/fault.json");
    let before = file["fault"]["before"].as_array().expect("steps");
    let failed = file["fault"]["step"].as_u64().expect("a number");
    assert!(
        failed > 1 && before.len() as u64 == (failed - 1).min(32),
        "{} before step {failed}",
        before.len()
    );
    assert_eq!(before.last().expect("a step")["step"].as_u64(), Some(failed - 1));
    let ways = summary["fault"]["ways_out"].as_array().expect("a list");
    assert!(ways.contains(&"--lr 0.09".into()) && ways.contains(&"--clip norm:1".into()), "{ways:?}");
    assert!(dir.json("replay run --fault --json")["same"].as_bool().expect("a truth"));
}

#[test]
fn a_fault_is_met_again_from_the_directory_alone() {
    let (dir, text) = failed();
    std::fs::remove_file(dir.path("text.txt")).expect("a file");
    std::fs::rename(dir.path("run"), dir.path("elsewhere")).expect("a directory");
    let before = dir.read("elsewhere/checkpoints/last.safetensors");
    for threads in [1, 2] {
        let output = dir.good(&format!("replay elsewhere --fault --threads {threads}"));
        let again = String::from_utf8(output.stdout).expect("UTF-8");
        for word in ["diverged", "bad value", "cause"] {
            assert_eq!(line(&again, word), line(&text, word));
        }
        assert_eq!(line(&again, "recorded").trim_start_matches("recorded").trim(), "the same bad value");
    }
    let replay = dir.json("replay elsewhere --fault --json");
    assert_eq!((&replay["same"], &replay["isa"]), (&true.into(), &replay["recorded_isa"]));
    assert_eq!(replay["fault"], replay["recorded"]);
    assert!(dir.read("elsewhere/checkpoints/last.safetensors") == before, "replaying changes nothing");

    // Another instruction set adds up otherwise: the same place, or it says so.
    let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
    command
        .current_dir(dir.path(""))
        .args(["replay", "elsewhere", "--fault"])
        .env("LONGSPAN_ISA", "portable");
    let output = command.output().expect("the program starts");
    let again = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => assert!(line(&again, "recorded").ends_with("the same bad value"), "{again}"),
        code => {
            assert_eq!(code, Some(1), "{again}");
            assert!(line(&again, "recorded").contains("a different bad value: forward"), "{again}");
            assert!(again.contains("LONGSPAN_ISA="), "{again}");
        }
    }
}

#[test]
fn what_cannot_be_replayed_says_why() {
    let (dir, _) = failed();
    dir.bad("replay nowhere --fault", &["there is no run in nowhere"]);
    dir.good("train --text text.txt --hidden 4 --steps 2 --out sound");
    dir.bad("replay sound --fault", &["no step of sound has failed"]);

    let files = [
        "run/fault/fault.json",
        "run/fault/batch.safetensors",
        "run/checkpoints/last.safetensors",
        "run/config.toml",
    ];
    let whole: Vec<_> = files.iter().map(|file| dir.read(file)).collect();
    let restore = || files.iter().zip(&whole).for_each(|(file, bytes)| dir.write(file, bytes));
    for (file, bytes) in files.iter().zip(&whole).take(3) {
        let name = file.rsplit('/').next().expect("a name");
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            if *file == files[0] && cut + 1 == bytes.len() {
                // The last byte ends a line.
                continue;
            }
            dir.write(file, &bytes[..cut]);
            dir.bad("replay run --fault", &[name, "damaged"]);
        }
        let mut other = bytes.clone();
        let at = bytes.len() - 5;
        other[at] ^= 0x11;
        dir.write(file, other);
        dir.bad("replay run --fault", &[name]);
        std::fs::remove_file(dir.path(file)).expect("a file");
        let said = if *file == files[0] { "no step of run has failed" } else { name };
        dir.bad("replay run --fault", &[said]);
        restore();
    }
    let text = String::from_utf8(whole[0].clone()).expect("UTF-8");
    dir.write(files[0], text.replacen("\"format\": 1", "\"format\": 7", 1));
    dir.bad("replay run --fault", &["fault.json", "format 7"]);
    dir.write(files[0], text.replacen("\"step\": 1", "\"step\": 5", 1));
    dir.bad("replay run --fault", &["step 5 of run failed", "from step 0"]);
    dir.write(files[0], text.replacen("\"lr\": 0.001", "\"lr\": \"NaN\"", 1));
    dir.bad("replay run --fault", &["fault.json", "learning rate is NaN"]);
    // A record of another place is not met again.
    dir.write(files[0], text.replacen("\"unit\": ", "\"unit\": 1", 1));
    let output = dir.run("replay run --fault");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("recorded     a different bad value: forward"));
    restore();
    let config = String::from_utf8(whole[3].clone()).expect("UTF-8");
    dir.write(files[3], config.replacen("hidden = 24", "hidden = 25", 1));
    dir.bad("replay run --fault", &["last.safetensors", "config.toml"]);
    dir.write(files[3], config.replacen("batch = 8", "batch = 9", 1));
    dir.bad("replay run --fault", &["damaged"]);
    restore();
    dir.good("replay run --fault");
}

/// A learning rate that is far too high is lowered until the steps can be taken, and every page says so.
#[test]
fn a_rewind_lets_training_continue() {
    let dir = TestDir::with_text();
    let settings = "--cell identity --optimizer sgd --clip none --lr 400 --hidden 8 --batch 4 --unroll 16 --steps 60 --threads 1";
    let trained =
        dir.run(&format!("train --text text.txt {settings} --on-fault rewind --max-faults 40 --out run"));
    let (printed, notes) = (
        String::from_utf8_lossy(&trained.stdout).into_owned(),
        String::from_utf8_lossy(&trained.stderr).into_owned(),
    );
    assert_eq!(trained.status.code(), Some(0), "{notes}");
    assert!(
        notes.contains("failed (") && notes.contains(": going back to step 0 with half the learning rate"),
        "{notes}"
    );
    assert!(
        printed.lines().any(|line| line.starts_with("faults       ") && line.contains("rewind")),
        "{printed}"
    );
    assert!(dir.printed("report run --format md").contains("Failed steps after which training continued"));
    let diagnosed = dir.run("diagnose run");
    assert!(String::from_utf8_lossy(&diagnosed.stdout).contains("recovered-faults"));
    dir.bad("replay run --fault", &["run continued after each of its faults (", "--on-fault stop"]);
    // The damaged newest checkpoint gives way to the one before it, and a warning names both.
    dir.good("train --resume --out run --steps 80 --checkpoint-every 0");
    std::fs::write(dir.path("run/checkpoints/last.safetensors"), "torn").expect("written");
    for line in ["eval run --checkpoint last --text text.txt --json", "train --resume --out run --steps 82"] {
        let output = dir.run(line);
        let notes = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{line}: {notes}");
        for part in
            ["warning: ", "last.safetensors cannot be used", "last-79.safetensors instead, from step 79"]
        {
            assert!(notes.contains(part), "{line}: no {part} in {notes}");
        }
    }
}
