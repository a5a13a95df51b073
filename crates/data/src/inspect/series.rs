//! Numeric series.

use std::path::Path;

use super::advice;
use super::error::InspectError;
use super::settings::{Note, Settings};
use super::{Content, Found};
use crate::series::{Description, Missing, SeriesError, SeriesOptions, Unsplit};
use crate::table::{Sketch, TableOptions};

/// Default fraction of the rows for validation.
const VALID: f64 = 0.1;
/// Names of columns that are usually forecast.
const TARGETS: [&str; 3] = ["target", "y", "close"];
/// Names of columns that distinguish series.
pub(super) const GROUPS: [&str; 16] = [
    "group", "series", "station", "store", "shop", "item", "product", "sensor", "device", "site", "city",
    "country", "region", "symbol", "ticker", "id",
];

pub(super) fn inspect(path: &Path, sketch: &Sketch, table: &TableOptions) -> Result<Found, InspectError> {
    let mut options = SeriesOptions { table: table.clone(), ..SeriesOptions::new(path, 1, 1) };
    let target = sketch.columns.iter().find(|column| {
        column.texts == 0 && TARGETS.iter().any(|name| column.name.eq_ignore_ascii_case(name))
    });
    options.target = target.map(|column| column.name.clone()).into_iter().collect();
    let mut read = read(&mut options, sketch)?;
    let mut description = read.describe();
    let mut notes: Vec<Note> = Vec::new();
    let empty: Vec<String> =
        description.columns.iter().filter(|column| column.least.is_none()).map(|c| c.name.clone()).collect();
    if !empty.is_empty() && empty.len() < description.columns.len() {
        notes.push(format!("these columns have no values and are left out: {}", empty.join(", ")).into());
        let full = description.columns.iter().filter(|column| column.least.is_some());
        options.columns = full.map(|column| column.name.clone()).collect();
        options.target.retain(|target| !empty.contains(target));
        // Text columns stay left out, but a description with named columns does not list them.
        let left_out = std::mem::take(&mut description.left_out);
        read = Unsplit::read(&options)?;
        description = Description { left_out, ..read.describe() };
    }
    let spreads: Vec<_> = description.columns.iter().map(|c| (c.name.as_str(), c.spread)).collect();
    let tails = Note::new(
        "the absolute error is affected by them less than the squared error",
        Settings::of("loss", "absolute"),
    );
    notes.extend(advice::notes(&spreads, |names| without(&description, names), tails));
    let is_read = |name: &String| description.columns.iter().any(|column| column.name == *name);
    let mut counting = sketch.columns.iter().filter(|column| column.counts && column.is_number());
    if let Some(column) = counting.find(|column| is_read(&column.name) && description.columns.len() > 1) {
        let text =
            format!("{} numbers the rows: it could be the time column instead of an input", column.name);
        notes.push(Note::new(text, Settings::of("time_column", &column.name)));
    }
    if target.is_none() && description.columns.len() > 1 {
        notes.push("the last column is forecast; use the setting target to choose others".into());
    }
    if !description.left_out.is_empty() {
        notes.push(format!("text columns are not read: {}", shown(&description.left_out)).into());
    }
    if let Some(time) = &description.time {
        notes.extend(time.regularity.notices(options.gaps).into_iter().map(Note::from));
    }
    if description.time.as_ref().is_some_and(|time| !time.checked) {
        notes.push("the times cannot be compared, so the rows keep the order of the file".into());
    }
    let settings = match settings(&mut options, &read, &description) {
        Ok(settings) => Some(settings),
        Err(error) => {
            notes.push(error.to_string().into());
            None
        }
    };
    let path = path.to_owned();
    Ok(Found { path, content: Content::Series(description), notes, settings, otherwise: None })
}

/// Returns settings that read all columns except `names`; empty if no column would be left, or if a name contains a
/// comma.
fn without(description: &Description, names: &[&str]) -> Settings {
    let rest = description.columns.iter().map(|column| column.name.as_str());
    let rest: Vec<&str> = rest.filter(|name| !names.contains(name)).collect();
    if rest.is_empty() || rest.iter().any(|name| name.contains(',')) {
        return Settings::default();
    }
    Settings::of("columns", rest.join(","))
}

/// Reads the file. If times repeat or decrease, it is read by the first group column that explains this.
fn read(options: &mut SeriesOptions, sketch: &Sketch) -> Result<Unsplit, SeriesError> {
    let found = Unsplit::read(options);
    let repeated = matches!(&found, Ok(read) if read.has_times()) && repeats(sketch);
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
        if repeated && !advances(sketch, &column.name) {
            continue;
        }
        if let Ok(read) = Unsplit::read(options) {
            return Ok(read);
        }
    }
    options.group_column = None;
    found
}

/// Returns the time column, if the first rows show one.
fn time(sketch: &Sketch) -> Option<usize> {
    sketch.columns.iter().position(|column| column.time)
}

/// Whether two consecutive rows have the same time.
fn repeats(sketch: &Sketch) -> bool {
    time(sketch).is_some_and(|time| sketch.rows.windows(2).any(|rows| rows[0][time] == rows[1][time]))
}

/// Whether no two consecutive rows of a group have the same time.
fn advances(sketch: &Sketch, group: &str) -> bool {
    let (Some(time), Some(group)) = (time(sketch), sketch.position(group)) else { return false };
    let mut last = std::collections::HashMap::new();
    sketch.rows.iter().all(|row| last.insert(&row[group], &row[time]) != Some(&row[time]))
}

/// Returns settings that train on the series. The window is at most a twentieth of the longest group. Missing values
/// are filled in, or else their rows are dropped.
fn settings(
    options: &mut SeriesOptions,
    read: &Unsplit,
    found: &Description,
) -> Result<Settings, SeriesError> {
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
        match read.check(options) {
            Ok(()) => break None,
            Err(error) if tries.clone().next().is_none() => break Some(error),
            Err(_) => {}
        }
    };
    if let Some(error) = error {
        return Err(error);
    }
    let mut settings = Settings::data("series", &options.path).with_table(&options.table);
    let targets = found.columns.iter().filter(|column| column.target).map(|column| column.name.as_str());
    let (targets, columns) = (targets.collect::<Vec<_>>(), options.columns.join(","));
    let time = found.time.as_ref().map(|time| time.column.clone());
    for (key, value) in [
        ("columns", Some(columns).filter(|columns| !columns.is_empty())),
        // The setting separates names by commas, so a comma in a name would split it.
        ("target", Some(targets.join(",")).filter(|_| !targets.iter().any(|target| target.contains(',')))),
        ("window", Some(options.window.to_string())),
        ("horizon", Some("1".into())),
        ("time_column", time),
        ("group_column", options.group_column.clone()),
        ("missing", treated(options.missing)),
        ("valid_fraction", (options.valid_fraction == 0.0).then(|| "0".into())),
    ] {
        if let Some(value) = value {
            settings = settings.with(key, value);
        }
    }
    Ok(settings)
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
