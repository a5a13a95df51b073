//! Names of months and weekdays, AM and PM, and distances to UTC.

use super::fields::Fields;
use super::item::{Case, Digits, Item, Name};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Monday on, as ISO 8601 counts.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Takes a word off the text.
pub(super) fn take<'a>(fields: &mut Fields, item: Item, text: &'a str) -> Option<&'a str> {
    match item {
        Item::MonthName(name) => {
            let (month, rest) = named(&MONTHS, name, text)?;
            fields.seen.case = Some(case(text, rest));
            fields.month = month as i8 + 1;
            Some(rest)
        }
        Item::Weekday(name) => {
            let (_, rest) = named(&WEEKDAYS, name, text)?;
            fields.seen.case = Some(case(text, rest));
            Some(rest)
        }
        Item::Half(_) => {
            let (word, rest) = text.split_at_checked(2)?;
            let (late, rest) = match word.to_ascii_lowercase().as_str() {
                "am" => (false, rest),
                "pm" => (true, rest),
                "a." => (false, rest.strip_prefix("m.")?),
                "p." => (true, rest.strip_prefix("m.")?),
                _ => return None,
            };
            fields.half = Some(late);
            fields.seen.half = Some(case(text, rest));
            Some(rest)
        }
        Item::Offset(_) => {
            let (offset, zero, rest) = offset(text)?;
            fields.offset = Some(offset);
            fields.seen.zero = zero;
            if zero.is_none() {
                fields.seen.digits = Some(digits(&text[..text.len() - rest.len()]));
            }
            Some(rest)
        }
        _ => None,
    }
}

/// Takes a name off the text, in any case.
fn named<'a>(names: &[&str], name: Name, text: &'a str) -> Option<(usize, &'a str)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at(letters);
    let found = names.iter().position(|full| {
        // Sept has four letters where the others have three.
        word.eq_ignore_ascii_case(if name.long { full } else { &full[..3] })
            || (!name.long && *full == "September" && word.eq_ignore_ascii_case("Sept"))
    })?;
    Some((found, rest))
}

/// Takes a distance to UTC off the text: seconds, and the word if UTC is written as one.
fn offset(text: &str) -> Option<(i32, Option<&'static str>, &str)> {
    for (word, zero) in [("Z", "Z"), ("z", "Z"), ("UTC", "UTC"), ("GMT", "GMT"), ("UT", "UTC")] {
        if let Some(rest) = text.strip_prefix(word) {
            return Some((0, Some(zero), rest));
        }
    }
    let (sign, tail) = match text.chars().next()? {
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        // A minus sign as typography has it.
        '\u{2212}' => (-1, &text['\u{2212}'.len_utf8()..]),
        _ => return None,
    };
    let two = |text: &str| -> Option<i32> {
        let digits = text.get(..2)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let hours = two(tail)?;
    let tail = &tail[2..];
    let minutes = tail.strip_prefix(':').unwrap_or(tail);
    let (minutes, rest) = match two(minutes) {
        Some(value) => (value, &minutes[2..]),
        None => (0, tail),
    };
    (hours < 24 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60), None, rest))
}

/// The spelling of a distance to UTC that has digits.
fn digits(text: &str) -> Digits {
    match text.chars().count() {
        3 => Digits::Hours,
        _ if text.contains(':') => Digits::Colon,
        _ => Digits::Plain,
    }
}

/// The case of the word between `text` and what remains of it.
fn case(text: &str, rest: &str) -> Case {
    let word = &text[..text.len() - rest.len()];
    if word.bytes().all(|b| !b.is_ascii_lowercase()) {
        Case::Upper
    } else if word.bytes().all(|b| !b.is_ascii_uppercase()) {
        Case::Lower
    } else {
        Case::Title
    }
}

/// Writes a name as a column spells it.
pub(super) fn spelled(full: &str, name: Name) -> String {
    let text = if name.long { full } else { &full[..3] };
    match name.case {
        Case::Title => text.to_owned(),
        Case::Upper => text.to_uppercase(),
        Case::Lower => text.to_lowercase(),
    }
}
