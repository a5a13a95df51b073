//! Odd tables: what is read from each, or the exact refusal.

use std::io::Write;
use std::path::Path;

use super::*;

/// What an option says, such as `decimal ,`.
fn options(text: &str) -> TableOptions {
    let mut options = TableOptions::default();
    for word in text.split('&').filter(|word| !word.is_empty()) {
        let (key, value) = word.split_once(' ').unwrap_or((word, ""));
        match key {
            "separator" => options.separator = Some(value.parse().unwrap()),
            "decimal" => options.decimal = Some(value.parse().unwrap()),
            "na" => options.na = value.split(',').map(str::to_owned).collect(),
            "header" => options.header = true,
            _ => options.no_header = true,
        }
    }
    options
}

/// Reads all rows: names, then numbers; a missing value is `-`, a text stands in quotes.
fn read(bytes: &[u8], given: &TableOptions) -> Result<String, TableError> {
    let path = Path::new("x.csv");
    let mut rows = Rows::open(path, bytes, given, false)?;
    let (sample, locations) = rows.sample()?;
    let sketch = columns(&rows, &sample);
    let mut out = rows.names.join(" ");
    for (row, location) in sample.iter().zip(locations) {
        out += " |";
        for (field, column) in row.iter().zip(&sketch) {
            let cell = Cell { path, line: location.line, column: &column.name };
            out += &match column.is_text() {
                true => format!(" '{}'", field.trim()),
                false => match column.form.number(field, cell)? {
                    number if number.is_nan() => " -".to_owned(),
                    number => format!(" {number}"),
                },
            };
        }
    }
    Ok(out)
}

fn reads(text: impl AsRef<[u8]>, given: &str, expected: &str) {
    let text = text.as_ref();
    let shown = String::from_utf8_lossy(text);
    match read(text, &options(given)) {
        Ok(found) => assert_eq!(found, expected, "{shown:?} {given}"),
        Err(error) => panic!("{shown:?} {given}: {error}"),
    }
}

fn refuses(text: impl AsRef<[u8]>, given: &str, expected: &str) {
    let text = text.as_ref();
    let shown = String::from_utf8_lossy(text);
    match read(text, &options(given)) {
        Ok(found) => panic!("{shown:?} {given}: {found}"),
        Err(error) => assert_eq!(error.to_string(), expected, "{shown:?} {given}"),
    }
}

