//! Whether the first row names the columns, and whether the second one has their units.

use super::is_missing;
use super::number::looks_like_number;
use super::times::looks_like_time;

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

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Missing,
    Number,
    Time,
    Text,
}

/// Returns the kind of a field.
pub(super) fn kind(field: &str) -> Kind {
    let field = field.trim();
    if is_missing(field) {
        Kind::Missing
    } else if looks_like_number(field) {
        Kind::Number
    } else if looks_like_time(field) && !holds_separator(field) {
        Kind::Time
    } else {
        Kind::Text
    }
}

/// Whether a field has a mark that separates fields rather than the parts of a time.
fn holds_separator(field: &str) -> bool {
    field.contains([';', '|', '\t']) || field.contains(',') && !field.contains(char::is_alphabetic)
}

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
        let of = |wanted| fields().filter(|field| kind(field) == wanted).count();
        let (numbers, times, texts) = (of(Kind::Number), of(Kind::Time), of(Kind::Text));
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

/// Whether the second row has units: it has text where all rows below have numbers, and no number.
pub(super) fn is_units(rows: &[Vec<String>]) -> bool {
    let [names, units, below @ ..] = rows else { return false };
    if below.len() < 2 || units.len() != names.len() {
        return false;
    }
    let unit = |field: &str| field.chars().count() <= 12;
    let bracketed = |field: &str| field.starts_with(['[', '(']) && field.ends_with([']', ')']);
    let kinds: Vec<Kind> = units.iter().map(|field| kind(field)).collect();
    let over_numbers = (0..names.len()).filter(|&column| {
        kinds[column] == Kind::Text
            && below.iter().all(|row| {
                row.get(column).is_some_and(|field| matches!(kind(field), Kind::Number | Kind::Missing))
            })
    });
    let over_numbers: Vec<usize> = over_numbers.collect();
    let others = units.iter().all(|field| unit(field.trim()));
    let none = kinds.iter().all(|kind| matches!(kind, Kind::Text | Kind::Missing));
    others
        && none
        && (over_numbers.len() > 1 || over_numbers.iter().any(|&column| bracketed(units[column].trim())))
}
