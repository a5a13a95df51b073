//! Times of a table: finds the form in which a column writes them, reads and writes them, and measures their spacing.
//!
//! [`Recogniser`] decides from the fields of a column whether they are times, and in which form. [`Stamps`] is that
//! form: it reads every further field into an [`Instant`] and writes instants as the column does. [`Spacing`] is fed
//! the instants of a group one at a time and reports their order, duplicates, [`Step`] and gaps. [`Stamps::next`] gives
//! the times of the rows that follow, [`calendar`] the position in the day, week and year as numbers.
//!
//! # Examples
//! ```
//! use longspan_data::stamps::{Options, Recognised, Spacing, Stamps};
//!
//! let column = ["30/12/2020", "31/12/2020", "01/01/2021", "04/01/2021"];
//! let Recognised::Times(stamps) = Stamps::recognise(column, &Options::default())? else {
//!     panic!("a column of dates");
//! };
//! assert_eq!(stamps.form(), "DD/MM/YYYY");
//!
//! let mut spacing = Spacing::default();
//! let mut last = None;
//! for field in column {
//!     let instant = stamps.parse_after(field, last.as_ref())?;
//!     spacing.push(instant);
//!     last = Some(instant);
//! }
//! let report = spacing.report(None);
//! assert_eq!(report.step_text().unwrap(), "1 day");
//! assert_eq!((report.gaps[0].row, report.gaps[0].steps), (3, 3.0));
//!
//! let next = stamps.next(&last.unwrap(), &report.step.unwrap(), 2);
//! assert_eq!(next, ["05/01/2021", "06/01/2021"]);
//! # Ok::<(), longspan_data::stamps::StampError>(())
//! ```

mod calendar;
mod candidate;
mod delta;
mod error;
mod fields;
mod forms;
mod instant;
mod item;
mod pattern;
mod plausible;
mod read;
mod recognise;
mod report;
mod rivals;
mod spacing;
mod step;
mod style;
mod tally;
mod words;
mod write;
mod zone;

#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

pub use calendar::{Feature, calendar};
pub use error::StampError;
pub use instant::{Instant, Shown};
pub use recognise::{Options, Recogniser};
pub use report::{Gap, Order, Pace, Report, Usual};
pub use spacing::Spacing;
pub use step::Step;
pub(crate) use step::is_like;

use item::{Digits, Item};

/// The form in which a column writes times, with the time zone of those that have no offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamps {
    items: Vec<Item>,
    zone: Option<TimeZone>,
    example: String,
}

/// What a column is.
#[derive(Clone, Debug, PartialEq)]
pub enum Recognised {
    /// Times of one form. A few fields, at most 5 %, may have another form: [`Stamps::parse`] refuses them.
    Times(Stamps),
    /// Dates whose day and month, or two-digit year, could be exchanged in all fields.
    Ambiguous(Ambiguous),
    /// No times.
    No,
}

/// A column of dates that can be read in two or three ways. [`Options::day_first`] decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Ambiguous {
    /// The forms that read all fields.
    pub readings: Vec<Stamps>,
}

impl Ambiguous {
    /// The first field of the column.
    pub fn first(&self) -> &str {
        self.readings.first().map_or("", |stamps| stamps.example())
    }
}

/// Writes the first field with its readings: `"02/04/2021" can be 2021-04-02 (DD/MM/YYYY) or 2021-02-04 (MM/DD/YYYY)`.
impl std::fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} can be ", self.first())?;
        for (i, stamps) in self.readings.iter().enumerate() {
            let date =
                stamps.parse(self.first()).map_or_else(|_| "?".into(), |at| at.local().date().to_string());
            write!(f, "{}{date} ({})", if i == 0 { "" } else { " or " }, stamps.form())?;
        }
        Ok(())
    }
}

impl Stamps {
    /// What joins the fields of several columns to one: U+001F, the unit separator of ASCII.
    pub const JOINT: char = '\u{1f}';

    fn new(items: Vec<Item>, zone: Option<&str>) -> Result<Self, StampError> {
        let zone = zone
            .map(|name| TimeZone::get(name).map_err(|_| StampError::Zone { name: name.to_owned() }))
            .transpose()?;
        Ok(Self { items, zone, example: String::new() })
    }