#[test]
fn separators_are_found() {
    let same = "t x | 1 2.5 | 2 3";
    for text in [
        "t,x\n1,2.5\n2,3\n",
        "t;x\r\n1;2.5\r\n2;3\r\n",
        "t\tx\r1\t2.5\r2\t3",
        "t|x\n1|2.5\n2|3\n",
        "t x\n1 2.5\n2 3\n",
        "  t    x\n  1  2.5  \n  2    3\n",
        "t \t x\n1 \t 2.5\n2 \t 3\n",
        "\u{feff}t;x\n1;2.5\n\n2;3\n",
        "sep=;\nt;x\n1;2.5\n2;3\n",
        "\"sep=|\"\nt|x\n1|2.5\n2|3\n",
        "\"t\",\"x\"\n\"1\",\"2.5\"\n\"2\",\"3\"\n",
        "t,x,\n1,2.5,\n2,3,\n",
        "t;x\n1;2.5;\n2;3;\n",
        "# made by a logger\n# station 7\nt,x\n1,2.5\n2,3\n",
        "% comment\n\nt;x\n1;2.5\n2;3\n",
        "# t x\n1 2.5\n2 3\n",
        "#t,x\n1,2.5\n2,3\n",
        "Weather of Bern\nmeasured by hand\n\nt,x\n1,2.5\n2,3\n",
        "t,x\n[s],[m]\n1,2.5\n2,3\n",
        "t,x\ns,m/s\n1,2.5\n2,3\n",
    ] {
        reads(text, "", same);
    }
    reads("t:x\n1:2.5\n2:3\n", "separator :", same);
    reads("a;b,c\n1;2,5\n2;3,5\n", "", "a b,c | 1 2.5 | 2 3.5");
    // In a tie the comma wins, for every reader.
    reads("a,b\tc\nx,y\tz\n", "", "a b\tc | 'x' 'y\tz'");
    reads(
        "when,x\n2010-01-01 00:00,1\n2010-01-01 01:00,2\n",
        "",
        "when x | '2010-01-01 00:00' 1 | '2010-01-01 01:00' 2",
    );
    // The blank of a time is no separator, whatever stands beside it.
    reads(
        "time,name,y\n2024-03-01 00:00:00,temp,0.5\n2024-03-01 01:00:00,temp,1.5\n",
        "",
        "time name y | '2024-03-01 00:00:00' 'temp' 0.5 | '2024-03-01 01:00:00' 'temp' 1.5",
    );
    reads(
        "site\ttime\ttz\tq\n014\t2024-03-01 00:00\tEST\t0.5\n014\t2024-03-01 01:00\tEST\t1.5\n",
        "",
        "site time tz q | 14 '2024-03-01 00:00' 'EST' 0.5 | 14 '2024-03-01 01:00' 'EST' 1.5",
    );
    reads(
        "who;when\nann;3 Mar 2024 10:00\nbob;3 Mar 2024 11:00\n",
        "",
        "who when | 'ann' '3 Mar 2024 10:00' | 'bob' '3 Mar 2024 11:00'",
    );
    // Where the blanks do separate, no other mark divides all rows.
    reads(
        "day clock x\n2024-03-01 00:00 1,5\n2024-03-01 01:00 2,5\n",
        "",
        "day clock x | '2024-03-01' '00:00' 1.5 | '2024-03-01' '01:00' 2.5",
    );
    reads("a\n1\n2\n", "", "a | 1 | 2");
    refuses("", "", "x.csv is empty: name a file with a line of column names and rows of numbers");
    refuses(
        "# only a comment\n",
        "no-header",
        "x.csv is empty: name a file with a line of column names and rows of numbers",
    );
}

#[test]
fn names_are_found_or_made() {
    reads("1,2\n3,4\n", "", "column 1 column 2 | 1 2 | 3 4");
    reads("2010-01-01,2\n2010-01-02,4\n", "", "column 1 column 2 | '2010-01-01' 2 | '2010-01-02' 4");
    reads("1,NW,3.5\n2,NW,4.5\n", "", "column 1 column 2 column 3 | 1 'NW' 3.5 | 2 'NW' 4.5");
    reads(" 1.0e+00 -7.1e-01\n 2.0e+00  1.5\n", "", "column 1 column 2 | 1 -0.71 | 2 1.5");
    // Numbers that count up are the names that a program gave.
    reads("0,1,2\n0.5,1.5,2.5\n4.5,5.5,7\n", "", "0 1 2 | 0.5 1.5 2.5 | 4.5 5.5 7");
    // Names of pandas above an index, or above fractions only.
    reads(",0,1\n0,5,7\n1,6,8\n", "", "column 1 0 1 | 0 5 7 | 1 6 8");
    let noise = |t: usize| {
        format!("{:.3},{:.3}\n", 0.01 + 0.37 * (t * 7 % 5) as f64, 0.02 + 0.41 * (t * 3 % 7) as f64)
    };
    let rows: String = (0..12).map(noise).collect();
    let first = |head: &str, given: &str| {
        let read = read(format!("{head}\n{rows}").as_bytes(), &options(given)).unwrap();
        read.split(" | ").next().unwrap().to_owned()
    };
    for (head, given, names) in [
        ("0,1", "", "0 1"),
        ("1991,1990", "", "1991 1990"),
        ("1,0", "", "column 1 column 2"),
        ("1,0", "header", "1 0"),
        ("0,1", "no-header", "column 1 column 2"),
        ("0,0", "", "column 1 column 2"),
        ("0,1.5", "", "column 1 column 2"),
    ] {
        assert_eq!(first(head, given), names, "{head} {given}");
    }
    // Values that are written as short as possible: the first row goes on below.
    let decay: String =
        (0..12).map(|t| format!("{},{}\n", t as f64 * 0.05, (t as f64 * -0.05).exp())).collect();
    let read_rows = read(decay.as_bytes(), &options("")).unwrap();
    assert!(read_rows.starts_with("column 1 column 2 | 0 1 | 0.05 "), "{read_rows}");
    reads("place,2019,2020\nA,1,2\nB,3,4\n", "", "place 2019 2020 | 'A' 1 2 | 'B' 3 4");
    reads("t,x\n1,2\n", "no-header&na t,x", "column 1 column 2 | - - | 1 2");
    reads(",x\n0,5\n1,6\n", "", "column 1 x | 0 5 | 1 6");
    reads("place,x\nA,1\nB,2\n", "", "place x | 'A' 1 | 'B' 2");
    refuses(
        "a,b,a\n1,2,3\n",
        "",
        "x.csv: line 1 names two columns \"a\": rename one of them, or say with --no-header that the line has values",
    );
}

