//! Single lines of a table that never ends: the lines of a stream.

use std::path::Path;

use super::format::{Format, notation};
use super::missing::Na;
use super::number::{Misfit, NumberForm, looks_like_number};
use super::options::TableOptions;
use super::unit::Unit;

/// How the lines of a stream are written, from its first lines.
#[derive(Clone, Debug)]
pub struct LineFormat {
    format: Format,
    form: NumberForm,
}

/// Why a field of a line is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineProblem {
    /// It is not a number.
    Text,
    /// Its comma may be a thousands separator or a decimal comma.
    Ambiguous,
    /// Infinity, or beyond single precision.
    NotFinite,
}

impl LineFormat {
    /// Finds the separator of the first line.
    pub fn of(line: &str, options: &TableOptions) -> Self {
        let format = Format::find(Path::new(""), line.as_bytes(), false, options).unwrap_or_else(|_| {
            let comma = Some(super::Separator::COMMA);
            let options = TableOptions { separator: comma, ..options.clone() };
            Format::find(Path::new(""), line.as_bytes(), false, &options).expect("the separator is given")
        });
        let form = NumberForm { notation: format.notation, unit: Unit::default(), na: Na::new(&options.na) };
        Self { format, form }
    }

    /// Splits a line into trimmed fields.
    pub fn split(&mut self, line: &str) -> Vec<String> {
        let mut fields = self.format.split(line);
        fields.iter_mut().for_each(|field| *field = field.trim().to_owned());
        if !self.form.notation.certain {
            self.form.notation = notation(std::slice::from_ref(&fields));
        }
        fields
    }

    /// Whether a field is a number or a missing value, and not a name.
    pub fn is_value(&self, field: &str) -> bool {
        self.form.parse(field).is_ok() || looks_like_number(field)
    }

    /// Parses a field; a missing value is NaN.
    ///
    /// # Errors
    /// [`LineProblem`] if it is not a finite number.
    pub fn number(&self, field: &str) -> Result<f64, LineProblem> {
        self.form.parse(field).map_err(|misfit| match misfit {
            Misfit::Text => LineProblem::Text,
            Misfit::Ambiguous => LineProblem::Ambiguous,
            Misfit::NotFinite => LineProblem::NotFinite,
        })
    }
}
