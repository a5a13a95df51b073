use super::*;
use crate::fingerprint::Fingerprint;

const TEXT: &str = "Der Fluß — naïve 日本\tx\r\n\nlast line";

#[test]
fn levels_are_read_as_they_are_written() {
    for level in [TokenLevel::Byte, TokenLevel::Char, TokenLevel::Word] {
        assert_eq!(level.to_string().parse(), Ok(level));
        assert_eq!(serde_json::to_string(&level).unwrap(), format!("\"{level}\""));
    }
    let error = "Bytes".parse::<TokenLevel>().unwrap_err().to_string();
    assert_eq!(error, "there is no level \"Bytes\": choose byte, char or word");
}

#[test]
fn all_bytes_survive() {
    let all: Vec<u8> = (0..=255).rev().collect();
    let bytes = Vocabulary::bytes();
    let tokens = bytes.encode_bytes(&all).unwrap();
    assert_eq!((bytes.len(), tokens[0], tokens[255]), (256, 255, 0));
    assert_eq!(bytes.decode_bytes(&tokens), all);
    assert_eq!(bytes.decode(&bytes.encode(TEXT).unwrap()), TEXT);
    assert_eq!(bytes.decode(&[0xc3, 0x28]), "\u{fffd}(");
}

#[test]
fn characters_are_sorted_distinct_and_survive() {
    let vocabulary = Vocabulary::chars("hello\n");
    assert_eq!(vocabulary.decode(&[0, 1, 2, 3, 4]), "\nehlo");
    let vocabulary = Vocabulary::chars(TEXT);
    let tokens = vocabulary.encode(TEXT).unwrap();
    assert_eq!(tokens.len(), TEXT.chars().count());
    assert_eq!(vocabulary.decode(&tokens), TEXT);
    assert_eq!(vocabulary.id("日"), Some(tokens[17]));
    assert_eq!((vocabulary.id("ab"), vocabulary.id(""), vocabulary.unknown()), (None, None, None));
    // The ends of the two ranges of code points.
    let extremes = "\0\u{d7ff}\u{e000}\u{10ffff}";
    assert_eq!(Vocabulary::chars(extremes).encode(extremes).unwrap(), [0, 1, 2, 3]);
}

#[test]
fn an_unknown_character_is_named_with_its_location() {
    let error = Vocabulary::chars("abß\n").encode("ab\nßßé").unwrap_err();
    assert_eq!(error, VocabularyError::UnknownChar { character: 'é', line: 2, column: 3 });
    let text = error.to_string();
    assert!(text.contains("'é' (U+00E9)") && text.contains("--level byte"), "{text}");
    // White space is escaped.
    let text = Vocabulary::chars("ab").encode("a\r").unwrap_err().to_string();
    assert!(text.contains(r"'\r' (U+000D)"), "{text}");
}

#[test]
fn invalid_utf8_is_named_with_its_place() {
    // ü in Latin-1 after the two bytes of ß: the column counts characters, the offset bytes.
    let bytes = b"one\n\xc3\x9f f\xfcr";
    for vocabulary in [Vocabulary::chars("a"), Vocabulary::of_words([])] {
        let error = vocabulary.encode_bytes(bytes).unwrap_err();
        assert_eq!(error, VocabularyError::InvalidUtf8 { line: 2, column: 4, offset: 8 });
        assert!(error.to_string().contains("--level byte"));
    }
    assert_eq!(Vocabulary::bytes().encode_bytes(bytes).unwrap().len(), bytes.len());
    // A character that is cut by the end of the file.
    let error = Vocabulary::chars("a").encode_bytes(b"a\xe6\x97").unwrap_err();
    assert_eq!(error, VocabularyError::InvalidUtf8 { line: 1, column: 2, offset: 1 });
}

