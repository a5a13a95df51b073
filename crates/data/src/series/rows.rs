//! Reads the rows of a table one at a time, each with the line on which it begins.
//!
//! The `csv` crate handles quotes and separators. This module converts all line ends to line feeds, because the crate
//! counts only those, and limits a row to [`LONGEST_ROW`] bytes, because an unclosed quote would make the rest of the
//! file one field.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, StringRecord, Terminator};

use super::error::{SeriesError, shorten};
use crate::file;
use crate::file::FileError;
use crate::fingerprint::Fingerprint;

/// Most bytes of a row.
pub(super) const LONGEST_ROW: u64 = 64 << 20;

/// Bytes read at a time.
const BUFFER: usize = 1 << 16;

/// Text with all line ends (`\r\n` and `\r` too) converted to `\n`, and one more at its end.
struct Text<R> {
    inner: R,
    buffer: Box<[u8]>,
    begin: usize,
    end: usize,
    after_return: bool,
    ended: bool,
    read: u64,
    /// Number of read bytes at which the current row is too long.
    until: u64,
    fingerprint: Fingerprint,
}

/// The error of [`Text`] for a row that is too long.
#[derive(Debug, thiserror::Error)]
#[error("the row is too long")]
struct RowTooLong;

impl<R: Read> Text<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: vec![0; BUFFER].into(),
            begin: 0,
            end: 0,
            after_return: false,
            ended: false,
            read: 0,
            until: LONGEST_ROW,
            fingerprint: Fingerprint::default(),
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read > self.until {
            return Err(io::Error::other(RowTooLong));
        }
        let mut written = 0;
        while written == 0 && !out.is_empty() && !self.ended {
            if self.begin == self.end {
                self.begin = 0;
                self.end = self.inner.read(&mut self.buffer)?;
                self.fingerprint.write(&self.buffer[..self.end]);
                if self.end == 0 {
                    self.ended = true;
                    out[0] = b'\n';
                    written = 1;
                }
            }
            while self.begin < self.end && written < out.len() {
                let byte = self.buffer[self.begin];
                self.begin += 1;
                if !(byte == b'\n' && self.after_return) {
                    out[written] = if byte == b'\r' { b'\n' } else { byte };
                    written += 1;
                }
                self.after_return = byte == b'\r';
            }
        }
        self.read += written as u64;
        Ok(written)
    }
}

/// The header, which was read to find the separator, followed by the rest.
type Whole<R> = Chain<Cursor<Vec<u8>>, BufReader<Text<R>>>;

/// Column names and rows of a file.
pub(super) struct Rows<R> {
    path: PathBuf,
    csv: csv::Reader<Whole<R>>,
    /// Column names, all different.
    pub(super) names: Vec<String>,
    /// Separator of fields.
    pub(super) separator: char,
}

/// Location of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    /// Its line, from 1.
    pub(super) line: u64,
    /// Number of blank lines before the row.
    pub(super) blank: u64,
}

impl<R: Read> Rows<R> {
    /// Reads the header. The path is for messages.
    pub(super) fn open(path: &Path, reader: R) -> Result<Self, SeriesError> {
        let mut text = BufReader::new(Text::new(reader));
        let header = first_row(&mut text).map_err(|error| unreadable(path, 1, error))?;
        if header.starts_with(b"\x1f\x8b") {
            return Err(SeriesError::Compressed { path: path.to_owned() });
        }
        let separator = separator(&header);
        let mut rows = Self {
            path: path.to_owned(),
            csv: csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .terminator(Terminator::Any(b'\n'))
                .delimiter(separator)
                .buffer_capacity(BUFFER)
                .from_reader(Cursor::new(header).chain(text)),
            names: Vec::new(),
            separator: separator.into(),
        };
        let mut header = StringRecord::new();
        // For the csv crate a line of spaces is not blank.
        let line = loop {
            match rows.next(&mut header)? {
                None => return Err(SeriesError::Empty { path: rows.path }),
                Some(location) if header.len() > 1 || !header[0].trim().is_empty() => break location.line,
                Some(_) => {}
            }
        };
        if header.iter().all(|name| name.trim().parse::<f64>().is_ok()) {
            return Err(SeriesError::NoHeader { path: rows.path, line, value: shorten(&header[0]) });
        }
        let mut seen = std::collections::HashSet::new();
        for (index, name) in header.iter().enumerate() {
            // Tables that were written with row numbers have no name above them.
            let name = match name.trim() {
                "" => format!("column {}", index + 1),
                name => name.to_owned(),
            };
            if !seen.insert(name.clone()) {
                return Err(SeriesError::DuplicateName { path: rows.path, line, name: shorten(&name) });
            }
            rows.names.push(name);
        }
        Ok(rows)
    }

