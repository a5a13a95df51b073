//! Time zones: offsets, and local times that occur twice or never.

use super::super::{Options, Shown, StampError, Stamps, Step};
use super::{named, of, spaced, with};

const HOUR: i128 = 3_600_000_000_000;

fn berlin() -> Options<'static> {
    Options { zone: Some("Europe/Berlin"), ..Options::default() }
}

#[test]
fn civil_times_have_no_daylight_saving_time() {
    let stamps = of(["2021-03-28 01:00", "2021-03-28 02:00", "2021-03-28 03:00"]);
    let report = spaced(&stamps, ["2021-03-28 01:00", "2021-03-28 02:00", "2021-03-28 03:00"]).report(None);
    assert_eq!((report.regular, report.irregular, report.never), (2, 0, 0));
}

#[test]
fn a_local_time_that_never_occurs_is_moved_and_counted() {
    let column = ["2021-03-28 01:00", "2021-03-28 02:00", "2021-03-28 03:00"];
    let stamps = with(column, &berlin());
    let instant = stamps.parse("2021-03-28 02:30").unwrap();
    assert_eq!((instant.shown(), stamps.format(&instant).as_str()), (Shown::Never, "2021-03-28 03:30"));
    let report = spaced(&stamps, column).report(None);
    assert_eq!((report.never, report.first_never, report.duplicates), (1, Some(1), 1));
    let right = spaced(&stamps, ["2021-03-28 00:00", "2021-03-28 01:00", "2021-03-28 03:00"]).report(None);
    assert_eq!((right.regular, right.gaps.len(), right.step), (2, 0, Some(Step::Elapsed(HOUR))));
}

#[test]
fn a_local_time_that_occurs_twice_is_told_apart_by_the_row_before() {
    let hourly = ["2021-10-31 01:00", "2021-10-31 02:00", "2021-10-31 02:00", "2021-10-31 03:00"];
    let quarters = ["02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00"];
    let quarters: Vec<String> = quarters.iter().map(|time| format!("2021-10-31 {time}")).collect();
    let stamps = with(hourly, &berlin());
    let report = spaced(&stamps, hourly).report(None);
    assert_eq!((report.twice, report.duplicates, report.regular), (2, 0, 3));
    let report = spaced(&stamps, quarters.iter().map(String::as_str)).report(None);
    assert_eq!((report.twice, report.duplicates, report.regular, report.irregular), (8, 0, 8, 0));
    let newest_first = spaced(&stamps, hourly.into_iter().rev()).report(None);
    assert_eq!((newest_first.duplicates, newest_first.regular), (0, 3));
}

#[test]
fn a_day_of_23_or_25_hours_is_a_day() {
    let days: Vec<String> = (20..=31).map(|day| format!("2021-03-{day} 06:00")).collect();
    let Ok(super::super::Recognised::Times(stamps)) =
        Stamps::recognise(days.iter().map(String::as_str), &berlin())
    else {
        panic!("days");
    };
    let report = spaced(&stamps, days.iter().map(String::as_str)).report(None);
    assert_eq!((report.step, report.regular, report.irregular), (Some(Step::Days(1)), 11, 0));
    let last = stamps.parse("2021-10-30 06:00").unwrap();
    assert_eq!(stamps.next(&last, &Step::Days(1), 2), ["2021-10-31 06:00", "2021-11-01 06:00"]);
    let last = stamps.parse("2021-10-31 01:00").unwrap();
    let next = ["2021-10-31 02:00", "2021-10-31 02:00", "2021-10-31 03:00"];
    assert_eq!(stamps.next(&last, &Step::Elapsed(HOUR), 3), next);
}

#[test]
fn offsets_give_the_instant_and_are_written_back() {
    let column = ["2021-10-31T01:30:00+02:00", "2021-10-31T02:30:00+02:00", "2021-10-31T02:30:00+01:00"];
    let stamps = of(column);
    let instants = column.map(|field| stamps.parse(field).unwrap());
    assert_eq!((instants[1] - instants[0], instants[2] - instants[1]), (HOUR, HOUR));
    assert_eq!(column.map(|field| stamps.format(&stamps.parse(field).unwrap())), column);
    // UTC as a letter stays UTC; days are those of the zone.
    let stamps = with(["2021-10-30T22:00:00Z", "2021-10-31T23:00:00Z", "2021-11-01T23:00:00Z"], &berlin());
    let midnight = stamps.parse("2021-10-30T22:00:00Z").unwrap();
    assert_eq!(midnight.local().to_string(), "2021-10-31T00:00:00");
    assert_eq!(stamps.next(&midnight, &Step::Days(1), 2), ["2021-10-31T23:00:00Z", "2021-11-01T23:00:00Z"]);
    // Numbers since 1970 are in UTC.
    let options = Options { zone: Some("Asia/Shanghai"), ..named("time") };
    let stamps = with(["1262538000", "1262541600", "1262545200"], &options);
    assert_eq!(stamps.parse("1262538000").unwrap().local().to_string(), "2010-01-04T01:00:00");
    assert_eq!(stamps.zone_name(), Some("Asia/Shanghai"));
}

#[test]
fn an_unknown_zone_is_an_error() {
    let options = Options { zone: Some("Europe/Atlantis"), ..Options::default() };
    let error = Stamps::recognise(["2021-10-31"], &options).unwrap_err();
    assert!(matches!(error, StampError::Zone { .. }), "{error}");
}
