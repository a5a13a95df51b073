//! Which field of a line is which channel, and which its time: by the order, or by a first line that names them.

use longspan::option_syntax::nearest;
use longspan_data::categorical::Categorical;
use longspan_data::series::Clock;
use longspan_data::table::{LineFormat, TableOptions};

use crate::streams;

/// Most lines below the names that have units and other words.
const UNITS: usize = 2;

/// Which field is what.
pub(super) struct Form {
    pub(super) format: LineFormat,
    pub(super) count: usize,
    /// Whether the first line names the columns.
    pub(super) named: bool,
    /// The line on which this was found, from 1.
    pub(super) line: u64,
    /// The number of lines that may have the units of the columns before the first row.
    pub(super) units: usize,
    /// The field of each column.
    pub(super) positions: Vec<usize>,
    /// The fields of the time, if there is one.
    pub(super) times: Vec<usize>,
}

impl Form {
    /// The form of a first line.
    ///
    /// # Errors
    /// A message if it names columns, but not all that the model reads.
    pub(super) fn of(
        mut format: LineFormat,
        line: &str,
        columns: &[String],
        categorical: &[Categorical],
        clock: Option<&Clock>,
        table: &TableOptions,
    ) -> Result<Self, String> {
        let fields = format.split(line);
        let count = fields.len();
        // A categorical column has words in every line.
        let words = |column: usize| {
            columns.get(column).is_some_and(|name| categorical.iter().any(|own| own.column == *name))
        };
        let is_value = |(column, text): (usize, &String)| words(column) || format.is_value(text);
        // Names may be numbers. A single number is more likely to be a value, unless the table of training has such a name.
        let named = !table.no_header
            && (table.header || table.known.len() > 1)
            && columns.iter().all(|column| fields.contains(column));
        // The time comes first where no names say where it is.
        let times = clock.map_or(0, |clock| clock.columns().len());
        let timed = |clock: &Clock| {
            let (time, values) = fields.split_at_checked(times)?;
            let values = values.len() == columns.len() && values.iter().enumerate().all(is_value);
            (values && clock.read(time.iter().map(String::as_str), None).is_some()).then_some(())
        };
        if !named && clock.and_then(timed).is_some() {
            let (times, positions) = ((0..times).collect(), (times..count).collect());
            return Ok(Self { format, count, named: false, line: 1, units: 0, positions, times });
        }
        let lacks = |calendar: &&Clock| calendar.channels() > 0;
        let needed = clock.filter(lacks).map(|clock| {
            let columns = clock.columns().join(", ");
            format!(
                ": the model reads the calendar, so each line needs its time: write it before the values, or name {columns} \
                 in a first line"
            )
        });
        let word = if named {
            fields.first()
        } else {
            let named = fields.iter().any(|field| columns.contains(field));
            let mut all = fields.iter().enumerate();
            let word = all.find(|&(column, text)| !format.is_value(text) && (named || !words(column)));
            word.map(|(_, text)| text).filter(|_| !table.no_header)
        };
        let Some(word) = word else {
            if let Some(needed) = needed {
                return Err(needed);
            }
            let positions = by_number(columns, count).unwrap_or_else(|| (0..columns.len()).collect());
            let count = positions.iter().max().map_or(0, |&last| last + 1);
            return Ok(Self { format, count, named: false, line: 1, units: 0, positions, times: Vec::new() });
        };
        if let Some(positions) = by_number(columns, count) {
            return Ok(Self { format, count, named: false, line: 1, units: 0, positions, times: Vec::new() });
        }
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let position = |column: &String| {
            names.iter().position(|name| *name == column).ok_or_else(|| {
                let meant = nearest(column, names.iter().copied());
                let meant = meant.map(|name| format!(": did you mean {name:?}?")).unwrap_or_else(|| ".".into());
                format!(
                    " contains {word:?}, which is not a number, so it names the columns, but it lacks {column:?}{meant} The \
                     model reads {}",
                    listed(columns.iter().map(String::as_str))
                )
            })
        };
        let positions = columns.iter().map(position).collect::<Result<_, _>>()?;
        let found = |column: &String| names.iter().position(|name| name == column);
        let times = clock.and_then(|clock| clock.columns().iter().map(found).collect::<Option<Vec<_>>>());
        match (times, needed) {
            (None, Some(needed)) => Err(needed),
            (times, _) => Ok(Self {
                format,
                count,
                named: true,
                line: 1,
                units: UNITS,
                positions,
                times: times.unwrap_or_default(),
            }),
        }
    }
}

impl Form {
    /// Whether a line has no step: a comment between the rows, or, below the names, the units of the columns and other words,
    /// such as Avg for what was done in an interval. `numbers` are the fields of the columns of numbers.
    pub(super) fn is_skipped(
        &mut self,
        line: &str,
        fields: &[String],
        numbers: &[usize],
        number: u64,
    ) -> bool {
        if fields.len() != self.count && line.trim_start().starts_with('#') {
            return true;
        }
        if self.units > 0 && self.format.has_units(fields, numbers) {
            self.units -= 1;
            streams::note(format_args!(
                "note: line {number} has the units of the columns or other words: not read"
            ));
            return true;
        }
        self.units = 0;
        false
    }
}

/// The fields of columns that have numbers instead of names (`column 2`), if the last of them is the last field.
fn by_number(columns: &[String], fields: usize) -> Option<Vec<usize>> {
    let number = |name: &String| name.strip_prefix("column ")?.parse::<usize>().ok()?.checked_sub(1);
    let positions: Vec<usize> = columns.iter().map(number).collect::<Option<_>>()?;
    (positions.iter().max() == Some(&fields.checked_sub(1)?)).then_some(positions)
}

/// Up to eight of the names.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = if names.len() > 8 { ", ..." } else { "" };
    names.take(8).collect::<Vec<_>>().join(", ") + more
}
