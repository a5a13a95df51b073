//! From the table of a file to standardised parts: missing values, parts, scaling.

use std::ops::Range;

use super::column::Column;
use super::describe::Description;
use super::error::SeriesError;
use super::group::TableGroup;
use super::lines::Lines;
use super::one_hot::OneHot;
use super::options::{Gaps, Missing, SeriesOptions};
use super::part::Part;
use super::segment::{Segment, Segments};
use super::standardised::Series;
use super::table::{Table, TableColumn};
use super::times::Time;
use crate::table::shorten;

impl Series {
    /// Treats missing values, cuts the parts, and standardises.
    pub(super) fn split(mut table: Table, options: &SeriesOptions) -> Result<Self, SeriesError> {
        if let (empty, rest) = table.empty()
            && !empty.is_empty()
        {
            return Err(SeriesError::empty(options, &empty, &rest));
        }
        if let (Missing::Error, Some((line, column))) = (options.missing, table.first_missing) {
            let (count, column) = (table.missing(), shorten(&table.columns[column].name));
            return Err(SeriesError::MissingValues { path: table.path, line, column, count });
        }
        let (time_gaps, regularity) = table.gaps();
        if let (Gaps::Error, Some((steps, line))) = (options.gaps, regularity.longest_gap) {
            let step = regularity.step.unwrap_or_default();
            return Err(SeriesError::Gap { path: table.path, count: regularity.gaps, steps, step, line });
        }
        // A trained model needs no notices about its data any more.
        let description = match options.scaling {
            None => Description::with_spreads(&table),
            Some(_) => Description::of(&table),
        };
        let seconds_per_row = seconds_per_row(&table);
        let clock = table.clock(options.clock.as_ref());
        let mut parts = <[Segments; 3]>::default();
        let mut dropped = Vec::with_capacity(table.groups.len());
        for ((index, group), gaps) in table.groups.iter_mut().enumerate().zip(time_gaps) {
            let gaps = if options.gaps == Gaps::Split { gaps } else { Vec::new() };
            let lacks = |values: &&[f64]| values.iter().any(|value| value.is_nan());
            dropped.push(match options.missing {
                Missing::Drop => group.values.rchunks(table.columns.len()).take_while(lacks).count(),
                Missing::Error | Missing::Interpolate => 0,
            });
            let gaps = match options.missing {
                Missing::Drop => drop_rows(group, table.columns.len(), &gaps),
                Missing::Error | Missing::Interpolate => gaps,
            };
            for (part, rows) in Part::ALL.into_iter().zip(cut(group.lines.rows(), options)) {
                if options.missing == Missing::Interpolate {
                    interpolate(options, &table.columns, group, part, &rows)?;
                }
                parts[part as usize].push(index, group, rows, &gaps, options);
            }
        }
        for part in Part::ALL {
            parts[part as usize].long_enough(part, options)?;
        }

        let one_hot = OneHot::encode(&mut table, &parts[Part::Train as usize], &options.categorical)?;
        let columns = match &options.scaling {
            None => scale(&table, &parts[Part::Train as usize], None),
            Some(scaling) => given(&table, &scaling.mean, &scaling.std),
        };
        let by_group = group_scales(&table, &parts[Part::Train as usize], options)?;
        let values = standardise(&table, &columns, &by_group)?;
        let scales = |columns: &Vec<Column>| {
            columns.iter().map(|column| (column.mean, column.std)).collect::<Vec<_>>()
        };
        let group_scales = by_group.iter().map(scales).collect();
        let measured = table.layout.values.len();
        let moments = table.groups.iter_mut().map(|group| std::mem::take(&mut group.moments)).collect();
        let (groups, lines) = table.groups.into_iter().map(|group| (group.name, group.lines)).unzip();
        Ok(Self {
            columns,
            targets: table.layout.targets,
            window: options.window,
            horizon: options.horizon,
            groups,
            dropped,
            description,
            one_hot,
            measured,
            clock,
            moments,
            seconds_per_row,
            group_scales,
            values,
            lines,
            parts,
        })
    }
}

impl Segments {
    /// Appends the segments of the rows of a part.
    fn push(
        &mut self,
        group_index: usize,
        group: &TableGroup,
        rows: Range<usize>,
        gaps: &[usize],
        options: &SeriesOptions,
    ) {
        let inside = gaps.iter().copied().filter(|&gap| rows.start < gap && gap < rows.end);
        let mut start = rows.start;
        for end in inside.chain([rows.end]).filter(|_| !rows.is_empty()) {
            // Only the first segment may have rows of an earlier part before it: a gap is before all others.
            let begin = match options.reach_back {
                true => {
                    let gap = gaps[..gaps.partition_point(|&gap| gap <= start)].last();
                    gap.copied().unwrap_or(0).max(start.saturating_sub(options.window))
                }
                false => start,
            };
            let windows = (end - begin + 1).saturating_sub(options.window.saturating_add(options.horizon));
            self.begins.push(begin);
            self.windows.push(self.windows.last().copied().unwrap_or(0) + windows);
            let first_line = group.lines.get(start);
            self.all.push(Segment { group: group_index, first_line, rows: start..end });
            start = end;
        }
    }

