//! The program on small files in a temporary directory.
#![allow(dead_code, reason = "each test file uses its part of these helpers")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

use longspan_run::config::{KEYS, flag};
use serde_json::Value;

/// A directory in which the program is run.
pub(crate) struct Desk(tempfile::TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
        std::fs::write(path, bytes).expect("a temporary directory takes files");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
        command.current_dir(self.0.path()).args(line.split_whitespace()).env_remove("LONGSPAN_ISA");
        command.output().expect("the program starts")
    }

    /// The command succeeds.
    pub(crate) fn good(&self, line: &str) -> Output {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// The command succeeds and prints one JSON document.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_slice(&self.good(line).stdout).expect("one JSON document and nothing else")
    }

    /// The command fails with exit code 2 and one message, a line, that has all of `parts`.
    pub(crate) fn bad(&self, line: &str, parts: &[&str]) {
        let output = self.run(line);
        let message = String::from_utf8(output.stderr).expect("messages are UTF-8");
        assert_eq!(output.status.code(), Some(2), "{line}: {message}");
        assert!(
            message.starts_with("error: ") && message.trim_end().lines().count() == 1,
            "{line}: {message}"
        );
        assert!(message.chars().count() < 600, "{line}: {message}");
        assert!(!message.contains("panicked") && output.stdout.is_empty(), "{line}: {message}");
        for part in parts {
            assert!(message.contains(part), "{line}: no \"{part}\" in: {message}");
        }
    }
}

/// Files by name, a command on them, and what its message has.
pub(crate) type Case<'a> = (&'a [(&'a str, &'a [u8])], &'a str, &'a [&'a str]);

/// Runs the cases, each in a directory of its own, in which nothing is left but its files.
pub(crate) fn refused(cases: &[Case<'_>]) {
    for (files, line, parts) in cases {
        let desk = Desk::new();
        files.iter().for_each(|(name, bytes)| desk.write(name, bytes));
        desk.bad(line, parts);
        assert!(!desk.path("runs").exists(), "{line}: a run that could not begin leaves nothing");
        flags_exist(&String::from_utf8_lossy(&desk.run(line).stderr));
    }
}

/// Every flag that a message names is one of the program's.
fn flags_exist(message: &str) {
    let known = |word: &str| {
        KEYS.iter().any(|key| flag(key.name) == word)
            || ["--out", "--from", "--resume", "--config"].contains(&word)
    };
    let words = message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    for word in words.filter(|word| word.starts_with("--") && word.len() > 2) {
        assert!(known(word.trim_end_matches('-')), "there is no {word}: {message}");
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}
