//! What is said about the data before they are inspected.

use crate::table::TableOptions;

/// What is said about the data.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// How a table is written, and the encoding of any file.
    pub table: TableOptions,
    /// The columns of a series that are read (`--columns`); none for all columns of numbers.
    pub columns: Vec<String>,
    /// The time column (`--time-column`).
    pub time_column: Option<String>,
    /// Whether the rows of a series, or the steps of sequences, are sorted by time (`--sort-time`).
    pub sort_time: bool,
    /// Whether the day comes before the month (`--day-first`).
    pub day_first: Option<bool>,
}
