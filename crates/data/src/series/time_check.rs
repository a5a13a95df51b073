//! Whether the times of a file have what sorting and the calendar need.

use super::error::SeriesError;
use super::layout::Layout;
use super::options::SeriesOptions;
use super::time_column::{Form, TimeColumn};
use crate::stamps::Feature;
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
