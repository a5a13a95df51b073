//! Columns of a series that have a role: time, group and target, where no setting names them.

mod candidates;
mod order;

use crate::series::{SeriesError, SeriesOptions, Unsplit};
use crate::table::{Column, IDS, Sketch, join_names, split_names};

pub(super) use candidates::{GROUPS, is_usual_target, target};
use candidates::{clocks, counters, keys, target_except};
use order::{advances, advances_but, repeats};

/// Least mean number of rows of a group in which a column of numbers increases.
const ROWS_OF_A_COUNTER: usize = 4;
/// Least mean number of rows for each one that is not after the row before, where a date and a time of day are joined.
const ROWS_OF_A_SETBACK: usize = 100;

/// Reads the file, and sets the columns of time and group if the table shows them.
///
/// Times that can be told by their form are found by the reader. If they repeat or decrease, the file is read by the
/// first group column, or pair of them, that explains this. Without such times, a column of numbers that increases is
/// the time column: over the whole table, or within each group.
///
/// Where a file is longer than the sketch, its beginning decides, so that the file itself is read once.
pub(super) fn read(options: &mut SeriesOptions, sketch: &Sketch) -> Result<Unsplit, SeriesError> {
    if let Some(beginning) = &sketch.beginning {
        let mut found = options.clone();
        if find(&mut found, sketch, &|options| Unsplit::of(options, beginning)).is_ok()
            && let Ok(read) = Unsplit::read(&found)
        {
            *options = found;
            return Ok(read);
        }
    }
    find(options, sketch, &Unsplit::read)
}

/// Reads a file, or its beginning.
type Read<'r> = &'r dyn Fn(&SeriesOptions) -> Result<Unsplit, SeriesError>;

fn find(options: &mut SeriesOptions, sketch: &Sketch, read: Read<'_>) -> Result<Unsplit, SeriesError> {
    let found = read(options);
    let asked = options.time_column.clone();
    let repeated = match &found {
        Ok(whole) if !whole.has_times() => {
            if asked.is_some() {
                return found;
            }
            let counted = by_counter(options, sketch, read).or_else(|| by_runs(options, sketch, whole, read));
            return Ok(counted.unwrap_or(found?));
        }
        Ok(whole) => repeats(sketch, whole.times()),
        Err(SeriesError::Backwards { .. }) => false,
        Err(_) => return found,
    };
    if !repeated && found.is_ok() {
        return found;
    }
    let keys = keys(sketch);
    let times = match (&found, &asked) {
        (Ok(whole), _) => whole.times().to_vec(),
        (Err(_), None) => time(sketch).into_iter().collect(),
        (Err(_), Some(names)) => split_names(names).iter().filter_map(|name| sketch.position(name)).collect(),
    };
    if asked.is_none()
        && let Some(timed) = by_clock(options, sketch, &times, &keys, read)
    {
        return Ok(timed);
    }
    let apart = |key: &&Vec<usize>| !times.is_empty() && advances(sketch, &times, key, 1);
    let advancing = keys.iter().filter(apart);
    // Times of a group may repeat, for example when clocks are set back.
    let repeating = keys.iter().filter(|key| !repeated && key.len() == 1 && !apart(key));
    for key in advancing.chain(repeating) {
        options.group_column = Some(names(sketch, key));
        if let Ok(grouped) = read(options) {
            return Ok(grouped);
        }
    }
    options.group_column = None;
    found
}

/// Reads a table without times by a column that increases; None if there is none.
fn by_counter(options: &mut SeriesOptions, sketch: &Sketch, read: Read<'_>) -> Option<Unsplit> {
    let keys = keys(sketch);
    counters(sketch).into_iter().find_map(|counter| {
        // Columns that make no date together are no time.
        let is_time = |timed: &Unsplit| counter.len() == 1 || timed.has_date();
        by_times(options, sketch, &counter, &keys, 0, read, &is_time)
    })
}

/// Reads a table whose dates repeat with the column of the time of day that explains it; None if there is none.
fn by_clock(
    options: &mut SeriesOptions,
    sketch: &Sketch,
    times: &[usize],
    keys: &[Vec<usize>],
    read: Read<'_>,
) -> Option<Unsplit> {
    let &[date] = times else { return None };
    // An hour repeats when clocks are set back.
    let setbacks = sketch.rows.len() / ROWS_OF_A_SETBACK;
    clocks(sketch, date).into_iter().find_map(|clock| {
        let target = target_except(sketch, &options.columns, Some(clock)).map(|column| column.name.clone());
        let mut joined = SeriesOptions { target: target.into_iter().collect(), ..options.clone() };
        let is_time = |timed: &Unsplit| timed.has_date() && timed.has_clock();
        let read = by_times(&mut joined, sketch, &[date, clock], keys, setbacks, read, &is_time)?;
        *options = joined;
        Some(read)
    })
}

