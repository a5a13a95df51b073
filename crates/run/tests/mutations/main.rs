//! Bytes that others wrote, changed in every way: every reader of foreign bytes ends with a result or an error. This is
//! the short form of the fuzz targets in `fuzz/`, with the same functions and the same inputs; it is deterministic.
//!
//! `LONGSPAN_MUTATIONS` is the number of changed inputs of each reader.
#![allow(clippy::disallowed_methods, reason = "tests make and damage files")]
#![allow(missing_docs, reason = "a test file")]

mod mutate;
#[path = "../../../../fuzz/readers.rs"]
#[allow(unreachable_pub, reason = "a module here, a crate for the fuzz targets")]
mod readers;

use std::alloc::System;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use longspan_data::fingerprint::Fingerprint;
use mutate::Mutator;
use readers::{READERS, Reader};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Most bytes that a reader may allocate in total for an input of a few kilobytes.
const MOST_BYTES: usize = 80 << 20;

/// Changed inputs of each reader, unless `LONGSPAN_MUTATIONS` says another number.
const MUTATIONS: usize = 600;

/// The committed inputs of a reader.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

/// What is wrong with how a reader takes an input.
fn problem(read: fn(&[u8]), bytes: &[u8]) -> Option<String> {
    let before = ALLOCATOR.stats().bytes_allocated;
    let panic = catch_unwind(AssertUnwindSafe(|| read(bytes))).err();
    let allocated = ALLOCATOR.stats().bytes_allocated - before;
    let text = panic.map(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
    });
    text.or_else(|| (allocated > MOST_BYTES).then(|| format!("{} MB were allocated", allocated >> 20)))
}

/// Keeps an input that a reader does not take, so that it can be looked at.
fn kept(name: &str, bytes: &[u8]) -> String {
    let mut fingerprint = Fingerprint::default();
    fingerprint.write(bytes);
    let path = std::env::temp_dir().join(format!("longspan-{name}-{:016x}", fingerprint.finish()));
    std::fs::write(&path, bytes).expect("a temporary file");
    path.display().to_string()
}

// One test, because the allocations of other threads would be counted too.
#[test]
fn readers_take_changed_bytes() {
    let count = std::env::var("LONGSPAN_MUTATIONS").ok().map(|count| count.parse().expect("a number"));
    let (mut inputs, mut wrong) = (0, Vec::new());
    for &(name, read) in READERS as &[Reader] {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no inputs");
        let mut mutator = Mutator::new(name);
        let changed = (0..count.unwrap_or(MUTATIONS)).map(|number| {
            let (own, other) = (&corpus[number % corpus.len()], &corpus[number / 7 % corpus.len()]);
            mutator.changed(own, other)
        });
        let own = corpus.iter().cloned();
        for bytes in own.chain(changed.collect::<Vec<_>>()) {
            inputs += 1;
            if let Some(problem) = problem(read, &bytes) {
                wrong.push(format!("{name}: {problem}: {}", kept(name, &bytes)));
            }
        }
    }
    println!("{} readers, {inputs} inputs, {} wrong", READERS.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {inputs}:\n{}", wrong.len(), wrong.join("\n"));
}
