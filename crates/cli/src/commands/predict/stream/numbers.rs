//! The numbers of a line and its time. A categorical column has its category in one field, which gives all its channels.

use longspan_data::categorical::{Categorical, columns};
use longspan_data::labelled::Scaling;
use longspan_data::series::{Clock, Time};
use longspan_data::table::{LineFormat, LineProblem, TableOptions, is_missing};
use longspan_run::config::Missing;

use super::form::{Form, listed};
use super::lines::utf8;
use crate::failure::{Failure, fail};
use crate::progress::counted;
use crate::streams;

/// The number of characters of a value that messages show.
const SHOWN: usize = 40;

/// The fields of lines, and which channel or time each of them is.
pub(super) struct Fields<'a> {
    missing: Missing,
    table: TableOptions,
    /// How a model of a series writes times.
    clock: Option<&'a Clock>,
    /// Time of the last line, if lines have times.
    time: Option<Time>,
    /// The form of the first line; None before it.
    form: Option<Form>,
    /// Whether a category that the model does not know was reported.
    told: bool,
    /// The first of the lines before this one that have only separators.
    empty: Option<u64>,
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

impl Inputs<'_> {
    /// The fields of the columns of numbers.
    fn fields(&self, columns: &[String], positions: &[usize]) -> Vec<usize> {
        let number = |name: &String| !self.categorical.iter().any(|own| own.column == *name);
        columns.iter().zip(positions).filter(|(name, _)| number(name)).map(|(_, &field)| field).collect()
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(missing: Missing, table: TableOptions, clock: Option<&'a Clock>) -> Self {
        Self { missing, table, clock, time: None, form: None, told: false, empty: None }
    }

    /// Begins a new sequence: the time of its first line is not compared with that of the line before.
    pub(super) fn begin(&mut self) {
        self.time = None;
    }

    /// Time of the last line, if lines have times.
    pub(super) fn time(&self) -> Option<&Time> {
        self.time.as_ref()
    }

    /// Reads the numbers of a line and scales them, then those of the calendar. Returns false if the line names the
    /// columns instead.
    ///
    /// # Errors
    /// A message if a number is missing, not finite or not a number, the line has another number of fields, or its time
    /// cannot be used.
    pub(super) fn read(
        &mut self,
        number: u64,
        line: &[u8],
        inputs: &Inputs<'_>,
        numbers: &mut Vec<f32>,
    ) -> Result<bool, Failure> {
        let line = utf8(number, line)?;
        let wrong = |what: String| fail(format!("standard input: line {number}{what}"));
        let channels = &inputs.channels[..inputs.channels.len() - self.clock.map_or(0, Clock::channels)];
        let columns = columns(channels, inputs.categorical);
        let first = self.form.is_none();
        let form = match &mut self.form {
            Some(form) => form,
            None => {
                // A comment, or a line that names the separator.
                let Some(format) = LineFormat::of(line, &columns, &self.table) else { return Ok(false) };
                let form = Form::of(format, line, &columns, inputs.categorical, self.clock, &self.table);
                self.form.insert(Form { line: number, ..form.map_err(wrong)? })
            }
        };
        if first && form.named {
            return Ok(false);
        }
        numbers.clear();
        let mut fields = form.format.split(line);
        // A separator may end each line.
        if fields.len() == form.count + 1 && fields.last().is_some_and(String::is_empty) {
            fields.pop();
        }
        let values = inputs.fields(&columns, &form.positions);
        if form.is_skipped(line, &fields, &values, number) {
            return Ok(false);
        }
        // What has only separators is skipped at the end, where a spreadsheet leaves it. Elsewhere values are missing.
        if self.missing != Missing::Zero {
            if fields.len() > 1 && fields.iter().all(String::is_empty) {
                self.empty.get_or_insert(number);
                return Ok(false);
            }
            if let Some(empty) = self.empty {
                return Err(lacking(empty, &columns[0]));
            }
        }
        let found = fields.len();
        if found != form.count {
            let times = self.clock.filter(|_| !form.times.is_empty()).map_or(&[][..], Clock::columns);
            let names: Vec<&str> = times.iter().chain(&columns).map(String::as_str).collect();
            let (names, expected) = (listed(names.into_iter()), form.count);
            return Err(wrong(match form.named {
                true => {
                    format!(
                        " has {}, but line {} names {expected}: write one value for each",
                        counted(found, "field"),
                        form.line
                    )
                }
                false => format!(
                    ": {} instead of {expected}: write one value for each {} in this order, {names}, or name the \
                     columns in a first line",
                    counted(found, "value"),
                    if inputs.categorical.is_empty() { "channel" } else { "column" }
                ),
            }));
        }
        for (column, name) in columns.iter().enumerate() {
            let text = fields[form.positions[column]].as_str();
            let channel = numbers.len();
            let Inputs { scaling, categorical, .. } = inputs;
            if let Some(own) = categorical.iter().find(|own| own.channel == channel) {
                let known =
                    own.write(text, numbers) || is_missing(text) || self.table.na.iter().any(|na| na == text);
                if !known && !std::mem::replace(&mut self.told, true) {
                    streams::note(format_args!(
                        "note: line {number}: training did not have the category {text:?} of column {name}, so its inputs are \
                         0; later ones are not reported"
                    ));
                }
                continue;
            }
            let shown: String = text.chars().take(SHOWN).collect();
            let value = match form.format.number(form.positions[column], text) {
                Ok(value) if value.is_nan() => match self.missing {
                    Missing::Zero => 0.0,
                    _ => return Err(lacking(number, name)),
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
        let Some(clock) = self.clock.filter(|_| !form.times.is_empty()) else { return Ok(true) };
        let texts = || form.times.iter().map(|&field| fields[field].as_str());
        let text = || texts().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect::<String>();
        let time = clock.read(texts(), self.time.as_ref()).ok_or_else(|| {
            let example = clock.example();
            wrong(format!(
                ": {:?} is not a time as in the training data: write it in this form, {example}",
                text()
            ))
        })?;
        if self.time.is_some_and(|before| time.before(before)) {
            return Err(wrong(format!(
                ": the time {:?} is before that of the line before: write the lines in the order of time, or begin a \
                 new sequence with an empty line",
                text()
            )));
        }
        numbers.extend(clock.inputs(&time));
        self.time = Some(time);
        Ok(true)
    }
}

/// The message that a value is missing on a line.
fn lacking(number: u64, name: &str) -> Failure {
    fail(format!(
        "standard input: line {number}: the value of channel {name:?} is missing, and a stream cannot be interpolated: write \
         the value, or use the mean of the channel with --missing zero"
    ))
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
