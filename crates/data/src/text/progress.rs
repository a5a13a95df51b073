//! The progress of reading a file.

use std::path::Path;

/// Progress of reading a file.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The file.
    pub path: &'a Path,
    /// Number of bytes read so far, over all passes.
    pub bytes: u64,
    /// Number of bytes to read, over all passes.
    pub of: u64,
}

/// Callback for the progress of reading a file.
pub type Watch<'a> = &'a mut dyn FnMut(Reading<'_>);
