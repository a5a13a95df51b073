//! Descriptions of series files.

use std::path::PathBuf;

use super::group::Stamp;
use super::regularity::Regularity;
use super::table::Table;
use super::time_column::shown;
use crate::spread::{Sentinel, Spread};

/// A number column of a file.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ColumnDescription {
    /// Its name in the header.
    pub name: String,
    /// Smallest value, if there is any.
    pub least: Option<f64>,
    /// Largest value, if there is any.
    pub greatest: Option<f64>,
    /// Number of rows without a value.
    pub missing: u64,
    /// Whether it is forecast.
    pub target: bool,
    /// Mean, standard deviation and farthest value; only from [`describe`](super::describe) and where a model is trained.
    pub spread: Option<Spread>,
    /// A number that may stand for a missing value, with the spread.
    #[serde(skip)]
    pub sentinel: Option<Sentinel>,
    /// Whether each of the first numbers is one more than the previous one.
    #[serde(skip)]
    pub counts: bool,
    /// Whether the name and the first numbers are those of identifiers: whole and all different.
    #[serde(skip)]
    pub identifies: bool,
}

/// The rows of one group.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct GroupDescription {
    /// Its name in the group column; empty if there are no groups.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// First time.
    pub first: Option<String>,
    /// Last time.
    pub last: Option<String>,
    /// Line of the last row, from 1.
    pub last_line: u64,
}

/// First and last time, as the file writes them.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct TimeSpan {
    /// Name of the time column.
    pub column: String,
    /// Earliest time; if times cannot be compared, that of the first row.
    pub first: String,
    /// Latest time; if times cannot be compared, that of the last row of the first group.
    pub last: String,
    /// Whether times can be compared. If not, the rows are assumed to be in the order of time.
    pub checked: bool,
    /// How regular they are.
    #[serde(flatten)]
    pub regularity: Regularity,
}

/// The contents of a series file.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Description {
    /// The file.
    pub path: PathBuf,
    /// Fingerprint (FNV-1a) of the bytes as 16 hexadecimal digits.
    pub fingerprint: String,
    /// Separator of fields.
    pub separator: char,
    /// Number of rows below the header, over all groups.
    pub rows: usize,
    /// The columns that are read.
    pub columns: Vec<ColumnDescription>,
    /// Names of the text columns, which are not read.
    pub left_out: Vec<String>,
    /// Those of them that may be categories: few different values, which occur again.
    #[serde(skip)]
    pub categories: Vec<String>,
    /// Number of missing values in the columns that are read.
    pub missing: u64,
    /// First and last time, if there is a time column.
    pub time: Option<TimeSpan>,
    /// The groups, in the order of their first rows.
    pub groups: Vec<GroupDescription>,
    /// A column whose values stand in runs of rows, and a column of numbers that begins anew in each run: the file may
    /// have several series.
    #[serde(skip)]
    pub restarts: Option<(String, String)>,
    /// How the table is written, where it is unusual.
    #[serde(skip)]
    pub written: Vec<String>,
}

impl Description {
    pub(super) fn of(table: &Table) -> Self {
        let layout = &table.layout;
        let columns = table.columns.iter().take(layout.values.len()).enumerate().map(|(index, column)| {
            ColumnDescription {
                name: column.name.clone(),
                least: column.range.map(|(least, _)| least),
                greatest: column.range.map(|(_, greatest)| greatest),
                missing: column.missing,
                target: layout.targets.contains(&index),
                spread: None,
                sentinel: None,
                counts: column.counts,
                identifies: column.identifies,
            }
        });
        let text = |stamp: &Option<Stamp>| stamp.as_ref().map(|stamp| shown(&stamp.text));
        let groups = table.groups.iter().map(|group| GroupDescription {
            name: group.name.clone(),
            rows: group.lines.rows(),
            first: text(&group.first),
            last: text(&group.last),
            last_line: group.lines.get(group.lines.rows() - 1),
        });
        let names = |fields: &[usize]| fields.iter().map(|&field| table.names[field].clone()).collect();
        Self {
            path: table.path.clone(),
            fingerprint: format!("{:016x}", table.fingerprint),
            separator: table.separator,
            rows: table.groups.iter().map(|group| group.lines.rows()).sum(),
            columns: columns.collect(),
            left_out: names(&layout.left_out),
            categories: names(&layout.categories),
            missing: table.missing(),
            time: span(table),
            groups: groups.collect(),
            restarts: table.restarts.clone(),
            written: table.written.clone(),
        }
    }

    /// The same with the spread of each column.
    pub(super) fn with_spreads(table: &Table) -> Self {
        let mut description = Self::of(table);
        for (index, column) in description.columns.iter_mut().enumerate() {
            column.spread = table.spread(index);
            column.sentinel = table.sentinel(index);
        }
        description
    }
}

fn span(table: &Table) -> Option<TimeSpan> {
    let time = table.layout.time.as_ref()?;
    let mut stamps = table.groups.iter().filter_map(|group| group.first.as_ref().zip(group.last.as_ref()));
    let (mut first, mut last) = stamps.next()?;
    for (begin, end) in stamps {
        first = if begin.time.before(first.time) { begin } else { first };
        last = if last.time.before(end.time) { end } else { last };
    }
    Some(TimeSpan {
        column: time.name.clone(),
        first: shown(&first.text),
        last: shown(&last.text),
        checked: time.is_comparable(),
        regularity: table.gaps().1,
    })
}
