//! The times of a series: how its column writes them, their order, and their gaps.

use std::cmp::Ordering;

use csv::StringRecord;

use super::error::SeriesError;
use super::table::{Table, TableGroup};
use super::{Gaps, SeriesOptions};
use crate::stamps::{self, Instant, Recognised, Spacing, Stamps, Step};
use crate::table::{Column, shorten};

/// Least length of a gap in a series of weekdays, in steps: holidays are no gaps.
const HOLIDAYS: f64 = 4.5;

/// How a column writes times.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// Dates or times of day.
    Stamps(Box<Stamps>),
    /// Numbers in any unit: seconds, row numbers.
    Number,
    /// Any other text; its order is not known.
    Other,
}

/// A point in time, comparable with others of the same [`Form`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Time {
    /// A number in any unit.
    Number(f64),
    /// A date, a time of day, or both.
    Instant(Instant),
    /// Neither before nor after any other.
    Unknown,
}

impl Time {
    /// Whether it is before `other`.
    pub(super) fn before(self, other: Self) -> bool {
        self.partial_cmp(&other) == Some(Ordering::Less)
    }
}

/// The time column, or the columns of date and time of day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimeColumn {
    pub(super) fields: Vec<usize>,
    /// Its name, or their names.
    pub(super) name: String,
    pub(super) form: Form,
}

impl TimeColumn {
    /// Decides how the columns that a user names write times.
    pub(super) fn named(
        fields: Vec<usize>,
        names: &[String],
        sample: &[StringRecord],
        options: &SeriesOptions,
    ) -> Result<Self, SeriesError> {
        let name = joined_name(&fields, names);
        let form = match recognise(&fields, &name, true, sample, options)? {
            Some(stamps) => Form::Stamps(stamps),
            None if fields.len() == 1 && number(first_text(fields[0], sample)).is_some() => Form::Number,
            None => Form::Other,
        };
        Ok(Self { fields, name, form })
    }

    /// Finds the first column of times, and a column of times of day beside one of dates. Years alone may be an input.
    pub(super) fn find(
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
                    // The first field has a form that others lack: reading names the first of them.
                    let first = [StringRecord::from(vec![first_text(field, sample)])];
                    let stamps = recognise(&[0], name, true, &first, options)?;
                    let form = stamps.map_or(Form::Other, Form::Stamps);
                    return Ok(Some(Self { fields: vec![field], name: name.clone(), form }));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Writes the text of a row's time.
    pub(super) fn text(&self, row: &StringRecord, text: &mut String) {
        Stamps::join(text, self.fields.iter().map(|&field| &row[field]));
    }

    /// Reads a time; `previous` decides what a field leaves open. None if the text has another form.
    pub(super) fn read(&self, text: &str, previous: Option<Time>) -> Option<Time> {
        match &self.form {
            Form::Stamps(stamps) => {
                let previous = match &previous {
                    Some(Time::Instant(instant)) => Some(instant),
                    _ => None,
                };
                stamps.parse_after(text, previous).ok().map(Time::Instant)
            }
            Form::Number => number(text).map(Time::Number),
            Form::Other => Some(Time::Unknown),
        }
    }

    /// Describes the form, for messages.
    pub(super) fn words(&self) -> String {
        match &self.form {
            Form::Stamps(stamps) => format!("a time of the form {}", shown(&stamps.form())),
            Form::Number => "a number".into(),
            Form::Other => "text".into(),
        }
    }

    /// Whether times can be compared.
    pub(super) fn is_comparable(&self) -> bool {
        self.form != Form::Other
    }
}

/// A text of joined fields, for people.
pub(super) fn shown(text: &str) -> String {
    text.replace(Stamps::JOINT, " ")
}

/// The first text in a column.
fn first_text(field: usize, sample: &[StringRecord]) -> &str {
    sample.iter().map(|row| row[field].trim()).find(|text| !text.is_empty()).unwrap_or_default()
}

fn joined_name(fields: &[usize], names: &[String]) -> String {
    fields.iter().map(|&field| names[field].as_str()).collect::<Vec<_>>().join(",")
}

/// Parses a number that is finite in single precision.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|&number: &f64| (number as f32).is_finite())
}

