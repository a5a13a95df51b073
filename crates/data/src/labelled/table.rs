//! Tables (CSV, TSV) with a label column.
//!
//! In the wide form, which is the usual one, a row is a sequence of one channel: all columns except the label column
//! are its values in order. In the long form, which has an id column, consecutive rows with the same id are the steps
//! of one sequence, and every other column is a channel.
//!
//! The first row names the columns. The separator is the comma, semicolon or tab, whichever is most frequent in the
//! first row. Quoted fields may contain separators and line ends. An empty field is a missing value.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::Path;

use csv::ByteRecord;

use super::builder::Builder;
use super::error::{LabelledError, Location, Problem, quoted};
use super::input::{LIMIT, failed, peek, utf8};
use super::number::number;
use super::{Kind, Labelled, Labels, Origin};
use longspan::batch::IGNORE;
use longspan::option_syntax::nearest;

/// Names by which a label column is found.
pub(crate) const LABELS: [&str; 3] = ["label", "class", "target"];

/// The columns that are not values.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Name of the label column; None finds `label`, `class` or `target`.
    pub label: Option<String>,
    /// Name of the id column, for tables with one row per step.
    pub id: Option<String>,
}

/// Reads the sequences of `input`. The path is for messages. The classes are sorted by number or name.
///
/// # Errors
/// [`LabelledError`] says what is wrong, with the line.
pub fn read(input: impl Read, path: &Path, columns: &Columns) -> Result<Labelled, LabelledError> {
    read_with(input, path, columns, Labels::Required)
}

/// As [`read`]; if labels are optional, the label column or some of its fields may be missing.
pub(super) fn read_with(
    input: impl Read,
    path: &Path,
    columns: &Columns,
    labels: Labels,
) -> Result<Labelled, LabelledError> {
    let (head, input) = peek(input, 1 << 16).map_err(|error| failed(path, error))?;
    let mut rows = Rows::new(input, path, separator(&head));
    let (first, header): (u64, Vec<String>) = match rows.next()? {
        None => return Err(Problem::NoSequences.at(path, Location::File)),
        Some((line, record)) => {
            let name = |name| utf8(name, path, line, "").map(|name| name.trim().to_owned());
            (line, record.iter().map(name).collect::<Result<_, _>>()?)
        }
    };
    let roles =
        Roles::find(&header, columns, labels).map_err(|problem| problem.at(path, Location::Line(first)))?;
    let channels = match roles.id {
        Some(_) => roles.values.iter().map(|&column| header[column].clone()).collect(),
        None => vec!["value".to_owned()],
    };
    let mut builder = Builder::new(path, Kind::Values { channels }, Origin::Lines);
    let mut steps = Steps::default();
    while let Some((line, record)) = rows.next()? {
        let location = Location::Line(line);
        if record.len() != header.len() {
            return Err(Problem::RaggedRow { found: record.len(), expected: header.len() }.at(path, location));
        }
        let field = |column: usize| utf8(&record[column], path, line, "").map(str::trim);
        let label = roles.label.map(field).transpose()?.unwrap_or_default();
        let label = if label == "?" && labels != Labels::Required { "" } else { label };
        if label.is_empty() && labels == Labels::Required {
            return Err(Problem::NoLabel { remedy: "fill in the empty field" }.at(path, location));
        }
        if let Some(id) = roles.id {
            steps.row(&mut builder, field(id)?, label, line).map_err(|problem| problem.at(path, location))?;
        }
        for &column in &roles.values {
            let text = field(column)?;
            let value = if text.is_empty() { Ok(f32::NAN) } else { number(text) };
            builder
                .values
                .push(value.map_err(|problem| problem.in_column(&header[column]).at(path, location))?);
        }
        if roles.id.is_none() {
            let class = class(&mut builder, label);
            builder.end(class, line).map_err(|problem| problem.at(path, location))?;
        }
    }
    steps.end(&mut builder).map_err(|problem| problem.at(path, Location::File))?;
    builder.finish(true)
}

/// Returns the class of a label; [`IGNORE`] for an empty one.
fn class(builder: &mut Builder, label: &str) -> u32 {
    if label.is_empty() { IGNORE } else { builder.class(label) }
}

/// Returns the separator that is most frequent outside quotes in the first line.
fn separator(head: &[u8]) -> u8 {
    let (mut counts, mut inside) = ([(0, b','), (0, b';'), (0, b'\t')], false);
    for &byte in head {
        match byte {
            b'"' => inside = !inside,
            b'\n' | b'\r' if !inside => break,
            _ if !inside => counts.iter_mut().filter(|(_, s)| *s == byte).for_each(|(count, _)| *count += 1),
            _ => {}
        }
    }
    // In a tie the comma wins.
    counts.into_iter().rev().max_by_key(|&(count, _)| count).map_or(b',', |(_, separator)| separator)
}

/// Roles of the columns.
struct Roles {
    label: Option<usize>,
    id: Option<usize>,
    values: Vec<usize>,
}

