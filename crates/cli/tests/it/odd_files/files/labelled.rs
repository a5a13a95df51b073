//! Labelled sequences and texts.

use super::*;

pub(super) fn all() -> Vec<Odd> {
    let classes = "40 sequences of 10: value -0.667..1; 1 20, 2 20";
    let texts = |separator: &str| {
        lines(|i| {
            format!(
                "{}{separator}{}",
                ["a fine day it was", "what a bad film", "not my cup of tea"][i % 3],
                ["good", "bad", "bad"][i % 3]
            )
        })
    };
    let long = format!(
        "id,x,y,label\n{}",
        lines(|i| format!("{},{},{},{}", i / 4, x(i), y(i), ["up", "down"][i / 4 % 2]))
    );
    let timed =
        long.replacen("id,", "time,id,", 1).lines().enumerate().fold(String::new(), |text, (i, line)| {
            let time =
                if i == 0 { String::new() } else { format!("2024-03-01 {:02}:{:02},", i / 60, i % 60) };
            text + &time + line + "\n"
        });
    let whole = |number: &dyn Fn(i64) -> i64| (0..40i64).flat_map(|i| number(i).to_le_bytes()).collect();
    let arrays = archive(&[
        ("X.npy", npy("(40, 5, 2)", (0..400).map(x))),
        ("y.npy", array("<i8", "(40,)", whole(&|i| i % 2))),
    ]);
    let columns = archive(&[
        ("when.npy", array("<M8[ns]", "(40,)", whole(&|i| 3_600_000_000_000 * i))),
        ("x.npy", npy("(40,)", (0..40).map(x))),
        ("y.npy", npy("(40,)", (0..40).map(y))),
    ]);
    let ts = |more: &str| {
        format!(
            "@problemName x\n@univariate true\n{more}@data\n{}",
            lines(|i| format!("{},{},{}:{}", x(i), x(i + 1), y(i), ["a", "b"][i % 2]))
        )
    };
    let folder = |name: &str, text: &str| (name.to_owned(), text.repeat(8).into_bytes());
    vec![
        Odd::new("UCR, spaces", "x_TRAIN", ucr("  "), classes).read_as("labelled"),
        Odd::new("UCR, spaces, .txt", "x_TRAIN.txt", ucr("   "), classes).read_as("labelled"),
        Odd::new("UCR, tabs", "x_TRAIN.tsv", ucr("\t"), classes).read_as("labelled"),
        Odd::new("UCR, commas", "x_TRAIN.csv", ucr(","), classes).read_as("labelled"),
        Odd::new(
            "a .ts archive",
            "x.ts",
            ts("@classLabel true a b\n"),
            "40 sequences of 3: 1 1..23.5; a 20, b 20",
        ),
        Odd::new(
            "a .ts archive with targets to regress",
            "x.ts",
            ts("@targetlabel true\n").replace(":a\n", ":0.25\n").replace(":b\n", ":2\n"),
            "40 sequences of 3: 1 1..23.5; targets 0.25..2",
        )
        .notes(&["one number is predicted for each sequence"]),
        Odd::new(
            "a .ts archive with targets that are words",
            "x.ts",
            ts("@targetlabel true\n"),
            "refused: line 5: the label \"a\" is not a finite number",
        )
        .read_as("labelled"),
        Odd::new(
            "labels at the end of each row",
            "x.csv",
            wide(","),
            "40 sequences of 8: value 0.25..1.5; down 20, up 20",
        ),
        Odd::new(
            "labels at the end of each row, semicolons",
            "x.csv",
            wide(";"),
            "40 sequences of 8: value 0.25..1.5; down 20, up 20",
        ),
        Odd::new(
            "one step a row with ids",
            "x.csv",
            long,
            "10 sequences of 4: x 1..6, y 20.5..23.5; down 5, up 5",
        ),
        Odd::new(
            "one step a row with ids and times",
            "x.csv",
            timed,
            "10 sequences of 4: x 1..6, y 20.5..23.5; down 5, up 5",
        )
        .notes(&["time has the times of the rows and is not read as an input"]),
        Odd::new(
            "texts and labels, tabs, no names",
            "x.tsv",
            texts("\t"),
            "40 sequences of 15..17: 19 tokens; bad 26, good 14",
        )
        .read_as("labelled"),
        Odd::new(
            "texts and labels, commas",
            "x.csv",
            format!("text,label\n{}", texts(",")),
            "40 sequences of 15..17: 19 tokens; bad 26, good 14",
        )
        .read_as("labelled"),
        Odd::new(
            "texts with numbers",
            "x.tsv",
            format!(
                "label\ttext\n{}",
                lines(|i| format!("{}\twin 1000 now {}", ["ham", "spam"][i % 2], 10 + i))
            ),
            "40 sequences of 15: 15 tokens; ham 20, spam 20",
        )
        .read_as("labelled"),
        Odd {
            files: vec![folder("d/good.txt", "a fine day\n"), folder("d/bad.txt", "an awful one\n")],
            ..Odd::new(
                "a folder with a text of each label",
                "d",
                "",
                "16 sequences of 10..12: 12 tokens; bad 8, good 8",
            )
            .read_as("labelled")
        },
        Odd { files: Vec::new(), ..Odd::new("an empty folder", ".", "", "refused: .").read_as("labelled") },
        Odd {
            files: vec![("d/x.csv".into(), xy(",").into())],
            ..Odd::new("a folder with one table", "d", "", XY)
        },
        Odd::new(
            "arrays of NumPy with labels",
            "x.npz",
            arrays,
            "40 sequences of 5: 1 1..6, 2 1..6; 0 20, 1 20",
        )
        .read_as("labelled"),
        Odd::new(
            "an array of NumPy [T, D]",
            "x.npy",
            npy("(40, 2)", (0..40).flat_map(|i| [x(i), y(i)])),
            "40 rows: c0 1..6, c1 20.5..23.5",
        ),
        Odd::new(
            "columns of NumPy, one of them times",
            "x.npz",
            columns,
            "40 rows, time when: x 1..6, y 20.5..23.5",
        ),
        Odd::new(
            "one array of NumPy without labels",
            "x.npy",
            npy("(40, 5, 2)", (0..400).map(x)),
            "refused: x.npy",
        )
        .read_as("labelled"),
        Odd::new(
            "labels, each of them once",
            "x.csv",
            format!("a,b,c,label\n{}", lines(|i| format!("{},{},{},k{i}", x(i), y(i), x(i + 1)))),
            "40 sequences of 3: value 1..23.5; 40 classes",
        )
        .notes(&["40 of 40 classes have fewer than 5 sequences"]),
    ]
}
