//! A standardised series in three parts.

use super::clock::Clock;
use super::column::Column;
use super::describe::Description;
use super::lines::Lines;
use super::one_hot::OneHot;
use super::part::Part;
use super::segment::{Segment, Segments, Window};
use super::times::Time;
use crate::categorical::Categorical;
use crate::labelled::{GroupScaling, Scaling};

/// A standardised series in three parts.
#[derive(Clone, Debug)]
pub struct Series {
    /// The D columns, in the order of the values of a row: those of the file, then those of the calendar.
    pub columns: Vec<Column>,
    /// Indices of the K columns to forecast.
    pub targets: Vec<usize>,
    /// Rows that a window reads, W.
    pub window: usize,
    /// Rows that a window predicts, H.
    pub horizon: usize,
    /// Names of the groups; a single empty name if there are none.
    pub groups: Vec<String>,
    /// Number of rows that were dropped at the end of each group.
    pub(super) dropped: Vec<usize>,
    pub(super) description: Description,
    pub(super) one_hot: OneHot,
    /// Number of columns that come from the file.
    pub(super) measured: usize,
    pub(super) clock: Option<Clock>,
    /// Time of each row of each group, if they are kept.
    pub(super) moments: Vec<Vec<Time>>,
    /// Mean distance of consecutive rows, if their times are dates.
    pub(super) seconds_per_row: Option<f64>,
    /// μ and σ of each group and column, if groups have their own; empty if they share those of `columns`.
    pub(super) group_scales: Vec<Vec<(f64, f64)>>,
    /// Values of each group, `[rows, columns]`.
    pub(super) values: Vec<Vec<f32>>,
    /// Line of each row of each group.
    pub(super) lines: Vec<Lines>,
    pub(super) parts: [Segments; 3],
}

impl Series {
    /// μ and σ of a column in a group.
    ///
    /// # Panics
    /// If there is no such group or column.
    pub fn scale(&self, group: usize, column: usize) -> (f64, f64) {
        let shared = || (self.columns[column].mean, self.columns[column].std);
        self.group_scales.get(group).map_or_else(shared, |columns| columns[column])
    }

    /// Converts a standardised value of a group to the units of the file: x = μ + σz.
    ///
    /// # Panics
    /// If there is no such group or column.
    pub fn original(&self, group: usize, column: usize, z: f64) -> f64 {
        let (mean, std) = self.scale(group, column);
        mean + std * z
    }

    /// The scaling of the columns, for the schema of a model.
    pub fn scaling(&self) -> Scaling {
        let groups = self.groups.iter().zip(&self.group_scales).map(|(name, columns)| GroupScaling {
            name: name.clone(),
            mean: columns.iter().map(|(mean, _)| *mean).collect(),
            std: columns.iter().map(|(_, std)| *std).collect(),
        });
        Scaling {
            mean: self.columns.iter().map(|column| column.mean).collect(),
            std: self.columns.iter().map(|column| column.std).collect(),
            groups: groups.collect(),
        }
    }

    /// The columns of categories.
    pub fn categorical(&self) -> &[Categorical] {
        &self.one_hot.columns
    }

    /// Notices about categories that the training part does not have.
    pub fn unknown(&self) -> &[String] {
        &self.one_hot.unknown
    }

    /// Description of the file.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Number of rows at the end of a group that were dropped because they lack a value.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn dropped_at_end(&self, group: usize) -> usize {
        self.dropped[group]
    }

    /// Segments of a part, group by group.
    pub fn segments(&self, part: Part) -> &[Segment] {
        &self.parts[part as usize].all
    }

    /// Standardised values of a segment, `[rows, columns]`.
    pub fn values(&self, segment: &Segment) -> &[f32] {
        let columns = self.columns.len();
        &self.values[segment.group][segment.rows.start * columns..segment.rows.end * columns]
    }

    /// Line of a row of a segment, from 1.
    ///
    /// # Panics
    /// If the segment does not have the row.
    pub fn line(&self, segment: &Segment, row: usize) -> u64 {
        assert!(row < segment.rows.len(), "row {row} of {}", segment.rows.len());
        self.lines[segment.group].get(segment.rows.start + row)
    }

    /// The columns that come from the file, without those of the calendar.
    pub fn measured(&self) -> &[Column] {
        &self.columns[..self.measured]
    }

    /// How the rows write times, and how far they are apart; None if they have no times of a known form.
    pub fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }

    /// Time of a row of a segment, if the times are kept. The rows after its end are as far apart as rows usually are;
    /// they have no times if that is not known.
    pub fn time(&self, segment: &Segment, row: usize) -> Option<Time> {
        let times = self.moments.get(segment.group)?.get(segment.rows.clone())?;
        match times.get(row) {
            Some(time) => Some(*time),
            None => self.clock.as_ref()?.after(times.last()?, row + 1 - times.len()),
        }
    }

    /// Number of rows of a part.
    pub fn rows(&self, part: Part) -> usize {
        self.segments(part).iter().map(|segment| segment.rows.len()).sum()
    }

    /// Number of windows of a part.
    pub fn windows(&self, part: Part) -> usize {
        self.parts[part as usize].windows.last().copied().unwrap_or(0)
    }

    /// The group of a window of a part.
    ///
    /// # Panics
    /// If the part does not have the window.
    pub fn group_of(&self, part: Part, index: usize) -> usize {
        let Segments { all, windows, .. } = &self.parts[part as usize];
        all[windows.partition_point(|&end| end <= index)].group
    }

    /// Window `index` of a part.
    ///
    /// # Panics
    /// If the part does not have the window.
    pub fn window(&self, part: Part, index: usize) -> Window<'_> {
        let Segments { all, begins, windows } = &self.parts[part as usize];
        let segment = windows.partition_point(|&end| end <= index);
        let before = segment.checked_sub(1).map_or(0, |last| windows[last]);
        let columns = self.columns.len();
        let rows = begins[segment] + index - before..all[segment].rows.end;
        let rows = &self.values[all[segment].group][rows.start * columns..rows.end * columns];
        let (inputs, rest) = rows.split_at(self.window * columns);
        Window { inputs, future: &rest[..self.horizon * columns], columns, targets: &self.targets }
    }
}
