//! The program in a terminal: what the screen shows, what Ctrl-C does, and what is left out elsewhere.
//!
//! `LONGSPAN_SCREENS=1` prints the screens.
#![allow(missing_docs, reason = "a test file")]

use std::io::{Read, Write};
use std::num::NonZeroU16;

use pty_process::Size;
use pty_process::blocking::{Command, open};
use vt100::Parser;

use crate::test_dir::TestDir;

/// A terminal after its program has ended.
struct Ended {
    screen: String,
    /// Everything that the program wrote.
    bytes: String,
    code: Option<i32>,
}

/// Runs a line of a shell, in which `longspan` is the program, in a terminal of so many columns and rows. `watch` sees the
/// screen whenever it has changed, and returns what the user types then.
fn terminal(
    dir: &TestDir,
    (columns, rows): (u16, u16),
    line: &str,
    mut watch: impl FnMut(&str) -> &'static str,
) -> Ended {
    let (pty, pts) = open().expect("a pseudo-terminal");
    pty.resize(Size::new(rows, columns)).expect("a size");
    let line = format!("longspan() {{ '{}' \"$@\"; }}\n{line}", env!("CARGO_BIN_EXE_longspan"));
    let command = Command::new("bash").args(["--norc", "-c", &line]).current_dir(dir.root());
    let command = command.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    let mut child = command.spawn(pts).expect("a shell");
    let size = |n: u16| NonZeroU16::new(n).expect("a size");
    let mut parser = Parser::new(size(rows), size(columns), 0);
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    // Linux reports the end of a terminal as an error.
    while let Some(n) = (&pty).read(&mut part).ok().filter(|&n| n > 0) {
        bytes.extend(&part[..n]);
        parser.process(&part[..n]);
        (&pty).write_all(watch(&parser.screen().contents()).as_bytes()).expect("a key");
    }
    let code = child.wait().expect("an end").code();
    let (screen, bytes) = (parser.screen().contents(), String::from_utf8(bytes).expect("UTF-8"));
    if std::env::var_os("LONGSPAN_SCREENS").is_some() {
        println!("{line}\n{}\n{screen}\n{}\n", "─".repeat(columns.into()), "─".repeat(columns.into()));
    }
    Ended { screen, bytes, code }
}

fn quiet(_: &str) -> &'static str {
    ""
}

const TRAIN: &str = "longspan train --text text.txt --batch 8 --unroll 16 --hidden 16 --no-probe";

#[test]
fn progress_fits_the_terminal_and_ctrl_c_leaves_a_run_that_continues() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let dir = TestDir::with_text();
        let mut seen = String::new();
        let ended =
            terminal(&dir, (columns, rows), &format!("{TRAIN} --epochs 5000 --out runs/one"), |screen| {
                let last = screen.lines().last().unwrap_or_default();
                let shown = ["step ", "loss ", "valid ", " left"].iter().all(|part| last.contains(part));
                if !seen.is_empty() || !shown {
                    return "";
                }
                seen = screen.to_owned();
                "\u{3}"
            });
        let line = seen.lines().last().expect("a line");
        assert!(line.contains("epoch ") && line.contains("/5000  step "), "{line}");
        assert!(columns == 80 || line.contains("  ‖g‖ "), "{line}");
        for part in [
            "run          runs/one\n",
            "data         text.txt by char, 21 distinct\n",
            "model        lstm, 1 layer of 16 units, ",
            "parts        tokens: 5,220 for training, 579 for validation\n",
        ] {
            assert!(seen.contains(part), "{part} in\n{seen}");
        }
        let scores = seen.lines().find(|line| line.starts_with("epoch    1/5000")).expect("a validation");
        assert!(scores.contains("  training ") && scores.contains("  validation "), "{scores}");
        assert!(scores.matches(" %").count() == 2 && scores.ends_with("best so far"), "{scores}");
        assert_eq!(ended.code, Some(130), "{}", ended.screen);
        let next = "next:        longspan resume runs/one";
        assert!(
            ended.screen.contains("interrupted after ") && ended.screen.contains(next),
            "{}",
            ended.screen
        );
        assert!(!ended.screen.contains(" left\n"), "the line of progress is removed:\n{}", ended.screen);

        let summary: serde_json::Value =
            serde_json::from_slice(&dir.read("runs/one/summary.json")).expect("JSON");
        let step = summary["step"].as_u64().expect("a step");
        let more = format!("longspan resume runs/one --steps {}", step + 60);
        let ended = terminal(&dir, (columns, rows), &more, quiet);
        assert_eq!(ended.code, Some(0), "{}", ended.screen);
        assert!(
            ended.screen.contains("resuming after step ") && ended.screen.contains("trained "),
            "{}",
            ended.screen
        );
    }
}

