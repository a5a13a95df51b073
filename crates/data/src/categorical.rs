//! Columns of categories as one-hot inputs.
//!
//! A column with the categories c_1 … c_n has n channels, called `column=category`:
//!
//! ```text
//! x_{t,i} = 1 if row t has the category c_i, else 0
//! ```
//!
//! The categories are those of the training part, ordered by number or name. A missing category, and one that the
//! training part does not have, make all n channels 0. The channels are not standardised.
//!
//! Readers store the code of a category in place of a number, until the training part is known.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::natural_order::natural;
use crate::wording::counted;

/// Most categories of a column.
pub const MOST: usize = 64;
/// Most unknown categories that a notice lists.
const LISTED: usize = 3;
/// The code of a missing category.
const MISSING: f64 = -1.0;
/// The code of a category that a trained model does not know.
const UNKNOWN: f64 = -2.0;

/// A column of categories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Categorical {
    /// Name of the column.
    pub column: String,
    /// Index of its first channel.
    pub channel: usize,
    /// Its categories, one for each channel; empty before they are found in the training part.
    pub categories: Vec<String>,
}

impl Categorical {
    /// A column whose categories are to be found.
    pub fn named(column: impl Into<String>) -> Self {
        Self { column: column.into(), channel: 0, categories: Vec::new() }
    }

    /// Names of the channels.
    pub fn channels(&self) -> impl Iterator<Item = String> + '_ {
        self.categories.iter().map(|category| format!("{}={category}", self.column))
    }

    /// Writes the channels of a category.
    ///
    /// Returns false if the category is not known.
    pub fn write(&self, category: &str, out: &mut Vec<f32>) -> bool {
        let found = self.categories.iter().position(|known| known == category);
        out.extend((0..self.categories.len()).map(|index| f32::from(u8::from(found == Some(index)))));
        found.is_some()
    }
}

/// Returns the columns of a table that give these channels: the channels of a categorical column are one column.
pub fn columns(channels: &[String], categorical: &[Categorical]) -> Vec<String> {
    let mut columns = Vec::new();
    let mut channel = 0;
    while channel < channels.len() {
        match categorical.iter().find(|column| column.channel == channel && !column.categories.is_empty()) {
            Some(column) => {
                columns.push(column.column.clone());
                channel += column.categories.len();
            }
            None => {
                columns.push(channels[channel].clone());
                channel += 1;
            }
        }
    }
    columns
}

/// Why a column cannot be read as categories.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are named as the message uses them")]
pub enum CategoryError {
    /// The column has too many of them.
    #[error(
        "column {column} has more than {MOST} categories, and each would be an input: leave it out of --categorical, or \
         write fewer categories"
    )]
    TooMany { column: String },
    /// The training part has none.
    #[error("column {column} has no category in the training part: leave it out of --categorical")]
    None { column: String },
}

/// The codes of the categories of a column, while it is read.
#[derive(Clone, Debug)]
pub(crate) struct Codes {
    column: String,
    names: Vec<String>,
    codes: HashMap<String, u32>,
    /// Whether a trained model knows the categories.
    fixed: bool,
    unknown: Unknown,
}

impl Codes {
    /// Begins with the categories that a trained model knows, or with none.
    pub(crate) fn new(column: &Categorical) -> Self {
        let codes = column.categories.iter().cloned().zip(0..).collect();
        let (names, fixed) = (column.categories.clone(), !column.categories.is_empty());
        Self { column: column.column.clone(), names, codes, fixed, unknown: Unknown::default() }
    }

    /// Returns the code of a category.
    ///
    /// # Errors
    /// [`CategoryError::TooMany`].
    pub(crate) fn code(&mut self, category: &str) -> Result<f64, CategoryError> {
        if let Some(&code) = self.codes.get(category) {
            return Ok(f64::from(code));
        }
        if self.fixed {
            self.unknown.add(category, 1);
            return Ok(UNKNOWN);
        }
        if self.names.len() == MOST {
            return Err(CategoryError::TooMany { column: self.column.clone() });
        }
        let code = self.names.len() as u32;
        self.codes.insert(category.to_owned(), code);
        self.names.push(category.to_owned());
        Ok(f64::from(code))
    }

    /// The code of a missing category.
    pub(crate) fn missing() -> f64 {
        MISSING
    }

    /// Finds the categories in the codes of the training part.
    ///
    /// # Errors
    /// [`CategoryError::None`].
    pub(crate) fn find(&self, training: impl Iterator<Item = f64>) -> Result<Categorical, CategoryError> {
        let mut seen = vec![false; self.names.len()];
        training.filter(|&code| code >= 0.0).for_each(|code| seen[code as usize] = true);
        let names = self.names.iter().zip(seen).filter(|(_, seen)| *seen);
        let mut categories: Vec<String> = names.map(|(name, _)| name.clone()).collect();
        categories.sort_by(|a, b| natural(a, b));
        if categories.is_empty() {
            return Err(CategoryError::None { column: self.column.clone() });
        }
        Ok(Categorical { categories, ..Categorical::named(self.column.clone()) })
    }

