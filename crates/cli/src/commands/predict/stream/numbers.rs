//! The numbers of a line, in the order of the columns or of a first line that names them. A categorical column has its
//! category in one field, which gives all its channels.

use longspan::option_syntax::nearest;
use longspan_data::categorical::{Categorical, columns};
use longspan_data::labelled::Scaling;
use longspan_data::table::{LineFormat, LineProblem, TableOptions, is_missing};
use longspan_run::config::Missing;

use super::lines::utf8;
use crate::failure::{Failure, fail};
use crate::progress::counted;

/// The number of characters of a value that messages show.
const SHOWN: usize = 40;

/// The fields of lines, and which channel each of them is.
pub(super) struct Fields {
    missing: Missing,
    table: TableOptions,
    /// The form of the first line; None before it.
    form: Option<Form>,
    /// Whether a category that the model does not know was reported.
    told: bool,
}

/// What the model reads.
pub(super) struct Inputs<'a> {
    /// The names of the channels.
    pub(super) channels: &'a [String],
    /// The scaling of their numbers.
    pub(super) scaling: &'a Scaling,
    /// The columns of categories.
    pub(super) categorical: &'a [Categorical],
}

struct Form {
    format: LineFormat,
    count: usize,
    /// The names of the columns.
    columns: Vec<String>,
    /// The field of each column, if the first line names them.
    positions: Option<Vec<usize>>,
}

impl Fields {
    pub(super) fn new(missing: Missing, table: TableOptions) -> Self {
        Self { missing, table, form: None, told: false }
    }

    /// Reads the numbers of a line and scales them. Returns false if the line names the columns instead.
    ///
    /// # Errors
    /// A message if a number is missing, not finite or not a number, or the line has another number of fields.
    pub(super) fn read(
        &mut self,
        number: u64,
        line: &[u8],
        inputs: &Inputs<'_>,
        numbers: &mut Vec<f32>,
    ) -> Result<bool, Failure> {
        let line = utf8(number, line)?;
        let wrong = |what: String| fail(format!("standard input: line {number}{what}"));
        let named = self.form.is_none();
        let form = match &mut self.form {
            Some(form) => form,
            None => {
                let form = Form::of(line, inputs, &self.table).map_err(wrong)?;
                self.form.insert(form)
            }
        };
        if named && form.positions.is_some() {
            return Ok(false);
        }
        numbers.clear();
        let fields = form.format.split(line);
        let found = fields.len();
        if found != form.count {
            let (names, expected) = (listed(form.columns.iter().map(String::as_str)), form.count);
            return Err(wrong(match form.positions {
                Some(_) => {
                    format!(
                        " has {}, but line 1 names {expected}: write one value for each",
                        counted(found, "field")
                    )
                }
                None => format!(
                    ": {} instead of {expected}: write one value for each {} in this order, {names}, or name the \
                     columns in a first line",
                    counted(found, "value"),
                    if inputs.categorical.is_empty() { "channel" } else { "column" }
                ),
            }));
        }
        for (column, name) in form.columns.iter().enumerate() {
            let position = form.positions.as_ref().map_or(column, |positions| positions[column]);
            let text = fields[position].as_str();
            let channel = numbers.len();
            let Inputs { scaling, categorical, .. } = inputs;
            if let Some(own) = categorical.iter().find(|own| own.channel == channel) {
                let known =
                    own.write(text, numbers) || is_missing(text) || self.table.na.iter().any(|na| na == text);
                if !known && !std::mem::replace(&mut self.told, true) {
                    eprintln!(
                        "note: line {number}: training did not have the category {text:?} of column {name}, so its inputs are \
                         0; later ones are not reported"
                    );
                }
                continue;
            }
            let shown: String = text.chars().take(SHOWN).collect();
            let value = match form.format.number(text) {
                Ok(value) if value.is_nan() => match self.missing {
                    Missing::Zero => 0.0,
                    _ => {
                        return Err(wrong(format!(
                            ": the value of channel {name:?} is missing, and a stream cannot be interpolated: write the \
                             value, or use the mean of the channel with --missing zero"
                        )));
                    }
                },
                Ok(value) => (value - scaling.mean[channel]) / scaling.std[channel],
                Err(problem) => {
                    return Err(wrong(format!(": {shown:?} (channel {name:?}) {}", described(problem))));
                }
            };
            if !(value as f32).is_finite() {
                return Err(wrong(format!(
                    ": {shown:?} is too far from the training values of channel {name:?}: check its unit"
                )));
            }
            numbers.push(value as f32);
        }
        Ok(true)
    }
}

impl Form {
    /// The form of a first line.
    ///
    /// # Errors
    /// A message if it names columns, but not all channels.
    fn of(line: &str, inputs: &Inputs<'_>, table: &TableOptions) -> Result<Self, String> {
        let columns = columns(inputs.channels, inputs.categorical);
        let words = |field: usize| {
            inputs.categorical.iter().any(|own| columns.get(field).is_some_and(|name| *name == own.column))
        };
        let mut format = LineFormat::of(line, table);
        let fields = format.split(line);
        let count = fields.len();
        // A categorical column has words in every line.
        let named = fields.iter().any(|field| columns.contains(field));
        let mut numbers = fields.iter().enumerate().filter(|(field, _)| named || !words(*field));
        let word = numbers.find(|(_, text)| !format.is_value(text)).map(|(_, text)| text);
        let Some(word) = word.filter(|_| !table.no_header) else {
            return Ok(Self { format, count: columns.len(), columns, positions: None });
        };
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let position = |column: &String| {
            names.iter().position(|name| *name == column).ok_or_else(|| {
                let meant = nearest(column, names.iter().copied());
                let meant = meant.map(|name| format!(": did you mean {name:?}?")).unwrap_or_else(|| ".".into());
                format!(
                    " contains {word:?}, which is not a number, so it names the columns, but it lacks {column:?}{meant} The \
                     model reads {}",
                    listed(columns.iter().map(String::as_str))
                )
            })
        };
        let positions = columns.iter().map(position).collect::<Result<_, _>>()?;
        Ok(Self { format, count, columns, positions: Some(positions) })
    }
}

/// What is wrong with a value, and what to do.
fn described(problem: LineProblem) -> &'static str {
    match problem {
        LineProblem::Text => "is not a number: write it with a decimal point, or ? where it is missing",
        LineProblem::Ambiguous => {
            "may have a thousands separator or a decimal comma: say which with --decimal . or --decimal ,"
        }
        LineProblem::NotFinite => {
            "is not finite in single precision: check its unit, or write ? where it is missing"
        }
    }
}

/// Up to eight of the names.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = if names.len() > 8 { ", ..." } else { "" };
    names.take(8).collect::<Vec<_>>().join(", ") + more
}
