//! Numbers, missing values and units.

use super::*;

pub(super) fn all() -> Vec<Odd> {
    let named = |what, bytes: String, expected| Odd::new(what, "x.csv", bytes, expected);
    let column =
        |value: &dyn Fn(usize) -> String| format!("x;y\n{}", lines(|i| format!("{};{}", x(i), value(i))));
    let missing = |spelling: &str| xy(",").replacen("2.5,21.5", &format!("{spelling},21.5"), 1);
    let one_missing = "40 rows, 1 missing: x 1..6, y 20.5..23.5";
    vec![
        named("decimal commas", comma(";"), XY),
        named("rupees", column(&|i| format!("₹{:.2}", y(i))), XY),
        named(
            "lakhs and crores",
            column(&|i| format!("1,2{},456.5", i % 10)),
            "40 rows: x 1..6, y 120456.5..129456.5",
        ),
        named("decimal commas with tabs", comma("\t"), XY),
        named(
            "decimal commas, one column",
            lines(|i| format!("{:.1}", y(i)).replace('.', ",")),
            "40 rows: column 1 20..23, column 2 0..5",
        )
        .notes(&["line 1 has 20,5"]),
        named(
            "decimal commas, one column, named",
            format!("y\n{}", lines(|i| format!("{:.1}", y(i)).replace('.', ","))),
            "40 rows: y 20.5..23.5",
        )
        .flags("--decimal ,"),
        named(
            "decimal commas in quotes",
            xy(",")
                .lines()
                .map(|l| {
                    l.split(',').map(|f| format!("\"{}\"", f.replace('.', ","))).collect::<Vec<_>>().join(",")
                        + "\n"
                })
                .collect(),
            XY,
        ),
        named(
            "thousands separators and decimal points",
            column(&|i| format!("1,{:03}.5", 100 + i)),
            "40 rows: x 1..6, y 1100.5..1139.5",
        ),
        named(
            "thousands separators in quotes",
            format!("x,y\n{}", lines(|i| format!("{},\"1,{:03}\"", x(i), 100 + i))),
            "40 rows: x 1..6, y 1100..1139",
        )
        .stream("line 2: \"1,100\" (channel \"y\") may have a thousands separator"),
        named(
            "spaces as thousands separators",
            column(&|i| format!("1 {:03},5", 100 + i))
                .replace("x;y\n", "x;y\n0,5;1 100,5\n")
                .replace('.', ","),
            "41 rows: x 0.5..6, y 1100.5..1139.5",
        ),
        named(
            "apostrophes as thousands separators",
            column(&|i| format!("1'{:03}.5", 100 + i)),
            "40 rows: x 1..6, y 1100.5..1139.5",
        ),
        named(
            "a comma with two meanings",
            format!("x;y\n{}", lines(|i| format!("{i};1,{:03}", 100 + i))),
            "refused: line 2, column y has \"1,100\"",
        ),
        named(
            "the same with the decimal mark",
            format!("x;y\n{}", lines(|i| format!("{i};1,{:03}", 100 + i))),
            "40 rows, time x: y 1.1..1.139",
        )
        .flags("--decimal ,"),
        named(
            "minus signs U+2212",
            column(&|i| format!("\u{2212}{}", y(i))),
            "40 rows: x 1..6, y -23.5..-20.5",
        ),
        named("dollars", column(&|i| format!("${:.2}", y(i))), XY),
        named("percent signs", column(&|i| format!("{:.1} %", y(i))), XY),
        named(
            "thousands and millions as K and M",
            column(&|i| if i % 2 == 0 { format!("{}K", y(i)) } else { format!("{}M", y(i)) }),
            "40 rows: x 1..6, y 20500..23500000",
        ),
        named("a unit in each field", column(&|i| format!("{} kg", y(i))), XY),
        named(
            "accounting brackets for negative numbers",
            column(&|i| format!("({:.1})", y(i))),
            "40 rows: x 1..6, y -23.5..-20.5",
        ),
        named("missing: empty", missing(""), one_missing),
        named("missing: a dot", missing("."), one_missing)
            .notes(&["1 missing value filled in by linear interpolation"]),
        named("missing: a minus sign", missing("-"), one_missing),
        named("missing: #N/A", missing("#N/A"), one_missing),
        named("missing: None", missing("None"), one_missing),
        named("missing: NA", missing("NA"), one_missing),
        named("missing: NaN", missing("NaN"), one_missing),
        named("missing: null", missing("null"), one_missing),
        named("missing: \\N, as databases write it", missing("\\N"), one_missing),
        named("missing: a dash U+2014", missing("\u{2014}"), one_missing),
        named("missing: a word", missing("broken"), "refused: line 3, column x has \"broken\""),
        named("missing: a word, named", missing("broken"), one_missing).flags("--na broken"),
        named("missing: -9999", missing("-9999"), "40 rows: x -9999..6, y 20.5..23.5")
            .notes(&["x has -9999 1 time, far from all other values"]),
        named("missing: -9999, named", missing("-9999"), one_missing).flags("--na -9999"),
        named("an infinite value", missing("inf"), "refused: line 3, column x has \"inf\""),
        named("a value beyond single precision", missing("1e300"), "refused: line 3, column x has \"1e300\""),
        named(
            "large values",
            column(&|i| format!("{}e30", y(i))),
            "40 rows: x 1..6, y 20500000000000000000000000000000..23500000000000000000000000000000",
        ),
        named(
            "units of 1e-7",
            column(&|i| format!("{}e-7", y(i))),
            "40 rows: x 1..6, y 0.00000205..0.00000235",
        ),
        named(
            "a small wave on 50,000,000",
            column(&|i| format!("{}", 50_000_000.0 + (y(i) - 22.0))),
            "40 rows: x 1..6, y 50000000..50000000",
        ),
        named("hexadecimal numbers", column(&|i| format!("0x{:x}", 100 + i)), "40 rows: x 1..6; not read: y")
            .notes(&["text columns are not read: y"]),
        named(
            "true and false",
            column(&|i| ["true", "false"][i % 2].to_owned()),
            "40 rows: x 1..6; not read: y",
        )
        .notes(&["text columns are not read: y"]),
    ]
}
