//! Which columns of bare numbers are times.

use super::item::Item;
use super::report::Order;
use super::{Pace, Report};

/// Seconds from 1970 to the beginning of 1980 and of 2100.
const EPOCH: std::ops::Range<i64> = 315_532_800..4_102_444_800;

/// Numbers since 1970 that are plausible: 1980 to 2100.
pub(super) fn is_epoch(seconds: i64) -> bool {
    EPOCH.contains(&seconds)
}

/// Whether values of this form look like numbers.
pub(super) fn is_number(items: &[Item]) -> bool {
    items.iter().all(|item| item.is_number() || matches!(item, Item::Fraction { .. }))
}

/// Names of columns of times.
const TIMES: [&str; 18] = [
    "time",
    "times",
    "date",
    "dates",
    "datetime",
    "timestamp",
    "timestamps",
    "stamp",
    "ts",
    "epoch",
    "unix",
    "unixtime",
    "datum",
    "zeit",
    "period",
    "时间",
    "日期",
    "时刻",
];

/// Names of columns of days, months or years.
const DATES: [&str; 13] = [
    "year", "years", "yr", "month", "day", "date", "dates", "datum", "period", "quarter", "年", "年份",
    "日期",
];

/// What a column's name says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named {
    /// It is a time or a date.
    pub(super) time: bool,
    /// It is a date, month or year.
    pub(super) date: bool,
    /// One of its words is quarter.
    quarter: bool,
    /// One of its words is week.
    week: bool,
}

/// Names of columns of quarters.
const QUARTERS: [&str; 6] = ["quarter", "quarters", "qtr", "q", "季度", "季"];

/// Names of columns of weeks.
const WEEKS: [&str; 13] = [
    "week",
    "weeks",
    "weekno",
    "weeknum",
    "weeknumber",
    "weekofyear",
    "isoweek",
    "epiweek",
    "wk",
    "kw",
    "周",
    "周次",
    "周数",
];

impl Named {
    /// Judges the words of a name: `pickup_datetime`, `startTime`.
    pub(super) fn new(name: &str) -> Self {
        let mut spaced = String::new();
        let mut lower = false;
        for c in name.chars() {
            if !c.is_alphanumeric() || (c.is_uppercase() && lower) {
                spaced.push(' ');
            }
            if c.is_alphanumeric() {
                spaced.extend(c.to_lowercase());
            }
            lower = c.is_lowercase();
        }
        let mut named = Self::default();
        for word in spaced.split_whitespace() {
            let date = DATES.contains(&word);
            named.date |= date;
            named.quarter |= QUARTERS.contains(&word);
            named.week |= WEEKS.contains(&word);
            named.time |=
                date || TIMES.contains(&word) || word.ends_with("timestamp") || word.ends_with("datetime");
        }
        named
    }

    /// Whether the form may be meant. Beside a column of years, one number is a month, unless its name says that it is a
    /// quarter or a week.
    pub(super) fn allows(&self, items: &[Item]) -> bool {
        let joint = Item::Literal('\u{1f}');
        match *items {
            [Item::Year, mark, part] | [part, mark, Item::Year] if mark == joint => match part {
                Item::Quarter => self.quarter,
                Item::Week(_) => self.week,
                Item::Month(_) => !self.quarter && !self.week,
                _ => true,
            },
            _ => true,
        }
    }
}

/// What the values of a column of numbers say.
pub(super) struct Numbers<'a> {
    pub(super) items: &'a [Item],
    pub(super) report: &'a Report,
    pub(super) years: (i16, i16),
    pub(super) named: Named,
    /// The user says that the column has times.
    pub(super) asked: bool,
}

impl Numbers<'_> {
    /// Whether the numbers are times: their name says so, or their values leave little doubt.
    pub(super) fn are_times(&self) -> bool {
        let ordered = match self.report.order {
            Order::Ascending => self.report.rows > 2 && self.report.last > self.report.first,
            Order::Descending => self.report.rows > 2,
            Order::Shuffled { .. } => false,
        };
        let within = |least, most| self.years.0 >= least && self.years.1 <= most;
        let unnamed_ordered = ordered && within(1900, 2100);
        match self.items {
            // Seconds count up in many columns that are no times, one by one or by any amount.
            [Item::Epoch { places, .. }] => {
                let unit = 10i128.pow(9 - u32::from(*places));
                let counts = self.report.step.is_some_and(|step| step == super::Step::Elapsed(unit));
                let steady = self.report.pace == Pace::Regular && !counts;
                self.named.time || self.asked || ordered && self.report.order == Order::Ascending && steady
            }
            [Item::Year] => {
                let increasing =
                    ordered && self.report.order == Order::Ascending && self.report.duplicates == 0;
                self.named.date && within(1000, 2999) || increasing && within(1500, 2100)
            }
            [Item::Year, Item::Month(_), Item::Day(_), ..] => {
                self.named.time || self.asked || unnamed_ordered
            }
            _ => self.named.date || self.asked && within(1900, 2100),
        }
    }
}
