//! The forms that are known: dates, clocks, and what joins them.

use std::sync::LazyLock;

use super::item::{Digits, Distance, Item};
use super::pattern::{fix_widths, items};
use super::read::read;

/// Dates. `~` is one of the marks beside them, the same throughout; of several dates that read a value, an earlier one
/// is preferred.
const DATES: [(&str, &[char]); 39] = [
    ("%Y~%m~%d", &['-', '/', '.', ' ', '\u{1f}']),
    ("%d~%m~%Y", &['-', '/', '.', ' ', '\u{1f}']),
    ("%m~%d~%Y", &['-', '/', '.', ' ', '\u{1f}']),
    ("%d~%m~%y", &['-', '/', '.']),
    ("%m~%d~%y", &['-', '/', '.']),
    ("%y~%m~%d", &['-', '/']),
    ("%Y%m%d", &[]),
    ("%d%m%Y", &[]),
    ("%m%d%Y", &[]),
    ("%Y%m", &[]),
    ("%y%m%d", &[]),
    ("%Y~%m", &['-', '/', '\u{1f}']),
    ("%m~%Y", &['-', '/', '\u{1f}']),
    ("%Y", &[]),
    ("%d~%b~%Y", &['-', '/', '.', ' ', '\u{1f}']),
    ("%d~%b~%y", &['-', '/', '.', ' ']),
    ("%d %b, %Y", &[]),
    ("%b~%d~%Y", &['-', '/', '.', ' ', '\u{1f}']),
    ("%b %d, %Y", &[]),
    ("%Y~%b~%d", &['-', '/', '.', ' ', '\u{1f}']),
    ("%b~%Y", &['-', '/', '.', ' ', '\u{1f}']),
    ("%b~%y", &['-', '/', '.', ' ', '\'']),
    ("%b, %Y", &[]),
    ("%Y~%b", &['-', '/', '.', ' ', '\u{1f}']),
    ("%d%b%Y", &[]),
    ("%b%Y", &[]),
    ("%Y~Q%q", &['-', '/', ' ', ':', '\u{1f}']),
    ("%YQ%q", &[]),
    ("Q%q~%Y", &['-', '/', ' ', '\u{1f}']),
    ("%Y~%q", &['\u{1f}']),
    ("%q~%Y", &['\u{1f}']),
    ("%Y~W%V", &['-', ' ', '\u{1f}']),
    ("%Y~%V", &['\u{1f}']),
    ("%V~%Y", &['\u{1f}']),
    ("%YW%V", &[]),
    ("%Y-W%V-%u", &[]),
    ("%YW%V%u", &[]),
    ("%YM%m", &[]),
    ("%Y年%m月", &[]),
];

/// Dates after which a clock may follow at once.
const CLOSED_DATES: [&str; 2] = ["%Y年%m月%d日", "%Y%m%d"];

/// Clocks; in front of an offset, too.
const CLOCKS: [&str; 15] = [
    "%H:%M",
    "%H:%M%?:%S%.f",
    "%I:%M:%S%.f %p",
    "%I:%M:%S%.f%p",
    "%I:%M %p",
    "%I:%M%p",
    "%I %p",
    "%I%p",
    "%H.%M.%S",
    "%H.%M",
    "%H时%M分%S秒",
    "%H时%M分",
    "%H%M%S%.f",
    "%H%M",
    "%H",
];

/// Clocks as a number, where the clock has a column of its own.
const NUMBERS: [&str; 2] = ["%4t", "%6t"];

/// What may stand between date and clock.
const JOINTS: [&str; 7] = [" ", "T", "\u{1f}", ", ", "_", ":", " - "];

/// Dates and clocks that enclose each other.
const ENCLOSED: [&str; 3] = ["%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %:z %Y", "%b %d %H:%M:%S %Y"];

/// A weekday before a date.
const WEEKDAYS: [&str; 3] = ["%a, ", "%a ", "%a\u{1f}"];

/// The table above, read.
struct Forms {
    dates: Vec<Vec<Item>>,
    clocks: Vec<Vec<Item>>,
    numbers: Vec<Vec<Item>>,
    joints: Vec<Vec<Item>>,
    enclosed: Vec<Vec<Item>>,
    weekdays: Vec<Vec<Item>>,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let read = |patterns: &[&str]| -> Vec<Vec<Item>> { patterns.iter().flat_map(|p| spellings(p)).collect() };
    let mut dates = Vec::new();
    for (pattern, marks) in DATES {
        let all: Vec<String> = match marks {
            [] => vec![pattern.to_owned()],
            marks => marks.iter().map(|mark| pattern.replace('~', &mark.to_string())).collect(),
        };
        dates.extend(all.iter().flat_map(|pattern| spellings(pattern)));
    }
    dates.extend(read(&CLOSED_DATES[..1]));
    Forms {
        dates,
        clocks: read(&CLOCKS),
        numbers: read(&NUMBERS),
        joints: read(&JOINTS),
        enclosed: read(&ENCLOSED),
        weekdays: read(&WEEKDAYS),
    }
});

