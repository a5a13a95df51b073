//! Forecasts have the times of the rows that they predict, and models read the calendar.

use std::fmt::Write;

use serde_json::Value;

use super::data::{SMALL, number};
use crate::test_dir::TestDir;

/// A value that swings with the row.
fn value(row: usize) -> f64 {
    100.0 + 10.0 * (row as f64 * 0.5).sin() + (row % 3) as f64
}

fn months(from: usize, count: usize) -> String {
    let row = |i: usize| format!("{}-{:02},{:.3}\n", 2010 + i / 12, i % 12 + 1, value(i));
    "Month,sales\n".to_owned() + &(from..from + count).map(row).collect::<String>()
}

/// Rows an hour apart, with a date and a time of day in two columns, and two values.
fn hours(count: usize) -> String {
    let mut text = "date,clock,flow,level\n".to_owned();
    for i in 0..count {
        let (day, hour) = (1 + i / 24, i % 24);
        let busy = if (8..18).contains(&hour) { 20.0 } else { 0.0 };
        writeln!(text, "{day:02}.03.2021,{hour:02}:00,{:.3},{:.3}", value(i), busy + value(i + 1))
            .expect("text");
    }
    text
}

/// The hour of a row whose distance to the row before is 1 to 4 hours.
fn uneven(row: usize) -> usize {
    1 + row / 4 * 10 + [0, 1, 3, 6][row % 4]
}

fn texts<'a>(rows: &'a [Value], column: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[column].as_str().unwrap_or("-")).collect()
}

#[test]
fn forecasts_have_times() {
    let dir = TestDir::new();
    dir.write("months.csv", months(0, 72));
    dir.printed(&format!(
        "train --series months.csv --window 6 --horizon 2 --valid-fraction 0 {SMALL} --out run"
    ));
    let csv = dir.printed("predict run --input months.csv");
    assert!(csv.starts_with("line,Month,step,forecast:sales\n73,2016-01,1,"), "{csv}");
    let last = dir.rows("predict run --input months.csv");
    assert_eq!(texts(&last, "Month"), ["2016-01", "2016-02"]);
    // Windows before the end have the times of the rows that followed them.
    let every = dir.rows("predict run --input months.csv --every");
    assert_eq!(texts(&every[..4], "Month"), ["2010-07", "2010-08", "2010-08", "2010-09"]);
    let ends = &every[every.len() - 4..];
    assert_eq!(texts(ends, "Month"), ["2015-12", "2016-01", "2016-01", "2016-02"]);
    assert!(ends[0]["actual:sales"].is_number() && ends[1]["actual:sales"].is_null());
    // A single window, and a checkpoint without its run.
    dir.write("few.csv", months(100, 6));
    let few = dir.rows("predict run/checkpoints/last.safetensors --input few.csv");
    assert_eq!(texts(&few, "Month"), ["2018-11", "2018-12"]);

    let window: String = months(66, 6).lines().skip(1).map(|line| format!("{line}\n")).collect();
    let answers = dir.streamed("predict run", &window);
    let answer = answers.last().expect("an answer");
    assert_eq!((&answer["Month+1"], &answer["Month+2"]), (&"2016-01".into(), &"2016-02".into()));
    for (step, row) in last.iter().enumerate() {
        let whole = number(row, "forecast:sales");
        assert!((number(answer, &format!("forecast:sales+{}", step + 1)) - whole).abs() < 1e-4 * whole);
    }
    let named = dir.streamed("predict run", "sales,Month\n101,2019-12\n\n99,2019-01\n");
    assert_eq!(texts(&named, "Month+1"), ["2020-01", "2019-02"]);
    let without = dir.streamed("predict run", "101\n99\n");
    assert_eq!((without.len(), &without[0]["Month+1"]), (2, &Value::Null));
    let header = dir.printed_on("predict run --stream", "");
    assert_eq!(header, "line,step,Month+1,forecast:sales+1,Month+2,forecast:sales+2\n");
    for (input, parts) in [
        ("2019-12,101\n2019-11,101\n", &["line 2", "\"2019-11\" is before"][..]),
        ("2019-12,101\nMay 2019,101\n", &["line 2", "\"May 2019\" is not a time", "2021-11"]),
        ("2019-12,101\n5\n", &["line 2", "1 value instead of 2", "Month, sales"]),
    ] {
        dir.bad_on("predict run --stream", input, parts);
    }
}