#[test]
fn the_lines_of_a_data_logger_above_its_rows_are_skipped() {
    let rows = "\"2024-03-01 00:00:00\",0,12.5,20.00\n\"2024-03-01 01:00:00\",1,12.5,\"NAN\"\n";
    let read =
        "TIMESTAMP RECORD BattV AirTC | '2024-03-01 00:00:00' 0 12.5 20 | '2024-03-01 01:00:00' 1 12.5 -";
    let names = "\"TIMESTAMP\",\"RECORD\",\"BattV\",\"AirTC\"\n";
    for first in [
        "\"TOA5\",\"CR1000\",\"CR1000\",\"1234\"\n",
        "\"TOA5\",\"Hill\",\"CR1000\",\"1234\",\"CR1000.Std.22\",\"CPU:hill.CR1\",\"55012\",\"Hourly\"\n",
    ] {
        for units in [
            "\"TS\",\"RN\",\"Volts\",\"Deg C\"\n\"\",\"\",\"Avg\",\"Avg\"\n",
            "\"TS\",\"RN\",\"Volts\",\"degrees of Celsius\"\n\"\",\"\",\"\",\"Smp\"\n",
        ] {
            let text = format!("{first}{names}{units}{rows}");
            reads(&text, "", read);
            let rows = Rows::open(Path::new("x"), text.as_bytes(), &options(""), false).unwrap();
            assert_eq!(
                rows.notes(),
                [
                    "1 line before the table: not read",
                    "lines 3 to 4 have units and other words for the columns: not read"
                ]
            );
        }
    }
    // Two rows without numbers are skipped in other tables, too; a word among numbers is not.
    reads("t,x\ns,m\nmin,max\n1,2.5\n2,3\n", "", "t x | 1 2.5 | 2 3");
    reads(
        "Price,Close,High\nTicker,XYZ,XYZ\nDate,,\n2024-01-02,1.5,2.5\n2024-01-03,3.5,4.5\n",
        "",
        "Price Close High | '2024-01-02' 1.5 2.5 | '2024-01-03' 3.5 4.5",
    );
    refuses(
        "t,x\ns,m\n1,2.5\nmin,max\n2,3\n3,4\n",
        "",
        "x.csv: line 2, column t has \"s\", which is not a number: correct it, say with --na that such a value is missing, \
         or leave the column out (of a series, with --columns), or, if its words are categories, name the column with \
         --categorical",
    );
    reads("TOA5,x\n1,2\n3,4\n", "", "TOA5 x | 1 2 | 3 4");
}

