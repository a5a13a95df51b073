//! The columns that may have a role, by their names and their first values.

use crate::table::{Column, Sketch};

/// Names of columns that are usually forecast.
const TARGETS: [&str; 3] = ["target", "y", "close"];
/// Names of columns that distinguish series.
pub(in crate::inspect) const GROUPS: [&str; 16] = [
    "group", "series", "station", "store", "shop", "item", "product", "sensor", "device", "site", "city",
    "country", "region", "symbol", "ticker", "id",
];
/// Names of columns of times that are written as numbers.
const COUNTERS: [&str; 18] = [
    "t",
    "time",
    "date",
    "timestamp",
    "ts",
    "step",
    "index",
    "seconds",
    "hour",
    "hours",
    "day",
    "week",
    "quarter",
    "qtr",
    "month",
    "year",
    "years",
    "yr",
];
/// Names of columns that make a date or a time together, from the largest unit.
const UNITS: [&[&str]; 5] = [YEAR, &["month", "mon", "month name"], &["day"], &["hour"], &["minute"]];
/// The same of quarters and of weeks, which tables without months have.
const PARTS: [&[&[&str]]; 2] = [
    &[YEAR, &["quarter", "qtr", "q"]],
    &[
        YEAR,
        &[
            "week",
            "wk",
            "week number",
            "weekno",
            "weeknum",
            "weekofyear",
            "week_of_year",
            "iso week",
            "isoweek",
            "iso_week",
        ],
    ],
];
const YEAR: &[&str] = &["year", "yr", "iso year", "isoyear", "iso_year"];
/// Words in the names of columns that have the time of day beside a date.
const CLOCKS: [&str; 9] = ["hour", "hours", "hr", "hrs", "time", "clock", "hhmm", "hhmmss", "he"];
/// Least share of rows in which a measured value differs from the one before.
const VARIES: f64 = 0.1;
/// Number of possible group columns of which pairs are tried.
const PAIRED: usize = 4;
/// Least mean number of rows of a group whose column has numbers and no usual name.
const ROWS_OF_A_NUMBER: usize = 20;

/// The column to forecast, among those of the names `read`, if there are any: one with a usual name, else the last one that
/// has measured values and varies.
pub(in crate::inspect) fn target<'s>(sketch: &'s Sketch, read: &[String]) -> Option<&'s Column> {
    target_except(sketch, read, None)
}

/// The same where one column is the time of day.
pub(super) fn target_except<'s>(
    sketch: &'s Sketch,
    read: &[String],
    clock: Option<usize>,
) -> Option<&'s Column> {
    let is_read = |column: &Column| read.is_empty() || read.contains(&column.name);
    let columns = || {
        let columns = sketch.columns.iter().enumerate();
        columns.filter(|&(field, column)| Some(field) != clock && is_read(column))
    };
    let numbers = || columns().map(|(_, column)| column).filter(|column| column.is_number());
    let measured = |column: &&Column| {
        let known =
            named(column, &COUNTERS) || named(column, &GROUPS) || column.identifies(sketch.rows.len());
        !known && !column.counts && varies(sketch, column)
    };
    numbers().find(|column| is_usual_target(column)).or_else(|| numbers().rev().find(measured))
}

/// Whether a value differs from the one before in at least [`VARIES`] of the rows.
fn varies(sketch: &Sketch, column: &Column) -> bool {
    let Some(field) = sketch.position(&column.name) else { return false };
    let changes = sketch.rows.windows(2).filter(|rows| rows[0][field] != rows[1][field]).count();
    changes as f64 >= VARIES * sketch.rows.len().saturating_sub(1) as f64 && column.different() > 1
}

/// Whether a column has a name that is usually forecast.
pub(in crate::inspect) fn is_usual_target(column: &Column) -> bool {
    named(column, &TARGETS)
}

/// Columns of numbers, or several columns together, that may be times, the likeliest first.
pub(super) fn counters(sketch: &Sketch) -> Vec<Vec<usize>> {
    let number = |field: &usize| sketch.columns[*field].is_number();
    let fields = || 0..sketch.columns.len();
    let called = |names: &[&str]| fields().filter(number).find(|&field| named(&sketch.columns[field], names));
    let mut all = Vec::new();
    // Months and quarters may be words.
    let part = |names: &&[&str]| {
        let word = |&field: &usize| {
            sketch.columns[field].is_text() && (names.contains(&"month") || names.contains(&"quarter"))
        };
        called(names).or_else(|| fields().filter(word).find(|&field| named(&sketch.columns[field], names)))
    };
    for units in [&UNITS[..]].into_iter().chain(PARTS) {
        let parts: Vec<usize> = units.iter().map_while(&part).collect();
        if parts.len() > 1 {
            all.push(parts);
        }
    }
    all.extend(
        fields().filter(number).filter(|&field| named(&sketch.columns[field], &COUNTERS)).map(|f| vec![f]),
    );
    // An index has no usual name; tables begin with it.
    if sketch.columns.len() > 1 && sketch.columns[0].counts && number(&0) {
        all.push(vec![0]);
    }
    all
}

/// Columns that may have the time of day beside a date, the nearest first.
pub(super) fn clocks(sketch: &Sketch, date: usize) -> Vec<usize> {
    let may = |&field: &usize| field != date && sketch.columns[field].called(&CLOCKS);
    let mut clocks: Vec<usize> = (0..sketch.columns.len()).filter(may).collect();
    clocks.sort_by_key(|field| field.abs_diff(date));
    clocks
}

/// The columns, and pairs of columns, that may tell series apart, the likeliest first.
pub(super) fn keys(sketch: &Sketch) -> Vec<Vec<usize>> {
    let (rows, columns) = (sketch.rows.len(), &sketch.columns);
    let may = |column: &Column| {
        let usual = column.called(&GROUPS);
        let least = if usual || column.is_text() { 2 } else { ROWS_OF_A_NUMBER };
        !column.time && (column.is_text() || column.whole) && (2..=rows / least).contains(&column.different())
    };
    let mut single: Vec<usize> = (0..columns.len()).filter(|&field| may(&columns[field])).collect();
    single.sort_by_key(|&field| (!columns[field].called(&GROUPS), !columns[field].is_text()));
    let paired: Vec<usize> = single.iter().copied().take(PAIRED).collect();
    let pairs = (0..paired.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let pairs = pairs.map(|(a, b)| vec![paired[a].min(paired[b]), paired[a].max(paired[b])]);
    let mut keys: Vec<Vec<usize>> = single.iter().map(|&field| vec![field]).chain(pairs).collect();
    keys.sort_by_key(|key| key.iter().any(|&field| !columns[field].called(&GROUPS)));
    keys
}

/// Whether the whole name of a column is one of these.
fn named(column: &Column, names: &[&str]) -> bool {
    names.iter().any(|name| column.name.trim().eq_ignore_ascii_case(name))
}
