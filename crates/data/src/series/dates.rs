//! The dates of the rows of a table: the calendar that a model reads, and the clock that a model remembers.

use super::SeriesOptions;
use super::clock::{self, Clock};
use super::error::SeriesError;
use super::layout::Layout;
use super::numbers;
use super::table::Table;
use super::times::{Form, TimeColumn};
use crate::stamps::{Feature, Pace, Spacing, Stamps, Step, Usual};
use crate::table::shorten;

/// Checks that the times of a file have what sorting and the calendar need.
///
/// # Errors
/// [`SeriesError::SortedClock`] or [`SeriesError::NoCalendar`] if they do not.
pub(super) fn check_times(
    options: &SeriesOptions,
    layout: &Layout,
    names: &[String],
) -> Result<(), SeriesError> {
    if let (true, Some(TimeColumn { name, form: Form::Stamps(stamps), .. })) =
        (options.sort_time, &layout.time)
        && !stamps.has_date()
    {
        return Err(SeriesError::SortedClock { path: options.path.clone(), column: shorten(name) });
    }
    let Some(first) = options.calendar.first() else { return Ok(()) };
    let wrong = |problem: String, remedy: &str| {
        let path = options.path.clone();
        Err(SeriesError::NoCalendar { path, problem, remedy: remedy.to_owned() })
    };
    let without = "name a column of dates with --time-column, or train without --calendar";
    let Some(time) = &layout.time else {
        return wrong("has no column of times".into(), without);
    };
    let column = shorten(&time.name);
    let Form::Stamps(stamps) = &time.form else {
        return wrong(format!("has {} in the time column {column}", time.words()), without);
    };
    for feature in &options.calendar {
        let lacks = match feature {
            Feature::Hour => (!stamps.has_clock()).then_some("time of day"),
            Feature::Weekday | Feature::Month | Feature::YearDay => (!stamps.has_date()).then_some("date"),
        };
        if let Some(part) = lacks {
            let problem = format!("has no {part} in the time column {column}, which {feature} needs");
            let remedy = format!(
                "leave {feature} out of --calendar, or name the columns of date and time with --time-column DATE,TIME"
            );
            return wrong(problem, &remedy);
        }
    }
    // A channel of this name would be read twice.
    let made: Vec<String> = options.calendar.iter().flat_map(|feature| feature.channels()).collect();
    if let Some(name) = layout.values.iter().map(|&field| &names[field]).find(|name| made.contains(name)) {
        let (column, sample) = (shorten(name), first.channels()[0].clone());
        let problem = format!("has a column {column}, which is also the name of a channel of the calendar");
        return wrong(
            problem,
            &format!("rename the column; channels of the calendar are called {sample} and so on"),
        );
    }
    Ok(())
}

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
