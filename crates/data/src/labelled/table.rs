//! Tables with a label column.
//!
//! In the wide form, which is the usual one, a row is a sequence of one channel: all columns except the label column
//! are its values in order. In the long form, which has an id column, consecutive rows with the same id are the steps
//! of one sequence, and every other column is a channel, unless it has times: the rows of a sequence must be in the
//! order of time, or are sorted.
//!
//! [`crate::table`] reads the file. A table without names, as in the UCR archive, has its label in the first column, or
//! in the last one if only that has words or whole numbers.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use csv::StringRecord;

use super::builder::Builder;
use super::error::{LabelledError, Location, Problem, quoted};
use super::sequences::{Kind, Labelled, Labels, Origin};
use crate::categorical::{Categorical, Codes};
use crate::series::TimeColumn;
use crate::table;
use crate::table::{
    Cell, Column, IDS, Key, NumberForm, Rows, TableError, in_runs, is_missing, list, shorten,
};
use longspan::batch::IGNORE;

mod columns;
mod times;

pub use columns::Columns;
use times::Times;

/// Names by which a label column is found.
pub(crate) const LABELS: [&str; 3] = ["label", "class", "target"];

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
    let mut rows = match Rows::open(path, input, &columns.table, false) {
        Err(TableError::Empty { .. }) => return Err(Problem::NoSequences.at(path, Location::File)),
        rows => rows?,
    };
    let (sample, locations) = rows.sample()?;
    let sketch = table::columns(&rows, &sample);
    let roles = Roles::find(&rows, &sketch, &sample, columns, labels)?;
    let named =
        roles.values.iter().find(|&&column| sketch[column].called(&IDS) && sketch[column].is_number());
    let in_runs = roles.in_runs(&sketch, &sample);
    if let Some(column) = in_runs.filter(|&column| sketch[column].is_text()) {
        let problem = Problem::TextInRuns { column: shorten(&rows.names[column]) };
        return Err(problem.at(path, Location::Line(locations[0].line)));
    }
    let in_runs = in_runs.map(|column| rows.names[column].clone());
    let named = named.filter(|_| roles.id.is_none() && in_runs.is_none()).map(|&column| {
        format!("{} is read as a value of each sequence: remove it from the file", rows.names[column])
    });
    let exact = roles.values.iter().any(|&column| sketch[column].is_offset());
    let codes = roles.codes(&rows.names, &columns.categorical);
    let timed = times::notice(&roles.times, roles.id.is_some());
    let ordering = roles.times.first().filter(|_| roles.id.is_some());
    let ordering = ordering.map(|column| Times::new(column, columns.sort_time)).transpose();
    let ordering = ordering.map_err(|problem| problem.at(path, Location::Line(rows.first_line)))?;
    let mut reader = Reader::new(path, &rows.names, &sketch, roles, labels, exact);
    (reader.codes, reader.steps.times) = (codes, ordering);
    for (row, location) in sample.iter().zip(locations) {
        reader.row(row, location.line)?;
    }
    drop(sample);
    let mut row = StringRecord::new();
    while let Some(location) = rows.next(&mut row)? {
        reader.row(&row, location.line)?;
    }
    let Reader { mut builder, mut steps, codes, .. } = reader;
    steps.end(&mut builder).map_err(|problem| problem.at(path, Location::File))?;
    let mut labelled = builder.finish(true)?;
    labelled.written = rows.notes();
    labelled.codes = codes.into_iter().enumerate().filter_map(|(at, codes)| Some((at, codes?))).collect();
    labelled.written.extend(timed);
    labelled.written.extend(named);
    labelled.in_runs = in_runs;
    Ok(labelled)
}

/// Makes sequences of rows.
struct Reader<'p> {
    path: &'p Path,
    names: Vec<String>,
    /// How the numbers of each column are written.
    forms: Vec<NumberForm>,
    /// The codes of each column of values that has categories.
    codes: Vec<Option<Codes>>,
    roles: Roles,
    labels: Labels,
    builder: Builder,
    steps: Steps,
    /// Id of the current row.
    key: String,
}

impl<'p> Reader<'p> {
    fn new(
        path: &'p Path,
        names: &[String],
        sketch: &[Column],
        roles: Roles,
        labels: Labels,
        exact: bool,
    ) -> Self {
        let channels = match &roles.id {
            Some(_) => roles.values.iter().map(|&column| names[column].clone()).collect(),
            None => vec!["value".to_owned()],
        };
        let mut builder = Builder::new(path, Kind::Values { channels }, Origin::Lines);
        builder.exact = exact.then(Vec::new);
        let forms = sketch.iter().map(|column| column.form.clone()).collect();
        Self {
            path,
            names: names.to_vec(),
            forms,
            codes: vec![None; roles.values.len()],
            roles,
            labels,
            builder,
            steps: Steps::default(),
            key: String::new(),
        }
    }

