//! The distance of consecutive rows, in elapsed time or by the calendar.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::instant::{Instant, civil};
use super::words::WEEKDAYS;
use super::zone::{day_and_clock, offset_at, resolve};
use crate::wording::counted;

/// Nanoseconds of a second and of a day of 24 hours.
const SECOND: i128 = 1_000_000_000;
pub(super) const DAY: i128 = 86_400 * SECOND;

/// The distance of consecutive rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Elapsed time in nanoseconds, above 0.
    Elapsed(i128),
    /// Days of the calendar, above 0: the clock shows the same, also if one of the days has 23 or 25 hours.
    Days(i64),
    /// From one of the days from Monday to Friday to the next one.
    Weekdays,
    /// From one of the days of a week of six days to the next one.
    SixDays {
        /// The day without rows, 0 (Monday) to 6.
        closed: i8,
    },
    /// Months of the calendar, above 0; 12 are a year.
    Months {
        /// Number of months.
        months: i32,
        /// Day of the month, 31 for its end: a shorter month ends before it.
        day: i8,
    },
}

/// The longest distance of two rows, in years.
const MOST_YEARS: i64 = 1000;

impl Step {
    /// Whether the step of a file is in the range of steps that rows have: above 0, and at most 1,000 years.
    pub fn is_sensible(&self) -> bool {
        match *self {
            Self::Elapsed(nanos) => (1..=i128::from(MOST_YEARS) * 366 * DAY).contains(&nanos),
            Self::Days(days) => (1..=MOST_YEARS * 366).contains(&days),
            Self::Weekdays => true,
            Self::SixDays { closed } => (0..=6).contains(&closed),
            Self::Months { months, day } => {
                (1..=12 * MOST_YEARS).contains(&i64::from(months)) && (1..=31).contains(&day)
            }
        }
    }

    /// The step with which a row is followed: monthly rows keep the day of the month of this row, unless that is the
    /// usual day or the end of a shorter month.
    pub fn after_row(self, row: &Instant) -> Self {
        let Self::Months { months, day } = self else { return self };
        let date = row.local().date();
        let usual = day.min(date.days_in_month()) == date.day();
        Self::Months { months, day: if usual { day } else { date.day() } }
    }

    /// The step in round numbers, for messages.
    pub fn rounded(self) -> Self {
        if let Self::Elapsed(nanos) = self { Self::Elapsed(rounded(nanos)) } else { self }
    }

    /// Whether it is about as long as another one. A day and a weekday are.
    pub fn is_like(&self, other: &Self) -> bool {
        is_like(self.nanoseconds(), other.nanoseconds())
    }

    /// The usual length; a mean month of the Gregorian calendar has 30.436875 days.
    fn nanoseconds(&self) -> f64 {
        match *self {
            Self::Elapsed(nanos) => nanos as f64,
            Self::Days(days) => days as f64 * DAY as f64,
            Self::Weekdays | Self::SixDays { .. } => DAY as f64,
            Self::Months { months, .. } => f64::from(months) * 30.436_875 * DAY as f64,
        }
    }

    /// The instant `n` steps after `from`, in the `zone` of its column.
    pub(super) fn advance(&self, from: &Instant, n: i64, zone: Option<&TimeZone>) -> Instant {
        let (day, clock) = day_and_clock(from);
        let on = |day: i64| resolve(day * 86_400 + clock, from.subsecond(), zone, from.offset());
        match *self {
            Self::Elapsed(step) => {
                let nanos = from.nanoseconds() + step * i128::from(n);
                let seconds = nanos.div_euclid(SECOND) as i64;
                let offset = zone.map_or(from.offset(), |zone| offset_at(zone, seconds));
                Instant::new(seconds, nanos.rem_euclid(SECOND) as u32, offset, super::Shown::Once)
            }
            Self::Days(days) => on(day + days * n),
            Self::Weekdays => on(day_of_weekday(weekday_number(day) + n)),
            Self::SixDays { closed } => on(day_of_open(open_number(day, closed) + n, closed)),
            Self::Months { months, day: wanted } => {
                let date = from.local().date();
                let count = i64::from(date.year()) * 12 + i64::from(date.month()) - 1 + i64::from(months) * n;
                let (year, month) =
                    (count.div_euclid(12).clamp(-9999, 9999) as i16, count.rem_euclid(12) as i8 + 1);
                let first = Date::new(year, month, 1).unwrap_or(Date::MAX);
                let number = day_and_clock(&resolve(seconds_of(first), 0, None, 0)).0;
                on(number + i64::from(wanted.min(first.days_in_month())) - 1)
            }
        }
    }
}

