//! Decides the form of a column.

use super::forms::{all, has_day};
use super::instant::Instant;
use super::item::Item;
use super::plausible::{Named, Numbers, is_epoch, is_number};
use super::read::{Fields, read};
use super::style::Style;
use super::{Ambiguous, Order, Pace, Recognised, Report, Spacing, StampError, Stamps, zone};

/// What is known of a column besides its values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Name of the column; numbers are times more readily in a column named time, date or timestamp.
    pub name: Option<&'a str>,
    /// Whether the user says that this is the column of times.
    pub asked: bool,
    /// Whether 02/04/2021 is 2 April (true) or 4 February (false); None: as the whole column shows.
    pub day_first: Option<bool>,
    /// Time zone of times without offset, such as `Europe/Berlin`; None: they are civil, without daylight saving time.
    pub zone: Option<&'a str>,
}

/// First fields, which propose the forms.
const FIRST: usize = 64;

/// Fields after which hopeless forms are given up.
const CHECKED: u64 = 1024;

/// Largest share of fields that may have another form.
const ODD: f64 = 0.05;

/// Years that a column of times has.
const YEARS: std::ops::RangeInclusive<i16> = 1500..=2500;

/// Collects the fields of a column, one by one, and decides the form of the column. Its memory does not grow with the
/// column as long as the column is regular.
#[derive(Clone, Debug)]
pub struct Recogniser {
    stamps: Stamps,
    named: Named,
    asked: bool,
    day_first: Option<bool>,
    first: Vec<String>,
    candidates: Vec<Candidate>,
    fields: u64,
}

/// A form that the column may have.
#[derive(Clone, Debug)]
struct Candidate {
    items: Vec<Item>,
    odd: u64,
    example: Option<String>,
    style: Style,
    spacing: Spacing,
    years: (i16, i16),
}

impl Recogniser {
    /// Begins a column.
    ///
    /// # Errors
    /// [`StampError::Zone`] if there is no time zone of the name.
    pub fn new(options: &Options<'_>) -> Result<Self, StampError> {
        Ok(Self {
            stamps: Stamps::new(Vec::new(), options.zone)?,
            named: options.name.map_or_else(Named::default, Named::new),
            asked: options.asked,
            day_first: options.day_first,
            first: Vec::new(),
            candidates: Vec::new(),
            fields: 0,
        })
    }

    /// Adds a field; one without text is a missing value and says nothing.
    pub fn push(&mut self, field: &str) {
        let field = field.trim();
        if field.is_empty() {
            return;
        }
        self.fields += 1;
        if self.first.len() < FIRST {
            let known =
                self.candidates.iter_mut().fold(false, |known, form| form.add(field, &self.stamps) | known);
            if !known {
                self.propose(field);
            }
            self.first.push(field.to_owned());
        } else {
            for candidate in &mut self.candidates {
                candidate.add(field, &self.stamps);
            }
            // A form that fails for most of the first fields costs time and does not win.
            if self.fields == CHECKED {
                self.candidates.retain(|candidate| candidate.odd * 2 < CHECKED);
            }
        }
    }

    /// Adds the forms of a field that none of the forms so far reads, and has them read the fields before it.
    fn propose(&mut self, field: &str) {
        let epochs = [0, 3, 6, 9].map(|places| vec![Item::Epoch { places, digits: 0 }]);
        for items in all(field).into_iter().chain(epochs) {
            let mut candidate = Candidate {
                items,
                odd: 0,
                example: None,
                style: Style::default(),
                spacing: Spacing::default(),
                years: (i16::MAX, i16::MIN),
            };
            for earlier in &self.first {
                candidate.add(earlier, &self.stamps);
            }
            if candidate.add(field, &self.stamps) {
                self.candidates.push(candidate);
            }
        }
    }

