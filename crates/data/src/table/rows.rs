//! Rows of a table, one at a time, each with the line on which it begins.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, StringRecord, Terminator};

use super::error::{TableError, list, shorten};
use super::format::Format;
use super::missing::Na;
use super::names::split_names;
use super::options::{Separator, TableOptions};
use super::source::{BUFFER, LONGEST, Source, TooLong};
use longspan::option_syntax::nearest;

/// Number of rows, and of bytes, after which the use of the columns is decided.
const SAMPLE: (usize, usize) = (1000, 1 << 20);

/// What is needed where a directory was named.
const NEED: &str = "one file of separated values";

/// Column names and rows of a table.
pub(crate) struct Rows<'r> {
    path: PathBuf,
    csv: csv::Reader<Source<'r>>,
    /// How the table is written.
    pub(crate) format: Format,
    /// More spellings of a missing value.
    pub(crate) na: Na,
    /// Column names, all different; `column 1` and so on if the table has none.
    pub(crate) names: Vec<String>,
    /// The column of each name.
    indices: HashMap<String, usize>,
    /// Line of the names, or of the first row if the table has none.
    pub(crate) first_line: u64,
    /// Rows of empty fields before `held`, with their number of fields.
    empty: VecDeque<(Location, usize)>,
    /// What was read beyond rows of empty fields.
    held: Option<Result<Option<(StringRecord, Location)>, TableError>>,
}

/// Location of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Location {
    /// Its line, from 1.
    pub(crate) line: u64,
    /// Number of blank lines before the row.
    pub(crate) blank: u64,
}

impl<'r> Rows<'r> {
    /// Finds the format and reads the names. The path is for messages. The fingerprint of the file is computed if it is
    /// asked for.
    ///
    /// # Errors
    /// [`TableError`] if the file cannot be read, is empty, or has two columns of one name.
    pub(crate) fn open(
        path: &Path,
        reader: impl Read + 'r,
        options: &TableOptions,
        fingerprinted: bool,
    ) -> Result<Self, TableError> {
        let unreadable = |error| TableError::unreadable(path, error, NEED);
        let mut source = Source::new(reader, options.encoding, fingerprinted).map_err(unreadable)?;
        let (head, more) = source.head().map_err(unreadable)?;
        let format = Format::find(path, head, more, options)?;
        source.skip_lines(format.skipped);
        if format.separator == Separator::SPACES {
            source.join_blanks();
        }
        let csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .delimiter(format.separator.byte())
            .buffer_capacity(BUFFER)
            .from_reader(source);
        let (na, first_line) = (Na::new(&options.na), format.skipped + 1);
        let mut rows = Self {
            path: path.to_owned(),
            csv,
            format,
            na,
            names: Vec::new(),
            indices: HashMap::new(),
            first_line,
            empty: VecDeque::new(),
            held: None,
        };
        if rows.format.header {
            rows.read_names()?;
        } else {
            rows.names = (1..=rows.format.width).map(|number| format!("column {number}")).collect();
        }
        rows.indices = rows.names.iter().cloned().zip(0..).collect();
        for _ in 0..rows.format.units {
            rows.next(&mut StringRecord::new())?;
        }
        Ok(rows)
    }

    fn read_names(&mut self) -> Result<(), TableError> {
        let mut header = StringRecord::new();
        // For the csv crate a line of spaces is not blank.
        self.first_line = loop {
            match self.next(&mut header)? {
                None => return Err(TableError::Empty { path: self.path.clone() }),
                Some(location) if header.len() > 1 || !header[0].trim().is_empty() => break location.line,
                Some(_) => {}
            }
        };
        if self.format.marked {
            header = without_mark(&header);
        }
        let mut seen = HashSet::new();
        let mut names = Vec::with_capacity(header.len());
        for (index, name) in header.iter().enumerate() {
            // Tables that were written with row numbers have no name above them.
            let name = match name.trim() {
                "" => format!("column {}", index + 1),
                name => name.to_owned(),
            };
            if !seen.insert(name.clone()) {
                let (path, line) = (self.path.clone(), self.first_line);
                return Err(TableError::DuplicateName { path, line, name: shorten(&name) });
            }
            names.push(name);
        }
        self.names = names;
        Ok(())
    }

    /// Reads the next row, which has as many fields as there are names; None at the end. Rows that have only separators are
    /// values that are missing, but at the end of a table they are what a spreadsheet leaves there, and are skipped.
    ///
    /// # Errors
    /// [`TableError`] if the file cannot be read, or the row is too long, not UTF-8 or incomplete.
    pub(crate) fn next(&mut self, row: &mut StringRecord) -> Result<Option<Location>, TableError> {
        if self.empty.is_empty() && self.held.is_none() {
            let location = self.read(row)?;
            let Some(location) = location.filter(|_| is_empty(row)) else { return self.whole(row, location) };
            self.empty.push_back((location, row.len()));
            self.look_beyond_empty();
        }
        if let Some((location, fields)) = self.empty.pop_front() {
            *row = StringRecord::from(vec![""; fields]);
            return self.whole(row, Some(location));
        }
        match self.held.take().unwrap_or(Ok(None))? {
            None => Ok(None),
            Some((held, location)) => {
                *row = held;
                self.whole(row, Some(location))
            }
        }
    }

    /// Reads to the next row that is not empty. At the end there is none, and the empty rows are dropped.
    fn look_beyond_empty(&mut self) {
        let mut row = StringRecord::new();
        self.held = Some(loop {
            match self.read(&mut row) {
                Ok(Some(location)) if is_empty(&row) => self.empty.push_back((location, row.len())),
                Ok(None) => {
                    self.empty.clear();
                    break Ok(None);
                }
                found => break found.map(|location| location.map(|location| (row, location))),
            }
        });
    }

