//! Splits a text of any length into pieces of bounded size, never within a token.
//!
//! The cuts depend on the text only, not on how the operating system delivers it. At byte level they are after
//! [`PIECE`] bytes, at char level before the first character that does not fit, at word level after the last white
//! space that fits. Tokens of a tokenizer may contain white space, so there the cut is after the last line end between
//! two lines that are not blank, else after the last white space, else between two characters.

use std::io::{self, Read};

use super::super::encoding::{Decoded, Encoding};
use super::super::vocabulary::units::{Content, Location, Piece, utf8};
use super::super::vocabulary::{TokenLevel, VocabularyError};

/// Number of bytes of a piece.
pub(super) const PIECE: usize = 64 << 10;

/// Most bytes of a word.
pub(super) const LONGEST_WORD: usize = 1 << 20;

/// Why there is no next piece.
#[derive(Debug)]
pub(super) enum PieceError {
    /// The file cannot be read.
    Io(io::Error),
    /// The content is not valid for the level.
    Content(VocabularyError),
}

impl From<io::Error> for PieceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<VocabularyError> for PieceError {
    fn from(error: VocabularyError) -> Self {
        Self::Content(error)
    }
}

/// One pass over a text.
pub(super) struct Pieces<R> {
    input: Decoded<Whole<R>>,
    level: TokenLevel,
    /// Whether the buffer has all bytes that were not returned.
    ended: bool,
    buffer: Vec<u8>,
    /// Number of bytes of the buffer that were returned.
    used: usize,
    /// Location of the end of these bytes.
    location: Location,
}

impl<R: Read> Pieces<R> {
    /// Reads `bytes` bytes of `input`, and decodes them unless the tokens are bytes.
    pub(super) fn new(input: R, bytes: u64, level: TokenLevel, encoding: Option<Encoding>) -> Self {
        let input = Whole { input, left: bytes };
        let input = match level {
            TokenLevel::Byte => Decoded::raw(input),
            _ => Decoded::new(input, encoding),
        };
        Self { input, level, ended: false, buffer: Vec::new(), used: 0, location: Location::START }
    }

    /// Number of bytes of the input that were read so far.
    pub(super) fn done(&self) -> u64 {
        self.input.consumed()
    }

    /// The encoding as far as the input was read.
    pub(super) fn encoding(&self) -> Encoding {
        self.input.encoding()
    }

    /// Returns the next piece, which is never empty.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'_>>, PieceError> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let mut size = PIECE;
        let cut = loop {
            self.fill(size)?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            match self.cut(size)? {
                Some(cut) => break cut,
                None if size < LONGEST_WORD => size *= 2,
                None => {
                    let skipped = self.buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                    let Location { line, column, .. } = self.location.after(&self.buffer[..skipped]);
                    return Err(VocabularyError::LongWord { line, column, limit: LONGEST_WORD }.into());
                }
            }
        };
        let (bytes, location) = (&self.buffer[..cut], self.location);
        self.used = cut;
        let content = match self.level {
            TokenLevel::Byte => Content::Bytes(bytes),
            _ => Content::Text(utf8(bytes, location)?),
        };
        self.location = match self.level {
            // Messages at byte level do not need the line.
            TokenLevel::Byte => Location { offset: location.offset + cut as u64, ..location },
            _ => location.after(bytes),
        };
        Ok(Some(Piece { content, location, last: self.ended && cut == self.buffer.len() }))
    }

    /// Reads until the buffer has more than `size` bytes, or all that are left.
    fn fill(&mut self, size: usize) -> io::Result<()> {
        // The byte beyond says whether the text goes on.
        let mut read = self.buffer.len();
        self.buffer.resize(read.max(size + 1), 0);
        while read < self.buffer.len() && !self.ended {
            match self.input.read(&mut self.buffer[read..]) {
                Ok(0) => self.ended = true,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(read);
        Ok(())
    }

    /// Returns the number of the first `size` bytes of the buffer that make a piece; None if more are needed.
    fn cut(&self, size: usize) -> Result<Option<usize>, VocabularyError> {
        let bytes = &self.buffer[..size.min(self.buffer.len())];
        if self.level == TokenLevel::Byte || self.ended && bytes.len() == self.buffer.len() {
            return Ok(Some(bytes.len()));
        }
        // The beginning of a character waits for the rest. Invalid bytes are found when the piece is converted to text.
        let begun = bytes.iter().rev().take(4).position(|&byte| byte & 0xc0 != 0x80).map_or(0, |i| i + 1);
        let whole = bytes.len() - begun;
        Ok(match self.level {
            TokenLevel::Char | TokenLevel::Byte => Some(whole),
            TokenLevel::Word => after_white_space(&bytes[..whole], self.location)?,
            TokenLevel::Tokenizer => {
                let text = utf8(&bytes[..whole], self.location)?;
                let rest = |at: usize| text[at..].chars().next().is_some_and(|c| !c.is_whitespace());
                let line = text.match_indices('\n').map(|(at, _)| at + 1).rev();
                let found =
                    line.clone().find(|&at| rest(at) && !text[..at - 1].ends_with(char::is_whitespace));
                let found = found.or(after_white_space(&bytes[..whole], self.location)?);
                Some(found.unwrap_or(whole))
            }
        })
    }
}

/// The bytes of a file as long as it was when it was opened.
struct Whole<R> {
    input: R,
    /// Number of bytes not read yet.
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.by_ref().take(self.left).read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            let problem = "the file became shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// Returns the end of the last white space.
fn after_white_space(bytes: &[u8], location: Location) -> Result<Option<usize>, VocabularyError> {
    // The common case: the end of an ASCII space is the end of a character.
    let near = bytes.len().saturating_sub(100);
    if let Some(at) = bytes[near..].iter().rposition(u8::is_ascii_whitespace) {
        return Ok(Some(near + at + 1));
    }
    let text = utf8(bytes, location)?;
    Ok(text.char_indices().rev().find(|(_, c)| c.is_whitespace()).map(|(at, c)| at + c.len_utf8()))
}
