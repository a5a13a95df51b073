//! Why a series cannot be used: the location, the problem and the remedy.

use crate::categorical::CategoryError;
use std::path::PathBuf;

use super::part::Part;
use crate::labelled::LabelledError;
use crate::table::TableError;
use crate::wording::counted;

/// Why a series cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// The file cannot be read as a table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Arrays of NumPy cannot be read as a series.
    #[error(transparent)]
    Arrays(#[from] Box<LabelledError>),
    /// A setting names a column twice.
    #[error("{flag} names \"{name}\" twice: name every column once")]
    NamedTwice {
        /// The setting or settings.
        flag: &'static str,
        /// The column.
        name: String,
    },
    /// A target is not among the inputs.
    #[error("{}: --target \"{name}\" is not among the columns that are read ({names}): add it to --columns", path.display())]
    TargetNotRead {
        /// The file.
        path: PathBuf,
        /// The target.
        name: String,
        /// The columns that are read.
        names: String,
    },
    /// A categorical column is to be forecast.
    #[error(
        "{}: column {column} is categorical, and only numbers are forecast: choose another --target, leave out \
         --recursive, or leave the column out of --categorical",
        path.display()
    )]
    CategoricalTarget {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A column of categories cannot be used.
    #[error("{}: {}{problem}", path.display(), line.map_or(String::new(), |line| format!("line {line}, ")))]
    Category {
        /// The file.
        path: PathBuf,
        /// The line; None for the whole training part.
        line: Option<u64>,
        /// What is wrong.
        problem: CategoryError,
    },
    /// There is no column to forecast.
    #[error(
        "{} has no column of numbers besides time and group{begins}: name one with --columns, or the separator of the \
         fields with --separator",
        path.display()
    )]
    NoNumbers {
        /// The file.
        path: PathBuf,
        /// The first column of text and its first value, or empty.
        begins: String,
    },
    /// Values are missing, and the options do not say what to do with them.
    #[error(
        "{}: line {line}, column {column} has no value, the first of {count} missing: choose \
         --missing drop to leave such rows out, or --missing interpolate to fill them in",
        path.display()
    )]
    MissingValues {
        /// The file.
        path: PathBuf,
        /// The first line with a missing value, from 1.
        line: u64,
        /// The first column with a missing value on that line.
        column: String,
        /// Number of missing values in the columns that are read.
        count: u64,
    },
    /// Columns have no value in any row, which no treatment of missing values can give them.
    #[error("{}: {columns} no value in any row: {remedy}", path.display())]
    NoValues {
        /// The file.
        path: PathBuf,
        /// The columns and their verb.
        columns: Box<str>,
        /// What to do.
        remedy: Box<str>,
    },
    /// A column has no value in a part, so nothing can be interpolated.
    #[error(
        "{}: column {column} has no value at all in the {part} part, lines {first} to {last}: leave it out with \
         --columns, or choose --missing drop or another fraction for the part",
        path.display()
    )]
    NothingToInterpolate {
        /// The file.
        path: PathBuf,
        /// The column's name.
        column: String,
        /// The part.
        part: Part,
        /// First line of the part, from 1.
        first: u64,
        /// Last line of the part.
        last: u64,
    },
    /// A row has no group.
    #[error("{}: line {line} has an empty field in --group-column {column}: write the group of the row", path.display())]
    NoGroup {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
    },
    /// A model with a scaling for each group does not know a group.
    #[error(
        "{}: line {line}, the model does not know group {group}: it was trained on {groups} other{} and scales each by its \
         own mean; remove the rows of this group, or train again with --scale all, which needs no known groups",
        path.display(), if *groups == 1 { "" } else { "s" }
    )]
    UnknownGroup {
        /// The file.
        path: PathBuf,
        /// Line of the group's first row, from 1.
        line: u64,
        /// The group.
        group: String,
        /// Number of groups that the model knows.
        groups: usize,
    },
    /// A time is before the previous one of its group.
    #[error(
        "{}: line {line}, column {column} has \"{value}\" after \"{before}\" on line {before_line}{}: sort the rows \
         with --sort-time, or name the column that tells several series apart with --group-column, or, if this column is no \
         time, add --time-column none",
        path.display(), group.as_ref().map(|g| format!(" in group {g}")).unwrap_or_default()
    )]
    Backwards {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The time column's name.
        column: Box<str>,
        /// The time.
        value: Box<str>,
        /// Line of the previous row of the group.
        before_line: u64,
        /// Time of the previous row.
        before: Box<str>,
        /// The group, if there are any.
        group: Option<Box<str>>,
    },
    /// Rows cannot be sorted by times of day.
    #[error(
        "{}: column {column} has times of day without a date, so rows of several days cannot be sorted by it: name the \
         columns of date and time with --time-column DATE,TIME, or leave out --sort-time",
        path.display()
    )]
    SortedClock {
        /// The file.
        path: PathBuf,
        /// The time column's name.
        column: String,
    },
    /// A time has another form than the first one.
    #[error(
        "{}: line {line}, column {column} has \"{value}\", which is not {form}, as in the first rows: write all \
         times in the same form, or name another --time-column",
        path.display()
    )]
    TimeForm {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The time column's name.
        column: String,
        /// The value.
        value: String,
        /// Form of the first time.
        form: String,
    },
    /// The times of a column can be read in several ways.
    #[error("{}: {text}: say with --day-first true or --day-first false which is meant", path.display())]
    AmbiguousTimes {
        /// The file.
        path: PathBuf,
        /// The column, its first time and the readings.
        text: String,
    },
    /// The times do not have what the calendar needs.
    #[error("{}: the file {problem}, and the model reads the calendar: {remedy}", path.display())]
    NoCalendar {
        /// The file.
        path: PathBuf,
        /// What the file has or lacks.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// There is a gap, and gaps are errors.
    #[error(
        "{}: there {} in the times, the longest of {steps:.0} steps of {step} before line {line}: read the rows before \
         and after a gap as separate stretches (--gaps split) or as neighbours (--gaps ignore)",
        path.display(), if *count == 1 { "is 1 gap".to_owned() } else { format!("are {count} gaps") }
    )]
    Gap {
        /// The file.
        path: PathBuf,
        /// Number of gaps.
        count: usize,
        /// Length of the longest one, in steps.
        steps: f64,
        /// The usual step.
        step: String,
        /// Line of the row after it.
        line: u64,
    },
    /// The fractions leave no training part.
    #[error(
        "the fractions {valid} for validation and {test} for the test leave no training part: choose --valid-fraction and \
         --test-fraction from 0 with a sum below 1"
    )]
    Fractions {
        /// Fraction for validation.
        valid: f64,
        /// Fraction for the test.
        test: f64,
    },
    /// A window or horizon of 0.
    #[error("{flag} must be at least 1, not 0")]
    NoSteps {
        /// The setting.
        flag: &'static str,
    },
    /// A part is too short for a window.
    #[error(
        "{}: the longest stretch without a gap in the {part} part{} has {}, and a window of {window} with a \
         horizon of {horizon} needs {}: choose a smaller --window or --horizon, or {}",
        path.display(),
        if *before > 0 { format!(", with up to {} before it,", counted(*before as u64, "row")) } else { String::new() },
        counted(*rows as u64, "row"),
        window.saturating_add(*horizon),
        part.more_rows()
    )]
    TooShort {
        /// The file.
        path: PathBuf,
        /// The part.
        part: Part,
        /// Rows before the part that its windows may read.
        before: usize,
        /// Number of rows of its longest segment, with those before it.
        rows: usize,
        /// Rows that a window reads.
        window: usize,
        /// Rows that a window predicts.
        horizon: usize,
    },
    /// A standardised value overflows.
    #[error(
        "{}: line {line}, column {column} is so far from the training part (mean {mean}, standard deviation \
         {std}) that its standardised value is not finite: rescale the column, or leave it out with --columns",
        path.display()
    )]
    OutOfScale {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// Mean of the training part.
        mean: f64,
        /// Standard deviation of the training part.
        std: f64,
    },
    /// The series is too short for a season.
    #[error(
        "--season {season}: needs 1 to {longest} rows, half of the rows of the series: choose a shorter season"
    )]
    Season {
        /// Number of rows of a season.
        season: usize,
        /// The longest possible season.
        longest: usize,
    },
}
