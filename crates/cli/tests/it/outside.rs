//! What surrounds the program: closed and full output streams, limits of memory, signals, and files that are not plain.
#![cfg(unix)]
#![allow(missing_docs, reason = "a test file")]

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::test_dir::TestDir;

/// A line of a shell in which `longspan` is the program.
fn shell(dir: &TestDir, line: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_longspan");
    let line = format!("longspan() {{ '{program}' \"$@\"; }}\n{line}");
    Command::new("sh").current_dir(dir.root()).args(["-c", &line]).output().expect("a shell")
}

const TASK: &str = "train --task parity --length 5 --hidden 4 --batch 4 --steps 30 --eval-every 5 --no-probe";

/// The output of training is for people: the run ends as it would if somebody read it.
#[test]
fn training_ends_whoever_reads_it() {
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --out plain"));
    let same = dir.read("plain/checkpoints/last.safetensors");
    for (i, streams) in
        ["2>&1 | head -1", "2>/dev/full", ">/dev/full", ">/dev/full 2>&1", "2>&-", ">&-", "| true"]
            .iter()
            .enumerate()
    {
        let line = format!("{{ longspan {TASK} --out run{i}; echo $? >code; }} {streams}");
        shell(&dir, &line);
        assert_eq!(dir.read_text("code"), "0\n", "{streams}");
        let run = format!("run{i}/checkpoints/last.safetensors");
        assert!(dir.read(&run) == same, "{streams}");
        let summary = dir.read_text(&format!("run{i}/summary.json"));
        assert!(summary.contains("\"finished\""), "{streams}: {summary}");
    }
}

/// The output of other commands is what they are for: a full disk is an error, a closed pipe is not.
#[test]
fn results_that_cannot_be_written_are_errors() {
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --out run"));
    for command in
        ["eval run", "eval run --json", "ls .", "explain --all", "config --defaults", "--help", "--version"]
    {
        let full = shell(&dir, &format!("longspan {command} >/dev/full"));
        let message = String::from_utf8_lossy(&full.stderr);
        assert_eq!(full.status.code(), Some(2), "{command}: {message}");
        assert!(message.starts_with("error: standard output cannot be written"), "{command}: {message}");
        let closed = shell(&dir, &format!("{{ longspan {command}; echo $? >code; }} | true"));
        assert!(closed.stderr.is_empty(), "{command}: {closed:?}");
        assert_eq!(dir.read_text("code"), "0\n", "{command}");
    }
    // The exit code of a verdict does not depend on who reads it.
    shell(&dir, "longspan diagnose run >text; echo $? >a; { longspan diagnose run; echo $? >b; } | true");
    assert_eq!(dir.read_text("a"), dir.read_text("b"));
    // An error that cannot be printed still sets the exit code.
    assert_eq!(shell(&dir, "longspan eval nowhere 2>/dev/full").status.code(), Some(2));
    assert_eq!(shell(&dir, "longspan train --unknown 2>&-").status.code(), Some(2));
}

/// A model that does not fit is refused before anything is allocated; what was not foreseen ends with a message, too.
#[test]
fn what_does_not_fit_into_the_limit_of_the_process_is_a_message() {
    let dir = TestDir::with_text();
    for more in [
        "--text text.txt --hidden 100000",
        "--text text.txt --hidden 2000 --layers 1000",
        "--task parity --batch 16000000",
    ] {
        let output = shell(&dir, &format!("ulimit -v 500000; longspan train {more} --threads 1 --out run"));
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{more}: {message}");
        assert!(message.contains("error: ") && message.contains("(ulimit -v)"), "{more}: {message}");
        assert!(!dir.path("run").exists(), "{more}");
    }
    dir.good(&format!("{TASK} --out small"));
    let long = "eval small --length 1000000 --batch 1000";
    let output = shell(&dir, &format!("ulimit -v 500000; longspan {long}"));
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("a window of 1000000 steps and 1000 rows needs about"), "{message}");
    // A file that is just below the limit, which the program itself takes a part of: the allocation fails.
    let file = std::fs::File::create(dir.path("w.safetensors")).expect("a file");
    file.set_len(358_000_000).expect("a sparse file");
    let output = shell(&dir, "ulimit -v 350000; longspan eval w.safetensors");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.starts_with("error: out of memory: another ") && message.lines().count() == 1,
        "{message}"
    );
}

/// Whether a process ignores a signal.
fn ignores(process: u32, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("a hexadecimal number");
    mask >> (signal - 1) & 1 == 1
}

