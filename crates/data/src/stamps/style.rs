//! How the values of a column are spelled: leading zeros, case, digits of a fraction.

use super::fields::Seen;
use super::item::{Digits, Distance, Item, Width};

/// The spelling of all values so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Style {
    all: Seen,
    /// Fewest and most digits of a fraction.
    fraction: Option<(u8, u8)>,
}

impl Style {
    /// Adds the spelling of a value.
    pub(super) fn add(&mut self, seen: &Seen) {
        self.all.bare |= seen.bare;
        self.all.padded |= seen.padded;
        self.all.ends |= seen.ends;
        self.all.begins |= seen.begins;
        self.all.comma |= seen.comma;
        self.all.zero = self.all.zero.or(seen.zero);
        self.all.digits = self.all.digits.or(seen.digits);
        self.all.case = self.all.case.or(seen.case);
        self.all.half = self.all.half.or(seen.half);
        if !seen.short {
            let (least, most) = self.fraction.unwrap_or((seen.fraction, seen.fraction));
            self.fraction = Some((least.min(seen.fraction), most.max(seen.fraction)));
        }
    }

    /// The items with this spelling.
    pub(super) fn apply(&self, items: &[Item]) -> Vec<Item> {
        let places = self.fraction.filter(|(least, most)| least == most).map_or(0, |(digits, _)| digits);
        let spelled = |(i, item): (usize, &Item)| {
            let bit = |mask: u32| mask >> i & 1 == 1;
            // 24:00 is more often a mistake than the habit of a column, 24 alone is a number of 1 to 24.
            let ends = bit(self.all.ends) && !bit(self.all.begins) && !items.contains(&Item::Minute);
            let bare = bit(self.all.bare) && !bit(self.all.padded);
            match *item {
                Item::Month(Width::Padded) if bare => Item::Month(Width::Bare),
                Item::Day(Width::Padded) if bare => Item::Day(Width::Bare),
                Item::Hour(Width::Padded) if bare && ends => Item::EndHour(Width::Bare),
                Item::Hour(width) if ends => Item::EndHour(width),
                Item::Hour(Width::Padded) if bare => Item::Hour(Width::Bare),
                Item::Week(Width::Padded) if bare => Item::Week(Width::Bare),
                Item::Hour12(Width::Padded) if bare => Item::Hour12(Width::Bare),
                Item::Clock { seconds, .. } => Item::Clock { seconds, padded: bit(self.all.padded), ends },
                Item::Fraction { .. } => Item::Fraction { digits: places, comma: self.all.comma },
                Item::Epoch { places: unit, .. } => Item::Epoch { places: unit, digits: places },
                Item::Offset(_) => Item::Offset(self.distance()),
                Item::Half(case) => Item::Half(self.all.half.unwrap_or(case)),
                Item::MonthName(mut name) => {
                    name.case = self.all.case.unwrap_or(name.case);
                    Item::MonthName(name)
                }
                Item::Weekday(mut name) => {
                    name.case = self.all.case.unwrap_or(name.case);
                    Item::Weekday(name)
                }
                other => other,
            }
        };
        items.iter().enumerate().map(spelled).collect()
    }

    fn distance(&self) -> Distance {
        let words_only = if self.all.zero.is_some() { Digits::Word } else { Digits::Colon };
        Distance { digits: self.all.digits.unwrap_or(words_only), zero: self.all.zero }
    }
}
