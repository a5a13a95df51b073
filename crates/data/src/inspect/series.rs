//! Numeric series.

use std::path::Path;

use super::content::Content;
use super::error::InspectError;
use super::found::Found;
use super::given::Given;
use super::notices;
use super::roles;
use super::settings::{Note, Settings};
use crate::series::{ColumnDescription, Description, Missing, SeriesError, SeriesOptions, Unsplit};
use crate::table::{Sketch, join_names};

/// Default fraction of the rows for validation.
const VALID: f64 = 0.1;

pub(super) fn inspect(path: &Path, sketch: &Sketch, given: &Given) -> Result<Found, InspectError> {
    let mut options = SeriesOptions {
        table: given.table.clone(),
        columns: given.columns.clone(),
        time_column: given.time_column.clone(),
        sort_time: given.sort_time,
        day_first: given.day_first,
        ..SeriesOptions::new(path, 1, 1)
    };
    let target = roles::target(sketch, &given.columns);
    options.target = target.map(|column| column.name.clone()).into_iter().collect();
    let mut read = roles::read(&mut options, sketch)?;
    let mut description = read.describe();
    let mut notes: Vec<Note> = Vec::new();
    // What is asked for is read.
    let may = given.columns.is_empty();
    let empty = names(&description, &|column| may && column.least.is_none());
    let counters = if may { counters(&description, &empty) } else { Vec::new() };
    let out: Vec<String> = empty.iter().chain(&counters).cloned().collect();
    if !out.is_empty() && out.len() < description.columns.len() {
        if !empty.is_empty() {
            notes.push(format!("these columns have no values and are left out: {}", empty.join(", ")).into());
        }
        for column in &counters {
            notes.push(format!("{column} numbers the rows and is left out").into());
        }
        options.columns = names(&description, &|column| !out.contains(&column.name));
        options.target.retain(|target| !empty.contains(target));
        // Text columns stay left out, but a description with named columns does not list them.
        let Description { left_out, categories, .. } = description;
        read = Unsplit::read(&options)?;
        description = Description { left_out, categories, ..read.describe() };
    }
    notes.extend(notices::of_series(&description, target.is_some_and(roles::is_usual_target), options.gaps));
    let settings = match settings(&mut options, &read, &description) {
        Ok(settings) => {
            notes.extend(notices::of_missing(description.missing, options.missing));
            Some(settings)
        }
        Err(error) => {
            notes.push(error.to_string().into());
            None
        }
    };
    let path = path.to_owned();
    Ok(Found { path, content: Content::Series(Box::new(description)), notes, settings, otherwise: None })
}

/// The names of some columns.
fn names(found: &Description, wanted: &dyn Fn(&ColumnDescription) -> bool) -> Vec<String> {
    found.columns.iter().filter(|column| wanted(column)).map(|column| column.name.clone()).collect()
}

/// The columns that only number the rows, where others are the time: later rows have values that training never reads.
/// None if nothing would be left besides the columns without values.
fn counters(found: &Description, empty: &[String]) -> Vec<String> {
    // The setting separates names by commas.
    let plain = found.columns.iter().all(|column| !column.name.contains(','));
    let may = plain && found.time.is_some() && found.rows > 2;
    let counters = names(found, &|column| may && column.counts && !column.target);
    if counters.len() + empty.len() < found.columns.len() { counters } else { Vec::new() }
}

/// Returns settings that train on the series. The window is at most a tenth of the longest group, or 2. Missing values
/// are filled in, or else their rows are dropped.
fn settings(
    options: &mut SeriesOptions,
    read: &Unsplit,
    found: &Description,
) -> Result<Settings, SeriesError> {
    let longest = found.groups.iter().map(|group| group.rows).max().unwrap_or(0);
    options.window = [128, 64, 32, 16, 8, 4].into_iter().find(|window| window * 10 <= longest).unwrap_or(2);
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
    let (targets, columns) = (targets.collect::<Vec<_>>(), join_names(&options.columns));
    let time = found.time.as_ref().map(|time| time.column.clone()).or_else(|| options.time_column.clone());
    for (key, value) in [
        ("columns", Some(columns).filter(|columns| !columns.is_empty())),
        ("target", Some(join_names(&targets))),
        ("window", Some(options.window.to_string())),
        ("horizon", Some("1".into())),
        ("time_column", time),
        ("group_column", options.group_column.clone()),
        ("sort_time", options.sort_time.then(|| "true".into())),
        ("day_first", options.day_first.map(|first| first.to_string())),
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

#[cfg(test)]
mod tests {
    use super::super::inspect;
    use crate::inspect::Given;

    #[test]
    fn a_counter_beside_a_time_is_no_input() {
        let dir = tempfile::tempdir().expect("a directory");
        let columns = |header: &str| {
            let path = dir.path().join("table.csv");
            let row = |i: i32| format!("{i},2024-01-{:02},{}.5,{}\n", i + 1, i * i % 7, i * 3 % 5);
            let table = format!("{header}\n{}", (0..30).map(row).collect::<String>());
            std::fs::write(&path, table).expect("written");
            let found = inspect(&path, &Given::default(), &mut |_, _| {}).expect("a series");
            let notes: Vec<String> = found.notes.into_iter().map(|note| note.text).collect();
            let settings = serde_json::to_value(found.settings.expect("settings")).expect("JSON");
            let columns = settings.as_array().expect("a list").iter().find(|one| one["key"] == "columns");
            (columns.map(|columns| columns["value"].as_str().expect("a text").to_owned()), notes.join("; "))
        };
        for name in ["", "No"] {
            let (columns, notes) = columns(&format!("{name},date,x,y"));
            assert_eq!(columns.as_deref(), Some("x,y"), "{notes}");
            assert!(notes.contains("numbers the rows and is left out"), "{notes}");
        }
    }
}
