//! Columns, times and groups.

use super::*;

pub(super) fn all() -> Vec<Odd> {
    let named = |what, bytes: String, expected| Odd::new(what, "x.csv", bytes, expected);
    let third = |name: &str, value: &dyn Fn(usize) -> String| {
        format!("{name},x,y\n{}", lines(|i| format!("{},{},{}", value(i), x(i), y(i))))
    };
    vec![
        named("no names", xy(",").replacen("x,y\n", "", 1), UNNAMED)
            .notes(&["the first row has values, not names"]),
        named(
            "no names, one text field",
            third("", &|i| ["NW", "SE"][i % 2].into()).split_once('\n').expect("a line").1.to_owned(),
            "40 rows: column 2 1..6, column 3 20.5..23.5; not read: column 1",
        ),
        named(
            "no names, a time first",
            third("", &|i| format!("2020-01-01 {:02}:{:02}", i / 60, i % 60))
                .split_once('\n')
                .expect("a line")
                .1
                .to_owned(),
            "40 rows, time column 1: column 2 1..6, column 3 20.5..23.5",
        ),
        Odd::new("one number a line", "x.txt", lines(|i| y(i).to_string()), "40 rows: column 1 20.5..23.5"),
        named(
            "numbers as names",
            xy(",").replacen("x,y", "0,1", 1),
            "40 rows: 0 1..6, 1 20.5..23.5",
        )
        .notes(&["line 1 has numbers that are read as the names of the columns; if they are values, add --no-header"]),
        named(
            "whole numbers above fractions that may be values",
            xy(",").replacen("x,y", "4,22", 1),
            "41 rows: column 1 1..6, column 2 20.5..23.5",
        )
        .notes(&["if its whole numbers are names, add --header"]),
        named("whole numbers as names", xy(",").replacen("x,y", "4,22", 1), "40 rows: 4 1..6, 22 20.5..23.5")
            .flags("--header true"),
        named(
            "one column with a name",
            format!("y\n{}", lines(|i| y(i).to_string())),
            "40 rows: y 20.5..23.5",
        ),
        named(
            "an index without a name",
            third("", &|i| i.to_string()),
            "40 rows, time column 1: x 1..6, y 20.5..23.5",
        ),
        named("a counter", third("n", &|i| (i + 1).to_string()), "40 rows, time n: x 1..6, y 20.5..23.5"),
        named(
            "a counter that is not the first column",
            format!("y,n\n{}", lines(|i| format!("{},{i}", y(i)))),
            "40 rows: y 20.5..23.5, n 0..39",
        )
        .notes(&["n numbers the rows"]),
        named(
            "an id for each row",
            third("id", &|i| format!("{}", 1000 + i * 37 % 100)),
            "40 rows: id 1000..1099, x 1..6, y 20.5..23.5",
        )
        .notes(&["id looks like an identifier"]),
        named(
            "years",
            third("year", &|i| (1960 + i).to_string()),
            "40 rows, time year: x 1..6, y 20.5..23.5",
        ),
        named(
            "a constant column",
            third("k", &|_| "7.5".into()),
            "40 rows: k 7.5..7.5, x 1..6, y 20.5..23.5",
        )
        .notes(&["k is constant and can be left out (--columns x,y)"]),
        named("an empty column", third("k", &|_| String::new()), XY),
        named(
            "one outlier",
            third("k", &|i| if i == 9 { "1e6".into() } else { x(i + 1).to_string() }),
            "40 rows: k 1..1000000, x 1..6, y 20.5..23.5",
        ),
        named(
            "the same name twice",
            xy(",").replacen("x,y", "y,y", 1),
            "refused: line 1 names two columns \"y\"",
        ),
        named(
            "a name with a comma",
            xy(",").replacen("x,y", "\"x, in m\",y", 1),
            "40 rows: x, in m 1..6, y 20.5..23.5",
        ),
        named(
            "names of two words",
            xy(",").replacen("x,y", "wind speed,rain fall", 1),
            "40 rows: wind speed 1..6, rain fall 20.5..23.5",
        ),
        named("only texts", lines(|i| format!("a{},b{}", i % 3, i % 5)), "refused: no column of numbers")
            .read_as("series"),
        named("an empty file", String::new(), "refused: x.csv is empty"),
        named("a file of spaces", " \n\n  \n".into(), "refused: x.csv is empty"),
        named("only names", "x,y\n".into(), "refused: x.csv"),
        named("one row", "x,y\n1,2\n".into(), "refused: x.csv"),
    ]
}
