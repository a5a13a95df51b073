//! How a table is written, found from its first rows.

use std::path::Path;

use super::error::{TableError, shorten};
use super::header;
use super::layout::{Candidate, Lead};
use super::notation::{Notation, bracketed};
use super::number::{Evidence, evidence, looks_like_number};
use super::options::{Decimal, Separator, TableOptions};
use crate::wording::counted;

/// How a table is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Format {
    pub(crate) separator: Separator,
    pub(crate) notation: Notation,
    /// Whether the first row names the columns.
    pub(crate) header: bool,
    /// Whether the names are a comment.
    pub(crate) marked: bool,
    /// Number of columns.
    pub(crate) width: usize,
    /// Number of lines before the first row: comments, free text, `sep=`.
    pub(crate) skipped: u64,
    /// Number of rows below the names that have no values: the units of the columns, and what was done in an interval.
    pub(crate) units: u64,
    /// Whether each row ends with a separator.
    pub(crate) trailing: bool,
    /// Whether the names are numbers, or may be.
    numbered: bool,
    /// Whether an option says if there are names.
    said: bool,
    /// The first row, if each row may be one number with a decimal comma instead of two fields.
    halves: Option<String>,
    /// Rows that were examined.
    rows: usize,
    /// Share of the fields below the names that are numbers, times or missing.
    known: f64,
    /// Share of the rows that have as many fields as most.
    agreeing: f64,
}

impl Format {
    /// Finds the format from the beginning of a table; `cut` if it has more. The path is for messages. An empty table
    /// has the usual format.
    ///
    /// # Errors
    /// [`TableError::CommaOrDecimal`] if a comma may be either.
    pub(crate) fn find(
        path: &Path,
        head: &[u8],
        cut: bool,
        options: &TableOptions,
    ) -> Result<Self, TableError> {
        let lead = Lead::of(head);
        let given = options.separator.or(lead.separator);
        let tried: Vec<Separator> = match given {
            Some(given) => vec![given],
            // A comma is not a separator where it is the decimal mark.
            None => {
                let comma = options.decimal == Some(Decimal::Comma);
                Separator::KNOWN.into_iter().filter(|&known| !(comma && known == Separator::COMMA)).collect()
            }
        };
        let candidates: Vec<Candidate> =
            tried.iter().map(|&separator| Candidate::of(head, cut, &lead, separator)).collect();
        let chosen = Candidate::best(&candidates, given.is_some());
        if let (None, None, Some(line)) = (given, options.decimal, chosen.comma_or_decimal()) {
            return Err(TableError::CommaOrDecimal {
                path: path.to_owned(),
                line,
                value: shorten(&chosen.rows[chosen.start].join(",")),
            });
        }
        if chosen.rows.is_empty() && !cut {
            return Err(TableError::Empty { path: path.to_owned() });
        }
        let rows = &chosen.rows[chosen.start..];
        let known = rows.first().is_some_and(|row| header::has_names(row, &options.known));
        let header = options.header || !options.no_header && (known || header::is_header(rows));
        let numbered = match header {
            true => rows.first().is_some_and(|row| header::has_numbers_only(row)),
            false => header::may_be_header(rows),
        };
        let marked = !header && !options.no_header && lead.names(chosen.separator, chosen.width);
        let units = if header { header::units(rows, lead.logger) } else { 0 };
        let below = &rows[(usize::from(header) + units).min(rows.len())..];
        let notation = match options.decimal {
            Some(decimal) => Notation { decimal, certain: true },
            None => notation(below),
        };
        Ok(Self {
            separator: chosen.separator,
            notation,
            header: header || marked,
            marked,
            width: chosen.width,
            skipped: chosen.first_line() - 1 - u64::from(marked),
            units: units as u64,
            trailing: chosen.trailing,
            numbered,
            said: options.header || options.no_header || known,
            halves: chosen.halves().filter(|_| !header && given.is_none() && options.decimal.is_none()),
            rows: rows.len(),
            known: chosen.known,
            agreeing: chosen.agreeing,
        })
    }

    /// Notes on what is unusual; `first_line` is the line of the names or of the first row.
    pub(super) fn notes(&self, first_line: u64) -> Vec<String> {
        let mut notes = Vec::new();
        let numbers = self.numbered && !self.said;
        if !self.header {
            let out = if numbers { "; if its whole numbers are names, add --header" } else { "" };
            notes.push(format!(
                "the first row has values, not names: the columns are called column 1, column 2 and so on{out}"
            ));
        } else if numbers {
            notes.push(format!(
                "line {first_line} has numbers that are read as the names of the columns; if they are values, add \
                 --no-header"
            ));
        }
        if let Some(row) = &self.halves {
            notes.push(format!(
                "line {first_line} has {row}, read as two fields: --decimal , reads one number with a decimal comma"
            ));
        }
        if self.skipped > 0 {
            notes.push(format!("{} before the table: not read", counted(self.skipped, "line")));
        }
        match self.units {
            0 => {}
            1 => notes.push(format!("line {} has the units of the columns: not read", first_line + 1)),
            rows => notes.push(format!(
                "lines {} to {} have units and other words for the columns: not read",
                first_line + 1,
                first_line + rows
            )),
        }
        notes
    }

    /// Splits a single line into its fields, without quotes.
    pub(crate) fn split(&self, line: &str) -> Vec<String> {
        let mut rows = super::layout::records(line.as_bytes(), self.separator);
        let mut fields = if rows.is_empty() { vec![String::new()] } else { rows.remove(0).1 };
        if self.trailing && fields.last().is_some_and(String::is_empty) {
            fields.pop();
        }
        fields
    }
}

/// Whether text is a table: rows with the same number of fields, most of which are numbers. `cut` if there is more text.
pub(crate) fn is_table(head: &[u8], cut: bool) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut text = Vec::with_capacity(head.len());
    let ends = head.iter().enumerate().filter(|&(i, &byte)| byte != b'\n' || i == 0 || head[i - 1] != b'\r');
    text.extend(ends.map(|(_, &byte)| if byte == b'\r' { b'\n' } else { byte }));
    let options = TableOptions::default();
    Format::find(Path::new(""), &text, cut, &options).map_or_else(
        |error| matches!(error, TableError::CommaOrDecimal { .. }),
        |format| format.rows > 1 && format.known > 0.5 && (format.agreeing >= 0.9 || format.known > 0.95),
    )
}

/// Finds the decimal mark that most of the numbers show. Columns with text say nothing.
pub(super) fn notation(rows: &[Vec<String>]) -> Notation {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let (mut points, mut commas) = (0, 0);
    for column in 0..width {
        let fields = || rows.iter().filter_map(move |row| row.get(column)).map(|field| field.trim());
        if !fields().all(|field| super::is_missing(field) || looks_like_number(field)) {
            continue;
        }
        for field in fields() {
            let field = bracketed(field).unwrap_or(field);
            let bare = super::unit::Unit::sign_of(field).unwrap_or(field);
            match evidence(bare) {
                Some(Evidence::Decimal(Decimal::Point)) => points += 1,
                Some(Evidence::Decimal(Decimal::Comma)) => commas += 1,
                _ => {}
            }
        }
    }
    match commas > points {
        true => Notation { decimal: Decimal::Comma, certain: true },
        false => Notation { decimal: Decimal::Point, certain: points > 0 },
    }
}
