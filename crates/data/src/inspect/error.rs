//! Why it cannot be said what a file holds.

use std::path::PathBuf;

use crate::labelled::LabelledError;
use crate::series::SeriesError;

/// Why it cannot be said what a file or folder holds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// It cannot be read, or not as the sequences or the music that it begins like.
    #[error(transparent)]
    Labelled(#[from] LabelledError),
    /// It cannot be read as a table of numbers.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// There is nothing in it.
    #[error("{} is empty: name a file with data", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The labels of images, without them.
    #[error(
        "{} holds the labels of images: inspect the images{}", path.display(),
        images.as_ref().map(|images| format!(", {}", images.display())).unwrap_or_default()
    )]
    ImageLabels {
        /// The file.
        path: PathBuf,
        /// The images, if they lie beside it.
        images: Option<PathBuf>,
    },
    /// A text that training cannot read as it is.
    #[error("{} is a text packed with gzip, and --text reads plain ones: unpack it with gunzip", path.display())]
    PackedText {
        /// The file.
        path: PathBuf,
    },
    /// A folder of other things.
    #[error("{} is a folder without data that are known{}: name a file, or put one .txt file per label there", path.display(), listed(files))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Files that could be inspected.
        files: Vec<String>,
    },
}

fn listed(files: &[String]) -> String {
    match files {
        [] => String::new(),
        files => format!(" at one glance (there are {})", files.join(", ")),
    }
}
