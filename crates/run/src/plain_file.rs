//! Opening the files of a run directory. A run may come from anybody, and only plain files are used: opening a FIFO waits
//! until somebody writes to it, and a device may never end. A symbolic link is not followed for writing, because it may
//! lead to any file of the user.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use longspan_data::memory;

use crate::disk::{self, Opened, OutFile};

/// Opens a file of a run directory for reading.
///
/// # Errors
/// If it is not a plain file, or the system refuses.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, without_waiting(true));
    let file = options.open(path)?;
    plain(&file.metadata()?)?;
    Ok(file)
}

/// Opens a file of a run directory for writing, and makes it empty.
///
/// # Errors
/// The same as [`open`]; if it is a symbolic link.
pub(crate) fn create(path: &Path) -> io::Result<OutFile> {
    opened(path, Opened::Emptied)
}

/// Opens a file of a run directory for reading and appending.
///
/// # Errors
/// The same as [`create`].
pub(crate) fn append(path: &Path) -> io::Result<OutFile> {
    opened(path, Opened::Appended)
}

fn opened(path: &Path, opened: Opened) -> io::Result<OutFile> {
    let linked = |error: io::Error| match path.is_symlink() {
        true => io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link, which is not followed"),
        false => error,
    };
    let file = disk::open(path, opened, without_waiting(false)).map_err(linked)?;
    plain(&file.metadata()?)?;
    Ok(file)
}

/// The type is looked at after opening, so that nothing can be exchanged in between.
fn plain(metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file")),
    }
}

/// The flags with which opening does not wait.
fn without_waiting(follow: bool) -> i32 {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = if follow { OFlags::NONBLOCK } else { OFlags::NONBLOCK | OFlags::NOFOLLOW };
        flags.bits() as i32
    }
    #[cfg(not(unix))]
    {
        let _ = follow;
        0
    }
}

/// Reads a whole file of a run directory.
///
/// # Errors
/// The same as [`open`]; if the file is larger than the memory that this process may use.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    // The size may be that of a sparse file.
    memory::check(file.metadata()?.len()).map_err(|error| io::Error::other(format!("it needs {error}")))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a whole file of a run directory as text.
///
/// # Errors
/// The same as [`open`]; [`io::ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::test_dir::TestDir;

    #[test]
    fn only_plain_files_are_read() {
        let dir = TestDir::new();
        dir.write("plain", "text");
        assert_eq!(read_to_string(&dir.path().join("plain")).unwrap(), "text");
        let fifo = dir.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.is_ok_and(|status| status.success()));
        let socket = dir.path().join("socket");
        let _bound = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [fifo, socket, Path::new("/dev/zero").into(), dir.path().into()] {
            assert!(read(&path).is_err(), "{}", path.display());
            // A device is not opened for writing, which could do something.
            if !path.starts_with("/dev") {
                assert!(create(&path).is_err() && append(&path).is_err(), "{}", path.display());
            }
        }
    }

    #[test]
    fn a_link_is_not_followed_for_writing() {
        let dir = TestDir::new();
        dir.write("own", "text");
        let link = dir.path().join("lock");
        std::os::unix::fs::symlink(dir.path().join("own"), &link).unwrap();
        for opened in [create(&link), append(&link)] {
            assert!(opened.unwrap_err().to_string().contains("symbolic link"));
        }
        assert_eq!(read_to_string(&link).unwrap(), "text");
        let nowhere = dir.path().join("nowhere");
        std::os::unix::fs::symlink(dir.path().join("gone"), &nowhere).unwrap();
        assert!(create(&nowhere).is_err() && !dir.path().join("gone").exists());
    }
}