/// The items of a pattern, with short and with long names.
fn spellings(pattern: &str) -> Vec<Vec<Item>> {
    let short = items(pattern).expect("the patterns of the table are right");
    let long = pattern.replace("%b", "%B").replace("%a", "%A");
    if long == pattern {
        return vec![short];
    }
    vec![short, items(&long).expect("the patterns of the table are right")]
}

/// All forms that read the whole of a value, the preferred ones first.
pub(super) fn all(text: &str) -> Vec<Vec<Item>> {
    let mut found = Vec::new();
    let mut keep = |parts: &[&[Item]]| {
        let mut form = parts.concat();
        fix_widths(&mut form);
        if read(&form, text).is_some_and(|(_, rest)| rest.is_empty()) && !found.contains(&form) {
            found.push(form);
        }
    };
    for form in &FORMS.enclosed {
        keep(&[form]);
    }
    let none = Vec::new();
    for weekday in std::iter::once(&none).chain(&FORMS.weekdays) {
        let Some((_, text)) = read(weekday, text) else { continue };
        for date in &FORMS.dates {
            let Some((_, rest)) = read(date, text) else { continue };
            if rest.is_empty() {
                keep(&[weekday, date]);
            } else if has_day(date) {
                after_date(rest, date, &mut |tail| keep(&[weekday, date, tail]));
            }
        }
    }
    clocks(text, false, &mut |clock, rest| {
        if rest.is_empty() {
            // A number alone is no time of day.
            return if text.parse::<f64>().is_err() {
                keep(&[clock])
            };
        }
        for joint in &FORMS.joints {
            let Some((_, rest)) = read(joint, rest) else { continue };
            for date in FORMS.dates.iter().filter(|date| has_day(date)) {
                if read(date, rest).is_some_and(|(_, rest)| rest.is_empty()) {
                    keep(&[clock, joint, date]);
                }
            }
        }
    });
    found
}

/// Whether the items name a day.
pub(super) fn has_day(items: &[Item]) -> bool {
    items.iter().any(|item| matches!(item, Item::Day(_) | Item::WeekDay))
}

/// Passes on each joint with a clock, and an offset, that reads what follows a date.
fn after_date(rest: &str, date: &[Item], keep: &mut dyn FnMut(&[Item])) {
    let closed = CLOSED_DATES.iter().any(|closed| items(closed).as_deref() == Some(date));
    let none = Vec::new();
    for joint in FORMS.joints.iter().chain(closed.then_some(&none)) {
        let Some((_, rest)) = read(joint, rest) else { continue };
        // A value may end with its date, as midnight is often written; where digits touch, it could not be told.
        let stop: &[Item] = if joint.is_empty() { &[] } else { &[Item::Stop] };
        let own = joint[..] == [Item::Literal('\u{1f}')];
        clocks(rest, own, &mut |clock, rest| {
            if rest.is_empty() {
                return keep(&[stop, joint, clock].concat());
            }
            let (space, word) = match rest.strip_prefix(' ') {
                Some(word) => (&[Item::Space][..], word),
                None => (&[][..], rest),
            };
            let offset = [Item::Offset(Distance { digits: Digits::Colon, zero: None })];
            if read(&offset, word).is_some_and(|(_, rest)| rest.is_empty()) {
                keep(&[joint, clock, space, &offset].concat());
            }
        });
    }
    // A date with an offset, as XML Schema has it.
    let offset = [Item::Offset(Distance { digits: Digits::Colon, zero: None })];
    if read(&offset, rest).is_some_and(|(_, rest)| rest.is_empty()) {
        keep(&offset);
    }
}

/// Passes on each clock that reads the beginning of a text, with what remains. `own`: the clock has its own column.
fn clocks(text: &str, own: bool, keep: &mut dyn FnMut(&[Item], &str)) {
    let numbers = FORMS.numbers.iter().filter(|_| own);
    for clock in FORMS.clocks.iter().chain(numbers) {
        if let Some((_, rest)) = read(clock, text) {
            keep(clock, rest);
        }
    }
}
