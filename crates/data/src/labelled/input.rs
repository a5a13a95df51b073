//! Bytes and lines of a file, decompressed if it is gzip, in bounded memory.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::file;
use crate::gzip::{peek, unpacked};
use crate::table::{LONGEST, TableError};

use super::error::{LabelledError, Location, Problem};

/// What is needed where a directory was named.
const NEED: &str = "one file";

/// Most bytes of a line.
const LIMIT: u64 = LONGEST;

/// Opens a file of sequences and decompresses it if it is gzip.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, LabelledError> {
    unpacked(file::open(path, NEED)?).map_err(|error| failed(path, error))
}

/// As [`open`], for a text.
pub(crate) fn open_text(path: &Path) -> Result<Box<dyn Read>, LabelledError> {
    unpacked(file::open_text(path, NEED)?).map_err(|error| failed(path, error))
}

/// Returns the first `count` bytes of a file, decompressed, or all if it is shorter.
pub(crate) fn head(path: &Path, count: usize) -> Result<Head, LabelledError> {
    let (bytes, _) = peek(open_text(path)?, count).map_err(|error| failed(path, error))?;
    Ok(Head { bytes })
}

/// The first bytes of a file, decompressed.
pub(crate) struct Head {
    pub(crate) bytes: Vec<u8>,
}

/// Classifies the error of a failed read.
pub(crate) fn failed(path: &Path, error: io::Error) -> LabelledError {
    TableError::unreadable(path, error, NEED).into()
}

/// Reads lines into one buffer.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    path: PathBuf,
    line: u64,
    buffer: Vec<u8>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R, path: &Path) -> Self {
        Self { input: BufReader::new(input), path: path.to_owned(), line: 0, buffer: Vec::new() }
    }

    /// The input.
    pub(super) fn get_ref(&self) -> &R {
        self.input.get_ref()
    }

    /// Returns the number of the next line, from 1, and its bytes without the line end and without a byte order mark.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, LabelledError> {
        self.buffer.clear();
        let mut limited = self.input.by_ref().take(LIMIT + 1);
        limited.read_until(b'\n', &mut self.buffer).map_err(|error| failed(&self.path, error))?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if self.buffer.len() as u64 > LIMIT {
            return Err(Problem::TooLong { limit: LIMIT }.at(&self.path, Location::Line(self.line)));
        }
        let mut line = &self.buffer[..];
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.line == 1 {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        Ok(Some((self.line, line)))
    }
}

/// Returns the bytes of a line as text.
pub(super) fn utf8<'a>(
    bytes: &'a [u8],
    path: &Path,
    line: u64,
    remedy: &'static str,
) -> Result<&'a str, LabelledError> {
    std::str::from_utf8(bytes).map_err(|error| {
        Problem::InvalidUtf8 { column: error.valid_up_to() + 1, remedy }.at(path, Location::Line(line))
    })
}
