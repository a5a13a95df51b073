//! The shape of a window of sequences of different lengths, packed without padding.
//!
//! Sequences are sorted, longest first: step t has a row for each sequence longer than t, and these are the
//! first rows of the step before. A *position* is a pair (t, b) of a step and a row. Data by position are
//! stored step after step without gaps, with position (t, b) at index `offset(t) + b`.
//!
//! Unsafe code relies on three properties of every [`PackedShape`] and [`TimeSlice`]: a step has at most as
//! many rows as the step before it, offsets are the sums of the rows before them, and no such sum wraps.

use std::ops::Range;

use crate::size::{elements, part_start};

/// The shape of a window: the rows of each step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedShape {
    steps: usize,
    rows: usize,
    /// Number of positions before each step, and finally the total; empty if every row has every step.
    offsets: Vec<usize>,
}

impl PackedShape {
    /// Builds the shape of rows of equal length.
    ///
    /// # Panics
    /// If (`steps` + 1) · `rows`, the number of states, overflows.
    pub fn even(steps: usize, rows: usize) -> Self {
        let mut shape = Self::default();
        shape.set_even(steps, rows);
        shape
    }

    /// Sets the shape to [`PackedShape::even`]; keeps the memory.
    ///
    /// # Panics
    /// As [`PackedShape::even`].
    pub fn set_even(&mut self, steps: usize, rows: usize) {
        let indices = steps.checked_add(1).unwrap_or_else(|| panic!("a window of {steps} steps overflows"));
        elements("states of a window (steps + 1, rows)", [indices, rows]);
        (self.steps, self.rows) = (steps, rows);
        self.offsets.clear();
    }

    /// Sets the shape to rows of these lengths; keeps the memory.
    ///
    /// # Panics
    /// If a length is 0 or larger than the one before it, or the number of states overflows.
    pub fn set_lengths(&mut self, lengths: &[usize]) {
        self.set_lengths_of(lengths.len(), |row| lengths[row]);
    }

    /// Does the same as [`PackedShape::set_lengths`], with a function that returns the length of each of
    /// `rows` rows.
    ///
    /// # Panics
    /// As [`PackedShape::set_lengths`], or if the function returns different lengths for a row in different
    /// calls.
    pub fn set_lengths_of(&mut self, rows: usize, length: impl Fn(usize) -> usize) {
        assert!((1..rows).all(|row| length(row - 1) >= length(row)), "lengths must be sorted, longest first");
        let Some(last) = rows.checked_sub(1) else { return self.set_even(0, 0) };
        let (steps, least) = (length(0), length(last));
        assert!(least > 0, "row {last} of {rows} has no step");
        assert!(least <= steps, "the lengths of {rows} rows changed while they were read");
        // This bounds every sum below, so that none of them wraps.
        self.set_even(steps, rows);
        if least == steps {
            return;
        }
        let (mut left, mut positions) = (rows, 0);
        for t in 0..steps {
            // Never below zero, whatever the function returns now.
            while left > 0 && length(left - 1) <= t {
                left -= 1;
            }
            self.offsets.push(positions);
            positions += left;
        }
        self.offsets.push(positions);
        assert!(
            self.rows_at(0) == rows && left > 0,
            "the lengths of {rows} rows changed while they were read"
        );
    }

    /// Copies another shape; keeps the memory.
    pub fn copy_from(&mut self, other: &Self) {
        (self.steps, self.rows) = (other.steps, other.rows);
        self.offsets.clone_from(&other.offsets);
    }

    /// Number of steps of the longest row, T.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Number of rows at the first step, B.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of positions: T · B if all rows have all steps.
    pub fn positions(&self) -> usize {
        self.offset(self.steps)
    }

    /// Number of positions before step t.
    #[inline]
    pub fn offset(&self, t: usize) -> usize {
        if self.offsets.is_empty() { t * self.rows } else { self.offsets[t] }
    }

