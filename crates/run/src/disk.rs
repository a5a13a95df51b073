//! The disk: every operation that changes a file of a run, or a file that a command writes with `-o`.
//!
//! Nothing else in this crate changes files: `clippy.toml` refuses the calls of the standard library. A test can
//! therefore count the operations of a run, and let each of them fail, be the last one, or be torn (`faults`). In the
//! program these are the plain calls.

#![allow(clippy::disallowed_methods, reason = "this module is the one that may")]

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;

use std::fs::{self, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// How a file is opened for writing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Opened {
    /// A new file: an existing one, or a link, is an error.
    New,
    /// A new or an existing file, which is emptied.
    Emptied,
    /// A new or an existing file, which is read and appended to.
    Appended,
    /// An existing file, device or pipe.
    Existing,
}

/// A file that is open for writing.
#[derive(Debug)]
pub(crate) struct OutFile {
    file: fs::File,
    /// For the list of operations in tests.
    #[cfg(test)]
    path: std::path::PathBuf,
}

/// Opens a file for writing. `flags` are further flags of the system, 0 for none.
pub(crate) fn open(path: &Path, opened: Opened, flags: i32) -> io::Result<OutFile> {
    ready("open", path)?;
    let mut options = OpenOptions::new();
    match opened {
        Opened::New => options.write(true).create_new(true),
        Opened::Emptied => options.write(true).create(true).truncate(true),
        Opened::Appended => options.read(true).append(true).create(true),
        Opened::Existing => options.write(true),
    };
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    #[cfg(not(unix))]
    let _ = flags;
    let file = options.open(path)?;
    Ok(OutFile {
        file,
        #[cfg(test)]
        path: path.into(),
    })
}

impl OutFile {
    /// Writes a part of the bytes and returns its length.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(test)]
        let bytes = faults::torn(&self.path, bytes, |part| io::Write::write_all(&mut self.file, part))?;
        io::Write::write(&mut self.file, bytes)
    }

    /// Writes all bytes, in one call where the system takes them all.
    pub(crate) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Forces the content to disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        ready("sync", &self.path)?;
        self.file.sync_all()
    }

    /// Sets the permissions.
    pub(crate) fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        #[cfg(test)]
        ready("set the permissions of", &self.path)?;
        self.file.set_permissions(permissions)
    }

    /// What the system knows of the file.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// Takes the lock of the file, which ends with the value.
    pub(crate) fn try_lock(&self) -> Result<(), TryLockError> {
        self.file.try_lock()
    }
}

impl Read for OutFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.file.read(bytes)
    }
}

impl Seek for OutFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

/// Makes a directory, but not those above it.
pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
    ready("create", path)?;
    fs::create_dir(path)
}

/// Makes a directory and those above it.
pub(crate) fn create_dir_all(path: &Path) -> io::Result<()> {
    ready("create", path)?;
    fs::create_dir_all(path)
}

/// Removes a file or a symbolic link.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    ready("remove", path)?;
    fs::remove_file(path)
}

/// Gives a file another name, and replaces the one that has it.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    ready("rename", from)?;
    fs::rename(from, to)
}

/// Gives a file a second name.
pub(crate) fn hard_link(file: &Path, name: &Path) -> io::Result<()> {
    ready("link", name)?;
    fs::hard_link(file, name)
}

/// Forces the names in a directory to disk.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    ready("sync", path)?;
    fs::File::open(path)?.sync_all()
}

/// Fails where a test wants it to.
#[cfg(test)]
use faults::ready;

/// Tests stop operations here.
#[cfg(not(test))]
#[inline(always)]
fn ready(_operation: &'static str, _path: &Path) -> io::Result<()> {
    Ok(())
}
