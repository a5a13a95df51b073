//! Bytes and lines of a file, decompressed if it is gzip, in bounded memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::encoding::EncodingError;
use crate::file;
use crate::file::FileError;

use super::error::{LabelledError, Location, Problem};

/// What is needed where a directory was named.
const NEED: &str = "one file";

/// Most bytes of a line or record.
pub(super) const LIMIT: u64 = 64 << 20;

/// Opens a file of sequences and decompresses it if it is gzip.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, LabelledError> {
    unpack(path, file::open(path, NEED)?)
}

/// As [`open`], for a text.
pub(crate) fn open_text(path: &Path) -> Result<Box<dyn Read>, LabelledError> {
    unpack(path, file::open_text(path, NEED)?)
}

fn unpack(path: &Path, file: File) -> Result<Box<dyn Read>, LabelledError> {
    let (magic, packed) = peek(file, 2).map_err(|error| failed(path, error))?;
    Ok(if magic == file::GZIP { Box::new(Unpacked(MultiGzDecoder::new(packed))) } else { Box::new(packed) })
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

/// Returns the first `count` bytes (or all), and a reader of all bytes, including those.
pub(super) fn peek<R: Read>(mut input: R, count: usize) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    input.by_ref().take(count as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(input)))
}

/// Classifies the error of a failed read.
pub(crate) fn failed(path: &Path, error: io::Error) -> LabelledError {
    if let Some(problem) = EncodingError::of(&error) {
        return LabelledError::Encoding { path: path.to_owned(), problem };
    }
    match error.kind() {
        io::ErrorKind::InvalidData => LabelledError::Damaged { path: path.to_owned(), error },
        _ => FileError::new(path, error, NEED).into(),
    }
}

/// Decompresses, and reports every failure as damaged data.
struct Unpacked<R>(MultiGzDecoder<R>);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::new(io::ErrorKind::InvalidData, error),
        })
    }
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
