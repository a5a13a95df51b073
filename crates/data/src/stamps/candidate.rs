//! A form that a column may have, and what its fields say in this form.

use super::fields::Fields;
use super::forms::has_day;
use super::instant::Instant;
use super::item::Item;
use super::plausible::is_epoch;
use super::read::read;
use super::style::Style;
use super::{Spacing, Stamps, zone};

/// Years that a column of times has.
const YEARS: std::ops::RangeInclusive<i16> = 1500..=2500;

/// A form that the column may have.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) items: Vec<Item>,
    /// Fields that it does not read.
    pub(super) odd: u64,
    pub(super) spacing: Spacing,
    /// First and last year.
    pub(super) years: (i16, i16),
    /// First field that it reads.
    example: Option<String>,
    style: Style,
}

impl Candidate {
    pub(super) fn new(items: Vec<Item>) -> Self {
        Self {
            items,
            odd: 0,
            spacing: Spacing::default(),
            years: (i16::MAX, i16::MIN),
            example: None,
            style: Style::default(),
        }
    }

    /// Adds a field and returns whether the form reads it.
    pub(super) fn add(&mut self, field: &str, stamps: &Stamps) -> bool {
        let Some((fields, instant)) = self.read(field, stamps) else {
            self.odd += 1;
            return false;
        };
        self.example.get_or_insert_with(|| field.to_owned());
        self.style.add(&fields.seen);
        let year = instant.local().year();
        self.years = (self.years.0.min(year), self.years.1.max(year));
        self.spacing.push(instant);
        true
    }

    fn read(&self, field: &str, stamps: &Stamps) -> Option<(Fields, Instant)> {
        let (fields, rest) = read(&self.items, field)?;
        if !rest.is_empty() || fields.epoch.is_some_and(|seconds| !is_epoch(seconds)) {
            return None;
        }
        // 20100103 is no day of the year 103.
        let date = YEARS.contains(&fields.year);
        Some((fields, zone::instant(&fields, stamps.zone()).filter(|_| date)?))
    }

    /// Year, month and day in the order in which numbers give them.
    pub(super) fn order(&self) -> Vec<char> {
        if !has_day(&self.items) {
            return Vec::new();
        }
        let letter = |item: &Item| match item {
            Item::Year | Item::ShortYear => Some('y'),
            Item::Month(_) => Some('m'),
            Item::Day(_) => Some('d'),
            _ => None,
        };
        self.items.iter().filter_map(letter).collect()
    }

    /// Whether the day comes before the month; None where the year comes first.
    pub(super) fn day_first(&self) -> Option<bool> {
        match self.order().first() {
            Some('d') => Some(true),
            Some('m') => Some(false),
            _ => None,
        }
    }

    /// The form with the spelling of its fields and the time zone of `stamps`.
    pub(super) fn stamps(&self, stamps: &Stamps) -> Stamps {
        stamps.with(self.style.apply(&self.items), self.example.clone().unwrap_or_default())
    }
}