    /// Number of rows at step t; 0 after the last one.
    #[inline]
    pub fn rows_at(&self, t: usize) -> usize {
        if t < self.steps { self.offset(t + 1) - self.offset(t) } else { 0 }
    }

    /// Returns step and row (t, b) of a position.
    ///
    /// # Panics
    /// If there is no such position.
    #[inline]
    pub fn position(&self, position: usize) -> (usize, usize) {
        if self.offsets.is_empty() {
            return (position / self.rows, position % self.rows);
        }
        let t = self.offsets.partition_point(|&offset| offset <= position) - 1;
        (t, position - self.offsets[t])
    }

    /// Number of steps of a row.
    pub fn length(&self, row: usize) -> usize {
        let (mut low, mut high) = (0, self.steps);
        while low < high {
            let middle = (low + high) / 2;
            if self.rows_at(middle) > row { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Returns steps `first..first + steps` of the window.
    ///
    /// # Panics
    /// If the window has fewer steps.
    pub fn time_slice(&self, first: usize, steps: usize) -> TimeSlice<'_> {
        let end = first.checked_add(steps).filter(|&end| end <= self.steps);
        assert!(end.is_some(), "steps {first}..{first} + {steps} of a window of {}", self.steps);
        TimeSlice { shape: self, first, steps }
    }

    /// Returns all steps of the window.
    pub fn whole(&self) -> TimeSlice<'_> {
        self.time_slice(0, self.steps)
    }
}

/// Consecutive steps of a window. Steps and positions are counted from the first step of the slice.
#[derive(Clone, Copy, Debug)]
pub struct TimeSlice<'a> {
    shape: &'a PackedShape,
    first: usize,
    steps: usize,
}

