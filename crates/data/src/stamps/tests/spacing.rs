//! Order, duplicates, steps and gaps.

use super::super::{Gap, Instant, Order, Pace, Report, Shown, Spacing, Step};
use super::{of, spaced};

const SECOND: i128 = 1_000_000_000;

/// Reports on times in seconds since 1970.
fn seconds(times: impl IntoIterator<Item = i64>) -> Report {
    let mut spacing = Spacing::default();
    for time in times {
        spacing.push(Instant::new(time, 0, 0, Shown::Once));
    }
    spacing.report(None)
}

fn dates<const N: usize>(column: [&str; N]) -> Report {
    spaced(&of(column), column).report(None)
}

#[test]
fn order_and_duplicates() {
    assert_eq!(seconds([]).order, Order::Ascending);
    assert_eq!(seconds([0, 10, 20]).order, Order::Ascending);
    assert_eq!(seconds([20, 10, 0]).order, Order::Descending);
    assert_eq!(seconds([0, 10, 20, 5, 30]).order, Order::Shuffled { row: 3 });
    assert_eq!(seconds([30, 20, 25, 10, 0]).order, Order::Shuffled { row: 2 });
    let report = seconds([0, 10, 10, 20, 20, 20, 30]);
    assert_eq!((report.duplicates, report.first_duplicate), (3, Some(2)));
    assert_eq!((report.step, report.regular, report.irregular), (Some(Step::Elapsed(10 * SECOND)), 3, 0));
    let same = seconds([5, 5, 5]);
    assert_eq!((same.step, same.duplicates, same.rows), (None, 2, 3));
    let newest_first = seconds([50, 40, 20, 10, 0]);
    assert_eq!(newest_first.gaps, [Gap { row: 2, steps: 2.0 }]);
}

#[test]
fn a_time_of_day_continues_after_midnight() {
    let report = dates(["22:00", "23:00", "00:00", "01:00", "03:00"]);
    assert_eq!((report.order, report.regular), (Order::Ascending, 3));
    assert_eq!(report.gaps, [Gap { row: 4, steps: 2.0 }]);
    assert_eq!(dates(["01:00", "00:00", "23:00"]).order, Order::Descending);
}

#[test]
fn gaps_and_irregular_steps() {
    let report = seconds([0, 600, 1200, 3000, 3600, 3700, 4200, 4800, 12_000, 12_600]);
    assert_eq!((report.step_text().unwrap().as_str(), report.pace), ("10 minutes", Pace::Regular));
    assert_eq!(report.gaps, [Gap { row: 3, steps: 3.0 }, Gap { row: 8, steps: 12.0 }]);
    assert_eq!(report.longest(), Some(&Gap { row: 8, steps: 12.0 }));
    assert_eq!((report.regular, report.irregular, report.first_irregular), (5, 2, Some(5)));
    // A gap at once, and equal gaps that follow each other.
    let report = seconds([0, 900, 960, 1020, 1080, 1200, 1320, 1380, 1440]);
    let rows: Vec<u64> = report.gaps.iter().map(|gap| gap.row).collect();
    assert_eq!((report.step, rows), (Some(Step::Elapsed(60 * SECOND)), vec![1, 5, 6]));
}

#[test]
fn steps_of_the_calendar_are_regular() {
    let report = dates(["2019-11", "2019-12", "2020-01", "2020-02", "2020-03", "2020-06"]);
    assert_eq!((report.step_text().unwrap().as_str(), report.regular), ("1 month", 4));
    assert_eq!(report.gaps, [Gap { row: 5, steps: 3.0 }]);
    let report = dates(["2019-11-30", "2019-12-31", "2020-01-31", "2020-02-29", "2020-03-31"]);
    assert_eq!((report.step, report.regular), (Some(Step::Months { months: 1, day: 31 }), 4));
    let report = dates(["2019Q4", "2020Q1", "2020Q2", "2020Q3"]);
    assert_eq!((report.step_text().unwrap().as_str(), report.regular), ("3 months", 3));
    let report = dates(["2019-07-01", "2020-07-01", "2021-07-01", "2022-07-01"]);
    assert_eq!((report.step_text().unwrap().as_str(), report.regular), ("1 year", 3));
    let report = dates(["2020-02-27", "2020-02-28", "2020-02-29", "2020-03-01"]);
    assert_eq!((report.step_text().unwrap().as_str(), report.regular), ("1 day", 3));
    let report = dates(["2021-01-04", "2021-01-11", "2021-01-18"]);
    assert_eq!((report.step_text().unwrap().as_str(), report.regular), ("1 week", 2));
}

