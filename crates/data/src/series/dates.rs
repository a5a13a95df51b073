//! The dates of the rows of a table: the clock that a model remembers.

use super::clock::{self, Clock};
use super::numbers;
use super::table::Table;
use super::time_column::Form;
use crate::stamps::{Pace, Spacing, Stamps, Step, Usual};

impl Table {
    /// How the rows write times, and how far they are apart; None if they have no times of a known form.
    pub(super) fn clock(&self, learned: Option<&Clock>) -> Option<Clock> {
        let time = self.layout.time.as_ref()?;
        let columns = time.fields.iter().map(|&field| self.names[field].clone()).collect();
        let form = match (&time.form, learned.map(Clock::form)) {
            (Form::Stamps(stamps), learned) => {
                let learned = if let Some(clock::Form::Dates(_, step)) = learned { *step } else { None };
                // Equal to what a checkpoint gives back, whose example is not that of this file.
                let stamps = Stamps::from_pattern(&stamps.pattern(), stamps.zone_name()).ok()?;
                clock::Form::Dates(stamps, self.step(learned))
            }
            (Form::Number(decimals), learned) => {
                let all = self.groups.iter().filter_map(|group| group.numbers.as_deref());
                let step = match (numbers::usual(all), learned) {
                    (Some(own), _) => own.even.then_some(own.step),
                    (None, Some(clock::Form::Numbers(_, step))) => *step,
                    (None, _) => None,
                };
                clock::Form::Numbers(*decimals, step)
            }
            (Form::Other, _) => return None,
        };
        Some(Clock::new(columns, form, self.calendar.clone()))
    }

    /// The usual distance of dates, if they are at least about equally far apart. `learned`, that of a model, decides where the rows are
    /// too few to tell days from weekdays, or are only one.
    fn step(&self, learned: Option<Step>) -> Option<Step> {
        let spacings = || self.groups.iter().filter_map(|group| group.spacing.as_deref());
        let own = Spacing::usual(spacings());
        let steady = own.filter(|own| own.pace != Pace::Irregular);
        let Some((step, own)) = learned.zip(own) else { return learned.or(steady.map(|own| own.step)) };
        // The day of the month is that of these rows.
        if let (Step::Months { .. }, Some(Usual { step: months @ Step::Months { .. }, .. })) = (step, steady)
        {
            return Some(months);
        }
        let regular = |usual| spacings().map(|spacing| spacing.report(Some(usual)).regular).sum::<u64>();
        let fits = regular(Usual { step, pace: Pace::Regular });
        let better = steady.is_some() && regular(own) > fits;
        let all = |spacing: &Spacing| {
            let report = spacing.report(None);
            (report.rows - report.duplicates).saturating_sub(1)
        };
        let most = fits * 2 >= spacings().map(all).sum::<u64>();
        if most && !better { Some(step) } else { steady.map(|own| own.step) }
    }
}

#[cfg(test)]
mod tests;
