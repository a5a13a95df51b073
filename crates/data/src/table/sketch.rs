//! The first rows of a table, column by column, from which the use of each column is guessed.

use std::collections::HashSet;
use std::path::Path;

use csv::StringRecord;

use super::error::TableError;
use super::format::Format;
use super::misfit::Misfit;
use super::missing::Na;
use super::number::{NumberForm, looks_like_number};
use super::options::TableOptions;
use super::rows::Rows;
use super::times::looks_like_time;
use super::unit::Unit;
use crate::categorical::MOST;

/// Most different values counted per column.
const DIFFERENT: usize = 1000;
/// Most rows that are examined.
const ROWS: usize = 20_000;

/// Names of id columns.
pub(crate) const IDS: [&str; 10] =
    ["id", "ids", "sequence", "seq", "case", "sample", "trial", "session", "recording", "episode"];

/// Statistics of the first rows of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// How its numbers are written.
    pub(crate) form: NumberForm,
    /// Fields that are numbers, or look like numbers.
    pub(crate) numbers: usize,
    /// Fields that are neither numbers nor missing.
    pub(crate) texts: usize,
    /// Whether all numbers are integers.
    pub(crate) whole: bool,
    /// Different values, at most [`DIFFERENT`] of them.
    different: HashSet<String>,
    /// Whether the first value is a date or a time of day.
    pub(crate) time: bool,
    /// The first value.
    pub(crate) first: Option<String>,
    /// Whether the column counts the rows: each number is one more than the previous one.
    pub(crate) counts: bool,
    number: Option<f64>,
    /// Whether a value occurs again after other values.
    pub(crate) again: bool,
    last: String,
    sum: f64,
    squares: f64,
}

/// The first rows of a table.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<StringRecord>,
    /// The bytes of these rows and of what is above them, if the table has more.
    pub(crate) beginning: Option<Vec<u8>>,
    /// How the table is written.
    pub(crate) format: Format,
}

impl Sketch {
    /// Reads the first bytes of a table; `cut` if the file has more. Rows that cannot be read are left out.
    ///
    /// # Errors
    /// [`TableError`] if the names cannot be read.
    pub(crate) fn of_head(
        path: &Path,
        head: &[u8],
        cut: bool,
        options: &TableOptions,
    ) -> Result<Self, TableError> {
        let end =
            if cut { head.iter().rposition(|&byte| byte == b'\n').unwrap_or(head.len()) } else { head.len() };
        let mut rows = Rows::open(path, &head[..end], options, false)?;
        let (mut sample, mut row) = (Vec::new(), StringRecord::new());
        while sample.len() < ROWS {
            match rows.next(&mut row) {
                Ok(Some(_)) => sample.push(std::mem::take(&mut row)),
                Ok(None) => break,
                Err(TableError::Ragged { .. } | TableError::NotUtf8 { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let columns = columns(&rows, &sample);
        let beginning = cut.then(|| head[..end].to_owned());
        Ok(Self { columns, rows: sample, beginning, format: rows.format })
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Whether all rows with one value in column `by` have one value in column `of`.
    pub(crate) fn depends(&self, of: usize, by: usize) -> bool {
        let mut seen = std::collections::HashMap::new();
        self.rows.iter().all(|row| *seen.entry(&row[by]).or_insert(&row[of]) == &row[of])
    }
}

/// Sketches the columns of a table from its first rows.
pub(crate) fn columns(rows: &Rows<'_>, sample: &[StringRecord]) -> Vec<Column> {
    let notation = rows.format.notation;
    let column = |(index, name): (usize, &String)| {
        let fields = || sample.iter().map(|row| row[index].trim());
        let mut column = Column::new(name.clone(), notation, rows.na.clone());
        if fields().any(|field| matches!(column.form.parse(field), Err(Misfit::Text))) {
            column.form.unit = Unit::of(fields().filter(|field| !rows.na.has(field)));
        }
        fields().for_each(|field| column.see(field));
        column
    };
    rows.names.iter().enumerate().map(column).collect()
}

impl Column {
    fn new(name: String, notation: super::notation::Notation, na: Na) -> Self {
        let form = NumberForm { notation, unit: Unit::default(), na };
        Self { name, form, whole: true, counts: true, ..Self::default() }
    }

    fn see(&mut self, field: &str) {
        let parsed = self.form.parse(field);
        let missing = matches!(parsed, Ok(number) if number.is_nan());
        if !missing && self.first.is_none() {
            self.first = Some(field.to_owned());
        }
        match parsed {
            Ok(_) if missing => {}
            Ok(number) => {
                self.numbers += 1;
                self.whole &= number.fract() == 0.0;
                self.counts &= self.number.is_none_or(|before| number == before + 1.0);
                self.number = Some(number);
                self.sum += number;
                self.squares += number * number;
            }
            // What is written like a number but has another form is not a word: reading it is an error.
            Err(Misfit::Ambiguous | Misfit::NotFinite) => self.numbers += 1,
            Err(Misfit::Text) if looks_like_number(field) => self.numbers += 1,
            Err(Misfit::Text) => {
                self.time |= self.texts + self.numbers == 0 && looks_like_time(field);
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
    pub(crate) fn different(&self) -> usize {
        self.different.len()
    }

    /// Whether its name and its numbers are those of identifiers: whole and different in each of so many rows.
    pub(crate) fn identifies(&self, rows: usize) -> bool {
        let all = self.different() >= rows.min(DIFFERENT) && rows > 2;
        self.called(&IDS) && self.is_number() && self.whole && !self.again && all
    }

    pub(crate) fn is_text(&self) -> bool {
        self.texts > 0 && self.numbers == 0
    }

    /// Whether it has few words that occur again, and so may have categories. A comma in a name would split a setting.
    pub(crate) fn has_categories(&self) -> bool {
        self.is_text() && !self.time && self.again && self.different() <= MOST && !self.name.contains(',')
    }

    pub(crate) fn is_number(&self) -> bool {
        self.texts == 0 && self.numbers > 0
    }

    /// Whether single precision loses digits that matter: the mean is more than a thousand standard deviations.
    pub(crate) fn is_offset(&self) -> bool {
        const RATIO: f64 = 1000.0;
        let count = self.numbers.max(1) as f64;
        let mean = self.sum / count;
        let variance = (self.squares / count - mean * mean).max(0.0);
        mean.abs() > RATIO * variance.sqrt() && mean.abs() >= RATIO
    }

    /// Whether one of the words of its name is among `words`; anything but letters separates words.
    pub(crate) fn called(&self, words: &[&str]) -> bool {
        let name = self.name.to_lowercase();
        name.split(|c: char| !c.is_alphanumeric()).any(|part| words.contains(&part))
    }
}
