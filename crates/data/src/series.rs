//! Numeric series from files of separated values: the model reads W rows and predicts some columns of the next H rows.
//!
//! # Equations
//! x_{t,d} is the value of column d in row t. μ_d and σ_d are its mean and standard deviation over the R rows of the
//! training part, accumulated in f64:
//!
//! ```text
//! μ_d = 1/R Σ_t x_{t,d}        σ_d² = 1/R Σ_t (x_{t,d} − μ_d)²        z_{t,d} = (x_{t,d} − μ_d) / σ_d
//! ```
//!
//! A column that is constant over the training part has σ_d = 1. The one-hot columns of a categorical column are not
//! standardised: μ_d = 0 and σ_d = 1. Window i of a stretch of rows reads z_i … z_{i+W−1};
//! its targets are the target columns of z_{i+W} … z_{i+W+H−1}.
//!
//! # The file
//! [`crate::table`] reads it. Arrays of NumPy (`.npy`, `.npz`) are read as a table: of `[T, D]`, T rows of D columns that
//! are called c0, c1 and so on; of several arrays `[T]`, one column each.
//! One row is one step, however far the times of two rows are apart; times must not decrease within a group. Without
//! `--time-column`, the time column is the first one whose fields [`crate::stamps`] recognises as dates. Times that are
//! neither dates nor numbers cannot be compared: [`TimeSpan::checked`] is false, and the rows are assumed to be in the
//! order of time. Rows of several groups may be interleaved. A group has one value in each of the columns of
//! `--group-column`; with several columns its name is `store=1 item=7`. Text columns are left out unless `--columns`
//! or `--categorical` names them.
//!
//! # The calendar
//! [`SeriesOptions::calendar`] adds two columns for each of its features, after those of the file:
//! [`crate::stamps::calendar`] of the time of the row. They are inputs and never targets. Their values are between -1
//! and 1 and are not standardised, so they do not depend on which part of the year the training part covers.
//!
//! # Parts
//! Of the N rows of each group the first N − ⌊vN⌋ − ⌊uN⌋ are for training, the next ⌊vN⌋ for validation and the last
//! ⌊uN⌋ for the test; v and u are the two fractions. The targets of a window are in one part. Its inputs are rows of the
//! same part or, with [`SeriesOptions::reach_back`], up to W rows before the part: a validation window may begin in the
//! training part, and a test window in the validation part. So a validation part of V rows without a gap has
//! V − H + 1 windows instead of V − W − H + 1. Windows of the training part read rows of that part only. A group that is
//! too short for a window has no windows, but its rows count in μ and σ.
//!
//! # Missing values
//! Missing values are those of [`crate::table::is_missing`] and `--na`; so are blank lines in a file of one column.
//! [`Missing::Drop`] removes rows that lack any column that is read, before the parts are cut. The rows before and
//! after form two segments, and no window spans the gap. [`Missing::Interpolate`] fills a value in linearly between its
//! nearest neighbours, or with the nearest one at an end. Neighbours come from the same part of the group, so that no
//! part leaks into another. Within a part, an interpolated value depends on a later one; as a target it is scored like
//! any other.
//!
//! # Memory
//! The file is read row by row. Values are kept in f64 until all rows are read, then standardised and rounded to f32.

mod baseline;
mod channels;
mod clock;
mod dates;
mod describe;
mod error;
mod layout;
mod lines;
mod numbers;
mod one_hot;
mod options;
mod period;
mod regularity;
mod shift;
mod split;
mod table;
#[cfg(test)]
mod tests;
mod times;
mod unsplit;

use std::io::Read;
use std::ops::Range;

pub use baseline::{
    Accuracy, Naive, Score, longest_season, naive, naive_by_group, naive_losses, naive_mae,
    naive_mae_of_group,
};
pub use channels::{channels, value_range};
pub use clock::Clock;
pub use describe::{ColumnDescription, Description, GroupDescription, TimeSpan, describe};
pub use error::SeriesError;
pub use options::{Gaps, Missing, SeriesOptions};
pub use period::periods;
pub use regularity::Regularity;
pub use times::Time;
pub(crate) use times::{TimeColumn, shown};
pub(crate) use unsplit::Unsplit;

use super::categorical::Categorical;
use super::file;
use super::labelled::{GroupScaling, Scaling, numpy};
use super::table::TableError;
use lines::Lines;
use one_hot::OneHot;
use table::Table;

