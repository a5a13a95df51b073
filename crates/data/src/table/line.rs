//! Single lines of a table that never ends: the lines of a stream.

use std::path::Path;

use super::format::{Format, notation};
use super::kind::{Kind, kind};
use super::misfit::Misfit;
use super::missing::Na;
use super::number::{NumberForm, looks_like_number};
use super::options::TableOptions;
use super::unit::Unit;

/// How the lines of a stream are written, from its first lines.
#[derive(Clone, Debug)]
pub struct LineFormat {
    format: Format,
    form: NumberForm,
    /// Unit of each field, from its first value.
    units: Vec<Option<Unit>>,
}

/// Separators that a line of names is tried with.
const SEPARATORS: [&str; 5] = [",", ";", "tab", "|", "space"];

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
    /// Finds the separator of the first line; None if the line has no fields because it is a comment or names the
    /// separator (`sep=;`). `names` are those of the columns that are read.
    pub fn of(line: &str, names: &[String], options: &TableOptions) -> Option<Self> {
        let by = |separator: &str| {
            let options = TableOptions { separator: separator.parse().ok(), ..options.clone() };
            Self::find(line, &options)
        };
        if options.separator.is_some() {
            return Self::find(line, options);
        }
        let has_names = |format: &Self| {
            let fields = format.clone().split(line);
            names.iter().all(|name| fields.contains(name))
        };
        let found = Self::find(line, options);
        if found.as_ref().is_some_and(has_names) {
            return found;
        }
        let named = SEPARATORS.into_iter().filter_map(by).find(has_names);
        named.or(found).or_else(|| by(SEPARATORS[0]))
    }

    fn find(line: &str, options: &TableOptions) -> Option<Self> {
        let format = Format::find(Path::new(""), line.as_bytes(), false, options).ok()?;
        let form = NumberForm { notation: format.notation, unit: Unit::default(), na: Na::new(&options.na) };
        Some(Self { format, form, units: Vec::new() })
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

    /// Whether a line below the names has no values but the units of the columns, or words for what was done in an interval:
    /// there is text in one of the `columns` of numbers, and neither a number nor a time in the line.
    pub fn has_units(&self, fields: &[String], columns: &[usize]) -> bool {
        let text = |&column: &usize| fields.get(column).is_some_and(|field| kind(field) == Kind::Text);
        let value = |field: &String| {
            let unit = Unit::of(std::iter::once(field.as_str()));
            let read = NumberForm { unit, ..self.form.clone() }.parse(field);
            matches!(kind(field), Kind::Number | Kind::Time) || read.is_ok_and(f64::is_finite)
        };
        columns.iter().any(text) && !fields.iter().any(value)
    }

    /// Parses field `index` of a line; a missing value is NaN. The unit of its first value may be before or after the
    /// later ones.
    ///
    /// # Errors
    /// [`LineProblem`] if it is not a finite number.
    pub fn number(&mut self, index: usize, field: &str) -> Result<f64, LineProblem> {
        if self.units.len() <= index {
            self.units.resize(index + 1, None);
        }
        let unit = self.units[index].clone().unwrap_or_else(|| Unit::of(std::iter::once(field)));
        let number = NumberForm { unit: unit.clone(), ..self.form.clone() }.parse(field);
        if self.units[index].is_none() && number.is_ok_and(|number| !number.is_nan()) {
            self.units[index] = Some(unit);
        }
        number.map_err(|misfit| match misfit {
            Misfit::Text => LineProblem::Text,
            Misfit::Ambiguous => LineProblem::Ambiguous,
            Misfit::NotFinite => LineProblem::NotFinite,
        })
    }
}
