//! Bytes of a file, decompressed if it is gzip.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// The first bytes of a gzip file.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Most bytes of content for each byte of a gzip file. Data expand 3 to 20 times, gzip can expand 1032 times.
const RATIO: u64 = 200;

/// Bytes of content that a gzip file may have whatever its size.
const FREE: u64 = 64 << 20;

/// The error of a gzip file whose content is more than [`RATIO`] times as large as the file: most likely it was made to fill
/// memory or disk.
#[derive(Debug, thiserror::Error)]
#[error(
    "its content is more than {RATIO} times as large as the file: if that is intended, decompress it first with gunzip"
)]
pub(crate) struct Expands;

impl Expands {
    /// Whether this error was the reason.
    pub(crate) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

/// Returns the first `count` bytes (or all), and a reader of all bytes, including those.
pub(crate) fn peek<R: Read>(mut input: R, count: usize) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    input.by_ref().take(count as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(input)))
}

/// Returns a reader of the content: decompressed if the first bytes are those of gzip. Damage is reported as
/// [`io::ErrorKind::InvalidData`], and so is [`Expands`].
pub(crate) fn unpacked<'r>(input: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    unpacked_within(input, FREE)
}

fn unpacked_within<'r>(input: impl Read + 'r, free: u64) -> io::Result<Box<dyn Read + 'r>> {
    let (magic, packed) = peek(input, GZIP.len())?;
    Ok(if magic == GZIP {
        let inner = MultiGzDecoder::new(Counted { inner: packed, bytes: 0 });
        Box::new(Unpacked { inner, bytes: 0, free })
    } else {
        Box::new(packed)
    })
}

/// Decompresses, and reports every failure as damaged data.
struct Unpacked<R> {
    inner: MultiGzDecoder<Counted<R>>,
    /// Bytes of content so far.
    bytes: u64,
    /// Bytes of content that are allowed whatever the size of the file.
    free: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::new(io::ErrorKind::InvalidData, error),
        })?;
        self.bytes += read as u64;
        match self.bytes > self.free.max(RATIO * self.inner.get_ref().bytes) {
            true => Err(io::Error::new(io::ErrorKind::InvalidData, Expands)),
            false => Ok(read),
        }
    }
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_that_expands_too_much_is_refused_while_it_is_read() {
        let gzip = |bytes: u64| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            io::copy(&mut io::repeat(b'a').take(bytes), &mut packed).unwrap();
            packed.finish().unwrap()
        };
        let free = 1 << 20;
        let read = |bytes: &[u8]| io::copy(&mut unpacked_within(bytes, free).unwrap(), &mut io::sink());
        assert_eq!(read(&gzip(free)).unwrap(), free);
        let error = read(&gzip(free + 1)).unwrap_err();
        assert!(Expands::is(&error) && error.to_string().contains("200 times"), "{error}");
        // The content of several members counts together.
        assert!(Expands::is(&read(&gzip(free / 2 + 1).repeat(2)).unwrap_err()));
    }
}
