//! Bytes of a file, decompressed if it is gzip.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// The first bytes of a gzip file.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Returns the first `count` bytes (or all), and a reader of all bytes, including those.
pub(crate) fn peek<R: Read>(mut input: R, count: usize) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    input.by_ref().take(count as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(input)))
}

/// Returns a reader of the content: decompressed if the first bytes are those of gzip. Damage is reported as
/// [`io::ErrorKind::InvalidData`].
pub(crate) fn unpacked<'r>(input: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let (magic, packed) = peek(input, GZIP.len())?;
    Ok(if magic == GZIP { Box::new(Unpacked(MultiGzDecoder::new(packed))) } else { Box::new(packed) })
}

/// Decompresses, and reports every failure as damaged data.
struct Unpacked<R>(MultiGzDecoder<R>);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::new(io::ErrorKind::InvalidData, error),
        })
    }
}