/// Before the first step there is nothing to save: a signal ends the program at once, even while it waits for a file.
#[test]
fn a_signal_ends_what_waits() {
    let dir = TestDir::new();
    fifo(dir.path("pipe"));
    for command in ["train --text pipe", "inspect pipe"] {
        for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let mut child = dir.start(command);
            // The child waits in the system call that opens the pipe.
            let state = PathBuf::from(format!("/proc/{}/wchan", child.id()));
            let waits = || {
                std::fs::read_to_string(&state)
                    .is_ok_and(|text| text.contains("fifo") || text.contains("wait_for_partner"))
            };
            for _ in 0..200 {
                if waits() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            // A shell lets what it starts in the background ignore Ctrl-C, and a program that has no handler yet inherits that.
            if ignores(child.id(), code - 128) {
                child.kill().and_then(|()| child.wait()).expect("a child can be killed");
                continue;
            }
            let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
            assert!(sent.is_ok_and(|status| status.success()));
            let ended = child.wait().expect("a child can be waited for");
            let killed = std::os::unix::process::ExitStatusExt::signal(&ended).map(|signal| 128 + signal);
            assert_eq!(ended.code().or(killed), Some(code), "{command}");
        }
    }
    assert!(!dir.path("runs").exists());
}

/// A run directory may come from anybody: a pipe in it is not waited for.
#[test]
fn only_plain_files_of_a_run_are_read() {
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --out good"));
    dir.good("probe good --sequences 16 --window 4");
    let files = dir.files("good");
    for (file, _) in &files {
        let name = file.strip_prefix(dir.path("good")).expect("a file of the run").display().to_string();
        if name == "lock" {
            continue;
        }
        let run = dir.path("runs/odd");
        std::fs::create_dir_all(run.parent().expect("a directory")).expect("a directory");
        let copied = Command::new("cp").arg("-r").arg(dir.path("good")).arg(&run).status();
        assert!(copied.is_ok_and(|status| status.success()));
        std::fs::remove_file(run.join(&name)).expect("a file");
        fifo(run.join(&name));
        for command in [
            "ls runs",
            "diagnose runs/odd",
            "report runs/odd -o report.html",
            "eval runs/odd",
            "inspect runs/odd",
        ] {
            let output = shell(&dir, &format!("timeout 60 '{}' {command}", env!("CARGO_BIN_EXE_longspan")));
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(matches!(output.status.code(), Some(0..=2)), "{name}: {command}: {message}");
            assert!(!message.contains("panicked"), "{name}: {command}: {message}");
        }
        std::fs::remove_dir_all(&run).expect("a copy");
    }
    // Nor when a run is continued.
    for name in ["lock", "metrics.jsonl", "config.toml"] {
        let run = format!("resumed-{name}");
        let copied = Command::new("cp").current_dir(dir.root()).args(["-r", "good", &run]).status();
        assert!(copied.is_ok_and(|status| status.success()));
        std::fs::remove_file(dir.path(&run).join(name)).expect("a file");
        fifo(dir.path(&run).join(name));
        let program = env!("CARGO_BIN_EXE_longspan");
        let line = format!("timeout -s KILL 60 '{program}' train --resume --out {run} --steps 60");
        assert_eq!(shell(&dir, &line).status.code(), Some(2), "{name}");
    }
}

fn fifo(path: PathBuf) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()));
}

/// A recursive forecaster predicts one row at a time, and a probe measures that, however far ahead it forecasts.
#[test]
fn a_forecaster_is_probed_on_any_series() {
    let dir = TestDir::new();
    let rows: String = (0..200).map(|t| format!("{},{}\n", t % 7, t % 5)).collect();
    dir.write("s.csv", format!("a,b\n{rows}"));
    for (name, how) in [
        ("recursive", "--recursive"),
        ("direct", "--target a"),
        ("both", "--recursive --missing interpolate"),
    ] {
        dir.good(&format!(
            "train --series s.csv --window 12 --horizon 4 {how} --hidden 4 --batch 4 --steps 10 --no-probe --out {name}"
        ));
        let own = dir.json(&format!("probe {name} --sequences 16 --json"));
        let other = dir.json(&format!("probe {name} --series s.csv --sequences 16 --json"));
        let alone = dir
            .json(&format!("probe {name}/checkpoints/last.safetensors --series s.csv --sequences 16 --json"));
        for probe in [own, other, alone] {
            assert!(probe["reach"]["known"].is_object(), "{name}: {probe}");
        }
    }
}
