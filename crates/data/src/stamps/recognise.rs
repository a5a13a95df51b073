//! Decides the form of a column.

use super::candidate::Candidate;
use super::forms::all;
use super::item::Item;
use super::plausible::{Named, Numbers, is_number};
use super::rivals::most_regular;
use super::{Ambiguous, Recognised, StampError, Stamps};

/// What is known of a column besides its values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Name of the column; numbers are times more readily in a column named time, date or timestamp.
    pub name: Option<&'a str>,
    /// Whether the user says that this is the column of times.
    pub asked: bool,
    /// Whether 02/04/2021 is 2 April (true) or 4 February (false); None: as the fields show that are pushed.
    pub day_first: Option<bool>,
    /// Time zone of times without offset, such as `Europe/Berlin`; None: they are civil, without daylight saving time.
    pub zone: Option<&'a str>,
}

impl Stamps {
    /// Decides what a column is, from all of its fields or from a sample.
    ///
    /// # Errors
    /// [`StampError::Zone`] if there is no time zone of the name in the options.
    pub fn recognise<'a>(
        column: impl IntoIterator<Item = &'a str>,
        options: &Options<'_>,
    ) -> Result<Recognised, StampError> {
        let mut recogniser = Recogniser::new(options)?;
        column.into_iter().for_each(|field| recogniser.push(field));
        Ok(recogniser.finish())
    }
}

/// First fields, which propose the forms.
const FIRST: usize = 64;

/// Fields after which hopeless forms are given up.
const CHECKED: u64 = 1024;

/// Largest share of fields that may have another form.
const ODD: f64 = 0.05;

/// Collects the fields of a column, one by one, and decides the form of the column. It keeps the first 64 fields, and
/// of each possible form what a [`Spacing`](super::Spacing) keeps.
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

    /// Whether a column of at most so many fields is no column of times, whatever the next ones are: no form reads any of
    /// the fields so far, and these are too many to have other forms than the rest. Wide tables need this.
    pub fn is_hopeless(&self, fields: usize) -> bool {
        self.candidates.is_empty() && self.fields as f64 > ODD * fields as f64
    }

    /// Adds the forms of a field that none of the forms so far reads, and has them read the fields before it.
    fn propose(&mut self, field: &str) {
        let epochs = [0, 3, 6, 9].map(|places| vec![Item::Epoch { places, digits: 0 }]);
        for items in all(field).into_iter().chain(epochs) {
            if !self.named.allows(&items) {
                continue;
            }
            let mut candidate = Candidate::new(items);
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