    /// Checks that a requested part has a window.
    fn long_enough(&self, part: Part, options: &SeriesOptions) -> Result<(), SeriesError> {
        let wanted = match part {
            Part::Train => options.horizon > 0,
            Part::Valid => options.valid_fraction > 0.0,
            Part::Test => options.test_fraction > 0.0,
        };
        if !wanted || self.windows.last().is_some_and(|&windows| windows > 0) {
            return Ok(());
        }
        Err(SeriesError::TooShort {
            path: options.path.clone(),
            part,
            before: if options.reach_back && part != Part::Train { options.window } else { 0 },
            rows: self
                .all
                .iter()
                .zip(&self.begins)
                .map(|(own, begin)| own.rows.end - begin)
                .max()
                .unwrap_or(0),
            window: options.window,
            horizon: options.horizon,
        })
    }
}

/// Returns the mean distance of consecutive rows in the longest group, if times are dates.
fn seconds_per_row(table: &Table) -> Option<f64> {
    let longest = table.groups.iter().max_by_key(|group| group.lines.rows())?;
    let (first, last) = (longest.first.as_ref()?.time, longest.last.as_ref()?.time);
    let rows = longest.lines.rows().checked_sub(1).filter(|&rows| rows > 0)?;
    match (first, last) {
        (Time::Instant(first), Time::Instant(last)) => Some((last - first) as f64 / 1e9 / rows as f64),
        _ => None,
    }
}

/// Returns the rows of the three parts.
fn cut(rows: usize, options: &SeriesOptions) -> [Range<usize>; 3] {
    let share = |fraction: f64| (fraction * rows as f64) as usize;
    let test = rows - share(options.test_fraction).min(rows);
    let valid = test - share(options.valid_fraction).min(test);
    [0..valid, valid..test, test..rows]
}

/// Removes the rows with missing values; returns the rows before which rows were removed, or are in `before`.
fn drop_rows(group: &mut TableGroup, columns: usize, before: &[usize]) -> Vec<usize> {
    let (mut gaps, mut lines, mut gap) = (Vec::new(), Lines::default(), false);
    for row in 0..group.lines.rows() {
        gap |= before.binary_search(&row).is_ok();
        let values = row * columns..(row + 1) * columns;
        if group.values[values.clone()].iter().any(|value| value.is_nan()) {
            gap = true;
            continue;
        }
        let kept = lines.rows();
        if std::mem::take(&mut gap) {
            gaps.push(kept);
        }
        group.values.copy_within(values, kept * columns);
        if !group.moments.is_empty() {
            group.moments[kept] = group.moments[row];
        }
        lines.push(group.lines.get(row));
    }
    group.values.truncate(lines.rows() * columns);
    group.moments.truncate(lines.rows());
    group.lines = lines;
    gaps
}

/// Interpolates the missing values in the rows of a part.
fn interpolate(
    options: &SeriesOptions,
    columns: &[TableColumn],
    group: &mut TableGroup,
    part: Part,
    rows: &Range<usize>,
) -> Result<(), SeriesError> {
    for (index, column) in columns.iter().enumerate() {
        let values = &mut group.values[rows.start * columns.len()..rows.end * columns.len()];
        if column.missing > 0 && !rows.is_empty() && !fill(values, columns.len(), index) {
            return Err(SeriesError::NothingToInterpolate {
                path: options.path.clone(),
                column: shorten(&column.name),
                part,
                first: group.lines.get(rows.start),
                last: group.lines.get(rows.end - 1),
            });
        }
    }
    Ok(())
}

/// Fills the gaps of one column linearly, and those at the ends with the nearest value; returns false if there is no
/// value.
fn fill(values: &mut [f64], columns: usize, column: usize) -> bool {
    let rows = values.len() / columns;
    let at = |row: usize| row * columns + column;
    let mut before: Option<usize> = None;
    for row in 0..rows {
        if values[at(row)].is_nan() {
            continue;
        }
        let right = values[at(row)];
        let (first, left) = before.map_or((0, right), |last| (last + 1, values[at(last)]));
        let steps = (row + 1 - first) as f64;
        for missing in first..row {
            let part = (missing + 1 - first) as f64 / steps;
            values[at(missing)] = left + (right - left) * part;
        }
        before = Some(row);
    }
    let Some(last) = before else { return false };
    for row in last + 1..rows {
        values[at(row)] = values[at(last)];
    }
    true
}