    /// Reads the next row, which has as many fields as there are names; None at the end.
    pub(super) fn next(&mut self, row: &mut StringRecord) -> Result<Option<Location>, SeriesError> {
        let before = self.csv.position().clone();
        let text = self.csv.get_mut().get_mut().1.get_mut();
        text.until = before.byte() + LONGEST_ROW + 2 * BUFFER as u64;
        let mut bytes: ByteRecord = std::mem::take(row).into_byte_record();
        match self.csv.read_byte_record(&mut bytes) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => {
                let error = match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    other => io::Error::other(format!("{other:?}")),
                };
                return Err(unreadable(&self.path, before.line(), error));
            }
        }
        // The position before reading is that of the blank lines, so the line is counted back from the end of the row.
        let inside = bytes.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        let line = self.csv.position().line().saturating_sub(1 + inside).max(before.line());
        let path = || self.path.clone();
        *row = StringRecord::from_byte_record(bytes).map_err(|error| {
            let field = error.utf8_error().field();
            let bytes = error.into_byte_record();
            let value = shorten(&String::from_utf8_lossy(&bytes[field]));
            SeriesError::NotUtf8 { path: path(), line, field: field + 1, value }
        })?;
        if !self.names.is_empty() && row.len() != self.names.len() {
            let (found, expected) = (row.len(), self.names.len());
            return Err(SeriesError::Ragged { path: path(), line, found, expected });
        }
        Ok(Some(Location { line, blank: line - before.line() }))
    }

    /// Returns the fingerprint (FNV-1a) of the whole file, once all rows have been read.
    pub(super) fn fingerprint(self) -> u64 {
        self.csv.into_inner().into_inner().1.into_inner().fingerprint.finish()
    }
}

/// Reads the bytes up to the end of the first row that is not blank.
fn first_row(text: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut row = Vec::new();
    while text.read_until(b'\n', &mut row)? > 0 {
        let quotes = row.iter().filter(|&&byte| byte == b'"').count();
        if quotes % 2 == 0 && !row.trim_ascii().is_empty() {
            break;
        }
    }
    Ok(row)
}

/// Returns the separator (comma, semicolon or tab) that is most frequent outside quotes. In a tie, the one that is
/// rarer in names wins.
fn separator(row: &[u8]) -> u8 {
    let (mut counts, mut quoted) = ([(b',', 0), (b';', 0), (b'\t', 0)], false);
    for &byte in row {
        quoted ^= byte == b'"';
        for (separator, count) in &mut counts {
            *count += usize::from(!quoted && byte == *separator);
        }
    }
    let most = counts.into_iter().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count);
    most.map_or(b',', |(separator, _)| separator)
}

/// What is needed where a directory was named.
const NEED: &str = "one file of comma or tab separated values with --series";

/// Converts an error of the operating system, or a row that is too long.
fn unreadable(path: &Path, line: u64, error: io::Error) -> SeriesError {
    if error.get_ref().is_some_and(|inner| inner.is::<RowTooLong>()) {
        return SeriesError::RowTooLong { path: path.to_owned(), line, limit: LONGEST_ROW };
    }
    FileError::new(path, error, NEED).into()
}

/// Opens the file.
pub(super) fn open(path: &Path) -> Result<std::fs::File, SeriesError> {
    Ok(file::open(path, NEED)?)
}