    fn row(&mut self, row: &StringRecord, line: u64) -> Result<(), LabelledError> {
        let location = Location::Line(line);
        let field = |column: usize| row[column].trim();
        let label = self.roles.label.map(field).unwrap_or_default();
        let label = if label == "?" && self.labels != Labels::Required { "" } else { label };
        if label.is_empty() && self.labels == Labels::Required {
            return Err(Problem::NoLabel { remedy: "fill in the empty field" }.at(self.path, location));
        }
        if let Some(key) = &self.roles.id {
            let id = key.of(row, &mut self.key);
            let steps = self.steps.row(&mut self.builder, id, label, row, line);
            steps.map_err(|problem| problem.at(self.path, location))?;
        }
        for (&column, codes) in self.roles.values.iter().zip(&mut self.codes) {
            if let Some(codes) = codes {
                let category = row[column].trim();
                let missing = is_missing(category) || self.forms[column].na.has(category);
                let code = if missing { Ok(Codes::missing()) } else { codes.code(category) };
                self.builder
                    .push(code.map_err(|problem| Problem::Category(problem).at(self.path, location))?);
                continue;
            }
            let cell = Cell { path: self.path, line, column: &self.names[column] };
            self.builder.push(self.forms[column].number(&row[column], cell)?);
        }
        if self.roles.id.is_none() {
            let class = class(&mut self.builder, label);
            self.builder.end(class, line).map_err(|problem| problem.at(self.path, location))?;
        }
        Ok(())
    }
}

/// Returns the class of a label; [`IGNORE`] for an empty one.
fn class(builder: &mut Builder, label: &str) -> u32 {
    if label.is_empty() { IGNORE } else { builder.class(label) }
}

/// Roles of the columns.
struct Roles {
    label: Option<usize>,
    id: Option<Key>,
    values: Vec<usize>,
    /// Columns of categories, as in the options.
    categorical: Vec<usize>,
    /// Columns of times, the first of which orders the steps.
    times: Vec<TimeColumn>,
}

