//! The times of a series: how its column writes them, their order, and their gaps.

use std::cmp::Ordering;

use csv::StringRecord;

use super::error::SeriesError;
use super::numbers::Numbers;
use super::table::TableGroup;
use super::{SeriesOptions, clock};
use crate::stamps::{self, Instant, Recognised, Spacing, Stamps};
use crate::table::{Column, shorten};

/// How a column writes times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    /// Dates or times of day.
    Stamps(Box<Stamps>),
    /// Numbers in any unit, with so many decimals: seconds, row numbers.
    Number(u8),
    /// Any other text; its order is not known.
    Other,
}

/// A point in time, comparable with others of the same column.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Time {
    /// A number in any unit.
    Number(f64),
    /// A date, a time of day, or both.
    Instant(Instant),
    /// Neither before nor after any other.
    Unknown,
}

impl Time {
    /// Whether it is before `other`.
    pub fn before(self, other: Self) -> bool {
        self.partial_cmp(&other) == Some(Ordering::Less)
    }

    pub(super) fn instant(&self) -> Option<&Instant> {
        if let Self::Instant(instant) = self { Some(instant) } else { None }
    }
}

/// The time column, or the columns of date and time of day.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TimeColumn {
    pub(crate) fields: Vec<usize>,
    /// Its name, or their names.
    pub(crate) name: String,
    pub(super) form: Form,
}

impl TimeColumn {
    /// Decides how the columns that a user names write times.
    pub(crate) fn named(
        fields: Vec<usize>,
        names: &[String],
        sample: &[StringRecord],
        options: &SeriesOptions,
    ) -> Result<Self, SeriesError> {
        let name = joined_name(&fields, names);
        let form = match recognise(&fields, &name, true, sample, options)? {
            Some(stamps) => Form::Stamps(stamps),
            None if fields.len() == 1 && number(first_text(fields[0], sample)).is_some() => {
                Form::Number(decimals(fields[0], sample))
            }
            None => Form::Other,
        };
        Ok(Self { fields, name, form })
    }