    /// Checks the number of fields of a row.
    fn whole(&self, row: &StringRecord, location: Option<Location>) -> Result<Option<Location>, TableError> {
        let Some(location) = location else { return Ok(None) };
        if !self.names.is_empty() && row.len() != self.names.len() {
            let (found, expected) = (row.len(), self.names.len());
            let header = self.format.header.then_some(self.first_line);
            let path = self.path.clone();
            return Err(TableError::Ragged { path, line: location.line, found, expected, header });
        }
        Ok(Some(location))
    }

    /// Reads the next row, which may have any number of fields; None at the end. Comments are skipped: they begin with `#`
    /// and have another number of fields than the table.
    fn read(&mut self, row: &mut StringRecord) -> Result<Option<Location>, TableError> {
        loop {
            let location = self.record(row)?;
            let others = !self.names.is_empty() && row.len() != self.names.len();
            if location.is_none() || !(others && is_comment(row)) {
                return Ok(location);
            }
        }
    }

    /// Reads the next record.
    fn record(&mut self, row: &mut StringRecord) -> Result<Option<Location>, TableError> {
        let before = self.csv.position().clone();
        self.csv.get_mut().allow_record(before.byte());
        let mut bytes: ByteRecord = std::mem::take(row).into_byte_record();
        match self.csv.read_byte_record(&mut bytes) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => {
                let error = match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    other => io::Error::other(format!("{other:?}")),
                };
                return Err(self.failed(self.format.skipped + before.line(), error));
            }
        }
        // The position before reading is that of the blank lines, so the line is counted back from the end of the row.
        let inside = bytes.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        let line = self.csv.position().line().saturating_sub(1 + inside).max(before.line());
        let location = Location { line: self.format.skipped + line, blank: line - before.line() };
        if self.format.trailing {
            let ended = bytes.len() > 1 && bytes[bytes.len() - 1].trim_ascii().is_empty();
            let surplus = self.names.is_empty() || bytes.len() == self.names.len() + 1;
            if ended && surplus {
                bytes.truncate(bytes.len() - 1);
            }
        }
        *row = StringRecord::from_byte_record(bytes).map_err(|error| {
            let (field, byte) = (error.utf8_error().field(), error.utf8_error().valid_up_to() + 1);
            let value = shorten(&String::from_utf8_lossy(&error.into_byte_record()[field]));
            TableError::NotUtf8 {
                path: self.path.clone(),
                line: location.line,
                field: field + 1,
                byte,
                value,
            }
        })?;
        Ok(Some(location))
    }

    /// Notes on how the table is written, where it is unusual.
    pub(crate) fn notes(&self) -> Vec<String> {
        let encoding = self.csv.get_ref().encoding().notice();
        encoding.into_iter().chain(self.format.notes(self.first_line)).collect()
    }

    /// The path, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the column that a setting names.
    ///
    /// # Errors
    /// [`TableError::NoColumn`] if there is none.
    pub(crate) fn column(&self, flag: &'static str, name: &str) -> Result<usize, TableError> {
        let names = || self.names.iter().map(String::as_str);
        self.indices.get(name.trim()).copied().ok_or_else(|| TableError::NoColumn {
            path: self.path.clone(),
            line: self.first_line,
            flag,
            name: shorten(name).into(),
            nearest: nearest(name, names()).map(Into::into),
            names: list(names()).into(),
        })
    }

    /// Returns the columns that a setting names: one, or several between commas ([`split_names`]). A text that is a name
    /// itself is one.
    ///
    /// # Errors
    /// [`TableError::NoColumn`] if one does not exist.
    pub(crate) fn columns(&self, flag: &'static str, given: &str) -> Result<Vec<usize>, TableError> {
        match self.indices.contains_key(given.trim()) {
            true => Ok(vec![self.column(flag, given)?]),
            false => split_names(given).iter().map(|name| self.column(flag, name)).collect(),
        }
    }

    /// Reads the first rows and their locations.
    ///
    /// # Errors
    /// As [`Rows::next`].
    pub(crate) fn sample(&mut self) -> Result<(Vec<StringRecord>, Vec<Location>), TableError> {
        let (mut sample, mut locations, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut row = StringRecord::new();
        while sample.len() < SAMPLE.0 && bytes < SAMPLE.1 {
            let Some(location) = self.next(&mut row)? else { break };
            bytes += row.as_slice().len();
            sample.push(std::mem::take(&mut row));
            locations.push(location);
        }
        Ok((sample, locations))
    }

    /// Returns the fingerprint (FNV-1a) of the whole file, once all rows have been read.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.csv.get_ref().fingerprint()
    }

    /// Converts an error of the operating system, or a row that is too long.
    fn failed(&self, line: u64, error: io::Error) -> TableError {
        if error.get_ref().is_some_and(|inner| inner.is::<TooLong>()) {
            return TableError::RowTooLong { path: self.path.clone(), line, limit: LONGEST };
        }
        TableError::unreadable(&self.path, error, NEED)
    }
}

/// Whether a row has only separators and blanks. A single empty field may be a value that is missing.
fn is_empty(row: &StringRecord) -> bool {
    row.len() > 1 && row.as_slice().trim_ascii().is_empty()
}

/// Whether a row is a comment, if it has not the fields of a row.
fn is_comment(row: &StringRecord) -> bool {
    row.get(0).is_some_and(|first| first.trim_start().starts_with('#'))
}

/// Removes the mark of a comment from a row of names.
fn without_mark(header: &StringRecord) -> StringRecord {
    let first = header[0].trim_start_matches('#').trim();
    let first = (!first.is_empty()).then_some(first);
    first.into_iter().chain(header.iter().skip(1)).collect()
}
