//! The first rows of a table, column by column, from which the use of each column is guessed.

use std::collections::HashSet;

use crate::series::looks_like_time;

/// Most different values counted per column.
const DIFFERENT: usize = 1000;
/// Most rows that are examined.
const ROWS: usize = 20_000;

/// Statistics of the first rows of a column.
#[derive(Default)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) numbers: usize,
    /// Fields that are neither numbers nor missing.
    pub(super) texts: usize,
    /// Whether all numbers are integers.
    pub(super) whole: bool,
    /// Different values, at most [`DIFFERENT`] of them.
    different: HashSet<String>,
    /// Whether the first text looks like a date.
    pub(super) time: bool,
    /// Whether the column counts the rows: each number is one more than the previous one.
    pub(super) counts: bool,
    number: Option<f64>,
    /// Whether a value occurs again after other values.
    pub(super) again: bool,
    last: String,
}

/// The first rows of a table.
pub(super) struct Sketch {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<csv::StringRecord>,
}

/// Returns the separator (comma, semicolon or tab) that occurs most often in a line.
pub(super) fn separator_of(line: &[u8]) -> u8 {
    let count = |separator: u8| line.iter().filter(|&&byte| byte == separator).count();
    // `max_by_key` returns the last maximum, so the comma wins a tie.
    [b'\t', b';', b','].into_iter().max_by_key(|&separator| count(separator)).expect("the list is not empty")
}

impl Sketch {
    /// Reads the first bytes of a table; `cut` if the file has more.
    pub(super) fn of(head: &[u8], cut: bool) -> Self {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let end = if cut { head.iter().rposition(|&byte| byte == b'\n').unwrap_or(0) } else { head.len() };
        let first =
            head.trim_ascii_start().split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or(head);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator_of(first))
            .has_headers(false)
            .flexible(true)
            .from_reader(&head[..end]);
        let mut records = reader.records().filter_map(Result::ok);
        let header = records.next().unwrap_or_default();
        let named = |(index, name): (usize, &str)| match name.trim() {
            // The same name that a series gives to it.
            "" => format!("column {}", index + 1),
            name => name.to_owned(),
        };
        let column = |name| Column { name, whole: true, counts: true, ..Column::default() };
        let mut columns: Vec<Column> = header.iter().enumerate().map(named).map(column).collect();
        let rows: Vec<_> = records.filter(|row| row.len() == columns.len()).take(ROWS).collect();
        for row in &rows {
            columns.iter_mut().zip(row).for_each(|(column, field)| column.see(field.trim()));
        }
        Self { columns, rows }
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Whether all rows with one value in column `by` have one value in column `of`.
    pub(super) fn depends(&self, of: usize, by: usize) -> bool {
        let mut seen = std::collections::HashMap::new();
        self.rows.iter().all(|row| *seen.entry(&row[by]).or_insert(&row[of]) == &row[of])
    }
}

impl Column {
    fn see(&mut self, field: &str) {
        let missing =
            ["", "?", "na", "n/a", "nan", "null"].iter().any(|word| field.eq_ignore_ascii_case(word));
        match field.parse::<f64>() {
            _ if missing => {}
            Ok(number) => {
                self.numbers += 1;
                self.whole &= number.fract() == 0.0;
                self.counts &= self.number.is_none_or(|before| number == before + 1.0);
                self.number = Some(number);
            }
            Err(_) => {
                self.time |= self.texts == 0 && looks_like_time(field);
                self.texts += 1;
            }
        }
        if field != self.last || self.different.is_empty() {
            self.again |= self.different.contains(field);
            self.last = field.to_owned();
            if self.different.len() < DIFFERENT {
                self.different.insert(field.to_owned());
            }
        }
    }

    /// Number of different values (a lower bound).
    pub(super) fn different(&self) -> usize {
        self.different.len()
    }

    pub(super) fn is_text(&self) -> bool {
        self.texts > 0 && self.numbers == 0
    }

    pub(super) fn is_number(&self) -> bool {
        self.texts == 0 && self.numbers > 0
    }

    /// Whether one of the words of its name is among `words`; anything but letters separates words.
    pub(super) fn called(&self, words: &[&str]) -> bool {
        let name = self.name.to_lowercase();
        name.split(|c: char| !c.is_alphanumeric()).any(|part| words.contains(&part))
    }
}