/// Returns the scaling of each group, see [`scale`]; empty if the groups share one.
fn group_scales(
    table: &Table,
    train: &Segments,
    options: &SeriesOptions,
) -> Result<Vec<Vec<Column>>, SeriesError> {
    let Some(learned) = &options.scaling else {
        let groups = 0..table.groups.len();
        let own = options.scale_groups && groups.len() > 1;
        return Ok(groups.filter(|_| own).map(|group| scale(table, train, Some(group))).collect());
    };
    if learned.groups.is_empty() {
        return Ok(Vec::new());
    }
    let of = |group: &TableGroup| match learned.groups.iter().find(|scaled| scaled.name == group.name) {
        Some(scaled) => Ok(given(table, &scaled.mean, &scaled.std)),
        None => Err(SeriesError::UnknownGroup {
            path: table.path.clone(),
            line: group.lines.get(0),
            group: shorten(&group.name),
            groups: learned.groups.len(),
        }),
    };
    table.groups.iter().map(of).collect()
}

/// Computes the scaling of each column over the training part of one group or of all.
fn scale(table: &Table, train: &Segments, group: Option<usize>) -> Vec<Column> {
    let columns = table.columns.len();
    let rows = || {
        let segments = train.all.iter().filter(move |segment| group.is_none_or(|own| segment.group == own));
        segments.flat_map(|segment| {
            table.groups[segment.group].values[segment.rows.start * columns..segment.rows.end * columns]
                .chunks_exact(columns)
        })
    };
    let (mut means, mut variances, mut constant) =
        (vec![0.0; columns], vec![0.0; columns], vec![true; columns]);
    // A group may have no training rows.
    let count = rows().count().max(1) as f64;
    let first = rows().next().unwrap_or_default();
    for row in rows() {
        for column in 0..columns {
            means[column] += row[column];
            constant[column] &= row[column] == first[column];
        }
    }
    for column in 0..columns {
        // Exact, so that a constant column is standardised to zero.
        let only = first.get(column).copied().unwrap_or_default();
        means[column] = if constant[column] { only } else { means[column] / count };
    }
    for row in rows() {
        for column in 0..columns {
            variances[column] += (row[column] - means[column]).powi(2);
        }
    }
    let measured = table.layout.values.len();
    let column = |(index, column): (usize, &TableColumn)| {
        let (name, missing, one_hot) = (column.name.clone(), column.missing, column.one_hot);
        // The calendar is between -1 and 1 by its formula, whatever part of the year the rows are from.
        if one_hot || index >= measured {
            return Column { name, mean: 0.0, std: 1.0, constant: false, missing, one_hot };
        }
        let constant = constant[index];
        let std = if constant { 1.0 } else { (variances[index] / count).sqrt() };
        Column { name, mean: means[index], std, constant, missing, one_hot }
    };
    table.columns.iter().enumerate().map(column).collect()
}

/// Returns the given scaling of each column.
fn given(table: &Table, mean: &[f64], std: &[f64]) -> Vec<Column> {
    assert_eq!(mean.len(), table.columns.len(), "the scaling has another number of columns");
    let numbers = mean.iter().zip(std);
    let column = |(column, (&mean, &std)): (&TableColumn, (&f64, &f64))| Column {
        name: column.name.clone(),
        mean,
        std,
        constant: false,
        missing: column.missing,
        one_hot: column.one_hot,
    };
    table.columns.iter().zip(numbers).map(column).collect()
}

/// Standardises the rows of each group, by its own scaling if there is one: z = (x − μ)/σ in f64, rounded to f32.
fn standardise(
    table: &Table,
    columns: &[Column],
    by_group: &[Vec<Column>],
) -> Result<Vec<Vec<f32>>, SeriesError> {
    let mut standardised = Vec::with_capacity(table.groups.len());
    for (index, group) in table.groups.iter().enumerate() {
        let columns = by_group.get(index).map_or(columns, Vec::as_slice);
        let mut values = Vec::with_capacity(group.values.len());
        for (row, numbers) in group.values.chunks_exact(columns.len()).enumerate() {
            for (number, column) in numbers.iter().zip(columns) {
                let z = column.standardised(*number) as f32;
                if !z.is_finite() {
                    return Err(SeriesError::OutOfScale {
                        path: table.path.clone(),
                        line: group.lines.get(row),
                        column: shorten(&column.name),
                        mean: column.mean,
                        std: column.std,
                    });
                }
                values.push(z);
            }
        }
        standardised.push(values);
    }
    Ok(standardised)
}
