//! What a file or folder holds, and the settings that train on it.
//!
//! What it is follows from its first bytes and lines where these are sure, and from its name where they are not. Everything
//! is then read as training would read it, missing values counted and not refused, but for a text: that goes by in pieces of
//! 64 KiB, of which only counts are kept, and of words only those of its first megabytes.
//!
//! Settings are returned only if the data can be read with them: with the file to test on beside it where there is one that
//! fits, with a treatment of missing values, with windows that are shorter than the parts. A file is read once; a table is read
//! again where its columns turn out to need other settings than the usual ones.

mod advice;
mod beside;
mod error;
mod kind;
mod music;
mod sequences;
mod series;
mod settings;
mod sketch;
mod table;
mod text;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::labelled;
use super::series as numeric;

pub use error::InspectError;
pub use music::{MusicDescription, PartDescription};
pub use sequences::{Channel, Form, Sequences};
pub use settings::{Alternative, Note, Setting, Settings};
pub use text::{TextDescription, Words};

/// What a file or folder holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The file or folder that was read: of a folder with one file of data that one.
    pub path: PathBuf,
    /// What is in it.
    #[serde(flatten)]
    pub content: Content,
    /// Remarks to read before training on it.
    pub notes: Vec<Note>,
    /// The settings that train on it; None if nothing can, which a note explains.
    pub settings: Option<Settings>,
    /// Another way to read it.
    pub otherwise: Option<Alternative>,
}

/// What is in a file or folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Content {
    /// Sequences with a label each.
    Labelled(Sequences),
    /// Piano rolls.
    Music(MusicDescription),
    /// A numeric series.
    Series(numeric::Description),
    /// A text.
    Text(TextDescription),
}

/// Says what a file or folder holds. `read` is told how many bytes of a text have gone by, of how many.
///
/// # Errors
/// [`InspectError`] names the file, the place and the way out.
pub fn inspect(path: &Path, read: &mut dyn FnMut(u64, u64)) -> Result<Found, InspectError> {
    if path.is_dir() {
        return match beside::inside(path)? {
            beside::Inside::Texts => sequences::inspect(path, Form::Folder),
            beside::Inside::File(file) => inspect(&file, read),
        };
    }
    let head = labelled::head(path, kind::HEAD)?;
    match kind::Kind::of(path, &head.bytes) {
        None => Err(InspectError::Empty { path: path.to_owned() }),
        Some(kind::Kind::Images) => sequences::inspect(path, Form::Images),
        Some(kind::Kind::ImageLabels) => {
            Err(InspectError::ImageLabels { path: path.to_owned(), images: beside::images_of(path) })
        }
        Some(kind::Kind::Ts) => sequences::inspect(path, Form::Ts),
        Some(kind::Kind::Music) => music::inspect(path),
        Some(kind::Kind::Table) => table::inspect(path, &head),
        Some(kind::Kind::Text) if head.packed => Err(InspectError::PackedText { path: path.to_owned() }),
        Some(kind::Kind::Text) => text::inspect(path, read),
    }
}