    /// Finds the first column of times, and a column of times of day beside one of dates. Years alone may be an input.
    pub(crate) fn find(
        candidates: impl Iterator<Item = usize>,
        names: &[String],
        sketch: &[Column],
        sample: &[StringRecord],
        options: &SeriesOptions,
    ) -> Result<Option<Self>, SeriesError> {
        let candidates: Vec<usize> = candidates.collect();
        for &field in &candidates {
            let name = &names[field];
            match recognise(&[field], name, false, sample, options)? {
                Some(stamps) if stamps.has_date() && stamps.pattern() != "%Y" => {
                    let beside = [Some(field + 1), field.checked_sub(1)].into_iter().flatten();
                    let clocks = beside.filter(|other| {
                        !stamps.has_clock() && candidates.contains(other) && sketch[*other].is_text()
                    });
                    for clock in clocks {
                        let fields = vec![field, clock];
                        let name = joined_name(&fields, names);
                        if let Some(stamps) = recognise(&fields, &name, true, sample, options)? {
                            return Ok(Some(Self { fields, name, form: Form::Stamps(stamps) }));
                        }
                    }
                    let form = Form::Stamps(stamps);
                    return Ok(Some(Self { fields: vec![field], name: name.clone(), form }));
                }
                None if sketch[field].time => {
                    // The first field may have a form that others lack: reading names the first of them.
                    let first = [StringRecord::from(vec![first_text(field, sample)])];
                    if let Some(stamps) = recognise(&[0], name, true, &first, options)? {
                        let form = Form::Stamps(stamps);
                        return Ok(Some(Self { fields: vec![field], name: name.clone(), form }));
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Writes the text of a row's time.
    pub(crate) fn text(&self, row: &StringRecord, text: &mut String) {
        Stamps::join(text, self.fields.iter().map(|&field| &row[field]));
    }

    /// Reads a time; `previous` decides what a field leaves open. None if the text has another form.
    pub(crate) fn read(&self, text: &str, previous: Option<Time>) -> Option<Time> {
        match &self.form {
            Form::Stamps(stamps) => {
                stamps.parse_after(text, previous.as_ref().and_then(Time::instant)).ok().map(Time::Instant)
            }
            Form::Number(_) => number(text).map(Time::Number),
            Form::Other => Some(Time::Unknown),
        }
    }

    /// Describes the form, for messages.
    pub(crate) fn words(&self) -> String {
        match &self.form {
            Form::Stamps(stamps) => format!("a time of the form {}", shown(&stamps.form())),
            Form::Number(_) => "a number".into(),
            Form::Other => "text".into(),
        }
    }

    /// Whether its texts are dates or times of day.
    pub(crate) fn is_stamps(&self) -> bool {
        matches!(self.form, Form::Stamps(_))
    }

    /// Whether it has times of day without a date.
    pub(crate) fn is_clock(&self) -> bool {
        matches!(&self.form, Form::Stamps(stamps) if !stamps.has_date())
    }

    /// Whether times can be compared.
    pub(crate) fn is_comparable(&self) -> bool {
        self.form != Form::Other
    }
}

/// A text of joined fields, for people.
pub(crate) fn shown(text: &str) -> String {
    text.replace(Stamps::JOINT, " ")
}

/// The first text in a column.
fn first_text(field: usize, sample: &[StringRecord]) -> &str {
    sample.iter().map(|row| row[field].trim()).find(|text| !text.is_empty()).unwrap_or_default()
}

/// The largest number of decimals in a column; at most 9, as with an exponent.
fn decimals(field: usize, sample: &[StringRecord]) -> u8 {
    let of = |text: &str| match text.trim().split_once('.') {
        _ if text.contains(['e', 'E']) => 9,
        Some((_, decimals)) => decimals.len().min(9) as u8,
        None => 0,
    };
    sample.iter().map(|row| of(&row[field])).max().unwrap_or(0)
}

fn joined_name(fields: &[usize], names: &[String]) -> String {
    fields.iter().map(|&field| names[field].as_str()).collect::<Vec<_>>().join(",")
}

/// Parses a number that is finite in single precision.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|&number: &f64| (number as f32).is_finite())
}

fn recognise(
    fields: &[usize],
    name: &str,
    asked: bool,
    sample: &[StringRecord],
    options: &SeriesOptions,
) -> Result<Option<Box<Stamps>>, SeriesError> {
    let mut text = String::new();
    let mut texts = sample.iter().map(|row| {
        Stamps::join(&mut text, fields.iter().map(|&field| &row[field]));
        text.clone()
    });
    // A model knows the form from more rows than a new file may have.
    if let Some(clock) = &options.clock
        && clock.columns().join(",") == name
        && let clock::Form::Dates(stamps, _) = clock.form()
        && texts.all(|text| stamps.parse(&text).is_ok())
    {
        return Ok(Some(Box::new(stamps.clone())));
    }
    let path = || options.path.clone();
    let known = stamps::Options { name: Some(name), asked, day_first: options.day_first, zone: None };
    let mut recogniser = stamps::Recogniser::new(&known)
        .map_err(|error| SeriesError::AmbiguousTimes { path: path(), text: error.to_string() })?;
    let mut text = String::new();
    for row in sample {
        Stamps::join(&mut text, fields.iter().map(|&field| &row[field]));
        recogniser.push(&text);
        if recogniser.is_hopeless(sample.len()) {
            return Ok(None);
        }
    }
    match recogniser.finish() {
        Recognised::Times(stamps) => Ok(Some(Box::new(stamps))),
        Recognised::Ambiguous(readings) => {
            let rows = match sample.len() {
                1 => "the first row does not show which".to_owned(),
                rows => format!("the first {rows} rows do not show which"),
            };
            let text = format!("column {}: {}, and {rows}", shorten(name), shown(&readings.to_string()));
            Err(SeriesError::AmbiguousTimes { path: path(), text })
        }
        Recognised::No => Ok(None),
    }
}

impl TableGroup {
    /// Sorts the rows by time; rows of one time keep their order. `columns` is the number of values in a row.
    pub(super) fn sort(&mut self, columns: usize) {
        let times = std::mem::take(&mut self.times);
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|&a, &b| times[a].0.partial_cmp(&times[b].0).unwrap_or(Ordering::Equal));
        self.first = order.first().map(|&row| times[row].1.clone());
        self.last = order.last().map(|&row| times[row].1.clone());
        let (mut spacing, mut numbers) = (Spacing::default(), Numbers::default());
        for &row in &order {
            match times[row].0 {
                Time::Instant(instant) => spacing.push(instant),
                Time::Number(number) => numbers.push(number),
                Time::Unknown => {}
            }
        }
        self.spacing = self.spacing.is_some().then(|| Box::new(spacing));
        self.numbers = self.numbers.is_some().then(|| Box::new(numbers));
        let mut values = Vec::with_capacity(self.values.len());
        order.iter().for_each(|row| values.extend_from_slice(&self.values[row * columns..][..columns]));
        self.values = values;
        if !self.moments.is_empty() {
            self.moments = order.iter().map(|&row| self.moments[row]).collect();
        }
        self.lines = order.iter().map(|&row| self.lines.get(row)).collect();
    }
}
