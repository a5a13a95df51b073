//! A directory with a program in it, and small data to learn from.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

pub(crate) struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
        std::fs::write(path, content).expect("a temporary directory takes files");
    }

    /// The command, its standard streams pipes.
    pub(crate) fn start(&self, line: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
        command.current_dir(self.path()).args(line.split_whitespace()).env_remove("LONGSPAN_ISA");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    /// The command with this standard input.
    pub(crate) fn output(&self, line: &str, input: impl AsRef<[u8]>) -> Output {
        let mut child = self.start(line);
        let (mut to, input) = (child.stdin.take().expect("a pipe"), input.as_ref().to_vec());
        // Beside reading, so that neither pipe runs full; a command that fails early does not read it.
        let feed = std::thread::spawn(move || drop(to.write_all(&input)));
        let output = child.wait_with_output().expect("a child can be waited for");
        feed.join().expect("what is fed");
        output
    }

    pub(crate) fn fed(&self, line: &str, input: impl AsRef<[u8]>) -> String {
        let output = self.output(line, input);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    pub(crate) fn good(&self, line: &str) -> String {
        self.fed(line, "")
    }

    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.good(line)).expect("one JSON document")
    }

    /// The rows that a command writes as JSON lines.
    pub(crate) fn rows(&self, line: &str) -> Vec<Value> {
        rows(&self.good(&format!("{line} --json")))
    }

    pub(crate) fn streamed(&self, line: &str, input: impl AsRef<[u8]>) -> Vec<Value> {
        rows(&self.fed(&format!("{line} --stream --json"), input))
    }

    /// Exit code 2, nothing on standard output, and one message that has all of `parts`.
    pub(crate) fn bad(&self, line: &str, input: impl AsRef<[u8]>, parts: &[&str]) {
        let output = self.output(line, input);
        let message = String::from_utf8(output.stderr).expect("messages are UTF-8");
        assert_eq!(output.status.code(), Some(2), "{line}: {message}");
        assert_eq!(message.matches("error: ").count(), 1, "{line}: {message}");
        assert!(!message.contains("panicked"), "{line}: {message}");
        // A stream has named its columns.
        assert!(output.stdout.is_empty() || line.contains("--stream"), "{line}: {message}");
        for part in parts {
            assert!(message.contains(part), "{line}: no \"{part}\" in: {message}");
        }
    }
}

pub(crate) fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

pub(crate) fn number(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"))
}

/// Equal but for rounding, in all columns of numbers whose names begin with one of `kinds`.
pub(crate) fn near(a: &Value, b: &Value, kinds: &[&str]) {
    let mut count = 0;
    for (name, value) in a.as_object().expect("an object") {
        if kinds.iter().any(|kind| name.starts_with(kind)) {
            let (x, y) = (value.as_f64().expect("a number"), number(b, name));
            assert!((x - y).abs() < 1e-5 * x.abs().max(1.0), "{name}: {a} and {b}");
            count += 1;
        }
    }
    assert!(count > 0, "{a}");
}

pub(crate) const SMALL: &str = "--hidden 8 --batch 8 --lr 0.02 --steps 40";

/// Sequences of two channels and their classes: waves that rise or fall, of many lengths.
pub(crate) fn waves(count: usize) -> Vec<(Vec<[f64; 2]>, &'static str)> {
    let wave = |i: usize| {
        let (class, sign) = if (i * i) % 7 < 3 { ("up", 1.0) } else { ("down, then", -1.0) };
        let at = |t: usize| {
            let x = (t as f64 + i as f64 * 0.37).sin();
            let noise = ((i * 31 + t * 17) % 11) as f64;
            [100.0 + 3.0 * x + noise, sign * t as f64 * 0.3 + x + 0.4 * noise]
        };
        ((0..3 + (i * 5) % 9).map(at).collect(), class)
    };
    (0..count).map(wave).collect()
}

/// A `.ts` file; `label` writes what ends each line. Labels there have no blanks.
pub(crate) fn ts(waves: &[(Vec<[f64; 2]>, &str)], head: &str, label: impl Fn(&str) -> String) -> String {
    let mut text = format!("{head}\n@data\n");
    for (steps, class) in waves {
        let dimension = |d: usize| steps.iter().map(|x| x[d].to_string()).collect::<Vec<_>>().join(",");
        let class = if *class == "up" { "up" } else { "down" };
        text += &format!("{}:{}{}\n", dimension(0), dimension(1), label(class));
    }
    text
}

/// A table of two groups: time, a level that swings, and what follows from it.
pub(crate) fn series(rows: usize) -> String {
    let mut text = "time,place,level,extra,flow\n".to_owned();
    for t in 0..rows {
        for (place, shift) in [("north", 0.0), ("south", 2.0)] {
            let x = 1000.0 + 20.0 * (t as f64 * 0.4 + shift).sin();
            text += &format!("{},{place},{x},text,{}\n", 1900 + t, 3.0 * x - 5.0 * (t % 3) as f64);
        }
    }
    text
}