#[test]
fn words_are_ranked_by_frequency_then_by_first_occurrence() {
    let text = "d b a a\nb c <unk> <unk> <unk> <eos>\n";
    let list = |size| {
        let vocabulary = Vocabulary::words(text, size).unwrap();
        (0..vocabulary.len() as u32).map(|id| vocabulary.label(id)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list(None), "<unk> <eos> b a d c");
    assert_eq!(list(Some(100)), "<unk> <eos> b a d c");
    assert_eq!(list(Some(5)), "<unk> <eos> b a d");
    assert_eq!(list(Some(3)), "<unk> <eos> b");
    assert_eq!(Vocabulary::words(text, Some(2)), Err(VocabularyError::TooSmall { size: 2 }));
}

#[test]
fn unknown_words_become_unk_and_lines_survive() {
    let vocabulary = Vocabulary::words("the cat saw the dog\n\nthe end\n", None).unwrap();
    let tokens = vocabulary.encode("the bird saw\n\nthe <unk> dog").unwrap();
    assert_eq!(vocabulary.decode(&tokens), "the <unk> saw\n\nthe <unk> dog\n");
    assert_eq!(tokens.iter().filter(|&&t| Some(t) == vocabulary.unknown()).count(), 2);
    assert_eq!(vocabulary.encode(&vocabulary.decode(&tokens)).unwrap(), tokens);
}

#[test]
fn a_prompt_has_no_end_of_line() {
    let vocabulary = Vocabulary::words("the cat\n", None).unwrap();
    assert_eq!(vocabulary.decode(&vocabulary.encode_prompt("the\nthe cat").unwrap()), "the\nthe cat");
    assert_eq!(vocabulary.decode(&vocabulary.encode_prompt("the cat\n").unwrap()), "the cat\n");
    assert!(vocabulary.encode_prompt("").unwrap().is_empty());
    assert_eq!(Vocabulary::bytes().encode_prompt("ab").unwrap(), [97, 98]);
}

#[test]
fn stored_vocabularies_are_compact_and_are_read_back() {
    let store = |vocabulary: &Vocabulary| serde_json::to_string(vocabulary).unwrap();
    let words = Vocabulary::words("b a a", None).unwrap();
    assert_eq!(store(&Vocabulary::bytes()), r#"{"level":"byte"}"#);
    assert_eq!(store(&Vocabulary::chars("cab\n")), r#"{"level":"char","chars":"\nabc"}"#);
    assert_eq!(store(&words), r#"{"level":"word","words":["<unk>","<eos>","a","b"]}"#);
    for vocabulary in [Vocabulary::bytes(), Vocabulary::chars(TEXT), words] {
        let back: Vocabulary = serde_json::from_str(&store(&vocabulary)).unwrap();
        assert_eq!(back, vocabulary);
        assert_eq!(back.fingerprint(), vocabulary.fingerprint());
    }
}

#[test]
fn damaged_vocabularies_are_refused() {
    for (stored, part) in [
        (r#"{"level":"char","chars":"ba","unknown":2}"#, "its <unk>"),
        (r#"{"level":"char","chars":"aßaß"}"#, "twice"),
        (r#"{"level":"char","chars":""}"#, "no characters"),
        (r#"{"level":"word","words":["a","b"]}"#, "no <eos>"),
        (r#"{"level":"word","words":["<unk>","<eos>","a","a"]}"#, "twice"),
    ] {
        let error = serde_json::from_str::<Vocabulary>(stored).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn fingerprints_distinguish_vocabularies() {
    let all = [
        Vocabulary::bytes(),
        Vocabulary::chars("ab"),
        Vocabulary::chars("abc"),
        Vocabulary::of_words(["a", "b"]),
        Vocabulary::of_words(["b", "a"]),
        Vocabulary::of_words(["ab"]),
    ];
    for (i, a) in all.iter().enumerate() {
        for b in &all[..i] {
            assert_ne!(a.fingerprint(), b.fingerprint(), "{a:?} {b:?}");
        }
    }
    // Checkpoints of other versions contain these values.
    assert_eq!(Vocabulary::bytes().fingerprint(), Fingerprint::of(b"byte"));
    assert_eq!(Vocabulary::chars("ba").fingerprint(), Fingerprint::of(b"char\xffa\xffb"));
}

#[test]
fn labels_are_visible() {
    let vocabulary = Vocabulary::chars("\n 'é");
    let labels: Vec<_> = (0..4).map(|id| vocabulary.label(id)).collect();
    assert_eq!(labels, [r"\n", " ", "'", "é"]);
    assert_eq!(Vocabulary::bytes().label(0xe9), r"\xe9");
}