#[test]
fn forecasts_without_a_usual_distance_say_so_once() {
    let dir = TestDir::new();
    let row = |i: usize| format!("{},{:.3}\n", 1_600_000_000 + 3600 * uneven(i), value(i));
    let text = "at,y\n".to_owned() + &(0..60).map(row).collect::<String>();
    dir.write("odd.csv", &text);
    dir.printed(&format!("train --series odd.csv --time-column at --window 4 --horizon 2 {SMALL} --out run"));
    let output = dir.run_on("predict run --input odd.csv", "");
    let (csv, note) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // The time of the last row that was read is not that of a forecast.
    assert!(csv.starts_with("line,at,step,forecast:y\n"), "{csv}");
    let times: Vec<&str> = csv.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(times, ["", ""], "{csv}");
    assert_eq!(note.matches("no usual distance in column at").count(), 1, "{note}");
    let streamed = dir.run_on("predict run --stream", "1\n");
    let (csv, note) = (String::from_utf8_lossy(&streamed.stdout), String::from_utf8_lossy(&streamed.stderr));
    assert!(
        csv.starts_with("line,step,forecast:y+1,") && note.contains("forecasts have no times"),
        "{csv} {note}"
    );
}

#[test]
fn a_model_reads_the_calendar_of_the_rows_ahead() {
    let dir = TestDir::new();
    dir.write("all.csv", hours(200));
    let common = format!(
        "train --series all.csv --time-column date,clock --calendar hour,weekday --window 9 --valid-fraction 0.2 {SMALL}"
    );
    for (run, how, ahead) in [("direct", "--horizon 4", 4), ("recursive", "--recursive true --horizon 5", 5)]
    {
        dir.printed(&format!("{common} {how} --out {run}"));
        let last = dir.rows(&format!("predict {run} --input all.csv"));
        assert_eq!(
            (last.len(), &last[0]["date"], &last[0]["clock"]),
            (ahead, &"09.03.2021".into(), &"08:00".into())
        );
        assert!(last[0].as_object().expect("an object").keys().all(|name| !name.contains("sin:")));
        let bare = dir.rows(&format!("predict {run}/checkpoints/best.safetensors --input all.csv"));
        assert_eq!(bare, last);
        // The mean absolute error of the windows with all that follows is eval's.
        let every = dir.rows(&format!("predict {run} --input all.csv --every"));
        let judged = dir.json(&format!("eval {run} --series all.csv --json"));
        let whole: Vec<&[Value]> = every
            .chunks(ahead)
            .filter(|rows| rows.iter().all(|row| row["actual:level"].is_number()))
            .collect();
        assert_eq!(whole.len(), 200 - 9 - ahead + 1);
        for step in 0..ahead {
            let error = |rows: &&[Value]| {
                (number(&rows[step], "forecast:level") - number(&rows[step], "actual:level")).abs()
            };
            let mae = whole.iter().map(error).sum::<f64>() / whole.len() as f64;
            let found = number(&judged["model"]["level"]["steps"][step], "mae");
            assert!((mae - found).abs() < 1e-4 * found, "{run}, {step}: {mae} and {found}");
        }
        // The last window as a stream says what the window says; beyond a pass it keeps its first row, and may differ.
        let window: String = hours(200).lines().skip(1 + 200 - 9).map(|line| format!("{line}\n")).collect();
        let answers = dir.streamed(&format!("predict {run}"), window);
        let answer = answers.last().expect("an answer");
        for (step, row) in last.iter().enumerate() {
            let ahead = step + 1;
            assert_eq!(answer[format!("clock+{ahead}")], row["clock"]);
            let (streamed, whole) =
                (number(answer, &format!("forecast:level+{ahead}")), number(row, "forecast:level"));
            let tolerance = if run == "direct" || step == 0 { 1e-5 } else { 0.05 };
            assert!(
                (streamed - whole).abs() < tolerance * whole.abs(),
                "{run}, {step}: {streamed} and {whole}"
            );
        }
        dir.bad_on(
            &format!("predict {run} --stream"),
            "1,2\n",
            &["line 1", "reads the calendar", "date, clock"],
        );
        dir.bad_on(&format!("predict {run} --stream"), "flow,level\n1,2\n", &["reads the calendar"]);
    }
    // The calendar changes what the model says, and is part of the run.
    let config = std::fs::read_to_string(dir.root().join("recursive/config.toml")).expect("a file");
    assert!(config.contains("calendar = \"hour,weekday\""), "{config}");
    let shown = dir.printed("inspect direct");
    assert!(shown.contains("sin:hour"), "{shown}");
    dir.write("later.csv", hours(200).replace(".03.2021", ".04.2021"));
    let (march, april) =
        (dir.rows("predict direct --input all.csv"), dir.rows("predict direct --input later.csv"));
    assert_ne!(march[0]["forecast:level"], april[0]["forecast:level"]);
    dir.printed("probe direct --limit none");
    dir.printed("train --resume --out direct --steps 45");
    let plain = hours(200)
        .lines()
        .map(|line| line.split_once(',').expect("a comma").1.to_owned() + "\n")
        .collect::<String>();
    dir.write("plain.csv", plain);
    for (line, parts) in [
        (
            "predict direct --input plain.csv --time-column clock",
            &["no date in the time column clock", "weekday"][..],
        ),
        (
            "train --series plain.csv --columns flow,level --calendar hours --out x",
            &["--calendar hours", "did you mean hour?"],
        ),
        (
            "train --series all.csv --time-column date --day-first true --calendar hour --out x",
            &["no time of day in the time column date"],
        ),
        ("train --text all.csv --calendar hour --out x", &["--calendar hour: applies to --series only"]),
        (
            "train --series all.csv --from direct --calendar month --window 9 --horizon 4 --out x",
            &["--calendar month", "hour,weekday"],
        ),
    ] {
        dir.bad_on(line, "", parts);
    }
    // Without a usual distance, the calendar of the rows ahead is not known.
    let (all, kept) = (hours(200), |i: usize| i == 0 || (0..60).any(|row| uneven(row) == i));
    let odd = all.lines().enumerate().filter(|(i, _)| kept(*i)).map(|(_, line)| format!("{line}\n"));
    dir.write("odd.csv", odd.collect::<String>());
    dir.bad_on(
        "predict recursive --input odd.csv",
        "",
        &["odd.csv", "no usual distance in time", "--recursive"],
    );
    assert_eq!(dir.rows("predict direct --input odd.csv").len(), 4);
}

