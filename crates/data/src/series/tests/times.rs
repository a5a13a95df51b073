//! Times of series: where they are, their order and their gaps.

use super::*;

#[test]
fn times_that_begin_anew_show_several_series() {
    let text = "unit,cycle,x\n1,1,0.5\n1,2,0.4\n1,3,0.1\n2,1,0.7\n2,2,0.2\n2,3,0.9\n";
    let restarts = |options: &SeriesOptions| read(text, options).description().restarts.clone();
    assert_eq!(restarts(&options(1, 1)), Some(("unit".into(), "cycle".into())));
    let grouped = SeriesOptions { group_column: Some("unit".into()), ..options(1, 1) };
    assert_eq!(restarts(&grouped), None);
    let series = read(text, &options(1, 1));
    let notices = crate::inspect::notices::of_series(series.description(), true, Gaps::Split);
    let notice = notices.iter().find(|note| note.text.contains("cycle begins anew for each unit")).unwrap();
    assert!(notice.settings.iter().map(|set| set.key).eq(["group_column", "time_column"]));
}

#[test]
fn times_must_not_decrease() {
    let one = options(1, 1);
    let text = "d,x\n1981-01-09,1\n1981-01-10,2\n1981-1-9,3\n";
    refuses(
        text,
        &one,
        &["line 4, column d has \"1981-1-9\" after \"1981-01-10\" on line 3", "--group-column"],
    );
    refuses("d,x\n1981-01-09,1\nsoon,2\n", &one, &["line 3, column d has \"soon\"", "YYYY-MM-DD"]);
    refuses("d,x\n1981-01-09,1\n,2\n", &one, &["line 3, column d has \"\""]);
    // Numbers are times only in the named time column.
    let text = "t,x\n2,1\n10,2\n9.5,3\n";
    assert_eq!(read(text, &one).columns.len(), 2);
    let named = SeriesOptions { time_column: Some("t".into()), ..one };
    refuses(text, &named, &["line 4, column t has \"9.5\" after \"10\" on line 3"]);
    assert_eq!(read("t,x\n2,1\n10,2\n10,3\n", &named).columns.len(), 1);
    refuses("t,x\n1,1\nNA,2\n", &named, &["line 3, column t has \"NA\"", "not a number"]);
}

#[test]
fn times_are_found_in_any_column_and_form() {
    let one = options(1, 1);
    let time = |text: &str, options: &SeriesOptions| {
        let series = read(text, options);
        let time = series.description().time.clone().unwrap_or_else(|| panic!("{text}"));
        assert!(time.checked, "{text}");
        (time.column, time.regularity.step.unwrap_or_default(), series.columns.len())
    };
    let found = |column: &str, step: &str| (column.to_owned(), step.to_owned(), 1);
    for (text, column, step) in [
        ("x,when\n1,2020-01-31\n2,2020-02-29\n3,2020-03-31\n4,2020-04-30\n", "when", "1 month"),
        ("x,d\n1,20100103 170000\n2,20100103 171000\n3,20100103 172000\n", "d", "10 minutes"),
        ("time,x\n1600000000000,1\n1600000060000,2\n1600000120000,3\n1600000180000,4\n", "time", "1 minute"),
        (
            "day,clock,x\n1/2/2020,23:00,1\n1/2/2020,23:30,2\n13/2/2020,0:00,3\n13/2/2020,0:30,4\n",
            "day,clock",
            "30 minutes",
        ),
        (
            "clock,d,at,x\n23:00,2020-02-01,A,1\n23:30,2020-02-01,A,2\n0:00,2020-02-02,B,3\n",
            "d,clock",
            "30 minutes",
        ),
        ("x;m\n1;Jan-2010\n2;Feb-2010\n3;Mar-2010\n", "m", "1 month"),
    ] {
        assert_eq!(time(text, &one), found(column, step), "{text}");
    }
    let given = |name: &str| SeriesOptions { time_column: Some(name.into()), ..options(1, 1) };
    let parts = "y,m,d,x\n2020,12,30,1\n2020,12,31,2\n2021,1,1,3\n";
    assert_eq!(time(parts, &given("y,m,d")), found("y,m,d", "1 day"));
    // Years alone are an input unless they are named.
    let years = "year,x\n1990,1\n1991,2\n1992,3\n";
    assert_eq!(read(years, &one).columns.len(), 2);
    assert_eq!(time(years, &given("year")), found("year", "1 year"));
    let ambiguous = "d,x\n02/04/2021,1\n03/04/2021,2\n04/04/2021,3\n";
    refuses(ambiguous, &one, &["column d", "02/04/2021", "--day-first"]);
    let day_first = SeriesOptions { day_first: Some(true), ..one };
    assert_eq!(time(ambiguous, &day_first), found("d", "1 day"));
}

