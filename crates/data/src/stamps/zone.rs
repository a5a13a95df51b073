//! From what a field says to a point in time, in the time zone of its column.

use jiff::Timestamp;
use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::fields::Fields;
use super::instant::{Instant, Shown, civil};

/// Seconds of a day of 24 hours.
const DAY: i64 = 86_400;

/// The instant that the fields name; None if there is no such date or time of day.
pub(super) fn instant(fields: &Fields, zone: Option<&TimeZone>) -> Option<Instant> {
    let at = |seconds: i64, own: i32| {
        let offset = zone.map_or(own, |zone| offset_at(zone, seconds));
        Some(Instant::new(seconds, fields.nanos, offset, Shown::Once))
    };
    if let Some(seconds) = fields.epoch {
        Timestamp::new(seconds, fields.nanos as i32).ok()?;
        return at(seconds, 0);
    }
    let date = match fields.week {
        None => Date::new(fields.year, fields.month, fields.day).ok()?,
        Some((week, day)) => {
            ISOWeekDate::new(fields.year, week, Weekday::from_monday_one_offset(day).ok()?).ok()?.date()
        }
    };
    let midnight = Offset::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok()?.as_second();
    let hour = match fields.half {
        None => fields.hour,
        Some(late) => fields.hour % 12 + if late { 12 } else { 0 },
    };
    // 24:00 is the end of a day, and nothing is later.
    if hour == 24 && (fields.minute, fields.second, fields.nanos) != (0, 0, 0) {
        return None;
    }
    let clock = (i64::from(hour) * 60 + i64::from(fields.minute)) * 60 + i64::from(fields.second);
    let local = midnight + clock;
    match fields.offset {
        Some(own) => at(local - i64::from(own), own),
        None => Some(resolve(local, fields.nanos, zone, 0)),
    }
}

/// The instant of a local time in seconds since 1970. The first one if clocks show it twice; as much later as clocks
/// are set forward if they never show it. Without a zone, local time is `own` seconds ahead of UTC.
pub(super) fn resolve(local: i64, nanos: u32, zone: Option<&TimeZone>, own: i32) -> Instant {
    let Some(zone) = zone else {
        return Instant::new(local - i64::from(own), nanos, own, Shown::Once);
    };
    match zone.to_ambiguous_timestamp(civil(local, 0)).offset() {
        AmbiguousOffset::Unambiguous { offset } => shifted(local, nanos, offset, Shown::Once),
        AmbiguousOffset::Fold { before, .. } => shifted(local, nanos, before, Shown::Twice),
        AmbiguousOffset::Gap { before, after } => {
            let seconds = local - i64::from(before.seconds());
            Instant::new(seconds, nanos, after.seconds(), Shown::Never)
        }
    }
}

/// The second instant at which clocks show a local time that they show twice.
pub(super) fn second(first: &Instant, zone: &TimeZone) -> Instant {
    let local = first.seconds() + i64::from(first.offset());
    match zone.to_ambiguous_timestamp(civil(local, 0)).offset() {
        AmbiguousOffset::Fold { after, .. } => shifted(local, first.subsecond(), after, Shown::Twice),
        _ => *first,
    }
}

/// The offset of the zone at a number of seconds since 1970, in seconds.
pub(super) fn offset_at(zone: &TimeZone, seconds: i64) -> i32 {
    let limit = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    zone.to_offset(Timestamp::from_second(seconds).unwrap_or(limit)).seconds()
}

/// Number of the local day since 1970-01-01, and the seconds within it.
pub(super) fn day_and_clock(instant: &Instant) -> (i64, i64) {
    let local = instant.seconds() + i64::from(instant.offset());
    (local.div_euclid(DAY), local.rem_euclid(DAY))
}

fn shifted(local: i64, nanos: u32, offset: Offset, shown: Shown) -> Instant {
    Instant::new(local - i64::from(offset.seconds()), nanos, offset.seconds(), shown)
}
