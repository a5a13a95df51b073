//! What can be wrong with a series, each with its place and the way out.

use std::path::PathBuf;

use super::Part;
use crate::file::FileError;

/// Why a series cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// The file cannot be opened or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file begins as gzip does.
    #[error("{} is compressed: unpack it with gunzip", path.display())]
    Compressed {
        /// The file.
        path: PathBuf,
    },
    /// The file has nothing but blank lines.
    #[error("{} is empty: name a file with a line of column names and rows of numbers", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Column names and nothing else.
    #[error("{} has a line of column names and no rows: name a file with numbers", path.display())]
    HeaderOnly {
        /// The file.
        path: PathBuf,
    },
    /// Numbers where the column names belong.
    #[error(
        "{}: line {line} has numbers (\"{value}\") where the names of the columns belong: put a line of names \
         before the first row",
        path.display()
    )]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The first number.
        value: String,
    },
    /// Two columns of one name.
    #[error("{}: line {line} names two columns \"{name}\": rename one of them", path.display())]
    DuplicateName {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The name.
        name: String,
    },
    /// Bytes that are not text.
    #[error("{}: line {line}, field {field} is not UTF-8 (\"{value}\"): save the file as UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The field, from 1.
        field: usize,
        /// The field, with marks in place of what cannot be read.
        value: String,
    },
    /// A row that does not end.
    #[error(
        "{}: line {line} begins a row of more than {limit} bytes: close the quotes of its fields, or put \
         every row on a line of its own",
        path.display()
    )]
    RowTooLong {
        /// The file.
        path: PathBuf,
        /// The line on which the row begins, from 1.
        line: u64,
        /// The longest row that is read.
        limit: u64,
    },
    /// A row with more or fewer fields than there are names.
    #[error("{}: line {line} has {found} fields, and the header names {expected}: complete the row or remove it, and close the quotes of its fields", path.display())]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A setting names a column that the file lacks.
    #[error(
        "{} has no column \"{name}\", which {flag} names: {}its columns are {names}",
        path.display(), nearest.as_ref().map(|n| format!("did you mean {n}? ")).unwrap_or_default()
    )]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// The setting.
        flag: &'static str,
        /// What it says.
        name: String,
        /// The column whose name is closest, if it is plausibly a typo.
        nearest: Option<String>,
        /// The columns there are.
        names: String,
    },
    /// A setting names a column twice.
    #[error("{flag} names \"{name}\" twice: name every column once")]
    NamedTwice {
        /// The setting, or both of them.
        flag: &'static str,
        /// The column.
        name: String,
    },
    /// A target that is not an input.
    #[error("{}: --target \"{name}\" is not among the columns that are read ({names}): add it to --columns", path.display())]
    TargetNotRead {
        /// The file.
        path: PathBuf,
        /// The target.
        name: String,
        /// The columns that are read.
        names: String,
    },
    /// Nothing to forecast.
    #[error("{} has no column of numbers besides its time and its groups: name one with --columns", path.display())]
    NoNumbers {
        /// The file.
        path: PathBuf,
    },
    /// Text in a column of numbers.
    #[error(
        "{}: line {line}, column {column} has \"{value}\", which is not a number: write it with a decimal point \
         and without thousands separators, or NA where it is missing, or leave the column out with --columns",
        path.display()
    )]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        value: String,
    },
    /// A number that single precision does not have.
    #[error(
        "{}: line {line}, column {column} has \"{value}\", which is not a finite number in single precision: \
         write NA if it is missing, or rescale the column",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        value: String,
    },
    /// Values that are missing, and nothing said about them.
    #[error(
        "{}: line {line}, column {column} has no value, the first of {count} that are missing: choose \
         --missing drop to leave such rows out, or --missing interpolate to fill them in",
        path.display()
    )]
    MissingValues {
        /// The file.
        path: PathBuf,
        /// The first line that lacks a value, from 1.
        line: u64,
        /// The first column that lacks a value there.
        column: String,
        /// Missing values of all columns that are read.
        count: u64,
    },
    /// Nothing to interpolate between.
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
        /// Its first line, from 1.
        first: u64,
        /// Its last line.
        last: u64,
    },
    /// A row of no group.
    #[error("{}: line {line} has nothing in --group-column {column}: name its group", path.display())]
    NoGroup {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
    },
    /// Time that runs backwards.
    #[error(
        "{}: line {line}, column {column} has \"{value}\" after \"{before}\" on line {before_line}{}: sort the rows by \
         time, or name the series they belong to with --group-column",
        path.display(), group.as_ref().map(|g| format!(" in group {g}")).unwrap_or_default()
    )]
    Backwards {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The time column's name.
        column: Box<str>,
        /// The time there.
        value: Box<str>,
        /// The line before it in the same group.
        before_line: u64,
        /// The time there.
        before: Box<str>,
        /// The group, if there are any.
        group: Option<Box<str>>,
    },
    /// A time that cannot be compared with the first.
    #[error(
        "{}: line {line}, column {column} has \"{value}\", which is not {form} as on the first row: write all \
         times alike, or name another --time-column",
        path.display()
    )]
    TimeForm {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The time column's name.
        column: String,
        /// What stands there.
        value: String,
        /// How the first row writes it.
        form: &'static str,
    },
    /// Fractions that leave nothing to train on.
    #[error(
        "{valid} for validation and {test} for testing leave no training part: choose --valid-fraction and \
         --test-fraction from 0 with a sum below 1"
    )]
    Fractions {
        /// The fraction for validation.
        valid: f64,
        /// The fraction for testing.
        test: f64,
    },
    /// A window or horizon of no steps.
    #[error("{flag} must be at least 1, not 0")]
    NoSteps {
        /// The setting.
        flag: &'static str,
    },
    /// A part without a window.
    #[error(
        "{}: the longest stretch without a gap in the {part} part has {rows} rows, and a window of {window} with a \
         horizon of {horizon} needs {}: choose a smaller --window or --horizon, or {}",
        path.display(),
        window.saturating_add(*horizon),
        part.more_rows()
    )]
    TooShort {
        /// The file.
        path: PathBuf,
        /// The part.
        part: Part,
        /// Rows of its longest segment.
        rows: usize,
        /// Steps that go in.
        window: usize,
        /// Steps that come out.
        horizon: usize,
    },
    /// A value that standardisation by the training part throws out of range.
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
    /// A season that a window does not hold.
    #[error(
        "a season of {season} steps needs 1 ≤ season ≤ --window, which is {window}: choose a larger --window"
    )]
    Season {
        /// Steps of a season.
        season: usize,
        /// Steps of a window.
        window: usize,
    },
}

/// The beginning of a value, for a message: on one line, whatever it holds.
pub(super) fn shorten(value: &str) -> String {
    const LONGEST: usize = 40;
    let (shown, more) = match value.char_indices().nth(LONGEST) {
        Some((cut, _)) => (&value[..cut], "…"),
        None => (value, ""),
    };
    let mut short = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character.is_control() {
            true => short.extend(character.escape_default()),
            false => short.push(character),
        }
    }
    short + more
}

/// The names, or the first of very many.
pub(super) fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let more = names.len().saturating_sub(MOST);
    let mut list = names.take(MOST).map(shorten).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list += &format!(" and {more} more");
    }
    list
}