#[test]
fn numbers_are_read_by_the_notation_of_the_table() {
    reads("a;b\n1;2,5\n3;1.234,5\n", "", "a b | 1 2.5 | 3 1234.5");
    reads("a;b\n0,123;1.234\n2,5;2.345\n", "", "a b | 0.123 1234 | 2.5 2345");
    reads("a\tb\n1.5\t1,234\n2.5\t2,345,678\n", "", "a b | 1.5 1234 | 2.5 2345678");
    reads("a,b\n1.5,\"1,234.5\"\n2,\"12,345\"\n", "", "a b | 1.5 1234.5 | 2 12345");
    reads("a;b\n1 234;2\n12 345;3\n", "", "a b | 1234 2 | 12345 3");
    reads("a;b\n1\u{202f}234,5;2\n12\u{a0}345,5;3\n", "", "a b | 1234.5 2 | 12345.5 3");
    reads("a;b\n1'234.5;2\n12'345.5;3\n", "", "a b | 1234.5 2 | 12345.5 3");
    reads("a,b\n\u{2212}1.5,2\n+2,-3\n", "", "a b | -1.5 2 | 2 -3");
    reads("a,b\n$1.50,12 %\n-$2.25,7 %\n", "", "a b | 1.5 12 | -2.25 7");
    for money in ["₹1.50", "Rs. 1.50", "Rs 1.50", "Rs.1.50", "INR 1.50", "1.50 INR", "₹ 1.50"] {
        reads(format!("a,b\n{money},1\n{money},2\n"), "", "a b | 1.5 1 | 1.5 2");
    }
    // Lakhs and crores; with one mark they are thousands.
    reads(
        "a,b\n1,\"1,23,456.50\"\n2,\"12,34,56,789\"\n3,\"23,456\"\n",
        "",
        "a b | 1 123456.5 | 2 123456789 | 3 23456",
    );
    reads("a;b\n1;-₹1,23,456\n2;₹12,345\n", "", "a b | 1 -123456 | 2 12345");
    for text in ["1,2,345", "123,45,678", "1,23,45", "0,12,345", "1.23.456"] {
        let read = read(format!("a;b\n1;{text}\n2;3.5\n").as_bytes(), &options(""));
        assert!(matches!(read, Err(TableError::NotANumber { .. })), "{text}: {read:?}");
    }
    reads("a,b\n1.5K,3 kg\n2M,4 kg\n0,5 kg\n", "", "a b | 1500 3 | 2000000 4 | 0 5");
    reads("a;b\n(1.5);2\n2;(1,234.5)\n", "", "a b | -1.5 2 | 2 -1234.5");
    reads("x\n1,5\n2,5\n", "decimal ,", "x | 1.5 | 2.5");
    reads("a;b\n1;1,234\n2;2,345\n", "decimal .", "a b | 1 1234 | 2 2345");
    reads("a;b\n1;1,234\n2;2,345\n", "decimal ,", "a b | 1 1.234 | 2 2.345");
    refuses(
        "a;b\n1;1,234\n2;2,345\n",
        "",
        "x.csv: line 2, column b has \"1,234\", whose comma may be a thousands separator or a decimal comma: say which \
         with --decimal . or --decimal ,",
    );
    refuses(
        "x\n1,5\n2,5\n",
        "",
        "x.csv: line 2 has \"1,5\", which may be one number with a decimal comma or two fields: say which with --decimal , \
         or --separator ,",
    );
    refuses(
        "a;b\n1;2,5\n2;3.5\n3;4,5\n",
        "",
        "x.csv: line 3, column b has \"3.5\", which is not a number with a decimal comma, as the table has: correct it, say \
         with --na that such a value is missing, or leave the column out (of a series, with --columns), or name the decimal \
         mark with --decimal",
    );
    refuses(
        "a,b\n1,2\n2,oops\n3,4\n",
        "",
        "x.csv: line 3, column b has \"oops\", which is not a number: correct it, say with --na that such a value is \
         missing, or leave the column out (of a series, with --columns), or, if its words are categories, name the column \
         with --categorical",
    );
    refuses(
        "a,b\n1,2\n2,7 of 9\n3,4\n",
        "",
        "x.csv: line 3, column b has \"7 of 9\", which is not a number: correct it, say with --na that such a value is \
         missing, or leave the column out (of a series, with --columns)",
    );
    for value in ["inf", "-Infinity", "1e999", "4e38"] {
        refuses(
            format!("a,b\n1,2\n2,{value}\n"),
            "",
            &format!(
                "x.csv: line 3, column b has \"{value}\", which is not finite in single precision (beyond 3.4e38): write \
                 NA if it is missing, or rescale the column"
            ),
        );
    }
}

