//! Temporary directories of tests.

use std::path::{Path, PathBuf};

/// A temporary directory of one test, which is removed when the value is dropped.
pub(crate) struct TestDir(tempfile::TempDir);

impl TestDir {
    /// An empty directory.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// The path of the directory.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into the directory and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }
}
