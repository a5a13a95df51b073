//! Texts, as `longspan inspect` describes them.

use super::*;

#[test]
fn texts_of_all_lengths() {
    let dir = TestDir::new();
    let line = "Der Fluß, in dem die Stadt sich spiegelt, schläft.\n";
    dir.write("book.train.txt", line.repeat(200));
    dir.write("book.valid.txt", line.repeat(3));
    dir.write("book.test.txt", "Das Ω.\n");
    let found = works(&dir, "book.train.txt");
    assert_eq!(
        (&found["kind"], &found["lines"], &found["characters"]),
        (&json!("text"), &json!(200), &json!(200 * 51))
    );
    assert_eq!((&found["words"]["count"], &found["words"]["different"]), (&json!(1800), &json!(9)));
    let command = found["command"].as_str().expect("a command");
    assert!(command.contains("--valid book.valid.txt") && !command.contains("--test "), "{command}");
    assert!(notes(&found).contains("book.test.txt") && notes(&found).contains("--level word"), "{found}");
    for length in [2, 3, 19, 20, 100, 1000] {
        dir.write("short.txt", &line.repeat(20)[..length]);
        works(&dir, "short.txt");
    }
    dir.write("damaged.txt", ["ä\ntwo\n".as_bytes(), &b"one\n\xfc\xc3\xa4\n".repeat(50)].concat());
    dir.write("nulls.txt", b"one\0two\n");
    dir.bad("inspect nulls.txt", &["nulls.txt: byte 3 (from 0) is NUL"]);
    let found = works(&dir, "damaged.txt");
    assert_eq!((&found["level"], &found["invalid_line"]), (&json!("byte"), &json!(4)));
    dir.write("one.txt", "x");
    assert!(dir.json("inspect one.txt --json")["command"].is_null());
}

/// Texts in other encodings and compressed ones are decoded, and tables of texts are recognised, with commands that work.
#[test]
fn texts_of_every_encoding_and_form() {
    let dir = TestDir::new();
    let text = "Ein Mädchen aß Brötchen. ".repeat(40);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = text.chars().map(|character| u32::from(character) as u8).collect();
    dir.write("utf16.txt", utf16);
    dir.write("packed.txt.gz", gzip(&latin));
    dir.write("latin.txt", latin);
    let rows: String =
        (0..40).map(|row| format!("{row},\"a film, the {row}th\",{}\n", ["bad", "good"][row % 2])).collect();
    dir.write("films.csv", format!("id,review,verdict\n{rows}"));
    for (name, said) in [
        ("utf16.txt", "decoded from UTF-16LE"),
        ("packed.txt.gz", "decoded from windows-1252"),
        ("latin.txt", "decoded from windows-1252"),
        ("films.csv", "40 labelled sequences in a table of texts"),
    ] {
        let told = String::from_utf8(dir.good(&format!("inspect {name}")).stdout).expect("UTF-8");
        assert!(told.contains(said), "{told}");
        let command =
            told.lines().find_map(|line| line.strip_prefix("next:        longspan ")).expect("a command");
        let run = name.replace('.', "-");
        dir.good(&format!("{command} --hidden 4 --steps 2 --out {run}"));
        let record = String::from_utf8(dir.read(&format!("{run}/run.json"))).expect("UTF-8");
        assert_eq!(record.contains("decoded from"), name != "films.csv", "{record}");
    }
    dir.good("predict films-csv --input films.csv");
    // New texts are decoded as well, and the loss of a text does not depend on its encoding.
    let losses = |line: &str| dir.good(line).stdout;
    assert_eq!(losses("predict latin-txt --input utf16.txt"), losses("predict latin-txt --input latin.txt"));
    dir.good("eval latin-txt --text utf16.txt");
    dir.bad("predict latin-txt --input latin.txt --encoding utf-16le", &["latin.txt"]);
}

/// A quarter of a gigabyte of which the disk holds nothing: read in pieces, in little memory.
#[test]
fn a_large_text_is_read_in_pieces() {
    let dir = TestDir::new();
    // A sparse file would have NULs, which no text has.
    let mut file = std::fs::File::create(dir.path("large.txt")).expect("a file");
    let piece = "once upon a time\n".repeat(1 << 16);
    for _ in 0..240 {
        std::io::Write::write_all(&mut file, piece.as_bytes()).expect("space for 260 MB");
    }
    let limited =
        format!("ulimit -v 200000; exec {} inspect large.txt --json", env!("CARGO_BIN_EXE_longspan"));
    let output =
        Command::new("sh").current_dir(dir.path("")).args(["-c", &limited]).output().expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!((&found["bytes"], &found["lines"]), (&json!((240 * 17) << 16), &json!(240 << 16)));
}
