//! A disk that is full or read-only, with `on_full_disk = "wait"`: training continues in memory.
//!
//! ```text
//! records            wait in memory, at most 64 MiB of them, and are tried again each second
//! last checkpoint    is left out, and tried again when the next one is due
//! best weights       wait in memory, the newest only
//! gradient profiles  wait in memory until a file of them is full; further ones are left out
//! rewind points      are left out
//! ```
//!
//! A kill in this time loses the work since the last checkpoint on the disk, as ever. When training ends, it waits until
//! everything is written; a signal ends that with an error.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use serde::Serialize;

use super::outage::Outage;
use super::{Event, Session, TrainError};
use crate::checkpoint::CheckpointError;
use crate::config::OnFullDisk;
use crate::directory::{self, RunError, checkpoint_path};
use crate::whole_file;

/// Time between two tries at the end.
const PAUSE: Duration = Duration::from_secs(1);

/// The record of a time in which the disk could not be written, `"type": "outage"`.
#[derive(Serialize)]
struct OutageRecord {
    step: u64,
    from_step: u64,
    error: String,
}

/// Whether a file could not be written because the disk is full, its quota is used up, or it is read-only.
pub(super) fn is_full(error: &TrainError) -> bool {
    match error {
        TrainError::Checkpoint(CheckpointError::Unwritable { error, .. })
        | TrainError::Run(RunError::Io { error, .. }) => directory::is_full(error),
        _ => false,
    }
}

