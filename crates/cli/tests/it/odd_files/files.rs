//! The files, and what is expected of each.

use std::io::Write;

/// An odd file.
pub(super) struct Odd {
    /// What is odd about it.
    pub(super) what: &'static str,
    /// The files, with paths relative to the directory.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// What is inspected.
    pub(super) path: &'static str,
    /// Flags for `inspect` and `train`.
    pub(super) flags: &'static str,
    /// The flag with which `train` reads a file that `inspect` refuses.
    pub(super) read_as: &'static str,
    /// Parts of the notes that `inspect` and `train` give.
    pub(super) notes: &'static [&'static str],
    /// A part of the refusal of a stream of its lines; empty if the stream is read as the file.
    pub(super) stream: &'static str,
    /// The facts that `inspect` finds, or "refused: " and a part of the message.
    pub(super) expected: &'static str,
}

impl Odd {
    fn new(
        what: &'static str,
        path: &'static str,
        bytes: impl Into<Vec<u8>>,
        expected: &'static str,
    ) -> Self {
        let files = vec![(path.to_owned(), bytes.into())];
        Self { what, files, path, flags: "", read_as: "series", notes: &[], stream: "", expected }
    }

    fn flags(self, flags: &'static str) -> Self {
        Self { flags, ..self }
    }

    fn notes(self, notes: &'static [&'static str]) -> Self {
        Self { notes, ..self }
    }

    fn stream(self, stream: &'static str) -> Self {
        Self { stream, ..self }
    }

    fn read_as(self, read_as: &'static str) -> Self {
        Self { read_as, ..self }
    }
}

/// Rows of a table.
const ROWS: usize = 40;

fn lines(line: impl Fn(usize) -> String) -> String {
    (0..ROWS).map(|i| line(i) + "\n").collect()
}

/// Values of the columns x (1 to 6) and y (20.5 to 23.5).
fn x(i: usize) -> f64 {
    1.0 + (i * 3 % 11) as f64 * 0.5
}

fn y(i: usize) -> f64 {
    20.5 + (i * 2 % 7) as f64 * 0.5
}

const XY: &str = "40 rows: x 1..6, y 20.5..23.5";
const UNNAMED: &str = "40 rows: column 1 1..6, column 2 20.5..23.5";

/// A table of x and y.
fn xy(separator: &str) -> String {
    format!("x{separator}y\n{}", lines(|i| format!("{:.1}{separator}{:.1}", x(i), y(i))))
}

/// The same with decimal commas.
fn comma(separator: &str) -> String {
    xy(separator).replace('.', ",")
}

/// Text labels at the end of rows of eight numbers.
fn wide(separator: &str) -> String {
    let names: Vec<String> = (0..8).map(|k| format!("t{k}")).collect();
    let row = |i: usize| {
        let values: Vec<String> = (0..8).map(|k| format!("{:.2}", x(i + k) / 4.0)).collect();
        values.join(separator) + separator + ["up", "down"][i % 2]
    };
    format!("{}{separator}label\n{}", names.join(separator), lines(row))
}

/// As in the UCR archive: a label, then the values, without names.
fn ucr(separator: &str) -> String {
    lines(|i| {
        let values: Vec<String> = (0..10).map(|k| format!("{:.3}", x(i + k) / 3.0 - 1.0)).collect();
        format!("{}{separator}{}", 1 + i % 2, values.join(separator))
    })
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// An array of NumPy of float64.
fn npy(shape: &str, values: impl Iterator<Item = f64>) -> Vec<u8> {
    array("<f8", shape, values.flat_map(f64::to_le_bytes).collect())
}

/// An archive of arrays.
fn archive(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("memory");
        archive.write_all(bytes).expect("memory");
    }
    archive.finish().expect("memory").into_inner()
}

fn array(descr: &str, shape: &str, data: Vec<u8>) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    header += &" ".repeat(63 - (10 + header.len()) % 64);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// A file that begins with these bytes.
fn begins(magic: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend((0..4000u32).map(|i| ((i * 7919) >> 3) as u8));
    bytes
}

pub(super) fn all() -> Vec<Odd> {
    let mut odd = separators();
    odd.extend(numbers());
    odd.extend(shapes());
    odd.extend(encodings());
    odd.extend(labelled());
    odd.extend(foreign());
    odd
}

