//! What a field says of a time, and how it is spelled.

use super::item::{Case, Digits};

/// What a field says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fields {
    pub(super) year: i16,
    pub(super) month: i8,
    pub(super) day: i8,
    /// ISO week and day of the week.
    pub(super) week: Option<(i8, i8)>,
    /// 0 to 24, or 1 to 12 with `half`.
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanos: u32,
    /// Afternoon, for hours of 1 to 12.
    pub(super) half: Option<bool>,
    /// Seconds ahead of UTC.
    pub(super) offset: Option<i32>,
    /// Seconds since 1970 in place of all of these, with `nanos`.
    pub(super) epoch: Option<i64>,
    /// How it is written.
    pub(super) seen: Seen,
}

/// What a field shows of its spelling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// Items, by index, that have a number with one digit.
    pub(super) bare: u32,
    /// Items, by index, that have a number with a leading zero.
    pub(super) padded: u32,
    /// Items, by index, that have the hour 24, which ends a day.
    pub(super) ends: u32,
    /// Items, by index, that have the hour 0, which begins a day.
    pub(super) begins: u32,
    /// Digits of the fraction.
    pub(super) fraction: u8,
    /// Whether its mark is a comma.
    pub(super) comma: bool,
    /// The letter or name that UTC is written as.
    pub(super) zero: Option<&'static str>,
    /// The digits of a distance to UTC.
    pub(super) digits: Option<Digits>,
    /// The case of names.
    pub(super) case: Option<Case>,
    /// The case of AM and PM.
    pub(super) half: Option<Case>,
    /// Whether the value ends before the form does.
    pub(super) short: bool,
}
