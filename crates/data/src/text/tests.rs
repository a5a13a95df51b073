use std::fs;

use super::*;
use crate::fingerprint::Fingerprint;
use longspan_kernel::rng::{Key, Purpose};

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn options(&self, content: impl AsRef<[u8]>, level: TokenLevel) -> TextOptions {
        let train = self.write("train.txt", content);
        TextOptions {
            train,
            valid: None,
            test: None,
            level,
            vocabulary_size: None,
            valid_fraction: 0.0,
            encoding: None,
        }
    }
}

fn load(options: &TextOptions) -> Result<TextCorpus, TextError> {
    TextCorpus::load(options, None, &mut |_| {})
}

fn tokens(part: &TextPart) -> Vec<u32> {
    let mut tokens = Vec::new();
    part.each(0, part.len(), |_, token| tokens.push(token)).unwrap();
    tokens
}

#[test]
fn the_last_tokens_are_held_out_at_every_level() {
    let files = Files::new();
    // 19 bytes, 17 characters, 9 words including <eos>; 0.3 of each, rounded down, is held out.
    let text = "ab cd\nef gh\nij äö";
    for (level, kept, count, held_out) in [
        (TokenLevel::Byte, "ab cd\nef gh\nij", 14, 5),
        (TokenLevel::Char, "ab cd\nef gh\n", 12, 5),
        (TokenLevel::Word, "ab cd\nef gh\nij ", 7, 2),
    ] {
        let options = TextOptions { valid_fraction: 0.3, ..files.options(text, level) };
        let TextCorpus { vocabulary, train, valid, test } = load(&options).unwrap();
        let valid = valid.unwrap();
        assert!(test.is_none());
        assert_eq!((train.len(), valid.len()), (count, held_out), "{level}");
        assert_eq!([tokens(&train), tokens(&valid)].concat(), vocabulary.encode(text).unwrap(), "{level}");
        let (before, after) = text.split_at(kept.len());
        assert_eq!(train.fingerprint(), Fingerprint::of(before.as_bytes()), "{level}");
        assert_eq!(valid.fingerprint(), Fingerprint::of(after.as_bytes()), "{level}");
        assert_eq!((train.bytes(), valid.bytes()), (before.len(), after.len()), "{level}");
    }
}

#[test]
fn the_vocabulary_comes_from_the_training_file() {
    let files = Files::new();
    let mut options = files.options("aab\nab\nc d\n", TokenLevel::Char);
    // A validation file takes precedence over the fraction.
    options.valid = Some(files.write("valid.txt", "abba"));
    options.valid_fraction = 0.5;
    let corpus = load(&options).unwrap();
    assert_eq!((corpus.train.len(), corpus.valid.unwrap().len()), (11, 4));
    assert_eq!(corpus.vocabulary, Vocabulary::chars("\n abcd"));

    options.test = Some(files.write("test.txt", "abc\nax"));
    let error = load(&options).unwrap_err().to_string();
    assert!(error.contains("test.txt: line 2, column 2 has the character 'x'"), "{error}");

    // The vocabulary has the characters of the held-out part, but not its words.
    options = TextOptions { valid: None, test: None, ..options };
    assert_eq!(load(&options).unwrap().vocabulary.len(), 6);
    options.level = TokenLevel::Word;
    let corpus = load(&options).unwrap();
    assert_eq!(corpus.vocabulary, Vocabulary::of_words(["aab", "ab"]));
    let valid = corpus.valid.unwrap();
    assert_eq!((corpus.vocabulary.decode(&tokens(&valid)), valid.unknown()), ("<unk> <unk>\n".to_owned(), 2));
    assert_eq!((valid.counts().len(), corpus.train.unknown()), (4, 0));
    options.vocabulary_size = Some(3);
    assert_eq!(load(&options).unwrap().train.unknown(), 1);
}

