//! A point in time, exact to the nanosecond, in 16 bytes.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// How often the clocks of the time zone show a local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Once: the usual case, and every time that has an offset or no time zone.
    Once,
    /// Twice: in the hour that clocks are set back.
    Twice,
    /// Never: in the hour that clocks are set forward. The instant is as much later as the clocks are set forward.
    Never,
}

/// A point in time, exact to the nanosecond, with the local time that clocks show then.
///
/// Instants of one column can be compared and subtracted: the difference is the elapsed time in nanoseconds. Columns
/// without zone and offset have civil times, all days of which have 24 hours. Two instants are equal if they are the
/// same point in time, whatever their offsets are.
#[derive(Clone, Copy)]
pub struct Instant {
    /// Seconds since 1970-01-01T00:00:00, in UTC or civil.
    seconds: i64,
    /// Nanoseconds within the second in the lower 30 bits, [`Shown`] in the upper 2 bits.
    packed: u32,
    /// Seconds by which local time is ahead of UTC.
    offset: i32,
}

const FRACTION: u32 = (1 << 30) - 1;

impl Instant {
    /// Makes an instant of `seconds` since 1970 and `nanos` below 10⁹.
    pub(super) fn new(seconds: i64, nanos: u32, offset: i32, shown: Shown) -> Self {
        let flag = match shown {
            Shown::Once => 0,
            Shown::Twice => 1,
            Shown::Never => 2,
        };
        Self { seconds, packed: nanos | flag << 30, offset }
    }

    /// Nanoseconds since 1970-01-01T00:00:00 (UTC, or civil without zone and offset).
    pub fn nanoseconds(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.subsecond())
    }

    /// Nanoseconds within the second, 0 to 999,999,999.
    pub fn subsecond(&self) -> u32 {
        self.packed & FRACTION
    }

    /// Whole seconds since 1970-01-01T00:00:00, rounded down.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Seconds by which local time is ahead of UTC; 0 for civil times.
    pub fn offset(&self) -> i32 {
        self.offset
    }

    /// How often clocks show the local time that was read.
    pub fn shown(&self) -> Shown {
        match self.packed >> 30 {
            0 => Shown::Once,
            1 => Shown::Twice,
            _ => Shown::Never,
        }
    }

    /// Nanoseconds of local time since 1970-01-01T00:00:00: the difference of two such numbers is a whole number of
    /// days where both clocks show the same, also when clocks were set back or forward in between.
    pub(super) fn local_nanoseconds(&self) -> i128 {
        self.nanoseconds() + i128::from(self.offset) * 1_000_000_000
    }

    /// Date and time that local clocks show.
    pub(super) fn local(&self) -> DateTime {
        civil(self.seconds + i64::from(self.offset), self.subsecond())
    }
}

/// Date and time of a number of seconds since 1970; the first or last date of the calendar beyond its ends.
pub(super) fn civil(seconds: i64, nanos: u32) -> DateTime {
    let limit = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Offset::UTC.to_datetime(Timestamp::new(seconds, nanos as i32).unwrap_or(limit))
}

impl PartialEq for Instant {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Instant {}

impl PartialOrd for Instant {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Instant {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.subsecond()).cmp(&(other.seconds, other.subsecond()))
    }
}

impl Hash for Instant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.seconds, self.subsecond()).hash(state);
    }
}

/// Elapsed time from `other` to `self` in nanoseconds; negative if `self` is earlier.
impl std::ops::Sub for Instant {
    type Output = i128;

    fn sub(self, other: Self) -> i128 {
        self.nanoseconds() - other.nanoseconds()
    }
}

/// Writes local time and offset: 2021-03-28T03:30:00+02:00.
impl std::fmt::Debug for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, offset) = (if self.offset < 0 { '-' } else { '+' }, self.offset.abs());
        write!(f, "{}{sign}{:02}:{:02}", self.local(), offset / 3600, offset / 60 % 60)
    }
}
