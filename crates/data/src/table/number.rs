//! Parses the numbers of a column.
//!
//! A plain number is what Rust parses. Anything else is read by the [`Notation`] of the table (the decimal mark, and
//! with it the marks between thousands) and by the [`Unit`] of the column, after U+2212 has become a minus.

use std::path::Path;

use super::error::TableError;
use super::misfit::Misfit;
use super::missing::{Na, is_missing};
use super::notation::{Notation, bracketed};
use super::options::Decimal;
use super::unit::Unit;

/// How the numbers of a column are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NumberForm {
    pub(crate) notation: Notation,
    pub(crate) unit: Unit,
    pub(crate) na: Na,
}

impl NumberForm {
    /// Parses a field; a missing value is NaN.
    pub(crate) fn parse(&self, field: &str) -> Result<f64, Misfit> {
        let field = field.trim();
        if self.na.has(field) {
            return Ok(f64::NAN);
        }
        if self.notation.decimal == Decimal::Point {
            match field.parse::<f64>() {
                Ok(number) => return finite(number),
                Err(_) if is_missing(field) => return Ok(f64::NAN),
                Err(_) => {}
            }
        } else if is_missing(field) {
            return Ok(f64::NAN);
        }
        if let Some(inner) = bracketed(field) {
            return self.parse(inner).map(|number| -number);
        }
        finite(self.unit.read(field, |digits| written(digits, self.notation))?)
    }
}

/// Where a field is, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) path: &'a Path,
    pub(crate) line: u64,
    pub(crate) column: &'a str,
}

impl NumberForm {
    /// Parses a field; a missing value is NaN.
    ///
    /// # Errors
    /// [`TableError`] if it is neither a finite number nor missing.
    pub(crate) fn number(&self, field: &str, cell: Cell<'_>) -> Result<f64, TableError> {
        self.parse(field).map_err(|misfit| {
            TableError::misfit(misfit, cell.path, cell.line, cell.column, field.trim(), self.notation.decimal)
        })
    }
}

/// Refuses what single precision does not hold; the squares of larger numbers would overflow.
fn finite(number: f64) -> Result<f64, Misfit> {
    match number.is_nan() || number.abs() <= f64::from(f32::MAX) {
        true => Ok(number),
        false => Err(Misfit::NotFinite),
    }
}

/// Parses digits with marks.
fn written(text: &str, notation: Notation) -> Result<f64, Misfit> {
    let digits = Digits::of(text).ok_or_else(|| match text.parse::<f64>() {
        Ok(number) if number.is_infinite() => Misfit::NotFinite,
        _ => Misfit::Text,
    })?;
    let decimal = notation.decimal.char();
    let plain = |whole: &str, rest: &str| {
        let mut plain: String = whole.chars().filter(char::is_ascii_digit).collect();
        plain.insert_str(0, if digits.negative { "-" } else { "" });
        if !rest.is_empty() {
            plain.push('.');
            plain.push_str(rest);
        }
        plain.push_str(digits.exponent);
        plain.parse::<f64>().map_err(|_| Misfit::Text)
    };
    let (whole, rest) = match digits.body.rsplit_once(decimal) {
        // More than one decimal mark: they are groups of thousands, or nothing.
        Some((whole, _)) if whole.contains(decimal) => return Err(Misfit::Text),
        Some(parts) => parts,
        None => (digits.body, ""),
    };
    if !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Misfit::Text);
    }
    match groups(whole) {
        None => Err(Misfit::Text),
        Some(Groups { count: 2, mark: ',' }) if !notation.certain && !digits.body.contains('.') => {
            Err(Misfit::Ambiguous)
        }
        Some(_) => plain(whole, rest),
    }
}

/// A number in parts: sign, digits with marks, exponent.
struct Digits<'t> {
    negative: bool,
    body: &'t str,
    exponent: &'t str,
}

impl<'t> Digits<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let text = text.trim();
        let (negative, rest) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (body, exponent) = rest.split_at(rest.find(['e', 'E']).unwrap_or(rest.len()));
        let power = exponent.get(1..).unwrap_or_default();
        let power = power.strip_prefix(['-', '+']).unwrap_or(power);
        let right = exponent.is_empty() || !power.is_empty() && power.bytes().all(|b| b.is_ascii_digit());
        let marks = |c: char| c.is_ascii_digit() || c == '.' || c == ',' || is_group_mark(c);
        let fits = body.contains(|c: char| c.is_ascii_digit()) && body.chars().all(marks);
        let ends = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
        (right && fits && body.starts_with(ends) && body.ends_with(ends)).then_some(Self {
            negative,
            body,
            exponent,
        })
    }
}

/// Whether a character other than comma and point may stand between thousands.
fn is_group_mark(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\'' | '\u{2019}')
}

/// Groups of digits.
struct Groups {
    count: usize,
    mark: char,
}

/// Returns the groups of the whole part; None if they are not thousands. An empty part is one group.
fn groups(whole: &str) -> Option<Groups> {
    let Some(mark) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return Some(Groups { count: 1, mark: '\0' });
    };
    let mut parts = whole.split(mark);
    let first = parts.next()?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let right = (1..=3).contains(&first.len()) && digits(first) && first != "0";
    let count = 1 + parts.clone().count();
    let indian = mark == ',' && right && is_indian(first, parts.clone());
    (indian || right && parts.all(|part| part.len() == 3 && digits(part))).then_some(Groups { count, mark })
}

/// Whether groups of digits are lakhs and crores: two digits each, and three in the last one, as in 1,23,456. With one mark
/// they look like thousands.
fn is_indian<'p>(first: &str, rest: impl Iterator<Item = &'p str>) -> bool {
    let rest: Vec<&str> = rest.collect();
    let Some((last, pairs)) = rest.split_last() else { return false };
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    first.len() <= 2 && !pairs.is_empty() && pairs.iter().all(|pair| digits(pair, 2)) && digits(last, 3)
}

/// What a number says about the decimal mark of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Nothing: there are no marks, or a single group of three digits.
    None,
    /// The mark is this one.
    Decimal(Decimal),
}

/// Returns what a field says about the decimal mark; None if it is not a number in either notation.
pub(super) fn evidence(text: &str) -> Option<Evidence> {
    let text = bracketed(text).unwrap_or(text);
    let reads = |decimal| {
        let notation = Notation { decimal, certain: true };
        written(text, notation).is_ok()
    };
    match (reads(Decimal::Point), reads(Decimal::Comma)) {
        (false, false) => None,
        (true, false) => Some(Evidence::Decimal(Decimal::Point)),
        (false, true) => Some(Evidence::Decimal(Decimal::Comma)),
        (true, true) => Some(Evidence::None),
    }
}

/// Whether a trimmed field is a number in some notation, perhaps with a unit that is not a word.
pub(crate) fn looks_like_number(field: &str) -> bool {
    let field = bracketed(field).unwrap_or(field);
    let plain = |text: &str| evidence(text).is_some();
    field.parse::<f64>().is_ok_and(|number| !number.is_nan())
        || plain(field)
        || Unit::sign_of(field).is_some_and(plain)
}
