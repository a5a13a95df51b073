//! The hold of a process on a run directory: the lock, and what earlier processes left behind.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::{RunError, io_error};
use crate::disk::{self, OutFile};
use crate::links::{self, FOLDERS};
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
        // Nothing is written behind a link, either.
        for folder in FOLDERS.map(|folder| run.join(folder)) {
            if folder.is_symlink() {
                return Err(io_error(&folder, "used")(links::refusal("it")));
            }
        }
        remove_left_over(run, "");
        FOLDERS.iter().for_each(|folder| remove_left_over(&run.join(folder), folder));
        Ok(Self { run: run.into(), lock })
    }

    /// Fails if the directory was removed, or replaced by another one: its files are not made anew.
    pub(super) fn check(&self) -> Result<(), RunError> {
        let gone = || RunError::Gone { path: self.run.clone() };
        let now = self.run.join("lock").symlink_metadata().map_err(|_| gone())?;
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

/// Removes the temporary files that Longspan writes in a folder of a run; "" is the run itself.
fn remove_left_over(path: &Path, folder: &str) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if is_temporary(folder, &entry.file_name())
            && entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_symlink())
        {
            let _ = disk::remove_file(&entry.path());
        }
    }
}

/// Whether a name is that of a temporary file that Longspan writes. The run may have other files, which are not its own.
fn is_temporary(folder: &str, name: &OsStr) -> bool {
    let Some(name) = name.to_str().and_then(|name| name.strip_suffix(TEMPORARY)) else { return false };
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_number = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit());
    match folder {
        "" => BEGUN.contains(&name) || name == "summary.json",
        "checkpoints" => {
            let own = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            extension == "safetensors" && own(stem)
        }
        "flow" => extension == "safetensors" && is_number,
        "probe" => extension == "json" && is_number,
        _ => ["batch.safetensors", "fault.json"].contains(&name),
    }
}

/// What the beginning of a run writes beside its checkpoint.
const BEGUN: [&str; 5] = ["config.toml", "metrics.jsonl", "frequencies.json", "run.json", "lock"];

/// The arrays that the Python package puts into the directory of a run before it begins.
const ARRAYS: [&str; 2] = ["data.npz", "test.npz"];

/// Whether a directory without `run.json` has only arrays to train on, and what a process leaves that is killed while it
/// begins a run. Files of such an attempt may be overwritten; a checkpoint of a trained model may not.
pub(super) fn is_left_over(run: &Path) -> Result<bool, std::io::Error> {
    let is_one = |entry: fs::DirEntry, names: &[&str]| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        names.contains(&name.strip_suffix(TEMPORARY).unwrap_or(&name))
    };
    for entry in fs::read_dir(run)? {
        let entry = entry?;
        if entry.file_name() == "checkpoints" && entry.file_type()?.is_dir() {
            let last = entry.path().join("last.safetensors");
            let trained = crate::checkpoint::trained_steps(&last).is_some_and(|step| step > 0);
            let mut files = fs::read_dir(entry.path())?;
            if trained || !files.all(|file| file.is_ok_and(|file| is_one(file, &["last.safetensors"]))) {
                return Ok(false);
            }
        } else if !ARRAYS.iter().any(|name| entry.file_name() == *name) && !is_one(entry, &BEGUN) {
            return Ok(false);
        }
    }
    Ok(true)
}
