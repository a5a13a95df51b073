//! Records that wait until a full disk can be written again.

use std::io;
use std::time::{Duration, Instant};

use crate::disk::OutFile;

/// The most bytes that wait: about 200,000 steps.
const MOST: usize = 64 << 20;
/// Time between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether a write failed because the disk is full, its quota is used up, or it is read-only.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge)
}

/// The end of a file that is not written yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    bytes: Vec<u8>,
    failed: Option<Instant>,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends a line, in memory if the disk is full.
    ///
    /// # Errors
    /// The error of the system, if it is another one, or if too many lines wait.
    pub(super) fn append(&mut self, file: &mut OutFile, line: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(line);
        let full = self.bytes.len() > MOST;
        if !full && self.failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return Ok(());
        }
        match self.write(file) {
            Err(error) if is_full(&error) && !full => Ok(()),
            written => written,
        }
    }

    /// Writes what waits. What the disk had room for is not written twice.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn write(&mut self, file: &mut OutFile) -> io::Result<()> {
        while !self.bytes.is_empty() {
            match written(file, &self.bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.bytes.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = Some(Instant::now());
                    return Err(error);
                }
            }
        }
        (self.failed, self.bytes) = (None, Vec::new());
        Ok(())
    }
}

fn written(file: &mut OutFile, bytes: &[u8]) -> io::Result<usize> {
    #[cfg(test)]
    if crate::train::is_disk_full() {
        return Err(io::ErrorKind::StorageFull.into());
    }
    file.write(bytes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::disk::{self, Opened};
    use crate::test_dir::TestDir;

    /// `/dev/full` is a full disk.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_full_disk_had_no_room_for_is_written_later() {
        let dir = TestDir::new();
        let path = dir.write("lines", "");
        let mut waiting = Waiting::default();
        let mut full = disk::open(Path::new("/dev/full"), Opened::Existing, 0).expect("a device");
        waiting.append(&mut full, b"a\nb\n").expect("it waits");
        assert!(waiting.write(&mut full).is_err_and(|error| is_full(&error)));
        let mut file = disk::open(&path, Opened::Appended, 0).expect("a file");
        waiting.write(&mut file).expect("written");
        waiting.append(&mut file, b"c\n").expect("written");
        assert_eq!(std::fs::read(&path).expect("a file"), b"a\nb\nc\n");
        // The memory is bounded.
        waiting.append(&mut full, &vec![b'x'; MOST]).expect("it waits");
        assert!(waiting.append(&mut full, b"y").is_err());
    }
}
