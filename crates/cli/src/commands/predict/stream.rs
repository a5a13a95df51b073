//! Streaming predictions: each line of standard input is a step, or some tokens, and is answered with one line at once. The state is
//! kept from line to line; a blank line begins a new sequence.
//!
//! Classes are those of a sequence that ends here. A forecast depends on all lines since the last blank one, while a forecast of
//! training depends on one window: both are equal after exactly as many lines as a window has rows.

mod answer;
mod form;
mod lines;
mod numbers;
mod reader;

use longspan_data::labelled::Scaling;
use longspan_data::schema::{Predicts, Reads, Schema};

use super::output::Output;
use super::table::{Cell, Table};
use super::times::unknown;
use crate::commands::eval::Loaded;
use crate::failure::{Failure, fail};
use crate::streams;
use answer::Answer;
use lines::Lines;
use reader::{Answered, Reader};

/// The schema for the lines of one group of a series, for a model that scales each group by its own mean.
///
/// # Errors
/// A message if the model needs a group and does not know it, or has no groups.
pub(super) fn of_group(mut schema: Schema, group: Option<&str>) -> Result<Schema, Failure> {
    let Reads::Numbers { scaling, .. } = &mut schema.reads else {
        return match group {
            None => Ok(schema),
            Some(group) => {
                Err(fail(format!("--group {group}: the model does not forecast a series: leave it out")))
            }
        };
    };
    let known = || -> String {
        let names: Vec<&str> = scaling.groups.iter().take(5).map(|group| group.name.as_str()).collect();
        names.join(", ") + if scaling.groups.len() > 5 { ", ..." } else { "" }
    };
    let found = match (group, scaling.groups.is_empty()) {
        (None, true) => return Ok(schema),
        (Some(group), true) => {
            return Err(fail(format!("--group {group}: the model has one scaling for all groups: leave it out")));
        }
        (None, false) => {
            return Err(fail(format!(
                "the model scales each group by its own mean, and a stream does not name its group: add --group NAME, one of {}",
                known()
            )));
        }
        (Some(group), false) => scaling.groups.iter().find(|scaled| scaled.name == group).ok_or_else(|| {
            fail(format!(
                "--group {group}: the model does not know this group, only {}: choose one of them, or train with --scale all",
                known()
            ))
        })?,
    };
    *scaling = Scaling { mean: found.mean.clone(), std: found.std.clone(), groups: Vec::new() };
    Ok(schema)
}

pub(super) fn run(
    loaded: &mut Loaded,
    schema: &Schema,
    mut output: Output,
    json: bool,
) -> Result<(), Failure> {
    if loaded.model.spec().bidirectional {
        return Err(fail(
            "the model reads sequences in both directions, so it needs the whole sequence: use --input FILE instead of --stream",
        ));
    }
    if let Predicts::Forecast(forecast) = &schema.predicts {
        streams::note(format_args!(
            "note: each forecast depends on all lines since the last blank one; in training it depended on a window of {} \
             rows",
            forecast.window
        ));
        if let Some(clock) = schema.clock().filter(|clock| !clock.is_regular()) {
            if clock.channels() > 0 && forecast.ahead > forecast.horizon {
                return Err(unknown("the training data"));
            }
            streams::note(format_args!(
                "note: the rows of the training data have no usual distance in column {}, so forecasts have no times",
                clock.columns().join(",")
            ));
        }
    }
    let answer = Answer::new(schema);
    let names = ["line", "step"].map(str::to_owned).into_iter().chain(answer.columns());
    let mut table = Table::begin(&mut output, names.collect(), json)?;
    table.flush()?;
    let mut reader = Reader::new(loaded, schema);
    let mut lines = Lines::new(std::io::stdin().lock());
    while let Some((number, line)) = lines.next()? {
        let read = reader.read(number, line)?;
        if read == Answered::No {
            continue;
        }
        let position = [Cell::Whole(number), Cell::Whole(reader.steps.count())];
        let cells = answer.cells(&mut reader)?;
        table.row(position.into_iter().chain(cells))?;
        table.flush()?;
    }
    output.finish()
}