#[test]
fn missing_values_have_one_list() {
    for missing in [
        "", "?", ".", "-", "\u{2014}", "NA", "n/a", "<NA>", "#N/A", "#N/A N/A", "NaN", "-nan", "null",
        "None", "NULL", "\\N", "#DIV/0!", " na ",
    ] {
        reads(format!("a,b\n1,2\n{missing},3\n"), "", "a b | 1 2 | - 3");
        reads(format!("a;b\n1;2,5\n{missing};3\n"), "", "a b | 1 2.5 | - 3");
    }
    reads("a,b\n1,2\n-999.0,3\nbad,4\n", "na -999,bad", "a b | 1 2 | - 3 | - 4");
}

#[test]
fn empty_rows_at_the_end_and_comments_between_rows_are_skipped() {
    for end in [",\n", " , \n,\n\n,", ",,,\n,\n", ",\n# the end\n,\n", "\n\n# the end\n"] {
        reads(format!("a,b\n1,2\n3,4\n{end}"), "", "a b | 1 2 | 3 4");
    }
    reads("a,b,\n1,2,\n3,4,\n,,\n", "", "a b | 1 2 | 3 4");
    reads("a\tb\n1\t2\n3\t4\n\t\n", "", "a b | 1 2 | 3 4");
    // Before other rows they are values that are missing, and so is an empty field of a single column.
    reads("a,b\n1,2\n,\n,\n3,4\n,\n", "", "a b | 1 2 | - - | - - | 3 4");
    reads("a\n1\n2\n\"\"\n", "", "a | 1 | 2 | -");
    refuses(
        "a,b\n1,2\n,,\n3,4\n",
        "",
        "x.csv: line 3 has 3 fields instead of 2, as the header names: complete the row or remove it, and close the quotes \
         of its fields; if another separator is meant, name it with --separator",
    );
    refuses(
        "a,b\n1,2\n,\n3\n",
        "",
        "x.csv: line 4 has 1 field instead of 2, as the header names: complete the row or remove it, and close the quotes \
         of its fields; if another separator is meant, name it with --separator",
    );
    for comment in ["# sensor changed", "#", "  # by A, B, and C", "#1,2,3"] {
        reads(format!("a,b\n1,2\n{comment}\n3,4\n"), "", "a b | 1 2 | 3 4");
    }
    reads("a;b\n1;2,5\n# sensor changed\n3;4\n", "", "a b | 1 2.5 | 3 4");
    reads(
        "1 2 3\n4 5 6\n# a comment of words\n7 8 9\n",
        "",
        "column 1 column 2 column 3 | 1 2 3 | 4 5 6 | 7 8 9",
    );
    reads("t,x\n[s],[m]\n1,2.5\n# sensor changed\n2,3\n", "", "t x | 1 2.5 | 2 3");
    // A comment with as many fields as a row may be a row.
    refuses(
        "a,b\n1,2\n#3,4\n5,6\n",
        "",
        "x.csv: line 3, column a has \"#3\", which is not a number: correct it, say with --na that such a value is missing, \
         or leave the column out (of a series, with --columns)",
    );
    // The lines of the rows are those of the file.
    let mut rows =
        Rows::open(Path::new("x"), &b"a,b\n# c\n1,2\n,\n# d\n\n3,4\n,\n"[..], &options(""), false).unwrap();
    let mut row = csv::StringRecord::new();
    let lines: Vec<u64> = std::iter::from_fn(|| rows.next(&mut row).unwrap().map(|at| at.line)).collect();
    assert_eq!(lines, [3, 4, 7]);
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    refuses(
        "a,b\n1,2\n\n3\n",
        "",
        "x.csv: line 4 has 1 field instead of 2, as the header names: complete the row or remove it, and close the quotes \
         of its fields; if another separator is meant, name it with --separator",
    );
    refuses(
        "1,2\n3,4\n5,6,7\n",
        "",
        "x.csv: line 3 has 3 fields instead of 2, as the rows before it: complete the row or remove it, and close the \
         quotes of its fields; if another separator is meant, name it with --separator",
    );
    // A row of names that is too short is no free text.
    refuses(
        "a,b\n1,2,3\n4,5,6\n7,8,9\n",
        "",
        "x.csv: line 2 has 3 fields instead of 2, as the header names: complete the row or remove it, and close the quotes \
         of its fields; if another separator is meant, name it with --separator; if line 1 does not name the columns, \
         remove it",
    );
    refuses(
        b"\xc3\xa9\xc3\xa9,n\n1,2\n2,f\xfcr\n",
        "",
        "x.csv: line 3, field 2 (\"f\u{fffd}r\") is not valid UTF-8 from byte 2: correct it, or name the encoding of the file (--encoding)",
    );
}

