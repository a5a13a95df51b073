//! Encodings of texts: what a reader delivers is decoded to UTF-8 in pieces.
//!
//! A byte order mark decides, and is removed. Without one, NULs in every second byte mean UTF-16, and any other NUL a
//! binary file. A text of ASCII and valid UTF-8 is passed on as it is. If the first 64 KiB from the first byte beyond
//! ASCII have more invalid than valid characters, the encoding is guessed from them (chardetng), for example
//! windows-1252, windows-1251, GBK or Shift_JIS. Everything before these bytes is ASCII, which is the same in all of
//! these encodings, so a file is decoded in one pass.
//!
//! # References
//! WHATWG, "Encoding Standard" (the encodings, their names and byte order marks).

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, GBK, UTF_8};
use memchr::memchr;

mod chinese;
mod error;
mod name;
mod utf16;

pub use error::EncodingError;
pub use name::{Encoding, UnknownEncoding};

/// Number of bytes that are read at a time, and from which an encoding is recognised.
const PIECE: usize = 64 << 10;
/// Number of bytes of ASCII before a sample that its guess may use.
const CONTEXT: usize = 32;

/// How the bytes that follow are decoded.
enum State {
    /// Nothing was read yet.
    Begin(Option<Encoding>),
    /// Not at all, whatever they are.
    Raw,
    /// ASCII so far, passed on.
    Ascii,
    /// UTF-8, passed on. Whoever makes text of it reports invalid bytes with their line.
    Utf8,
    /// Another encoding.
    Other(Box<encoding_rs::Decoder>),
}

/// Reads `input` as UTF-8. Errors in the bytes are an [`EncodingError`] within an [`io::Error`].
pub struct Decoded<R> {
    input: R,
    state: State,
    encoding: Encoding,
    chosen: bool,
    /// Bytes of the input that are not decoded yet: `raw[start..]`.
    raw: Vec<u8>,
    start: usize,
    /// Whether the input has ended, and whether its end was decoded.
    ended: bool,
    finished: bool,
    /// Number of bytes of the input before those in `raw[start..]`.
    consumed: u64,
    /// Decoded text that was not read yet: `text[read..]`.
    text: Vec<u8>,
    read: usize,
    /// The last bytes of ASCII.
    context: Vec<u8>,
}

impl<R: Read> Decoded<R> {
    /// Decodes `input` from the given encoding, or from the one that is recognised.
    pub fn new(input: R, encoding: Option<Encoding>) -> Self {
        Self {
            input,
            state: State::Begin(encoding),
            encoding: encoding.unwrap_or(Encoding::UTF_8),
            chosen: encoding.is_some(),
            raw: Vec::new(),
            start: 0,
            ended: false,
            finished: false,
            consumed: 0,
            text: Vec::new(),
            read: 0,
            context: Vec::new(),
        }
    }

    /// Passes all bytes on.
    pub fn raw(input: R) -> Self {
        Self { state: State::Raw, ..Self::new(input, None) }
    }

    /// The encoding as far as the input was read.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Number of bytes of the input whose text was decoded.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Returns the input, of which nothing may have been read.
    pub(crate) fn into_inner(self) -> R {
        debug_assert!(matches!(self.state, State::Begin(_)), "the input was read");
        self.input
    }

    /// Reads until `raw` has `size` bytes that are not decoded, or the input ends.
    fn fill(&mut self, size: usize) -> io::Result<()> {
        self.raw.drain(..self.start);
        self.start = 0;
        let missing = size.saturating_sub(self.raw.len()) as u64;
        if missing > 0 && !self.ended {
            self.input.by_ref().take(missing).read_to_end(&mut self.raw)?;
            self.ended = self.raw.len() < size;
        }
        Ok(())
    }

    /// Recognises the encoding from the beginning.
    fn begin(&mut self, chosen: Option<Encoding>) -> io::Result<()> {
        self.fill(PIECE)?;
        let mark = encoding_rs::Encoding::for_bom(&self.raw);
        self.encoding = match (chosen, mark) {
            (Some(encoding), _) => encoding,
            (None, Some((encoding, _))) => Encoding(encoding),
            (None, None) => match memchr(0, &self.raw) {
                None => Encoding::UTF_8,
                Some(at) => match utf16::byte_order(&self.raw) {
                    Some(encoding) => Encoding(encoding),
                    None => return Err(EncodingError::Binary { offset: at as u64 }.into()),
                },
            },
        };
        // The mark of another encoding is left, so that it shows.
        if let Some((_, bytes)) = mark.filter(|(encoding, _)| *encoding == self.encoding.0) {
            self.start += bytes;
            self.consumed += bytes as u64;
        }
        self.state = match self.encoding {
            Encoding(other) if other != UTF_8 => {
                State::Other(Box::new(other.new_decoder_without_bom_handling()))
            }
            _ if chosen.is_none() && mark.is_none() => State::Ascii,
            _ => State::Utf8,
        };
        Ok(())
    }