    /// Joins the fields of several columns, for [`Recogniser::push`] and [`Stamps::parse`]: a date and a time of day, or
    /// year, month, day, hour, minute and second in this order. `text` is overwritten.
    pub fn join<'a>(text: &mut String, fields: impl IntoIterator<Item = &'a str>) {
        text.clear();
        for (i, field) in fields.into_iter().enumerate() {
            if i > 0 {
                text.push(Self::JOINT);
            }
            text.push_str(field.trim());
        }
    }

    /// Reads a pattern such as `%Y-%m-%d %H:%M:%S` or `%d/%m/%Y`, as [`Stamps::pattern`] writes it.
    ///
    /// | part | meaning |
    /// |---|---|
    /// | `%Y`, `%y` | year with four or two digits |
    /// | `%m`, `%d`, `%H`, `%I` | month, day, hour of 24 and of 12; written without a leading zero as `%-m` |
    /// | `%K` | hour of 24 where midnight is 24, the end of the day before; also as `%-K` |
    /// | `%b`, `%B`, `%a`, `%A` | Jan, January, Sun, Sunday; upper case as `%^b`, lower case as `%_b` |
    /// | `%M`, `%S` | minute, second |
    /// | `%.f`, `%.3f`, `%,3f` | fraction of the second with its point or comma, which a field need not have |
    /// | `%p`, `%P` | AM, am |
    /// | `%z`, `%:z`, `%hz` | +0100, +01:00, +01; with Z for UTC as `%Zz`, with UTC or GMT as `%Uz` or `%Gz` |
    /// | `%Zw`, `%Uw`, `%Gw` | Z, UTC, GMT: times are written in UTC |
    /// | `%q`, `%V`, `%u` | quarter, ISO week (`%Y` is its year; one digit as `%-V`), day of the ISO week |
    /// | `%4t`, `%6t` | clock as one number, hhmm or hhmmss; with leading zeros as `%04t`; with 2400 for midnight as `%4T` |
    /// | `%0.0s` | seconds since 1970; the first digit is 3 for milliseconds, 6 or 9; the second counts decimals |
    /// | `%?` | a field may end here |
    ///
    /// # Errors
    /// [`StampError::Pattern`] if a part of it is unknown, [`StampError::Zone`] if there is no such time zone.
    pub fn from_pattern(pattern: &str, zone: Option<&str>) -> Result<Self, StampError> {
        let wrong = || StampError::Pattern { pattern: pattern.to_owned() };
        let items = pattern::items(pattern).filter(|items| items.iter().any(|item| item.is_number()));
        let stamps = Self::new(items.ok_or_else(wrong)?, zone)?;
        // 2021-11-30 17:05:09 in UTC.
        let example = stamps.format(&Instant::new(1_638_291_909, 0, 0, Shown::Once));
        Ok(stamps.with(stamps.items.clone(), example))
    }

    /// The form as a pattern that [`Stamps::from_pattern`] reads; the time zone is not part of it.
    pub fn pattern(&self) -> String {
        pattern::written(&self.items)
    }

    /// The form in letters, for messages: "YYYY-MM-DD hh:mm:ss".
    pub fn form(&self) -> String {
        let shown = |item: &&Item| !matches!(item, Item::Fraction { digits: 0, .. });
        self.items.iter().filter(shown).map(|item| item::letters(*item)).collect()
    }

    /// The first field of the column that has this form.
    pub fn example(&self) -> &str {
        &self.example
    }

    /// Name of the time zone of times without offset.
    pub fn zone_name(&self) -> Option<&str> {
        self.zone.as_ref()?.iana_name()
    }

    /// Whether times have a date. Without one they are on 1970-01-01, or near the row before them
    /// ([`Stamps::parse_after`]).
    pub fn has_date(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Year | Item::ShortYear | Item::Epoch { .. }))
    }

    /// Whether times have a time of day.
    pub fn has_clock(&self) -> bool {
        let clock = |item: &Item| {
            matches!(
                item,
                Item::Hour(_) | Item::EndHour(_) | Item::Hour12(_) | Item::Clock { .. } | Item::Epoch { .. }
            )
        };
        self.items.iter().any(clock)
    }

    /// Reads a field. Of a local time that clocks show twice, it is the first instant.
    ///
    /// # Errors
    /// [`StampError::Value`] if the field has another form, or names a date that does not exist.
    pub fn parse(&self, field: &str) -> Result<Instant, StampError> {
        let instant = match read::read(&self.items, field.trim()) {
            Some((fields, "")) => zone::instant(&fields, self.zone()),
            _ => None,
        };
        instant.ok_or_else(|| StampError::Value {
            value: field.to_owned(),
            form: self.form(),
            example: self.example.clone(),
        })
    }

    /// Reads the field of the row after `previous`, where that row decides what a field leaves open.
    ///
    /// Of a local time that clocks show twice, it is the instant nearer to that row, but not the same instant: in an
    /// hourly column the second 02:30 is an hour after the first one. A time of day without a date is at most 12 hours
    /// from that row: 00:10 after 23:50 is on the next day.
    ///
    /// # Errors
    /// As [`Stamps::parse`].
    pub fn parse_after(&self, field: &str, previous: Option<&Instant>) -> Result<Instant, StampError> {
        let first = self.parse(field)?;
        let Some(previous) = previous else { return Ok(first) };
        if !self.has_date() {
            let day = 86_400;
            let days = (previous.seconds() - first.seconds() + day / 2).div_euclid(day);
            return Ok(Instant::new(
                first.seconds() + days * day,
                first.subsecond(),
                first.offset(),
                first.shown(),
            ));
        }
        let (Shown::Twice, Some(zone)) = (first.shown(), self.zone()) else { return Ok(first) };
        let second = zone::second(&first, zone);
        let distance = |instant: Instant| (instant - *previous).abs();
        let nearer = distance(second) <= distance(first) && distance(second) > 0;
        Ok(if distance(first) == 0 || nearer { second } else { first })
    }

    /// Writes an instant as the column does. A column that writes UTC as a word is written in UTC, others in local time.
    pub fn format(&self, instant: &Instant) -> String {
        let utc = |item: &Item| matches!(item, Item::Offset(distance) if distance.digits == Digits::Word);
        write::write(&self.items, instant, self.items.iter().any(utc))
    }

    /// The instant `n` steps after `from`; before it if `n` is negative.
    ///
    /// In a time zone, steps of days and months keep the local time. Without one they keep the offset.
    pub fn advance(&self, from: &Instant, step: &Step, n: i64) -> Instant {
        step.advance(from, n, self.zone())
    }

    /// The times of the `n` rows that follow, written as the column writes them.
    pub fn next(&self, last: &Instant, step: &Step, n: usize) -> Vec<String> {
        (1..=n as i64).map(|k| self.format(&self.advance(last, step, k))).collect()
    }

    fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// The same time zone with another form.
    fn with(&self, items: Vec<Item>, example: String) -> Self {
        Self { items, zone: self.zone.clone(), example }
    }
}