#[test]
fn a_checkpoints_vocabulary_is_kept() {
    let files = Files::new();
    let vocabulary = Vocabulary::words("b a\n", None).unwrap();
    let options = TextOptions { valid_fraction: 0.5, ..files.options("a b c\nb c\n", TokenLevel::Char) };
    let corpus = TextCorpus::load(&options, Some(vocabulary.clone()), &mut |_| {}).unwrap();
    assert_eq!(corpus.vocabulary, vocabulary);
    assert_eq!(vocabulary.decode(&tokens(&corpus.train)), "a b <unk>\n");
    // The location of an error in the held-out part is one in the file.
    let error =
        TextCorpus::load(&options, Some(Vocabulary::chars("\n ab")), &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("train.txt: line 1, column 5"), "{error}");
}

#[test]
fn windows_line_ends_stay_bytes_and_characters() {
    let files = Files::new();
    for (level, tokens) in [(TokenLevel::Byte, 6), (TokenLevel::Char, 6), (TokenLevel::Word, 4)] {
        let corpus = load(&files.options("a\r\nb\r\n", level)).unwrap();
        assert_eq!(corpus.train.len(), tokens, "{level}");
    }
}

#[test]
fn errors_name_the_file_and_the_remedy() {
    let files = Files::new();
    let says = |options: &TextOptions, parts: &[&str]| {
        let error = load(options).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{error:?} without {part:?}");
        }
    };
    let damaged = files.options(b"\xc3\xa4\nf\xfcr", TokenLevel::Char);
    says(&damaged, &["train.txt: line 2, column 2 (byte 4)", "--level byte", "--encoding"]);
    says(&TextOptions { level: TokenLevel::Word, ..damaged.clone() }, &["line 2, column 2 (byte 4)"]);
    assert!(load(&TextOptions { level: TokenLevel::Byte, ..damaged }).is_ok());

    let options = files.options("one two three\n", TokenLevel::Word);
    let valid = |path: PathBuf| TextOptions { valid: Some(path), ..options.clone() };
    says(&valid(files.0.path().join("none.txt")), &["no file", "none.txt"]);
    says(&valid(files.0.path().to_owned()), &["is a directory"]);
    says(&valid(files.write("empty.txt", "")), &["empty.txt is empty"]);
    let hold = |valid_fraction| TextOptions { valid_fraction, ..options.clone() };
    says(&hold(1.0), &["train.txt", "--valid-fraction from 0 to below 1"]);
    says(&hold(f64::NAN), &["NaN"]);
    says(&hold(-0.1), &["-0.1"]);
    says(&hold(0.3), &["0.3 of the 4 tokens", "gives 1 for validation", "larger --valid-fraction"]);
    says(&TextOptions { vocabulary_size: Some(2), ..options.clone() }, &["train.txt", "--vocab-size 3"]);
}

/// A text in another encoding gives the same corpus as in UTF-8, in a file, in a pipe's copy and compressed.
#[test]
fn other_encodings_give_the_same_corpus() {
    let files = Files::new();
    let text = "Grüße an alle.\nÀ bientôt\n".repeat(9000);
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = text.chars().map(|character| u32::from(character) as u8).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &latin).unwrap();
    let packed = packed.finish().unwrap();
    for level in [TokenLevel::Char, TokenLevel::Word] {
        let load = |bytes: &[u8]| {
            load(&TextOptions { valid_fraction: 0.25, ..files.options(bytes, level) }).unwrap()
        };
        let plain = load(text.as_bytes());
        assert_eq!(plain.train.encoding(), crate::encoding::Encoding::UTF_8);
        for (bytes, name) in [
            (&utf16[..], "UTF-16LE"),
            (&latin, "windows-1252"),
            (&packed, "windows-1252"),
            (format!("\u{feff}{text}").as_bytes(), "UTF-8"),
        ] {
            let corpus = load(bytes);
            assert_eq!(corpus.vocabulary, plain.vocabulary, "{name}");
            assert_eq!(corpus.train.fingerprint(), plain.train.fingerprint(), "{name}");
            assert_eq!(tokens(&corpus.train), tokens(&plain.train), "{name}");
            let (own, expected) = (corpus.valid.unwrap(), plain.valid.as_ref().unwrap());
            assert_eq!((tokens(&own), own.bytes()), (tokens(expected), expected.bytes()), "{name}");
            assert_eq!((own.encoding().name(), corpus.train.encoding().name()), (name, name));
        }
    }
    // The bytes of a file are its own.
    let bytes = load(&files.options(&utf16, TokenLevel::Byte)).unwrap();
    assert_eq!(bytes.train.len(), utf16.len());
    let options = files.options(&latin, TokenLevel::Char);
    let chosen = TextOptions { encoding: Some("windows-1251".parse().unwrap()), ..options };
    assert!(load(&chosen).unwrap().vocabulary.id("ь").is_some());
}