    /// Decides.
    pub fn finish(self) -> Recognised {
        let fewest = self.candidates.iter().map(|candidate| candidate.odd).min().unwrap_or(0);
        if self.fields == 0 || fewest as f64 > ODD * self.fields as f64 {
            return Recognised::No;
        }
        let mut left: Vec<Candidate> =
            self.candidates.iter().filter(|form| form.odd == fewest).cloned().collect();
        left.retain(|candidate| self.is_plausible(candidate));
        let Some(best) = left.first() else { return Recognised::No };
        let order = best.order();
        let mut rivals: Vec<&Candidate> = vec![best];
        for candidate in &left[1..] {
            // Only dates whose day, month and year could be exchanged are rivals; others are spelled alike.
            let new =
                candidate.order() != order && rivals.iter().all(|rival| rival.order() != candidate.order());
            if new && order.len() == 3 && candidate.order().len() == 3 && !is_number(&candidate.items) {
                rivals.push(candidate);
            }
        }
        if let Some(day_first) = self.day_first {
            let wanted: Vec<&Candidate> =
                rivals.iter().filter(|rival| rival.day_first() == Some(day_first)).copied().collect();
            rivals = if wanted.is_empty() { rivals } else { wanted };
        }
        if let Some(best) = most_regular(&rivals) {
            rivals = vec![best];
        }
        let mut readings = rivals.iter().map(|rival| rival.stamps(&self.stamps));
        match (readings.next(), rivals.len()) {
            (Some(stamps), 1) => Recognised::Times(stamps),
            (first, _) => {
                Recognised::Ambiguous(Ambiguous { readings: first.into_iter().chain(readings).collect() })
            }
        }
    }

    fn is_plausible(&self, candidate: &Candidate) -> bool {
        let report = candidate.spacing.report(None);
        // One of a few numbers that is no date says that the others are none either.
        let numbers = Numbers {
            items: &candidate.items,
            report: &report,
            years: candidate.years,
            named: self.named,
            asked: self.asked,
        };
        !is_number(&candidate.items)
            || numbers.are_times() && (candidate.odd == 0 || self.named.time || self.asked)
    }
}

/// Rows that are in order by chance in less than one of 700 columns.
const ENOUGH_ROWS: u64 = 6;

/// The only candidate that is in order, all of whose steps are equal, or that is by far the most regular one.
fn most_regular<'a>(rivals: &[&'a Candidate]) -> Option<&'a Candidate> {
    let ordered = |report: &Report| !matches!(report.order, Order::Shuffled { .. });
    let reports: Vec<(Report, &'a Candidate)> =
        rivals.iter().map(|rival| (rival.spacing.report(None), *rival)).collect();
    let mut in_order = reports.iter().filter(|(report, _)| ordered(report));
    if let (Some((report, only)), None) = (in_order.next(), in_order.next()) {
        if report.regular + report.irregular + report.gaps.len() as u64 >= ENOUGH_ROWS {
            return Some(only);
        }
    }
    let share = |report: &Report| {
        let steps = report.regular + report.irregular + report.gaps.len() as u64;
        let regular = report.pace == Pace::Regular && ordered(report) && steps > 1;
        if regular { report.regular as f64 / steps as f64 } else { 0.0 }
    };
    let mut shares: Vec<(f64, &'a Candidate)> =
        reports.iter().map(|(report, rival)| (share(report), *rival)).collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    match shares[..] {
        [(_, only)] => Some(only),
        [(best, candidate), (next, _), ..] => {
            (best == 1.0 && next < 1.0 || best >= 0.9 && next < 0.5).then_some(candidate)
        }
        [] => None,
    }
}

impl Candidate {
    /// Adds a field and returns whether the form reads it.
    fn add(&mut self, field: &str, stamps: &Stamps) -> bool {
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
    fn order(&self) -> Vec<char> {
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
    fn day_first(&self) -> Option<bool> {
        match self.order().first() {
            Some('d') => Some(true),
            Some('m') => Some(false),
            _ => None,
        }
    }

    fn stamps(&self, stamps: &Stamps) -> Stamps {
        stamps.with(self.style.apply(&self.items), self.example.clone().unwrap_or_default())
    }
}
