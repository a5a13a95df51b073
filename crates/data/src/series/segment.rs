//! Segments of consecutive rows, and the windows in them.

use std::ops::Range;

/// Consecutive rows of one group and one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Index into [`Series::groups`](super::Series::groups).
    pub group: usize,
    /// Line of the first row, from 1.
    pub first_line: u64,
    /// Rows of the group, not counting dropped ones.
    pub rows: Range<usize>,
}

/// Segments of a part.
#[derive(Clone, Debug, Default)]
pub(super) struct Segments {
    pub(super) all: Vec<Segment>,
    /// The row of the group from which windows of each segment may read: its first row, or an earlier one in the part
    /// before.
    pub(super) begins: Vec<usize>,
    /// The number of windows up to the end of each segment.
    pub(super) windows: Vec<usize>,
}

/// Inputs and targets of a window.
#[derive(Clone, Copy, Debug)]
pub struct Window<'s> {
    /// Standardised inputs, `[window, columns]`.
    pub inputs: &'s [f32],
    /// Standardised values of the next rows, `[horizon, columns]`.
    pub future: &'s [f32],
    pub(super) columns: usize,
    pub(super) targets: &'s [usize],
}

impl<'s> Window<'s> {
    /// Standardised targets, `[horizon, targets]`.
    pub fn targets(&self) -> impl Iterator<Item = f32> + use<'s> {
        let (targets, rows) = (self.targets, self.future.chunks_exact(self.columns));
        rows.flat_map(move |row| targets.iter().map(move |&target| row[target]))
    }
}
