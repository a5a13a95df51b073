//! The time column of a series, and how it writes times.

use csv::StringRecord;

use super::clock;
use super::error::SeriesError;
use super::options::SeriesOptions;
use super::times::{Time, number};
use crate::stamps::{self, Recognised, Stamps};
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
