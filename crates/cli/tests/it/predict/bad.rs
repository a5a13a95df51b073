//! Bad input: one message that names the file, the place, what is wrong and the way out.

use super::data::{SMALL, series, ts, waves};
use crate::test_dir::TestDir;

#[test]
fn bad_input_is_refused() {
    let dir = TestDir::new();
    let head = "@classLabel true up down";
    dir.write("train.ts", ts(&waves(40), head, |class| format!(":{class}")));
    dir.write("three.ts", format!("{head}\n@data\n1:2:3:up\n1:2:3:up\n"));
    dir.write("word.ts", format!("{head}\n@data\n1,2:3,4\n1,x:3,4\n"));
    dir.write("gap.ts", format!("{head}\n@data\n1,2:3,?\n"));
    dir.write("label.ts", format!("{head}\n@data\n1,2:3,4:left\n"));
    dir.write("empty.ts", "");
    dir.write("notes.xyz", "notes");
    dir.write("wide.csv", "a,b\n1,2\n");
    dir.write("all.csv", series(60));
    dir.write("few.csv", series(4));
    dir.write("lacks.csv", "time,place,level,flov\n1,x,2,3\n");
    dir.write("bad.csv", "time,place,level,flow\n1,x,2,3\n2,x,high,3\n");
    dir.write("text.txt", "The cats were not full.\n".repeat(60));
    dir.write("greek.txt", "The cats were not full.\nThe \u{3b1}");
    dir.write("invalid.txt", b"The c\xff");
    dir.write("empty.txt", "");
    dir.write("music.json", r#"{"train": [[[40], [41], [42]]]}"#);
    dir.write("odd.json", r#"{"train": [[[40], [200]]]}"#);
    dir.printed(&format!("train --labelled train.ts {SMALL} --out waves"));
    let columns =
        "--columns level,flow --time-column time --group-column place --window 9 --valid-fraction 0";
    dir.printed(&format!("train --series all.csv {columns} --horizon 2 {SMALL} --out flow"));
    dir.printed(&format!("train --text text.txt --unroll 16 {SMALL} --out text"));
    dir.printed(&format!("train --labelled music.json {SMALL} --out music"));
    dir.printed("train --task parity --length 4 --hidden 8 --batch 4 --steps 2 --out parity");
    dir.printed("train --task adding --length 10 --hidden 8 --batch 4 --steps 2 --out adding");
    for (line, parts) in [
        ("predict waves", &["--input"][..]),
        ("predict waves --input train.ts --stream", &["--stream"]),
        ("predict nowhere --input train.ts", &["there is no run in nowhere"]),
        ("predict waves --input gone.ts", &["gone.ts", "check the path"]),
        ("predict waves --input empty.ts", &["empty.ts", "no sequence"]),
        ("predict waves --input three.ts", &["three.ts", "3 channels", "2"]),
        ("predict waves --input wide.csv", &["wide.csv", "1 channel", "2"]),
        ("predict waves --input word.ts", &["word.ts: line 4", "\"x\" is not a number"]),
        ("predict waves --input gap.ts", &["gap.ts: line 3", "value 2 of channel 2 is missing", "--missing"]),
        ("predict waves --input label.ts", &["label.ts: line 3", "\"left\"", "@classLabel"]),
        ("predict waves --input notes.xyz", &["notes.xyz", "none of the supported formats"]),
        ("predict waves --input music.json", &["music.json", "piano rolls have no labels"]),
        ("predict waves --input train.ts --every", &["--every", "forecast"]),
        ("predict waves --input train.ts --batch 0", &["--batch 0"]),
        ("predict waves --input train.ts --missing often", &["often", "interpolate"]),
        ("predict waves --input train.ts --checkpoint worst", &["choose best or last"]),
        ("predict waves --input train.ts -o gone/x.csv", &["gone/x.csv", "cannot be written", "directory"]),
        ("predict waves --input train.ts -o waves", &["waves is a directory"]),
        ("predict waves --input train.ts -o /dev/full", &["/dev/full", "cannot be written", "make room"]),
        (
            "predict flow --input lacks.csv",
            &["lacks.csv: line 1 has no column \"flow\"", "the model", "did you mean flov?"],
        ),
        ("predict flow --input bad.csv", &["bad.csv: line 3", "level", "\"high\""]),
        ("predict flow --input few.csv", &["few.csv: 4 rows", "9"]),
        ("predict flow --input gone.csv", &["gone.csv", "check the path"]),
        ("predict flow --input all.csv --group-column plaice", &["plaice", "did you mean place?"]),
        ("predict text --input greek.txt", &["greek.txt: line 2, column 5", "U+03B1"]),
        // A lone byte beyond ASCII is read as windows-1252.
        ("predict text --input invalid.txt", &["invalid.txt: line 1, column 6", "U+00FF"]),
        ("predict text --input empty.txt", &["empty.txt is empty"]),
        ("predict text --input gone.txt", &["gone.txt", "check the path"]),
        ("predict text --input waves", &["waves is a directory"]),
        ("predict music --input odd.json", &["odd.json", "key 200"]),
        ("predict parity --input text.txt", &["synthetic task", "longspan eval"]),
        ("predict adding --stream", &["synthetic task", "longspan eval"]),
    ] {
        dir.bad_on(line, "", parts);
    }
    for (line, input, parts) in [
        ("predict waves --stream", &b"1,2\n1\n"[..], &["line 2", "1 value instead of 2", "1, 2"][..]),
        ("predict waves --stream", b"1,2\n1,2,3\n", &["line 2", "3 values instead of 2"]),
        ("predict waves --stream", b"1,2\n1,x\n", &["line 2", "\"x\"", "channel \"2\"", "not a number"]),
        ("predict waves --stream", b"1,inf\n", &["line 1", "\"inf\"", "not finite"]),
        ("predict waves --stream", b"1,1e300\n", &["line 1", "not finite", "check its unit"]),
        ("predict waves --stream", b"1;1,234\n", &["line 1", "\"1,234\"", "--decimal . or --decimal ,"]),
        ("predict waves --stream", b"1,\n", &["line 1", "channel \"2\" is missing", "--missing zero"]),
        (
            "predict flow --stream --group north",
            b"level,flov\n1,2\n",
            &["line 1", "\"flow\"", "did you mean \"flov\"?"],
        ),
        (
            "predict flow --stream --group north",
            b"flow,level\n1,2\n1\n",
            &["line 3 has 1 field,", "line 1 names 2"],
        ),
        ("predict flow --stream --group north", b"\xff,1\n", &["line 1", "UTF-8"]),
        ("predict text --stream", "The\n\u{3b1}\n".as_bytes(), &["line 2", "U+03B1"]),
        ("predict text --stream", b"T\xff\n", &["line 1", "byte 2: not valid UTF-8"]),
    ] {
        dir.bad_on(line, input, &[parts, &["standard input"]].concat());
    }
    dir.bad_on("predict text --stream", "x".repeat(2 << 20), &["standard input: line 1 is longer than"]);
    // What a failure leaves of -o: the file that was there, and nothing else.
    dir.write("out.csv", "mine");
    dir.bad_on("predict waves --input word.ts -o out.csv", "", &["word.ts"]);
    dir.bad_on("predict text --input greek.txt -o out.csv", "", &["greek.txt"]);
    let out = || std::fs::read_to_string(dir.root().join("out.csv")).expect("a file");
    assert!(out() == "mine" && !dir.root().join("out.csv.new").exists());
    dir.printed("predict waves --input train.ts -o out.csv");
    assert!(out().starts_with("index,") && !dir.root().join("out.csv.new").exists());
    dir.printed_on("predict waves --stream -o out.csv", "100,1\n");
    assert_eq!(out().lines().count(), 2);
}
