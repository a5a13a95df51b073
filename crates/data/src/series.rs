//! Numeric series from separated values: the last W rows go in, the next H rows of some columns come out.
//!
//! # Equations
//! With x_{t,d} the value of column d on row t, and μ_d and σ_d its mean and standard deviation over the R rows of the
//! training part,
//!
//! ```text
//! μ_d = 1/R Σ_t x_{t,d}        σ_d² = 1/R Σ_t (x_{t,d} − μ_d)²        z_{t,d} = (x_{t,d} − μ_d) / σ_d
//! ```
//!
//! are accumulated in f64. A column that is constant over the training part has σ_d = 1. Window i of a stretch of rows
//! reads z_i … z_{i+W−1} and is to predict the target columns of z_{i+W} … z_{i+W+H−1}.
//!
//! # The file
//! Fields are separated by commas, tabs or semicolons, whichever the header has most of; the header is required. One row is
//! one step, whatever its time says: times are checked never to decrease within a group, and used for nothing else. Where
//! `--time-column` names none, the first column (after that of the groups) is taken for it if it does not hold numbers
//! and looks like a date. Only numbers and dates written from the year down can be compared; for others
//! [`TimeSpan::checked`] is false, and the order of the rows is taken for that of time. Rows of several groups may be
//! interleaved. Columns of text are left out unless `--columns` names them.
//!
//! # Parts
//! Of the N rows of each group the first N − ⌊vN⌋ − ⌊uN⌋ are for training, the next ⌊vN⌋ for validation and the last ⌊uN⌋
//! for testing, with v and u the two fractions. Windows lie inside their part, inputs too. A group that is too short for a
//! window counts in μ and σ and has none.
//!
//! # Missing values
//! NA, NaN, null, ? and nothing, in any case, are missing; in a file of one column blank lines are. With [`Missing::Drop`] a
//! row that lacks any column that is read is cut out before the parts are, and what comes before and after it are two segments:
//! no window spans the gap. With [`Missing::Interpolate`] a value is on the line between the nearest before and after it,
//! or equal to the nearest where there is only one; neighbours are looked for in the part of the group alone, so that no part
//! learns of another. Within a part such a value knows the one that follows it, and as a target it is scored like any other.
//!
//! # Memory
//! The file is read row by row. A value is held once, as the f32 difference from the first value of its column until
//! all are known, and standardised in place.

mod baseline;
mod describe;
mod error;
mod layout;
mod lines;
mod rows;
mod split;
mod table;
#[cfg(test)]
mod tests;
mod unsplit;
mod value;

use std::io::Read;
use std::ops::Range;
use std::path::PathBuf;

pub use baseline::{Accuracy, Naive, Score, naive, naive_mae};
pub use describe::{ColumnDescription, Description, GroupDescription, TimeSpan, describe};
pub use error::SeriesError;
pub(crate) use unsplit::Unsplit;
pub(crate) use value::looks_like_time;

use super::labelled::Scaling;
use lines::Lines;
use table::Table;

/// What happens to values that are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// They are an error.
    #[default]
    Error,
    /// Their rows are cut out, and no window spans the gap.
    Drop,
    /// They are filled in linearly.
    Interpolate,
}

/// Which file to read, and how.
#[derive(Clone, Debug)]
pub struct SeriesOptions {
    /// The file, and what messages call it.
    pub path: PathBuf,
    /// Columns to read, in this order; empty for all that hold numbers, except time and group.
    pub columns: Vec<String>,
    /// Columns to forecast, each one of those that are read; empty for the last of them.
    pub target: Vec<String>,
    /// All columns that are read are forecast, whatever `target` says.
    pub all_targets: bool,
    /// Rows that go in, W.
    pub window: usize,
    /// Rows that come out, H.
    pub horizon: usize,
    /// Column whose values must not decrease.
    pub time_column: Option<String>,
    /// Column that says which series a row belongs to.
    pub group_column: Option<String>,
    /// What happens to values that are missing.
    pub missing: Missing,
    /// Fraction of the rows before the test part that is for validation.
    pub valid_fraction: f64,
    /// Fraction of the last rows that is for testing.
    pub test_fraction: f64,
    /// The columns' μ and σ, if they are not those of the training part: what a model has learned with.
    pub scaling: Option<Scaling>,
}

impl SeriesOptions {
    /// The whole file in windows of `window` and `horizon` rows, every setting else left open.
    pub fn new(path: impl Into<PathBuf>, window: usize, horizon: usize) -> Self {
        Self {
            path: path.into(),
            columns: Vec::new(),
            target: Vec::new(),
            all_targets: false,
            window,
            horizon,
            time_column: None,
            group_column: None,
            missing: Missing::Error,
            valid_fraction: 0.0,
            test_fraction: 0.0,
            scaling: None,
        }
    }

    fn check(&self) -> Result<(), SeriesError> {
        for (flag, steps) in [("--window", self.window), ("--horizon", self.horizon)] {
            if steps == 0 {
                return Err(SeriesError::NoSteps { flag });
            }
        }
        let (valid, test) = (self.valid_fraction, self.test_fraction);
        // Written so that NaN is refused.
        if !(valid >= 0.0 && test >= 0.0 && valid + test < 1.0) {
            return Err(SeriesError::Fractions { valid, test });
        }
        Ok(())
    }
}

/// A stretch of the series, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What is trained on.
    Train,
    /// What is evaluated during training.
    Valid,
    /// What is evaluated at the end.
    Test,
}

