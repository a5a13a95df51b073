//! The numbers of a file, group by group.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;

use csv::StringRecord;

use super::error::SeriesError;
use super::group::{Stamp, TableGroup};
use super::layout::Layout;
use super::options::SeriesOptions;
use super::time_check::check_times;
use super::time_column::shown;
use super::times::Time;
use crate::categorical::Codes;
use crate::memory::Growth;
use crate::spread::{Sentinel, Spread};
use crate::stamps::{Feature, calendar};
use crate::table::{self, Cell, Location, NumberForm, Rows, TableError, is_missing, shorten};

/// One column of numbers.
#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    form: NumberForm,
    /// Smallest and largest value.
    pub(super) range: Option<(f64, f64)>,
    pub(super) missing: u64,
    pub(super) counts: bool,
    pub(super) identifies: bool,
    /// The codes of its categories, until they become one-hot columns.
    pub(super) codes: Option<Codes>,
    pub(super) one_hot: bool,
}

impl TableColumn {
    /// A column that is 1 for one category and 0 for all others.
    pub(super) fn one_hot(name: String) -> Self {
        let form = NumberForm::default();
        let (range, missing, counts, identifies, codes) = (None, 0, false, false, None);
        Self { name, form, range, missing, counts, identifies, codes, one_hot: true }
    }
}

impl TableColumn {
    /// A column of the calendar.
    fn made(name: String) -> Self {
        Self { one_hot: false, ..Self::one_hot(name) }
    }
}

/// The numbers of a file and its description.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) path: PathBuf,
    pub(super) names: Vec<String>,
    pub(super) layout: Layout,
    pub(super) separator: char,
    pub(super) columns: Vec<TableColumn>,
    pub(super) groups: Vec<TableGroup>,
    /// Line and column of the first missing value.
    pub(super) first_missing: Option<(u64, usize)>,
    pub(super) fingerprint: u64,
    /// A column whose values stand in runs of rows, and a column of numbers that begins anew in each run, if there are
    /// neither groups nor times.
    pub(super) restarts: Option<(String, String)>,
    /// How the table is written, where it is unusual.
    pub(super) written: Vec<String>,
    indices: HashMap<String, usize>,
    latest: usize,
    /// What is read of the calendar: two columns each, after those of the file.
    pub(super) calendar: Vec<Feature>,
    /// Whether rows are sorted by time.
    sorts: bool,
    /// Whether the times of all rows are kept.
    keeps: bool,
    /// Text of the current row's time.
    text: String,
    /// Name of the current row's group.
    key: String,
    /// Numbers of all groups so far.
    stored: u64,
    growth: Growth,
}

impl Table {
    /// Reads all rows, one at a time.
    pub(super) fn read(options: &SeriesOptions, reader: impl Read) -> Result<Self, SeriesError> {
        let path = options.path.as_path();
        let mut rows = Rows::open(path, reader, &options.written(), true)?;
        let (sample, locations) = rows.sample()?;
        if sample.is_empty() {
            return Err(TableError::HeaderOnly { path: path.to_owned() }.into());
        }
        let sketch = table::columns(&rows, &sample);
        let layout = Layout::of(options, &rows, &sketch, &sample)?;
        let restarts = (layout.group.is_none() && layout.time.is_none() && !layout.untimed)
            .then(|| table::restarting(&sketch, &sample))
            .flatten()
            .map(|(key, time)| (rows.names[key].clone(), rows.names[time].clone()));
        let column = |&field: &usize| TableColumn {
            name: rows.names[field].clone(),
            form: sketch[field].form.clone(),
            range: None,
            missing: 0,
            counts: sketch[field].is_number() && sketch[field].counts && !layout.untimed,
            identifies: sketch[field].identifies(sample.len()),
            codes: layout.codes(field, &rows.names, options),
            one_hot: false,
        };
        check_times(options, &layout, &rows.names)?;
        let made = options.calendar.iter().flat_map(|feature| feature.channels()).map(TableColumn::made);
        let mut table = Self {
            path: path.to_owned(),
            names: rows.names.clone(),
            separator: rows.format.separator.char(),
            columns: layout.values.iter().map(column).chain(made).collect(),
            layout,
            groups: Vec::new(),
            first_missing: None,
            stored: 0,
            growth: Growth::default(),
            fingerprint: 0,
            restarts,
            written: Vec::new(),
            indices: HashMap::new(),
            latest: 0,
            calendar: options.calendar.clone(),
            sorts: options.sort_time,
            keeps: options.keep_times,
            text: String::new(),
            key: String::new(),
        };
        for (row, location) in sample.iter().zip(locations) {
            table.push(row, location)?;
        }
        drop(sample);
        let mut row = StringRecord::new();
        while let Some(location) = rows.next(&mut row)? {
            table.push(&row, location)?;
        }
        table.fingerprint = rows.fingerprint();
        if table.sorts && table.layout.time.is_some() {
            let columns = table.columns.len();
            table.groups.iter_mut().for_each(|group| group.sort(columns));
            let missing = |group: &TableGroup| {
                let first = group.values.iter().position(|value| value.is_nan())?;
                Some((group.lines.get(first / columns), first % columns))
            };
            table.first_missing = table.groups.iter().filter_map(missing).min();
        }
        table.written = rows.notes();
        Ok(table)
    }

    /// Number of missing values in all columns.
    pub(super) fn missing(&self) -> u64 {
        self.columns.iter().map(|column| column.missing).sum()
    }

