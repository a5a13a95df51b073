//! The program on small files in a temporary directory.
#![allow(dead_code, reason = "each test file uses its part of these helpers")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use longspan_run::config::{KEYS, flag};
use serde_json::Value;

/// The directory of real data, or None with a message where there is none; with `LONGSPAN_REQUIRE=data` it must be there.
pub(crate) fn real_data() -> Option<PathBuf> {
    let root = std::env::var_os("LONGSPAN_DATA").map(PathBuf::from).filter(|root| root.is_dir());
    assert!(
        root.is_some() || !data_are_required(),
        "LONGSPAN_REQUIRE names data, and LONGSPAN_DATA is no directory"
    );
    if root.is_none() {
        eprintln!("SKIPPED: LONGSPAN_DATA names no directory");
    }
    root
}

/// Whether a missing file of real data is an error.
pub(crate) fn data_are_required() -> bool {
    std::env::var("LONGSPAN_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "data"))
}

/// A temporary directory in which the program is run.
pub(crate) struct TestDir(tempfile::TempDir);

impl TestDir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// With `text.txt`, a text that repeats itself: a small network learns it in a second.
    pub(crate) fn with_text() -> Self {
        let dir = Self::new();
        dir.write("text.txt", "The cat, which the dogs saw, was full.\nThe cats were not.\n".repeat(100));
        dir
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
        std::fs::write(path, bytes).expect("a temporary directory takes files");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn read_text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("UTF-8")
    }

    /// Copies a directory here.
    pub(crate) fn copy(&self, from: &Path, name: impl AsRef<Path>) {
        let to = self.path(name);
        std::fs::create_dir_all(&to).expect("directories");
        for entry in std::fs::read_dir(from).expect("a directory").flatten() {
            match entry.path() {
                path if path.is_dir() => self.copy(&path, to.join(entry.file_name())),
                path => drop(std::fs::copy(path, to.join(entry.file_name())).expect("a file")),
            }
        }
    }

    /// All files below a directory with their contents, to see that nothing was lost.
    pub(crate) fn files(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut open = vec![self.path(name)];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    files.push((path.clone(), std::fs::read(path).expect("a file")));
                }
            }
        }
        files.sort();
        files
    }

    /// The program with the arguments of a line, in this directory.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
        command.current_dir(self.root()).args(line.split_whitespace()).env_remove("LONGSPAN_ISA");
        command
    }

    /// The same started, with pipes as its standard streams.
    pub(crate) fn start(&self, line: &str) -> Child {
        let mut command = self.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().expect("the program starts")
    }

    /// The same with this standard input.
    pub(crate) fn run_on(&self, line: &str, input: impl AsRef<[u8]>) -> Output {
        let mut child = self.start(line);
        let (mut to, input) = (child.stdin.take().expect("a pipe"), input.as_ref().to_vec());
        // On a thread of its own, so that neither pipe fills up; a command that fails early does not read its input.
        let feed = std::thread::spawn(move || drop(to.write_all(&input)));
        let output = child.wait_with_output().expect("a child can be waited for");
        feed.join().expect("the input is written");
        output
    }

    /// The command succeeds.
    pub(crate) fn good(&self, line: &str) -> Output {
        succeeded(line, self.run(line))
    }

    /// The command succeeds; returns what it printed.
    pub(crate) fn printed(&self, line: &str) -> String {
        String::from_utf8(self.good(line).stdout).expect("UTF-8")
    }

    /// The same with this standard input.
    pub(crate) fn printed_on(&self, line: &str, input: impl AsRef<[u8]>) -> String {
        String::from_utf8(succeeded(line, self.run_on(line, input)).stdout).expect("UTF-8")
    }

    /// The command succeeds and prints one JSON document.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_slice(&self.good(line).stdout).expect("one JSON document and nothing else")
    }

    /// The command fails with exit code 2 and one message that has all of `parts`, and prints nothing on standard output.
    pub(crate) fn refused(&self, line: &str, parts: &[&str]) {
        let output = self.run(line);
        let message = refusal(line, &output, parts);
        assert!(output.stdout.is_empty(), "{line}: {message}");
    }

    /// The same, before it began: the message is one line and all that it prints.
    pub(crate) fn bad(&self, line: &str, parts: &[&str]) {
        let output = self.run(line);
        let message = refusal(line, &output, parts);
        assert!(
            message.starts_with("error: ") && message.trim_end().lines().count() == 1,
            "{line}: {message}"
        );
        assert!(message.chars().count() < 600, "{line}: {message}");
        assert!(output.stdout.is_empty(), "{line}: {message}");
    }

    /// The command fails on this standard input with exit code 2 and one message that has all of `parts`.
    pub(crate) fn bad_on(&self, line: &str, input: impl AsRef<[u8]>, parts: &[&str]) {
        let output = self.run_on(line, input);
        let message = refusal(line, &output, parts);
        // A stream prints the names of its columns first.
        assert!(output.stdout.is_empty() || line.contains("--stream"), "{line}: {message}");
    }
}

fn succeeded(line: &str, output: Output) -> Output {
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The message of a command that failed with exit code 2: one error, no panic, and all of `parts`.
fn refusal(line: &str, output: &Output, parts: &[&str]) -> String {
    let message = String::from_utf8(output.stderr.clone()).expect("messages are UTF-8");
    assert_eq!(output.status.code(), Some(2), "{line}: {message}");
    assert_eq!(message.matches("error: ").count(), 1, "{line}: {message}");
    assert!(!message.contains("panicked"), "{line}: {message}");
    for part in parts {
        assert!(message.contains(part), "{line}: no \"{part}\" in: {message}");
    }
    message
}

/// Files by name, a command on them, and what its message has.
pub(crate) type Case<'a> = (&'a [(&'a str, &'a [u8])], &'a str, &'a [&'a str]);

/// Runs the cases, each in a directory of its own, in which nothing is left but its files.
pub(crate) fn refused(cases: &[Case<'_>]) {
    for (files, line, parts) in cases {
        let dir = TestDir::new();
        files.iter().for_each(|(name, bytes)| dir.write(name, bytes));
        dir.bad(line, parts);
        assert!(!dir.path("runs").exists(), "{line}: a run that could not begin leaves nothing");
        flags_exist(&String::from_utf8_lossy(&dir.run(line).stderr));
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
