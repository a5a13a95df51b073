//! Series that cannot be read.

use super::*;

#[test]
fn what_is_wrong_is_named() {
    const TRAIN: &str = "train --series x.csv --window 2";
    let rows = |rows: usize| -> String {
        "t,a,b\n".to_owned() + &(0..rows).map(|i| format!("{i},{},1\n", i % 7)).collect::<String>()
    };
    let long = rows(60);
    let longer = |row: &str| format!("{long}{row}\n");
    for (text, line, parts) in [
        (String::new(), TRAIN, &["x.csv is empty"][..]),
        ("t,a\n".into(), TRAIN, &["x.csv", "no rows"]),
        ("1,2\n3,4\n".into(), TRAIN, &["x.csv", "the training part has 2 rows"]),
        (
            longer("60,1"),
            TRAIN,
            &["x.csv: line 62 has 2 fields instead of 3", "header names", "complete the row"],
        ),
        (
            longer("60,,1"),
            TRAIN,
            &["line 62, column a has no value", "--missing drop", "--missing interpolate"],
        ),
        (longer("60,NaN,1"), TRAIN, &["line 62, column a has no value"]),
        (longer("60,inf,1"), TRAIN, &["line 62, column a has \"inf\"", "write NA"]),
        (longer("60,1e39,1"), TRAIN, &["line 62, column a has \"1e39\"", "single precision", "rescale"]),
        (longer("60,red,1"), TRAIN, &["line 62, column a has \"red\"", "not a number", "--columns"]),
        (longer("60.5,\"1,5\",1"), TRAIN, &["line 62", "\"1,5\"", "--decimal"]),
        (longer("60,\"1,500\",1"), TRAIN, &["line 62", "\"1,500\"", "--decimal . or --decimal ,"]),
        (long.clone(), "train --series x.csv --decimal , --separator ,", &["--decimal ,", "leave out one"]),
        (long.clone(), "train --series x.csv --separator ab", &["--separator ab", "one character"]),
        (long.clone(), "train --series x.csv --separator ;", &["x.csv", "no column of numbers"]),
        (longer("60,\"1,1"), TRAIN, &["x.csv: line 62", "close the quotes"]),
        (long.replace("t,a,b", "t,a,a"), TRAIN, &["line 1 names two columns \"a\"", "rename"]),
        (long.clone(), "train --series x.csv --target c", &["no column \"c\"", "--target", "t, a, b"]),
        (
            long.replace("t,a", "t,wind"),
            "train --series x.csv --columns t,wnd",
            &["no column \"wnd\"", "did you mean wind?"],
        ),
        (long.clone(), "train --series x.csv --columns a --target b", &["--target \"b\"", "--columns"]),
        (long.clone(), "train --series x.csv --columns a,a", &["--columns", "\"a\" twice"]),
        (long.clone(), "train --series x.csv --time-column when", &["no column \"when\"", "--time-column"]),
        (
            long.clone(),
            "train --series x.csv --group-column t --window 2",
            &["has 1 row,", "smaller --window"],
        ),
        (long.clone(), "train --series x.csv --window 70", &["training part", "54 rows", "smaller --window"]),
        (
            long.clone(),
            "train --series x.csv --window 9 --reach-back false",
            &["validation part", "6 rows", "--valid-fraction"],
        ),
        (
            long.clone(),
            "train --series x.csv --window 9 --horizon 8",
            &["validation part, with up to 9 rows before it, has 15 rows", "needs 17", "--valid-fraction"],
        ),
        (
            long.clone(),
            "train --series x.csv --header --no-header",
            &["--header", "cannot be combined with --no-header"],
        ),
        (long.clone(), "train --series x.csv --window 2 --horizon 100", &["horizon of 100", "--horizon"]),
        (long.clone(), "train --series x.csv --window 0", &["--window 0", "1 or more"]),
        (long.clone(), "train --series x.csv --horizon 0", &["--horizon 0", "1 or more"]),
        (long.clone(), "train --series x.csv --window 99999999999999999999", &["--window", "whole number"]),
        (
            long.clone(),
            "train --series x.csv --valid-fraction 0.6 --test-fraction 0.4",
            &["--test-fraction 0.4", "--valid-fraction"],
        ),
        (long.clone(), "train --series x.csv --missing zero", &["--missing zero", "choose error"]),
        (
            long.clone(),
            "train --series x.csv --level word",
            &["--level word", "applies to --text or --labelled only"],
        ),
        (
            long.clone(),
            "train --series x.csv --label-column a",
            &["--label-column a", "applies to --labelled only"],
        ),
        (
            long.replace("30,", "3,"),
            "train --series x.csv --time-column t",
            &["line 32", "\"3\" after \"29\"", "sort"],
        ),
        (
            long.replace(",1\n", ",\n"),
            "train --series x.csv --missing interpolate --window 2",
            &["column b has no value in any row", "leave it out with --columns"],
        ),
        (
            "t,a\n".to_owned() + &"2020-01-01,1\n".repeat(60) + "soon,1\n",
            TRAIN,
            &["line 62, column t has \"soon\"", "--time-column"],
        ),
        ("t,g,a\n1,,2\n".into(), "train --series x.csv --group-column g", &["line 2", "--group-column g"]),
        ("name\nred\nblue\n".into(), TRAIN, &["x.csv has no column of numbers", "--columns"]),
    ] {
        refused(&[(&[("x.csv", text.as_bytes())], line, parts)]);
    }
    refused(&[
        (&[], TRAIN, &["there is no file", "x.csv"]),
        (&[("x.csv/y", b"")], TRAIN, &["x.csv is a directory", "--series"]),
        (&[("x.csv", &gzip(long.as_bytes())[..90])], TRAIN, &["x.csv is compressed", "cut off or damaged"]),
        (
            &[("x.csv", b"\xc3\xa9\xc3\xa9,a\n1,2\n2,f\xfc\n")],
            TRAIN,
            &["line 3, field 2 (", "not valid UTF-8", "--encoding"],
        ),
        (
            &[("x.txt", b"some text\n")],
            "train --text x.txt --window 5",
            &["--window 5", "applies to --series only"],
        ),
    ]);
}
