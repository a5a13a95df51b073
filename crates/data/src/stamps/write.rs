//! Writes an instant by the items of a form.

use std::fmt::Write;

use super::instant::{Instant, civil};
use super::item::{Case, Digits, Distance, Item, Width};
use super::words::{MONTHS, WEEKDAYS, spelled};

/// Writes the instant in local time, or in UTC if the form writes UTC as a word.
///
/// # Panics
/// Never: a text takes all that is written.
pub(super) fn write(items: &[Item], instant: &Instant, utc: bool) -> String {
    let offset = if utc { 0 } else { instant.offset() };
    let mut local = civil(instant.seconds() + i64::from(offset), instant.subsecond());
    let mut hour = local.hour();
    let ends = items.iter().any(|item| matches!(item, Item::EndHour(_) | Item::Clock { ends: true, .. }));
    if ends && local.time() == jiff::civil::Time::midnight() {
        local = civil(instant.seconds() + i64::from(offset) - 86_400, 0);
        hour = 24;
    }
    let week = items.iter().any(|item| matches!(item, Item::Week(_))).then(|| local.date().iso_week_date());
    let mut text = String::with_capacity(32);
    for item in items {
        match *item {
            Item::Year => {
                put(&mut text, i64::from(week.map_or(local.year(), |week| week.year())), 4);
            }
            Item::ShortYear => put(&mut text, i64::from(local.year()) % 100, 2),
            Item::Month(width) => number(&mut text, local.month(), width),
            Item::Day(width) => number(&mut text, local.day(), width),
            Item::Hour(width) | Item::EndHour(width) => number(&mut text, hour, width),
            Item::Hour12(width) => number(&mut text, (local.hour() + 11) % 12 + 1, width),
            Item::MonthName(name) => text += &spelled(MONTHS[local.month() as usize - 1], name),
            Item::Weekday(name) => {
                let day = local.weekday().to_monday_zero_offset();
                text += &spelled(WEEKDAYS[day as usize], name);
            }
            Item::Quarter => put(&mut text, i64::from((local.month() - 1) / 3 + 1), 1),
            Item::Week(width) => number(&mut text, week.map_or(1, |week| week.week()), width),
            Item::WeekDay => put(&mut text, i64::from(local.weekday().to_monday_one_offset()), 1),
            Item::Minute => put(&mut text, i64::from(local.minute()), 2),
            Item::Second => put(&mut text, i64::from(local.second()), 2),
            Item::Fraction { digits, comma } => {
                fraction(&mut text, instant.subsecond(), 9, digits, if comma { ',' } else { '.' });
            }
            Item::Half(case) => {
                let word = if local.hour() < 12 { "AM" } else { "PM" };
                text += &if case == Case::Upper { word.to_owned() } else { word.to_lowercase() };
            }
            Item::Clock { seconds, padded, .. } => {
                let (hour, minute) = (i64::from(hour), i64::from(local.minute()));
                let (value, digits) = match seconds {
                    false => (hour * 100 + minute, 4),
                    true => ((hour * 100 + minute) * 100 + i64::from(local.second()), 6),
                };
                put(&mut text, value, if padded { digits } else { 1 });
            }
            Item::Offset(distance) => zone(&mut text, offset, distance),
            Item::Epoch { places, digits } => epoch(&mut text, instant, places, digits),
            Item::Space => text.push(' '),
            Item::Literal(c) => text.push(c),
            Item::Stop => {}
        }
    }
    text
}

fn put(text: &mut String, value: i64, digits: usize) {
    write!(text, "{value:0digits$}").expect("a text takes all that is written");
}

fn number(text: &mut String, value: i8, width: Width) {
    put(text, value.into(), if width == Width::Bare { 1 } else { 2 });
}

/// Writes the first `places` decimal places of `nanos`: `digits` of them, or as many as are needed.
fn fraction(text: &mut String, nanos: u32, places: usize, digits: u8, mark: char) {
    let all = format!("{nanos:0places$}");
    let shown = if digits == 0 { all.trim_end_matches('0') } else { &all[..usize::from(digits).min(places)] };
    if !shown.is_empty() {
        text.push(mark);
        text.push_str(shown);
    }
}

fn zone(text: &mut String, offset: i32, Distance { digits, zero }: Distance) {
    if let (0, Some(word)) = (offset, zero) {
        text.push_str(word);
        return;
    }
    text.push(if offset < 0 { '-' } else { '+' });
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
    put(text, hours.into(), 2);
    if digits == Digits::Colon {
        text.push(':');
    }
    if digits != Digits::Hours || minutes != 0 {
        put(text, minutes.into(), 2);
    }
}

fn epoch(text: &mut String, instant: &Instant, places: u8, digits: u8) {
    let unit = 10i128.pow(9 - u32::from(places));
    let nanos = instant.nanoseconds();
    if nanos < 0 {
        text.push('-');
    }
    let (units, below) = (nanos.abs() / unit, nanos.abs() % unit);
    write!(text, "{units}").expect("a text takes all that is written");
    if places < 9 {
        fraction(text, below as u32, usize::from(9 - places), digits, '.');
    }
}
