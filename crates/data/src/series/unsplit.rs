//! A file that was read once, to be described, and to find out how it can be cut into parts.

use super::describe::Description;
use super::error::SeriesError;
use super::table::Table;
use super::{Series, SeriesOptions, rows};

/// A series before it is cut into parts.
pub(crate) struct Unsplit(Table);

impl Unsplit {
    /// Reads the file of the options; window, horizon, fractions and the treatment of missing values do not matter.
    ///
    /// # Errors
    /// [`SeriesError`] if the file cannot be read as a table.
    pub(crate) fn read(options: &SeriesOptions) -> Result<Self, SeriesError> {
        Ok(Self(Table::read(options, rows::open(&options.path)?)?))
    }

    /// What the file holds, with the spread of each column.
    pub(crate) fn describe(&self) -> Description {
        let mut description = Description::of(&self.0);
        for (index, column) in description.columns.iter_mut().enumerate() {
            column.spread = self.0.spread(index);
        }
        description
    }

    /// Whether there is a column of times.
    pub(crate) fn has_times(&self) -> bool {
        self.0.layout.time.is_some()
    }

    /// Whether it can be cut into the parts and windows of the options, and its missing values treated as they say.
    ///
    /// # Errors
    /// As [`Series::load`].
    pub(crate) fn check(&self, options: &SeriesOptions) -> Result<(), SeriesError> {
        options.check()?;
        Series::split(self.0.clone(), options).map(drop)
    }
}