#[test]
fn compressed_tables_and_pipes_are_read_once() {
    let text = "t;x\n1;2,5\n2;3,5\n";
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    reads(&packed, "", "t x | 1 2.5 | 2 3.5");
    let error = read(&packed[..packed.len() - 9], &TableOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("x.csv is compressed with gzip and cannot be decompressed"), "{error}");
    // The fingerprint is that of the bytes of the file.
    for bytes in [text.as_bytes(), &packed, format!("\u{feff}{}", text.replace('\n', "\r\n")).as_bytes()] {
        let mut rows = Rows::open(Path::new("x"), bytes, &TableOptions::default(), true).unwrap();
        while rows.next(&mut csv::StringRecord::new()).unwrap().is_some() {}
        assert_eq!(rows.fingerprint(), crate::fingerprint::Fingerprint::of(bytes));
    }
}

#[test]
fn a_long_table_is_read_across_buffers() {
    for (separator, end) in [(",", "\n"), (";", "\r\n"), ("   ", "\n"), ("\t", "\r")] {
        let lines: Vec<String> = (0..30_000).map(|i| format!("{i}{separator}{}.5", i * 7)).collect();
        let text = format!("a{separator}b{end}{}", lines.join(end));
        let mut rows = Rows::open(Path::new("x"), text.as_bytes(), &TableOptions::default(), false).unwrap();
        let (mut row, mut count) = (csv::StringRecord::new(), 0);
        while let Some(location) = rows.next(&mut row).unwrap() {
            assert_eq!((location.line, &row[0]), (count + 2, count.to_string().as_str()));
            assert_eq!(row[1], format!("{}.5", count * 7));
            count += 1;
        }
        assert_eq!(count, 30_000, "{separator:?}");
    }
}

#[test]
fn lines_of_a_stream_are_split_as_files_are() {
    let fields = |line: &str, given: &str| {
        let mut format = LineFormat::of(line, &[], &options(given)).expect("fields");
        let fields = format.split(line);
        fields
            .iter()
            .enumerate()
            .map(|(index, field)| format.number(index, field))
            .collect::<Result<Vec<_>, _>>()
    };
    assert_eq!(fields("1;2,5", ""), Ok(vec![1.0, 2.5]));
    assert_eq!(fields("1 2.5  3", ""), Ok(vec![1.0, 2.5, 3.0]));
    assert_eq!(fields("1,\"2\"", ""), Ok(vec![1.0, 2.0]));
    assert_eq!(fields("1,5", "decimal ,"), Ok(vec![1.5]));
    assert_eq!(fields("1;1,234", ""), Err(LineProblem::Ambiguous));
    assert_eq!(fields("1;x", ""), Err(LineProblem::Text));
    assert_eq!(fields("$1.50;2K", ""), Ok(vec![1.5, 2000.0]));
    assert!(fields("-999;n/a", "na -999").unwrap().iter().all(|value| value.is_nan()));
    // The unit of the first value is that of the column.
    let mut format = LineFormat::of("1 kg,2", &[], &options("")).unwrap();
    assert_eq!(format.number(0, "1 kg"), Ok(1.0));
    assert_eq!((format.number(0, "2"), format.number(0, "2 lb")), (Ok(2.0), Err(LineProblem::Text)));
    // Names decide about the separator; a comment has no fields.
    let names = ["x".to_owned(), "y".to_owned()];
    for (line, fields) in [("x   y", 2), ("x|y", 2), ("y\tx, m\tx", 3)] {
        assert_eq!(LineFormat::of(line, &names, &options("")).unwrap().split(line).len(), fields, "{line}");
    }
    for line in ["# a comment", "sep=;"] {
        assert!(LineFormat::of(line, &names, &options("")).is_none(), "{line}");
    }
}