#[test]
fn rows_are_sorted_on_request() {
    let text = "id,d,x\na,2020-01-03,3\nb,2020-01-02,20\na,2020-01-02,2\nb,2020-01-01,10\na,2020-01-01,1\n";
    let grouped = SeriesOptions { group_column: Some("id".into()), ..options(1, 1) };
    refuses(text, &grouped, &["line 4", "2020-01-02", "after \"2020-01-03\" on line 2", "--sort-time"]);
    let series = read(text, &SeriesOptions { sort_time: true, ..grouped });
    assert_eq!(originals(&series, Part::Train), [[1.0, 2.0, 3.0].as_slice(), &[10.0, 20.0]]);
    let segment = &series.segments(Part::Train)[0];
    assert_eq!([0, 1, 2].map(|row| series.line(segment, row)), [6, 4, 2]);
    let time = series.description().time.clone().unwrap();
    assert_eq!((time.first.as_str(), time.last.as_str()), ("2020-01-01", "2020-01-03"));
    // A sorted file is read as without sorting.
    let sorted = "d,x\n2020-01-01,1\n2020-01-02,2\n2020-01-03,NA\n";
    let sorting = SeriesOptions { sort_time: true, ..options(1, 1) };
    refuses(sorted, &sorting, &["line 4", "column x"]);
}

#[test]
fn no_window_spans_a_gap_unless_asked() {
    let rows = |days: &[u8]| days.iter().map(|day| format!("2020-01-{day:02},{day}\n")).collect::<String>();
    let text = format!("d,x\n{}", rows(&[1, 2, 3, 4, 9, 10, 11, 12]));
    let series = read(&text, &options(2, 1));
    assert_eq!(originals(&series, Part::Train), [[1.0, 2.0, 3.0, 4.0], [9.0, 10.0, 11.0, 12.0]]);
    assert_eq!(series.windows(Part::Train), 4);
    let regularity = series.description().time.clone().unwrap().regularity;
    assert_eq!((regularity.gaps, regularity.longest_gap), (1, Some((5.0, 6))));
    let notices = regularity.notices(Gaps::Split);
    assert!(
        notices.len() == 1 && notices[0].contains("1 gap, the longest of 5 steps before line 6"),
        "{notices:?}"
    );
    let with = |gaps| SeriesOptions { gaps, ..options(2, 1) };
    assert_eq!(read(&text, &with(Gaps::Ignore)).windows(Part::Train), 6);
    refuses(&text, &with(Gaps::Error), &["1 gap", "5 steps of 1 day before line 6", "--gaps split"]);
    // Weekends are no gaps in a series of weekdays; a dropped row beside a gap splits once.
    let weekdays = format!("d,x\n{}", rows(&[1, 2, 3, 6, 7, 8, 9, 10, 13, 14, 15]));
    assert_eq!(read(&weekdays, &options(2, 1)).windows(Part::Train), 9);
    let missing = text.replace("2020-01-09,9", "2020-01-09,NA");
    let series = read(missing, &SeriesOptions { missing: Missing::Drop, ..options(1, 1) });
    assert_eq!(originals(&series, Part::Train), [[1.0, 2.0, 3.0, 4.0].as_slice(), &[10.0, 11.0, 12.0]]);
    let repeated = "d,x\n2020-01-01,1\n2020-01-01,2\n2020-01-02,3\n2020-01-03,4\n";
    let regularity = read(repeated, &options(1, 1)).description().time.clone().unwrap().regularity;
    assert_eq!(regularity.duplicates, 1);
    assert!(regularity.notices(Gaps::Split)[0].contains("1 row has the time of the row before"));
}
