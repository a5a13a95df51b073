//! A text file that is read several times, with reports of the progress.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use super::super::encoding::{Encoding, EncodingError};
use super::super::file::{self, FileError};
use super::super::gzip::{Expands, unpacked};
use super::super::tokens::{temporary, temporary_directory};
use super::super::vocabulary::TokenLevel;
use super::super::vocabulary::units::Piece;
use super::error::{TextError, content};
use super::pieces::{PieceError, Pieces};
use super::progress::{Reading, Watch};

/// What is needed where a directory was named.
const NEED: &str = "one text file";

/// Number of bytes between two reports of the progress.
const REPORT: u64 = 4 << 20;

/// A file of known size.
pub(super) struct Input<'a> {
    file: File,
    path: &'a Path,
    bytes: u64,
    watch: &'a mut dyn FnMut(Reading<'_>),
    /// Number of passes over the file, and how many have begun.
    passes: u64,
    begun: u64,
    encoding: Option<Encoding>,
}

impl<'a> Input<'a> {
    /// Opens the file, for a text at `level` in the given encoding, or in the one that is recognised. Anything but a
    /// regular file, such as a pipe, can be read only once and is copied; a file that is gzip is decompressed.
    pub(super) fn open(
        path: &'a Path,
        level: TokenLevel,
        encoding: Option<Encoding>,
        watch: Watch<'a>,
    ) -> Result<Self, TextError> {
        let unreadable = |error| FileError::new(path, error, NEED);
        // The bytes of any file can be read.
        let bytes_only = level == TokenLevel::Byte;
        let mut file = if bytes_only { file::open_any(path, NEED)? } else { file::open_text(path, NEED)? };
        let metadata = file.metadata().map_err(unreadable)?;
        let mut bytes = metadata.len();
        let plain = metadata.is_file() && bytes > 0;
        let packed =
            plain && !bytes_only && file::head(&mut file, 2).map_err(unreadable)? == crate::gzip::GZIP;
        if !plain || packed {
            let temporary_failed = |error| TextError::Temporary { directory: temporary_directory(), error };
            let mut copy = temporary().map_err(temporary_failed)?;
            bytes =
                match packed {
                    false => io::copy(&mut file, &mut copy).map_err(temporary_failed)?,
                    true => unpacked(file).and_then(|mut text| io::copy(&mut text, &mut copy)).map_err(
                        |error| match error.kind() {
                            _ if Expands::is(&error) => TextError::Expands { path: path.to_owned() },
                            io::ErrorKind::InvalidData
                            | io::ErrorKind::InvalidInput
                            | io::ErrorKind::UnexpectedEof => {
                                TextError::Damaged { path: path.to_owned(), error }
                            }
                            _ => temporary_failed(error),
                        },
                    )?,
                };
            file = copy;
            if !bytes_only {
                file::check_text(path, &mut file, NEED)?;
            }
        }
        if bytes == 0 {
            return Err(TextError::Empty { path: path.to_owned() });
        }
        Ok(Self { file, path, bytes, watch, passes: 1, begun: 0, encoding })
    }

    /// Sets the number of passes.
    pub(super) fn plan(&mut self, passes: u64) {
        self.passes = passes;
    }

    /// Size in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Begins a pass.
    pub(super) fn pieces(&mut self, level: TokenLevel) -> Result<PieceReader<'_, &File>, TextError> {
        (&self.file).rewind().map_err(|error| FileError::new(self.path, error, NEED))?;
        self.begun += 1;
        Ok(PieceReader {
            pieces: Pieces::new(&self.file, self.bytes, level, self.encoding),
            path: self.path,
            watch: Some(self.watch),
            before: (self.begun - 1) * self.bytes,
            of: self.passes * self.bytes,
            reported: 0,
        })
    }
}

/// One pass over bytes in memory. The path is for messages.
pub(super) fn of_bytes<'a>(path: &'a Path, bytes: &'a [u8], level: TokenLevel) -> PieceReader<'a, &'a [u8]> {
    let of = bytes.len() as u64;
    PieceReader { pieces: Pieces::new(bytes, of, level, None), path, watch: None, before: 0, of, reported: 0 }
}

/// A pass.
pub(super) struct PieceReader<'a, R> {
    pieces: Pieces<R>,
    path: &'a Path,
    watch: Option<&'a mut dyn FnMut(Reading<'_>)>,
    before: u64,
    of: u64,
    reported: u64,
}

impl<R: Read> PieceReader<'_, R> {
    /// Returns the next piece.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'_>>, TextError> {
        let done = self.pieces.done();
        if done - self.reported >= REPORT
            && let Some(watch) = &mut self.watch
        {
            self.reported = done;
            watch(Reading { path: self.path, bytes: self.before + done, of: self.of });
        }
        self.pieces.next().map_err(|error| match error {
            PieceError::Io(error) => match EncodingError::of(&error) {
                Some(problem) => TextError::Encoding { path: self.path.to_owned(), problem },
                None => FileError::new(self.path, error, NEED).into(),
            },
            PieceError::Content(problem) => content(self.path, problem),
        })
    }

    /// The encoding as far as the text was read.
    pub(super) fn encoding(&self) -> Encoding {
        self.pieces.encoding()
    }
}
