//! The last checkpoints of a run: `last.safetensors`, and the earlier ones, named by their step.
//!
//! The default of two costs the space of one more file. It lets a run survive a newest checkpoint that a disk has damaged,
//! which is the only one that a run has otherwise.

use std::path::Path;

use super::Session;
use crate::directory::{numbered, numbered_path};
use crate::disk;

impl Session {
    /// Gives the last checkpoint a second name, by its step, before it is replaced. It keeps its own name until then, so that
    /// there is a last checkpoint at every moment. Where a file cannot have two names, no earlier one is kept.
    pub(super) fn keep_last(&self, last: &Path) {
        let step = self.trainer.position().step;
        // Untrained weights are not worth a file, and after a rewind the last checkpoint has steps that are undone.
        let kept = |old: &u64| (1..step).contains(old) && self.config.run.keep > 1;
        let Some(old) = self.saved_step.filter(kept) else { return };
        let path = numbered_path(self.run.path(), "last", old);
        let _ = disk::remove_file(&path);
        let _ = disk::hard_link(last, &path);
    }

    /// Removes all earlier checkpoints, because there is no room for the next one; returns whether there were any.
    pub(super) fn make_room(&self) -> bool {
        let removed =
            numbered(self.run.path(), "last").into_iter().filter(|(_, path)| disk::remove_file(path).is_ok());
        removed.count() > 0
    }

    /// Removes earlier checkpoints that are too many, or that lie ahead of the one that was just written.
    pub(super) fn remove_earlier(&mut self) {
        let step = self.trainer.position().step;
        self.saved_step = Some(step);
        let (ahead, earlier): (Vec<_>, Vec<_>) =
            numbered(self.run.path(), "last").into_iter().partition(|(of, _)| *of >= step);
        let kept = usize::try_from(self.config.run.keep - 1).unwrap_or(usize::MAX);
        for (_, path) in ahead.iter().chain(earlier.iter().rev().skip(kept)) {
            // A file that stays is of no harm.
            let _ = disk::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::config::Config;
    use crate::directory::checkpoint_path;
    use crate::test_dir::TestDir;
    use crate::train::recovery::tests::{Windows, copied, job, trained};
    use crate::train::{Event, Job, Outcome, Session, resumed_config};

    fn steps(job: &Job) -> Vec<u64> {
        numbered(&job.out, "last").into_iter().map(|(step, _)| step).collect()
    }

    #[test]
    fn as_many_as_asked_for_are_kept() {
        let dir = TestDir::new();
        for (keep, earlier) in [("1", vec![]), ("2", vec![8]), ("4", vec![6, 7, 8])] {
            let run = job(dir.path(), keep, &format!("steps=9 checkpoint_every=0 keep={keep}"));
            trained(&run, &Windows::new(), &mut |_| {});
            assert_eq!(steps(&run), earlier, "{keep}");
            for step in earlier {
                let checkpoint =
                    Checkpoint::read(&numbered_path(&run.out, "last", step)).expect("a checkpoint");
                assert_eq!(checkpoint.header().expect("a header").position.step, step);
            }
        }
    }

    /// A newest checkpoint that is damaged in any way, or missing, costs the steps since the one before, and no bit.
    #[test]
    fn a_damaged_newest_checkpoint_falls_back() {
        let dir = TestDir::new();
        let run = job(dir.path(), "run", "steps=9 checkpoint_every=0 keep=3 eval_every=4");
        trained(&run, &Windows::new(), &mut |_| {});
        let longer = |out: &Path| {
            let mut given = Config::default();
            given.set("steps", "14", crate::config::Origin::Flag).expect("a setting");
            let config = resumed_config(out, &given).expect("settings");
            Job { config, out: out.to_owned(), resume: true, ..run.clone() }
        };
        let whole = dir.path().join("whole");
        copied(&run.out, &whole);
        trained(&longer(&whole), &Windows::new(), &mut |event| assert!(!matches!(event, Event::Warning(_))));
        let last = |out: &Path| fs::read(checkpoint_path(out, "last")).expect("a file");
        type Damage = fn(&Path);
        let damages: [(&str, Damage, u64); 4] = [
            ("torn", |path| drop(fs::OpenOptions::new().write(true).open(path).map(|f| f.set_len(200))), 8),
            (
                "changed",
                |path| {
                    let mut bytes = fs::read(path).expect("a file");
                    let middle = bytes.len() - 9;
                    bytes[middle] ^= 1;
                    fs::write(path, bytes).expect("written");
                },
                8,
            ),
            ("empty", |path| fs::write(path, "").expect("written"), 8),
            ("gone", |path| fs::remove_file(path).expect("removed"), 8),
        ];
        for (name, damage, step) in damages {
            let copy = dir.path().join(name);
            copied(&run.out, &copy);
            let best = fs::read(checkpoint_path(&copy, "best")).expect("a file");
            damage(&checkpoint_path(&copy, "last"));
            let read = Checkpoint::read_last(&copy).expect("the one before");
            assert_eq!(read.file, numbered_path(&copy, "last", step), "{name}");
            let mut warnings = Vec::new();
            let summary = trained(&longer(&copy), &Windows::new(), &mut |event| {
                if let Event::Warning(text) = event {
                    warnings.push(text.to_owned());
                }
                if let Event::Started(start) = event {
                    assert_eq!(start.step, step, "{name}");
                    assert_eq!(fs::read(checkpoint_path(&copy, "best")).expect("a file"), best);
                }
            });
            let named =
                |text: &String| text.contains("last.safetensors") && text.contains("last-8.safetensors");
            assert!(warnings.len() == 1 && named(&warnings[0]), "{name}: {warnings:?}");
            assert_eq!(summary.outcome, Outcome::Finished);
            assert!(last(&copy) == last(&whole), "{name}");
            let records = crate::directory::history::read(&copy).expect("records");
            assert_eq!(
                (records.steps.len(), records.problems.len()),
                (14, 0),
                "{name}: {:?}",
                records.problems
            );
        }
        // Without an earlier one, the error of the last one is all there is.
        let alone = dir.path().join("alone");
        copied(&run.out, &alone);
        for (_, path) in numbered(&alone, "last") {
            fs::remove_file(path).expect("removed");
        }
        fs::write(checkpoint_path(&alone, "last"), "").expect("written");
        assert!(Checkpoint::read_last(&alone).is_err());
        assert!(Session::open(&longer(&alone), &mut |_| {}).is_err());
    }
}