impl Session {
    /// Writes a checkpoint. On a full disk, it is tried again later, if the policy says so.
    pub(super) fn save(&mut self, name: &str, watch: &mut dyn FnMut(Event<'_>)) -> Result<(), TrainError> {
        let written = self.write(name, watch);
        let full = written.as_ref().is_err_and(is_full);
        self.tolerate(written, watch)?;
        if let (true, "best") = (full, name) {
            let best = self.checkpoint_bytes(&checkpoint_path(self.run.path(), name))?;
            self.outage.as_mut().expect("it was noted").best = Some(best);
        } else if let (false, "last") = (full, name) {
            self.end_outage(watch)?;
        }
        Ok(())
    }

    /// Notes that the disk is full, if that is why a write failed and the policy is to wait.
    pub(super) fn tolerate(
        &mut self,
        written: Result<(), TrainError>,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), TrainError> {
        match written {
            Err(error) if self.config.run.on_full_disk == OnFullDisk::Wait && is_full(&error) => {
                self.note_full(&error.to_string(), watch);
                Ok(())
            }
            written => written,
        }
    }

    /// Notes that the disk is full, if records wait.
    pub(super) fn note_waiting(&mut self, watch: &mut dyn FnMut(Event<'_>)) {
        if self.run.is_waiting() {
            let path = self.run.path().join("metrics.jsonl");
            self.note_full(&format!("{} cannot be written", path.display()), watch);
        }
    }

    fn note_full(&mut self, error: &str, watch: &mut dyn FnMut(Event<'_>)) {
        if self.outage.is_none() {
            let from_step = self.trainer.position().step;
            self.outage = Some(Outage { from_step, error: error.to_owned(), best: None });
            watch(Event::DiskFull(error));
        }
    }

    /// Writes what waits, before a checkpoint that comes after it.
    pub(super) fn write_waiting(&mut self) -> Result<(), TrainError> {
        self.run.write_waiting()?;
        if let Some(outage) = &mut self.outage
            && let Some(bytes) = &outage.best
        {
            let path = checkpoint_path(self.run.path(), "best");
            let unwritable = |error| CheckpointError::Unwritable { path: path.clone(), error };
            whole_file::replace(&path, bytes).map_err(unwritable)?;
            outage.best = None;
        }
        Ok(())
    }

    /// Records that everything is written again.
    fn end_outage(&mut self, watch: &mut dyn FnMut(Event<'_>)) -> Result<(), TrainError> {
        let Some(Outage { from_step, error, .. }) = self.outage.take() else { return Ok(()) };
        let step = self.trainer.position().step;
        self.run.append("outage", &OutageRecord { step, from_step, error })?;
        watch(Event::DiskWritable { from_step, step });
        Ok(())
    }

    /// Waits at the end of training until everything is written.
    pub(super) fn finish_writing(
        &mut self,
        cancel: &AtomicBool,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), TrainError> {
        while self.outage.is_some() {
            match self.write("last", watch) {
                Ok(()) => self.end_outage(watch)?,
                Err(error) if is_full(&error) && !cancel.load(Ordering::Relaxed) => sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
        Ok(self.run.write_waiting()?)
    }
}

#[cfg(test)]
thread_local! {
    /// How many more writes fail in tests.
    static FULL: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Whether a write fails in a test.
#[cfg(test)]
pub(crate) fn is_disk_full() -> bool {
    FULL.with(|left| {
        let full = left.get() > 0;
        left.set(left.get().saturating_sub(1));
        full
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Instant;

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::config::Config;
    use crate::directory::history;
    use crate::test_dir::TestDir;
    use crate::train::recovery::tests::{Windows, copied, job, trained};
    use crate::train::{Job, resumed_config};

    const SETTINGS: &str = "steps=60 checkpoint_every=0 eval_every=7 keep=3 observe=norms observe_every=5";

    /// All files that a run is to end with, whenever the disk was full.
    fn files(out: &Path) -> Vec<Vec<u8>> {
        ["checkpoints/last.safetensors", "checkpoints/best.safetensors"]
            .map(|name| fs::read(out.join(name)).expect(name))
            .into()
    }

    /// Steps and validations with their losses, and the number of lines that are neither.
    fn records(out: &Path) -> (Vec<u64>, Vec<u64>) {
        let records = history::read(out).expect("records");
        assert_eq!(records.problems, Vec::<String>::new());
        let steps = records.steps.iter().map(|record| record.loss.to_bits());
        (steps.collect(), records.valid.iter().map(|record| record.loss.to_bits()).collect())
    }

    #[test]
    fn training_continues_in_memory_and_loses_nothing() {
        let dir = TestDir::new();
        let whole = job(dir.path(), "whole", SETTINGS);
        trained(&whole, &Windows::new(), &mut |_| {});
        let truth = (files(&whole.out), records(&whole.out));
        let full = job(dir.path(), "full", &format!("{SETTINGS} on_full_disk=wait"));
        let (mut seen, copy) = (Vec::new(), dir.path().join("copy"));
        trained(&full, &Windows::new(), &mut |event| match event {
            Event::Stepped { record, .. } if record.step == 20 => FULL.set(u64::MAX),
            Event::Stepped { record, .. } if record.step == 44 => {
                let last = Checkpoint::read(&checkpoint_path(&full.out, "last")).expect("a checkpoint");
                assert!((19..=20).contains(&last.header().expect("a header").position.step));
                copied(&full.out, &copy);
                FULL.set(0);
            }
            Event::DiskFull(error) => seen.push(error.to_owned()),
            Event::DiskWritable { from_step, step } => seen.push(format!("{from_step} to {step}")),
            _ => {}
        });
        assert!(seen.len() == 2 && seen[0].contains("cannot be written"), "{seen:?}");
        assert!((files(&full.out), records(&full.out)) == truth);
        let lines = fs::read_to_string(full.out.join("metrics.jsonl")).expect("metrics");
        assert_eq!(lines.matches("\"type\":\"outage\"").count(), 1);
        // A kill in that time loses the work since the last checkpoint, as ever.
        let config = resumed_config(&copy, &Config::default()).expect("settings");
        trained(&Job { config, out: copy.clone(), resume: true, ..full }, &Windows::new(), &mut |_| {});
        assert!((files(&copy), records(&copy)) == truth);
    }

    #[test]
    fn the_end_waits_for_the_disk() {
        let dir = TestDir::new();
        let run = job(dir.path(), "run", &format!("{SETTINGS} on_full_disk=wait"));
        let began = Instant::now();
        // More tries than training has records: the last ones are those at the end.
        let mut tries = 0;
        trained(&run, &Windows::new(), &mut |event| {
            if let Event::Stepped { record, .. } = event {
                match record.step {
                    30 => FULL.set(u64::MAX),
                    60 => FULL.set(4),
                    _ => {}
                }
            }
            tries += u64::from(matches!(event, Event::DiskWritable { .. }));
        });
        assert!(tries == 1 && began.elapsed() >= PAUSE);
        assert_eq!(records(&run.out).0.len(), 60);
    }

    #[test]
    fn by_default_a_full_disk_ends_the_run() {
        let dir = TestDir::new();
        let run = job(dir.path(), "run", SETTINGS);
        let mut session = Session::open(&run, &mut |_| {}).expect("a run");
        let cancel = AtomicBool::new(false);
        let ended = session.run(Instant::now(), &cancel, &mut |event| {
            if let Event::Stepped { record, .. } = event
                && record.step == 20
            {
                FULL.set(u64::MAX);
            }
        });
        FULL.set(0);
        assert!(ended.is_err_and(|error| is_full(&error)));
        drop(session);
        let config = resumed_config(&run.out, &Config::default()).expect("settings");
        trained(&Job { config, resume: true, ..run.clone() }, &Windows::new(), &mut |_| {});
        assert_eq!(records(&run.out).0.len(), 60);
    }
}
