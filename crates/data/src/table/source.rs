//! The text of a table: decompressed and decoded, with one kind of line end, in bounded memory.
//!
//! Line ends (`\r\n` and `\r` too) become `\n`, because the csv crate counts only those, and the text ends with one
//! more. Runs of spaces and tabs become single spaces if they separate the fields. The beginning can be looked at
//! before it is read, so a pipe is read once. A record is limited to [`LONGEST`] bytes, because an unclosed quote
//! would make the rest of the file one field.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use super::blanks::Blanks;
use crate::encoding::{Decoded, Encoding};
use crate::fingerprint::Fingerprint;
use crate::gzip::unpacked;

/// Most bytes of a record.
pub(crate) const LONGEST: u64 = 64 << 20;
/// Bytes read at a time.
pub(super) const BUFFER: usize = 1 << 16;
/// Least number of lines in the beginning, if the file has them.
const LINES: usize = 20;
/// Most bytes of the beginning.
const HEAD: usize = 2 << 20;

/// The text of a table.
pub(super) struct Source<'r> {
    inner: Decoded<Box<dyn Read + 'r>>,
    buffer: Box<[u8]>,
    begin: usize,
    end: usize,
    after_return: bool,
    ended: bool,
    /// Text that is handed out before more is read, from `at` on.
    ahead: Vec<u8>,
    at: usize,
    blanks: Option<Blanks>,
    read: u64,
    /// Number of bytes handed out at which the current record is too long.
    until: u64,
    fingerprint: Rc<RefCell<Fingerprint>>,
}

/// The error of [`Source`] for a record that is too long.
#[derive(Debug, thiserror::Error)]
#[error("the record is too long")]
pub(super) struct TooLong;

impl<'r> Source<'r> {
    /// Reads from `input`. The fingerprint of its bytes, before they are decompressed, is computed if it is asked for.
    pub(super) fn new(
        input: impl Read + 'r,
        encoding: Option<Encoding>,
        fingerprinted: bool,
    ) -> io::Result<Self> {
        let fingerprint = Rc::<RefCell<Fingerprint>>::default();
        let hash = fingerprinted.then(|| Rc::clone(&fingerprint));
        let inner = unpacked(Hashed { inner: input, hash })?;
        Ok(Self {
            inner: Decoded::new(inner, encoding),
            buffer: vec![0; BUFFER].into(),
            begin: 0,
            end: 0,
            after_return: false,
            ended: false,
            ahead: Vec::new(),
            at: 0,
            blanks: None,
            read: 0,
            until: LONGEST,
            fingerprint,
        })
    }

    /// The encoding that was recognised, or given.
    pub(super) fn encoding(&self) -> Encoding {
        self.inner.encoding()
    }

    /// Reads the beginning without taking it: at least one buffer and 20 lines, if the file has them. Says whether the
    /// file may have more.
    pub(super) fn head(&mut self) -> io::Result<(&[u8], bool)> {
        let mut piece = vec![0; BUFFER];
        while !self.ended && self.ahead.len() < HEAD {
            let enough = self.ahead.len() >= BUFFER;
            if enough && self.ahead.iter().filter(|&&byte| byte == b'\n').take(LINES).count() == LINES {
                break;
            }
            let read = self.text(&mut piece)?;
            self.ahead.extend_from_slice(&piece[..read]);
        }
        Ok((&self.ahead, !self.ended))
    }

    /// Drops lines of the beginning, which must have been looked at.
    pub(super) fn skip_lines(&mut self, lines: u64) {
        for _ in 0..lines {
            let rest = &self.ahead[self.at..];
            self.at += rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
        }
    }

    /// Makes runs of spaces and tabs single spaces from here on.
    pub(super) fn join_blanks(&mut self) {
        let rest = self.ahead.split_off(self.at);
        let mut blanks = Blanks::default();
        (self.ahead, self.at) = (Vec::with_capacity(rest.len()), 0);
        blanks.join(&rest, &mut self.ahead);
        self.blanks = Some(blanks);
    }

    /// Allows one more record, which begins after `position` bytes. The reader may be two buffers ahead of it.
    pub(super) fn allow_record(&mut self, position: u64) {
        self.until = position + LONGEST + 2 * BUFFER as u64;
    }

    /// Returns the fingerprint of the bytes read so far.
    pub(super) fn fingerprint(&self) -> u64 {
        self.fingerprint.borrow().finish()
    }

    /// Reads text with joined blanks until some is ahead.
    fn joined(&mut self) -> io::Result<()> {
        let mut piece = [0; 1 << 12];
        while self.ahead.is_empty() && !self.ended {
            let read = self.text(&mut piece)?;
            if let Some(blanks) = &mut self.blanks {
                blanks.join(&piece[..read], &mut self.ahead);
            }
        }
        Ok(())
    }

    /// Reads text with converted line ends. Returns 0 at the end only.
    fn text(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written == 0 && !out.is_empty() && !self.ended {
            if self.begin == self.end {
                self.begin = 0;
                self.end = self.inner.read(&mut self.buffer)?;
                if self.end == 0 {
                    self.ended = true;
                    out[0] = b'\n';
                    return Ok(1);
                }
            }
            let waiting = &self.buffer[self.begin..self.end];
            let piece = &waiting[..waiting.len().min(out.len())];
            if !self.after_return && !piece.contains(&b'\r') {
                out[..piece.len()].copy_from_slice(piece);
                self.begin += piece.len();
                return Ok(piece.len());
            }
            for &byte in piece {
                if !(byte == b'\n' && self.after_return) {
                    out[written] = if byte == b'\r' { b'\n' } else { byte };
                    written += 1;
                }
                self.after_return = byte == b'\r';
            }
            self.begin += piece.len();
        }
        Ok(written)
    }
}

impl Read for Source<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read > self.until {
            return Err(io::Error::other(TooLong));
        }
        if self.at == self.ahead.len() {
            self.ahead.clear();
            self.at = 0;
        }
        if self.blanks.is_some() {
            self.joined()?;
        }
        let read = if self.ahead.is_empty() && self.blanks.is_none() {
            self.text(out)?
        } else {
            let waiting = &self.ahead[self.at..];
            let count = waiting.len().min(out.len());
            out[..count].copy_from_slice(&waiting[..count]);
            self.at += count;
            count
        };
        self.read += read as u64;
        Ok(read)
    }
}

/// Computes the fingerprint of what is read.
struct Hashed<R> {
    inner: R,
    hash: Option<Rc<RefCell<Fingerprint>>>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        if let Some(hash) = &self.hash {
            hash.borrow_mut().write(&out[..read]);
        }
        Ok(read)
    }
}
