//! Words and boxes that the readers of all kinds of data share.

use std::path::Path;

use longspan::batch::Source;
use longspan_data::encoding::Encoding;

/// The name of a file without its directory.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// ", decoded from GBK", for a description of data that are not UTF-8.
pub(super) fn decoded(encoding: Encoding) -> String {
    if encoding == Encoding::UTF_8 { String::new() } else { format!(", decoded from {encoding}") }
}

pub(super) fn boxed(source: impl Source + 'static) -> Box<dyn Source> {
    Box::new(source)
}
