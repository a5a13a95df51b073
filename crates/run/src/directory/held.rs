//! The hold of a process on a run directory: the lock, and what earlier processes left behind.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::{RunError, io_error};
use crate::disk::{self, OutFile};
use crate::plain_file;
use crate::whole_file::TEMPORARY;

/// The lock of a run. It ends with the process that holds it.
#[derive(Debug)]
pub(super) struct Held {
    run: PathBuf,
    lock: OutFile,
}

impl Held {
    /// Takes the lock, and removes the temporary files of processes that were killed.
    pub(super) fn take(run: &Path) -> Result<Self, RunError> {
        let path = run.join("lock");
        let lock = plain_file::create(&path).map_err(io_error(&path, "written"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(RunError::Busy { path: run.into() }),
            // Some network file systems have no locks; the run continues without one.
            Err(fs::TryLockError::Error(_)) => {}
        }
        for folder in ["", "checkpoints", "flow", "probe", "fault"] {
            remove_left_over(&run.join(folder));
        }
        Ok(Self { run: run.into(), lock })
    }

    /// Fails if the directory was removed, or replaced by another one: its files are not made anew.
    pub(super) fn check(&self) -> Result<(), RunError> {
        let gone = || RunError::Gone { path: self.run.clone() };
        let now = fs::metadata(self.run.join("lock")).map_err(|_| gone())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let own = self.lock.metadata().map_err(|_| gone())?;
            if (now.dev(), now.ino()) != (own.dev(), own.ino()) {
                return Err(gone());
            }
        }
        #[cfg(not(unix))]
        let _ = (now, &self.lock);
        Ok(())
    }
}

/// Removes the temporary files in a folder. A folder that is a symbolic link may lead out of the run, so it stays as it is.
fn remove_left_over(folder: &Path) {
    if folder.is_symlink() {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(TEMPORARY)
            && entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_symlink())
        {
            let _ = disk::remove_file(&entry.path());
        }
    }
}

/// Whether a directory without `run.json` has only what a process leaves that is killed while it begins a run. Files of
/// such an attempt may be overwritten; a checkpoint of a trained model may not.
pub(super) fn is_left_over(run: &Path) -> Result<bool, std::io::Error> {
    let ours = ["config.toml", "metrics.jsonl", "frequencies.json", "run.json", "lock"];
    let is_one = |entry: fs::DirEntry, names: &[&str]| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        names.contains(&name.strip_suffix(TEMPORARY).unwrap_or(&name))
    };
    for entry in fs::read_dir(run)? {
        let entry = entry?;
        if entry.file_name() == "checkpoints" {
            let last = entry.path().join("last.safetensors");
            let trained = crate::checkpoint::trained_steps(&last).is_some_and(|step| step > 0);
            let mut files = fs::read_dir(entry.path())?;
            if trained || !files.all(|file| file.is_ok_and(|file| is_one(file, &["last.safetensors"]))) {
                return Ok(false);
            }
        } else if !is_one(entry, &ours) {
            return Ok(false);
        }
    }
    Ok(true)
}
