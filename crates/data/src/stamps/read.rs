//! Reads a field by the items of a form.

use super::fields::{Fields, Seen};
use super::item::{Item, Width};

/// Reads the `text` from its beginning by the items and returns what remains; None if it has another form.
pub(super) fn read<'a>(items: &[Item], text: &'a str) -> Option<(Fields, &'a str)> {
    let mut fields = Fields {
        year: 1970,
        month: 1,
        day: 1,
        week: None,
        hour: 0,
        minute: 0,
        second: 0,
        nanos: 0,
        half: None,
        offset: None,
        epoch: None,
        seen: Seen::default(),
    };
    let mut rest = text;
    for (i, item) in items.iter().enumerate() {
        if rest.is_empty() && *item == Item::Stop {
            fields.seen.short = true;
            break;
        }
        rest = fields.take(i, *item, rest)?;
    }
    Some((fields, rest))
}

/// Takes a number of `least` to `most` digits off the text.
fn number(text: &str, least: usize, most: usize) -> Option<(u32, usize, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value = text.as_bytes()[..digits].iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
    (digits >= least).then(|| (value, digits, &text[digits..]))
}

/// Takes a number with exactly two digits off the text.
fn two(text: &str) -> Option<(u32, &str)> {
    number(text, 2, 2).map(|(value, _, rest)| (value, rest))
}

impl Fields {
    /// Takes one item off the text.
    fn take<'a>(&mut self, i: usize, item: Item, text: &'a str) -> Option<&'a str> {
        let mut up_to_two = |width: Width, range: std::ops::RangeInclusive<u32>| {
            let (value, digits, rest) = number(text, if width == Width::Two { 2 } else { 1 }, 2)?;
            self.seen.bare |= u32::from(digits == 1) << i;
            self.seen.padded |= u32::from(digits == 2 && value < 10) << i;
            range.contains(&value).then_some((value as u8, rest))
        };
        let (value, rest) = match item {
            Item::Month(width) => up_to_two(width, 1..=12)?,
            Item::Day(width) => up_to_two(width, 1..=31)?,
            Item::Hour(width) | Item::EndHour(width) => up_to_two(width, 0..=24)?,
            Item::Hour12(width) => up_to_two(width, 1..=12)?,
            Item::Week(width) => up_to_two(width, 1..=53)?,
            other => return self.take_other(i, other, text),
        };
        match item {
            Item::Month(_) => self.month = value as i8,
            Item::Day(_) => self.day = value as i8,
            Item::Week(_) => self.week = Some((value as i8, 1)),
            _ => {
                self.hour = value;
                self.saw_midnight(i, item);
            }
        }
        Some(rest)
    }

    /// Notes which hour midnight has.
    fn saw_midnight(&mut self, i: usize, item: Item) {
        if !matches!(item, Item::Hour12(_)) {
            self.seen.ends |= u32::from(self.hour == 24) << i;
            self.seen.begins |= u32::from(self.hour == 0) << i;
        }
    }

    fn take_other<'a>(&mut self, i: usize, item: Item, text: &'a str) -> Option<&'a str> {
        let rest = match item {
            Item::Year => {
                let (year, _, rest) = number(text, 4, 4)?;
                self.year = year as i16;
                rest
            }
            Item::ShortYear => {
                let (year, rest) = two(text)?;
                self.year = year as i16 + if year < 69 { 2000 } else { 1900 };
                rest
            }
            Item::Quarter => {
                let (quarter, _, rest) = number(text, 1, 1)?;
                self.month = (1..=4).contains(&quarter).then_some(quarter as i8 * 3 - 2)?;
                rest
            }
            Item::WeekDay => {
                let (day, _, rest) = number(text, 1, 1)?;
                self.week = Some((self.week?.0, day as i8));
                rest
            }
            Item::Minute => {
                let (minute, rest) = two(text)?;
                self.minute = (minute < 60).then_some(minute as u8)?;
                rest
            }
            Item::Second => {
                // 60 is a leap second, and the first second of the next minute here.
                let (second, rest) = two(text)?;
                self.second = (second <= 60).then_some(second as u8)?;
                rest
            }
            Item::Clock { seconds, .. } => {
                let (mut value, digits, rest) = number(text, 1, if seconds { 6 } else { 4 })?;
                let whole = if seconds { 6 } else { 4 };
                self.seen.padded |= u32::from(digits == whole && value < 10u32.pow(whole as u32 - 1)) << i;
                if seconds {
                    self.second = (value % 100 < 60).then_some((value % 100) as u8)?;
                    value /= 100;
                }
                self.minute = (value % 100 < 60).then_some((value % 100) as u8)?;
                self.hour = (value / 100 <= 24).then_some((value / 100) as u8)?;
                self.saw_midnight(i, item);
                rest
            }
            Item::Fraction { .. } => self.fraction(text, 9)?,
            Item::Epoch { places, .. } => self.epoch(text, places)?,
            Item::Space => {
                let rest = text.trim_start();
                (rest.len() < text.len()).then_some(rest)?
            }
            Item::Literal(c) => text.strip_prefix(c)?,
            Item::Stop => text,
            words => return super::words::take(self, words, text),
        };
        Some(rest)
    }

    /// Takes a point or comma with up to `places` digits off the text, if there is one.
    fn fraction<'a>(&mut self, text: &'a str, places: usize) -> Option<&'a str> {
        let Some(tail) = text.strip_prefix(['.', ',']) else { return Some(text) };
        let (value, digits, rest) = number(tail, 1, places)?;
        self.nanos = value * 10u32.pow(9 - digits as u32);
        self.seen.fraction = digits as u8;
        self.seen.comma = text.starts_with(',');
        Some(rest)
    }

    /// Takes a number of units since 1970 off the text.
    fn epoch<'a>(&mut self, text: &'a str, places: u8) -> Option<&'a str> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(tail) => (true, tail),
            None => (false, text),
        };
        let end = digits.bytes().take_while(u8::is_ascii_digit).count();
        let units: i64 = digits[..end].parse().ok()?;
        let rest = self.fraction(&digits[end..], usize::from(9 - places))?;
        let unit = 10i64.pow(9 - u32::from(places));
        // Of the fraction of a second, the decimal places of the unit come first.
        let nanos = i128::from(units) * i128::from(unit) + i128::from(self.nanos / 10u32.pow(places.into()));
        let nanos = if negative { -nanos } else { nanos };
        self.epoch = Some(nanos.div_euclid(1_000_000_000) as i64);
        self.nanos = nanos.rem_euclid(1_000_000_000) as u32;
        Some(rest)
    }
}
