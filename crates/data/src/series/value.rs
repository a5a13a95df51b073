//! Parses a time.

use std::cmp::Ordering;

/// Parses a number that is finite in single precision.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|&number: &f64| (number as f32).is_finite())
}

/// The form of the times of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A number: years, seconds, row numbers.
    Number,
    /// A date that begins with the year, with or without a time of day: 1749-01, 2010/1/31 7:05,
    /// 2010-01-31T07:05:00.5+01:00.
    Calendar,
    /// Any other form; its order is not known.
    Other,
}

impl Form {
    /// Returns the form of `text`.
    pub(super) fn of(text: &str) -> Self {
        match number(text) {
            Some(_) => Self::Number,
            None if calendar(text).is_some() => Self::Calendar,
            None => Self::Other,
        }
    }

    /// Describes the form, for messages.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Calendar => {
                "a date of the form YEAR-MONTH-DAY HOUR:MINUTE:SECOND (or the beginning of one)"
            }
            Self::Other => "text",
        }
    }

    /// Parses a time; None if `text` has another form.
    pub(super) fn read(self, text: &str) -> Option<Time> {
        match self {
            Self::Calendar => calendar(text),
            Self::Other => Some(Time::Unknown),
            Self::Number => number(text).map(Time::Number),
        }
    }
}

/// A point in time, comparable with others of the same [`Form`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Time {
    /// A number in any unit.
    Number(f64),
    /// Seconds since 1970-01-01, and the fraction of a second.
    Instant(i64, f64),
    /// Neither before nor after any other.
    Unknown,
}

impl Time {
    /// Whether it is before `other`.
    pub(super) fn before(self, other: Self) -> bool {
        self.partial_cmp(&other) == Some(Ordering::Less)
    }
}

/// Whether text that is not a number looks like a date or time of day, in any order of day and month.
pub(crate) fn looks_like_time(text: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if calendar(text).is_some() {
        return true;
    }
    let text = text.trim().to_ascii_lowercase();
    let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let digits = |part: &str| part.len() <= 4 && part.starts_with(|c: char| c.is_ascii_digit());
    let month = |part: &str| MONTHS.iter().any(|month| part.starts_with(month));
    parts.len() >= 2
        && parts.iter().take(2).all(|part| digits(part) || month(part))
        && parts.iter().any(|part| digits(part))
}

/// Parses `YEAR-MONTH[-DAY[(T| )HOUR:MINUTE[:SECOND[.FRACTION]][Z|±HOUR[:MINUTE]]]]`. The parts of the date are
/// separated by `-`, `/` or `.`; the hour may be alone.
fn calendar(text: &str) -> Option<Time> {
    let text = text.trim();
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, Some(clock.trim())),
        None => (text, None),
    };
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = date.split(separator);
    let year = parts.next().filter(|year| year.len() == 4)?;
    let year = whole(year, 0, 9999)?;
    let month = whole(parts.next()?, 1, 12)?;
    let day = parts.next().map_or(Some(1), |day| whole(day, 1, 31))?;
    if !"-/.".contains(separator) || parts.next().is_some() {
        return None;
    }
    let (seconds, fraction) = clock.map_or(Some((0, 0.0)), time_of_day)?;
    Some(Time::Instant(days(year, month, day) * 86_400 + seconds, fraction))
}

/// Returns seconds since midnight in universal time, and the fraction of a second.
fn time_of_day(text: &str) -> Option<(i64, f64)> {
    let (clock, offset) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => match text.split_once(['+', '-']) {
            Some((clock, offset)) => {
                let (hours, minutes) = offset
                    .split_once(':')
                    .unwrap_or_else(|| offset.split_at_checked(2).unwrap_or((offset, "")));
                let minutes = if minutes.is_empty() { 0 } else { whole(minutes, 0, 59)? };
                let offset = whole(hours, 0, 23)? * 3600 + minutes * 60;
                (clock, if text.contains('-') { -offset } else { offset })
            }
            None => (text, 0),
        },
    };
    let mut parts = clock.trim().split(':');
    let hour = whole(parts.next()?, 0, 24)?;
    let minute = parts.next().map_or(Some(0), |minute| whole(minute, 0, 59))?;
    let (second, fraction) = parts.next().map_or(Some((0, 0.0)), |second| {
        let (whole_second, fraction) = second.split_once('.').unwrap_or((second, "0"));
        let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
        Some((whole(whole_second, 0, 60)?, digits.then(|| format!("0.{fraction}").parse().ok())??))
    })?;
    parts.next().is_none().then_some((hour * 3600 + minute * 60 + second - offset, fraction))
}

/// Parses an integer of digits only, within bounds.
fn whole(text: &str, least: i64, most: i64) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok())??;
    (least..=most).contains(&number).then_some(number)
}

/// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the leap day is last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 153 + 2) / 5
        + day
        - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_the_epoch() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(1969, 12, 31), -1);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(2000, 3, 1), 11_017);
        assert_eq!(days(1, 1, 1), -719_162);
    }

    #[test]
    fn dates_are_ordered_by_time_not_by_spelling() {
        let ordered = [
            "1749-01",
            "1969-12-31 23:59:59",
            "2010-1-31",
            "2010/02/01",
            "2010-10-01",
            "2020-03-29T02:00:00+02:00",
            "2020-03-29T00:30Z",
            "2020-03-29T02:00:00+0100",
            "2020-03-29 01:00:00.25",
            "2020-03-29 01:00:00.5",
            "2020-03-29 9",
            "2020-03-29T05:00-05:30",
        ];
        let times: Vec<Time> = ordered.iter().map(|text| calendar(text).expect(text)).collect();
        for pair in times.windows(2) {
            assert!(pair[0].before(pair[1]), "{pair:?}");
        }
        for text in
            ["31/12/1981", "1981-13", "1981-01-32", "1981-01-01 25:00", "1749", "1981-01-01-01", "1981-Q1"]
        {
            assert_eq!(calendar(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_distinguished_from_names() {
        for text in ["1749-01", "31/12/1981", "1.2.1990 10:00", "12:30", "Jan 1949", "3-May"] {
            assert!(looks_like_time(text), "{text}");
        }
        for text in ["NW", "A-1", "sensor 3", "station-7", ""] {
            assert!(!looks_like_time(text), "{text}");
        }
        assert_eq!((Form::of("1749"), Form::of("1749-01")), (Form::Number, Form::Calendar));
        assert_eq!((Form::of("31/12/1981"), Form::Number.read("1749-01")), (Form::Other, None));
    }
}
