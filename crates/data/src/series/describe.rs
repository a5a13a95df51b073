//! What a file of series holds.

use std::path::PathBuf;

use super::error::SeriesError;
use super::table::{Stamp, Table};
use super::value::Form;
use super::{SeriesOptions, Unsplit};
use crate::spread::Spread;

/// One column of numbers as the file has it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ColumnDescription {
    /// Its name in the header.
    pub name: String,
    /// Least value, if there is any.
    pub least: Option<f64>,
    /// Greatest value, if there is any.
    pub greatest: Option<f64>,
    /// Rows without a value.
    pub missing: u64,
    /// Whether it is forecast.
    pub target: bool,
    /// How its values lie around their mean, where [`describe`] was asked.
    pub spread: Option<Spread>,
}

/// The rows of one group.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct GroupDescription {
    /// What the column of groups calls it; empty where there is none.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Its first time.
    pub first: Option<String>,
    /// Its last time.
    pub last: Option<String>,
    /// The line of its last row, from 1.
    pub last_line: u64,
}

/// From when to when a file goes, as it writes it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct TimeSpan {
    /// The column of times.
    pub column: String,
    /// The earliest, or that of the first row if times cannot be compared.
    pub first: String,
    /// The latest, or that of the last row of the first group.
    pub last: String,
    /// Whether times could be compared; if not, the rows' order stands for that of time.
    pub checked: bool,
}

/// What a file of series holds.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Description {
    /// The file.
    pub path: PathBuf,
    /// FNV-1a of its bytes as 16 hexadecimal digits.
    pub fingerprint: String,
    /// What stands between fields.
    pub separator: char,
    /// Rows below the header, of all groups.
    pub rows: usize,
    /// The columns that are read.
    pub columns: Vec<ColumnDescription>,
    /// Names of the columns that are not read because they hold text.
    pub left_out: Vec<String>,
    /// Missing values of the columns that are read.
    pub missing: u64,
    /// The times, if there is a column of them.
    pub time: Option<TimeSpan>,
    /// The groups, in the order in which the file begins them.
    pub groups: Vec<GroupDescription>,
}

/// Reads the file of the options and says what it holds. Missing values are counted and are no error; window, horizon and
/// fractions do not matter.
///
/// # Errors
/// [`SeriesError`] if the file cannot be read as a table.
pub fn describe(options: &SeriesOptions) -> Result<Description, SeriesError> {
    Ok(Unsplit::read(options)?.describe())
}

impl Description {
    pub(super) fn of(table: &Table) -> Self {
        let layout = &table.layout;
        let columns = table.columns.iter().enumerate().map(|(index, column)| ColumnDescription {
            name: column.name.clone(),
            least: column.range.map(|(least, _)| least),
            greatest: column.range.map(|(_, greatest)| greatest),
            missing: column.missing,
            target: layout.targets.contains(&index),
            spread: None,
        });
        let text = |stamp: &Option<Stamp>| stamp.as_ref().map(|stamp| stamp.text.clone());
        let groups = table.groups.iter().map(|group| GroupDescription {
            name: group.name.clone(),
            rows: group.lines.rows(),
            first: text(&group.first),
            last: text(&group.last),
            last_line: group.lines.get(group.lines.rows() - 1),
        });
        Self {
            path: table.path.clone(),
            fingerprint: format!("{:016x}", table.fingerprint),
            separator: table.separator,
            rows: table.groups.iter().map(|group| group.lines.rows()).sum(),
            columns: columns.collect(),
            left_out: layout.left_out.iter().map(|&field| table.names[field].clone()).collect(),
            missing: table.missing(),
            time: span(table),
            groups: groups.collect(),
        }
    }
}

fn span(table: &Table) -> Option<TimeSpan> {
    let time = table.layout.time?;
    let mut stamps = table.groups.iter().filter_map(|group| group.first.as_ref().zip(group.last.as_ref()));
    let (mut first, mut last) = stamps.next()?;
    for (begin, end) in stamps {
        first = if begin.time.before(first.time) { begin } else { first };
        last = if last.time.before(end.time) { end } else { last };
    }
    Some(TimeSpan {
        column: table.names[time.field].clone(),
        first: first.text.clone(),
        last: last.text.clone(),
        checked: time.form != Form::Other,
    })
}
