//! The times of forecast rows, written as the rows of the file write theirs.

use std::path::Path;

use longspan_data::schema::Forecast;
use longspan_data::series::{Clock, Segment, Series};

use super::job::Job;
use super::table::Cell;
use crate::failure::{Failure, fail};
use crate::streams;

/// The columns of the output that say when a forecast row is.
pub(super) enum Times<'s> {
    /// None: the rows have no times, or none that can be compared.
    Nothing,
    /// The time of the row itself, in the columns of the file.
    Rows(&'s Clock),
}

impl<'s> Times<'s> {
    /// The columns for the forecasts of a series. Says once on standard error if the forecast rows have no times.
    pub(super) fn of(series: &'s Series, job: &Job) -> Self {
        let Some(found) = &series.description().time else { return Self::Nothing };
        let clock = series.clock();
        if !clock.is_some_and(Clock::is_regular) {
            let so = match job.every {
                true => "forecasts of rows that the file does not have are without a time",
                false => "forecasts have no times",
            };
            streams::note(format_args!(
                "note: {}: the rows have no usual distance in column {}: {so}",
                job.path.display(),
                found.column
            ));
        }
        match clock {
            Some(clock) => Self::Rows(clock),
            None => Self::Nothing,
        }
    }

    /// The names of the columns. A name that another column has is preceded by "time:".
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Rows(clock) => {
                let name = |name: &String| match name.as_str() {
                    "group" | "line" | "step" => format!("time:{name}"),
                    _ => name.clone(),
                };
                clock.columns().iter().map(name).collect()
            }
        }
    }

    /// The cells of a row of a segment, or of a row after its end. They are empty if the time is not known.
    pub(super) fn cells<'a>(&self, series: &Series, segment: &Segment, row: usize) -> Vec<Cell<'a>> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Rows(clock) => match series.time(segment, row) {
                Some(time) => clock.write(&time).into_iter().map(Cell::Owned).collect(),
                None => clock.columns().iter().map(|_| Cell::Nothing).collect(),
            },
        }
    }
}

/// The calendar of the rows ahead of the windows in `starts`, which a forecast reads beyond the rows of one pass.
///
/// # Errors
/// A message if the times of these rows are not known.
pub(super) fn known(
    series: &Series,
    forecast: &Forecast,
    starts: &[(&Segment, usize)],
    path: &Path,
) -> Result<Vec<f32>, Failure> {
    let Some(clock) = series.clock().filter(|clock| clock.channels() > 0) else { return Ok(Vec::new()) };
    let mut known = Vec::new();
    if forecast.ahead > forecast.horizon {
        for &(segment, start) in starts {
            for row in start + forecast.window..start + forecast.window + forecast.ahead {
                let time = series.time(segment, row).ok_or_else(|| unknown(&path.display().to_string()))?;
                known.extend(clock.inputs(&time));
            }
        }
    }
    Ok(known)
}

/// The message that the calendar of the rows ahead is not known.
pub(super) fn unknown(source: &str) -> Failure {
    fail(format!(
        "{source}: the model reads the calendar of rows that it has predicted, and the rows have no usual distance in \
         time, so the times of these rows are not known: add the missing rows, or train without --recursive"
    ))
}
