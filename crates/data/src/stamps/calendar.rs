//! The position in the day, week and year as inputs of a network.

use super::instant::Instant;
use super::zone::day_and_clock;

/// A position that repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Time of the day, p = 24 hours, counted from midnight with minutes and seconds.
    HourOfDay,
    /// Day of the week, p = 7 days, counted from Monday = 0.
    DayOfWeek,
    /// Day of the year, p = 365 or 366 days, counted from 1 January = 0.
    DayOfYear,
    /// Month, p = 12 months, counted from January = 0.
    Month,
}

impl Feature {
    /// All features.
    pub const ALL: [Self; 4] = [Self::HourOfDay, Self::DayOfWeek, Self::DayOfYear, Self::Month];

    /// Name of the feature in a column's name: `hour-of-day`.
    pub fn name(self) -> &'static str {
        match self {
            Self::HourOfDay => "hour-of-day",
            Self::DayOfWeek => "day-of-week",
            Self::DayOfYear => "day-of-year",
            Self::Month => "month",
        }
    }
}

/// Computes the sine and cosine of a position k in a period p, so that its end is next to its beginning.
///
/// ```text
/// [sin(2π k / p), cos(2π k / p)]
/// ```
///
/// k and p are those of the [`Feature`], by the local clock of the instant.
pub fn calendar(instant: &Instant, feature: Feature) -> [f64; 2] {
    let part = match feature {
        Feature::HourOfDay => {
            let (_, clock) = day_and_clock(instant);
            (clock as f64 + f64::from(instant.subsecond()) * 1e-9) / 86_400.0
        }
        Feature::DayOfWeek => f64::from(instant.local().weekday().to_monday_zero_offset()) / 7.0,
        Feature::DayOfYear => {
            let date = instant.local().date();
            f64::from(date.day_of_year() - 1) / f64::from(date.days_in_year())
        }
        Feature::Month => f64::from(instant.local().month() - 1) / 12.0,
    };
    let (sine, cosine) = (std::f64::consts::TAU * part).sin_cos();
    [sine, cosine]
}
