//! Opening the files of a run directory. A run may come from anybody, and only plain files are used: opening a FIFO waits
//! until somebody writes to it, and a device may never end. A symbolic link in a run is not followed, see `links`.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use longspan_data::memory;

use crate::disk::{self, Opened, OutFile};
use crate::links;

/// Opens a file of a run directory for reading, or a file that the user named.
///
/// # Errors
/// If it is not a plain file, if it is in a run and it or its folder is a symbolic link, or if the system refuses.
pub fn open(path: &Path) -> io::Result<File> {
    let file = for_reading(path).map_err(|error| links::refuse(path).err().unwrap_or(error))?;
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
    links::refuse(path)?;
    let linked = |error: io::Error| if path.is_symlink() { links::refusal("it") } else { error };
    let file = disk::open(path, opened, without_waiting()).map_err(linked)?;
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

/// The flags with which opening for writing does not wait, and follows no link.
fn without_waiting() -> i32 {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32
    }
    #[cfg(not(unix))]
    {
        0
    }
}

/// Opens the run, then the folder in it, then the file in that, so that no link can be put in place in between.
#[cfg(unix)]
fn for_reading(path: &Path) -> io::Result<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::io::retry_on_intr;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let Some(links::Place { run, folder, name }) = links::Place::of(path) else {
        return Ok(retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))?.into());
    };
    let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let run = if run.as_os_str().is_empty() { Path::new(".") } else { run };
    let mut within = retry_on_intr(|| openat(CWD, run, directory, Mode::empty()))?;
    if let Some(folder) = folder {
        within = retry_on_intr(|| openat(&within, folder, directory | OFlags::NOFOLLOW, Mode::empty()))?;
    }
    Ok(retry_on_intr(|| openat(&within, name, flags | OFlags::NOFOLLOW, Mode::empty()))?.into())
}

#[cfg(not(unix))]
fn for_reading(path: &Path) -> io::Result<File> {
    links::refuse(path)?;
    File::open(path)
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
