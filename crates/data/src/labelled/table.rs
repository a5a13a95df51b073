//! Tables (CSV, TSV) with a column of labels.
//!
//! Wide, the usual form: a row is a sequence, all columns but the label's are its values in their order, one channel.
//! Long, if a column of ids is named: rows with the same id are the steps of one sequence and follow each other, every
//! other column is a channel.
//!
//! The first row names the columns. Fields are separated by the comma, semicolon or tab that the first row has most of;
//! they may be quoted and then hold separators and ends of lines. An empty field is a missing value.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::Path;

use csv::ByteRecord;

use super::builder::Builder;
use super::error::{LabelledError, Place, Problem, quoted};
use super::input::{LIMIT, failed, peek, utf8};
use super::number::number;
use super::{Kind, Labelled, Labels, Origin};
use longspan::batch::IGNORE;
use longspan::option_syntax::nearest;

/// Names of columns of labels that need not be pointed out.
pub(crate) const LABELS: [&str; 3] = ["label", "class", "target"];

/// Which columns hold no values.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Name of the column of labels; None finds `label`, `class` or `target`.
    pub label: Option<String>,
    /// Name of the column of ids, for tables with a row per step.
    pub id: Option<String>,
}

/// The sequences of `input`, which messages call `path`. The classes are in the order of their numbers or names.
///
/// # Errors
/// [`LabelledError`] with the line and what is wrong there.
pub fn read(input: impl Read, path: &Path, columns: &Columns) -> Result<Labelled, LabelledError> {
    read_with(input, path, columns, Labels::Required)
}

/// As [`read`], labels required or not: without them their column or a field of it is missing.
pub(super) fn read_with(
    input: impl Read,
    path: &Path,
    columns: &Columns,
    labels: Labels,
) -> Result<Labelled, LabelledError> {
    let (head, input) = peek(input, 1 << 16).map_err(|error| failed(path, error))?;
    let mut rows = Rows::new(input, path, separator(&head));
    let (first, header): (u64, Vec<String>) = match rows.next()? {
        None => return Err(Problem::NoSequences.at(path, Place::File)),
        Some((line, record)) => {
            let name = |name| utf8(name, path, line, "").map(|name| name.trim().to_owned());
            (line, record.iter().map(name).collect::<Result<_, _>>()?)
        }
    };
    let places =
        Places::find(&header, columns, labels).map_err(|problem| problem.at(path, Place::Line(first)))?;
    let channels = match places.id {
        Some(_) => places.values.iter().map(|&column| header[column].clone()).collect(),
        None => vec!["value".to_owned()],
    };
    let mut builder = Builder::new(path, Kind::Values { channels }, Origin::Lines);
    let mut steps = Steps::default();
    while let Some((line, record)) = rows.next()? {
        let place = Place::Line(line);
        if record.len() != header.len() {
            return Err(Problem::RaggedRow { found: record.len(), expected: header.len() }.at(path, place));
        }
        let field = |column: usize| utf8(&record[column], path, line, "").map(str::trim);
        let label = places.label.map(field).transpose()?.unwrap_or_default();
        let label = if label == "?" && labels != Labels::Required { "" } else { label };
        if label.is_empty() && labels == Labels::Required {
            return Err(Problem::NoLabel { way_out: "its field is empty" }.at(path, place));
        }
        if let Some(id) = places.id {
            steps.row(&mut builder, field(id)?, label, line).map_err(|problem| problem.at(path, place))?;
        }
        for &column in &places.values {
            let text = field(column)?;
            let value = if text.is_empty() { Ok(f32::NAN) } else { number(text) };
            builder.values.push(value.map_err(|problem| problem.in_column(&header[column]).at(path, place))?);
        }
        if places.id.is_none() {
            let class = class(&mut builder, label);
            builder.end(class, line).map_err(|problem| problem.at(path, place))?;
        }
    }
    steps.end(&mut builder).map_err(|problem| problem.at(path, Place::File))?;
    builder.finish(true)
}

/// The class of a label; that of none where there is none.
fn class(builder: &mut Builder, label: &str) -> u32 {
    if label.is_empty() { IGNORE } else { builder.class(label) }
}

/// The separator that the first line has most of outside quotes.
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
    // The first of equals is the comma.
    counts.into_iter().rev().max_by_key(|&(count, _)| count).map_or(b',', |(_, separator)| separator)
}

/// Which column is what.
struct Places {
    label: Option<usize>,
    id: Option<usize>,
    values: Vec<usize>,
}

impl Places {
    fn find(header: &[String], columns: &Columns, labels: Labels) -> Result<Self, Problem> {
        let mut seen = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !seen.insert(name.as_str())) {
            // Rows of numbers have equal ones more often than headers have equal names.
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
        // Without a name for the columns nothing else is worth saying.
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

/// The names of up to 8 columns.
fn listed(header: &[String]) -> String {
    let names: Vec<String> = header.iter().take(8).map(|name| quoted(name)).collect();
    let more = if header.len() > 8 { ", ..." } else { "" };
    names.join(", ") + more
}

/// The sequence whose rows are being read, in the long form.
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
    /// Ends the sequence before if this row begins another.
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
                Err(Problem::TooLong { limit: LIMIT }.at(self.path, Place::Line(line)))
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

    /// The line on which the record begins. The crate says where it began to look for one, before blank lines, so this is
    /// counted back from where it stands.
    fn line(&self) -> u64 {
        let end = self.reader.position();
        let inside = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        let before = |place: u64| self.reader.get_ref().byte_before(place);
        // Behind a quote that is not closed the last end of line is inside.
        let open = self.record.as_slice().last() == Some(&b'\n')
            && before(end.byte().saturating_sub(1)).is_some_and(|byte| !b"\"\r".contains(&byte));
        let past = u64::from(before(end.byte()) == Some(b'\n') && !open);
        end.line().saturating_sub(inside + past).max(1)
    }
}

/// Ends with an error after so many bytes, and knows the last ones.
struct Limited<R> {
    input: R,
    left: u64,
    spent: bool,
    chunk: Vec<u8>,
    /// Bytes before the chunk.
    offset: u64,
}

impl<R> Limited<R> {
    /// The byte before a place in the last chunk.
    fn byte_before(&self, place: u64) -> Option<u8> {
        let place = place.checked_sub(self.offset + 1)?;
        self.chunk.get(usize::try_from(place).ok()?).copied()
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.spent = true;
            return Err(io::Error::other("a record too long"));
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.input.read(&mut buffer[..most])?;
        self.left -= read as u64;
        // At the end of the input the last chunk stays.
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
