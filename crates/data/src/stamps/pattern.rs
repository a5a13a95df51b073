//! The pattern of a form as text, in the notation of `strftime` with a few additions.

use super::item::{Case, Digits, Distance, Item, Name, Width};

/// Parts with one spelling.
const FIXED: [(&str, Item); 21] = [
    ("Y", Item::Year),
    ("y", Item::ShortYear),
    ("m", Item::Month(Width::Padded)),
    ("-m", Item::Month(Width::Bare)),
    ("d", Item::Day(Width::Padded)),
    ("-d", Item::Day(Width::Bare)),
    ("q", Item::Quarter),
    ("V", Item::Week(Width::Padded)),
    ("-V", Item::Week(Width::Bare)),
    ("u", Item::WeekDay),
    ("H", Item::Hour(Width::Padded)),
    ("-H", Item::Hour(Width::Bare)),
    ("K", Item::EndHour(Width::Padded)),
    ("-K", Item::EndHour(Width::Bare)),
    ("I", Item::Hour12(Width::Padded)),
    ("-I", Item::Hour12(Width::Bare)),
    ("M", Item::Minute),
    ("S", Item::Second),
    ("p", Item::Half(Case::Upper)),
    ("P", Item::Half(Case::Lower)),
    ("?", Item::Stop),
];

/// Every part with its spelling after `%`.
fn all() -> impl Iterator<Item = (String, Item)> {
    let fixed = FIXED.into_iter().map(|(code, item)| (code.to_owned(), item));
    let cases = [("", Case::Title), ("^", Case::Upper), ("_", Case::Lower)];
    let names = cases.into_iter().flat_map(|(mark, case)| {
        let name = |long| Name { long, case };
        [
            (format!("{mark}b"), Item::MonthName(name(false))),
            (format!("{mark}B"), Item::MonthName(name(true))),
            (format!("{mark}a"), Item::Weekday(name(false))),
            (format!("{mark}A"), Item::Weekday(name(true))),
        ]
    });
    let zeros = [("", None), ("Z", Some("Z")), ("U", Some("UTC")), ("G", Some("GMT"))];
    let offsets = zeros.into_iter().flat_map(|(mark, zero)| {
        [(":z", Digits::Colon), ("z", Digits::Plain), ("hz", Digits::Hours), ("w", Digits::Word)]
            .map(|(code, digits)| (format!("{mark}{code}"), Item::Offset(Distance { digits, zero })))
    });
    let fractions = (0..=9).flat_map(|digits| {
        let count = if digits == 0 { String::new() } else { digits.to_string() };
        [('.', false), (',', true)]
            .map(|(mark, comma)| (format!("{mark}{count}f"), Item::Fraction { digits, comma }))
    });
    let epochs = [0, 3, 6, 9].into_iter().flat_map(|places| {
        (0..=9).map(move |digits| (format!("{places}.{digits}s"), Item::Epoch { places, digits }))
    });
    let clocks = [("4", false, false), ("04", false, true), ("6", true, false), ("06", true, true)];
    let clocks = clocks.into_iter().flat_map(|(code, seconds, padded)| {
        [("t", false), ("T", true)]
            .map(|(letter, ends)| (format!("{code}{letter}"), Item::Clock { seconds, padded, ends }))
    });
    fixed.chain(names).chain(offsets).chain(fractions).chain(epochs).chain(clocks)
}

/// Writes items as a pattern.
pub(super) fn written(items: &[Item]) -> String {
    let mut text = String::new();
    for item in items {
        match *item {
            Item::Space => text.push(' '),
            Item::Literal('%') => text.push_str("%%"),
            Item::Literal(c) => text.push(c),
            other => {
                let plain = plain(other);
                let code = all().find(|(_, item)| *item == plain).map(|(code, _)| code);
                text.push('%');
                text.push_str(&code.unwrap_or_default());
            }
        }
    }
    text
}

/// Reads a pattern; None if a part is unknown.
pub(super) fn items(pattern: &str) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            ' ' => items.push(Item::Space),
            '%' if rest.starts_with('%') => {
                items.push(Item::Literal('%'));
                rest = &rest[1..];
            }
            '%' => {
                let (code, item) = all().find(|(code, _)| rest.starts_with(code.as_str()))?;
                items.push(item);
                rest = &rest[code.len()..];
            }
            c => items.push(Item::Literal(c)),
        }
    }
    fix_widths(&mut items);
    Some(items)
}

/// Requires two digits of each number that touches another one: 20100103.
pub(super) fn fix_widths(items: &mut [Item]) {
    for i in 0..items.len() {
        let touches = |other: Option<&Item>| other.is_some_and(|item| item.is_number());
        let beside = touches(i.checked_sub(1).and_then(|i| items.get(i))) || touches(items.get(i + 1));
        if let Some(width) = items[i].width().filter(|_| beside) {
            *width = Width::Two;
        }
    }
}

/// The item as a pattern spells it: which numbers touch follows from their order.
fn plain(mut item: Item) -> Item {
    if let Some(width) = item.width().filter(|width| **width == Width::Two) {
        *width = Width::Padded;
    }
    item
}

/// Every part with its spelling, for tests.
#[cfg(test)]
pub(super) fn every() -> Vec<(String, Item)> {
    all().collect()
}