    /// The columns of the file that have no value in any row, and all others; columns of categories are neither.
    pub(super) fn empty(&self) -> (Vec<&str>, Vec<&str>) {
        let numbers = self.columns.iter().take(self.layout.values.len()).filter(|own| own.codes.is_none());
        let (empty, rest): (Vec<_>, Vec<_>) = numbers.partition(|own| own.range.is_none() && own.missing > 0);
        fn names(columns: Vec<&TableColumn>) -> Vec<&str> {
            columns.into_iter().map(|own| own.name.as_str()).collect()
        }
        (names(empty), names(rest))
    }

    /// Computes the spread of a column over all groups.
    pub(super) fn spread(&self, index: usize) -> Option<Spread> {
        self.columns[index].range?;
        Spread::of(|| self.values(index))
    }

    /// Finds a number in a column that may stand for a missing value.
    pub(super) fn sentinel(&self, index: usize) -> Option<Sentinel> {
        let (least, greatest) = self.columns[index].range?;
        Sentinel::of(|| self.values(index), least, greatest)
    }

    /// The values of a column in all groups.
    fn values(&self, index: usize) -> impl Iterator<Item = f64> {
        let width = self.columns.len();
        let of = move |group: &TableGroup| group.values.len().min(index);
        self.groups.iter().flat_map(move |g| g.values[of(g)..].iter().step_by(width)).copied()
    }

    fn push(&mut self, row: &StringRecord, location: Location) -> Result<(), SeriesError> {
        let group = self.group(row, location.line)?;
        // In a table of one column, a blank line is a missing value.
        if self.names.len() == 1 {
            for line in location.line - location.blank..location.line {
                self.push_values(&StringRecord::from(vec![""]), line, group)?;
            }
        }
        let time = self.push_time(row, location.line, group)?;
        self.push_values(row, location.line, group)?;
        let group = &mut self.groups[group];
        if let Some(Time::Instant(instant)) = &time {
            group.values.extend(self.calendar.iter().flat_map(|&feature| calendar(instant, feature)));
        }
        if self.keeps {
            group.moments.extend(time);
        }
        Ok(())
    }

    /// Returns the index of the row's group, and adds a new group.
    fn group(&mut self, row: &StringRecord, line: u64) -> Result<usize, SeriesError> {
        let name = match &self.layout.group {
            Some(key) => {
                if let Some(field) = key.empty(row) {
                    let column = shorten(&self.names[field]);
                    return Err(SeriesError::NoGroup { path: self.path.clone(), line, column });
                }
                key.of(row, &mut self.key)
            }
            None => "",
        };
        if self.groups.get(self.latest).is_none_or(|latest| latest.name != name) {
            self.latest = *self.indices.entry(name.to_owned()).or_insert_with(|| {
                self.groups.push(TableGroup { name: name.to_owned(), ..TableGroup::default() });
                self.groups.len() - 1
            });
        }
        Ok(self.latest)
    }

    fn push_time(
        &mut self,
        row: &StringRecord,
        line: u64,
        group: usize,
    ) -> Result<Option<Time>, SeriesError> {
        let Some(column) = &self.layout.time else { return Ok(None) };
        let mut text = std::mem::take(&mut self.text);
        column.text(row, &mut text);
        let group = &mut self.groups[group];
        let previous = group.last.as_ref().map(|last| last.time);
        let Some(time) = column.read(&text, previous) else {
            return Err(SeriesError::TimeForm {
                path: self.path.clone(),
                line,
                column: shorten(&column.name),
                value: shorten(&shown(&text)),
                form: column.words(),
            });
        };
        if self.sorts {
            group.times.push((time, Stamp { text: shown(&text), time, line }));
        } else if let Some(last) = group.last.as_ref().filter(|last| time.before(last.time)) {
            return Err(SeriesError::Backwards {
                path: self.path.clone(),
                line,
                column: shorten(&column.name).into(),
                value: shorten(&shown(&text)).into(),
                before_line: last.line,
                before: shorten(&shown(&last.text)).into(),
                group: self.layout.group.as_ref().map(|_| shorten(&group.name).into()),
            });
        }
        match time {
            Time::Instant(instant) => group.spacing.get_or_insert_default().push(instant),
            Time::Number(number) => group.numbers.get_or_insert_default().push(number),
            Time::Unknown => {}
        }
        match &mut group.last {
            Some(last) => {
                last.text.clear();
                last.text.push_str(&text);
                (last.time, last.line) = (time, line);
            }
            None => {
                group.first = Some(Stamp { text: text.clone(), time, line });
                group.last = group.first.clone();
            }
        }
        self.text = text;
        Ok(Some(time))
    }

    fn push_values(&mut self, row: &StringRecord, line: u64, group: usize) -> Result<(), SeriesError> {
        let group = &mut self.groups[group];
        for (index, (column, &field)) in self.columns.iter_mut().zip(&self.layout.values).enumerate() {
            if let Some(codes) = &mut column.codes {
                let category = row[field].trim();
                let missing = is_missing(category) || column.form.na.has(category);
                let code = if missing { Ok(Codes::missing()) } else { codes.code(category) };
                let code = code.map_err(|problem| SeriesError::Category {
                    path: self.path.clone(),
                    line: Some(line),
                    problem,
                })?;
                group.values.push(code);
                continue;
            }
            let cell = Cell { path: &self.path, line, column: &column.name };
            let number = column.form.number(&row[field], cell)?;
            if number.is_nan() {
                column.missing += 1;
                self.first_missing.get_or_insert((line, index));
            } else {
                let (least, greatest) = column.range.unwrap_or((number, number));
                column.range = Some((least.min(number), greatest.max(number)));
            }
            group.values.push(number);
        }
        group.lines.push(line);
        self.stored += self.columns.len() as u64;
        let fits = self.growth.check(size_of::<f64>() as u64 * self.stored);
        Ok(fits.map_err(|problem| TableError::Memory { path: self.path.clone(), line, problem })?)
    }
}
