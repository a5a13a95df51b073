//! Token sequences that may be larger than memory.
//!
//! A token takes 1, 2 or 4 bytes, depending on the size of the vocabulary. Tokens are in memory up to a limit. A longer
//! sequence is in a temporary file without a name, which the operating system removes however the process ends, and is
//! read by position.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Most bytes of tokens in memory.
pub(super) const IN_MEMORY: usize = 64 << 20;

/// Number of bytes written or read at once.
const BLOCK: usize = 16 << 10;

/// A finished token sequence.
#[derive(Debug)]
pub(super) struct Tokens {
    width: usize,
    len: usize,
    held: Held,
    failure: OnceLock<io::Error>,
}

#[derive(Debug)]
enum Held {
    Memory(Vec<u8>),
    File(File),
}

impl Tokens {
    /// Number of tokens.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Calls `visit` with the index (from 0) and the token, for `count` tokens from `start` on.
    ///
    /// # Errors
    /// The error of the operating system if the file cannot be read; [`Tokens::failure`] keeps the first one.
    pub(super) fn each(
        &self,
        start: usize,
        count: usize,
        mut visit: impl FnMut(usize, u32),
    ) -> Result<(), &io::Error> {
        match &self.held {
            Held::Memory(bytes) => {
                let bytes = &bytes[start * self.width..(start + count) * self.width];
                widen(self.width, bytes, 0, &mut visit);
            }
            Held::File(file) => {
                let (mut block, most) = ([0; BLOCK], BLOCK / self.width);
                for first in (0..count).step_by(most) {
                    let bytes = &mut block[..most.min(count - first) * self.width];
                    let offset = ((start + first) * self.width) as u64;
                    if let Err(error) = read_exact_at(file, bytes, offset) {
                        return Err(self.failure.get_or_init(|| error));
                    }
                    widen(self.width, bytes, first, &mut visit);
                }
            }
        }
        Ok(())
    }

    /// The first error of reading the file, if any.
    pub(super) fn failure(&self) -> Option<&io::Error> {
        self.failure.get()
    }
}

fn widen(width: usize, bytes: &[u8], first: usize, visit: &mut impl FnMut(usize, u32)) {
    match width {
        1 => bytes.iter().enumerate().for_each(|(i, &byte)| visit(first + i, u32::from(byte))),
        2 => {
            let tokens = bytes.as_chunks().0.iter().map(|&pair| u32::from(u16::from_le_bytes(pair)));
            tokens.enumerate().for_each(|(i, token)| visit(first + i, token));
        }
        _ => {
            let tokens = bytes.as_chunks().0.iter().map(|&four| u32::from_le_bytes(four));
            tokens.enumerate().for_each(|(i, token)| visit(first + i, token));
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => (bytes, offset) = (&mut bytes[read..], offset + read as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Collects tokens one after another.
pub(super) struct Writer {
    width: usize,
    len: usize,
    limit: usize,
    /// All tokens, or those not in the file yet.
    buffer: Vec<u8>,
    file: Option<File>,
}

impl Writer {
    /// Starts a sequence of tokens below `vocabulary`, with at most `limit` bytes in memory.
    pub(super) fn new(vocabulary: usize, limit: usize) -> Self {
        let width = match vocabulary {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        Self { width, len: 0, limit, buffer: Vec::new(), file: None }
    }

    /// Number of tokens so far.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends `tokens`.
    ///
    /// # Errors
    /// The error of the operating system if the temporary file cannot be written.
    pub(super) fn extend(&mut self, tokens: &[u32]) -> io::Result<()> {
        self.len += tokens.len();
        match self.width {
            1 => self.buffer.extend(tokens.iter().map(|&token| token as u8)),
            2 => tokens.iter().for_each(|&token| self.buffer.extend((token as u16).to_le_bytes())),
            _ => tokens.iter().for_each(|&token| self.buffer.extend(token.to_le_bytes())),
        }
        if self.file.is_none() && self.buffer.len() > self.limit {
            let mut file = temporary()?;
            file.write_all(&self.buffer)?;
            (self.file, self.buffer) = (Some(file), Vec::new());
        }
        match &mut self.file {
            Some(file) if self.buffer.len() >= BLOCK => {
                file.write_all(&self.buffer)?;
                self.buffer.clear();
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns the finished sequence.
    ///
    /// # Errors
    /// As [`Writer::extend`].
    pub(super) fn finish(mut self) -> io::Result<Tokens> {
        let held = match self.file {
            Some(mut file) => {
                file.write_all(&self.buffer)?;
                Held::File(file)
            }
            None => {
                self.buffer.shrink_to_fit();
                Held::Memory(self.buffer)
            }
        };
        Ok(Tokens { width: self.width, len: self.len, held, failure: OnceLock::new() })
    }
}

/// Returns the directory for temporary files: `TMPDIR`, else `/var/tmp`, because `/tmp` may be in memory.
pub(super) fn temporary_directory() -> PathBuf {
    match std::env::var_os("TMPDIR") {
        None if cfg!(unix) && PathBuf::from("/var/tmp").is_dir() => "/var/tmp".into(),
        _ => std::env::temp_dir(),
    }
}

/// Creates a temporary file without a name.
pub(super) fn temporary() -> io::Result<File> {
    tempfile::tempfile_in(temporary_directory())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For tokens of each width, in memory and in a file of several blocks, any range is read correctly.
    #[test]
    fn every_width_is_read_back_from_memory_and_from_a_file() {
        for (vocabulary, width) in [(1, 1), (256, 1), (257, 2), (65_536, 2), (65_537, 4), (1 << 30, 4)] {
            let all: Vec<u32> = (0..40_000u64).map(|i| (i * 2_654_435_761 % vocabulary) as u32).collect();
            for limit in [usize::MAX, 1000, 0] {
                let mut writer = Writer::new(vocabulary as usize, limit);
                for part in all.chunks(777) {
                    writer.extend(part).unwrap();
                }
                assert_eq!((writer.len(), writer.width), (all.len(), width));
                let tokens = writer.finish().unwrap();
                assert_eq!(matches!(tokens.held, Held::File(_)), limit < usize::MAX);
                for (start, count) in
                    [(0, all.len()), (0, 0), (39_999, 1), (16_383, 3), (5, 20_000), (8190, 8200)]
                {
                    let mut read = Vec::new();
                    let visit = |i, token| {
                        assert_eq!(i, read.len());
                        read.push(token);
                    };
                    tokens.each(start, count, visit).unwrap();
                    assert_eq!(read, all[start..start + count], "{vocabulary} {limit} {start} {count}");
                }
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_reported() {
        let mut writer = Writer::new(1000, 10);
        writer.extend(&[7; 100_000]).unwrap();
        let tokens = writer.finish().unwrap();
        let Held::File(file) = &tokens.held else { panic!("a file") };
        file.set_len(150_000).unwrap();
        assert!(tokens.each(0, 75_000, |_, token| assert_eq!(token, 7)).is_ok());
        assert!(tokens.failure().is_none());
        assert_eq!(tokens.each(74_990, 20, |_, _| ()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(tokens.failure().map(io::Error::kind), Some(io::ErrorKind::UnexpectedEof));
    }
}
