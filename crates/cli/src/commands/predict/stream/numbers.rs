//! The numbers of a line: fields between commas, semicolons or tabs, in the order of the channels or of a first line that names them.

use longspan::option_syntax::nearest;
use longspan_data::labelled::Scaling;
use longspan_run::config::Missing;

use super::lines::utf8;
use crate::failure::{Failure, fail};
use crate::progress::counted;

/// Spellings of a missing value, in lower or upper case.
const MISSING: [&str; 7] = ["", "?", "na", "n/a", "nan", "-nan", "null"];

/// The number of characters of a value that messages show.
const SHOWN: usize = 40;

/// The fields of lines, and which channel each of them is.
pub(super) struct Fields {
    missing: Missing,
    /// The form of the first line; None before it.
    form: Option<Form>,
}

struct Form {
    separator: char,
    count: usize,
    /// The field of each channel, if the first line names them.
    positions: Option<Vec<usize>>,
}

impl Fields {
    pub(super) fn new(missing: Missing) -> Self {
        Self { missing, form: None }
    }

    /// Reads the numbers of a line and scales them. Returns false if the line names the columns instead.
    ///
    /// # Errors
    /// A message if a number is missing, not finite or not a number, or the line has another number of fields.
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
        let named = self.form.is_none();
        let form = match &self.form {
            Some(form) => form,
            None => {
                let form = Form::of(line, channels).map_err(wrong)?;
                self.form.insert(form)
            }
        };
        if named && form.positions.is_some() {
            return Ok(false);
        }
        numbers.clear();
        let fields: Vec<&str> = line.split(form.separator).collect();
        let found = fields.len();
        if found != form.count {
            let (names, expected) = (listed(channels.iter().map(String::as_str)), form.count);
            return Err(wrong(match form.positions {
                Some(_) => {
                    format!(
                        " has {}, but line 1 names {expected}: write one value for each",
                        counted(found, "field")
                    )
                }
                None => format!(
                    ": {} instead of {expected}: write one value for each channel in this order, {names}, or name the \
                     columns in a first line",
                    counted(found, "value")
                ),
            }));
        }
        for (channel, name) in channels.iter().enumerate() {
            let position = form.positions.as_ref().map_or(channel, |positions| positions[channel]);
            let text = fields[position].trim();
            let shown: String = text.chars().take(SHOWN).collect();
            let value = match text.parse::<f64>() {
                Ok(value) if value.is_finite() => (value - scaling.mean[channel]) / scaling.std[channel],
                _ if is_missing(text) => match self.missing {
                    Missing::Zero => 0.0,
                    _ => {
                        return Err(wrong(format!(
                            ": the value of channel {name:?} is missing, and a stream cannot be interpolated: write the \
                             value, or use the mean of the channel with --missing zero"
                        )));
                    }
                },
                Ok(_) => {
                    return Err(wrong(format!(
                        ": {shown:?} (channel {name:?}) is not finite: write ? for a missing value"
                    )));
                }
                Err(_) => {
                    return Err(wrong(format!(
                        ": {shown:?} (channel {name:?}) is not a number: write it with a decimal point, or ? where it \
                         is missing"
                    )));
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
    fn of(line: &str, channels: &[String]) -> Result<Self, String> {
        let separators = [',', ';', '\t'];
        let most = separators.into_iter().rev().max_by_key(|&separator| line.matches(separator).count());
        let separator = most.unwrap_or(',');
        let fields: Vec<&str> = line.split(separator).map(str::trim).collect();
        let count = fields.len();
        let is_value = |text: &str| text.parse::<f64>().is_ok() || is_missing(text);
        let Some(word) = fields.iter().find(|text| !is_value(text)) else {
            return Ok(Self { separator, count: channels.len(), positions: None });
        };
        let names: Vec<&str> = fields.iter().map(|name| name.trim_matches('"')).collect();
        let position = |channel: &String| {
            names.iter().position(|name| name == channel).ok_or_else(|| {
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
        Ok(Self { separator, count, positions: Some(positions) })
    }
}

fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|missing| text.eq_ignore_ascii_case(missing))
}

/// Up to eight of the names.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = if names.len() > 8 { ", ..." } else { "" };
    names.take(8).collect::<Vec<_>>().join(", ") + more
}
