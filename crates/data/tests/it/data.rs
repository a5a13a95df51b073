//! Finds the real data.

use std::path::PathBuf;

/// Returns a file of the data, or prints a message and returns None if it is missing. With `LONGSPAN_REQUIRE=data` a
/// missing file is an error.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("LONGSPAN_DATA").map(|data| PathBuf::from(data).join(name));
    let found = path.filter(|path| path.exists());
    let required =
        std::env::var("LONGSPAN_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "data"));
    assert!(found.is_some() || !required, "LONGSPAN_REQUIRE names data, and LONGSPAN_DATA has no {name}");
    if found.is_none() {
        eprintln!("SKIPPED: LONGSPAN_DATA names no directory with {name}");
    }
    found
}
