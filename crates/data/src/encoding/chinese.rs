//! Chinese that is guessed to be Greek or Cyrillic: tables with a few Chinese words.
//!
//! GBK writes a frequent character as two bytes from 0xA1 on, which are capitals in the encodings of Greek and Cyrillic:
//! 日期 has the bytes of ΘΥΖΪ. A table has too few words to tell them apart by their frequencies, so the guess is
//! corrected only if
//!
//! - every run of bytes beyond ASCII has an even length and consists of such characters or punctuation, and most of them
//!   are among the frequent ones, which have the first bytes 0xB0 to 0xD7. Text in small letters has others, and a word of
//!   odd length cuts a pair;
//! - and something cannot be Greek or Cyrillic: a run with a sign within it, a capital after a small letter, a run between
//!   digits as in 2024年1月, or a usual word of a Chinese table.
//!
//! # References
//! GB/T 2312-1980, "Code of Chinese graphic character set for information interchange" (rows 16 to 55: frequent
//! characters, in the order of their sounds).

use encoding_rs::{Encoding, GBK};

/// Encodings of Greek and Cyrillic.
const OTHERS: [&str; 8] = [
    "windows-1253",
    "ISO-8859-7",
    "windows-1251",
    "ISO-8859-5",
    "KOI8-R",
    "KOI8-U",
    "IBM866",
    "x-mac-cyrillic",
];
/// Usual words of the names and values of a table.
const WORDS: [&str; 14] = [
    "日期", "时间", "收盘", "开盘", "成交", "温度", "湿度", "价格", "名称", "数量", "编号", "类别", "销量",
    "标签",
];

/// Whether a text that was guessed to be in encoding `guess` is in GBK. `before` is the byte before it.
pub(super) fn is_gbk(guess: &'static Encoding, before: Option<u8>, text: &[u8], ended: bool) -> bool {
    if !OTHERS.contains(&guess.name()) {
        return false;
    }
    let (mut frequent, mut pairs, mut impossible) = (0usize, 0usize, false);
    let mut start = 0;
    while let Some(begin) = text[start..].iter().position(|byte| !byte.is_ascii()).map(|at| start + at) {
        let length = text[begin..].iter().take_while(|byte| !byte.is_ascii()).count();
        let (run, end) = (&text[begin..begin + length], begin + length);
        start = end;
        // The last run may be cut off.
        if end == text.len() && !ended {
            break;
        }
        if run.len() % 2 != 0 || !run.chunks_exact(2).all(is_pair) {
            return false;
        }
        pairs += run.len() / 2;
        frequent += run.chunks_exact(2).filter(|pair| (0xb0..=0xd7).contains(&pair[0])).count();
        let digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        let left = begin.checked_sub(1).map_or(before, |at| Some(text[at]));
        impossible |=
            digit(left) && digit(text.get(end).copied()) || !may_be_word(guess, run) || is_usual(run);
    }
    impossible && frequent * 5 >= pairs * 4
}

/// Whether two bytes are a character or punctuation of GB 2312.
fn is_pair(pair: &[u8]) -> bool {
    matches!(pair[0], 0xa1..=0xa3 | 0xb0..=0xf7) && pair[1] >= 0xa1
}

/// Whether a run can be a word: letters, of which no capital is after a small one. Signs may be around it.
fn may_be_word(guess: &'static Encoding, run: &[u8]) -> bool {
    let text = guess.decode_without_bom_handling(run).0;
    let word = text.trim_matches(|c: char| !c.is_alphabetic());
    let characters: Vec<char> = word.chars().collect();
    let turns = |pair: &[char]| pair[0].is_lowercase() && pair[1].is_uppercase();
    characters.iter().all(|c| c.is_alphabetic()) && !characters.windows(2).any(turns)
}

fn is_usual(run: &[u8]) -> bool {
    let text = GBK.decode_without_bom_handling(run).0;
    WORDS.iter().any(|word| text.contains(word))
}
