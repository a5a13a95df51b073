//! Forecasts of series: from the last window of each group, or from every window.

use longspan::batch::Batch;
use longspan_data::schema::{Forecast, Schema};
use longspan_data::series::{Part, Segment, Series};
use longspan_run::assess::forecast_rows;
use longspan_run::dataset::Dataset;

use super::bar::Bar;
use super::job::{End, Job};
use super::table::{Cell, Observed, Table};
use super::times::{Times, known};
use super::values::{channels, finite};
use crate::commands::eval::Loaded;
use crate::failure::{Failure, fail};
use crate::progress::counted;
use crate::streams;

/// The beginning of a window: its segment, and the row in the segment.
type Start<'s> = (&'s Segment, usize);

pub(super) fn run(
    loaded: &mut Loaded,
    schema: &Schema,
    forecast: &Forecast,
    job: &mut Job,
) -> Result<End, Failure> {
    let Loaded { config, ctx, model, params, .. } = loaded;
    let series = Dataset::rows(config, &job.path, job.input.take(), schema)?;
    let (columns, _) = channels(schema);
    let (window, ahead, k) = (forecast.window, forecast.ahead, forecast.targets.len());
    let segments = series.segments(Part::Train);
    let starts: Vec<Start<'_>> = match job.every {
        true => {
            let of = |segment| windows(segment, window).map(move |start| (segment, start));
            segments.iter().flat_map(of).collect()
        }
        false => (0..series.groups.len()).filter_map(|group| last(segments, group, window)).collect(),
    };
    for shift in series.shifts() {
        streams::note(format_args!("warning: {}: {shift}", job.path.display()));
    }
    if let Some(differs) =
        series.clock().zip(forecast.clock.as_ref()).and_then(|(own, learned)| own.differs(learned))
    {
        streams::note(format_args!("note: {}: {differs}", job.path.display()));
    }
    note_short(&series, &starts, window, job)?;
    note_dropped(&series, &starts, window, job);

    let grouped = series.groups.iter().any(|group| !group.is_empty());
    let times = Times::of(&series, job);
    let named = |there: bool, name: &str| there.then(|| name.to_owned());
    let target = |kind: &'static str| {
        forecast.targets.iter().map(move |target| format!("{kind}:{}", columns[target.channel]))
    };
    let position = [named(grouped, "group"), named(true, "line")].into_iter().flatten();
    let position = position.chain(times.names()).chain(named(true, "step"));
    let actual = target("actual").filter(|_| job.every);
    let names = position.chain(target("forecast")).chain(actual).collect();
    let mut table = Table::begin(&mut job.output, names, job.json)?;

    let value = |group: usize, channel: usize, z: f32| {
        let (mean, std) = series.scale(group, channel);
        Cell::Value(mean + std * f64::from(z), std)
    };
    let observed = |group: usize, channel: usize, z: f32| {
        let (mean, std) = series.scale(group, channel);
        Cell::Observed(Observed { z, mean, std })
    };
    let width = columns.len();
    let bar = Bar::new(starts.len() as u64, "forecasts");
    let (mut batch, mut predicted) = (Batch::default(), Vec::new());
    for starts in starts.chunks(config.data.batch) {
        if job.stop.came() {
            return Ok(End::Interrupted);
        }
        batch.reshape(window, starts.len());
        batch.numbers.resize(window * starts.len() * width, 0.0);
        for (row, &(segment, start)) in starts.iter().enumerate() {
            let rows = series.values(segment)[start * width..].chunks_exact(width).take(window);
            for (t, values) in rows.enumerate() {
                batch.numbers[(batch.shape.offset(t) + row) * width..][..width].copy_from_slice(values);
            }
        }
        let known = known(&series, forecast, starts, &job.path)?;
        forecast_rows(ctx, model, params, forecast, &mut batch, &known, &mut predicted);
        finite(&predicted)?;
        for (&(segment, start), predicted) in starts.iter().zip(predicted.chunks_exact(ahead * k)) {
            let after = start + window;
            let line = series.line(segment, after - 1);
            for (step, predicted) in predicted.chunks_exact(k).enumerate() {
                let row = job.every.then(|| series.values(segment).chunks_exact(width).nth(after + step));
                let position =
                    [grouped.then(|| Cell::Text(&series.groups[segment.group])), Some(Cell::Whole(line))];
                let position = position.into_iter().flatten();
                let position = position.chain(times.cells(&series, segment, after + step));
                let position = position.chain([Cell::Whole(step as u64 + 1)]);
                let targets = forecast.targets.iter().map(|target| target.channel);
                let forecasts = targets.clone().zip(predicted).map(|(c, &z)| value(segment.group, c, z));
                let actual = targets.filter(|_| job.every).map(|c| match row.flatten() {
                    Some(row) => observed(segment.group, c, row[c]),
                    None => Cell::Nothing,
                });
                table.row(position.chain(forecasts).chain(actual))?;
            }
        }
        bar.advance(starts.len() as u64);
    }
    Ok(End::Done)
}