fn recognise(
    fields: &[usize],
    name: &str,
    asked: bool,
    sample: &[StringRecord],
    options: &SeriesOptions,
) -> Result<Option<Box<Stamps>>, SeriesError> {
    let path = || options.path.clone();
    let known = stamps::Options { name: Some(name), asked, day_first: options.day_first, zone: None };
    let mut recogniser = stamps::Recogniser::new(&known)
        .map_err(|error| SeriesError::AmbiguousTimes { path: path(), text: error.to_string() })?;
    let mut text = String::new();
    for row in sample {
        Stamps::join(&mut text, fields.iter().map(|&field| &row[field]));
        recogniser.push(&text);
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

/// How regular the times of a series are.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Regularity {
    /// The usual distance of consecutive rows, such as "10 minutes"; None if times have no unit.
    pub step: Option<String>,
    /// Rows with the time of the row before them.
    pub duplicates: u64,
    /// Distances that are neither the usual one nor gaps.
    pub irregular: u64,
    /// Number of gaps.
    pub gaps: usize,
    /// Length of the longest gap in steps, and the line of the row after it.
    pub longest_gap: Option<(f64, u64)>,
}

impl Regularity {
    /// What a user should know of it, and what happens with it.
    pub fn notices(&self, gaps: Gaps) -> Vec<String> {
        let mut notices = Vec::new();
        let counted = |count: u64, noun: &str| crate::wording::counted(count, noun);
        if let (Some((steps, line)), Some(step)) = (self.longest_gap, &self.step) {
            let happens = match gaps {
                Gaps::Ignore => "the rows before and after a gap are read as neighbours",
                Gaps::Split | Gaps::Error => "no window spans one (--gaps ignore joins the rows)",
            };
            notices.push(format!(
                "rows are {step} apart, with {}, the longest of {steps:.0} steps before line {line}: {happens}",
                counted(self.gaps as u64, "gap")
            ));
        }
        if self.duplicates > 0 {
            let (rows, have) =
                (counted(self.duplicates, "row"), if self.duplicates == 1 { "has" } else { "have" });
            notices.push(format!(
                "{rows} {have} the time of the row before: they stay, in the order of the file"
            ));
        }
        if let (true, Some(step)) = (self.irregular > 0, &self.step) {
            notices.push(format!(
                "{} between rows differ from the usual {step}: a row counts as one step all the same",
                counted(self.irregular, "distance")
            ));
        }
        notices
    }
}

impl Table {
    /// The rows of each group before which there is a gap, and how regular the times are.
    pub(super) fn gaps(&self) -> (Vec<Vec<usize>>, Regularity) {
        let spacings = || self.groups.iter().filter_map(|group| group.spacing.as_deref());
        let usual = Spacing::usual(spacings());
        let mut all = Regularity::default();
        let mut of = |group: &TableGroup| {
            let Some(spacing) = &group.spacing else { return Vec::new() };
            let report = spacing.report(usual);
            all.step = all.step.take().or_else(|| report.step_text());
            all.duplicates += report.duplicates;
            all.irregular += report.irregular;
            let least = if report.step == Some(Step::Weekdays) { HOLIDAYS } else { 0.0 };
            let gaps = report.gaps.iter().filter(|gap| gap.steps > least);
            let rows: Vec<usize> = gaps.clone().map(|gap| gap.row as usize).collect();
            all.gaps += rows.len();
            for gap in gaps {
                if all.longest_gap.is_none_or(|(steps, _)| gap.steps > steps) {
                    all.longest_gap = Some((gap.steps, group.lines.get(gap.row as usize)));
                }
            }
            rows
        };
        (self.groups.iter().map(&mut of).collect(), all)
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
        let mut spacing = Spacing::default();
        for &row in &order {
            if let Time::Instant(instant) = times[row].0 {
                spacing.push(instant);
            }
        }
        self.spacing = self.spacing.is_some().then(|| Box::new(spacing));
        let mut values = Vec::with_capacity(self.values.len());
        order.iter().for_each(|row| values.extend_from_slice(&self.values[row * columns..][..columns]));
        self.values = values;
        self.lines = order.iter().map(|&row| self.lines.get(row)).collect();
    }
}
