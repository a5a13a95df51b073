//! The numbers of a line, in the order of the channels or of a first line that names them.

use longspan::option_syntax::nearest;
use longspan_data::labelled::Scaling;
use longspan_data::series::{Clock, Time};
use longspan_data::table::{LineFormat, LineProblem, TableOptions};
use longspan_run::config::Missing;

use super::lines::utf8;
use crate::failure::{Failure, fail};
use crate::progress::counted;

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
}

struct Form {
    format: LineFormat,
    count: usize,
    /// Whether the first line names the columns.
    named: bool,
    /// The field of each channel.
    positions: Vec<usize>,
    /// The fields of the time, if there is one.
    times: Vec<usize>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(missing: Missing, table: TableOptions, clock: Option<&'a Clock>) -> Self {
        Self { missing, table, clock, time: None, form: None }
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
        channels: &[String],
        scaling: &Scaling,
        numbers: &mut Vec<f32>,
    ) -> Result<bool, Failure> {
        let line = utf8(number, line)?;
        let wrong = |what: String| fail(format!("standard input: line {number}{what}"));
        let channels = &channels[..channels.len() - self.clock.map_or(0, Clock::channels)];
        let first = self.form.is_none();
        let form = match &mut self.form {
            Some(form) => form,
            None => {
                let form = Form::of(line, channels, self.clock, &self.table).map_err(wrong)?;
                self.form.insert(form)
            }
        };
        if first && form.named {
            return Ok(false);
        }
        numbers.clear();
        let fields = form.format.split(line);
        let found = fields.len();
        if found != form.count {
            let times = self.clock.filter(|_| !form.times.is_empty()).map_or(&[][..], Clock::columns);
            let names: Vec<&str> = times.iter().chain(channels).map(String::as_str).collect();
            let (names, expected) = (listed(names.into_iter()), form.count);
            return Err(wrong(match form.named {
                true => {
                    format!(
                        " has {}, but line 1 names {expected}: write one value for each",
                        counted(found, "field")
                    )
                }
                false => format!(
                    ": {} instead of {expected}: write one value for each channel in this order, {names}, or name the \
                     columns in a first line",
                    counted(found, "value")
                ),
            }));
        }
        for (channel, name) in channels.iter().enumerate() {
            let text = fields[form.positions[channel]].as_str();
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

impl Form {
    /// The form of a first line.
    ///
    /// # Errors
    /// A message if it names columns, but not all channels.
    fn of(
        line: &str,
        channels: &[String],
        clock: Option<&Clock>,
        table: &TableOptions,
    ) -> Result<Self, String> {
        let mut format = LineFormat::of(line, table);
        let fields = format.split(line);
        let count = fields.len();
        // The time comes first where no names say where it is.
        let times = clock.map_or(0, |clock| clock.columns().len());
        let timed = |clock: &Clock| {
            let (time, values) = fields.split_at_checked(times)?;
            let values = values.len() == channels.len() && values.iter().all(|text| format.is_value(text));
            (values && clock.read(time.iter().map(String::as_str), None).is_some()).then_some(())
        };
        if clock.and_then(timed).is_some() {
            let (times, positions) = ((0..times).collect(), (times..count).collect());
            return Ok(Self { format, count, named: false, positions, times });
        }
        let lacks = |calendar: &&Clock| calendar.channels() > 0;
        let needed = clock.filter(lacks).map(|clock| {
            let columns = clock.columns().join(", ");
            format!(
                ": the model reads the calendar, so each line needs its time: write it before the values, or name {columns} \
                 in a first line"
            )
        });
        let word = fields.iter().find(|text| !format.is_value(text)).filter(|_| !table.no_header);
        let Some(word) = word else {
            if let Some(needed) = needed {
                return Err(needed);
            }
            let (count, times) = (channels.len(), Vec::new());
            return Ok(Self { format, count, named: false, positions: (0..count).collect(), times });
        };
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let position = |channel: &String| {
            names.iter().position(|name| *name == channel).ok_or_else(|| {
                let meant = nearest(channel, names.iter().copied());
                let meant = meant.map(|name| format!(": did you mean {name:?}?")).unwrap_or_else(|| ".".into());
                format!(
                    " contains {word:?}, which is not a number, so it names the columns, but it lacks {channel:?}{meant} The \
                     model reads {}",
                    listed(channels.iter().map(String::as_str))
                )
            })
        };
        let positions = channels.iter().map(position).collect::<Result<_, _>>()?;
        let found = |column: &String| names.iter().position(|name| name == column);
        let times = clock.and_then(|clock| clock.columns().iter().map(found).collect::<Option<Vec<_>>>());
        match (times, needed) {
            (None, Some(needed)) => Err(needed),
            (times, _) => {
                Ok(Self { format, count, named: true, positions, times: times.unwrap_or_default() })
            }
        }
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
