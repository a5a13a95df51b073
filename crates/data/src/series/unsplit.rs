//! A file that was read once, to describe it and to try how it can be split into parts.

use super::describe::Description;
use super::error::SeriesError;
use super::load::read_file;
use super::options::SeriesOptions;
use super::standardised::Series;
use super::table::Table;
use super::time_column::Form;
use crate::stamps::Stamps;
use crate::table::TableOptions;

/// A series that is not split into parts yet.
pub(crate) struct Unsplit(Table);

impl Unsplit {
    /// Reads the file of the options. Window, horizon, fractions and the treatment of missing values are ignored.
    ///
    /// # Errors
    /// [`SeriesError`] if the file cannot be read as a table.
    pub(crate) fn read(options: &SeriesOptions) -> Result<Self, SeriesError> {
        Ok(Self(read_file(options)?))
    }

    /// The same from the bytes of a table in UTF-8.
    ///
    /// # Errors
    /// As [`Unsplit::read`].
    pub(crate) fn of(options: &SeriesOptions, table: &[u8]) -> Result<Self, SeriesError> {
        let decoded = TableOptions { encoding: None, ..options.table.clone() };
        Ok(Self(Table::read(&SeriesOptions { table: decoded, ..options.clone() }, table)?))
    }

    /// Describes the file, with the spread of each column.
    pub(crate) fn describe(&self) -> Description {
        Description::with_spreads(&self.0)
    }

    /// See [`Description::restarts`].
    pub(crate) fn restarts(&self) -> Option<&(String, String)> {
        self.0.restarts.as_ref()
    }

    /// Fields of the time columns.
    pub(crate) fn times(&self) -> &[usize] {
        self.0.layout.time.as_ref().map_or(&[], |time| &time.fields)
    }

    /// Whether the times have a date.
    pub(crate) fn has_date(&self) -> bool {
        self.stamps().is_some_and(Stamps::has_date)
    }

    /// Whether the times have a time of day.
    pub(crate) fn has_clock(&self) -> bool {
        self.stamps().is_some_and(Stamps::has_clock)
    }

    /// The form of times that are not numbers in any unit.
    fn stamps(&self) -> Option<&Stamps> {
        match &self.0.layout.time.as_ref()?.form {
            Form::Stamps(stamps) => Some(stamps),
            Form::Number(_) | Form::Other => None,
        }
    }

    /// Whether there is a time column.
    pub(crate) fn has_times(&self) -> bool {
        self.0.layout.time.is_some()
    }

    /// Checks that the series can be split into the parts and windows of the options, with their treatment of missing
    /// values.
    ///
    /// # Errors
    /// As [`Series::load`].
    pub(crate) fn check(&self, options: &SeriesOptions) -> Result<(), SeriesError> {
        options.check()?;
        Series::split(self.0.clone(), options).map(drop)
    }
}

/// Reads the file of the options and describes it. Missing values are counted and are not an error. Window, horizon and
/// fractions are ignored.
///
/// # Errors
/// [`SeriesError`] if the file cannot be read as a table.
pub fn describe(options: &SeriesOptions) -> Result<Description, SeriesError> {
    Ok(Unsplit::read(options)?.describe())
}
