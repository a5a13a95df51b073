//! Texts. They are read in pieces, so memory does not grow with the file.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use super::beside;
use super::content::{Content, TextDescription, Words};
use super::error::InspectError;
use super::found::Found;
use super::notices;
use super::settings::{Note, Settings};
use crate::encoding::{Decoded, Encoding};
use crate::vocabulary::TokenLevel;

/// Bytes read at a time.
const PIECE: usize = 1 << 16;
/// Number of bytes in which different words are counted.
const SAMPLE: u64 = 8 << 20;
/// Default fraction of the text for validation.
const VALID: f64 = 0.1;
/// Suggested limit of the vocabulary, in words.
const VOCABULARY: usize = 10_000;

/// A set of characters: one bit for each code point.
struct Characters(Vec<u64>);

impl Characters {
    fn new() -> Self {
        Self(vec![0; 0x11_0000 / 64])
    }

    fn insert(&mut self, character: char) {
        self.0[character as usize / 64] |= 1 << (character as usize % 64);
    }

    fn len(&self) -> usize {
        self.0.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// Whether `other` is a subset.
    fn contains(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(own, other)| other & !own == 0)
    }
}

/// Running counts of a text.
struct Scan {
    bytes: u64,
    lines: u64,
    ended: bool,
    invalid_line: Option<u64>,
    characters: u64,
    set: Characters,
    words: u64,
    inside: bool,
    word: String,
    different: HashSet<Box<str>>,
    sampled: u64,
    encoding: Encoding,
    /// The first bytes of a character that the end of a piece cut.
    rest: Vec<u8>,
}

impl Scan {
    fn of(
        path: &Path,
        encoding: Option<Encoding>,
        read: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, InspectError> {
        let failed = |error| crate::labelled::unreadable(path, error);
        let mut text = Decoded::new(crate::labelled::open_text(path)?, encoding);
        let total = fs::metadata(path).map_or(0, |metadata| metadata.len());
        let mut scan = Self {
            bytes: 0,
            lines: 0,
            ended: true,
            invalid_line: None,
            characters: 0,
            set: Characters::new(),
            words: 0,
            inside: false,
            word: String::new(),
            different: HashSet::new(),
            sampled: 0,
            encoding: Encoding::UTF_8,
            rest: Vec::new(),
        };
        let mut piece = vec![0; PIECE];
        loop {
            let count = text.read(&mut piece).map_err(failed)?;
            if count == 0 {
                break;
            }
            scan.see(&piece[..count]);
            // A compressed file has fewer bytes than its text.
            read(text.consumed().min(total), total);
        }
        scan.encoding = text.encoding();
        scan.end();
        Ok(scan)
    }

    fn see(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        if self.invalid_line.is_none() {
            let mut bytes = std::mem::take(&mut self.rest);
            bytes.extend_from_slice(piece);
            match std::str::from_utf8(&bytes) {
                Ok(text) => self.text(text),
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    self.text(std::str::from_utf8(valid).unwrap_or_default());
                    match error.error_len() {
                        None => self.rest = rest.to_vec(),
                        Some(_) => {
                            let before = piece.len().saturating_sub(rest.len());
                            self.invalid_line = Some(self.lines + 1 + newlines(&piece[..before]));
                        }
                    }
                }
            }
        }
        self.lines += newlines(piece);
        self.ended = piece.last().map_or(self.ended, |&byte| byte == b'\n');
    }