#[test]
fn forecasts_say_what_their_times_and_their_rows_are() {
    let dir = TestDir::new();
    let time = |minutes: usize| {
        format!("2024-03-{:02} {:02}:{:02}", 1 + minutes / 1440, minutes / 60 % 24, minutes % 60)
    };
    let rows = |times: &mut dyn Iterator<Item = usize>| {
        "time,y\n".to_owned()
            + &times.map(|at| format!("{},{:.3}\n", time(at), value(at))).collect::<String>()
    };
    dir.write("all.csv", rows(&mut (0..60).map(|i| i * 60)));
    dir.printed(&format!("train --series all.csv --window 8 --horizon 1 {SMALL} --out run"));
    let noted = |line: &str| {
        let output = dir.run_on(line, "");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    // Rows of another usual distance.
    dir.write("six.csv", rows(&mut (0..60).map(|i| i * 360)));
    let (_, note) = noted("predict run --input six.csv");
    assert!(
        note.contains("note: six.csv: rows are 6 hours apart, but 1 hour in the training data"),
        "{note}"
    );
    let (_, note) = noted("predict run --input all.csv");
    assert!(!note.contains("note:"), "{note}");
    // About equal distances have a time ahead.
    dir.write("jitter.csv", rows(&mut (0..60).map(|i| i * 60 + [0, 2, 1][i % 3])));
    let (csv, note) = noted("predict run --input jitter.csv");
    assert!(csv.contains(",2024-03-03 12:0") && !note.contains("note:"), "{csv} {note}");
    // The last rows were dropped.
    let lacking = rows(&mut (0..60).map(|i| i * 60));
    let lacking: Vec<String> = lacking
        .lines()
        .enumerate()
        .map(|(i, line)| match i {
            58.. => line.split(',').next().unwrap_or_default().to_owned() + ",\n",
            _ => line.to_owned() + "\n",
        })
        .collect();
    dir.write("lacking.csv", lacking.concat());
    let (csv, note) = noted("predict run --input lacking.csv --missing drop");
    assert!(note.contains("the last 3 rows lack a value and were dropped: the forecast is for after line 58 (2024-03-03 08:00)"), "{note}");
    assert!(csv.contains("58,2024-03-03 09:00,1,"), "{csv}");
    // Too few rows after a late gap.
    dir.write("late.csv", rows(&mut (0..60).map(|i| if i < 55 { i * 60 } else { i * 60 + 3000 })));
    dir.bad_on(
        "predict run --input late.csv",
        "",
        &["the rows after the last gap, from line 57, are 5 rows", "reads 8", "--gaps ignore"],
    );
    let (csv, _) = noted("predict run --input late.csv --gaps ignore");
    assert_eq!(csv.lines().count(), 2, "{csv}");
}
