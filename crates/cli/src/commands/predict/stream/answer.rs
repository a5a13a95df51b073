//! The answer to a line.

use longspan_data::labelled::TargetScaling;
use longspan_data::schema::{Forecast, Predicts, Reads, Schema};
use longspan_data::series::Clock;
use longspan_data::vocabulary::Vocabulary;
use longspan_run::assess::probabilities;

use super::super::classes;
use super::super::table::Cell;
use super::super::targets;
use super::super::values::{channels, finite, probability, shares};
use super::reader::Reader;
use crate::failure::Failure;

/// The number of most likely tokens that are listed.
const NAMED: usize = 5;

/// The kind of answer.
pub(super) enum Answer<'a> {
    /// The class of the sequence so far.
    Classes(&'a [String]),
    /// The target of the sequence so far.
    Target(&'a TargetScaling),
    /// The rows ahead.
    Forecast(&'a Forecast, &'a Schema),
    /// The most likely next tokens.
    Next(&'a Vocabulary),
    /// The probability of each key.
    Keys(&'a [String]),
}

impl<'a> Answer<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        match (&schema.predicts, &schema.reads) {
            (Predicts::Classes(names), _) => Self::Classes(names),
            (Predicts::Regression(scaling), _) => Self::Target(scaling),
            (Predicts::Forecast(forecast), _) => Self::Forecast(forecast, schema),
            (_, Reads::Tokens(vocabulary)) => Self::Next(vocabulary),
            (_, Reads::Numbers { channels, .. }) => Self::Keys(channels),
        }
    }

    /// The names of the columns.
    pub(super) fn columns(&self) -> Vec<String> {
        match self {
            Self::Classes(names) => classes::columns(names).collect(),
            Self::Target(_) => vec![targets::COLUMN.to_owned()],
            Self::Keys(keys) => shares(keys).collect(),
            Self::Next(vocabulary) => {
                let named = 1..=NAMED.min(vocabulary.len());
                named.flat_map(|rank| [format!("token{rank}"), format!("p{rank}")]).collect()
            }
            Self::Forecast(forecast, schema) => {
                let names = channels(schema).0;
                let times = dated(schema).map_or(&[][..], Clock::columns);
                let step = |step| {
                    let times = times.iter().map(move |name| format!("{name}+{step}"));
                    let targets = forecast.targets.iter();
                    times.chain(
                        targets.map(move |target| format!("forecast:{}+{step}", names[target.channel])),
                    )
                };
                (1..=forecast.ahead).flat_map(step).collect()
            }
        }
    }

    /// The cells of the columns.
    ///
    /// # Errors
    /// A message if a forecast or a target is not finite.
    pub(super) fn cells(&self, reader: &mut Reader<'_>) -> Result<Vec<Cell<'a>>, Failure> {
        Ok(match self {
            Self::Classes(names) => classes::predicted(names, &reader.out).collect(),
            Self::Target(scaling) => {
                finite(&reader.out)?;
                reader.out.iter().map(|&scaled| targets::predicted(scaling, scaled)).collect()
            }
            Self::Keys(_) => reader.out.iter().map(|&x| Cell::Number(probability(x))).collect(),
            Self::Next(vocabulary) => {
                let shares = probabilities(&reader.out);
                let mut tokens: Vec<usize> = (0..shares.len()).collect();
                let named = NAMED.min(tokens.len());
                tokens.select_nth_unstable_by(named - 1, |&a, &b| {
                    shares[b].total_cmp(&shares[a]).then(a.cmp(&b))
                });
                tokens.truncate(named);
                tokens.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
                let cells = |&token: &usize| {
                    [Cell::Owned(vocabulary.label(token as u32)), Cell::Number(shares[token])]
                };
                tokens.iter().flat_map(cells).collect()
            }
            Self::Forecast(forecast, schema) => {
                let scaling = channels(schema).1;
                let rows = ahead(forecast, schema, reader);
                finite(&rows)?;
                let clock = dated(schema);
                let times = |step: usize| {
                    let time = |clock: &Clock| Some(clock.write(&clock.after(reader.time()?, step)?));
                    let columns = clock.map_or(0, |clock| clock.columns().len());
                    match clock.and_then(time) {
                        Some(texts) => texts.into_iter().map(Cell::Owned).collect(),
                        None => (0..columns).map(|_| Cell::Nothing).collect::<Vec<_>>(),
                    }
                };
                let of = |(channel, z): (usize, &f32)| {
                    Cell::Value(
                        scaling.mean[channel] + scaling.std[channel] * f64::from(*z),
                        scaling.std[channel],
                    )
                };
                let row = |(step, row): (usize, &[f32])| {
                    let channels = forecast.targets.iter().map(|target| target.channel);
                    let forecasts: Vec<_> = channels.zip(row).map(of).collect();
                    times(step + 1).into_iter().chain(forecasts)
                };
                rows.chunks_exact(forecast.targets.len()).enumerate().flat_map(row).collect()
            }
        })
    }
}

/// The clock by which forecasts have times; None if the rows of the training data have no usual distance.
pub(super) fn dated(schema: &Schema) -> Option<&Clock> {
    schema.clock().filter(|clock| clock.is_regular())
}

/// The scaled rows ahead, `[ahead, K]`. Beyond the rows that one pass predicts, the model reads its own forecasts; the state after
/// the last line is kept.
fn ahead(forecast: &Forecast, schema: &Schema, reader: &mut Reader<'_>) -> Vec<f32> {
    let (k, horizon) = (forecast.targets.len(), forecast.horizon);
    let mut out = reader.out.clone();
    let mut rows = out.clone();
    let clock = schema.clock().filter(|clock| clock.channels() > 0);
    let mut read = vec![0.0; k + clock.map_or(0, Clock::channels)];
    while rows.len() < forecast.ahead * k {
        let before = rows.len() - horizon * k;
        for row in (before..rows.len()).step_by(k) {
            for (target, &z) in forecast.targets.iter().zip(&rows[row..row + k]) {
                read[target.channel] = z;
            }
            if let Some(time) = clock.and_then(|clock| clock.after(reader.time()?, row / k + 1)) {
                let calendar = clock.into_iter().flat_map(|clock| clock.inputs(&time));
                read[k..].iter_mut().zip(calendar).for_each(|(to, value)| *to = value);
            }
            reader.feed_back(row == 0, &read, &mut out);
        }
        rows.extend_from_slice(&out);
    }
    rows.truncate(forecast.ahead * k);
    rows
}
