//! Bad data: one line that names the file, the place and a way out that exists; exit code 2, no panic, no run left behind.
#![allow(missing_docs, reason = "a test file")]

mod series;

use crate::test_dir::{TestDir, gzip, refused};

const HEAD: &[u8] = b"@problemName x\n@classLabel true a b\n@data\n";

fn archive(data: &str) -> Vec<u8> {
    [HEAD, data.as_bytes()].concat()
}

/// IDX of `count` images of 2 x 2 pixels, said to be `said`.
fn images(said: u8, count: usize) -> Vec<u8> {
    let head = [0, 0, 8, 3, 0, 0, 0, said, 0, 0, 0, 2, 0, 0, 0, 2];
    [&head[..], &vec![9; 4 * count]].concat()
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8], labels].concat()
}

#[test]
fn tables_of_labelled_sequences() {
    const TRAIN: &str = "train --labelled x.csv";
    let table = |text: &'static str, parts: &'static [&'static str]| (text, TRAIN, parts);
    for (text, line, parts) in [
        table("", &["x.csv", "empty"]),
        table("\n\n", &["x.csv", "empty or has only a header"]),
        table("a,b,label\n", &["x.csv", "only a header"]),
        table(
            "a,b,label\n1,2,x\n1,x\n",
            &["x.csv: line 3", "2 fields instead of 3", "complete the row or remove it"],
        ),
        table("a,b,label\n1,2,x\n1,2,3,y\n", &["x.csv: line 3", "4 fields instead of 3"]),
        table("a,b,label\n1,2,x\n1,,y\n", &["x.csv: line 3", "is missing", "--missing interpolate"]),
        table("a,b,label\n1,2,x\nnan,NaN,y\n", &["line 3", "is missing", "--missing zero"]),
        table("a,b,label\n1,2,x\ninf,2,y\n", &["line 3", "\"inf\", which is not finite", "write NA"]),
        table("a,b,label\n1,2,x\n-Infinity,2,y\n", &["line 3", "not finite"]),
        table("a,b,label\n1,2,x\n1e39,2,y\n", &["line 3", "beyond 3.4e38", "scale"]),
        table("a,b,label\n1,2,x\n1,2,x\n", &["x.csv", "every sequence has the label \"x\"", "two labels"]),
        table("a,b,label\n1,2,x\n1,2,\n", &["line 3", "no label"]),
        table("a,b,label\n1,2,x\n1,red,y\n", &["line 3, column b", "\"red\", which is not a number"]),
        table(
            "a;b;label\n1,5;2;x\n1.25;2;y\n3,5;2;y\n",
            &["line 3", "\"1.25\", which is not a number", "--decimal"],
        ),
        table("a;b;label\n1,500;2;x\n1;2;y\n", &["line 2", "\"1,500\"", "--decimal . or --decimal ,"]),
        table("a,a,label\n1,2,x\n1,2,y\n", &["line 1", "two columns \"a\"", "rename"]),
        table(
            "a,b,c\n1,2,x\n1,2,y\n",
            &["line 1", "no column \"label\"", "--label-column", "one of a, b, c"],
        ),
        table("1,2,3\n1,2,4\n", &["x.csv", "every sequence has the label \"1\""]),
        table("1.5,2,3.5\n1,2,4\n", &["line 1", "--label-column", "one of column 1, column 2, column 3"]),
        table("label\nx\ny\n", &["line 1", "no column of values"]),
        table("a,b,label\n1,\"2,x\n1,2,y\n", &["x.csv: line 2", "fields instead of 3", "quote"]),
        (
            "a,speaker\n1,x\n2,y\n",
            "train --labelled x.csv --label-column speeker",
            &["did you mean speaker?"],
        ),
        ("i,a,label\n1,1,x\n", "train --labelled x.csv --id-column id", &["no column \"id\"", "--id-column"]),
        (
            "i,a,label\n1,1,x\n1,2,y\n",
            "train --labelled x.csv --id-column i",
            &["line 3", "changes from \"x\" to \"y\""],
        ),
        (
            "i,a,label\n1,1,x\n2,2,y\n1,1,x\n",
            "train --labelled x.csv --id-column i",
            &["line 4", "occurs again", "sort the rows"],
        ),
        (
            "a,b,label\n,1,x\n,2,y\n",
            "train --labelled x.csv --id-column b --missing interpolate",
            &["line 2", "channel a is missing", "--missing zero"],
        ),
        (
            "a,label\n1,x\n2,y\n",
            "train --labelled x.csv --window 3",
            &["--window 3", "applies to --series only"],
        ),
        ("a,label\n1,x\n2,y\n", "train --labelled x.csv --missing drop", &["--missing drop", "choose error"]),
        (
            "a,label\n1,x\n2,y\n",
            "train --labelled x.csv --labelled-test x.csv --test-fraction 0.2",
            &["--test-fraction 0.2", "--labelled-test"],
        ),
        (
            "a,label\n1,x\n2,y\n",
            "train --labelled x.csv --valid-fraction 0.5 --test-fraction 0.5",
            &["--test-fraction 0.5", "--valid-fraction"],
        ),
    ] {
        refused(&[(&[("x.csv", text.as_bytes())], line, parts)]);
    }
    refused(&[
        (
            &[("x.csv", b"a,b,label\n1,2,\xc3\xa4\n1,2,f\xfcr\n")],
            TRAIN,
            &["line 3", "not valid UTF-8 from byte 2", "--encoding"],
        ),
        (
            &[("x.csv", &[0xff, 0xfe, b'a', 0, b',', 0, b'b', 0])],
            TRAIN,
            &["x.csv: line 1", "no column \"label\""],
        ),
        (
            &[("x.csv", b"a,label\n1,x\n2,y\n"), ("t.csv", b"a,label\n1,x\n2,z\n")],
            "train --labelled x.csv --labelled-test t.csv",
            &["t.csv: line 3", "label \"z\" does not occur in training"],
        ),
        (
            &[("x.csv", b"i,a,b,label\n1,1,1,x\n2,1,1,y\n"), ("t.csv", b"i,b,a,label\n1,1,1,x\n")],
            "train --labelled x.csv --id-column i --labelled-test t.csv",
            &["t.csv", "channel 1 is \"b\"", "in training \"a\""],
        ),
    ]);
}

#[test]
fn archives() {
    const TRAIN: &str = "train --labelled x.ts";
    for (data, parts) in [
        ("", &["x.ts", "no sequence"][..]),
        ("1,2:a\n3,4:c\n", &["x.ts: line 5", "the label \"c\"", "@classLabel"]),
        ("1,2:3,4:a\n1,2:b\n", &["line 5", "1 dimension instead of 2"]),
        ("1,2:3:a\n", &["line 4", "dimension 2 has 1 value", "same length"]),
        ("1,2:a\n:b\n", &["line 5", "the sequence is empty", "remove it"]),
        ("1,2:a\n1,?:b\n", &["line 5", "is missing", "--missing interpolate"]),
        ("1,2:a\n1,x:b\n", &["line 5", "\"x\" is not a number"]),
        ("(0,1),(1,2):a\n", &["line 4", "time stamps", "evenly spaced"]),
        ("1,2:a\n3,4:a\n", &["x.ts", "every sequence has the label \"a\""]),
    ] {
        refused(&[(&[("x.ts", &archive(data))], TRAIN, parts)]);
    }
    let good = archive("1,2:a\n3,4:b\n");
    let packed = gzip(&good);
    refused(&[
        (&[("x.ts", b"@classLabel true a b\n1,2:a\n")], TRAIN, &["x.ts", "no @data line"]),
        (&[("x.ts", b"@data\n1,2:a\n")], TRAIN, &["x.ts", "no @classLabel line"]),
        (
            &[("x.ts", b"@targetLabel true\n@data\n1:2\n")],
            TRAIN,
            &["every sequence has the target 2", "two different targets"],
        ),
        (
            &[("x.ts.gz", &packed[..packed.len() - 12])],
            "train --labelled x.ts.gz",
            &["x.ts.gz", "cut off or damaged"],
        ),
        (
            &[("x.ts.gz", b"\x1f\x8b garbage that is no gzip")],
            "train --labelled x.ts.gz",
            &["x.ts.gz", "cut off"],
        ),
        (&[], TRAIN, &["there is no file", "x.ts", "check the path"]),
        (&[("x.ts", &good)], "train --labelled x.ts --labelled-test gone.ts", &["gone.ts", "check the path"]),
        (&[("x.ts", &good)], "train --labelled x.ts/y", &["x.ts/y", "check"]),
        (
            &[("x.ts", &good), ("t.ts", &archive("1:1:a\n"))],
            "train --labelled x.ts --labelled-test t.ts",
            &["t.ts", "2 channels, and training has 1"],
        ),
        (
            &[("x.ts", &good)],
            "train --labelled x.ts --columns a",
            &["--columns a", "applies to --series only"],
        ),
        (&[("x.ts", &good)], "train --labelled x.ts --length 5", &["--length", "applies to --task only"]),
        (
            &[("x.bin", b"\x00\x01\x02\x03")],
            "train --labelled x.bin",
            &["x.bin", "none of the supported formats"],
        ),
    ]);
}

#[test]
fn folders_of_texts() {
    refused(&[
        (&[("names/readme.md", b"x")], "train --labelled names", &["names", "no .txt file"]),
        (
            &[("names/a.txt", b"x\n"), ("names/b.txt", b"")],
            "train --labelled names",
            &["names/b.txt", "empty"],
        ),
        (
            &[("names/a.txt", b"x\n")],
            "train --labelled names",
            &["names", "every sequence has the label \"a\""],
        ),
        (
            &[("names/a.txt", b"x\n\ny\n"), ("names/b.txt", b"z\n")],
            "train --labelled names",
            &["names/a.txt: line 2", "the sequence is empty"],
        ),
        (
            &[("names/a.txt", b"\xc3\xa4\nf\xfcr\n"), ("names/b.txt", b"z\n")],
            "train --labelled names",
            &["names/a.txt: line 2", "UTF-8", "--level byte"],
        ),
        (
            &[("names/a.txt", b"x\n"), ("names/b.txt", b"z\n"), ("test/a.txt", b"q\n")],
            "train --labelled names --labelled-test test",
            &["test/a.txt: line 1", "the character 'q'", "--level byte"],
        ),
    ]);
}

#[test]
fn images_of_digits() {
    const TRAIN: &str = "train --labelled train-images-idx3-ubyte";
    const IMAGES: &str = "train-images-idx3-ubyte";
    const LABELS: &str = "train-labels-idx1-ubyte";
    refused(&[
        (&[(IMAGES, &images(2, 2))], TRAIN, &["train-labels-idx1-ubyte", "check the path"]),
        (
            &[(IMAGES, &images(3, 3)), (LABELS, &labels(&[1, 2]))],
            TRAIN,
            &[LABELS, "2 labels for 3 images", "--image-labels"],
        ),
        (
            &[(IMAGES, &images(2, 1)), (LABELS, &labels(&[1, 2]))],
            TRAIN,
            &[IMAGES, "ends in image 2 of 2", "download it again"],
        ),
        (
            &[(IMAGES, &images(2, 3)), (LABELS, &labels(&[1, 2]))],
            TRAIN,
            &[IMAGES, "bytes follow the last of 2"],
        ),
        (
            &[(IMAGES, b"\0\0\x0d\x03\0\0\0\x02"), (LABELS, &labels(&[1, 2]))],
            TRAIN,
            &[IMAGES, "begins with the bytes 00 00 0d 03", "00 00 08 03"],
        ),
        (&[(IMAGES, b"\0\0\x08"), (LABELS, &labels(&[1, 2]))], TRAIN, &[IMAGES, "ends in its header"]),
        (
            &[("digits", &images(2, 2))],
            "train --labelled digits",
            &["digits", "images-idx3", "--image-labels"],
        ),
        (
            &[(IMAGES, &images(2, 2)), (LABELS, &labels(&[1, 1]))],
            TRAIN,
            &["every sequence has the label \"1\""],
        ),
    ]);
}

#[test]
fn music() {
    const TRAIN: &str = "train --labelled x.json";
    for (text, parts) in [
        (r#"{"train": [[[60], [62]], [[60"#, &["x.json: train, piece 1, step 0", "EOF"][..]),
        (r#"{"train": [[[60], ["c"]]]}"#, &["train, piece 0, step 1", "string \"c\""]),
        (r#"{"train": [[[60], 5]]}"#, &["train, piece 0, step 1", "a list of keys"]),
        (r#"{"train": [[[60], [128]]]}"#, &["train, piece 0, step 1", "key 128", "21 to 108"]),
        (r#"{"train": [[[60], [-1]]]}"#, &["train, piece 0, step 1", "-1"]),
        (r#"{"train": [[]]}"#, &["train, piece 0", "no steps", "remove it"]),
        (r#"{"train": []}"#, &["x.json", "train has no pieces"]),
        (r#"{"valid": [[[60]]]}"#, &["x.json", "train has no pieces"]),
        (r#"{"train": [[[60]]]}"#, &["x.json", "second step", "use another file"]),
        (r#"{"notes": [[[60]]]}"#, &["x.json", "\"notes\" is not a part"]),
    ] {
        refused(&[(&[("x.json", text.as_bytes())], TRAIN, parts)]);
    }
    let roll: &[u8] = br#"{"train": [[[60], [62], [64]]]}"#;
    refused(&[
        (
            &[("x.json", roll)],
            "train --labelled x.json --labelled-test x.json",
            &["x.json", "the file's own"],
        ),
        (
            &[("x.json", roll)],
            "train --labelled x.json --test-fraction 0.2",
            &["--test-fraction", "the file's own"],
        ),
    ]);
}

/// A gigabyte on one line, of which the disk holds nothing: refused in seconds and with little memory.
#[test]
fn a_line_of_a_gigabyte() {
    // The line is of NULs, because a file can have any number of them without taking space on a disk. Readers of texts
    // refuse the first one.
    for (name, start, line, problem) in [
        ("x.csv", &b"a,label\n1,x\n"[..], "train --labelled x.csv", "byte 12 (from 0) is NUL"),
        ("x.ts", HEAD, "train --labelled x.ts", "is NUL"),
        ("names/a.txt", b"x\n", "train --labelled names", "byte 2 (from 0) is NUL"),
        ("x.csv", b"t,a\n1,2\n", "train --series x.csv", "byte 8 (from 0) is NUL"),
    ] {
        let dir = TestDir::new();
        dir.write(name, start);
        let file = std::fs::OpenOptions::new().write(true).open(dir.path(name)).expect("a file");
        file.set_len(1 << 30).expect("a sparse file");
        // In an address space of half of it.
        let limited = format!("ulimit -v 600000; exec {} {line} --threads 1", env!("CARGO_BIN_EXE_longspan"));
        let output =
            std::process::Command::new("sh").current_dir(dir.path("")).args(["-c", &limited]).output();
        let output = output.expect("a shell");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {message}");
        assert!(message.contains(name) && message.contains(problem), "{name}: {message}");
        assert!(!dir.path("runs").exists());
    }
}

/// A row without an end is refused at the limit of a row.
#[test]
fn a_row_beyond_the_limit() {
    let dir = TestDir::new();
    for (start, line) in
        [("t,a\n1,2\n", "train --series x.csv"), ("a,label\n1,x\n", "train --labelled x.csv")]
    {
        dir.write("x.csv", start.to_owned() + &"1".repeat(68 << 20));
        dir.bad(line, &["x.csv: line 3", "more than 67108864 bytes"]);
    }
}

/// What is unusual and right: a byte order mark, ends of lines of Windows, quotes, another separator, gzip.
#[test]
fn unusual_files_work() {
    const SMALL: &str = "--hidden 4 --batch 2 --steps 1 --threads 1";
    let table = "\u{feff}a;b;label\r\n1;2;\"x;y\"\r\n3;4;z\r\n5;6;z\r\n1;2;\"x;y\"\r\n";
    let rows: String = (0..40).map(|i| format!("2020-01-{:02};\"{i}\";{i}.5\r\n", 1 + i / 2)).collect();
    let dir = TestDir::new();
    dir.write("x.csv", table);
    dir.write("x.csv.gz", gzip(table.as_bytes()));
    dir.write(
        "x.ts",
        format!("\u{feff}{}", String::from_utf8_lossy(&archive("1,2:a\n3:b\n"))).replace('\n', "\r\n"),
    );
    dir.write("s.csv", format!("\u{feff}t;a;b\r\n{rows}"));
    let rows: String = (0..40).map(|i| format!("{i};1.234,{i}\n")).collect();
    dir.write("comma.csv.gz", gzip(format!("sep=;\nt;a\ns;m\n{rows}").as_bytes()));
    let rows: String = (0..40).map(|i| format!("  {}.0e+00   0.{i} 1.5 2.5\n", 1 + i % 2)).collect();
    dir.write("UCR_TRAIN.txt", rows);
    dir.write("names/a.txt", "\u{feff}Ann\r\nIda\r\n");
    dir.write("names/b.txt", "Bob\r\nNed\r\n\r\n");
    for data in [
        "labelled x.csv",
        "labelled x.csv.gz",
        "labelled x.ts",
        "labelled names",
        "labelled UCR_TRAIN.txt",
        "series s.csv --window 2",
        "series comma.csv.gz --window 2",
    ] {
        dir.good(&format!("train --{data} {SMALL}"));
    }
}

/// What eval is given beside the run's own data.
#[test]
fn other_files_for_eval() {
    const SMALL: &str = "--hidden 4 --batch 2 --steps 1 --threads 1";
    let dir = TestDir::new();
    dir.write("x.ts", archive("1,2:a\n3:b\n4:a\n5:b\n"));
    let rows: String = (0..40).map(|i| format!("{i},{}\n", i % 7)).collect();
    dir.write("s.csv", format!("t,a\n{rows}"));
    dir.write("x.json", r#"{"train": [[[60], [62], [64]]]}"#);
    dir.good(&format!("train --labelled x.ts --out labelled {SMALL}"));
    dir.good(&format!("train --series s.csv --window 3 --out series {SMALL}"));
    dir.good(&format!("train --labelled x.json --out music {SMALL}"));
    dir.write("unseen.ts", "@classLabel true a b c\n@data\n1:a\n1:c\n");
    dir.write("wide.ts", archive("1:2:a\n"));
    dir.write("other.csv", "t,b\n1,2\n2,3\n3,4\n4,5\n5,6\n");
    dir.write("short.csv", "t,a\n1,2\n2,3\n");
    for (line, parts) in [
        ("eval labelled --labelled unseen.ts", &["unseen.ts: line 4", "label \"c\""][..]),
        ("eval labelled --labelled wide.ts", &["wide.ts", "2 channels, and training has 1"]),
        ("eval labelled --labelled names", &["names", "check the path"]),
        ("eval labelled --labelled x.json", &["x.json", "piano rolls have no labels"]),
        ("eval labelled --series s.csv", &["was trained on labelled sequences", "leave out --series"]),
        ("eval series --series other.csv", &["other.csv", "no column \"a\""]),
        ("eval series --series short.csv", &["short.csv", "has 2 rows", "window of 3"]),
        ("eval series --season 900", &["--season 900", "half of the rows"]),
        ("eval music --labelled x.ts", &["x.ts", "not one: "]),
        ("eval labelled --part other", &["--part other", "valid or test"]),
        ("eval labelled --part test", &["no test data", "--test-fraction"]),
    ] {
        dir.bad(line, parts);
    }
}
