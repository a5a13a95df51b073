//! Which sequences of a window are there at each step.
//!
//! Sequences stand side by side, longest first: step t has the rows of those that are longer than t, which are the first ones
//! of the step before. What is kept for each place (t, b) lies step after step without gaps, place (t, b) at `offset(t) + b`:
//! nothing is padded, and what is not there costs nothing.

use std::ops::Range;

/// The places of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedShape {
    steps: usize,
    rows: usize,
    /// Places before each step, and at the end all; empty where every row has every step.
    offsets: Vec<usize>,
}

impl PackedShape {
    /// Rows of the same length.
    pub fn even(steps: usize, rows: usize) -> Self {
        Self { steps, rows, offsets: Vec::new() }
    }

    /// Becomes [`PackedShape::even`]; keeps its memory.
    pub fn set_even(&mut self, steps: usize, rows: usize) {
        (self.steps, self.rows) = (steps, rows);
        self.offsets.clear();
    }

    /// Becomes the extent of rows of these lengths; keeps its memory.
    ///
    /// # Panics
    /// If a length is 0 or larger than the one before.
    pub fn set_lengths(&mut self, lengths: &[usize]) {
        self.set_lengths_of(lengths.len(), |row| lengths[row]);
    }

    /// As [`PackedShape::set_lengths`] where the length of each of `rows` rows is known to a function.
    ///
    /// # Panics
    /// If a length is 0 or larger than the one before.
    pub fn set_lengths_of(&mut self, rows: usize, length: impl Fn(usize) -> usize) {
        assert!((1..rows).all(|row| length(row - 1) >= length(row)), "lengths, longest first");
        assert!(rows == 0 || length(rows - 1) > 0, "a sequence without a step");
        let steps = if rows == 0 { 0 } else { length(0) };
        self.set_even(steps, rows);
        if rows == 0 || length(rows - 1) == steps {
            return;
        }
        let (mut rows, mut positions) = (rows, 0);
        for t in 0..steps {
            while length(rows - 1) <= t {
                rows -= 1;
            }
            self.offsets.push(positions);
            positions += rows;
        }
        self.offsets.push(positions);
    }

    /// Takes the places of another extent; keeps its memory.
    pub fn copy_from(&mut self, other: &Self) {
        (self.steps, self.rows) = (other.steps, other.rows);
        self.offsets.clone_from(&other.offsets);
    }

    /// Steps T of the longest row.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Rows B at the first step.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Places in all: T · B where all rows have all steps.
    pub fn positions(&self) -> usize {
        self.offset(self.steps)
    }

    /// Places before step t.
    #[inline]
    pub fn offset(&self, t: usize) -> usize {
        if self.offsets.is_empty() { t * self.rows } else { self.offsets[t] }
    }

    /// Rows at step t; 0 after the last one.
    #[inline]
    pub fn rows_at(&self, t: usize) -> usize {
        if t < self.steps { self.offset(t + 1) - self.offset(t) } else { 0 }
    }

    /// (t, b) of a place.
    #[inline]
    pub fn position(&self, position: usize) -> (usize, usize) {
        if self.offsets.is_empty() {
            return (position / self.rows, position % self.rows);
        }
        let t = self.offsets.partition_point(|&offset| offset <= position) - 1;
        (t, position - self.offsets[t])
    }

    /// Steps of row b.
    pub fn length(&self, row: usize) -> usize {
        let (mut low, mut high) = (0, self.steps);
        while low < high {
            let middle = (low + high) / 2;
            if self.rows_at(middle) > row { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Steps `first..first + steps` of the window.
    pub fn time_slice(&self, first: usize, steps: usize) -> TimeSlice<'_> {
        assert!(first + steps <= self.steps, "steps {first}..{} of {}", first + steps, self.steps);
        TimeSlice { extent: self, first, steps }
    }

    /// All of the window.
    pub fn whole(&self) -> TimeSlice<'_> {
        self.time_slice(0, self.steps)
    }
}

/// Some consecutive steps of a window. Steps and places count from its first ones.
#[derive(Clone, Copy, Debug)]
pub struct TimeSlice<'a> {
    extent: &'a PackedShape,
    first: usize,
    steps: usize,
}

