//! Files that are written whole or not at all.
//!
//! A file is written under a temporary name in its directory, flushed to disk and renamed, so that at every moment there
//! is either the complete old file or the complete new one. The temporary file is new (`O_EXCL`): a link of its name is
//! removed, not followed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::disk::{self, Opened, OutFile};

/// What the names of temporary files end with.
pub(crate) const TEMPORARY: &str = ".new";

/// A file that appears under its name when it is finished. If it is dropped before, nothing has changed.
#[derive(Debug)]
pub struct WholeFile {
    file: OutFile,
    target: PathBuf,
    /// The path that is written until then; None if the file is written directly.
    temporary: Option<PathBuf>,
}

impl WholeFile {
    /// Begins a file that a user named. A symbolic link stays: the file that it points to is replaced. A device or a
    /// pipe is written to directly. The permissions of an existing file are kept.
    ///
    /// # Errors
    /// The error of the system if the file cannot be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let existing = fs::metadata(&target).ok();
        if existing.as_ref().is_some_and(|existing| existing.is_dir()) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if existing.as_ref().is_some_and(|existing| !existing.is_file()) {
            return Ok(Self { file: disk::open(path, Opened::Existing, 0)?, target, temporary: None });
        }
        // A file that cannot be written is not replaced either.
        if existing.is_some() {
            disk::open(&target, Opened::Existing, 0)?;
        }
        // The name contains the number of this process, so no other process writes such a file.
        let own = format!(".{}{TEMPORARY}", std::process::id());
        let whole = Self::begin(target, &own)?;
        if let Some(existing) = existing {
            // Where permissions cannot be set, the file has the usual ones.
            let _ = whole.file.set_permissions(existing.permissions());
        }
        Ok(whole)
    }

    /// Begins a file of a run, which has one writer.
    pub(crate) fn of_run(path: &Path) -> io::Result<Self> {
        Self::begin(path.to_owned(), TEMPORARY)
    }

    fn begin(target: PathBuf, suffix: &str) -> io::Result<Self> {
        let temporary = with_suffix(&target, suffix)?;
        if let Err(error) = disk::remove_file(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let file = disk::open(&temporary, Opened::New, 0)?;
        Ok(Self { file, target, temporary: Some(temporary) })
    }

    /// Flushes the file to disk and gives it its name.
    ///
    /// # Errors
    /// The error of the system. An existing file is unchanged then.
    pub fn finish(mut self) -> io::Result<()> {
        let Some(temporary) = self.temporary.as_deref() else { return Ok(()) };
        self.file.sync()?;
        disk::rename(temporary, &self.target)?;
        self.temporary = None;
        // The rename must reach the disk too. Where a directory cannot be synced, the system does that by itself.
        if let Some(directory) = self.target.parent() {
            let here = directory.as_os_str().is_empty();
            let _ = disk::sync_directory(if here { Path::new(".") } else { directory });
        }
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes an incomplete file: it is of no use, and the disk may be full.
impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = disk::remove_file(temporary);
        }
    }
}

/// Writes a file that a user named, see [`WholeFile::create`].
///
/// # Errors
/// The error of the system. An existing file is unchanged then.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes.as_ref())?;
    file.finish()
}

/// Replaces a file of a run.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::of_run(path)?;
    file.write_all(bytes)?;
    file.finish()
}

/// The path with a suffix.
fn with_suffix(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(suffix);
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_dir::TestDir;

    /// The names in a directory, sorted.
    fn names(dir: &TestDir) -> Vec<String> {
        let names = fs::read_dir(dir.path()).expect("a directory").flatten();
        let mut names: Vec<_> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_not_finished_changes_nothing() {
        let dir = TestDir::new();
        let path = dir.path().join("a.txt");
        fs::write(&path, "old").expect("written");
        let mut file = WholeFile::create(&path).expect("begun");
        file.write_all(b"ne").expect("written");
        assert_eq!(fs::read(&path).expect("a file"), b"old");
        drop(file);
        assert_eq!(
            (fs::read(&path).expect("a file"), names(&dir)),
            (b"old".to_vec(), vec!["a.txt".to_owned()])
        );
        write(&path, "new").expect("written");
        assert_eq!(
            (fs::read(&path).expect("a file"), names(&dir)),
            (b"new".to_vec(), vec!["a.txt".to_owned()])
        );
        assert!(write(&dir.path().join("gone/a.txt"), "new").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = TestDir::new();
        let (path, link) = (dir.path().join("a.txt"), dir.path().join("link"));
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("permissions");
        symlink(&path, &link).expect("a link");
        write(&link, "new").expect("written");
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::read(&path).expect("a file"), b"new");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o640);
        write(Path::new("/dev/null"), "nothing").expect("a device takes everything");
        // In a run, a link of the temporary name is removed, not followed.
        let file = dir.path().join("b.json");
        symlink(&path, dir.path().join("b.json.new")).expect("a link");
        replace(&file, b"run").expect("written");
        assert_eq!(
            (fs::read(&file).expect("a file"), fs::read(&path).expect("a file")),
            (b"run".to_vec(), b"new".to_vec())
        );
    }
}
