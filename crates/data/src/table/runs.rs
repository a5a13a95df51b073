//! Columns whose values stand in runs of rows: one run for each sequence or series of a table in the long form.

use std::collections::HashSet;

use csv::StringRecord;

use super::{Column, Key};

/// Names of columns that count or date rows: their values stand in runs in any table that is sorted by time.
const TIMES: [&str; 12] = [
    "time",
    "date",
    "timestamp",
    "datetime",
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "period",
];

/// Whether the rows of each value of the key stand together, two of them on average, and `label`, if there is one, has one
/// value in each run and fewer values than there are runs. False if there is only one run.
pub(crate) fn in_runs(rows: &[StringRecord], key: &Key, label: Option<usize>) -> bool {
    let label = |row: &StringRecord| label.map(|label| row[label].trim().to_owned());
    let (mut seen, mut labels) = (HashSet::new(), HashSet::new());
    let (mut last, mut own, mut text) = (String::new(), None, String::new());
    for row in rows {
        let name = key.of(row, &mut text);
        if seen.is_empty() || name != last {
            if !seen.insert(name.to_owned()) {
                return false;
            }
            name.clone_into(&mut last);
            own = label(row);
            labels.extend(own.clone());
        } else if own != label(row) {
            return false;
        }
    }
    seen.len() > 1 && 2 * seen.len() <= rows.len() && labels.len() < seen.len().max(2)
}

/// The first column and a column of numbers, if the numbers rise in each run of rows with one value of the first column and
/// fall between the runs: the rows are several series, one below the other, and the numbers are their times.
pub(crate) fn restarting(columns: &[Column], rows: &[StringRecord]) -> Option<(usize, usize)> {
    let first = columns.first()?;
    let names = first.is_text() && !first.time || first.is_number() && first.whole && !first.counts;
    if !names || first.called(&TIMES) || !in_runs(rows, &Key::of_field(0), None) {
        return None;
    }
    let restarts = |&index: &usize| {
        let number = |row: &StringRecord| columns[index].form.parse(&row[index]).unwrap_or(f64::NAN);
        columns[index].is_number()
            && rows.windows(2).all(|pair| {
                let rises = number(&pair[0]) < number(&pair[1]);
                rises == (pair[0][0].trim() == pair[1][0].trim())
            })
    };
    Some((0, (1..columns.len()).find(restarts)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Rows, TableOptions, columns};

    fn found(text: &str) -> Option<(usize, usize)> {
        let mut rows =
            Rows::open("r.csv".as_ref(), text.as_bytes(), &TableOptions::default(), false).unwrap();
        let sample = rows.sample().unwrap().0;
        restarting(&columns(&rows, &sample), &sample)
    }

    #[test]
    fn series_below_each_other_are_found_by_their_times() {
        assert_eq!(found("who,x,t\nann,5,0\nann,5,1\nbob,4,0\nbob,5,1\n"), Some((0, 2)));
        assert_eq!(found("unit,cycle,x\n1,1,0.5\n1,2,0.4\n1,3,0.1\n2,1,0.7\n2,3,0.2\n"), Some((0, 1)));
        // Years and months are one time; a name that comes again is interleaved; a single name is no group.
        assert_eq!(found("year,month,x\n1990,1,5\n1990,2,5\n1991,1,4\n1991,2,7\n"), None);
        assert_eq!(found("who,t,x\nann,0,1\nann,1,1\nbob,0,1\nbob,1,1\nann,2,1\n"), None);
        assert_eq!(found("who,t,x\nann,0,1\nann,1,1\nann,2,1\n"), None);
        assert_eq!(found("who,t,x\nann,0,1\nann,1,1\nbob,2,1\nbob,3,1\n"), None);
    }

    #[test]
    fn a_run_has_one_label() {
        let rows = |text: &str| -> Vec<StringRecord> {
            text.split(' ').map(|row| StringRecord::from(row.split(',').collect::<Vec<_>>())).collect()
        };
        let key = Key::of_field(0);
        assert!(in_runs(&rows("1,a 1,a 2,b 2,b 3,a 3,a"), &key, Some(1)));
        assert!(!in_runs(&rows("1,a 1,a 2,b 2,a 3,a 3,a"), &key, Some(1)));
        // The column is the label by another name, or is different in most rows.
        assert!(!in_runs(&rows("1,a 1,a 2,b 2,b"), &key, Some(1)));
        assert!(!in_runs(&rows("1,a 2,a 3,b 3,b"), &key, Some(1)));
        assert!(!in_runs(&rows("1,a 2,a 1,a 2,a"), &key, Some(1)));
    }
}
