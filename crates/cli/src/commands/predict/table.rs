//! Rows of named columns as CSV, or as one JSON object per line.

use std::fmt::Write;

use super::output::Output;
use crate::failure::Failure;

/// Digits of a number: the precision of f32.
const DIGITS: usize = 7;

/// Digits that an f64 has.
const MOST_DIGITS: usize = 16;

/// A cell of a row.
pub(super) enum Cell<'a> {
    Text(&'a str),
    Owned(String),
    Whole(u64),
    Number(f64),
    /// A value, and the standard deviation of the values of its column: digits that are far below it say nothing.
    Value(f64, f64),
    /// A value of the file that was standardised in f32.
    Observed(Observed),
    Nothing,
}

/// A value of the file, standardised: z = (x − mean) / std.
pub(super) struct Observed {
    pub(super) z: f32,
    pub(super) mean: f64,
    pub(super) std: f64,
}

impl Observed {
    /// The shortest number that is standardised to z: that of the file, unless it has more digits than an f32 holds.
    fn shortest(&self) -> f64 {
        let value = self.mean + self.std * f64::from(self.z);
        let same = |x: f64| ((x - self.mean) / self.std) as f32 == self.z;
        (1..=MOST_DIGITS).map(|digits| rounded(value, digits)).find(|&x| same(x)).unwrap_or(value)
    }
}

/// A writer of rows.
pub(super) struct Table<'o> {
    output: &'o mut Output,
    /// The names of the columns, escaped for the format.
    names: Vec<String>,
    json: bool,
    line: String,
}

impl<'o> Table<'o> {
    /// Begins a table with these columns. CSV begins with a line of their names.
    pub(super) fn begin(output: &'o mut Output, names: Vec<String>, json: bool) -> Result<Self, Failure> {
        let names: Vec<String> = match json {
            true => names.into_iter().map(|name| serde_json::Value::from(name).to_string()).collect(),
            false => names.iter().map(|name| field(name)).collect(),
        };
        if !json {
            output.write(&(names.join(",") + "\n"))?;
        }
        Ok(Self { output, names, json, line: String::new() })
    }

    /// Writes one row.
    pub(super) fn row<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) -> Result<(), Failure> {
        self.line.clear();
        let mut columns = 0;
        for (cell, name) in cells.into_iter().zip(&self.names) {
            self.line.push_str(match (self.json, columns) {
                (true, 0) => "{",
                (false, 0) => "",
                _ => ",",
            });
            columns += 1;
            if self.json {
                self.line.push_str(name);
                self.line.push(':');
            }
            let mut text = |text: &str| {
                self.line += &if self.json { serde_json::Value::from(text).to_string() } else { field(text) };
            };
            match cell {
                Cell::Text(a) => text(a),
                Cell::Owned(a) => text(&a),
                Cell::Whole(number) => {
                    write!(self.line, "{number}").expect("writing to a string cannot fail")
                }
                Cell::Number(number) => push_number(&mut self.line, number, DIGITS),
                Cell::Value(value, std) => push_number(&mut self.line, value, digits(value, std)),
                Cell::Observed(value) => {
                    write!(self.line, "{:?}", value.shortest()).expect("writing to a string cannot fail")
                }
                Cell::Nothing if self.json => self.line.push_str("null"),
                Cell::Nothing => {}
            }
        }
        assert_eq!(columns, self.names.len(), "cells of a row");
        self.line.push_str(if self.json { "}\n" } else { "\n" });
        self.output.write(&self.line)
    }

    /// Flushes the output, so that the rows can be read.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.output.flush()
    }
}

/// Digits of a value that was standardised in f32: [`DIGITS`] of its distance from the mean, so more of a value that is
/// large beside the standard deviation.
fn digits(value: f64, std: f64) -> usize {
    let more = (value.abs() / std).log10().ceil();
    if more > 0.0 { DIGITS + (more as usize).min(MOST_DIGITS - DIGITS) } else { DIGITS }
}

/// Appends a finite number with so many digits, as short as possible, in a form that JSON and CSV share.
fn push_number(line: &mut String, number: f64, digits: usize) {
    write!(line, "{:?}", rounded(number, digits)).expect("writing to a string cannot fail");
}

/// A finite number, rounded to so many digits.
fn rounded(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits - 1).parse().expect("a number, just written")
}

/// A field of CSV, in quotes if needed.
fn field(text: &str) -> String {
    let special = |c: char| matches!(c, ',' | '"' | '\n' | '\r');
    match text.contains(special) || text.starts_with(' ') || text.ends_with(' ') {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_numbers_are_written_so_that_they_come_back() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field(" "), "\" \"");
        for (number, text) in
            [(0.1, "0.1"), (1.0 / 3.0, "0.3333333"), (35.2000008, "35.2"), (-1e-30, "-1e-30"), (0.0, "0.0")]
        {
            let mut line = String::new();
            push_number(&mut line, number, DIGITS);
            assert_eq!(line, text);
        }
        // A wave of height 1.5 on a large offset.
        let mut line = String::new();
        push_number(&mut line, 50_000_001.234_567_89, digits(50_000_001.234_567_89, 1.06));
        assert_eq!(line, "50000001.2345679");
        // Observed values have the digits of the file.
        for (x, mean, std) in
            [(8.0, 5.3, 2.1), (20.5, 22.0, 0.9), (-0.001, 3.0, 40.0), (50_000_001.25, 5e7, 1.06)]
        {
            let z = ((x - mean) / std) as f32;
            assert_eq!(Observed { z, mean, std }.shortest(), x);
        }
        assert_eq!((digits(1e-7, 1e-7), digits(0.0, 1.0), digits(1e300, 1e-300)), (7, 7, 16));
    }
}
