//! Numeric series.

use std::path::Path;

use super::advice;
use super::command::Command;
use super::error::InspectError;
use super::sketch::Sketch;
use super::table::GROUPS;
use super::{Content, Found};
use crate::series;
use crate::series::{Description, Missing, Series, SeriesError, SeriesOptions};

/// The fraction that training holds out unless told otherwise.
const VALID: f64 = 0.1;
/// Names of columns that are there to be forecast.
const TARGETS: [&str; 3] = ["target", "y", "close"];

pub(super) fn inspect(path: &Path, sketch: &Sketch) -> Result<Found, InspectError> {
    let mut options = SeriesOptions::new(path, 1, 1);
    let target = sketch.columns.iter().find(|column| {
        column.texts == 0 && TARGETS.iter().any(|name| column.name.eq_ignore_ascii_case(name))
    });
    options.target = target.map(|column| column.name.clone()).into_iter().collect();
    let mut description = describe(&mut options, sketch)?;
    let mut notes = Vec::new();
    let empty: Vec<String> =
        description.columns.iter().filter(|column| column.least.is_none()).map(|c| c.name.clone()).collect();
    if !empty.is_empty() && empty.len() < description.columns.len() {
        notes.push(format!("{} without any value: left out", empty.join(", ")));
        let full = description.columns.iter().filter(|column| column.least.is_some());
        options.columns = full.map(|column| column.name.clone()).collect();
        options.target.retain(|target| !empty.contains(target));
        // Text is left out all the same; named columns alone do not say so.
        let left_out = std::mem::take(&mut description.left_out);
        description = Description { left_out, ..series::describe(&options)? };
    }
    let spreads: Vec<_> = description.columns.iter().map(|c| (c.name.as_str(), c.spread)).collect();
    notes.extend(advice::notes(
        &spreads,
        ": leave it out with --columns",
        "--loss absolute is led by them less than squared",
    ));
    let read = |name: &String| description.columns.iter().any(|column| column.name == *name);
    let mut counting = sketch.columns.iter().filter(|column| column.counts && column.is_number());
    if let Some(column) = counting.find(|column| read(&column.name) && description.columns.len() > 1) {
        notes.push(format!(
            "{} counts the rows: name it with --time-column, or leave it out with --columns",
            column.name
        ));
    }
    if target.is_none() && description.columns.len() > 1 {
        notes.push("the last column is forecast, unless --target names another".into());
    }
    if !description.left_out.is_empty() {
        notes.push(format!("text is not read: {}", shown(&description.left_out)));
    }
    if description.time.as_ref().is_some_and(|time| !time.checked) {
        notes.push(
            "the times are written so that they cannot be compared: the rows are taken in their order".into(),
        );
    }
    let command = match command(&mut options, &description) {
        Ok(command) => Some(command),
        Err(error) => {
            notes.push(error.to_string());
            None
        }
    };
    let path = path.to_owned();
    Ok(Found { path, content: Content::Series(description), notes, command, otherwise: None })
}

/// The description, by the first column of groups with which times do not run backwards if they do without.
fn describe(options: &mut SeriesOptions, sketch: &Sketch) -> Result<Description, SeriesError> {
    let found = series::describe(options);
    let repeated = matches!(&found, Ok(description) if description.time.is_some()) && repeats(sketch);
    if !repeated && !matches!(found, Err(SeriesError::Backwards { .. })) {
        return found;
    }
    let rows = sketch.rows.len();
    let mut candidates: Vec<_> = sketch
        .columns
        .iter()
        .filter(|c| !c.time && (c.is_text() || c.whole) && (2..=rows / 2).contains(&c.different()))
        .collect();
    candidates.sort_by_key(|column| (!column.called(&GROUPS), !column.is_text()));
    for column in candidates {
        options.group_column = Some(column.name.clone());
        let found = series::describe(options).ok().filter(|_| !repeated || advances(sketch, &column.name));
        if let Some(description) = found {
            return Ok(description);
        }
    }
    options.group_column = None;
    found
}

/// The column of times, if the first rows show one.
fn time(sketch: &Sketch) -> Option<usize> {
    sketch.columns.iter().position(|column| column.time)
}

/// Whether a time comes twice in a row.
fn repeats(sketch: &Sketch) -> bool {
    time(sketch).is_some_and(|time| sketch.rows.windows(2).any(|rows| rows[0][time] == rows[1][time]))
}

/// Whether no group has a time twice in a row.
fn advances(sketch: &Sketch, group: &str) -> bool {
    let (Some(time), Some(group)) = (time(sketch), sketch.position(group)) else { return false };
    let mut last = std::collections::HashMap::new();
    sketch.rows.iter().all(|row| last.insert(&row[group], &row[time]) != Some(&row[time]))
}

/// A command that trains on it: a window of at most a twentieth of the longest group, and with what is missing filled in, or
/// else its rows left out.
fn command(options: &mut SeriesOptions, found: &Description) -> Result<String, SeriesError> {
    let longest = found.groups.iter().map(|group| group.rows).max().unwrap_or(0);
    options.window =
        [128, 64, 32, 16, 8, 4, 2].into_iter().find(|window| window * 20 <= longest).unwrap_or(1);
    options.valid_fraction = VALID;
    let treatments: &[Missing] =
        if found.missing > 0 { &[Missing::Interpolate, Missing::Drop] } else { &[Missing::Error] };
    let mut tries = [(options.window, VALID), (1, VALID), (1, 0.0)]
        .into_iter()
        .flat_map(|(window, valid)| treatments.iter().map(move |&missing| (window, valid, missing)));
    let error = loop {
        let (window, valid, missing) = tries.next().expect("returns before");
        (options.window, options.valid_fraction, options.missing) = (window, valid, missing);
        match Series::load(options) {
            Ok(_) => break None,
            Err(error) if tries.clone().next().is_none() => break Some(error),
            Err(_) => {}
        }
    };
    if let Some(error) = error {
        return Err(error);
    }
    let mut command = Command::train("--series", &options.path);
    let targets = found.columns.iter().filter(|column| column.target).map(|column| column.name.as_str());
    let (targets, read) = (targets.collect::<Vec<_>>(), options.columns.join(","));
    let named = |name: &Option<String>| name.clone();
    let time = found.time.as_ref().map(|time| time.column.clone());
    for (flag, value) in [
        ("--columns", Some(read).filter(|read| !read.is_empty())),
        // A comma in a name would make two of it.
        ("--target", Some(targets.join(",")).filter(|_| !targets.iter().any(|target| target.contains(',')))),
        ("--window", Some(options.window.to_string())),
        ("--horizon", Some("1".into())),
        ("--time-column", time),
        ("--group-column", named(&options.group_column)),
        ("--missing", treated(options.missing)),
        ("--valid-fraction", (options.valid_fraction == 0.0).then(|| "0".into())),
    ] {
        if let Some(value) = value {
            command = command.with(flag, &value);
        }
    }
    Ok(command.line())
}

fn treated(missing: Missing) -> Option<String> {
    match missing {
        Missing::Error => None,
        Missing::Drop => Some("drop".into()),
        Missing::Interpolate => Some("interpolate".into()),
    }
}

fn shown(names: &[String]) -> String {
    let more = names.len().saturating_sub(5);
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