    fn text(&mut self, text: &str) {
        let sampling = self.bytes <= SAMPLE;
        for character in text.chars() {
            self.characters += 1;
            self.set.insert(character);
            let inside = !character.is_whitespace();
            self.words += u64::from(inside && !self.inside);
            if sampling {
                if inside {
                    self.word.push(character);
                } else {
                    self.end_word();
                }
            }
            self.inside = inside;
        }
        if sampling {
            self.sampled = self.bytes;
        }
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            if !self.different.contains(self.word.as_str()) {
                self.different.insert(self.word.as_str().into());
            }
            self.word.clear();
        }
    }

    fn end(&mut self) {
        if !self.rest.is_empty() {
            self.invalid_line.get_or_insert(self.lines + 1);
        }
        self.lines += u64::from(!self.ended);
        if self.bytes <= SAMPLE {
            self.end_word();
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Describes a text in this encoding, or in the one that is recognised.
pub(super) fn inspect(
    path: &Path,
    encoding: Option<Encoding>,
    read: &mut dyn FnMut(u64, u64),
) -> Result<Found, InspectError> {
    let scan = Scan::of(path, encoding, read)?;
    let mut notes: Vec<Note> = Vec::new();
    let different = scan.set.len();
    let level = if scan.invalid_line.is_some() { "byte" } else { "char" };
    if let Some(line) = scan.invalid_line {
        notes.push(format!("line {line} is not valid UTF-8, so the text is read as bytes").into());
    }
    let read = if scan.invalid_line.is_some() { TokenLevel::Byte } else { TokenLevel::Char };
    notes.extend(notices::of_text(read, different, scan.encoding));
    let words = Words { count: scan.words, different: scan.different.len(), sampled: scan.sampled };
    if scan.invalid_line.is_none() && words.count > 1000 && words.different * 4 < words.count as usize {
        let mut settings = Settings::of("level", "word");
        if words.different > VOCABULARY {
            settings = settings.with("vocab_size", VOCABULARY.to_string());
        }
        notes.push(Note::new("the text can also be read word by word", settings));
    }
    let tokens = if level == "byte" { scan.bytes } else { scan.characters };
    let mut settings = Settings::data("text", path);
    if let Some(encoding) = encoding {
        settings = settings.with("encoding", encoding.name());
    }
    if level == "byte" {
        settings = settings.with("level", level);
    }
    let mut validated = false;
    for (key, file) in [("valid", beside::valid(path)), ("test", beside::test(path))] {
        let Some(file) = file.filter(|file| file.is_file()) else { continue };
        let other = Scan::of(&file, encoding, &mut |_, _| {})?;
        if other.bytes >= 2
            && (level == "byte" || other.invalid_line.is_none() && scan.set.contains(&other.set))
        {
            settings = settings.with(key, file.to_string_lossy());
            validated |= key == "valid";
        } else {
            let (file, path) = (file.display(), path.display());
            let text = format!(
                "{file} has characters that {path} lacks, so it is not used; level byte can read both"
            );
            notes.push(Note::new(text, Settings::of("level", "byte")));
        }
    }
    let held_out = (VALID * tokens as f64) as u64;
    if !validated && held_out < 2 {
        settings = settings.with("valid_fraction", "0");
    }
    let kept = if validated || held_out < 2 { tokens } else { tokens - held_out };
    let content = Content::Text(TextDescription {
        bytes: scan.bytes,
        lines: scan.lines,
        invalid_line: scan.invalid_line,
        characters: scan.characters,
        different,
        words,
        level,
    });
    let settings = match windows(kept) {
        Some((32, 128)) => Some(settings),
        Some((rows, unroll)) => {
            notes.push("the text is short, so batches and windows are smaller than usual".into());
            Some(settings.with("batch", rows.to_string()).with("unroll", unroll.to_string()))
        }
        None => {
            notes.push("the text is too short to predict anything".into());
            None
        }
    };
    Ok(Found { path: path.to_owned(), content, notes, settings, otherwise: None })
}

/// Returns the largest (rows, steps) with which the text has at least four windows, or else at least one.
fn windows(tokens: u64) -> Option<(u64, u64)> {
    let sizes = [(32, 128), (16, 64), (8, 32), (4, 16), (2, 8), (1, 4), (1, 1)];
    let fits = |&(rows, unroll): &(u64, u64)| tokens > rows * unroll;
    sizes
        .into_iter()
        .find(|(rows, unroll)| tokens > 4 * rows * unroll)
        .or_else(|| sizes.into_iter().find(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(pieces: &[&[u8]]) -> Scan {
        let path = tempfile::NamedTempFile::new().unwrap();
        let mut scan = Scan::of(path.path(), None, &mut |_, _| {}).unwrap();
        pieces.iter().for_each(|piece| scan.see(piece));
        scan.end();
        scan
    }

    #[test]
    fn pieces_do_not_cut_characters_or_words() {
        let text = "Gauß, Erdős\nund Gauß\n".as_bytes();
        for cut in 0..=text.len() {
            let scan = scan(&[&text[..cut], &text[cut..]]);
            assert_eq!((scan.bytes, scan.lines, scan.characters), (24, 2, 21), "{cut}");
            assert_eq!((scan.words, scan.different.len(), scan.invalid_line), (4, 4, None), "{cut}");
            assert_eq!(scan.set.len(), 13, "{cut}");
        }
        let latin = b"one\ntwo\nf\xfcr\n";
        for cut in 0..=latin.len() {
            assert_eq!(scan(&[&latin[..cut], &latin[cut..]]).invalid_line, Some(3), "{cut}");
        }
        assert_eq!(scan(&["a\nß".as_bytes().split_last().unwrap().1]).invalid_line, Some(2));
    }

    #[test]
    fn windows_fit_the_text() {
        for tokens in 0..20_000 {
            match windows(tokens) {
                Some((rows, unroll)) => assert!(tokens > rows * unroll),
                None => assert!(tokens < 2),
            }
        }
        assert_eq!(
            (windows(1_000_000), windows(500), windows(2)),
            (Some((32, 128)), Some((4, 16)), Some((1, 1)))
        );
    }
}
