use super::super::clock::{Clock, Form};
use super::super::{Gaps, Missing, Part, Series, SeriesOptions};
use crate::stamps::{Feature, Step};

/// A file with the column `head` of times, and a value of each row.
fn file<'a>(head: &str, times: impl IntoIterator<Item = &'a str>) -> String {
    let rows = times.into_iter().enumerate().map(|(i, time)| format!("{time},{}\n", i * i % 7));
    format!("{head},y\n{}", rows.collect::<String>())
}

fn options() -> SeriesOptions {
    SeriesOptions::new("x.csv", 1, 1)
}

/// The series to be forecast.
fn read(text: &str, options: &SeriesOptions) -> Series {
    Series::to_predict(options, Some(Box::new(std::io::Cursor::new(text.to_owned())))).unwrap()
}

/// The times of the last row and of those after it.
fn following(series: &Series, count: usize) -> Vec<String> {
    let segment = series.segments(Part::Train).last().unwrap();
    let clock = series.clock().unwrap();
    let time = |row| clock.write(&series.time(segment, row).expect("a time")).join(" ");
    (segment.rows.len() - 1..segment.rows.len() + count).map(time).collect()
}

#[test]
fn the_rows_ahead_have_times_of_the_calendar() {
    for (head, times, expected) in [
        (
            "d",
            &["2020-01-31", "2020-02-29", "2020-03-31"][..],
            &["2020-03-31", "2020-04-30", "2020-05-31"][..],
        ),
        ("d", &["Jan-2020", "Feb-2020", "Mar-2020"], &["Mar-2020", "Apr-2020", "May-2020"]),
        ("year", &["1998", "1999"], &["1999", "2000", "2001"]),
        (
            "year,quarter",
            &["2019,3", "2019,4", "2020,1"],
            &["2020 1", "2020 2", "2020 3", "2020 4", "2021 1"],
        ),
        ("Year,Qtr", &["2019,Q3", "2019,Q4", "2020,Q1"], &["2020 Q1", "2020 Q2"]),
        ("year,week", &["2020,51", "2020,52", "2020,53"], &["2020 53", "2021 01", "2021 02"]),
        ("year,week", &["2021,8", "2021,9", "2021,10"], &["2021 10", "2021 11"]),
        ("week,year", &["07,2021", "08,2021", "09,2021"], &["09 2021", "10 2021"]),
        ("year,month", &["2020,1", "2020,2", "2020,3"], &["2020 3", "2020 4"]),
        ("year,month", &["2020,Jan", "2020,Feb", "2020,Mar"], &["2020 Mar", "2020 Apr"]),
        ("seconds", &["0", "0.1", "0.2", "0.3"], &["0.3", "0.4", "0.5"]),
        ("row", &["17", "18"], &["18", "19", "20"]),
        ("d", &["30/12/2020", "31/12/2020"], &["31/12/2020", "01/01/2021", "02/01/2021"]),
        ("t", &["1609459200", "1609459260"], &["1609459260", "1609459320", "1609459380"]),
        (
            "d,t",
            &["2021-01-01,23:40", "2021-01-01,23:50"],
            &["2021-01-01 23:50", "2021-01-02 00:00", "2021-01-02 00:10"],
        ),
        (
            "t",
            &["2021-01-01T23:00:00+01:00", "2021-01-02T00:00:00+01:00"],
            &["2021-01-02T00:00:00+01:00", "2021-01-02T01:00:00+01:00"],
        ),
    ] {
        let time_column = Some(head.to_owned());
        let series = read(&file(head, times.iter().copied()), &SeriesOptions { time_column, ..options() });
        assert_eq!(following(&series, expected.len() - 1), expected, "{times:?}");
        let clock = series.clock().unwrap();
        let again: Clock = serde_json::from_str(&serde_json::to_string(clock).unwrap()).unwrap();
        assert_eq!(&again, clock);
    }
}

