//! Whether a first row of whole numbers names the columns.
//!
//! Programs that write an array number its columns, and the columns of a table may be years or codes. A first row of values
//! looks the same where values are written as short as possible: 0,1 above 0.1,0.99. So the numbers are names only if they
//! differ from one another, if the columns below have fractions in every row, and if the first row does not go on in the
//! rows below it.

use crate::table::kind::{Kind, kind};
use crate::table::missing::is_missing;

/// Least number of rows below the first one.
const ROWS: usize = 10;

/// Ratio of the step from the first row to the largest step below it, from which the first row is no value. What decays
/// has its largest step first.
const FAR: f64 = 3.0;

/// Whether the first row names the columns.
pub(super) fn is_header(first: &[String], below: &[&Vec<String>]) -> bool {
    if indexed(first, below) {
        return true;
    }
    if !over_fractions(first, below) {
        return false;
    }
    let columns = || (0..first.len()).filter_map(|column| numbers(first, below, column));
    let stands_out = columns().any(|numbers| {
        let step = |pair: &[f64]| (pair[1] - pair[0]).abs();
        step(&numbers[..2]) > FAR * numbers[1..].windows(2).map(step).fold(0.0, f64::max)
    });
    let monotone = columns().any(|numbers| {
        numbers.windows(2).all(|pair| pair[0] < pair[1]) || numbers.windows(2).all(|pair| pair[0] > pair[1])
    });
    stands_out || counted(first) && !monotone
}

/// Whether the first row has different whole numbers, and no number below them is written as a whole one.
pub(super) fn over_fractions(first: &[String], below: &[&Vec<String>]) -> bool {
    let mut named: Vec<i64> = first.iter().filter_map(|field| whole(field)).collect();
    let count = named.len();
    named.sort_unstable();
    named.dedup();
    let fractions = |column: usize| {
        let mut fields = below.iter().map(|row| row[column].trim()).filter(|field| !is_missing(field));
        let mut any = false;
        fields.all(|field| {
            any = true;
            kind(field) == Kind::Number && whole(field).is_none()
        }) && any
    };
    count > 1
        && named.len() == count
        && below.len() >= ROWS
        && first.iter().all(|field| whole(field).is_some() || kind(field) == Kind::Missing)
        && (0..first.len()).all(|column| whole(&first[column]).is_none() || fractions(column))
}

/// Whether only the first field is empty, and the column below it counts the rows from 0 or 1.
fn indexed(first: &[String], below: &[&Vec<String>]) -> bool {
    let Some((empty, names)) = first.split_first() else { return false };
    let start = below.first().and_then(|row| whole(&row[0])).filter(|start| (0..=1).contains(start));
    empty.trim().is_empty()
        && below.len() > 1
        && names.len() > 1
        && names.iter().all(|name| whole(name).is_some())
        && start.is_some_and(|start| (start..).zip(below).all(|(row, fields)| whole(&fields[0]) == Some(row)))
}

/// Whether the fields count from 0 or 1.
fn counted(first: &[String]) -> bool {
    let start = first.first().and_then(|field| whole(field)).unwrap_or(-1);
    (0..=1).contains(&start) && (start..).zip(first).all(|(number, field)| whole(field) == Some(number))
}

/// The numbers of a column whose name would be a number; None if a row has none, or in another notation.
fn numbers(first: &[String], below: &[&Vec<String>], column: usize) -> Option<Vec<f64>> {
    whole(&first[column])?;
    let fields = std::iter::once(&first[column]).chain(below.iter().map(|row| &row[column]));
    fields.map(|field| field.trim().replace(',', ".").parse().ok()).collect()
}

fn whole(field: &str) -> Option<i64> {
    field.trim().parse().ok()
}