    /// Prepares to replace codes by the channels of `column`.
    pub(crate) fn encoder(&self, column: &Categorical) -> Encoder {
        let channel = |name: &String| column.categories.iter().position(|category| category == name);
        Encoder {
            names: self.names.clone(),
            channels: self.names.iter().map(channel).collect(),
            width: column.categories.len(),
            column: self.column.clone(),
            unknown: self.unknown.clone(),
        }
    }
}

/// Replaces codes by channels.
pub(crate) struct Encoder {
    names: Vec<String>,
    /// The channel of each code.
    channels: Vec<Option<usize>>,
    width: usize,
    column: String,
    unknown: Unknown,
}

impl Encoder {
    /// Calls `each` with the value of each channel.
    pub(crate) fn write(&mut self, code: f64, mut each: impl FnMut(f64)) {
        let channel = (code >= 0.0).then(|| self.channels[code as usize]).flatten();
        if code >= 0.0 && channel.is_none() {
            self.unknown.add(&self.names[code as usize], 1);
        }
        (0..self.width).for_each(|index| each(if channel == Some(index) { 1.0 } else { 0.0 }));
    }

    /// A notice about rows whose category the training part does not have.
    pub(crate) fn notice(&self) -> Option<String> {
        self.unknown.notice(&self.column)
    }
}

/// Categories that the training part does not have.
#[derive(Clone, Debug, Default)]
struct Unknown {
    rows: u64,
    names: Vec<String>,
    more: bool,
}

impl Unknown {
    fn add(&mut self, category: &str, rows: u64) {
        self.rows += rows;
        if !self.names.iter().any(|name| name == category) {
            if self.names.len() < LISTED {
                self.names.push(category.to_owned());
            } else {
                self.more = true;
            }
        }
    }

    fn notice(&self, column: &str) -> Option<String> {
        let (names, more) = (self.names.join(", "), if self.more { ", …" } else { "" });
        let have = if self.rows == 1 { "has a category" } else { "have categories" };
        let rows = counted(self.rows, "row");
        (self.rows > 0).then(|| {
            format!("column {column}: {rows} {have} that training did not have ({names}{more}): their inputs are 0")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_of_the_training_part_are_channels() {
        let mut codes = Codes::new(&Categorical::named("sky"));
        let rows = ["rain", "sun", "rain", "fog", "hail", "fog"];
        let mut read: Vec<f64> = rows.iter().map(|name| codes.code(name).unwrap()).collect();
        read.push(Codes::missing());
        let found = codes.find(read[..3].iter().copied()).unwrap();
        assert_eq!(found.channels().collect::<Vec<_>>(), ["sky=rain", "sky=sun"]);
        let mut encoder = codes.encoder(&found);
        let mut written = Vec::new();
        read.iter().for_each(|&code| encoder.write(code, |x| written.push(x as u8)));
        assert_eq!(written, [1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let expected =
            "column sky: 3 rows have categories that training did not have (fog, hail): their inputs are 0";
        assert_eq!(encoder.notice().as_deref(), Some(expected));
        // New data are read with the categories of the model.
        let mut codes = Codes::new(&found);
        assert_eq!(["sun", "x"].map(|name| codes.code(name).unwrap()), [1.0, UNKNOWN]);
        let notice = codes.encoder(&found).notice().unwrap();
        assert!(notice.contains("1 row has a category") && notice.contains("(x)"), "{notice}");
        assert!(codes.find([MISSING].into_iter()).is_err());
        let mut out = Vec::new();
        assert!(found.write("sun", &mut out) && !found.write("fog", &mut out));
        assert_eq!(out, [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_column_has_a_limited_number_of_categories() {
        let mut codes = Codes::new(&Categorical::named("x"));
        assert!((0..MOST).all(|i| codes.code(&i.to_string()).is_ok()));
        assert!(codes.code("0").is_ok());
        let error = codes.code("more").unwrap_err().to_string();
        assert!(error.contains("column x has more than 64 categories"), "{error}");
        // Numbers are in their order.
        let found = codes.find((0..MOST).map(|code| code as f64)).unwrap();
        assert_eq!((found.categories[2].as_str(), found.categories[10].as_str()), ("2", "10"));
    }

    #[test]
    fn channels_belong_to_columns() {
        let weather =
            Categorical { channel: 1, categories: vec!["a".into(), "b".into()], ..Categorical::named("w") };
        let channels = ["x", "w=a", "w=b", "y"].map(str::to_owned);
        assert_eq!(columns(&channels, &[weather]), ["x", "w", "y"]);
        assert_eq!(columns(&channels, &[]), channels);
    }
}