/// What is needed where a directory was named.
const NEED: &str = "one file of separated values with --series";

/// Reads the file of the options: a table, or arrays of NumPy.
fn read_file(options: &SeriesOptions) -> Result<Table, SeriesError> {
    let path = options.path.as_path();
    if !numpy::is_numpy(path) {
        return Table::read(options, file::open(path, NEED).map_err(TableError::from)?);
    }
    let text = numpy::series(path).map_err(Box::new)?;
    Table::read(&SeriesOptions { table: numpy::table_options(&options.table), ..options.clone() }, text)
}

/// A part of the series, by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// For training.
    Train,
    /// For validation.
    Valid,
    /// For the test at the end.
    Test,
}

impl Part {
    /// All parts, in the order of time.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// Says how to give a part more rows.
    fn more_rows(self) -> &'static str {
        match self {
            Self::Train => "a longer file",
            Self::Valid => "a larger --valid-fraction, or 0 for none",
            Self::Test => "a larger --test-fraction, or 0 for none",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Valid => "validation",
            Self::Test => "test",
        })
    }
}

/// A column of the series.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// Mean over the training part, μ.
    pub mean: f64,
    /// Standard deviation over the training part, σ, or 1 if the column is constant there.
    pub std: f64,
    /// Whether the column is constant over the training part.
    pub constant: bool,
    /// Number of missing values in the whole file.
    pub missing: u64,
    /// Whether it is 1 for one category and 0 for all others; then it is not standardised.
    pub one_hot: bool,
}

impl Column {
    /// Converts a standardised value to the units of the file, if groups share the scaling: x = μ + σz.
    pub fn original(&self, z: f64) -> f64 {
        self.mean + self.std * z
    }

    /// Standardises a value of the file: z = (x − μ)/σ.
    pub fn standardised(&self, x: f64) -> f64 {
        (x - self.mean) / self.std
    }
}

/// Consecutive rows of one group and one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Index into [`Series::groups`].
    pub group: usize,
    /// Line of the first row, from 1.
    pub first_line: u64,
    /// Rows of the group, not counting dropped ones.
    pub rows: Range<usize>,
}

/// Segments of a part.
#[derive(Clone, Debug, Default)]
struct Segments {
    all: Vec<Segment>,
    /// The row of the group from which windows of each segment may read: its first row, or an earlier one in the part
    /// before.
    begins: Vec<usize>,
    /// The number of windows up to the end of each segment.
    windows: Vec<usize>,
}

/// Inputs and targets of a window.
#[derive(Clone, Copy, Debug)]
pub struct Window<'s> {
    /// Standardised inputs, `[window, columns]`.
    pub inputs: &'s [f32],
    /// Standardised values of the next rows, `[horizon, columns]`.
    pub future: &'s [f32],
    columns: usize,
    targets: &'s [usize],
}

impl<'s> Window<'s> {
    /// Standardised targets, `[horizon, targets]`.
    pub fn targets(&self) -> impl Iterator<Item = f32> + use<'s> {
        let (targets, rows) = (self.targets, self.future.chunks_exact(self.columns));
        rows.flat_map(move |row| targets.iter().map(move |&target| row[target]))
    }
}

/// A standardised series in three parts.
#[derive(Clone, Debug)]
pub struct Series {
    /// The D columns, in the order of the values of a row: those of the file, then those of the calendar.
    pub columns: Vec<Column>,
    /// Indices of the K columns to forecast.
    pub targets: Vec<usize>,
    /// Rows that a window reads, W.
    pub window: usize,
    /// Rows that a window predicts, H.
    pub horizon: usize,
    /// Names of the groups; a single empty name if there are none.
    pub groups: Vec<String>,
    /// Number of rows that were dropped at the end of each group.
    dropped: Vec<usize>,
    description: Description,
    one_hot: OneHot,
    /// Number of columns that come from the file.
    measured: usize,
    clock: Option<Clock>,
    /// Time of each row of each group, if they are kept.
    moments: Vec<Vec<Time>>,
    /// Mean distance of consecutive rows, if their times are dates.
    seconds_per_row: Option<f64>,
    /// μ and σ of each group and column, if groups have their own; empty if they share those of `columns`.
    group_scales: Vec<Vec<(f64, f64)>>,
    /// Values of each group, `[rows, columns]`.
    values: Vec<Vec<f32>>,
    /// Line of each row of each group.
    lines: Vec<Lines>,
    parts: [Segments; 3],
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