#[test]
fn a_list_of_runs_fits_the_terminal() {
    let dir = TestDir::with_text();
    let long = "runs/a-name-that-is-much-longer-than-the-terminal-is-wide-and-then-some-more-words-lstm-1";
    dir.good(&format!("{} --steps 2 --out {long}", TRAIN.trim_start_matches("longspan ")));
    dir.good("train --task parity --length 5 --hidden 4 --steps 2 --no-probe --out runs/b");
    for (columns, rows) in [(80, 24), (120, 40)] {
        let listed = terminal(&dir, (columns, rows), "longspan ls", quiet).screen;
        assert_eq!(listed.trim_end().lines().count(), 3, "{listed}");
        assert!(listed.contains('…') && listed.contains("lstm-1  2"), "{listed}");
        assert!(listed.contains("finished") && listed.contains("best score"), "{listed}");
        assert_eq!(listed.contains("baseline"), columns == 120, "{listed}");
    }
    assert!(dir.printed("ls").contains(long));
    let diagnosed = terminal(&dir, (80, 24), &format!("longspan diagnose runs/b {long}"), quiet);
    let headings = diagnosed.bytes.matches("finished after 2 steps: no findings").count();
    assert!(headings == 2 && diagnosed.bytes.contains(&"─".repeat(80)), "{}", diagnosed.bytes);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let dir = TestDir::new();
    dir.good("train --task parity --length 5 --hidden 4 --steps 2 --no-probe --out runs/b");
    let coloured = |line: &str| terminal(&dir, (80, 24), line, quiet).bytes.contains("\u{1b}[3");
    assert!(
        coloured("longspan ls") && coloured("longspan ls nowhere") && coloured("longspan train --nonsense")
    );
    assert!(coloured("longspan ls --color always | cat") && coloured("CLICOLOR_FORCE=1 longspan ls | cat"));
    for plain in [
        "longspan ls | cat",
        "longspan ls nowhere 2>&1 | cat",
        "NO_COLOR=1 longspan ls",
        "longspan --color never ls",
        "longspan train --nonsense --color=never",
    ] {
        assert!(!coloured(plain), "{plain}");
    }
    let head = terminal(&dir, (80, 24), "longspan explain --all | head -3", quiet).screen;
    assert!(head.starts_with("## non-finite\n") && head.trim_end().lines().count() == 3, "{head}");
}

#[test]
fn every_command_says_as_much_as_it_is_asked_to() {
    let dir = TestDir::with_text();
    let told = |line: &str| String::from_utf8(dir.good(line).stderr).expect("UTF-8");
    let train = TRAIN.trim_start_matches("longspan ");
    let plain = told(&format!("{train} --epochs 1 --out a"));
    assert!(plain.contains("epoch 1/1  training ") && !plain.contains(" s] "), "{plain}");
    assert_eq!(told(&format!("{train} --epochs 1 --out b --quiet")), "");
    let verbose = told(&format!("-v {train} --epochs 1 --out c"));
    for part in
        ["hidden = 16", "wrote c/checkpoints/best.safetensors", "training steps took ", "done, exit code 0"]
    {
        assert!(verbose.contains(part), "{part} in {verbose}");
    }
    // The result is the same.
    let result = |line: &str| dir.printed(line).replace(['b', 'c'], "a");
    assert_eq!(result("ls a"), result("ls b --quiet"));
    assert!(
        told("eval a -v").contains("weights after step ") && told("diagnose a -v").contains("step record")
    );
    assert_eq!(told("eval a -q"), "");
    let failed = dir.run("eval nowhere -q");
    assert!(String::from_utf8_lossy(&failed.stderr).starts_with("error: "), "{failed:?}");
    dir.refused("ls -q -v", &["--quiet", "--verbose"]);

    let still = format!("{TRAIN} --epochs 2 --out d --no-progress");
    let still = terminal(&dir, (80, 24), &still, |screen| {
        assert!(!screen.contains(" left"), "{screen}");
        ""
    });
    assert!(still.screen.contains("epoch 2/2  training "), "{}", still.screen);
}
