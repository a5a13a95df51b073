//! Order and distances of the rows of one group, in one pass.

use super::delta::{Counts, Delta};
use super::instant::{Instant, Shown};
use super::report::{Order, Pace, Report, Usual};
use super::step::Step;
use super::tally::Tally;

/// Differences that are kept before the step is decided. A series with a usual step has one for each gap and each
/// irregular step.
const MOST_RUNS: usize = 4096;

/// Consecutive equal differences.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Index of the later row of the first difference.
    row: u64,
    delta: Delta,
    rows: u64,
}

/// Collects the times of one group, row by row, and reports their order and spacing.
///
/// It keeps equal consecutive differences as one, so that a regular series of any length takes a few bytes for each of
/// its gaps. After 4,096 changes of the step it decides which step is the usual one, and keeps gaps only.
///
/// Rows are numbered from 0 within the group. Duplicates are counted where they follow each other; sort shuffled rows
/// and collect them again to count all of them.
#[derive(Clone, Debug)]
pub struct Spacing {
    rows: u64,
    first: Option<Instant>,
    previous: Option<Instant>,
    ups: (u64, u64),
    downs: (u64, u64),
    duplicates: (u64, u64),
    twice: u64,
    never: (u64, u64),
    runs: Vec<Run>,
    /// Largest day of the month, and whether each day was the last one of its month.
    day: (i8, bool),
    /// Whether each day of the week has no row, from Monday on.
    rest: [bool; 7],
    decided: Option<Decided>,
}

/// The step of a group with many changes, with the differences that led to it.
#[derive(Clone, Debug)]
struct Decided {
    usual: Usual,
    counts: Counts,
    tally: Tally,
}

/// Increments a count and keeps the row of the first occurrence.
fn note(count: &mut (u64, u64), row: u64) {
    if count.0 == 0 {
        count.1 = row;
    }
    count.0 += 1;
}

fn first_of(count: (u64, u64)) -> Option<u64> {
    (count.0 > 0).then_some(count.1)
}

impl Default for Spacing {
    fn default() -> Self {
        Self {
            rows: 0,
            first: None,
            previous: None,
            ups: (0, 0),
            downs: (0, 0),
            duplicates: (0, 0),
            twice: 0,
            never: (0, 0),
            runs: Vec::new(),
            day: (1, true),
            rest: [true; 7],
            decided: None,
        }
    }
}

impl Spacing {
    /// Adds the time of the next row.
    pub fn push(&mut self, instant: Instant) {
        let row = self.rows;
        self.rows += 1;
        self.first.get_or_insert(instant);
        match instant.shown() {
            Shown::Once => {}
            Shown::Twice => self.twice += 1,
            Shown::Never => note(&mut self.never, row),
        }
        if self.decided.is_none() {
            let date = instant.local().date();
            self.day = (self.day.0.max(date.day()), self.day.1 && date.day() == date.days_in_month());
            self.rest[date.weekday().to_monday_zero_offset() as usize] = false;
        }
        let Some(previous) = self.previous.replace(instant) else { return };
        let (from, to) = match previous.cmp(&instant) {
            std::cmp::Ordering::Equal => return note(&mut self.duplicates, row),
            std::cmp::Ordering::Less => {
                note(&mut self.ups, row);
                (previous, instant)
            }
            std::cmp::Ordering::Greater => {
                note(&mut self.downs, row);
                (instant, previous)
            }
        };
        let delta = Delta::new(&from, &to);
        if let Some(decided) = &mut self.decided {
            return decided.tally.judge(row, &delta, &decided.usual);
        }
        match self.runs.last_mut() {
            // Rows between which a duplicate lies are not consecutive.
            Some(run) if run.delta == delta && run.row + run.rows == row => run.rows += 1,
            _ => self.runs.push(Run { row, delta, rows: 1 }),
        }
        if self.runs.len() > MOST_RUNS {
            let counts = self.counts();
            self.decided = usual_of(&counts, self.day(), self.rest).map(|usual| Decided {
                usual,
                counts,
                tally: self.tally(&usual),
            });
            self.runs = Vec::new();
        }
    }

    /// The usual step of several groups together; None if no group has two different times.
    pub fn usual<'a>(groups: impl IntoIterator<Item = &'a Spacing>) -> Option<Usual> {
        let mut counts = Counts::default();
        let (mut day, mut ends, mut rest) = (1, true, [true; 7]);
        for group in groups {
            group.counts().merge_into(&mut counts);
            if group.rows > 0 {
                (day, ends) = (group.day.0.max(day), ends && group.day.1);
                rest.iter_mut().zip(group.rest).for_each(|(all, own)| *all &= own);
            }
        }
        usual_of(&counts, if ends { 31 } else { day }, rest)
    }

    /// Reports order, duplicates, step and gaps of the rows so far. `usual`: the step that rows should have, such as
    /// that of several groups; without it, the usual step of these rows. A group with more than 4,096 changes of the
    /// step keeps its own.
    pub fn report(&self, usual: Option<Usual>) -> Report {
        let (usual, tally) = match &self.decided {
            Some(decided) => (Some(decided.usual), decided.tally.clone()),
            None => {
                let usual = usual.or_else(|| usual_of(&self.counts(), self.day(), self.rest));
                (usual, usual.map_or_else(Tally::default, |usual| self.tally(&usual)))
            }
        };
        let order = match (first_of(self.ups), first_of(self.downs)) {
            (_, None) => Order::Ascending,
            (None, Some(_)) => Order::Descending,
            (Some(up), Some(down)) => {
                Order::Shuffled { row: if self.ups.0 >= self.downs.0 { down } else { up } }
            }
        };
        Report {
            rows: self.rows,
            first: self.first,
            last: self.previous,
            order,
            duplicates: self.duplicates.0,
            first_duplicate: first_of(self.duplicates),
            step: usual.map(|usual| usual.step),
            pace: usual.map_or(Pace::Irregular, |usual| usual.pace),
            regular: tally.regular,
            irregular: tally.irregular,
            first_irregular: tally.first_irregular,
            gaps: if matches!(order, Order::Shuffled { .. }) { Vec::new() } else { tally.gaps },
            twice: self.twice,
            never: self.never.0,
            first_never: first_of(self.never),
        }
    }

    /// The day of the month that monthly rows keep.
    fn day(&self) -> i8 {
        if self.day.1 { 31 } else { self.day.0 }
    }

    /// How often each difference occurs.
    fn counts(&self) -> Counts {
        if let Some(decided) = &self.decided {
            return decided.counts.clone();
        }
        let mut counts = Counts::default();
        for run in &self.runs {
            counts.add(&run.delta, run.rows);
        }
        counts
    }

    fn tally(&self, usual: &Usual) -> Tally {
        let mut tally = Tally::default();
        for run in &self.runs {
            for row in run.row..run.row + run.rows {
                tally.judge(row, &run.delta, usual);
            }
        }
        tally
    }
}

/// The usual step, and how steady it is.
fn usual_of(counts: &Counts, day: i8, rest: [bool; 7]) -> Option<Usual> {
    let (step, often) = counts.usual(day, rest)?;
    if often * 2 >= counts.total() {
        return Some(Usual { step, pace: Pace::Regular });
    }
    let median = counts.median()?;
    let pace = if counts.near(median) >= 0.9 { Pace::Uneven } else { Pace::Irregular };
    Some(Usual { step: Step::Elapsed(median), pace })
}
