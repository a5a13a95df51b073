//! Numbers of a line: fields between commas, semicolons or tabs, in the order of the channels or as a first line names them.

use longspan::option_syntax::nearest;
use longspan_data::labelled::Scaling;
use longspan_run::config::Missing;

use super::lines::utf8;
use crate::failure::{Failure, fail};

/// How a missing value is written, in any case.
const MISSING: [&str; 7] = ["", "?", "na", "n/a", "nan", "-nan", "null"];

/// Characters of a value that messages show.
const SHOWN: usize = 40;

/// Which field is which channel.
pub(super) struct Fields {
    missing: Missing,
    /// What the first line has said.
    form: Option<Form>,
}

struct Form {
    separator: char,
    count: usize,
    /// The field of each channel, where a line has named them.
    places: Option<Vec<usize>>,
}

impl Fields {
    pub(super) fn new(missing: Missing) -> Self {
        Self { missing, form: None }
    }

    /// Reads a line's numbers, scaled; false if it names the columns.
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
        if named && form.places.is_some() {
            return Ok(false);
        }
        numbers.clear();
        let fields: Vec<&str> = line.split(form.separator).collect();
        let found = fields.len();
        if found != form.count {
            let (names, expected) = (listed(channels.iter().map(String::as_str)), form.count);
            return Err(wrong(match form.places {
                Some(_) => format!(" has {found} fields, and line 1 names {expected}: complete it"),
                None => format!(
                    ": {found} values instead of {expected}: write one of each channel in this order, {names}, or name \
                     the columns in a first line"
                ),
            }));
        }
        for (channel, name) in channels.iter().enumerate() {
            let place = form.places.as_ref().map_or(channel, |places| places[channel]);
            let text = fields[place].trim();
            let shown: String = text.chars().take(SHOWN).collect();
            let value = match text.parse::<f64>() {
                Ok(value) if value.is_finite() => (value - scaling.mean[channel]) / scaling.std[channel],
                _ if is_missing(text) => match self.missing {
                    Missing::Zero => 0.0,
                    _ => {
                        return Err(wrong(format!(
                            ": the value of channel {name:?} is missing, and a stream cannot look ahead to fill it in: \
                             fill it in before, or choose --missing zero for the channel's mean"
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
                    ": {shown:?} is too far from the values of channel {name:?} that the model has learned from: check \
                     its unit"
                )));
            }
            numbers.push(value as f32);
        }
        Ok(true)
    }
}

impl Form {
    /// What a first line says.
    fn of(line: &str, channels: &[String]) -> Result<Self, String> {
        let separators = [',', ';', '\t'];
        let most = separators.into_iter().rev().max_by_key(|&separator| line.matches(separator).count());
        let separator = most.unwrap_or(',');
        let fields: Vec<&str> = line.split(separator).map(str::trim).collect();
        let count = fields.len();
        let is_value = |text: &str| text.parse::<f64>().is_ok() || is_missing(text);
        let Some(word) = fields.iter().find(|text| !is_value(text)) else {
            return Ok(Self { separator, count: channels.len(), places: None });
        };
        let names: Vec<&str> = fields.iter().map(|name| name.trim_matches('"')).collect();
        let place = |channel: &String| {
            names.iter().position(|name| name == channel).ok_or_else(|| {
                let meant = nearest(channel, names.iter().copied());
                let meant = meant.map(|name| format!(", did you mean {name:?}?")).unwrap_or_default();
                format!(
                    " names columns, since {word:?} is no number, and none of them is {channel:?}{meant}: the model reads \
                     {}",
                    listed(channels.iter().map(String::as_str))
                )
            })
        };
        let places = channels.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { separator, count, places: Some(places) })
    }
}

fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|missing| text.eq_ignore_ascii_case(missing))
}

/// The names, or the first of very many.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = if names.len() > 8 { ", ..." } else { "" };
    names.take(8).collect::<Vec<_>>().join(", ") + more
}
