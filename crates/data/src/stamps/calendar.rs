//! The position in the day, week and year as inputs of a network.

use longspan::option_names;
use serde::{Deserialize, Serialize};

use super::instant::Instant;
use super::zone::day_and_clock;

/// A position that repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feature {
    /// Time of the day, p = 24 hours, counted from midnight with minutes and seconds.
    Hour,
    /// Day of the week, p = 7 days, counted from Monday = 0.
    Weekday,
    /// Month, p = 12 months, counted from January = 0.
    Month,
    /// Day of the year, p = 365 or 366 days, counted from 1 January = 0.
    YearDay,
}

option_names!(Feature, "calendar feature": Hour = "hour", Weekday = "weekday", Month = "month", YearDay = "yearday");

impl Feature {
    /// Names of its two channels: `sin:hour` and `cos:hour`.
    pub fn channels(self) -> [String; 2] {
        ["sin", "cos"].map(|function| format!("{function}:{self}"))
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
        Feature::Hour => {
            let (_, clock) = day_and_clock(instant);
            (clock as f64 + f64::from(instant.subsecond()) * 1e-9) / 86_400.0
        }
        Feature::Weekday => f64::from(instant.local().weekday().to_monday_zero_offset()) / 7.0,
        Feature::YearDay => {
            let date = instant.local().date();
            f64::from(date.day_of_year() - 1) / f64::from(date.days_in_year())
        }
        Feature::Month => f64::from(instant.local().month() - 1) / 12.0,
    };
    let (sine, cosine) = (std::f64::consts::TAU * part).sin_cos();
    [sine, cosine]
}
