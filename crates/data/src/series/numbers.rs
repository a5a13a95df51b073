//! The distances of rows whose times are numbers: a counter, or seconds.

/// Distances that are kept before the usual one is decided.
const MOST_RUNS: usize = 4096;
/// Share of the usual distance by which another one may differ: times are rounded, 0.033 0.067 0.1.
const TOLERANCE: f64 = 0.05;

/// Consecutive equal distances: the later row of the first one, the distance, and how many there are.
type Run = (u64, f64, u64);

/// The usual distance of rows, and the shortest gap in such distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual {
    pub(super) step: f64,
    /// Whether at least half of the distances equal it.
    pub(super) regular: bool,
    /// Whether that, or at least nine of ten are within half of it.
    pub(super) even: bool,
    /// Share of the step within which a distance is not irregular.
    near: f64,
    gap: f64,
}

/// Gaps and irregular distances.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// The row after each gap, and its length in steps.
    pub(super) gaps: Vec<(u64, f64)>,
    pub(super) irregular: u64,
}

/// The distances of the rows of one group, collected row by row.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    rows: u64,
    last: Option<f64>,
    pub(super) duplicates: u64,
    runs: Vec<Run>,
    /// The usual distance, and what follows the runs, once there are too many to keep.
    decided: Option<(Usual, Tally)>,
}

impl Numbers {
    /// Adds the time of the next row, which is not before the one before it.
    pub(super) fn push(&mut self, number: f64) {
        let row = self.rows;
        self.rows += 1;
        let Some(last) = self.last.replace(number) else { return };
        let distance = number - last;
        if distance == 0.0 {
            self.duplicates += 1;
        } else if let Some((usual, tally)) = &mut self.decided {
            tally.judge(row, distance, usual);
        } else {
            match self.runs.last_mut() {
                Some((first, equal, count)) if *equal == distance && *first + *count == row => *count += 1,
                _ => self.runs.push((row, distance, 1)),
            }
            if self.runs.len() > MOST_RUNS {
                self.decided = usual([&*self]).map(|usual| (usual, Tally::default()));
            }
        }
    }

    /// Counts the gaps and irregular distances. A group with very many distances keeps its own usual one.
    pub(super) fn tally(&self, usual: &Usual) -> Tally {
        let (usual, after) = self.decided.as_ref().map_or((usual, None), |(own, after)| (own, Some(after)));
        let mut tally = Tally::default();
        for &(first, distance, count) in &self.runs {
            (first..first + count).for_each(|row| tally.judge(row, distance, usual));
        }
        if let Some(after) = after {
            tally.gaps.extend_from_slice(&after.gaps);
            tally.irregular += after.irregular;
        }
        tally
    }
}

impl Tally {
    fn judge(&mut self, row: u64, distance: f64, usual: &Usual) {
        let steps = distance / usual.step;
        if steps > usual.gap {
            self.gaps.push((row, steps));
        } else if (steps - 1.0).abs() > usual.near {
            self.irregular += 1;
        }
    }
}

/// The usual distance in several groups: the median. None if no two times differ.
///
/// As for dates, a gap is longer than 1.5 steps, but than 10 if distances vary so much that the median says little.
pub(super) fn usual<'a>(groups: impl IntoIterator<Item = &'a Numbers>) -> Option<Usual> {
    let mut all: Vec<(f64, u64)> = Vec::new();
    groups.into_iter().for_each(|group| all.extend(group.runs.iter().map(|run| (run.1, run.2))));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = all.iter().map(|run| run.1).sum();
    let mut below = 0;
    let (step, _) = *all.iter().find(|(_, count)| {
        below += count;
        2 * below >= total
    })?;
    let within = |share: f64| -> u64 {
        all.iter().filter(|run| (run.0 / step - 1.0).abs() <= share).map(|run| run.1).sum()
    };
    let regular = within(TOLERANCE) * 2 >= total;
    let even = within(0.5) * 10 >= total * 9;
    let (near, gap) = match (regular, even) {
        (true, _) => (TOLERANCE, 1.5),
        (false, true) => (0.5, 1.5),
        (false, false) => (TOLERANCE, 10.0),
    };
    Some(Usual { step, regular, even: regular || even, near, gap })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: impl IntoIterator<Item = f64>) -> (Usual, Tally, u64) {
        let mut all = Numbers::default();
        numbers.into_iter().for_each(|number| all.push(number));
        let usual = usual([&all]).unwrap();
        (usual, all.tally(&usual), all.duplicates)
    }

    #[test]
    fn gaps_and_irregular_distances_are_counted() {
        let (usual, tally, duplicates) = of([0.0, 0.1, 0.2, 0.5, 0.6, 0.7, 0.7, 0.8, 0.92]);
        assert!((usual.step - 0.1).abs() < 1e-9 && usual.regular);
        assert_eq!((tally.gaps.len(), tally.gaps[0].0, tally.gaps[0].1.round()), (1, 3, 3.0));
        assert_eq!((tally.irregular, duplicates), (1, 1));
        // Thirds, rounded: no distance is irregular.
        let (usual, tally, _) = of((0..50).map(|i| (f64::from(i) * 1000.0 / 30.0).round() / 1000.0));
        assert!((0.033..=0.034).contains(&usual.step));
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn many_distances_take_bounded_memory() {
        let mut all = Numbers::default();
        let mut at = 0.0;
        for i in 0..20_000u32 {
            at += if i == 15_000 { 100.0 } else { 1.0 + f64::from(i % 7) * 1e-3 };
            all.push(at);
        }
        let usual = usual([&all]).unwrap();
        let tally = all.tally(&usual);
        assert!(all.runs.len() <= MOST_RUNS + 1);
        assert_eq!((tally.gaps.len(), tally.gaps[0].0, tally.irregular), (1, 15_000, 0));
    }
}
