//! Why a file or folder cannot be inspected.

use std::path::PathBuf;

use crate::labelled::LabelledError;
use crate::series::SeriesError;
use crate::table::TableError;

/// Why a file or folder cannot be inspected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// The file cannot be read, or it is damaged after a beginning like labelled sequences or music.
    #[error(transparent)]
    Labelled(#[from] LabelledError),
    /// The file cannot be read as a table of numbers.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// The file cannot be read as a table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The file is empty.
    #[error("{} is empty: name a file with data", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file contains the labels of images, not the images.
    #[error(
        "{} contains the labels of images: inspect the images instead{}", path.display(),
        images.as_ref().map(|images| format!(", {}", images.display())).unwrap_or_default()
    )]
    ImageLabels {
        /// The file.
        path: PathBuf,
        /// The image file, if it is in the same folder.
        images: Option<PathBuf>,
    },
    /// The folder contains none of the known kinds of data, or several data files.
    #[error("{} is a folder{}: name a file, or put one .txt file per label into the folder", path.display(), listed(files))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Data files in the folder.
        files: Vec<String>,
    },
}
fn listed(files: &[String]) -> String {
    match files {
        [] => " without data in a known format".into(),
        files => format!(" with several data files ({})", files.join(", ")),
    }
}