#[test]
fn files_that_are_no_texts_are_refused() {
    let files = Files::new();
    let says = |name: &str, bytes: &[u8], part: &str| {
        let options = TextOptions { train: files.write(name, bytes), ..files.options("", TokenLevel::Char) };
        let error = load(&options).unwrap_err().to_string();
        assert!(error.contains(part), "{error:?} without {part:?}");
        assert!(load(&TextOptions { level: TokenLevel::Byte, ..options }).is_ok());
    };
    says("x.bin", b"one\0two", "x.bin: byte 3 (from 0) is NUL, so this is a binary file");
    says("x.parquet", b"PAR1\x15\x04\x15", "x.parquet is a Parquet file: write it as a table");
    says("x.gz", b"\x1f\x8b\x08no", "x.gz is compressed with gzip and cannot be decompressed");
    let page =
        TextOptions { train: files.write("x.html", "<html>\n"), ..files.options("", TokenLevel::Char) };
    assert_eq!(load(&page).unwrap().train.len(), 7);
}

/// A text of several pieces, with words, lines and characters of all lengths, equals the result of plain code on the
/// whole text, in memory and in a file.
#[test]
fn a_long_text_equals_the_text_in_one_piece() {
    let files = Files::new();
    let key = Key::new(3, Purpose::Sample, 0, 0);
    let mut text = String::new();
    for (line, draws) in (0..9000).map(|line| (line, key.stream(line, 0))) {
        let mut draws = draws;
        for _ in 0..draws.below(12) {
            let word = ["the", "cat", "Fluß", "日本", "\u{3000}", "naïve—", "\t", "\r", "x\u{a0}y", "<unk>"];
            text.push_str(word[draws.below(10) as usize]);
            text.push_str([" ", "", "  ", "\u{2003}"][draws.below(4) as usize]);
        }
        match line {
            4000 => text.push_str(&"long".repeat(40_000)),
            5000 => text.push_str(&"wörter ".repeat(30_000)),
            _ => {}
        }
        text.push_str(["\n", "\n", "\n\n", ""][draws.below(4) as usize]);
    }
    assert!(text.len() > 6 * pieces::PIECE);
    let plain_words = |text: &str| {
        let mut words = Vec::new();
        for line in text.split_inclusive('\n') {
            words.extend(line.split_whitespace().map(|word| (word.as_ptr() as usize, word.to_owned())));
            words.push((
                line.trim_end_matches('\n').as_bytes().as_ptr_range().end as usize,
                "<eos>".to_owned(),
            ));
        }
        words
    };
    for (level, fraction) in [
        (TokenLevel::Byte, 0.0),
        (TokenLevel::Byte, 0.4),
        (TokenLevel::Char, 0.0),
        (TokenLevel::Char, 0.37),
        (TokenLevel::Word, 0.0),
        (TokenLevel::Word, 0.1),
        (TokenLevel::Word, 0.63),
    ] {
        let options = TextOptions { valid_fraction: fraction, ..files.options(&text, level) };
        let begins: Vec<usize> = match level {
            TokenLevel::Byte => (0..text.len()).collect(),
            TokenLevel::Char => text.char_indices().map(|(offset, _)| offset).collect(),
            _ => plain_words(&text).iter().map(|(at, _)| at - text.as_ptr() as usize).collect(),
        };
        let kept = begins.len() - (fraction * begins.len() as f64) as usize;
        let cut = begins.get(kept).copied().unwrap_or(text.len());
        for in_memory in [usize::MAX, 1000] {
            let corpus = TextCorpus::build(&options, None, in_memory, &mut |_| {}).unwrap();
            let train = tokens(&corpus.train);
            let valid = corpus.valid.as_ref().map(tokens).unwrap_or_default();
            assert_eq!((train.len(), train.len() + valid.len()), (kept, begins.len()), "{level} {fraction}");
            let all = [train, valid].concat();
            match level {
                TokenLevel::Byte => assert!(all.iter().map(|&t| t as u8).eq(text.bytes())),
                TokenLevel::Char => assert_eq!(corpus.vocabulary.decode(&all), text),
                _ => {
                    assert_eq!(
                        corpus.vocabulary,
                        Vocabulary::words(
                            &text.as_bytes().get(..cut).map(String::from_utf8_lossy).unwrap(),
                            None
                        )
                        .unwrap()
                    );
                    let words = plain_words(&text);
                    for (token, (_, word)) in all.iter().zip(&words) {
                        let label = corpus.vocabulary.label(*token);
                        assert!(label == *word || label == "<unk>" && corpus.vocabulary.id(word).is_none());
                    }
                }
            }
            assert_eq!(corpus.train.fingerprint(), Fingerprint::of(&text.as_bytes()[..cut]));
            assert_eq!(corpus.train.bytes(), cut);
            if let Some(valid) = corpus.valid {
                assert_eq!(valid.fingerprint(), Fingerprint::of(&text.as_bytes()[cut..]));
                assert_eq!(valid.bytes(), text.len() - cut);
                let unknown =
                    tokens(&valid).iter().filter(|&&t| Some(t) == corpus.vocabulary.unknown()).count();
                assert_eq!(valid.unknown(), unknown);
            }
        }
    }
}

