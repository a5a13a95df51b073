//! Whether the first row names the columns, and how many rows below it have their units.

use std::collections::HashSet;

use super::kind::{Kind, kind};

mod numbered;

/// Names that only a header has.
const NAMES: [&str; 12] = [
    "label",
    "class",
    "target",
    "time",
    "date",
    "datetime",
    "timestamp",
    "id",
    "year",
    "month",
    "day",
    "value",
];

/// Rows below the first one that are compared with it.
const ROWS: usize = 100;

/// Columns from which whole numbers that count up are names even if the values are whole, too.
const MANY: usize = 8;

/// Most characters of a unit.
const UNIT: usize = 12;

/// Whether the first row names the columns: its fields have other kinds than the fields below them. Names are also a row
/// without a number above rows without one, and whole numbers that count up where the next row does not.
pub(super) fn is_header(rows: &[Vec<String>]) -> bool {
    let Some((first, below)) = rows.split_first() else { return true };
    let below: Vec<&Vec<String>> = below.iter().filter(|row| row.len() == first.len()).take(ROWS).collect();
    let kinds: Vec<Kind> = first.iter().map(|field| kind(field)).collect();
    if first.iter().any(|field| NAMES.iter().any(|name| field.trim().eq_ignore_ascii_case(name))) {
        return true;
    }
    let fraction = |field: &String| field.trim().parse::<f64>().is_ok_and(|number| number.fract() != 0.0);
    let many = first.len() >= MANY || below.iter().any(|row| row.iter().any(fraction));
    if (counts(first) && many || years(first)) && !below.first().is_some_and(|row| counts(row) || years(row))
    {
        return true;
    }
    if numbered::is_header(first, &below) {
        return true;
    }
    let (mut other, mut same) = (0, 0);
    for (column, &own) in kinds.iter().enumerate() {
        let fields = || below.iter().map(|row| row[column].trim());
        let (mut numbers, mut times, mut texts) = (0, 0, 0);
        for field in fields() {
            match kind(field) {
                Kind::Number => numbers += 1,
                Kind::Time => times += 1,
                Kind::Text => texts += 1,
                Kind::Missing => {}
            }
        }
        let usual = match numbers.max(times).max(texts) {
            0 => continue,
            most if most == numbers => Kind::Number,
            most if most == times => Kind::Time,
            _ => Kind::Text,
        };
        match (own, usual) {
            (Kind::Missing, _) => {}
            // A name does not occur again.
            (Kind::Text, Kind::Text) => {
                same += usize::from(fields().any(|field| field == first[column].trim()))
            }
            (Kind::Number, Kind::Text) | (Kind::Time, Kind::Text) => {}
            _ if own == usual => same += 1,
            _ => other += 1,
        }
    }
    if other + same > 0 {
        return other > 0 && other >= same;
    }
    !kinds.iter().all(|&kind| matches!(kind, Kind::Number | Kind::Missing))
}

/// Whether a row has all of these names, and there are any.
pub(super) fn has_names(row: &[String], names: &[String]) -> bool {
    let fields: HashSet<&str> = row.iter().map(|field| field.trim()).collect();
    !names.is_empty() && names.iter().all(|name| fields.contains(name.as_str()))
}

/// Whether the first row may have names that are numbers, although it is read as values.
pub(super) fn may_be_header(rows: &[Vec<String>]) -> bool {
    let Some((first, below)) = rows.split_first() else { return false };
    let below: Vec<&Vec<String>> = below.iter().filter(|row| row.len() == first.len()).take(ROWS).collect();
    numbered::over_fractions(first, &below)
}

/// Whether a row has numbers and no text.
pub(super) fn has_numbers_only(row: &[String]) -> bool {
    let number = |field: &String| kind(field) == Kind::Number;
    row.iter().any(number) && row.iter().all(|field| number(field) || kind(field) == Kind::Missing)
}

/// Whether at least two years count up, and all other fields are text.
fn years(row: &[String]) -> bool {
    let year = |field: &str| field.parse().ok().filter(|year| (1800..2200).contains(year));
    let years: Vec<u32> = row.iter().filter_map(|field| year(field.trim())).collect();
    let others = row.iter().filter(|field| kind(field) == Kind::Text).count();
    years.len() > 1
        && years.len() + others == row.len()
        && years.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// Whether at least three whole numbers count up, as the names do that programs give to columns without a name. All other fields are text.
fn counts(row: &[String]) -> bool {
    let numbers: Vec<u64> = row.iter().filter_map(|field| field.trim().parse().ok()).collect();
    let others = row.iter().filter(|field| kind(field) != Kind::Number).count();
    numbers.len() > 2
        && numbers.len() + others == row.len()
        && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// Number of rows below the names that have no values: one of units, or two, of units and of other words, such as Avg or
/// Max for what was done in an interval. Such rows have text where all rows below have numbers, and no number. The units
/// of a `logger` may have any length.
pub(super) fn units(rows: &[Vec<String>], logger: bool) -> usize {
    let Some((names, rows)) = rows.split_first() else { return 0 };
    let longest = if logger { usize::MAX } else { UNIT };
    let over = |row: &[String], below: &[Vec<String>], kind| match row.len() == names.len() {
        true => over(row, below, kind, longest),
        false => Vec::new(),
    };
    // Two columns with text above numbers, or one in brackets, are no accident.
    let is_units = |row: &[String], below: &[Vec<String>]| {
        let bracketed = |&column: &usize| {
            row[column].trim().starts_with(['[', '(']) && row[column].trim().ends_with([']', ')'])
        };
        let over = over(row, below, Kind::Number);
        over.len() > 1 || logger && !over.is_empty() || over.iter().any(bracketed)
    };
    let is_second = |row: &[String], below: &[Vec<String>]| {
        [Kind::Number, Kind::Time].into_iter().any(|kind| !over(row, below, kind).is_empty())
    };
    match rows {
        [first, second, below @ ..]
            if below.len() >= 2 && is_second(second, below) && is_units(first, below) =>
        {
            2
        }
        [first, below @ ..] if below.len() >= 2 && is_units(first, below) => 1,
        _ => 0,
    }
}

/// The columns in which a row without numbers and times has text, and all rows below it have fields of this kind. None if
/// the row has another field than text, or a text of more than `longest` characters.
fn over(row: &[String], below: &[Vec<String>], wanted: Kind, longest: usize) -> Vec<usize> {
    let kinds: Vec<Kind> = row.iter().map(|field| kind(field)).collect();
    let plain = kinds.iter().all(|kind| matches!(kind, Kind::Text | Kind::Missing))
        && row.iter().all(|field| field.trim().chars().count() <= longest);
    let is_wanted = |field: &String| kind(field) == wanted || kind(field) == Kind::Missing;
    let over = |&column: &usize| {
        kinds[column] == Kind::Text && below.iter().all(|row| row.get(column).is_some_and(is_wanted))
    };
    (0..row.len()).filter(|column| plain && over(column)).collect()
}
