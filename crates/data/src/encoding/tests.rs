use super::*;

/// Delivers a few bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

fn decode(bytes: &[u8], encoding: Option<Encoding>) -> Result<(String, Encoding), EncodingError> {
    let mut results = [usize::MAX, 1, 7].map(|most| {
        let mut decoded = Decoded::new(Slow(bytes, most), encoding);
        let mut text = Vec::new();
        match decoded.read_to_end(&mut text) {
            Ok(_) => {
                assert_eq!(decoded.consumed(), bytes.len() as u64);
                Ok((String::from_utf8(text).expect("UTF-8"), decoded.encoding()))
            }
            Err(error) => Err(EncodingError::of(&error).expect("an error of the encoding")),
        }
    });
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
    std::mem::replace(&mut results[0], Ok((String::new(), Encoding::UTF_8)))
}

fn read(bytes: &[u8]) -> Result<(String, Encoding), EncodingError> {
    decode(bytes, None)
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn named(name: &str) -> Encoding {
    name.parse().unwrap()
}

#[test]
fn utf_8_is_passed_on_and_its_mark_removed() {
    for text in ["", "a", "one\r\ntwo\n", "Grüße, 世界 𝄞", "\u{7f}\t\x1b[0m"] {
        assert_eq!(read(text.as_bytes()), Ok((text.to_owned(), Encoding::UTF_8)));
        let marked = format!("\u{feff}{text}");
        assert_eq!(read(marked.as_bytes()), Ok((text.to_owned(), Encoding::UTF_8)));
        assert_eq!(decode(marked.as_bytes(), Some(Encoding::UTF_8)), Ok((text.to_owned(), Encoding::UTF_8)));
    }
    // A mark within a text is a character.
    assert_eq!(read("a\u{feff}".as_bytes()).unwrap().0, "a\u{feff}");
    let long = "abc ä\n".repeat(100_000);
    assert_eq!(read(long.as_bytes()), Ok((long, Encoding::UTF_8)));
}

#[test]
fn utf_16_is_recognised_with_and_without_a_mark() {
    let long = "Once upon a time 𝄞\r\n".repeat(9000);
    let chinese = "红楼梦是中国古典小说。\n".repeat(20);
    for text in ["a", "Grüße, 世界 𝄞\nok\n", &long, &chinese] {
        for (name, bytes) in
            [("UTF-16LE", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("UTF-16BE", u16::to_be_bytes)]
        {
            let expected = Ok((text.to_owned(), named(name)));
            assert_eq!(read(&utf16(&format!("\u{feff}{text}"), bytes)), expected, "{name}");
            assert_eq!(read(&utf16(text, bytes)), expected, "{name}");
            assert_eq!(decode(&utf16(text, bytes), Some(named(name))), expected, "{name}");
        }
    }
    let mut cut = utf16("\u{feff}abc", u16::to_le_bytes);
    cut.pop();
    assert!(
        matches!(read(&cut), Err(EncodingError::Malformed { offset: 6, chosen: false, .. })),
        "{:?}",
        read(&cut)
    );
}

#[test]
fn other_encodings_are_recognised_by_their_first_bytes_beyond_ascii() {
    let of = |name: &str, text: &str| {
        let bytes = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap().encode(text).0.into_owned();
        let (decoded, found) = read(&bytes).unwrap();
        assert_eq!((decoded.as_str(), found.name()), (text, name));
    };
    of("windows-1252", "für");
    of("windows-1252", "café\nnaïve\n");
    of("windows-1252", "temperature in °C;pressure\n1;2\n");
    of("windows-1252", "“Curly” quotes – and dashes");
    of("windows-1252", &("x".repeat(100_000) + " déjà vu"));
    of(
        "windows-1251",
        "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.",
    );
    of("GBK", "红楼梦是一部中国古典小说，作者是曹雪芹。\n第一回 甄士隐梦幻识通灵 贾雨村风尘怀闺秀\n");
    of("Shift_JIS", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。");
    // Latin-1 is a part of windows-1252.
    assert_eq!(decode(b"f\xfcr", Some(named("latin1"))), Ok(("für".into(), named("windows-1252"))));
}

#[test]
fn a_table_with_chinese_words_is_told_from_greek_and_cyrillic() {
    let found = |name: &str, text: &str| {
        let bytes = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap().encode(text).0.into_owned();
        let (decoded, found) = read(&bytes).unwrap();
        (decoded == text, found.name())
    };
    let rows = |row: fn(usize) -> String| (0..60).map(row).collect::<String>();
    let days = rows(|i| format!("2024年{}月{}日,{}.5,{}万\n", 1 + i / 28, 1 + i % 28, i, 3 + i % 4));
    let plain = rows(|i| format!("2024-01-{:02},{}.5\n", 1 + i % 28, i));
    for text in [
        format!("日期,收盘,成交量\n{days}"),
        format!("日期,收盘\n{plain}"),
        format!("时间,温度\n{plain}"),
        format!("day,x,y\n{days}"),
        format!("序号,月平均气温(℃)\n{plain}"),
    ] {
        assert_eq!(found("gbk", &text), (true, "GBK"), "{}", &text[..40]);
    }
    let kinds = |word: &str| format!("{word}\n{plain}");
    for text in [
        kinds("ΗΜΕΡΟΜΗΝΙΑ,ΤΙΜΗ"),
        kinds("Ημερομηνία,Τιμή"),
        kinds("ημέρα,ώρα"),
        kinds("ΩΡΑ,ΘΕΡΜΟΚΡΑΣΙΑ"),
        rows(|i| format!("2024-01-01,{},{i}\n", ["ΑΘΗΝΑ", "ΠΑΤΡΑ", "ΒΟΛΟΣ", "ΧΑΝΙΑ"][i % 4])),
    ] {
        let (_, name) = found("windows-1253", &text);
        assert!(name != "GBK", "{name}: {}", text.lines().next().unwrap());
    }
    for text in [
        kinds("ДАТА,ЦЕНА"),
        kinds("Дата,Цена"),
        kinds("дата,температура"),
        rows(|i| format!("2024-01-01,{},{i}\n", ["МОСКВА", "КАЗАНЬ", "ТВЕРЬ", "Уфа"][i % 4])),
        rows(|i| format!("2024-01-01,{i} КГ,{i} кВт,{i}\n")),
    ] {
        let (_, name) = found("windows-1251", &text);
        assert!(name != "GBK", "{name}: {}", text.lines().next().unwrap());
    }
}

#[test]
fn damaged_utf_8_stays_as_it_is() {
    let mut text = "äöü ".repeat(10).into_bytes();
    text.push(0xfc);
    let mut decoded = Decoded::new(&text[..], None);
    let mut bytes = Vec::new();
    decoded.read_to_end(&mut bytes).unwrap();
    assert_eq!((bytes, decoded.encoding()), (text, Encoding::UTF_8));
}

#[test]
fn binary_files_are_refused_with_the_place() {
    assert_eq!(read(b"one\0two"), Err(EncodingError::Binary { offset: 3 }));
    assert_eq!(read(b"\0\0\x08\x03"), Err(EncodingError::Binary { offset: 0 }));
    let mut late = "text ".repeat(50_000).into_bytes();
    late[240_001] = 0;
    assert_eq!(read(&late), Err(EncodingError::Binary { offset: 240_001 }));
    let numbers: Vec<u8> = (0..200u16).flat_map(u16::to_le_bytes).collect();
    assert!(matches!(read(&numbers), Err(EncodingError::Binary { .. })));
    let noise: Vec<u8> = (0..255u32).map(|i| (i * 101 % 255) as u8 + 1).collect();
    assert!(matches!(read(&noise), Err(EncodingError::Controls { .. })));
    let mut raw = Vec::new();
    Decoded::raw(&b"\xff\xfea\0"[..]).read_to_end(&mut raw).unwrap();
    assert_eq!(raw, b"\xff\xfea\0");
}

#[test]
fn a_chosen_encoding_is_the_only_one() {
    let error = decode(b"ab\xff\xffc", Some(named("gbk"))).unwrap_err();
    assert!(
        error.to_string().contains("byte 2 (from 0) is not valid GBK, which --encoding chooses"),
        "{error}"
    );
    let error = "latin-17".parse::<Encoding>().unwrap_err().to_string();
    assert!(error.contains("there is no encoding \"latin-17\""), "{error}");
    assert_eq!((named("utf8"), named("cp1252").to_string()), (Encoding::UTF_8, "windows-1252".to_owned()));
    assert_eq!(Encoding::UTF_8.notice(), None);
}

#[test]
fn a_head_may_end_within_a_character() {
    let mut head = utf16("\u{feff}a,b\n1,2\n", u16::to_le_bytes);
    head.push(b'3');
    assert_eq!(decode_head(&head, None), (b"a,b\n1,2\n".to_vec(), named("UTF-16LE")));
    assert_eq!(decode_head(b"a\0b", None), (b"a\0b".to_vec(), Encoding::UTF_8));
}