#[test]
fn errors_far_into_a_text_name_their_location() {
    let files = Files::new();
    let says = |content: &[u8], level, parts: &[&str]| {
        let error = load(&files.options(content, level)).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(error.contains(part), "{error:?} without {part:?}"));
    };
    // Around the ends of pieces, and the first byte of a character alone.
    for at in [65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 65_536, 65_537, 200_000] {
        for fault in [&b"\xff"[..], b"\xe6\x97", b"\x80\x80\x80\x80\x80\x80"] {
            let mut content = "ä b\n".repeat(60_000).into_bytes();
            content.truncate(at - at % 5);
            content.extend(fault);
            content.extend(b"rest\n".repeat(30_000));
            let line = format!("line {}, column 1 (byte {})", at / 5 + 1, at - at % 5);
            says(&content, TokenLevel::Char, &["train.txt", &line, "--level byte"]);
            says(&content, TokenLevel::Word, &["train.txt", &line]);
        }
    }
    let long = ["one\ntwo ".to_owned(), "x".repeat(3 << 20)].concat();
    says(
        long.as_bytes(),
        TokenLevel::Word,
        &["line 2, column 5", "more than 1048576 bytes", "--level char or byte"],
    );
    assert!(load(&files.options(&long, TokenLevel::Char)).is_ok());
    let line = "word ".repeat(1 << 20);
    assert_eq!(load(&files.options(&line, TokenLevel::Word)).unwrap().train.len(), (1 << 20) + 1);
}

#[test]
fn every_byte_is_reported_while_a_text_is_read() {
    let files = Files::new();
    let options = files.options("the cat \n".repeat(1 << 20), TokenLevel::Word);
    let (mut last, mut calls) = (0, 0);
    TextCorpus::load(&TextOptions { valid_fraction: 0.5, ..options }, None, &mut |reading| {
        assert!(reading.bytes > last && reading.bytes <= reading.of && reading.of == 3 * (9 << 20));
        (last, calls) = (reading.bytes, calls + 1);
    })
    .unwrap();
    assert!(calls >= 5);
}

