//! Where predictions go: standard output, or a file that is there once it is whole.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, fail};

/// Bytes that are written at a time.
const BUFFER: usize = 1 << 16;

/// What predictions are written to. What was not flushed when it goes is not written.
pub(super) struct Output {
    /// The file; None for standard output.
    file: Option<File>,
    buffer: Vec<u8>,
    /// The file that is named; empty for standard output.
    path: PathBuf,
    /// What is written until it is whole, if that is another file.
    temporary: Option<PathBuf>,
}

impl Output {
    /// `-` is standard output. A file that is there is replaced when the new one is whole, unless it is to be read while it
    /// grows; a device is written to as it is.
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
        // Through a link the file that it means is replaced, not the link.
        let target = path.canonicalize().unwrap_or_else(|_| path.clone());
        let device = std::fs::metadata(&path).is_ok_and(|there| !there.is_file());
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

    /// Everything is written: puts the file in its place.
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
            (None, _) => fail(format!("standard output cannot be written ({error})")),
            (Some(_), _) => unwritable(&self.path, error),
        }
    }
}

/// What was not finished is of no use, and the disk may be full.
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
        ErrorKind::NotFound => "make its directory first, or choose another -o",
        _ => "check its permissions, or choose another -o",
    };
    fail(format!("{} cannot be written ({error}): {way_out}", path.display()))
}
