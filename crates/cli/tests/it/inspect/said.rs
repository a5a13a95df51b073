//! What a user says about the data: the columns, the time column and the encoding; and steps with times.

use super::{notes, runs, works};
use crate::test_dir::TestDir;

/// A table with these names and 40 rows.
fn table(names: &str, row: impl Fn(usize) -> String) -> String {
    format!("{names}\n{}", (0..40).map(|i| row(i) + "\n").collect::<String>())
}

fn value(i: usize) -> f64 {
    (i * 3 % 11) as f64 * 0.5
}

#[test]
fn columns_and_the_time_column_may_be_said() {
    let dir = TestDir::new();
    dir.write("year.csv", table("year,x,y", |i| format!("{},{},{}", 1960 + i, value(i), value(i + 3))));
    let command = |flags: &str| {
        let found = dir.json(&format!("inspect year.csv --json {flags}"));
        let command = found["command"].as_str().expect("a command").to_owned();
        runs(&dir, &command);
        (command, notes(&found))
    };
    let (some, _) = command("--columns x");
    assert!(some.contains("--columns x --target x") && some.contains("--time-column year"), "{some}");
    // A column that looks like a time is an input.
    let (none, notes) = command("--time-column none");
    assert!(none.ends_with("--time-column none") && !notes.contains("time column"), "{none} {notes}");
    let (all, _) = command("--columns year,y --time-column none");
    assert!(all.contains("--columns year,y --target y"), "{all}");
    dir.bad("inspect year.csv --columns z", &["no column \"z\"", "--columns", "year, x, y"]);
    // A column may have this name.
    dir.write("none.csv", table("none,x", |i| format!("{i},{}", value(i))));
    let found = dir.json("inspect none.csv --time-column none --json");
    assert_eq!(found["time"]["column"], "none");
    dir.good("train --series none.csv --time-column none --window 4 --hidden 4 --steps 2 --out named");
    assert!(dir.printed("predict named --input none.csv").starts_with("line,none,step,"));
}

#[test]
fn an_encoding_may_be_said() {
    let dir = TestDir::new();
    let steps = table("id,höhe,label", |i| format!("{},{},{}", i / 4, value(i), ["ä", "b"][i / 4 % 2]));
    let latin = |text: &str| -> Vec<u8> { text.chars().map(|c| c as u32 as u8).collect() };
    dir.write("steps.csv", latin(&steps));
    dir.write("rows.csv", latin(&table("höhe,x", |i| format!("{},{}", value(i), value(i + 2)))));
    dir.write("text.txt", latin(&"Grüße aus Köln.\n".repeat(200)));
    for (file, begin) in [("steps.csv", "--labelled"), ("rows.csv", "--series"), ("text.txt", "--text")] {
        let found = dir.json(&format!("inspect {file} --encoding windows-1252 --json"));
        let command = found["command"].as_str().expect("a command");
        assert!(command.contains(&format!("{begin} {file} --encoding windows-1252")), "{command}");
        runs(&dir, command);
    }
}

#[test]
fn times_of_steps_are_left_out() {
    let dir = TestDir::new();
    let row = |i: usize| {
        let label = ["up", "down"][i / 4 % 2];
        format!("2024-03-{:02} {:02}:00,s{},{},{},{label}", 1 + i / 24, i % 24, i / 4, value(i), value(i + 5))
    };
    dir.write("steps.csv", table("time,subject,x,y,label", row));
    let found = works(&dir, "steps.csv");
    let command = found["command"].as_str().expect("a command");
    assert!(command.ends_with("--labelled steps.csv --id-column subject"), "{command}");
    assert!(notes(&found).contains("time has the times of the rows and is not read as an input"));
    let small = "--hidden 4 --steps 2 --threads 1";
    dir.good(&format!("train --labelled steps.csv --id-column subject {small} --out sorted"));
    // Two steps of one sequence change places.
    let swap = |i: usize| row(if i == 5 || i == 6 { 11 - i } else { i });
    dir.write("swapped.csv", table("time,subject,x,y,label", swap));
    let parts =
        ["swapped.csv: line 8", "\"2024-03-01 05:00\" after \"2024-03-01 06:00\" on line 7", "--sort-time"];
    dir.bad("inspect swapped.csv", &parts);
    dir.bad(&format!("train --labelled swapped.csv --id-column subject {small} --out swapped"), &parts);
    let found = dir.json("inspect swapped.csv --sort-time --json");
    let command = found["command"].as_str().expect("a command");
    assert!(command.contains("--id-column subject --sort-time true"), "{command}");
    dir.good(&format!("train --labelled swapped.csv --id-column subject --sort-time {small} --out swapped"));
    let predicted = |run: &str, file: &str| dir.printed(&format!("predict {run} --input {file}"));
    assert_eq!(predicted("swapped", "swapped.csv"), predicted("sorted", "steps.csv"));
}

#[test]
fn columns_without_a_value_are_named_with_the_way_out() {
    let dir = TestDir::new();
    dir.write("x.csv", table("x,k,y", |i| format!("{},,{}", value(i), value(i + 5))));
    dir.write("full.csv", table("x,k,y", |i| format!("{},{},{}", value(i), i % 5, value(i + 5))));
    let small = "--window 4 --hidden 4 --steps 2 --threads 1";
    for missing in ["", "--missing interpolate", "--missing drop"] {
        let line = format!("train --series x.csv {small} {missing} --out run");
        dir.bad(&line, &["column k has no value in any row", "--columns x,y"]);
    }
    dir.good(&format!("train --series x.csv --columns x,y {small} --out run"));
    dir.good(&format!("train --series full.csv {small} --out full"));
    dir.bad("predict full --input x.csv", &["column k, which the model reads, has no value in any row"]);
}