impl Part {
    /// All parts, in the order of time.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// How a part gets more rows.
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
    /// Values that were missing in the whole file.
    pub missing: u64,
}

impl Column {
    /// x = μ + σz: a standardised value in the units of the file.
    pub fn original(&self, z: f64) -> f64 {
        self.mean + self.std * z
    }

    /// z = (x − μ)/σ: a value of the file, standardised.
    pub fn standardised(&self, x: f64) -> f64 {
        (x - self.mean) / self.std
    }
}

/// Rows of one group and one part without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Index into [`Series::groups`].
    pub group: usize,
    /// Line of the first row, from 1.
    pub first_line: u64,
    /// Rows of the group, those that were dropped not counted.
    pub rows: Range<usize>,
}

/// The segments of a part, and how many windows there are up to the end of each.
#[derive(Clone, Debug, Default)]
struct Segments {
    all: Vec<Segment>,
    windows: Vec<usize>,
}

/// Where a window looks, and what it should say.
#[derive(Clone, Copy, Debug)]
pub struct Window<'s> {
    /// Standardised values that go in, `[window, columns]`.
    pub inputs: &'s [f32],
    /// Standardised values of the next rows, `[horizon, columns]`.
    pub future: &'s [f32],
    columns: usize,
    targets: &'s [usize],
}

impl<'s> Window<'s> {
    /// Standardised values that should come out, `[horizon, targets]`.
    pub fn targets(&self) -> impl Iterator<Item = f32> + use<'s> {
        let (targets, rows) = (self.targets, self.future.chunks_exact(self.columns));
        rows.flat_map(move |row| targets.iter().map(move |&target| row[target]))
    }
}

/// A standardised series in three parts.
#[derive(Clone, Debug)]
pub struct Series {
    /// The columns D, in the order of the values of a row.
    pub columns: Vec<Column>,
    /// Indices of the columns to forecast, K of them.
    pub targets: Vec<usize>,
    /// Rows that go in, W.
    pub window: usize,
    /// Rows that come out, H.
    pub horizon: usize,
    /// Names of the groups; one that is empty where there are none.
    pub groups: Vec<String>,
    description: Description,
    /// Of each group, `[rows, columns]`.
    values: Vec<Vec<f32>>,
    /// The line of each row of each group.
    lines: Vec<Lines>,
    parts: [Segments; 3],
}

impl Series {
    /// Reads the file of the options.
    ///
    /// # Errors
    /// [`SeriesError`] names the file, the line, the value and the way out.
    pub fn load(options: &SeriesOptions) -> Result<Self, SeriesError> {
        options.check()?;
        Self::read(options, rows::open(&options.path)?)
    }

    /// Reads what messages call `options.path`.
    ///
    /// # Errors
    /// As [`Series::load`].
    pub fn read(options: &SeriesOptions, reader: impl Read) -> Result<Self, SeriesError> {
        options.check()?;
        Self::split(Table::read(options, reader)?, options)
    }

    /// As [`Series::load`], or of `reader` where that is given, to forecast what follows: rows are one part, and a window needs
    /// no rows after it, so that [`Series::horizon`] is 0. No window at all is no error.
    ///
    /// # Errors
    /// As [`Series::load`].
    pub fn to_predict(options: &SeriesOptions, reader: Option<Box<dyn Read>>) -> Result<Self, SeriesError> {
        options.check()?;
        let table = match reader {
            Some(reader) => Table::read(options, reader)?,
            None => Table::read(options, rows::open(&options.path)?)?,
        };
        let whole = SeriesOptions { horizon: 0, valid_fraction: 0.0, test_fraction: 0.0, ..options.clone() };
        Self::split(table, &whole)
    }

    /// What is in the file.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The segments of a part, groups one after another.
    pub fn segments(&self, part: Part) -> &[Segment] {
        &self.parts[part as usize].all
    }

    /// Standardised values of a segment, `[rows, columns]`.
    pub fn values(&self, segment: &Segment) -> &[f32] {
        let columns = self.columns.len();
        &self.values[segment.group][segment.rows.start * columns..segment.rows.end * columns]
    }

    /// The line of a row of a segment, from 1.
    ///
    /// # Panics
    /// If the segment has no such row.
    pub fn line(&self, segment: &Segment, row: usize) -> u64 {
        assert!(row < segment.rows.len(), "row {row} of {}", segment.rows.len());
        self.lines[segment.group].get(segment.rows.start + row)
    }

    /// Rows of a part.
    pub fn rows(&self, part: Part) -> usize {
        self.segments(part).iter().map(|segment| segment.rows.len()).sum()
    }

    /// Windows of a part.
    pub fn windows(&self, part: Part) -> usize {
        self.parts[part as usize].windows.last().copied().unwrap_or(0)
    }

    /// Window `index` of a part.
    ///
    /// # Panics
    /// If the part has no such window.
    pub fn window(&self, part: Part, index: usize) -> Window<'_> {
        let windows = &self.parts[part as usize].windows;
        let segment = windows.partition_point(|&end| end <= index);
        let before = segment.checked_sub(1).map_or(0, |last| windows[last]);
        let columns = self.columns.len();
        let rows = &self.values(&self.segments(part)[segment])[(index - before) * columns..];
        let (inputs, rest) = rows.split_at(self.window * columns);
        Window { inputs, future: &rest[..self.horizon * columns], columns, targets: &self.targets }
    }
}
