//! The rows of one group of a table.

use std::cmp::Ordering;

use super::lines::Lines;
use super::numbers::Numbers;
use super::times::Time;
use crate::stamps::Spacing;

/// A time as text and as a comparable value.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) text: String,
    pub(super) time: Time,
    pub(super) line: u64,
}

/// The rows of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct TableGroup {
    /// Name; empty if there are no groups.
    pub(super) name: String,
    /// Numbers as in the file, `[rows, columns]`; NaN for missing values. They are rounded to f32 only after they were
    /// standardised, so neither a large offset nor another group's scale costs digits.
    pub(super) values: Vec<f64>,
    /// Line of each row.
    pub(super) lines: Lines,
    pub(super) first: Option<Stamp>,
    pub(super) last: Option<Stamp>,
    /// Distances of consecutive rows, if their times are dates.
    pub(super) spacing: Option<Box<Spacing>>,
    /// The same, if their times are numbers.
    pub(super) numbers: Option<Box<Numbers>>,
    /// Time of each row, if the rows are to be sorted.
    pub(super) times: Vec<(Time, Stamp)>,
    /// Time of each row, if they are kept.
    pub(super) moments: Vec<Time>,
}

impl TableGroup {
    /// Sorts the rows by time; rows of one time keep their order. `columns` is the number of values in a row.
    pub(super) fn sort(&mut self, columns: usize) {
        let times = std::mem::take(&mut self.times);
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|&a, &b| times[a].0.partial_cmp(&times[b].0).unwrap_or(Ordering::Equal));
        self.first = order.first().map(|&row| times[row].1.clone());
        self.last = order.last().map(|&row| times[row].1.clone());
        let (mut spacing, mut numbers) = (Spacing::default(), Numbers::default());
        for &row in &order {
            match times[row].0 {
                Time::Instant(instant) => spacing.push(instant),
                Time::Number(number) => numbers.push(number),
                Time::Unknown => {}
            }
        }
        self.spacing = self.spacing.is_some().then(|| Box::new(spacing));
        self.numbers = self.numbers.is_some().then(|| Box::new(numbers));
        let mut values = Vec::with_capacity(self.values.len());
        order.iter().for_each(|row| values.extend_from_slice(&self.values[row * columns..][..columns]));
        self.values = values;
        if !self.moments.is_empty() {
            self.moments = order.iter().map(|&row| self.moments[row]).collect();
        }
        self.lines = order.iter().map(|&row| self.lines.get(row)).collect();
    }
}
