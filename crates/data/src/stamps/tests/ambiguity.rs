//! The order of day and month.

use super::super::{Options, Recognised, Stamps};
use super::with;

const OPEN: [&str; 3] = ["02/04/2021", "05/04/2021", "11/07/2021"];

#[test]
fn an_open_order_is_reported_with_both_readings() {
    let Recognised::Ambiguous(ambiguous) = Stamps::recognise(OPEN, &Options::default()).unwrap() else {
        panic!("both orders read all fields");
    };
    let text = "\"02/04/2021\" can be 2021-04-02 (DD/MM/YYYY) or 2021-02-04 (MM/DD/YYYY)";
    assert_eq!(ambiguous.to_string(), text);
    assert_eq!(ambiguous.first(), "02/04/2021");
    let Recognised::Ambiguous(three) =
        Stamps::recognise(["01/02/03", "03/02/09"], &Options::default()).unwrap()
    else {
        panic!("three orders");
    };
    assert_eq!(three.readings.len(), 3);
}

#[test]
fn the_option_decides() {
    for (day_first, form) in [(true, "DD/MM/YYYY"), (false, "MM/DD/YYYY")] {
        let stamps = with(OPEN, &Options { day_first: Some(day_first), ..Options::default() });
        assert_eq!(stamps.form(), form);
    }
    // A column that can only be read in the other order is read so.
    let stamps =
        with(["02/04/2021", "15/04/2021"], &Options { day_first: Some(false), ..Options::default() });
    assert_eq!(stamps.form(), "DD/MM/YYYY");
}

#[test]
fn one_late_field_decides_for_the_whole_column() {
    let mut column = vec!["02/04/2021"; 500];
    column.push("15/01/2022");
    let Recognised::Times(stamps) = Stamps::recognise(column, &Options::default()).unwrap() else {
        panic!("there is no month 15");
    };
    assert_eq!(stamps.form(), "DD/MM/YYYY");
}

#[test]
fn equal_steps_decide() {
    // Monthly, if the day is first; else twelve days of each January.
    let months: Vec<String> = (0..26).map(|i| format!("01/{:02}/{}", i % 12 + 1, 2020 + i / 12)).collect();
    let Recognised::Times(stamps) =
        Stamps::recognise(months.iter().map(String::as_str), &Options::default()).unwrap()
    else {
        panic!("only one order is regular");
    };
    assert_eq!(stamps.form(), "DD/MM/YYYY");
    // Hourly over five days.
    let hours: Vec<String> =
        (0..120).map(|i| format!("02/{:02}/2021 {:02}:00", i / 24 + 1, i % 24)).collect();
    let Recognised::Times(stamps) =
        Stamps::recognise(hours.iter().map(String::as_str), &Options::default()).unwrap()
    else {
        panic!("only one order is regular");
    };
    assert_eq!(stamps.form(), "MM/DD/YYYY hh:mm");
    // In order only if the year is last.
    let short =
        ["01/02/03", "02/02/03", "04/02/03", "08/02/03", "09/02/03", "12/02/03", "01/03/03", "05/03/03"];
    let Recognised::Times(stamps) = Stamps::recognise(short, &Options::default()).unwrap() else {
        panic!("only one order is ascending");
    };
    assert_eq!(stamps.form(), "DD/MM/YY");
    // Three monthly series below each other.
    let panel = months.iter().chain(&months).chain(&months).map(String::as_str);
    let Recognised::Times(stamps) = Stamps::recognise(panel, &Options::default()).unwrap() else {
        panic!("only one order is regular");
    };
    assert_eq!(stamps.form(), "DD/MM/YYYY");
    // Twelve rows are twelve days as well as twelve months.
    let open = Stamps::recognise(months[..12].iter().map(String::as_str), &Options::default()).unwrap();
    assert!(matches!(open, Recognised::Ambiguous(_)));
}