/// Whether two usual distances of rows differ by less than a quarter, as medians of uneven times do.
pub(crate) fn is_like(a: f64, b: f64) -> bool {
    (0.8..=1.25).contains(&(a / b))
}

/// Rounds to two digits, in the unit that the number is written in.
pub(super) fn rounded(nanos: i128) -> i128 {
    let units = [86_400_000_000_000, 3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000, 1];
    // From 10 of a unit on, whole units have two digits or more.
    let unit = units.into_iter().find(|unit| nanos >= 10 * unit).unwrap_or(1);
    (nanos + unit / 2) / unit * unit
}

/// Seconds from 1970 to the beginning of a day.
fn seconds_of(date: Date) -> i64 {
    let begin = civil(0, 0).date();
    i64::from((date - begin).get_days()) * 86_400
}

/// Days from Monday to Friday up to the day (number since 1970); a Saturday or Sunday has the number of its Friday.
pub(super) fn weekday_number(day: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    let from_monday = day + 3;
    from_monday.div_euclid(7) * 5 + from_monday.rem_euclid(7).min(4)
}

/// The inverse of [`weekday_number`].
fn day_of_weekday(number: i64) -> i64 {
    number.div_euclid(5) * 7 + number.rem_euclid(5) - 3
}

/// Days up to the day (number since 1970) but those of the weekday `closed`, which has the number of the day before.
pub(super) fn open_number(day: i64, closed: i8) -> i64 {
    // 1970-01-01 was a Thursday; weeks begin after the closed day.
    let from_open = day + 2 - i64::from(closed);
    from_open.div_euclid(7) * 6 + from_open.rem_euclid(7).min(5)
}

/// The inverse of [`open_number`].
fn day_of_open(number: i64, closed: i8) -> i64 {
    number.div_euclid(6) * 7 + number.rem_euclid(6) - 2 + i64::from(closed)
}

/// "10 minutes", "1 day", "1 weekday", "1 day (no Sundays)", "1 month": the largest unit of which the step is a whole number.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::SixDays { closed } = *self {
            return write!(f, "1 day (no {}s)", WEEKDAYS[closed.clamp(0, 6) as usize]);
        }
        let (count, noun) = match *self {
            Self::Elapsed(nanos) => {
                let units = [
                    (7 * DAY, "week"),
                    (DAY, "day"),
                    (3600 * SECOND, "hour"),
                    (60 * SECOND, "minute"),
                    (SECOND, "second"),
                    (1_000_000, "millisecond"),
                    (1_000, "microsecond"),
                    (1, "nanosecond"),
                ];
                let (unit, noun) = units.into_iter().find(|(unit, _)| nanos % unit == 0).unwrap_or((1, ""));
                ((nanos / unit) as u64, noun)
            }
            Self::Days(days) if days % 7 == 0 => (days as u64 / 7, "week"),
            Self::Days(days) => (days as u64, "day"),
            Self::Weekdays => (1, "weekday"),
            Self::SixDays { .. } => (1, "day"),
            Self::Months { months, .. } if months % 12 == 0 => (months as u64 / 12, "year"),
            Self::Months { months, .. } => (months as u64, "month"),
        };
        f.write_str(&counted(count, noun))
    }
}
