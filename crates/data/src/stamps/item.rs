//! Parts of which a written time is made, and the pattern that names them.

/// Number of digits of a month, day or hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// Always two digits, next to other digits: 20100103.
    Two,
    /// Read with one or two digits, written with two.
    Padded,
    /// Written without a leading zero.
    Bare,
}

/// Spelling of the name of a month or weekday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// January rather than Jan.
    pub(super) long: bool,
    /// JANUARY, january or January.
    pub(super) case: Case,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Title,
    Upper,
    Lower,
}

/// Spelling of the distance to UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Distance {
    /// +01:00, +0100 or +01.
    pub(super) digits: Digits,
    /// What is written for UTC instead of zeros: Z, UTC or GMT.
    pub(super) zero: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digits {
    Colon,
    Plain,
    Hours,
    /// UTC only, as a word.
    Word,
}

/// Part of a written time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Four digits.
    Year,
    /// Two digits: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068, as in POSIX.
    ShortYear,
    Month(Width),
    MonthName(Name),
    Day(Width),
    /// Read and not checked; written from the date.
    Weekday(Name),
    Quarter,
    /// ISO week.
    Week(Width),
    /// Day of the ISO week, 1 to 7.
    WeekDay,
    Hour(Width),
    /// Hour of which the last one, 24, ends the day: 1 to 24.
    EndHour(Width),
    /// 1 to 12, with [`Item::Half`].
    Hour12(Width),
    Minute,
    Second,
    /// Fraction of the second with its separator, which a value need not have. 0 digits: as many as are needed.
    Fraction {
        digits: u8,
        comma: bool,
    },
    /// AM or PM.
    Half(Case),
    /// A clock as one number: 930 is 9:30, 93000 is 9:30:00.
    Clock {
        seconds: bool,
        padded: bool,
        /// Whether midnight is 2400, the end of the day before.
        ends: bool,
    },
    Offset(Distance),
    /// Decimal places of the unit: 0 for seconds, 3 for milliseconds, 6 or 9. `digits` of a fraction as above.
    Epoch {
        places: u8,
        digits: u8,
    },
    /// One or more spaces.
    Space,
    Literal(char),
    /// A value may end here; what follows is zero.
    Stop,
}

impl Item {
    /// Whether the item begins with a digit.
    pub(super) fn is_number(self) -> bool {
        use Item::{
            Clock, Day, EndHour, Epoch, Hour, Hour12, Minute, Month, Second, ShortYear, Week, WeekDay, Year,
        };
        matches!(
            self,
            Year | ShortYear
                | Month(_)
                | Day(_)
                | Week(_)
                | WeekDay
                | Hour(_)
                | EndHour(_)
                | Hour12(_)
                | Minute
                | Second
                | Clock { .. }
                | Epoch { .. }
        )
    }

    /// The width of a number that may have one or two digits.
    pub(super) fn width(&mut self) -> Option<&mut Width> {
        match self {
            Self::Month(width)
            | Self::Day(width)
            | Self::Week(width)
            | Self::Hour(width)
            | Self::EndHour(width)
            | Self::Hour12(width) => Some(width),
            _ => None,
        }
    }
}

/// The letters that stand for an item where a form is described to a reader.
pub(super) fn letters(item: Item) -> String {
    match item {
        Item::Year => "YYYY".into(),
        Item::ShortYear => "YY".into(),
        Item::Month(Width::Bare) => "M".into(),
        Item::Month(_) => "MM".into(),
        Item::MonthName(name) => if name.long { "MONTH" } else { "MON" }.into(),
        Item::Day(Width::Bare) => "D".into(),
        Item::Day(_) => "DD".into(),
        Item::Weekday(_) => "WEEKDAY".into(),
        Item::Quarter => "q".into(),
        Item::Week(Width::Bare) => "w".into(),
        Item::Week(_) => "ww".into(),
        Item::WeekDay => "D".into(),
        Item::Hour(Width::Bare) | Item::EndHour(Width::Bare) | Item::Hour12(Width::Bare) => "h".into(),
        Item::Hour(_) | Item::EndHour(_) | Item::Hour12(_) => "hh".into(),
        Item::Minute => "mm".into(),
        Item::Second => "ss".into(),
        Item::Fraction { digits, comma } => {
            format!("{}{}", if comma { ',' } else { '.' }, "f".repeat(usize::from(digits.max(1))))
        }
        Item::Half(_) => "AM/PM".into(),
        Item::Clock { seconds, .. } => if seconds { "hhmmss" } else { "hhmm" }.into(),
        Item::Offset(_) => "OFFSET".into(),
        Item::Epoch { places, .. } => match places {
            0 => "seconds since 1970",
            3 => "milliseconds since 1970",
            6 => "microseconds since 1970",
            _ => "nanoseconds since 1970",
        }
        .into(),
        Item::Space => " ".into(),
        Item::Literal('\u{1f}') => " | ".into(),
        Item::Literal(c) => c.into(),
        Item::Stop => String::new(),
    }
}