/// Reads a table by columns of times, if they increase in it: over all rows, or within the groups of a key.
fn by_times(
    options: &mut SeriesOptions,
    sketch: &Sketch,
    times: &[usize],
    keys: &[Vec<usize>],
    setbacks: usize,
    read: Read<'_>,
    is_time: &dyn Fn(&Unsplit) -> bool,
) -> Option<Unsplit> {
    let whole = Vec::new();
    let others = keys.iter().filter(|key| key.iter().all(|field| !times.contains(field)));
    for key in std::iter::once(&whole).chain(others) {
        let rows = if key.is_empty() { 1 } else { ROWS_OF_A_COUNTER };
        if !advances_but(setbacks, sketch, times, key, rows) {
            continue;
        }
        let tried = SeriesOptions {
            time_column: Some(names(sketch, times)),
            group_column: (!key.is_empty()).then(|| names(sketch, key)),
            ..options.clone()
        };
        if let Ok(timed) = read(&tried)
            && is_time(&timed)
        {
            *options = tried;
            return Some(timed);
        }
    }
    None
}

/// Reads a table without times by a column whose runs restart a column of numbers; None if there is none.
fn by_runs(options: &mut SeriesOptions, sketch: &Sketch, whole: &Unsplit, read: Read<'_>) -> Option<Unsplit> {
    let (key, time) = whole.restarts()?;
    let may = |column: &Column| column.is_text() || column.called(&GROUPS) || column.called(&IDS);
    sketch.columns.iter().find(|column| column.name == *key && may(column))?;
    let (group_column, time_column) = (Some(key.clone()), Some(time.clone()));
    let tried = SeriesOptions { group_column, time_column, ..options.clone() };
    let grouped = read(&tried).ok()?;
    *options = tried;
    Some(grouped)
}

/// The names of columns, as a setting.
fn names(sketch: &Sketch, fields: &[usize]) -> String {
    join_names(fields.iter().map(|&field| &sketch.columns[field].name))
}