impl<'a> TimeSlice<'a> {
    /// The shape of the whole window.
    pub fn shape(&self) -> &'a PackedShape {
        self.shape
    }

    /// Number of steps.
    #[inline]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Number of rows at the first step.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows_at(0)
    }

    /// Number of rows at step t; 0 after the last one.
    #[inline]
    pub fn rows_at(&self, t: usize) -> usize {
        if t < self.steps { self.shape.rows_at(self.first + t) } else { 0 }
    }

    /// Whether every row has every step.
    #[inline]
    pub fn is_even(&self) -> bool {
        self.steps == 0 || self.rows_at(self.steps - 1) == self.rows()
    }

    /// Number of positions before step t.
    #[inline]
    pub fn offset(&self, t: usize) -> usize {
        self.shape.offset(self.first + t) - self.shape.offset(self.first)
    }

    /// Number of positions.
    #[inline]
    pub fn positions(&self) -> usize {
        self.offset(self.steps)
    }

    /// Number of states stored before those with index t. Index 0 contains the states before the first step,
    /// index t + 1 those after step t.
    #[inline]
    pub fn state_offset(&self, t: usize) -> usize {
        if t == 0 { 0 } else { self.rows() + self.offset(t - 1) }
    }

    /// Number of states.
    #[inline]
    pub fn states(&self) -> usize {
        self.rows() + self.positions()
    }

    /// The first step, counted in the window.
    pub fn first_step(&self) -> usize {
        self.first
    }

    /// The first position, counted in the window.
    pub fn first_position(&self) -> usize {
        self.shape.offset(self.first)
    }

    /// Returns step (counted in the window) and row of a position of the slice.
    #[inline]
    pub fn position(&self, position: usize) -> (usize, usize) {
        self.shape.position(self.first_position() + position)
    }

    /// Number of steps of a row in the window.
    pub fn length(&self, row: usize) -> usize {
        self.shape.length(row)
    }

    /// Returns the steps after step t.
    ///
    /// # Panics
    /// If there is no step t.
    pub fn after(&self, t: usize) -> Self {
        assert!(t < self.steps, "step {t} of {}", self.steps);
        Self { first: self.first + t + 1, steps: self.steps - t - 1, ..*self }
    }

    /// Rows whose last step in the slice is t.
    pub fn leaving(&self, t: usize) -> Range<usize> {
        self.rows_at(t + 1)..self.rows_at(t)
    }

    /// Returns range `part` of `parts` ranges of rows with about equal numbers of positions. The ranges do
    /// not overlap and together cover all rows.
    ///
    /// # Panics
    /// If there is no such part, or positions · parts overflows.
    pub fn share(&self, part: usize, parts: usize) -> Range<usize> {
        assert!(part < parts, "part {part} of {parts}");
        let rows = self.rows();
        if self.is_even() {
            return part_start(rows, part, parts)..part_start(rows, part + 1, parts);
        }
        // This bounds the products below.
        elements("shares of rows (positions, parts)", [self.positions(), parts]);
        // Rows below r have Σ_t min(r, rows_at(t)) positions, which does not decrease with r.
        let positions_below = |r: usize| (0..self.steps).map(|t| self.rows_at(t).min(r)).sum::<usize>();
        let bound = |part: usize| {
            let (mut low, mut high) = (0, rows);
            while low < high {
                let middle = (low + high) / 2;
                if positions_below(middle) * parts < self.positions() * part {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            low
        };
        bound(part)..if part + 1 == parts { rows } else { bound(part + 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lengths: &[usize]) -> PackedShape {
        let mut shape = PackedShape::default();
        shape.set_lengths(lengths);
        shape
    }

    #[test]
    fn positions_are_stored_step_after_step() {
        let shape = of(&[5, 3, 3, 1]);
        let positions: Vec<_> = (0..shape.positions()).map(|i| shape.position(i)).collect();
        let mut wanted = Vec::new();
        for t in 0..5 {
            wanted.extend(
                [5, 3, 3, 1].iter().enumerate().filter(|&(_, &length)| t < length).map(|(b, _)| (t, b)),
            );
        }
        assert_eq!(positions, wanted);
        assert_eq!((shape.steps(), shape.rows(), shape.positions()), (5, 4, 12));
        assert_eq!((0..6).map(|t| shape.rows_at(t)).collect::<Vec<_>>(), [4, 3, 3, 1, 1, 0]);
        assert_eq!((0..4).map(|b| shape.length(b)).collect::<Vec<_>>(), [5, 3, 3, 1]);
        assert_eq!(of(&[4, 4]), PackedShape::even(4, 2));
    }

    #[test]
    fn a_slice_counts_from_its_first_step() {
        let shape = of(&[5, 3, 3, 1]);
        let slice = shape.time_slice(1, 3);
        assert_eq!((slice.rows(), slice.positions(), slice.states(), slice.first_position()), (3, 7, 10, 4));
        assert_eq!((0..4).map(|t| slice.state_offset(t)).collect::<Vec<_>>(), [0, 3, 6, 9]);
        assert_eq!((0..3).map(|t| slice.leaving(t)).collect::<Vec<_>>(), [3..3, 1..3, 0..1]);
        assert_eq!(slice.position(5), (2, 2));
        assert!(!slice.is_even() && shape.time_slice(3, 2).is_even());
    }

    #[test]
    fn shares_are_about_equal_and_leave_no_row_out() {
        for lengths in [vec![100, 50, 30, 20, 10, 5, 1], vec![9; 13], (1..200).rev().collect(), vec![3]] {
            let shape = of(&lengths);
            for parts in 1..5 {
                let shares: Vec<_> = (0..parts).map(|part| shape.whole().share(part, parts)).collect();
                assert_eq!((shares[0].start, shares[parts - 1].end), (0, lengths.len()));
                assert!(shares.windows(2).all(|two| two[0].end == two[1].start), "{shares:?}");
                for share in shares {
                    let positions: usize = lengths[share].iter().sum();
                    assert!(
                        positions <= shape.positions() / parts + 2 * lengths[0],
                        "{positions} of {}",
                        shape.positions()
                    );
                }
            }
        }
    }
}
