//! The difference of two consecutive rows, measured in elapsed time, by the local clock and by the calendar.

use std::collections::HashMap;

use super::instant::Instant;
use super::step::{DAY, Step, open_number, weekday_number};
use super::zone::day_and_clock;

/// Difference of two instants, the later one minus the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    /// Elapsed nanoseconds.
    pub(super) elapsed: i128,
    /// Nanoseconds by which the local date and time differ.
    pub(super) local: i128,
    /// Whole months by which the local date and time differ, else 0.
    pub(super) months: i32,
    /// Days from Monday to Friday by which the local date differs.
    pub(super) weekdays: i64,
    /// From a Friday to the next Monday.
    pub(super) weekend: bool,
    /// The weekday of the earlier date, 0 (Monday) to 6, if whole days above one lie between the two; otherwise -1.
    pub(super) from: i8,
}

impl Delta {
    pub(super) fn new(from: &Instant, to: &Instant) -> Self {
        let local = to.local_nanoseconds() - from.local_nanoseconds();
        let (first, second) = (day_and_clock(from).0, day_and_clock(to).0);
        Self {
            elapsed: *to - *from,
            local,
            // A month has at least 28 days: most rows need no calendar.
            months: if local % DAY == 0 && local >= 28 * DAY { months(from, to) } else { 0 },
            weekdays: weekday_number(second) - weekday_number(first),
            weekend: local == 3 * DAY && (first + 3).rem_euclid(7) == 4,
            // Only so many days are needed: a week of six days has gaps of several weeks, too, but no rows of weeks.
            from: if local > DAY && local % DAY == 0 && local % (7 * DAY) != 0 {
                (first + 3).rem_euclid(7) as i8
            } else {
                -1
            },
        }
    }

    /// Number of steps, and whether it is a whole number.
    pub(super) fn steps(&self, step: &Step) -> (f64, bool) {
        let ratio = |value: i128, unit: i128| (value as f64 / unit as f64, value % unit == 0);
        match *step {
            Step::Elapsed(unit) => ratio(self.elapsed, unit),
            Step::Days(days) => ratio(self.local, i128::from(days) * DAY),
            Step::SixDays { closed } => {
                let (days, whole) = ratio(self.local, DAY);
                // Thursday is day 0.
                let from = i64::from(self.from) + 4;
                let open = open_number(from + days as i64, closed) - open_number(from, closed);
                let weeks = days - (days / 7.0).floor();
                (if self.from < 0 { weeks } else { open as f64 }, whole)
            }
            Step::Weekdays => (self.weekdays as f64, self.local % DAY == 0),
            Step::Months { months, .. } if self.months != 0 => ratio(self.months.into(), months.into()),
            // A mean month of the Gregorian calendar has 30.436875 days.
            Step::Months { months, .. } => {
                (self.local as f64 / (30.436_875 * DAY as f64 * f64::from(months)), false)
            }
        }
    }
}

/// Months between two dates on the same day of the month and at the same time of day. The end of a short month counts
/// as each later day: 31 January and 28 February are one month apart.
fn months(from: &Instant, to: &Instant) -> i32 {
    let (a, b) = (from.local().date(), to.local().date());
    let last = |date: jiff::civil::Date| date.day() == date.days_in_month();
    let same = a.day() == b.day() || last(a) && b.day() >= a.day() || last(b) && a.day() >= b.day();
    if !same {
        return 0;
    }
    (i32::from(b.year()) - i32::from(a.year())) * 12 + i32::from(b.month()) - i32::from(a.month())
}

/// How often each difference occurs.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    elapsed: HashMap<i128, u64>,
    local: HashMap<i128, u64>,
    months: HashMap<i32, u64>,
    weekends: u64,
    /// Distances of two days over each weekday.
    closed: [u64; 7],
    total: u64,
}

impl Counts {
    pub(super) fn add(&mut self, delta: &Delta, rows: u64) {
        *self.elapsed.entry(delta.elapsed).or_default() += rows;
        *self.local.entry(delta.local).or_default() += rows;
        if delta.months != 0 {
            *self.months.entry(delta.months).or_default() += rows;
        }
        self.weekends += if delta.weekend { rows } else { 0 };
        if delta.local == 2 * DAY && delta.from >= 0 {
            self.closed[(delta.from as usize + 1) % 7] += rows;
        }
        self.total += rows;
    }

    /// Adds these counts to others.
    pub(super) fn merge_into(&self, other: &mut Self) {
        for (elapsed, count) in &self.elapsed {
            *other.elapsed.entry(*elapsed).or_default() += count;
        }
        for (local, count) in &self.local {
            *other.local.entry(*local).or_default() += count;
        }
        for (months, count) in &self.months {
            *other.months.entry(*months).or_default() += count;
        }
        other.weekends += self.weekends;
        other.closed.iter_mut().zip(self.closed).for_each(|(all, own)| *all += own);
        other.total += self.total;
    }

    /// Number of differences.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The most frequent step and how often it occurs. `day`: the day of the month that months keep. `rest`: the days
    /// of the week without a row, from Monday on.
    pub(super) fn usual(&self, day: i8, rest: [bool; 7]) -> Option<(Step, u64)> {
        let weekend = !(rest[5] && rest[6]);
        let closed = (0..7).find(|&day| rest[day] && self.closed[day] >= 2);
        let closed = closed.filter(|_| rest.iter().filter(|rest| **rest).count() == 1);
        let elapsed = most(&self.elapsed)?;
        let local = most(&self.local).filter(|(local, count)| local % DAY == 0 && *count >= elapsed.1);
        let months = most(&self.months).filter(|(_, count)| *count >= elapsed.1);
        Some(match (months, local) {
            (Some((months, count)), _) => (Step::Months { months, day }, count),
            (None, Some((local, count))) if local == DAY && self.weekends >= 2 && !weekend => {
                (Step::Weekdays, count + self.weekends)
            }
            (None, Some((local, count))) if local == DAY && closed.is_some() => {
                let closed = closed.unwrap_or(6);
                (Step::SixDays { closed: closed as i8 }, count + self.closed[closed])
            }
            (None, Some((local, count))) => (Step::Days((local / DAY) as i64), count),
            (None, None) => (Step::Elapsed(elapsed.0), elapsed.1),
        })
    }

    /// The median of the elapsed time.
    pub(super) fn median(&self) -> Option<i128> {
        let mut all: Vec<_> = self.elapsed.iter().collect();
        all.sort_unstable();
        let mut below = 0;
        all.into_iter()
            .find(|(_, count)| {
                below += **count;
                2 * below >= self.total
            })
            .map(|(elapsed, _)| *elapsed)
    }

    /// Share of the differences that are between half of the step and one and a half of it.
    pub(super) fn near(&self, step: i128) -> f64 {
        let near = self.elapsed.iter().filter(|(elapsed, _)| (**elapsed * 2 - 2 * step).abs() <= step);
        near.map(|(_, count)| *count).sum::<u64>() as f64 / self.total.max(1) as f64
    }
}

/// The most frequent key, the smallest of several.
fn most<K: Copy + Ord>(counts: &HashMap<K, u64>) -> Option<(K, u64)> {
    let best = counts.iter().max_by_key(|(key, count)| (**count, std::cmp::Reverse(**key)))?;
    Some((*best.0, *best.1))
}
