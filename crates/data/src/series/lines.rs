//! Line numbers of rows, stored as stretches of equal steps: most files need a single stretch.

/// Rows from `row` on are on lines `line`, `line + step`, …
#[derive(Clone, Copy, Debug)]
struct Stretch {
    row: usize,
    line: u64,
    step: i64,
}

impl Stretch {
    fn line(self, row: usize) -> u64 {
        self.line.wrapping_add_signed(self.step * (row - self.row) as i64)
    }
}

/// Line numbers, one for each row.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    stretches: Vec<Stretch>,
    rows: usize,
}

impl Lines {
    /// Appends the line of the next row.
    pub(super) fn push(&mut self, line: u64) {
        let row = self.rows;
        self.rows += 1;
        if let Some(last) = self.stretches.last_mut() {
            if row - last.row == 1 {
                last.step = line as i64 - last.line as i64;
            }
            if line == last.line(row) {
                return;
            }
        }
        self.stretches.push(Stretch { row, line, step: 1 });
    }

    /// Returns the line of a row.
    ///
    /// # Panics
    /// If there are no rows.
    pub(super) fn get(&self, row: usize) -> u64 {
        self.stretches[self.stretches.partition_point(|stretch| stretch.row <= row) - 1].line(row)
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }
}

impl FromIterator<u64> for Lines {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut lines = Self::default();
        numbers.into_iter().for_each(|line| lines.push(line));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_comes_back() {
        let numbers = [2, 3, 4, 5, 9, 10, 11, 20, 23, 26, 29, 40, 41, 90];
        let mut lines = Lines::default();
        numbers.iter().for_each(|&line| lines.push(line));
        assert_eq!((0..lines.rows()).map(|row| lines.get(row)).collect::<Vec<_>>(), numbers);
        assert!(lines.stretches.len() < 7);
        let sorted = [9, 8, 7, 2, 30, 4, 5, 6];
        let lines: Lines = sorted.into_iter().collect();
        assert_eq!((0..lines.rows()).map(|row| lines.get(row)).collect::<Vec<_>>(), sorted);
        let mut panel = Lines::default();
        (0..1000).for_each(|row| panel.push(2 + 3 * row));
        assert_eq!((panel.stretches.len(), panel.get(999)), (1, 2999));
    }
}
