//! A text of any length in pieces of bounded size, cut where no token is.
//!
//! Where pieces are cut depends on the text alone, not on how the system delivers it: at byte level after [`PIECE`] bytes, at
//! char level before the character that does not fit any more, at word level behind the last white space that fits. For a
//! tokenizer, whose tokens may reach over white space, it is behind the last end of a line that stands between two lines that
//! are not blank; else behind the last white space; else between characters.

use std::io::{self, Read};

use super::super::units::{Content, Piece, Place, utf8};
use super::super::vocabulary::{TokenLevel, VocabularyError};

/// Bytes of a piece.
pub(super) const PIECE: usize = 64 << 10;

/// Most bytes of one word.
pub(super) const LONGEST_WORD: usize = 1 << 20;

/// Why there is no next piece.
#[derive(Debug)]
pub(super) enum PieceError {
    /// The file cannot be read.
    Io(io::Error),
    /// It does not hold what its level needs.
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

/// Reads a text once.
pub(super) struct Pieces<R> {
    input: R,
    level: TokenLevel,
    /// Bytes that were not read yet.
    left: u64,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were given out.
    used: usize,
    /// Where they end.
    place: Place,
}

impl<R: Read> Pieces<R> {
    /// Reads `bytes` bytes of `input`.
    pub(super) fn new(input: R, bytes: u64, level: TokenLevel) -> Self {
        Self { input, level, left: bytes, buffer: Vec::new(), used: 0, place: Place::START }
    }

    /// Bytes of the pieces so far.
    pub(super) fn done(&self) -> u64 {
        self.place.offset
    }

    /// The next piece, which is never empty.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'_>>, PieceError> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let mut size = PIECE;
        let cut = loop {
            self.fill(size)?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            match self.cut()? {
                Some(cut) => break cut,
                None if size < LONGEST_WORD => size *= 2,
                None => {
                    let skipped = self.buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                    let Place { line, column, .. } = self.place.after(&self.buffer[..skipped]);
                    return Err(VocabularyError::LongWord { line, column, limit: LONGEST_WORD }.into());
                }
            }
        };
        let (bytes, place) = (&self.buffer[..cut], self.place);
        self.used = cut;
        let content = match self.level {
            TokenLevel::Byte => Content::Bytes(bytes),
            _ => Content::Text(utf8(bytes, place)?),
        };
        self.place = match self.level {
            // Nobody asks for a line of bytes.
            TokenLevel::Byte => Place { offset: place.offset + cut as u64, ..place },
            _ => place.after(bytes),
        };
        Ok(Some(Piece { content, place, last: self.left == 0 && cut == self.buffer.len() }))
    }

    /// Reads until the buffer has `size` bytes, or all that are left.
    fn fill(&mut self, size: usize) -> io::Result<()> {
        let missing = (size.saturating_sub(self.buffer.len()) as u64).min(self.left);
        let read = self.input.by_ref().take(missing).read_to_end(&mut self.buffer)? as u64;
        if read < missing {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it has become shorter while it was read",
            ));
        }
        self.left -= read;
        Ok(())
    }

    /// How many of the buffer's bytes make a piece; None if more are needed.
    fn cut(&self) -> Result<Option<usize>, VocabularyError> {
        let bytes = &self.buffer[..];
        if self.level == TokenLevel::Byte || self.left == 0 {
            return Ok(Some(bytes.len()));
        }
        // What may be the beginning of a character waits; what is none at all is found when the piece is read as text.
        let begun = bytes.iter().rev().take(4).position(|&byte| byte & 0xc0 != 0x80).map_or(0, |i| i + 1);
        let whole = bytes.len() - begun;
        Ok(match self.level {
            TokenLevel::Char | TokenLevel::Byte => Some(whole),
            TokenLevel::Word => after_white_space(&bytes[..whole], self.place)?,
            TokenLevel::Tokenizer => {
                let text = utf8(&bytes[..whole], self.place)?;
                let rest = |at: usize| text[at..].chars().next().is_some_and(|c| !c.is_whitespace());
                let line = text.match_indices('\n').map(|(at, _)| at + 1).rev();
                let found =
                    line.clone().find(|&at| rest(at) && !text[..at - 1].ends_with(char::is_whitespace));
                let found = found.or(after_white_space(&bytes[..whole], self.place)?);
                Some(found.unwrap_or(whole))
            }
        })
    }
}

/// Where the last white space ends.
fn after_white_space(bytes: &[u8], place: Place) -> Result<Option<usize>, VocabularyError> {
    // Most is found at once: the end of an ASCII blank is the end of a character.
    let near = bytes.len().saturating_sub(100);
    if let Some(at) = bytes[near..].iter().rposition(u8::is_ascii_whitespace) {
        return Ok(Some(near + at + 1));
    }
    let text = utf8(bytes, place)?;
    Ok(text.char_indices().rev().find(|(_, c)| c.is_whitespace()).map(|(at, c)| at + c.len_utf8()))
}