#[test]
fn weekdays_stay_weekdays_where_a_model_knows_them() {
    let weeks =
        ["04", "05", "06", "07", "08", "11", "12", "13", "14", "15", "18"].map(|d| format!("2021-01-{d}"));
    let long = read(&file("d", weeks.iter().map(String::as_str)), &options());
    assert!(matches!(long.clock().unwrap().form(), Form::Dates(_, Some(Step::Weekdays))));
    // One week alone could be daily; with the model's clock, Monday follows Friday.
    let week = file("d", weeks[..5].iter().map(String::as_str));
    assert_eq!(following(&read(&week, &options()), 1), ["2021-01-08", "2021-01-09"]);
    let learned = SeriesOptions { clock: long.clock().cloned(), ..options() };
    assert_eq!(following(&read(&week, &learned), 1), ["2021-01-08", "2021-01-11"]);
    assert_eq!(following(&read(&file("d", ["2021-01-15"]), &learned), 1), ["2021-01-15", "2021-01-18"]);
    // A file of another step keeps its own.
    let hours = ["2021-01-04 05:00", "2021-01-04 06:00", "2021-01-04 07:00"];
    assert_eq!(following(&read(&file("d", hours), &learned), 1), ["2021-01-04 07:00", "2021-01-04 08:00"]);
    // The model's form decides what 02/04/2021 is.
    let form = read(&file("d", ["30/12/2020", "31/12/2020"]), &options()).clock().cloned();
    let learned = SeriesOptions { clock: form, ..options() };
    let days = file("d", ["02/04/2021", "03/04/2021"]);
    assert_eq!(following(&read(&days, &learned), 1), ["03/04/2021", "04/04/2021"]);
    assert!(Series::read(&options(), days.as_bytes()).unwrap_err().to_string().contains("--day-first"));
}

#[test]
fn rows_of_the_file_have_their_own_times() {
    let text = file("d", ["2021-01-03", "2021-01-01", "2021-01-05", "2021-01-02", "2021-01-08"]);
    let series = read(&text, &SeriesOptions { sort_time: true, gaps: Gaps::Ignore, ..options() });
    let segment = &series.segments(Part::Train)[0];
    let time = |row| series.clock().unwrap().write(&series.time(segment, row).unwrap()).concat();
    assert_eq!(
        (0..5).map(time).collect::<Vec<_>>(),
        ["2021-01-01", "2021-01-02", "2021-01-03", "2021-01-05", "2021-01-08"]
    );
    // Dropped rows take their times with them.
    let text = "d,y\n2021-01-01,1\n2021-01-02,\n2021-01-03,2\n2021-01-04,3\n";
    let series = read(text, &SeriesOptions { missing: Missing::Drop, ..options() });
    assert_eq!(following(&series, 1), ["2021-01-04", "2021-01-05"]);
    let first = series.time(&series.segments(Part::Train)[0], 1).unwrap();
    assert_eq!(series.clock().unwrap().write(&first), ["2021-01-02"]);
    // Times that jump have no usual distance.
    let series =
        read(&file("d", ["2021-01-01", "2021-01-02", "2021-01-09", "2021-03-01", "2021-03-05"]), &options());
    assert!(!series.clock().unwrap().is_regular());
    assert_eq!(series.time(series.segments(Part::Train).last().unwrap(), 9), None);
    // Those that are about equal have the median.
    let times = (0..12).map(|i| format!("2021-01-01 00:{i:02}:{:02}", [0, 2, 5, 1, 3, 4][i % 6]));
    let times: Vec<String> = times.collect();
    let series = read(&file("d", times.iter().map(String::as_str)), &options());
    assert_eq!(following(&series, 1), ["2021-01-01 00:11:04", "2021-01-01 00:12:06"]);
    let numbers = ["0", "1.1", "2", "3.3", "4.2", "5.4", "6.2"];
    let series = read(&file("n", numbers), &SeriesOptions { time_column: Some("n".into()), ..options() });
    assert_eq!(following(&series, 1), ["6.2", "7.1"]);
}

#[test]
fn rows_of_another_usual_distance_than_in_training_are_told() {
    let clock =
        |times: &[&str]| read(&file("d", times.iter().copied()), &options()).clock().cloned().unwrap();
    let hourly = clock(&["2021-01-01 00:00", "2021-01-01 01:00", "2021-01-01 02:00"]);
    let sixth = clock(&["2021-01-01 00:00", "2021-01-01 06:00", "2021-01-01 12:00"]);
    let text = sixth.differs(&hourly).expect("six hours are not one");
    assert!(text.starts_with("rows are 6 hours apart, but 1 hour in the training data"), "{text}");
    assert_eq!((hourly.differs(&hourly), sixth.differs(&sixth)), (None, None));
}

