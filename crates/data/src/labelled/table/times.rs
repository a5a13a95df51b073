//! The times of the steps of a table with one row per step. They are no inputs, and must not decrease within a sequence.

use std::cmp::Ordering;

use csv::StringRecord;

use super::super::builder::Builder;
use super::super::error::{LabelledError, Location, Problem, quoted};
use super::columns::Columns;
use crate::series::{SeriesError, SeriesOptions, Time, TimeColumn, shown};
use crate::table::{Column, Rows, is_missing, is_no_column, shorten};

/// Finds the columns of times: the one that the options name, or else those of dates and times of day, if a row is a step
/// (`steps`). The first of them orders the steps. `free` says whether a column has no other use.
pub(super) fn find(
    rows: &Rows<'_>,
    sketch: &[Column],
    sample: &[StringRecord],
    columns: &Columns,
    steps: bool,
    free: &dyn Fn(usize) -> bool,
) -> Result<Vec<TimeColumn>, LabelledError> {
    let path = rows.path();
    let options = SeriesOptions { day_first: columns.day_first, ..SeriesOptions::new(path, 1, 1) };
    let names = &rows.names[..];
    let failed = |error: SeriesError| match error {
        SeriesError::Table(error) => error.into(),
        SeriesError::AmbiguousTimes { text, .. } => {
            Problem::AmbiguousTimes { text }.at(path, Location::Line(rows.first_line))
        }
        error => Problem::AmbiguousTimes { text: error.to_string() }.at(path, Location::File),
    };
    let named = |fields: Vec<usize>| TimeColumn::named(fields, names, sample, &options).map_err(failed);
    let mut found: Vec<TimeColumn> = match &columns.time {
        Some(given) if is_no_column(given, names) => return Ok(Vec::new()),
        Some(given) => return Ok(vec![named(rows.columns("--time-column", given)?)?]),
        None => Vec::new(),
    };
    // Numbers may be inputs.
    let texts = || (0..names.len()).filter(|&column| free(column) && sketch[column].is_text());
    if steps && texts().next().is_some() {
        found.extend(TimeColumn::find(texts(), names, sketch, sample, &options).map_err(failed)?);
        for column in texts().filter(|&column| sketch[column].time) {
            if !found.iter().any(|own| own.fields.contains(&column)) {
                found.extend(Some(named(vec![column])?).filter(TimeColumn::is_stamps));
            }
        }
    }
    Ok(found)
}

/// Says what the columns of times are for.
pub(super) fn notice(times: &[TimeColumn], steps: bool) -> Option<String> {
    let (first, rest) = times.split_first()?;
    let rest: String = rest.iter().map(|time| format!(", and neither is {}", time.name)).collect();
    let unchecked = match first.is_comparable() || !steps {
        true => "",
        false => "; its times cannot be compared, so the steps keep the order of the file",
    };
    Some(format!("{} has the times of the rows and is not read as an input{rest}{unchecked}", first.name))
}

/// The times of the current sequence.
pub(super) struct Times {
    column: TimeColumn,
    sorts: bool,
    /// The last time, its text and its line.
    last: Option<(Time, String, u64)>,
    /// The times of all steps, if they are to be sorted.
    steps: Vec<Time>,
    text: String,
}

impl Times {
    /// Begins with the column that orders the steps.
    ///
    /// # Errors
    /// [`Problem::SortedClock`] if it cannot sort them.
    pub(super) fn new(column: &TimeColumn, sorts: bool) -> Result<Self, Problem> {
        if sorts && column.is_clock() {
            return Err(Problem::SortedClock { column: shorten(&column.name) });
        }
        Ok(Self { column: column.clone(), sorts, last: None, steps: Vec::new(), text: String::new() })
    }

    /// Reads the time of the next step of the sequence `id`.
    ///
    /// # Errors
    /// [`Problem::TimeForm`] or [`Problem::Backwards`].
    pub(super) fn push(&mut self, row: &StringRecord, line: u64, id: &str) -> Result<(), Problem> {
        self.column.text(row, &mut self.text);
        let text = shown(&self.text);
        let Some(time) = self.column.read(&self.text, self.last.as_ref().map(|last| last.0)) else {
            // A time that is missing orders nothing.
            if is_missing(text.trim()) && !self.sorts {
                return Ok(());
            }
            let (column, value) = (shorten(&self.column.name), shorten(&text));
            return Err(Problem::TimeForm { column, value, form: self.column.words() });
        };
        if self.sorts {
            self.steps.push(time);
            return Ok(());
        }
        if let Some((_, before, before_line)) = self.last.as_ref().filter(|last| time.before(last.0)) {
            let (column, value, before) = (shorten(&self.column.name), shorten(&text), shorten(before));
            let before_line = *before_line;
            return Err(Problem::Backwards { column, value, before_line, before, id: quoted(id) });
        }
        self.last = Some((time, text, line));
        Ok(())
    }

    /// Ends the sequence, whose steps are sorted if they are to be. Steps of one time keep their order.
    pub(super) fn end(&mut self, builder: &mut Builder) {
        self.last = None;
        let times = std::mem::take(&mut self.steps);
        let compare = |a: usize, b: usize| times[a].partial_cmp(&times[b]).unwrap_or(Ordering::Equal);
        if self.sorts {
            let mut order: Vec<usize> = (0..times.len()).collect();
            order.sort_by(|&a, &b| compare(a, b));
            builder.reorder(&order);
        }
    }
}
