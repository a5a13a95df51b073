//! Reading a series from a file: a table, or arrays of NumPy.

use std::io::Read;

use super::error::SeriesError;
use super::options::SeriesOptions;
use super::standardised::Series;
use super::table::Table;
use crate::file;
use crate::labelled::numpy;
use crate::table::TableError;

/// What is needed where a directory was named.
const NEED: &str = "one file of separated values with --series";

/// Reads the file of the options: a table, or arrays of NumPy.
pub(super) fn read_file(options: &SeriesOptions) -> Result<Table, SeriesError> {
    let path = options.path.as_path();
    if !numpy::is_numpy(path) {
        return Table::read(options, file::open(path, NEED).map_err(TableError::from)?);
    }
    let text = numpy::series(path).map_err(Box::new)?;
    Table::read(&SeriesOptions { table: numpy::table_options(&options.table), ..options.clone() }, text)
}

impl Series {
    /// Reads the file of the options.
    ///
    /// # Errors
    /// [`SeriesError`] says what is wrong, with file, line and value, and what to do.
    pub fn load(options: &SeriesOptions) -> Result<Self, SeriesError> {
        options.check()?;
        Self::split(read_file(options)?, options)
    }

    /// Reads a series from `reader`; messages name `options.path`.
    ///
    /// # Errors
    /// As [`Series::load`].
    pub fn read(options: &SeriesOptions, reader: impl Read) -> Result<Self, SeriesError> {
        options.check()?;
        Self::split(Table::read(options, reader)?, options)
    }

    /// Reads a series from `reader`, or else from the file, to forecast what follows it. All rows are one part, a
    /// window needs no rows after it ([`Series::horizon`] is 0), and there may be no window at all.
    ///
    /// # Errors
    /// As [`Series::load`].
    pub fn to_predict(options: &SeriesOptions, reader: Option<Box<dyn Read>>) -> Result<Self, SeriesError> {
        options.check()?;
        let whole = SeriesOptions {
            horizon: 0,
            valid_fraction: 0.0,
            test_fraction: 0.0,
            keep_times: true,
            ..options.clone()
        };
        let table = match reader {
            Some(reader) => Table::read(&whole, reader)?,
            None => read_file(&whole)?,
        };
        Self::split(table, &whole)
    }
}