/// The rows of a segment with which a window begins.
fn windows(segment: &Segment, window: usize) -> std::ops::Range<usize> {
    0..(segment.rows.len() + 1).saturating_sub(window)
}

/// The last window of the last segment of a group; None if it is too short.
fn last(segments: &[Segment], group: usize, window: usize) -> Option<Start<'_>> {
    let segment = segments.iter().rfind(|segment| segment.group == group)?;
    Some((segment, windows(segment, window).last()?))
}

/// Prints which groups are too short for a forecast.
///
/// # Errors
/// A message if all of them are.
fn note_short(series: &Series, starts: &[Start<'_>], window: usize, job: &Job) -> Result<(), Failure> {
    let path = job.path.display();
    let groups = series.groups.len();
    if starts.is_empty() {
        return Err(too_short(series, window, job));
    }
    let mut forecast = vec![false; groups];
    starts.iter().for_each(|(segment, _)| forecast[segment.group] = true);
    let short: Vec<&str> = (0..groups).filter(|&g| !forecast[g]).map(|g| series.groups[g].as_str()).collect();
    if !short.is_empty() {
        let more = if short.len() > 5 { ", ..." } else { "" };
        let some = short[..short.len().min(5)].join(", ");
        streams::note(format_args!(
            "note: {path}: no forecast for {} of {groups} groups ({some}{more}): they end with fewer than {window} rows \
             without a gap, which the model reads",
            short.len()
        ));
    }
    Ok(())
}

/// Says where forecasts are not for the rows after the end of the file, because its last rows were dropped.
fn note_dropped(series: &Series, starts: &[Start<'_>], window: usize, job: &Job) {
    let dropped = |start: &&Start<'_>| series.dropped_at_end(start.0.group) > 0;
    let ends: Vec<&Start<'_>> = starts.iter().filter(|_| !job.every).filter(dropped).collect();
    let Some(&&(segment, start)) = ends.first() else { return };
    let path = job.path.display();
    if ends.len() > 1 {
        streams::note(format_args!(
            "note: {path}: the last rows of {} groups lack a value and were dropped: their forecasts are for after the last \
             row without a missing value, see the column line",
            ends.len()
        ));
        return;
    }
    let (row, rows) = (start + window - 1, series.dropped_at_end(segment.group));
    let (last, lack) = match rows {
        1 => ("last row".to_owned(), "lacks a value and was"),
        rows => (format!("last {rows} rows"), "lack a value and were"),
    };
    let time =
        series.clock().zip(series.time(segment, row)).map(|(clock, time)| clock.write(&time).join(" "));
    let time = time.map_or(String::new(), |time| format!(" ({time})"));
    let group = match series.groups[segment.group].as_str() {
        "" => String::new(),
        group => format!(" of group {group}"),
    };
    streams::note(format_args!(
        "note: {path}: the {last}{group} {lack} dropped: the forecast is for after line {}{time}",
        series.line(segment, row)
    ));
}

/// The message that no group has enough rows for a forecast.
fn too_short(series: &Series, window: usize, job: &Job) -> Failure {
    let path = job.path.display();
    // What a forecast may begin with: any segment with --every, otherwise the last one of a group.
    let segments = series.segments(Part::Train);
    let last = |at: usize| segments.get(at + 1).is_none_or(|next| next.group != segments[at].group);
    let longest = (0..segments.len())
        .filter(|&at| job.every || last(at))
        .map(|at| &segments[at])
        .max_by_key(|segment| segment.rows.len());
    let Some(segment) = longest else {
        return fail(format!("{path}: no row without a missing value, but the model reads {window} rows"));
    };
    let rows = counted(segment.rows.len() as u64, "row");
    let stretches = segments.iter().filter(|own| own.group == segment.group).count();
    if stretches == 1 {
        let group = if series.groups.len() > 1 { " in the longest group" } else { "" };
        return fail(format!("{path}: {rows}{group}, but the model reads {window}: add earlier rows"));
    }
    let after = match job.every {
        true => "the longest stretch without a gap has".to_owned(),
        false => format!("the rows after the last gap, from line {}, are", segment.first_line),
    };
    fail(format!(
        "{path}: {after} {rows}, but the model reads {window}: add the missing rows, or read the rows before and after a \
         gap as neighbours (--gaps ignore), or fill in missing values (--missing interpolate)"
    ))
}