impl<'a> TimeSlice<'a> {
    /// All of the window.
    pub fn extent(&self) -> &'a PackedShape {
        self.extent
    }

    /// Steps.
    #[inline]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Rows at the first step.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows_at(0)
    }

    /// Rows at step t; 0 after the last one.
    #[inline]
    pub fn rows_at(&self, t: usize) -> usize {
        if t < self.steps { self.extent.rows_at(self.first + t) } else { 0 }
    }

    /// Whether every row has every step.
    #[inline]
    pub fn is_even(&self) -> bool {
        self.steps == 0 || self.rows_at(self.steps - 1) == self.rows()
    }

    /// Places before step t.
    #[inline]
    pub fn offset(&self, t: usize) -> usize {
        self.extent.offset(self.first + t) - self.extent.offset(self.first)
    }

    /// Places.
    #[inline]
    pub fn positions(&self) -> usize {
        self.offset(self.steps)
    }

    /// States before that of index t, where index 0 is what the rows of the first step begin with and index t + 1 what step t
    /// leaves.
    #[inline]
    pub fn state_offset(&self, t: usize) -> usize {
        if t == 0 { 0 } else { self.rows() + self.offset(t - 1) }
    }

    /// States in all.
    #[inline]
    pub fn states(&self) -> usize {
        self.rows() + self.positions()
    }

    /// The first step in the window.
    pub fn first_step(&self) -> usize {
        self.first
    }

    /// The first place in the window.
    pub fn first_place(&self) -> usize {
        self.extent.offset(self.first)
    }

    /// (t, b) in the window of a place of the cut.
    #[inline]
    pub fn position(&self, position: usize) -> (usize, usize) {
        self.extent.position(self.first_place() + position)
    }

    /// Steps of row b in the window.
    pub fn length(&self, row: usize) -> usize {
        self.extent.length(row)
    }

    /// The steps after step t.
    pub fn after(&self, t: usize) -> Self {
        Self { first: self.first + t + 1, steps: self.steps - t - 1, ..*self }
    }

    /// Rows whose last step here is t.
    pub fn leaving(&self, t: usize) -> Range<usize> {
        self.rows_at(t + 1)..self.rows_at(t)
    }

    /// Cuts the rows into `parts` ranges with about as many places each; range `part`.
    pub fn share(&self, part: usize, parts: usize) -> Range<usize> {
        let rows = self.rows();
        if self.is_even() {
            return rows * part / parts..rows * (part + 1) / parts;
        }
        // Rows below r have Σ_t min(r, rows_at(t)) places, which grows with r.
        let places_below = |r: usize| (0..self.steps).map(|t| self.rows_at(t).min(r)).sum::<usize>();
        let bound = |part: usize| {
            let (mut low, mut high) = (0, rows);
            while low < high {
                let middle = (low + high) / 2;
                if places_below(middle) * parts < self.positions() * part {
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
        let mut extent = PackedShape::default();
        extent.set_lengths(lengths);
        extent
    }

    #[test]
    fn places_lie_step_after_step() {
        let extent = of(&[5, 3, 3, 1]);
        let positions: Vec<_> = (0..extent.positions()).map(|i| extent.position(i)).collect();
        let mut wanted = Vec::new();
        for t in 0..5 {
            wanted.extend(
                [5, 3, 3, 1].iter().enumerate().filter(|&(_, &length)| t < length).map(|(b, _)| (t, b)),
            );
        }
        assert_eq!(positions, wanted);
        assert_eq!((extent.steps(), extent.rows(), extent.positions()), (5, 4, 12));
        assert_eq!((0..6).map(|t| extent.rows_at(t)).collect::<Vec<_>>(), [4, 3, 3, 1, 1, 0]);
        assert_eq!((0..4).map(|b| extent.length(b)).collect::<Vec<_>>(), [5, 3, 3, 1]);
        assert_eq!(of(&[4, 4]), PackedShape::even(4, 2));
    }

    #[test]
    fn a_cut_counts_from_its_first_step() {
        let extent = of(&[5, 3, 3, 1]);
        let cut = extent.time_slice(1, 3);
        assert_eq!((cut.rows(), cut.positions(), cut.states(), cut.first_place()), (3, 7, 10, 4));
        assert_eq!((0..4).map(|t| cut.state_offset(t)).collect::<Vec<_>>(), [0, 3, 6, 9]);
        assert_eq!((0..3).map(|t| cut.leaving(t)).collect::<Vec<_>>(), [3..3, 1..3, 0..1]);
        assert_eq!(cut.position(5), (2, 2));
        assert!(!cut.is_even() && extent.time_slice(3, 2).is_even());
    }

    #[test]
    fn shares_are_about_equal_and_leave_no_row_out() {
        for lengths in [vec![100, 50, 30, 20, 10, 5, 1], vec![9; 13], (1..200).rev().collect(), vec![3]] {
            let extent = of(&lengths);
            for parts in 1..5 {
                let shares: Vec<_> = (0..parts).map(|part| extent.whole().share(part, parts)).collect();
                assert_eq!((shares[0].start, shares[parts - 1].end), (0, lengths.len()));
                assert!(shares.windows(2).all(|two| two[0].end == two[1].start), "{shares:?}");
                for share in shares {
                    let positions: usize = lengths[share].iter().sum();
                    assert!(
                        positions <= extent.positions() / parts + 2 * lengths[0],
                        "{positions} of {}",
                        extent.positions()
                    );
                }
            }
        }
    }
}