#[test]
fn a_given_vocabulary_is_read_from_json() {
    let files = Files::new();
    let read = |json: &str, level| read_vocabulary(&files.write("vocab.json", json), level);
    let labels = |vocabulary: Vocabulary| {
        (0..vocabulary.len() as u32).map(|id| vocabulary.label(id)).collect::<Vec<_>>()
    };
    for (json, level, expected) in [
        (r#"["b","<eos>","<unk>","a"]"#, TokenLevel::Word, ["b", "<eos>", "<unk>", "a"]),
        (r#"{"a":3,"b":0,"<unk>":2,"<eos>":1}"#, TokenLevel::Word, ["b", "<eos>", "<unk>", "a"]),
        (r#"["z","<unk>","\n","a"]"#, TokenLevel::Char, ["z", "<unk>", r"\n", "a"]),
    ] {
        let vocabulary = read(json, level).unwrap();
        assert_eq!(labels(vocabulary.clone()), expected);
        let stored = serde_json::to_string(&vocabulary).unwrap();
        assert_eq!(serde_json::from_str::<Vocabulary>(&stored).unwrap(), vocabulary);
    }
    let chars = read(r#"["z","<unk>","\n","a"]"#, TokenLevel::Char).unwrap();
    assert_eq!(chars.encode("az\nß").unwrap(), [3, 0, 2, 1]);
    assert_ne!(
        chars.fingerprint(),
        read(r#"["z","\ufffd","\n","a"]"#, TokenLevel::Char).unwrap().fingerprint()
    );
    // Without <unk>, the first unknown word is an error.
    let words = read(r#"["a","<eos>"]"#, TokenLevel::Word).unwrap();
    assert_eq!(words.encode("a a\n").unwrap(), [0, 0, 1]);
    let error = words.encode("a\na other").unwrap_err().to_string();
    assert!(
        error.contains("line 2, column 3") && error.contains("\"other\"") && error.contains("<unk>"),
        "{error}"
    );
    for (json, level, part) in [
        ("", TokenLevel::Word, "not JSON"),
        ("{", TokenLevel::Word, "not JSON"),
        ("3", TokenLevel::Word, "neither an array nor an object"),
        ("[]", TokenLevel::Word, "no tokens"),
        ("{}", TokenLevel::Word, "no tokens"),
        ("[\"a\", 3]", TokenLevel::Word, "token 1 is 3"),
        (
            r#"{"a":0,"b":2}"#,
            TokenLevel::Word,
            "\"b\" has the number 2, and the numbers of 2 tokens are 0 to 1",
        ),
        (r#"{"a":0,"b":0}"#, TokenLevel::Word, "both have the number 0"),
        (r#"{"a":-1}"#, TokenLevel::Word, "-1"),
        (r#"["a","b","a"]"#, TokenLevel::Word, "tokens 0 and 2 are both \"a\""),
        (r#"["a","b"]"#, TokenLevel::Word, "no <eos>"),
        (r#"["a b","<eos>"]"#, TokenLevel::Word, "\"a b\" is not a word"),
        (r#"["the"]"#, TokenLevel::Char, "\"the\", is not one character: choose --level word"),
        (r#"["the"]"#, TokenLevel::Byte, "leave out --vocab"),
    ] {
        let error = read(json, level).unwrap_err().to_string();
        assert!(error.contains("vocab.json: ") && error.contains(part), "{json}: {error}");
    }
    #[cfg(not(feature = "tokenizers"))]
    {
        let error = read(r#"{"model":{"type":"BPE"}}"#, TokenLevel::Char).unwrap_err().to_string();
        assert!(error.contains("without the feature `tokenizers`"), "{error}");
    }
}
