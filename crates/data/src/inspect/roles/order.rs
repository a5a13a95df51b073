//! Whether the first rows of a table are in the order of time.

use std::collections::HashMap;

use csv::StringRecord;

use crate::table::Sketch;

/// Whether two consecutive rows have the same time.
pub(super) fn repeats(sketch: &Sketch, times: &[usize]) -> bool {
    sketch.rows.windows(2).any(|rows| times.iter().all(|&time| rows[0][time] == rows[1][time]))
}

/// Whether the times in some columns increase within each group, so far as the first rows show it, and groups have so
/// many rows on average. Times that are no numbers only have to differ from the one before. The groups are the different
/// values of the columns `key` together.
pub(super) fn advances(sketch: &Sketch, times: &[usize], key: &[usize], rows: usize) -> bool {
    advances_but(0, sketch, times, key, rows)
}

/// The same where so many rows may have a time that is not after that of the row before.
pub(super) fn advances_but(
    setbacks: usize,
    sketch: &Sketch,
    times: &[usize],
    key: &[usize],
    rows: usize,
) -> bool {
    let read = |row: &StringRecord| -> Vec<Result<f64, String>> {
        times
            .iter()
            .map(|&time| sketch.columns[time].form.parse(&row[time]).map_err(|_| row[time].to_owned()))
            .collect()
    };
    let after = |now: &Vec<Result<f64, String>>, before: &Vec<Result<f64, String>>| {
        let first = now.iter().zip(before).find(|(now, before)| now != before);
        first.is_some_and(|(now, before)| match (now, before) {
            (Ok(now), Ok(before)) => now > before,
            _ => true,
        })
    };
    let mut last: HashMap<Vec<&str>, Vec<Result<f64, String>>> = HashMap::new();
    let mut left = setbacks;
    let increase = sketch.rows.iter().all(|row| {
        let now = read(row);
        let group: Vec<&str> = key.iter().map(|&field| row[field].trim()).collect();
        let increases = last.get(&group).is_none_or(|before| after(&now, before));
        last.insert(group, now);
        let may = increases || left > 0;
        left -= usize::from(!increases && left > 0);
        may
    });
    increase && sketch.rows.len() >= rows * last.len()
}