    /// Recognises the encoding of the bytes from the first one beyond ASCII on.
    fn recognise(&mut self) -> io::Result<()> {
        self.fill(PIECE)?;
        let (mut valid, mut invalid) = (0usize, 0usize);
        let whole = if self.ended { self.raw.len() } else { utf16::whole_characters(&self.raw) };
        for chunk in self.raw[..whole].utf8_chunks() {
            valid += chunk.valid().bytes().filter(|&byte| byte >= 0xc0).count();
            invalid += usize::from(!chunk.invalid().is_empty());
        }
        // Damaged UTF-8 stays what it is, so that the damage is reported where it is.
        if invalid <= valid {
            self.state = State::Utf8;
            return Ok(());
        }
        let controls = self.raw.iter().filter(|byte| **byte < 8 || (14..27).contains(*byte)).count();
        if controls * 20 > self.raw.len() {
            return Err(EncodingError::Controls { offset: self.consumed }.into());
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(&self.context, false);
        detector.feed(&self.raw, true);
        let mut guess = detector.guess(None, Utf8Detection::Deny);
        if chinese::is_gbk(guess, self.context.last().copied(), &self.raw, self.ended) {
            guess = GBK;
        }
        self.encoding = Encoding(guess);
        self.state = State::Other(Box::new(guess.new_decoder_without_bom_handling()));
        Ok(())
    }

    /// Reads bytes that need no decoding.
    fn pass(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = self.raw.len() - self.start;
        let held = count > 0;
        if held {
            count = count.min(buffer.len());
            buffer[..count].copy_from_slice(&self.raw[self.start..self.start + count]);
        } else if !self.ended {
            count = self.input.read(buffer)?;
            self.ended = count == 0;
        }
        let new = &buffer[..count];
        let plain = matches!(self.state, State::Ascii) && is_plain(new);
        if !plain && matches!(self.state, State::Ascii) && !new.is_ascii() {
            let ascii = new.iter().position(|byte| !byte.is_ascii()).unwrap_or(count);
            if !held {
                self.raw.clear();
                self.start = 0;
                self.raw.extend_from_slice(&new[ascii..]);
            }
            count = ascii;
        }
        let new = &buffer[..count];
        if !plain
            && !matches!(self.state, State::Raw)
            && let Some(at) = memchr(0, new)
        {
            return Err(EncodingError::Binary { offset: self.consumed + at as u64 }.into());
        }
        if matches!(self.state, State::Ascii) {
            self.context.extend_from_slice(&new[count.saturating_sub(CONTEXT)..]);
            self.context.drain(..self.context.len().saturating_sub(CONTEXT));
        }
        if held {
            self.start += count;
        }
        self.consumed += count as u64;
        Ok(count)
    }

    /// Decodes the next bytes into `text`.
    fn decode(&mut self) -> io::Result<()> {
        if self.start == self.raw.len() {
            self.fill(PIECE)?;
        }
        let State::Other(decoder) = &mut self.state else { return Ok(()) };
        self.text.resize(2 * PIECE, 0);
        self.read = 0;
        let (result, used, written) =
            decoder.decode_to_utf8_without_replacement(&self.raw[self.start..], &mut self.text, self.ended);
        self.text.truncate(written);
        self.start += used;
        self.consumed += used as u64;
        self.finished = self.ended && result == DecoderResult::InputEmpty;
        if memchr(0, &self.text).is_some() {
            return Err(EncodingError::Binary { offset: self.consumed - used as u64 }.into());
        }
        if let DecoderResult::Malformed(bytes, after) = result {
            let offset = self.consumed - u64::from(bytes + after);
            return Err(
                EncodingError::Malformed { encoding: self.encoding, offset, chosen: self.chosen }.into()
            );
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Begin(chosen) => self.begin(chosen)?,
                State::Ascii if self.raw.get(self.start).is_some_and(|byte| !byte.is_ascii()) => {
                    self.recognise()?;
                }
                State::Raw | State::Ascii | State::Utf8 => {
                    let count = self.pass(buffer)?;
                    if count > 0 || self.start == self.raw.len() {
                        return Ok(count);
                    }
                }
                State::Other(_) => {
                    if self.read == self.text.len() && !self.finished {
                        self.decode()?;
                    }
                    let count = buffer.len().min(self.text.len() - self.read);
                    buffer[..count].copy_from_slice(&self.text[self.read..self.read + count]);
                    self.read += count;
                    if count > 0 || self.finished {
                        return Ok(count);
                    }
                }
            }
        }
    }
}

/// Whether all bytes are ASCII and none is NUL, in one pass.
fn is_plain(bytes: &[u8]) -> bool {
    // Without an early end within a chunk, the loop uses vectors.
    bytes.chunks(1 << 12).all(|chunk| chunk.iter().fold(true, |plain, &byte| plain & (byte as i8 > 0)))
}

/// Decodes the beginning of a text, which may end within a character. Bytes that are no text are returned as they are.
pub fn decode_head(head: &[u8], encoding: Option<Encoding>) -> (Vec<u8>, Encoding) {
    let mut decoded = Decoded::new(head, encoding);
    let mut text = Vec::new();
    match decoded.read_to_end(&mut text) {
        // A character at the end may be cut.
        Ok(_) => {}
        Err(error) => {
            let cut = EncodingError::of(&error).is_some_and(|error| {
                matches!(error, EncodingError::Malformed { offset, .. } if offset + 8 > head.len() as u64)
            });
            if !cut {
                return (head.to_vec(), Encoding::UTF_8);
            }
            text.extend_from_slice(&decoded.text);
        }
    }
    (text, decoded.encoding())
}

#[cfg(test)]
mod tests;