#[test]
fn days_from_monday_to_friday_are_regular() {
    let monday = 4 * 86_400;
    let weeks = (0..4).flat_map(|week| (0..5).map(move |day| monday + (week * 7 + day) * 86_400));
    let report = seconds(weeks.clone());
    assert_eq!((report.step, report.regular, report.gaps.len()), (Some(Step::Weekdays), 19, 0));
    // A holiday on the second Wednesday.
    let report = seconds(weeks.filter(|time| *time != monday + 9 * 86_400));
    assert_eq!((report.step, report.gaps), (Some(Step::Weekdays), vec![Gap { row: 7, steps: 2.0 }]));
    let everyday = seconds((0..21).map(|day| monday + day * 86_400));
    assert_eq!(everyday.step, Some(Step::Days(1)));
}

#[test]
fn a_week_of_six_days_is_regular() {
    let monday = 4 * 86_400;
    for closed in 0..7 {
        let days = (0..60).filter(|day| day % 7 != closed).map(|day| monday + day * 86_400);
        let report = seconds(days.clone());
        let step = Step::SixDays { closed: closed as i8 };
        assert_eq!((report.step, report.irregular, report.gaps.len()), (Some(step), 0, 0));
        // Each row is a step after the one before it, and a step before the one after it.
        let days: Vec<i64> = days.collect();
        for pair in days.windows(2) {
            let [a, b] = [pair[0], pair[1]].map(|at| Instant::new(at, 0, 0, Shown::Once));
            assert_eq!((step.advance(&a, 1, None), step.advance(&b, -1, None)), (b, a));
        }
        // Nine days are missing, one of them a closed one or two.
        let report = seconds(days.iter().copied().filter(|at| !(20..29).contains(&((at - monday) / 86_400))));
        let open = (20..29).filter(|day| day % 7 != closed).count();
        let steps: Vec<f64> = report.gaps.iter().map(|gap| gap.steps).collect();
        assert_eq!(steps, [open as f64 + 1.0]);
    }
    assert_eq!(Step::SixDays { closed: 6 }.to_string(), "1 day (no Sundays)");
    // One Sunday without a row is a gap.
    let report = seconds((0..11).filter(|day| *day != 6).map(|day| monday + day * 86_400));
    assert_eq!((report.step, report.gaps), (Some(Step::Days(1)), vec![Gap { row: 6, steps: 2.0 }]));
}

#[test]
fn uneven_and_irregular_times() {
    let uneven = seconds((0..100).map(|i| i * 60 + [0, 3, 7, 1, 12, 5, 2][i as usize % 7]));
    assert_eq!((uneven.pace, uneven.gaps.len()), (Pace::Uneven, 0));
    assert!(uneven.step_text().unwrap().starts_with("about "), "{:?}", uneven.step_text());
    let mut time = 0;
    let irregular = seconds((1..200).map(|i| {
        time += if i == 100 { 100_000 } else { i * i % 97 + i % 13 };
        time
    }));
    assert_eq!(irregular.pace, Pace::Irregular);
    assert_eq!(irregular.gaps.iter().map(|gap| gap.row).collect::<Vec<_>>(), [99]);
}

#[test]
fn a_long_series_with_many_gaps_reports_all_of_them() {
    // Each tenth row is missing: more changes of the step than are kept.
    let present = (0..100_000).filter(|row| row % 10 != 5);
    let report = seconds(present.map(|row| row * 60));
    assert_eq!((report.step, report.gaps.len()), (Some(Step::Elapsed(60 * SECOND)), 10_000));
    let right = |(i, gap): (usize, &Gap)| gap.row == 5 + 9 * i as u64 && gap.steps == 2.0;
    assert!(report.gaps.iter().enumerate().all(right));
    assert_eq!(report.regular, 100_000 - 10_000 - 1 - 10_000);
}

#[test]
fn groups_share_a_step() {
    let group = |times: &[i64]| {
        let mut spacing = Spacing::default();
        times.iter().for_each(|time| spacing.push(Instant::new(*time, 0, 0, Shown::Once)));
        spacing
    };
    let groups = [group(&[0, 60, 120, 180]), group(&[0, 600]), group(&[])];
    let usual = Spacing::usual(&groups).unwrap();
    assert_eq!(usual.step, Step::Elapsed(60 * SECOND));
    assert_eq!(groups[1].report(Some(usual)).gaps, [Gap { row: 1, steps: 10.0 }]);
    assert_eq!(groups[1].report(None).gaps, []);
    assert_eq!(Spacing::usual(&groups[2..]), None);
}
