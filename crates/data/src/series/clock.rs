//! The clock of a series: how its rows write times, how far they are apart, and what a model reads of the calendar.

use serde::{Deserialize, Serialize};

use super::times::{Time, number};
use crate::shift::figure;
use crate::stamps::{Feature, StampError, Stamps, Step, calendar, is_like};

/// How the rows of a series write times, how far they are apart, and what a model reads of the calendar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Clock {
    columns: Vec<String>,
    form: Form,
    calendar: Vec<Feature>,
}

/// How times are written, and the usual distance of rows: equal for most of them, or the median where they are about
/// equal; None if they vary more.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Dates(Stamps, Option<Step>),
    /// Numbers with so many decimals.
    Numbers(u8, Option<f64>),
}

/// A clock as checkpoints contain it: `pattern` of dates, or `decimals` of numbers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    columns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    calendar: Vec<Feature>,
}

impl TryFrom<Stored> for Clock {
    type Error = StampError;

    fn try_from(stored: Stored) -> Result<Self, StampError> {
        let form = match stored.decimals {
            Some(decimals) => Form::Numbers(decimals, stored.distance),
            None => {
                let pattern = stored.pattern.unwrap_or_default();
                Form::Dates(Stamps::from_pattern(&pattern, stored.zone.as_deref())?, stored.step)
            }
        };
        Ok(Self { columns: stored.columns, form, calendar: stored.calendar })
    }
}

impl From<Clock> for Stored {
    fn from(Clock { columns, form, calendar }: Clock) -> Self {
        let stored = Self { columns, calendar, ..Self::default() };
        match form {
            Form::Dates(stamps, step) => {
                let zone = stamps.zone_name().map(str::to_owned);
                Self { pattern: Some(stamps.pattern()), zone, step, ..stored }
            }
            Form::Numbers(decimals, distance) => Self { decimals: Some(decimals), distance, ..stored },
        }
    }
}

impl Clock {
    pub(super) fn new(columns: Vec<String>, form: Form, calendar: Vec<Feature>) -> Self {
        Self { columns, form, calendar }
    }

    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// What is wrong with a clock that was read from a file; None if it can be used.
    pub fn problem(&self) -> Option<&'static str> {
        let repeated = (1..self.calendar.len()).any(|i| self.calendar[..i].contains(&self.calendar[i]));
        match &self.form {
            _ if self.columns.is_empty() => Some("it has no columns"),
            _ if repeated => Some("a feature of its calendar occurs twice"),
            Form::Numbers(..) if !self.calendar.is_empty() => Some("numbers have no calendar"),
            Form::Numbers(_, Some(distance)) if !(*distance > 0.0 && distance.is_finite()) => {
                Some("its distance is not a finite number above 0")
            }
            Form::Dates(_, Some(step)) if !step.is_sensible() => Some("its step is out of range"),
            _ => None,
        }
    }

    /// Names of the time column, or of the columns of date and time of day.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether rows have a usual distance, so that the times of the rows ahead are known.
    pub fn is_regular(&self) -> bool {
        matches!(self.form, Form::Dates(_, Some(_)) | Form::Numbers(_, Some(_)))
    }

    /// Says how far the rows are apart, if it is another distance than in the data that a model was trained on.
    pub fn differs(&self, learned: &Self) -> Option<String> {
        let (own, learned) = match (&self.form, &learned.form) {
            (Form::Dates(_, Some(own)), Form::Dates(_, Some(learned))) if !own.is_like(learned) => {
                (own.rounded().to_string(), learned.rounded().to_string())
            }
            (Form::Numbers(_, Some(own)), Form::Numbers(_, Some(learned))) if !is_like(*own, *learned) => {
                (figure(*own), figure(*learned))
            }
            _ => return None,
        };
        Some(format!(
            "rows are {own} apart, but {learned} in the training data: the model reads a row as one step all the same"
        ))
    }

    /// The positions in the day, week and year that a model reads, two channels each, after those of the file.
    pub fn calendar(&self) -> &[Feature] {
        &self.calendar
    }

    /// Number of channels of the calendar.
    pub fn channels(&self) -> usize {
        2 * self.calendar.len()
    }

    /// Reads the fields of the time columns; `previous` is the time of the row before. None if they have another form.
    pub fn read<'a>(
        &self,
        fields: impl IntoIterator<Item = &'a str>,
        previous: Option<&Time>,
    ) -> Option<Time> {
        let mut text = String::new();
        Stamps::join(&mut text, fields);
        match &self.form {
            Form::Dates(stamps, _) => {
                stamps.parse_after(&text, previous.and_then(Time::instant)).ok().map(Time::Instant)
            }
            Form::Numbers(..) => number(&text).map(Time::Number),
        }
    }

    /// Writes a time as the rows do: a text for each of the time columns.
    pub fn write(&self, time: &Time) -> Vec<String> {
        match (&self.form, time) {
            (Form::Dates(stamps, _), Time::Instant(instant)) => {
                stamps.format(instant).split(Stamps::JOINT).map(str::to_owned).collect()
            }
            (Form::Numbers(decimals, _), Time::Number(number)) => {
                vec![format!("{number:.*}", usize::from(*decimals))]
            }
            _ => vec![String::new(); self.columns.len()],
        }
    }

    /// A time in the form of the rows, for messages: 30 November 2021, 17:05:09.
    pub fn example(&self) -> String {
        match &self.form {
            Form::Dates(stamps, _) => stamps.example().replace(Stamps::JOINT, " "),
            Form::Numbers(decimals, _) => format!("{:.*}", usize::from(*decimals), 1.0),
        }
    }

    /// The time of the row that is `rows` rows after one with the time `from`; None if rows have no usual distance.
    pub fn after(&self, from: &Time, rows: usize) -> Option<Time> {
        match (&self.form, from) {
            (Form::Dates(stamps, Some(step)), Time::Instant(from)) => {
                Some(Time::Instant(stamps.advance(from, &step.after_row(from), rows as i64)))
            }
            (Form::Numbers(_, Some(step)), Time::Number(from)) => {
                Some(Time::Number(from + rows as f64 * step))
            }
            _ => None,
        }
    }

    /// The numbers that a model reads of the calendar: sine and cosine of each position. They are not standardised.
    pub fn inputs(&self, time: &Time) -> impl Iterator<Item = f32> {
        let of = |instant| self.calendar.iter().flat_map(move |&feature| calendar(instant, feature));
        time.instant().into_iter().flat_map(of).map(|value| value as f32)
    }
}
