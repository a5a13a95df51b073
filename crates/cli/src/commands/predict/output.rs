//! The output of predictions: standard output, or a file that appears when it is complete.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use longspan_run::whole_file::WholeFile;

use crate::failure::{Failure, fail};
use crate::stop::Hold;
use crate::streams::put_more;

/// The number of bytes that are written at once.
const BUFFER: usize = 1 << 16;

/// Where predictions are written.
enum To {
    StandardOutput,
    /// A file that others read while it grows.
    Growing(File),
    /// A file that is begun when the first predictions are written. Until then a signal may end the program and leaves
    /// nothing behind.
    Later(Hold),
    Whole(WholeFile),
}

/// The output of predictions. Text that is not flushed before it is dropped is not written.
pub(super) struct Output {
    to: To,
    buffer: String,
    /// The path of the file; empty for standard output.
    path: PathBuf,
}

impl Output {
    /// Opens the output `name`; `-` is standard output. An existing file is replaced when the new one is complete. If the file is
    /// `growing`, so that others read it meanwhile, it is written to directly.
    ///
    /// # Errors
    /// A message if the file cannot be written.
    pub(super) fn open(name: &str, growing: bool, hold: Hold) -> Result<Self, Failure> {
        if name == "-" {
            return Ok(Self { to: To::StandardOutput, buffer: String::new(), path: PathBuf::new() });
        }
        let path = PathBuf::from(name);
        if path.is_dir() {
            return Err(fail(format!("-o {name} is a directory: name a file")));
        }
        if path.file_name().is_none() {
            return Err(fail(format!("-o {name}: name a file")));
        }
        let to = match growing {
            true => {
                let device = std::fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file());
                let mut options = File::options();
                options.write(true).create(!device).truncate(!device).open(&path).map(To::Growing)
            }
            // Whether it can be written is checked before anything is computed.
            false => WholeFile::create(&path).map(|_| To::Later(hold)),
        };
        let to = to.map_err(|error| unwritable(&path, &error))?;
        Ok(Self { to, buffer: String::new(), path })
    }

    pub(super) fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.buffer.push_str(text);
        if self.buffer.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        if let To::Later(hold) = &self.to {
            hold.hold();
            let file = WholeFile::create(&self.path).map_err(|error| unwritable(&self.path, &error))?;
            self.to = To::Whole(file);
        }
        let written = match &mut self.to {
            To::Growing(file) => file.write_all(self.buffer.as_bytes()),
            To::Whole(file) => file.write_all(self.buffer.as_bytes()),
            _ => {
                let put = put_more(&self.buffer);
                self.buffer.clear();
                return put;
            }
        };
        self.buffer.clear();
        written.map_err(|error| unwritable(&self.path, &error))
    }

    /// Flushes, and gives the complete file its name.
    ///
    /// # Errors
    /// A message if the file cannot be written.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.flush()?;
        match self.to {
            To::Whole(file) => file.finish().map_err(|error| unwritable(&self.path, &error)),
            // Standard output and a growing file have no end of their own.
            _ => Ok(()),
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