impl Roles {
    fn find(header: &[String], columns: &Columns, labels: Labels) -> Result<Self, Problem> {
        let mut seen = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !seen.insert(name.as_str())) {
            // Equal numbers in a row without header are more likely than equal names in a header.
            return Err(match header.iter().all(|name| number(name).is_ok()) {
                true => Problem::NoHeader,
                false => Problem::DuplicateColumn { name: quoted(twice) },
            });
        }
        let find = |name: &str, flag| {
            header.iter().position(|column| column == name).ok_or_else(|| Problem::NoColumn {
                name: quoted(name),
                flag,
                nearest: nearest(name, header.iter().map(String::as_str)).map(quoted),
                columns: listed(header),
            })
        };
        let usual = || header.iter().position(|c| LABELS.iter().any(|usual| c.eq_ignore_ascii_case(usual)));
        let label = match &columns.label {
            Some(name) => find(name, "--label-column"),
            None => usual().map_or_else(|| find(LABELS[0], "--label-column"), Ok),
        };
        // Without a header all other messages would be misleading.
        let label = match label {
            Err(_) if header.iter().all(|name| number(name).is_ok()) => return Err(Problem::NoHeader),
            Err(_) if labels != Labels::Required => None,
            label => Some(label?),
        };
        let id = columns.id.as_ref().map(|name| find(name, "--id-column")).transpose()?;
        let values: Vec<usize> = (0..header.len()).filter(|&c| Some(c) != label && Some(c) != id).collect();
        if values.is_empty() {
            return Err(Problem::NoValues);
        }
        Ok(Self { label, id, values })
    }
}

/// Lists the names of up to 8 columns.
fn listed(header: &[String]) -> String {
    let names: Vec<String> = header.iter().take(8).map(|name| quoted(name)).collect();
    let more = if header.len() > 8 { ", ..." } else { "" };
    names.join(", ") + more
}

/// The current sequence in the long form.
#[derive(Default)]
struct Steps {
    ids: HashSet<String>,
    now: Option<Now>,
}

struct Now {
    id: String,
    label: String,
    line: u64,
}

impl Steps {
    /// Ends the previous sequence if this row begins another one.
    fn row(&mut self, builder: &mut Builder, id: &str, label: &str, line: u64) -> Result<(), Problem> {
        match &self.now {
            Some(now) if now.id == id && now.label == label => return Ok(()),
            Some(now) if now.id == id => {
                let (id, label, before) = (quoted(id), quoted(label), quoted(&now.label));
                return Err(Problem::LabelChanges { id, label, before });
            }
            _ => self.end(builder)?,
        }
        if !self.ids.insert(id.to_owned()) {
            return Err(Problem::IdAgain { id: quoted(id) });
        }
        self.now = Some(Now { id: id.to_owned(), label: label.to_owned(), line });
        Ok(())
    }

    fn end(&mut self, builder: &mut Builder) -> Result<(), Problem> {
        let Some(now) = self.now.take() else { return Ok(()) };
        let class = class(builder, &now.label);
        builder.id(now.id);
        builder.end(class, now.line)
    }
}

/// Records with their lines, each of at most [`LIMIT`] bytes.
struct Rows<'p, R> {
    reader: csv::Reader<Limited<R>>,
    record: ByteRecord,
    path: &'p Path,
}

impl<'p, R: Read> Rows<'p, R> {
    fn new(input: R, path: &'p Path, separator: u8) -> Self {
        let reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(Limited { input, left: LIMIT, spent: false, chunk: Vec::new(), offset: 0 });
        Self { reader, record: ByteRecord::new(), path }
    }

    fn next(&mut self) -> Result<Option<(u64, &ByteRecord)>, LabelledError> {
        self.reader.get_mut().left = LIMIT;
        let line = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some((self.line(), &self.record))),
            Err(_) if self.reader.get_ref().spent => {
                Err(Problem::TooLong { limit: LIMIT }.at(self.path, Location::Line(line)))
            }
            Err(error) => Err(failed(
                self.path,
                match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    other => io::Error::other(format!("{other:?}")),
                },
            )),
        }
    }

    /// Returns the line on which the record begins. The csv crate reports the position before blank lines, so the line
    /// is counted back from the current position.
    fn line(&self) -> u64 {
        let end = self.reader.position();
        let inside = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        let before = |position: u64| self.reader.get_ref().byte_before(position);
        // If a quote is not closed, the last line end is inside the field.
        let open = self.record.as_slice().last() == Some(&b'\n')
            && before(end.byte().saturating_sub(1)).is_some_and(|byte| !b"\"\r".contains(&byte));
        let past = u64::from(before(end.byte()) == Some(b'\n') && !open);
        end.line().saturating_sub(inside + past).max(1)
    }
}

/// Fails after a number of bytes, and keeps the last chunk.
struct Limited<R> {
    input: R,
    left: u64,
    spent: bool,
    chunk: Vec<u8>,
    /// Number of bytes before the chunk.
    offset: u64,
}

impl<R> Limited<R> {
    /// Returns the byte before a position in the last chunk.
    fn byte_before(&self, position: u64) -> Option<u8> {
        let position = position.checked_sub(self.offset + 1)?;
        self.chunk.get(usize::try_from(position).ok()?).copied()
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.spent = true;
            return Err(io::Error::other("the record is too long"));
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.input.read(&mut buffer[..most])?;
        self.left -= read as u64;
        // At the end of the input the last chunk is kept.
        if read > 0 {
            self.offset += self.chunk.len() as u64;
            self.chunk.clear();
            self.chunk.extend_from_slice(&buffer[..read]);
        }
        Ok(read)
    }
}

#[cfg(test)]
#[path = "table/tests.rs"]
mod tests;
