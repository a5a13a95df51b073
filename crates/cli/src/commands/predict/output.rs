//! The output of predictions: standard output, or a file that appears when it is complete.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, fail};

/// The number of bytes that are written at once.
const BUFFER: usize = 1 << 16;

/// The output of predictions. Text that is not flushed before it is dropped is not written.
pub(super) struct Output {
    /// The open file; None for standard output.
    file: Option<File>,
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
    pub(super) fn open(name: &str, growing: bool) -> Result<Self, Failure> {
        if name == "-" {
            return Ok(Self { file: None, buffer: Vec::new(), path: PathBuf::new(), temporary: None });
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
        let file = match &temporary {
            Some(temporary) => File::create(temporary),
            None => File::options().write(true).create(!device).truncate(!device).open(&path),
        };
        let file = file.map_err(|error| unwritable(&path, &error))?;
        Ok(Self { file: Some(file), buffer: Vec::new(), path: target, temporary })
    }

    pub(super) fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        let written = match &mut self.file {
            Some(file) => file.write_all(&self.buffer),
            None => {
                let mut out = io::stdout().lock();
                out.write_all(&self.buffer).and_then(|()| out.flush())
            }
        };
        self.buffer.clear();
        written.map_err(|error| self.failed(&error))
    }

    /// Flushes, and renames the complete file to its final path.
    ///
    /// # Errors
    /// A message if the file cannot be written.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.flush()?;
        if let (Some(file), Some(temporary)) = (&self.file, &self.temporary) {
            let placed = file.sync_all().and_then(|()| std::fs::rename(temporary, &self.path));
            placed.map_err(|error| self.failed(&error))?;
            self.temporary = None;
        }
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> Failure {
        match (&self.file, error.kind()) {
            (None, ErrorKind::BrokenPipe) => Failure::Closed,
            (None, _) => {
                fail(format!("standard output cannot be written ({error}): check where it is redirected to"))
            }
            (Some(_), _) => unwritable(&self.path, error),
        }
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