impl Roles {
    fn find(
        rows: &Rows<'_>,
        sketch: &[Column],
        sample: &[StringRecord],
        columns: &Columns,
        labels: Labels,
    ) -> Result<Self, LabelledError> {
        let names = &rows.names[..];
        let at = |problem: Problem| problem.at(rows.path(), Location::Line(rows.first_line));
        let usual = || names.iter().position(|c| LABELS.iter().any(|usual| c.eq_ignore_ascii_case(usual)));
        let found = match &columns.label {
            Some(name) => rows.column("--label-column", name).map_err(LabelledError::from),
            None => match usual() {
                Some(label) => Ok(label),
                None => unnamed_label(sketch)
                    .filter(|_| !rows.format.header)
                    // Without a label, the first value of a sequence may be a whole number.
                    .filter(|&label| labels == Labels::Required || sketch[label].again)
                    .ok_or_else(|| {
                        at(Problem::NoLabelColumn { columns: list(names.iter().map(String::as_str)) })
                    }),
            },
        };
        let label = match found {
            Err(_) if labels != Labels::Required => None,
            label => Some(label?),
        };
        let id = columns.id.as_ref().map(|given| Key::named(rows, "--id-column", given)).transpose()?;
        let identifies = |column: usize| id.as_ref().is_some_and(|key| key.has(column));
        let named = columns.categorical.iter().map(|own| rows.column("--categorical", &own.column));
        let categorical = named.collect::<Result<Vec<_>, _>>()?;
        let free = |c: usize| Some(c) != label && !identifies(c) && !categorical.contains(&c);
        let times = times::find(rows, sketch, sample, columns, id.is_some(), &free)?;
        let timed: HashSet<usize> = times.iter().flat_map(|time| time.fields.iter().copied()).collect();
        for (flag, column) in [
            ("--time-column and --label-column", label.filter(|label| timed.contains(label))),
            ("--time-column and --id-column", timed.iter().copied().find(|&column| identifies(column))),
        ] {
            if let Some(column) = column {
                return Err(TableError::KeyTwice { flag, name: names[column].clone() }.into());
            }
        }
        let is_value = |&c: &usize| Some(c) != label && !identifies(c) && !timed.contains(&c);
        let values: Vec<usize> = (0..names.len()).filter(is_value).collect();
        if values.is_empty() {
            return Err(at(Problem::NoValues));
        }
        if !categorical.is_empty() && id.is_none() {
            return Err(at(Problem::CategoricalSteps));
        }
        let labels = |column: usize| Some(column) == label;
        let timed = |column: usize| timed.contains(&column);
        let uses: [(&dyn Fn(usize) -> bool, &'static str); 3] = [
            (&labels, "has the labels"),
            (&identifies, "tells the sequences apart"),
            (&timed, "has the times of the rows"),
        ];
        for (used, use_of) in uses {
            if let Some(&column) = categorical.iter().find(|&&column| used(column)) {
                return Err(at(Problem::NotCategorical { column: names[column].clone(), use_of }));
            }
        }
        let words = |column: &&usize| sketch[**column].is_text() && !categorical.contains(column);
        if let Some(&column) = values.iter().find(words).filter(|_| id.is_some()) {
            let value = quoted(sketch[column].first.as_deref().unwrap_or_default());
            return Err(at(Problem::Words { column: names[column].clone(), value }));
        }
        Ok(Self { label, id, values, categorical, times })
    }

    /// The codes of each column of values that has categories.
    fn codes(&self, names: &[String], categorical: &[Categorical]) -> Vec<Option<Codes>> {
        let of = |column: &usize| {
            let at = self.categorical.iter().position(|own| own == column)?;
            Some(Codes::new(&Categorical { column: names[*column].clone(), ..categorical[at].clone() }))
        };
        self.values.iter().map(of).collect()
    }

    /// The first column of values, if its rows with one value stand together and have one label, so far as the first rows
    /// show it: they may be the steps of one sequence.
    fn in_runs(&self, sketch: &[Column], sample: &[StringRecord]) -> Option<usize> {
        let first = self.values.first().copied().filter(|_| self.id.is_none() && self.label.is_some())?;
        let names = sketch[first].is_text() || sketch[first].is_number() && sketch[first].whole;
        (names && in_runs(sample, &Key::of_field(first), self.label)).then_some(first)
    }
}

/// Returns the label column of a table without names: the first column if it may have classes, as in the UCR archive, or
/// else the last one.
pub(crate) fn unnamed_label(sketch: &[Column]) -> Option<usize> {
    let classes = |column: &Column| column.is_text() && !column.time || column.is_number() && column.whole;
    let (first, last) = (sketch.first()?, sketch.last()?);
    match (classes(first), classes(last)) {
        _ if sketch.len() < 2 => None,
        // Words are more likely to be classes than whole numbers are.
        (_, true) if last.is_text() && !first.is_text() => Some(sketch.len() - 1),
        (true, _) => Some(0),
        (false, true) => Some(sketch.len() - 1),
        (false, false) => None,
    }
}

/// The current sequence in the long form.
#[derive(Default)]
struct Steps {
    ids: HashSet<String>,
    now: Option<Now>,
    /// The times of the steps, if the table has any.
    times: Option<Times>,
}

struct Now {
    id: String,
    label: String,
    line: u64,
}

impl Steps {
    /// Ends the previous sequence if this row begins another one, and reads its time.
    fn row(
        &mut self,
        builder: &mut Builder,
        id: &str,
        label: &str,
        row: &StringRecord,
        line: u64,
    ) -> Result<(), Problem> {
        match &self.now {
            Some(now) if now.id == id && now.label == label => {}
            Some(now) if now.id == id => {
                let (id, label, before) = (quoted(id), quoted(label), quoted(&now.label));
                return Err(Problem::LabelChanges { id, label, before });
            }
            _ => {
                self.end(builder)?;
                if !self.ids.insert(id.to_owned()) {
                    return Err(Problem::IdAgain { id: quoted(id) });
                }
                self.now = Some(Now { id: id.to_owned(), label: label.to_owned(), line });
            }
        }
        self.times.as_mut().map_or(Ok(()), |times| times.push(row, line, id))
    }

    fn end(&mut self, builder: &mut Builder) -> Result<(), Problem> {
        let Some(now) = self.now.take() else { return Ok(()) };
        if let Some(times) = &mut self.times {
            times.end(builder);
        }
        let class = class(builder, &now.label);
        builder.id(now.id);
        builder.end(class, now.line)
    }
}

#[cfg(test)]
#[path = "table/tests.rs"]
mod tests;
