//! Texts that memory should not hold: a hundred megabytes train in far less than they take.
#![cfg(target_os = "linux")]
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use longspan_kernel::rng::{Key, Purpose};

/// 100 MB of lines in a random order.
fn write(path: &Path) {
    let lines = [
        "The cat, which the dogs saw, was full.\n",
        "The cats were not.\n",
        "And so on, and so on.\n\n",
        "x\n",
    ];
    let mut draws = Key::new(1, Purpose::Sample, 0, 0).stream(0, 0);
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let mut bytes = 0;
    while bytes < 100_000_000 {
        let line = lines[draws.below(4) as usize];
        file.write_all(line.as_bytes()).expect("room");
        bytes += line.len();
    }
}

/// Trains two steps and returns the largest resident set in bytes that was seen, the last look a moment before the end.
fn peak(directory: &Path, level: &str) -> u64 {
    let line = format!(
        "train --text large.txt --level {level} --hidden 8 --batch 8 --unroll 16 --steps 2 --valid-fraction 0.00001 \
         --threads 1 --out run-{level}"
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
    let command = command.current_dir(directory).args(line.split_whitespace()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::null()).spawn().expect("the program starts");
    let (status, mut peak) = (format!("/proc/{}/status", child.id()), 0);
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let kib = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = kib.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(1024 * kib.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            assert!(status.success(), "{level}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn memory_does_not_grow_with_the_text() {
    let dir = TestDir::new();
    write(&dir.path("large.txt"));
    for level in ["byte", "char", "word"] {
        let peak = peak(dir.root(), level);
        // The tokens of bytes and characters take 100 MB, of which 64 MiB may be in memory before they go to a file; a list
        // of four bytes each would be 400 MB. Words are fewer: they stay in memory.
        assert!((1 << 20..100_000_000).contains(&peak), "{level}: {peak} bytes");
    }
}