    /// μ and σ of a column in a group.
    ///
    /// # Panics
    /// If there is no such group or column.
    pub fn scale(&self, group: usize, column: usize) -> (f64, f64) {
        let shared = || (self.columns[column].mean, self.columns[column].std);
        self.group_scales.get(group).map_or_else(shared, |columns| columns[column])
    }

    /// Converts a standardised value of a group to the units of the file: x = μ + σz.
    ///
    /// # Panics
    /// If there is no such group or column.
    pub fn original(&self, group: usize, column: usize, z: f64) -> f64 {
        let (mean, std) = self.scale(group, column);
        mean + std * z
    }

    /// The scaling of the columns, for the schema of a model.
    pub fn scaling(&self) -> Scaling {
        let groups = self.groups.iter().zip(&self.group_scales).map(|(name, columns)| GroupScaling {
            name: name.clone(),
            mean: columns.iter().map(|(mean, _)| *mean).collect(),
            std: columns.iter().map(|(_, std)| *std).collect(),
        });
        Scaling {
            mean: self.columns.iter().map(|column| column.mean).collect(),
            std: self.columns.iter().map(|column| column.std).collect(),
            groups: groups.collect(),
        }
    }

    /// The columns of categories.
    pub fn categorical(&self) -> &[Categorical] {
        &self.one_hot.columns
    }

    /// Notices about categories that the training part does not have.
    pub fn unknown(&self) -> &[String] {
        &self.one_hot.unknown
    }

    /// Description of the file.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Number of rows at the end of a group that were dropped because they lack a value.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn dropped_at_end(&self, group: usize) -> usize {
        self.dropped[group]
    }

    /// Segments of a part, group by group.
    pub fn segments(&self, part: Part) -> &[Segment] {
        &self.parts[part as usize].all
    }

    /// Standardised values of a segment, `[rows, columns]`.
    pub fn values(&self, segment: &Segment) -> &[f32] {
        let columns = self.columns.len();
        &self.values[segment.group][segment.rows.start * columns..segment.rows.end * columns]
    }

    /// Line of a row of a segment, from 1.
    ///
    /// # Panics
    /// If the segment does not have the row.
    pub fn line(&self, segment: &Segment, row: usize) -> u64 {
        assert!(row < segment.rows.len(), "row {row} of {}", segment.rows.len());
        self.lines[segment.group].get(segment.rows.start + row)
    }

    /// The columns that come from the file, without those of the calendar.
    pub fn measured(&self) -> &[Column] {
        &self.columns[..self.measured]
    }

    /// How the rows write times, and how far they are apart; None if they have no times of a known form.
    pub fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }

    /// Time of a row of a segment, if the times are kept. The rows after its end are as far apart as rows usually are;
    /// they have no times if that is not known.
    pub fn time(&self, segment: &Segment, row: usize) -> Option<Time> {
        let times = self.moments.get(segment.group)?.get(segment.rows.clone())?;
        match times.get(row) {
            Some(time) => Some(*time),
            None => self.clock.as_ref()?.after(times.last()?, row + 1 - times.len()),
        }
    }

    /// Number of rows of a part.
    pub fn rows(&self, part: Part) -> usize {
        self.segments(part).iter().map(|segment| segment.rows.len()).sum()
    }

    /// Number of windows of a part.
    pub fn windows(&self, part: Part) -> usize {
        self.parts[part as usize].windows.last().copied().unwrap_or(0)
    }

    /// The group of a window of a part.
    ///
    /// # Panics
    /// If the part does not have the window.
    pub fn group_of(&self, part: Part, index: usize) -> usize {
        let Segments { all, windows, .. } = &self.parts[part as usize];
        all[windows.partition_point(|&end| end <= index)].group
    }

    /// Window `index` of a part.
    ///
    /// # Panics
    /// If the part does not have the window.
    pub fn window(&self, part: Part, index: usize) -> Window<'_> {
        let Segments { all, begins, windows } = &self.parts[part as usize];
        let segment = windows.partition_point(|&end| end <= index);
        let before = segment.checked_sub(1).map_or(0, |last| windows[last]);
        let columns = self.columns.len();
        let rows = begins[segment] + index - before..all[segment].rows.end;
        let rows = &self.values[all[segment].group][rows.start * columns..rows.end * columns];
        let (inputs, rest) = rows.split_at(self.window * columns);
        Window { inputs, future: &rest[..self.horizon * columns], columns, targets: &self.targets }
    }
}
