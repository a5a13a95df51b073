//! Tables with odd separators, headers and lines around them.

use super::*;

pub(super) fn all() -> Vec<Odd> {
    let named = |what, bytes: String, expected| Odd::new(what, "x.csv", bytes, expected);
    vec![
        named("commas", xy(","), XY),
        named("semicolons", xy(";"), XY),
        named("tabs in a .csv", xy("\t"), XY),
        named("vertical bars", xy("|"), XY),
        Odd::new("runs of spaces in a .txt", "x.txt", xy("   "), XY),
        Odd::new(
            "rows that begin with spaces",
            "x.dat",
            xy("  ").lines().map(|l| format!("  {l}\n")).collect::<String>(),
            XY,
        ),
        named("another separator", xy(":"), XY).flags("--separator :"),
        named("another separator, not named", xy(":"), "refused: (column x:y begins with \"1.0:20.5\")"),
        named("sep= in the first line", format!("sep=;\n{}", xy(";")), XY),
        named("comments before the table", format!("# logger 7\n# Bern\n{}", xy(",")), XY)
            .notes(&["2 lines before the table: not read"]),
        named("free text before the table", format!("Weather of Bern\nmeasured by hand\n\n{}", xy(",")), XY),
        named("names in a comment", format!("# {}", xy(" ")), XY),
        named("a row of units", xy(",").replacen("x,y\n", "x,y\n[m],[s]\n", 1), XY)
            .notes(&["line 2 has the units of the columns: not read"]),
        named("a separator at the end of each line", xy(",").replace('\n', ",\n"), XY),
        named(
            "a separator at the end of the rows only",
            xy(",").replace('\n', ",\n").replacen("x,y,\n", "x,y\n", 1),
            XY,
        ),
        named("spaces after the commas", xy(", "), XY),
        named(
            "all fields in quotes",
            xy("\",\"").lines().map(|l| format!("\"{l}\"\n")).collect::<String>(),
            XY,
        ),
        named(
            "a text column with separators in quotes",
            format!("x,note,y\n{}", lines(|i| format!("{},\"dry, {}\",{}", x(i), i % 5, y(i)))),
            "40 rows: x 1..6, y 20.5..23.5; not read: note",
        ),
        named(
            "a text column with line ends in quotes",
            format!("x,note,y\n{}", lines(|i| format!("{},\"dry\nday {}\",{}", x(i), i % 5, y(i)))),
            "40 rows: x 1..6, y 20.5..23.5; not read: note",
        )
        .stream("line 2 has 2 fields, but line 1 names 3"),
        named("a quote that is not closed", xy(",").replacen("2.5,", "\"2.5,", 1), "refused: line 3"),
        named(
            "a ragged row",
            xy(",").replacen("2.5,21.5\n", "2.5\n", 1),
            "refused: line 3 has 1 field instead of 2",
        ),
        named(
            "a row with one field more",
            xy(",").replacen("2.5,21.5\n", "2.5,21.5,7\n", 1),
            "refused: line 3 has 3 fields instead of 2",
        ),
        named("blank lines between the rows", xy(",").replace('\n', "\n\n"), XY),
        named("blank lines at the end", xy(",") + "\n\n\n", XY),
        named("rows of separators at the end", xy(",") + ",\n,\n,,,\n", XY),
        named(
            "a comment between the rows",
            xy(",").replacen("2.5,21.5", "# sensor, moved, here\n2.5,21.5", 1),
            XY,
        ),
        named(
            "times with a space beside a text column",
            format!(
                "time,site,y\n{}",
                lines(|i| format!("2024-03-{:02} {:02}:00:00,Bern,{}", 1 + i / 24, i % 24, y(i)))
            ),
            "40 rows, time time: y 20.5..23.5; not read: site",
        ),
        named(
            "the file of a data logger",
            format!(
                "\"TOA5\",\"Hill\",\"CR1000\",\"1234\",\"CPU:hill.CR1\"\n\"TIMESTAMP\",\"x\",\"y\"\n\"TS\",\"Volts\",\"Deg \
                 C\"\n\"\",\"Avg\",\"Avg\"\n{}",
                lines(|i| format!("\"2024-03-{:02} {:02}:00:00\",{},{}", 1 + i / 24, i % 24, x(i), y(i)))
            ),
            "40 rows, time TIMESTAMP: x 1..6, y 20.5..23.5",
        )
        .notes(&["lines 3 to 4 have units and other words"]),
        named("no line end at the end", xy(",").trim_end().to_owned(), XY),
        named(
            "a row of totals at the end",
            xy(",") + "Total,880\n",
            "refused: line 42, column x has \"Total\"",
        ),
    ]
}
