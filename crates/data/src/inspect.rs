//! Finds out what a file or folder contains, and which settings train on it.
//!
//! The kind of data follows from the first bytes and lines where these are unambiguous, and from the name otherwise.
//! Everything is then read as training would read it, except that missing values are counted and not refused. A text is
//! read in pieces of 64 KiB of which only counts are kept; its words are counted in its first megabytes only.
//!
//! Settings are returned only if the data can be read with them. They include the test file beside the data if it fits,
//! a treatment of missing values, and windows that are shorter than the parts. A file is read once; a table is read
//! again if its columns need other settings than the usual ones.

mod advice;
mod beside;
mod content;
mod error;
mod found;
mod given;
mod kind;
mod music;
pub mod notices;
mod roles;
mod sequences;
mod series;
mod settings;
mod table;
mod text;

use std::io::Read;
use std::path::Path;

use super::encoding::decode_head;
use super::foreign;
use super::labelled;
use super::labelled::table::Columns;
use super::labelled::texts;
use super::table::{Sketch, TableOptions};

pub use content::{
    Channel, Content, Form, MusicDescription, PartDescription, Sequences, TextDescription, Words,
};
pub use error::InspectError;
pub use found::Found;
pub use given::Given;
pub use settings::{Alternative, Note, Setting, Settings};

/// Finds out what a file or folder contains. For a text, `read` is called with the number of bytes read so far and the
/// total.
///
/// # Errors
/// [`InspectError`] says what is wrong, where, and what to do.
pub fn inspect(path: &Path, given: &Given, read: &mut dyn FnMut(u64, u64)) -> Result<Found, InspectError> {
    if path.is_dir() {
        return match beside::inside(path)? {
            beside::Inside::Texts => sequences::inspect(path, Form::Folder, given),
            beside::Inside::File(file) => inspect(&file, given, read),
        };
    }
    if labelled::numpy::is_numpy(path) {
        return arrays(path, given);
    }
    let mut head = labelled::head(path, kind::HEAD)?;
    let size = head.bytes.len();
    if let Some(format) = foreign::of(path, &head.bytes) {
        // A text for other programs: HTML, JSON lines and the like.
        let mut found = text::inspect(path, given.table.encoding, read)?;
        found.notes.insert(0, notices::of_markup(path, &format));
        return Ok(found);
    }
    if !kind::is_images(path, &head.bytes) {
        head.bytes = decode_head(&head.bytes, given.table.encoding).0;
    }
    let kind = kind::Kind::of(path, &head.bytes);
    if let Some(kind::Kind::Table | kind::Kind::Text) = kind
        && let Some(layout) = texts::layout(&head.bytes, size < kind::HEAD, &Columns::default(), true)
    {
        let columns = Columns { label: layout.label_column(&head.bytes), id: None, ..Columns::default() };
        return Ok(sequences::inspect_with(path, Form::Texts, columns, given)?);
    }
    match kind {
        None => Err(InspectError::Empty { path: path.to_owned() }),
        Some(kind::Kind::Images) => sequences::inspect(path, Form::Images, given),
        Some(kind::Kind::ImageLabels) => {
            Err(InspectError::ImageLabels { path: path.to_owned(), images: beside::images_of(path) })
        }
        Some(kind::Kind::Ts) => sequences::inspect(path, Form::Ts, given),
        Some(kind::Kind::Music) => music::inspect(path),
        Some(kind::Kind::Table) => {
            let found = table::inspect(path, &head, given);
            // No column is a series, but two are texts.
            let unclear = || texts::only_unclear(&head.bytes, path);
            match found.as_ref().is_ok_and(|found| found.settings.is_some()) {
                true => found,
                false => unclear().map_or(found, |error| Err(error.into())),
            }
        }
        Some(kind::Kind::Text) => text::inspect(path, given.table.encoding, read),
    }
}

/// Arrays are sequences if they have labels, and a series otherwise.
fn arrays(path: &Path, given: &Given) -> Result<Found, InspectError> {
    let named = Given { table: TableOptions::default(), ..given.clone() };
    let labelled = match sequences::inspect(path, Form::Arrays, given) {
        Ok(found) => return Ok(found),
        Err(error) => error,
    };
    let mut head = Vec::new();
    let text = labelled::numpy::series(path)
        .ok()
        .and_then(|text| text.take(kind::HEAD as u64).read_to_end(&mut head).ok());
    let options = labelled::numpy::table_options(&TableOptions::default());
    let sketch = text.and_then(|size| Sketch::of_head(path, &head, size == kind::HEAD, &options).ok());
    match sketch {
        Some(sketch) => series::inspect(path, &sketch, &named),
        None => Err(labelled),
    }
}
