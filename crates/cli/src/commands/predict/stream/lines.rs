//! Lines of a stream, read in bounded memory.

use std::io::{BufRead, Read};

use crate::failure::{Failure, fail};

/// The largest number of bytes in a line.
const LONGEST: u64 = 1 << 20;

/// Reads lines into one buffer.
pub(super) struct Lines<R> {
    input: R,
    line: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 0, buffer: Vec::new() }
    }

    /// The number of the next line, from 1, and its bytes without the end of the line and without a byte order mark.
    ///
    /// # Errors
    /// A message if standard input cannot be read, or the line is too long.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, Failure> {
        self.buffer.clear();
        let read = self.input.by_ref().take(LONGEST + 1).read_until(b'\n', &mut self.buffer);
        read.map_err(|error| fail(format!("standard input cannot be read ({error})")))?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if self.buffer.len() as u64 > LONGEST {
            return Err(fail(format!(
                "standard input: line {} is longer than {LONGEST} bytes: write one step per line",
                self.line
            )));
        }
        let mut line = &self.buffer[..];
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.line == 1 {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        Ok(Some((self.line, line)))
    }
}

/// The bytes of a line as text.
///
/// # Errors
/// A message if they are not UTF-8.
pub(super) fn utf8(number: u64, line: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(line).map_err(|error| {
        let byte = error.valid_up_to() + 1;
        fail(format!(
            "standard input: line {number}, byte {byte}: not valid UTF-8: convert the input to UTF-8"
        ))
    })
}
