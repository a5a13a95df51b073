//! Lines around the rows: what a stream skips as a file does, names that are numbers, and the digits of observed values.

use super::data::{SMALL, near, number};
use crate::test_dir::TestDir;

fn y(i: usize) -> f64 {
    20.5 + (i * 2 % 7) as f64 * 0.5
}

/// Rows of a time and two numbers.
fn logged(rows: std::ops::Range<usize>) -> String {
    let row = |i: usize| {
        format!("\"2024-03-{:02} {:02}:00:00\",{},{}\n", 1 + i / 24, i % 24, (i * 3 % 11) as f64 * 0.5, y(i))
    };
    rows.map(row).collect()
}

#[test]
fn a_stream_skips_what_a_file_skips() {
    let dir = TestDir::new();
    let head = "\"TOA5\",\"Hill\",\"CR1000\",\"1234\"\n\"TIMESTAMP\",\"x\",\"y\"\n\"TS\",\"Volts\",\"Deg C\"\n\"\",\"Avg\",\"Avg\"\n";
    dir.write("logger.csv", head.to_owned() + &logged(0..60));
    dir.printed(&format!("train --series logger.csv --window 4 {SMALL} --out run"));
    let plain = dir.streamed("predict run", logged(0..6));
    let answers = |input: String| {
        let output = dir.run_on("predict run --stream --json", input);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
        (super::rows(&String::from_utf8_lossy(&output.stdout)), stderr)
    };
    let comment = "# the sensor, which was, then, moved\n";
    let (whole, notes) = answers(head.to_owned() + &logged(0..2) + comment + &logged(2..6) + ",,\n,,,\n");
    assert_eq!((whole.len(), notes.matches("not read").count()), (6, 2), "{notes}");
    assert!(notes.contains("note: line 3 has the units of the columns or other words: not read"), "{notes}");
    assert_eq!(whole[2]["line"], 8);
    near(&whole[5], &plain[5], &["forecast:"]);
    // The names and what is below them, without the first line.
    let (names, _) = answers(head.split_once('\n').expect("a line").1.to_owned() + &logged(0..6));
    near(&names[5], &plain[5], &["forecast:"]);
    // A third line of words is none, and a row of separators before another row lacks values.
    let third = head.to_owned() + "\"\",\"Smp\",\"Smp\"\n" + &logged(0..2);
    dir.bad_on("predict run --stream", third, &["line 5: \"Smp\" (channel \"x\") is not a number"]);
    let inside = logged(0..2) + ",,\n" + &logged(2..3);
    dir.bad_on("predict run --stream", inside, &["line 3: the value of channel \"x\" is missing"]);
    let fields = head.to_owned() + "\"2024-03-01 00:00:00\",1\n";
    dir.bad_on("predict run --stream", fields, &["line 5 has 2 fields, but line 2 names 3"]);
}

#[test]
fn names_that_are_numbers_are_known_to_the_model() {
    let dir = TestDir::new();
    let table = |names: &str, rows: usize| {
        let row = |i: usize| format!("{}.5,{:.1}\n", i * 3 % 11, y(i) + 0.3);
        format!("{names}\n{}", (0..rows).map(row).collect::<String>())
    };
    // Such names may be values, so a flag says that they are names; the others are recognised.
    for (names, flag) in [("4,22", "--header"), ("0,1", "")] {
        dir.write("all.csv", table(names, 60));
        dir.write("few.csv", table(names, 6));
        dir.printed(&format!("train --series all.csv --window 4 {flag} {SMALL} --out {names}"));
        let run = format!("predict {names}");
        let bare = format!("predict {names}/checkpoints/best.safetensors");
        let (whole, few) =
            (dir.rows(&format!("{run} --input all.csv")), dir.rows(&format!("{run} --input few.csv")));
        assert_eq!((whole.len(), &few[0]["line"]), (1, &7.into()));
        assert_eq!(
            (dir.rows(&format!("{bare} --input all.csv")), dir.rows(&format!("{bare} --input few.csv"))),
            (whole, few)
        );
        let rows = table(names, 6).split_once('\n').expect("a line").1.to_owned();
        let plain = dir.streamed(&run, rows);
        let named = dir.streamed(&run, table(names, 6));
        assert_eq!((plain.len(), named.len()), (6, 6));
        near(&named[5], &plain[5], &["forecast:"]);
    }
}

#[test]
fn observed_values_have_the_digits_of_the_file() {
    let dir = TestDir::new();
    let value = |i: usize| [8.0, 2.5, 4.125, 0.1, 7.0, 1e-3, 12.75][i * i % 7];
    dir.write("all.csv", "y\n".to_owned() + &(0..60).map(|i| format!("{}\n", value(i))).collect::<String>());
    dir.printed(&format!("train --series all.csv --window 4 --horizon 2 {SMALL} --out run"));
    let rows = dir.rows("predict run --input all.csv --every");
    let known = rows.iter().filter(|row| !row["actual:y"].is_null());
    let mut count = 0;
    for row in known {
        let at = (number(row, "line") + number(row, "step")) as usize - 2;
        assert_eq!(number(row, "actual:y"), value(at), "{row}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}
