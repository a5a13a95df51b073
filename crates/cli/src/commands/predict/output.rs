//! The output of predictions: standard output, or a file that appears when it is complete.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, fail};
use crate::stop::Hold;
use crate::streams::put_more;

/// The number of bytes that are written at once.
const BUFFER: usize = 1 << 16;

/// Where predictions are written.
enum To {
    StandardOutput,
    File(File),
    /// The temporary file, which is created when the first predictions are written. Until then a signal may end the program
    /// and leaves nothing behind.
    Later(Hold),
}

/// The output of predictions. Text that is not flushed before it is dropped is not written.
pub(super) struct Output {
    to: To,
    buffer: Vec<u8>,
    /// The path of the file; empty for standard output.
    path: PathBuf,
    /// The path of the file that is written until it is complete, if that is another one.
    temporary: Option<PathBuf>,
}

impl Output {
    /// Opens the output `name`; `-` is standard output. An existing file is replaced when the new one is complete. If the file is
    /// `growing`, so that others read it meanwhile, or is a device, it is written to directly.
    ///
    /// # Errors
    /// A message if the file cannot be written.
    pub(super) fn open(name: &str, growing: bool, hold: Hold) -> Result<Self, Failure> {
        if name == "-" {
            let (path, to) = (PathBuf::new(), To::StandardOutput);
            return Ok(Self { to, buffer: Vec::new(), path, temporary: None });
        }
        let path = PathBuf::from(name);
        if path.is_dir() {
            return Err(fail(format!("-o {name} is a directory: name a file")));
        }
        let Some(file_name) = path.file_name() else {
            return Err(fail(format!("-o {name}: name a file")));
        };
        // A symbolic link stays: the file that it points to is replaced.
        let target = path.canonicalize().unwrap_or_else(|_| path.clone());
        let device = std::fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file());
        let temporary = match device || growing {
            true => None,
            false => {
                let mut name = target.file_name().unwrap_or(file_name).to_owned();
                name.push(".new");
                Some(target.with_file_name(name))
            }
        };
        let to = match &temporary {
            // Whether it can be written is checked before anything is computed.
            Some(temporary) => File::create(temporary)
                .and_then(|_| std::fs::remove_file(temporary))
                .map(|()| To::Later(hold)),
            None => {
                let mut options = File::options();
                options.write(true).create(!device).truncate(!device).open(&path).map(To::File)
            }
        };
        let to = to.map_err(|error| unwritable(&path, &error))?;
        Ok(Self { to, buffer: Vec::new(), path: target, temporary })
    }

    pub(super) fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        if let (To::Later(hold), Some(temporary)) = (&self.to, &self.temporary) {
            hold.hold();
            self.to = To::File(File::create(temporary).map_err(|error| unwritable(&self.path, &error))?);
        }
        let written = match &mut self.to {
            To::File(file) => file.write_all(&self.buffer).map_err(|error| unwritable(&self.path, &error)),
            _ => put_more(&self.buffer),
        };
        self.buffer.clear();
        written
    }

    /// Flushes, and renames the complete file to its final path.
    ///
    /// # Errors
    /// A message if the file cannot be written.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.flush()?;
        if let (To::File(file), Some(temporary)) = (&self.to, &self.temporary) {
            let placed = file.sync_all().and_then(|()| std::fs::rename(temporary, &self.path));
            placed.map_err(|error| unwritable(&self.path, &error))?;
            self.temporary = None;
        }
        Ok(())
    }
}

/// Removes an incomplete file: it is of no use, and the disk may be full.
impl Drop for Output {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = std::fs::remove_file(temporary);
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let way_out = match error.kind() {
        ErrorKind::StorageFull => "make room, or choose another -o",
        ErrorKind::NotFound => "create its directory first, or choose another -o",
        _ => "check its permissions, or choose another -o",
    };
    fail(format!("{} cannot be written ({error}): {way_out}", path.display()))
}
