//! The times of the rows that follow, and the position in the calendar.

use super::super::{Feature, Stamps, Step, calendar};
use super::{named, of, spaced, with};

/// The `n` times after a column, by its own step.
fn after<const N: usize>(column: [&str; N], n: usize) -> Vec<String> {
    let stamps = of(column);
    let report = spaced(&stamps, column).report(None);
    stamps.next(&report.last.unwrap(), &report.step.unwrap(), n)
}

#[test]
fn the_rows_that_follow_are_written_like_the_column() {
    assert_eq!(after(["2010-01-03 23:40", "2010-01-03 23:50"], 2), ["2010-01-04 00:00", "2010-01-04 00:10"]);
    assert_eq!(after(["2010Q3", "2010Q4", "2011Q1"], 2), ["2011Q2", "2011Q3"]);
    assert_eq!(after(["Nov-2010", "Dec-2010"], 2), ["Jan-2011", "Feb-2011"]);
    assert_eq!(after(["2010", "2011", "2012"], 2), ["2013", "2014"]);
    assert_eq!(after(["20201230", "20201231", "20210101"], 1), ["20210102"]);
    assert_eq!(after(["22:00", "23:00"], 2), ["00:00", "01:00"]);
    assert_eq!(after(["2010-W51", "2010-W52"], 2), ["2011-W01", "2011-W02"]);
    assert_eq!(
        after(["1/3/2010 10:00 PM", "1/3/2010 11:00 PM", "1/13/2010 11:00 PM"], 1),
        ["1/14/2010 12:00 AM"]
    );
    assert_eq!(after(["1262538000", "1262541600", "1262545200"], 1), ["1262548800"]);
}

#[test]
fn months_keep_their_day_or_their_end() {
    assert_eq!(after(["2021-11-30", "2021-12-31"], 3), ["2022-01-31", "2022-02-28", "2022-03-31"]);
    assert_eq!(after(["2021-12-30", "2022-01-30", "2022-02-28"], 2), ["2022-03-30", "2022-04-30"]);
    assert_eq!(after(["2019-02-28", "2020-02-29"], 2), ["2021-02-28", "2022-02-28"]);
    assert_eq!(after(["2021-01-15", "2021-02-15"], 2), ["2021-03-15", "2021-04-15"]);
    let stamps = of(["2021-01-31"]);
    let last = stamps.parse("2021-01-31").unwrap();
    let step = Step::Months { months: 1, day: 31 };
    assert_eq!(stamps.next(&last, &step, 3), ["2021-02-28", "2021-03-31", "2021-04-30"]);
    assert_eq!(stamps.format(&stamps.advance(&last, &step, -2)), "2020-11-30");
}

#[test]
fn weekdays_skip_the_weekend() {
    let stamps = of(["2021-01-07"]);
    let thursday = stamps.parse("2021-01-07").unwrap();
    let next = ["2021-01-08", "2021-01-11", "2021-01-12"];
    assert_eq!(stamps.next(&thursday, &Step::Weekdays, 3), next);
    assert_eq!(stamps.format(&stamps.advance(&thursday, &Step::Weekdays, -4)), "2021-01-01");
}

#[test]
fn times_before_1970_and_at_the_end_of_the_calendar() {
    let stamps = with(["1749-01", "1749-02", "1749-03"], &named("Month"));
    let instant = stamps.parse("1749-01").unwrap();
    assert_eq!(stamps.next(&instant, &Step::Months { months: 1, day: 1 }, 1), ["1749-02"]);
    let stamps = Stamps::from_pattern("%Y-%m-%d", None).unwrap();
    let last = stamps.parse("9999-12-30").unwrap();
    for step in [
        Step::Days(1),
        Step::Weekdays,
        Step::Elapsed(i128::from(u64::MAX)),
        Step::Months { months: 1, day: 1 },
    ] {
        assert_eq!(stamps.next(&last, &step, 9).len(), 9);
    }
}

#[test]
fn steps_are_written_in_plain_words() {
    let second = 1_000_000_000;
    let words = [
        (Step::Elapsed(600 * second), "10 minutes"),
        (Step::Elapsed(5400 * second), "90 minutes"),
        (Step::Elapsed(second), "1 second"),
        (Step::Elapsed(3 * second / 2), "1500 milliseconds"),
        (Step::Elapsed(7), "7 nanoseconds"),
        (Step::Days(1), "1 day"),
        (Step::Days(14), "2 weeks"),
        (Step::Weekdays, "1 weekday"),
        (Step::Months { months: 1, day: 1 }, "1 month"),
        (Step::Months { months: 24, day: 1 }, "2 years"),
    ];
    for (step, text) in words {
        assert_eq!(step.to_string(), text);
    }
}

#[test]
fn positions_in_the_calendar_are_points_on_a_circle() {
    let stamps = Stamps::from_pattern("%Y-%m-%d %H:%M", None).unwrap();
    let at = |text, feature| calendar(&stamps.parse(text).unwrap(), feature);
    let near =
        |a: [f64; 2], b: [f64; 2]| assert!((a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 1e-12, "{a:?} {b:?}");
    near(at("2021-01-04 06:00", Feature::Hour), [1.0, 0.0]);
    near(at("2021-01-04 12:00", Feature::Hour), [0.0, -1.0]);
    near(at("2021-01-04 12:00", Feature::Weekday), [0.0, 1.0]);
    near(at("2021-01-01 12:00", Feature::YearDay), [0.0, 1.0]);
    near(at("2020-07-02 00:00", Feature::YearDay), [0.0, -1.0]);
    near(at("2021-04-30 12:00", Feature::Month), [1.0, 0.0]);
    assert_eq!(Feature::YearDay.channels(), ["sin:yearday", "cos:yearday"]);
}