#[test]
fn rows_that_are_dropped_at_the_end_are_counted() {
    let text = "d,y\n2021-01-01,\n2021-01-02,1\n2021-01-03,2\n2021-01-04,\n2021-01-05,\n";
    let series = read(text, &SeriesOptions { missing: Missing::Drop, ..options() });
    assert_eq!(series.dropped_at_end(0), 2);
    assert_eq!(read(&file("d", ["2021-01-01", "2021-01-02"]), &options()).dropped_at_end(0), 0);
}

#[test]
fn the_calendar_is_read_beside_the_columns() {
    let calendar = vec![Feature::Hour, Feature::Month];
    let text = file("d", ["2021-01-01 06:00", "2021-01-01 12:00", "2021-01-01 18:00", "2021-01-02 00:00"]);
    let series = Series::read(&SeriesOptions { calendar, ..options() }, text.as_bytes()).unwrap();
    let names: Vec<&str> = series.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["y", "sin:hour", "cos:hour", "sin:month", "cos:month"]);
    assert_eq!((series.measured().len(), &series.targets[..], series.windows(Part::Train)), (1, &[0][..], 3));
    let scaling = series.scaling();
    assert_eq!((&scaling.mean[1..], &scaling.std[1..]), (&[0.0; 4][..], &[1.0; 4][..]));
    let rows = series.values(&series.segments(Part::Train)[0]);
    let near = |row: usize, hour: [f32; 2]| {
        let found = &rows[5 * row + 1..][..4];
        let expected = [hour[0], hour[1], 0.0, 1.0];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {expected:?}");
    };
    near(0, [1.0, 0.0]);
    near(1, [0.0, -1.0]);
    near(3, [0.0, 1.0]);
    assert_eq!((series.description().columns.len(), series.shifts().len()), (1, 0));
}

#[test]
fn a_calendar_without_dates_is_refused() {
    let refused = |text: &str, feature: Feature, parts: &[&str]| {
        let calendar = vec![feature];
        let error = Series::read(&SeriesOptions { calendar, ..options() }, text.as_bytes()).unwrap_err();
        let error = error.to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    };
    refused("x,y\n1.5,2\n2.5,3\n", Feature::Month, &["x.csv", "has no column of times", "--time-column"]);
    let days = file("d", ["2021-01-01", "2021-01-02"]);
    refused(&days, Feature::Hour, &["no time of day in the time column d", "leave hour out"]);
    let named = file("sin:month", ["1", "2"]).replace("y", "d");
    let named = named
        .lines()
        .map(|line| format!("{line},{}\n", if line.contains('d') { "t" } else { "2021-01-01" }))
        .collect::<String>();
    refused(&named, Feature::Month, &["sin:month", "rename the column"]);
    let clock =
        SeriesOptions { time_column: Some("t".into()), calendar: vec![Feature::Weekday], ..options() };
    let error =
        Series::read(&clock, file("t", ["10:00", "10:05", "10:10"]).as_bytes()).unwrap_err().to_string();
    assert!(error.contains("no date in the time column t") && error.contains("DATE,TIME"), "{error}");
}

#[test]
fn times_of_day_alone_do_not_sort_rows() {
    let text = file("t", ["23:50", "00:00", "00:10", "00:20"]);
    let named = SeriesOptions { time_column: Some("t".into()), ..options() };
    assert_eq!(following(&read(&text, &named), 1), ["00:20", "00:30"]);
    let sorted = SeriesOptions { sort_time: true, ..named };
    let error = Series::read(&sorted, text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("x.csv: column t") && error.contains("--time-column DATE,TIME"), "{error}");
}

#[test]
fn numbers_have_gaps_and_usual_distances() {
    let seconds = file("s", ["0", "0.1", "0.2", "0.5", "0.6", "0.7", "0.7", "0.82"]);
    let options = SeriesOptions { time_column: Some("s".into()), ..options() };
    let series = read(&seconds, &options);
    assert_eq!(series.segments(Part::Train).iter().map(|s| s.rows.clone()).collect::<Vec<_>>(), [0..3, 3..8]);
    let found = &series.description().time.as_ref().unwrap().regularity;
    assert_eq!((found.gaps, found.duplicates, found.irregular), (1, 1, 1));
    let notices = found.notices(options.gaps);
    assert!(
        notices[0].contains("rows are 0.1 apart, with 1 gap, the longest of 3 steps before line 5"),
        "{notices:?}"
    );
    let error = Series::read(&SeriesOptions { gaps: Gaps::Error, ..options }, seconds.as_bytes())
        .unwrap_err()
        .to_string();
    assert!(error.contains("3 steps of 0.1 before line 5"), "{error}");
}