/// The first column of times.
fn time(sketch: &Sketch) -> Option<usize> {
    sketch.columns.iter().position(|column| column.time)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::table::TableOptions;

    /// The columns of time, group and target that a table shows.
    fn roles(table: &str) -> String {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("table.csv");
        std::fs::write(&path, table).expect("written");
        let sketch =
            Sketch::of_head(Path::new("table.csv"), table.as_bytes(), false, &TableOptions::default())
                .expect("a table");
        let mut options = SeriesOptions::new(&path, 1, 1);
        options.target = target(&sketch, &[]).map(|column| column.name.clone()).into_iter().collect();
        let found = read(&mut options, &sketch).expect("a series").describe();
        let time = found.time.map_or("-".to_owned(), |time| time.column);
        let target = options.target.first().map_or("-", String::as_str);
        format!("{time} {} {target}", options.group_column.as_deref().unwrap_or("-"))
    }

    /// A header and one row for each of these rows of fields.
    fn table(header: &str, rows: impl Iterator<Item = String>) -> String {
        std::iter::once(header.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn numbers_that_increase_are_times() {
        let years = table("Year,rain,rank", (0..30).map(|i| format!("{},{}.5,{i}", 1990 + i, i * i % 7)));
        assert_eq!(roles(&years), "Year - rain");
        let comma = table("\"when, roughly\",x", (0..30).map(|i| format!("{i},{}", i * i % 7)));
        assert_eq!(roles(&comma), "when, roughly - x");
        let unnamed = table(",x", (0..30).map(|i| format!("{i},{}", i * i % 7)));
        assert_eq!(roles(&unnamed), "column 1 - x");
        let seconds = table("t,x", (0..30).map(|i| format!("{}.5,{}", 2 * i, i * i % 7)));
        assert_eq!(roles(&seconds), "t - x");
        let parts = (0..96).map(|i| format!("{i},2010,1,{},{},{}", 1 + i / 24, i % 24, i * i % 7));
        assert_eq!(roles(&table("No,year,month,day,hour,x", parts)), "year,month,day,hour - x");
        // Nothing increases, or what increases is the only column.
        assert_eq!(roles(&table("year,x", (0..30).map(|i| format!("{},{i}", i * 7 % 11)))), "- - -");
        assert_eq!(roles(&table("n", (0..30).map(|i| i.to_string()))), "- - -");
    }

    #[test]
    fn a_year_and_its_part_are_one_time() {
        let of = |part: fn(i32) -> String, parts: i32| {
            move |i: i32| format!("{},{},{}.5", 1990 + i / parts, part(i % parts), i * i % 7)
        };
        let all = |header: &str, part: fn(i32) -> String, parts: i32| {
            table(header, (0..30 * parts).map(of(part, parts)))
        };
        let number = |part: i32| (part + 1).to_string();
        assert_eq!(roles(&all("Year,Quarter,GDP", number, 4)), "Year,Quarter - GDP");
        assert_eq!(roles(&all("Year,Qtr,GDP", |part| format!("Q{}", part + 1), 4)), "Year,Qtr - GDP");
        assert_eq!(roles(&all("year,week,cases", number, 52)), "year,week - cases");
        assert_eq!(roles(&all("Year,Month,rain", number, 12)), "Year,Month - rain");
        let names = |part: i32| ["Jan", "Feb", "Mar", "Apr", "May", "Jun"][part as usize].to_owned();
        assert_eq!(roles(&all("Year,Month,rain", names, 6)), "Year,Month - rain");
        let panel = (0..240)
            .map(|i| format!("{},{},{},{}.5", ["A", "B"][i / 120], 1990 + i % 120 / 4, i % 4 + 1, i * i % 7));
        assert_eq!(roles(&table("country,Year,Quarter,GDP", panel)), "Year,Quarter country GDP");
    }

    #[test]
    fn dates_that_repeat_have_a_time_of_day_beside_them() {
        let hours = |of: fn(i32) -> i32| {
            move |i: i32| format!("03/{:02}/2024,{},{}.5", 1 + i / 24, of(i % 24), i * i % 7)
        };
        let all = |header: &str, of: fn(i32) -> i32| table(header, (0..20 * 24).map(hours(of)));
        assert_eq!(roles(&all("Date,Hour,MW", |hour| hour)), "Date,Hour - MW");
        assert_eq!(roles(&all("Date,Hour Ending,MW", |hour| hour + 1)), "Date,Hour Ending - MW");
        assert_eq!(roles(&all("Date,HHMM,MW", |hour| hour * 100)), "Date,HHMM - MW");
        // Dates that are numbers, a column between, an hour that repeats when clocks are set back, and the hour last.
        let hour = |i: i32| if i == 50 { 1 } else { i % 24 };
        let apart = (0..480).map(|i| format!("202403{:02},{}.5,{}", 1 + i / 24, i * i % 7, hour(i)));
        assert_eq!(roles(&table("date,MW,hour of day", apart)), "date,hour of day - MW");
        // Several series, side by side or one below the other.
        let zones = (0..480)
            .map(|i| format!("2024-03-{:02},{},{},{}", 1 + i / 48, i / 2 % 24, ["N", "S"][i % 2], i * i % 7));
        assert_eq!(roles(&table("Date,Hour,zone,MW", zones)), "Date,Hour zone MW");
        let below = (0..480).map(|i| {
            format!("2024-03-{:02},{},{},{}", 1 + i / 24 % 10, i % 24, ["N", "S"][i / 240], i * i % 7)
        });
        assert_eq!(roles(&table("Date,Hour,zone,MW", below)), "Date,Hour zone MW");
        // Hours that explain nothing, or no hours at all.
        let hours = (0..480).map(|i| format!("2024-03-{:02},{},{}", 1 + i / 24, i * 7 % 5, i * i % 7));
        assert_eq!(roles(&table("Date,hours,MW", hours)), "Date - MW");
    }

    #[test]
    fn groups_explain_times_that_repeat() {
        let panel =
            |rows: i32| (0..4 * rows).map(move |i| format!("{},{},{}", i / rows, 1990 + i % rows, i * i % 7));
        assert_eq!(roles(&table("firm,year,x", panel(20))), "year firm x");
        // Numbers under an unusual name need more rows in a group.
        assert_eq!(roles(&table("firm,year,x", panel(8))), "- - x");
        assert_eq!(roles(&table("country,year,x", panel(8))), "year country x");
        // What is constant in a group, or nearly always zero, is not forecast.
        let constant = (0..80).map(|i| format!("{},{},{},{}", i / 20, 1990 + i % 20, i * i % 7, i / 20 * 31));
        assert_eq!(roles(&table("country,year,x,latitude", constant)), "year country x");
        // A measurement is no group, although no value has one time twice.
        let glucose =
            (0..200).map(|i| format!("2010-03-24 {:02}:{:02},{}", i / 12, i / 2 % 6, 200 + i * 37 % 100));
        assert_eq!(roles(&table("time,glucose", glucose)), "time - glucose");
    }
}