fn separators() -> Vec<Odd> {
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
        named("no line end at the end", xy(",").trim_end().to_owned(), XY),
        named(
            "a row of totals at the end",
            xy(",") + "Total,880\n",
            "refused: line 42, column x has \"Total\"",
        ),
    ]
}

fn numbers() -> Vec<Odd> {
    let named = |what, bytes: String, expected| Odd::new(what, "x.csv", bytes, expected);
    let column =
        |value: &dyn Fn(usize) -> String| format!("x;y\n{}", lines(|i| format!("{};{}", x(i), value(i))));
    let missing = |spelling: &str| xy(",").replacen("2.5,21.5", &format!("{spelling},21.5"), 1);
    let one_missing = "40 rows, 1 missing: x 1..6, y 20.5..23.5";
    vec![
        named("decimal commas", comma(";"), XY),
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

fn shapes() -> Vec<Odd> {
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

fn encodings() -> Vec<Odd> {
    let named = |what, bytes: Vec<u8>, expected| Odd::new(what, "x.csv", bytes, expected);
    let umlaut = |text: String| text.replacen("x,y", "höhe,y", 1);
    let latin: Vec<u8> = umlaut(xy(",")).chars().map(|c| c as u32 as u8).collect();
    let high = "40 rows: höhe 1..6, y 20.5..23.5";
    vec![
        named("a byte order mark", format!("\u{feff}{}", xy(",")).into(), XY),
        named("line ends of Windows", xy(",").replace('\n', "\r\n").into(), XY),
        named("line ends CR", xy(",").replace('\n', "\r").into(), XY),
        named("UTF-16, little-endian", utf16(&umlaut(xy(",")), false), high)
            .notes(&["decoded from UTF-16LE"])
            .stream("convert the input to UTF-8"),
        named("UTF-16, big-endian", utf16(&umlaut(xy(",")), true), high).stream("convert the input to UTF-8"),
        named("windows-1252", latin, high)
            .notes(&["decoded from windows-1252"])
            .stream("convert the input to UTF-8"),
        Odd::new("compressed with gzip", "x.csv.gz", gzip(&xy(",")), XY),
        named("compressed with gzip, without .gz", gzip(&xy(",")), XY),
        named("gzip that ends early", gzip(&xy(","))[..60].to_vec(), "refused: x.csv"),
        Odd::new(
            "a text in UTF-16",
            "x.txt",
            utf16(&"The cat saw the dogs.\nThe dogs slept.\n".repeat(60), false),
            "text of 2280 characters, 120 lines",
        ),
        Odd::new(
            "a text in windows-1252",
            "x.txt",
            "Gr\u{fc}\u{df}e aus K\u{f6}ln, sagte der B\u{e4}r.\nUnd er a\u{df}.\n"
                .repeat(60)
                .chars()
                .map(|c| c as u32 as u8)
                .collect::<Vec<u8>>(),
            "text of 2520 characters, 120 lines",
        ),
        named("a table with NULs", xy(",").replacen("2.5", "2\0.5", 1).into(), "refused: byte 14"),
    ]
}

fn labelled() -> Vec<Odd> {
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

fn foreign() -> Vec<Odd> {
    let named = |what, magic: &[u8], expected| Odd::new(what, "x.csv", begins(magic), expected);
    vec![
        named("Parquet named .csv", b"PAR1", "refused: Parquet"),
        named(
            "Excel named .csv",
            b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml xl/workbook.xml",
            "refused: x.csv",
        ),
        named("an archive named .csv", b"PK\x03\x04\x14\0\0\0\x08\0\0\0!\0data.csv", "refused: zip"),
        named("an image named .csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "refused: x.csv"),
        Odd::new(
            "a pickle of PyTorch named .txt",
            "x.txt",
            begins(b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0archive/data.pkl"),
            "refused: x.txt",
        )
        .read_as("text"),
        Odd::new("a PDF named .txt", "x.txt", begins(b"%PDF-1.7\n"), "refused: x.txt").read_as("text"),
        Odd::new(
            "JSON lines",
            "x.jsonl",
            lines(|i| format!("{{\"x\": {}, \"y\": {}}}", x(i), y(i))),
            "text of 806 characters, 40 lines",
        )
        .read_as("series"),
        Odd::new(
            "HTML named .csv",
            "x.csv",
            format!(
                "<!DOCTYPE html>\n<html><body>\n{}</body></html>\n",
                lines(|i| format!("<tr><td>{}</td></tr>", x(i)))
            ),
            "text of 882 characters, 43 lines",
        ),
    ]
}
