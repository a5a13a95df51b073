//! What inspecting a file or folder finds.

use std::path::PathBuf;

use serde::Serialize;

use super::content::Content;
use super::settings::{Alternative, Note, Settings};

/// The result of [`inspect`](super::inspect).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The file or folder that was read. For a folder with one data file, that file.
    pub path: PathBuf,
    /// What it contains.
    #[serde(flatten)]
    pub content: Content,
    /// Notes to read before training.
    pub notes: Vec<Note>,
    /// Settings that train on it; None if nothing can, and then a note says why.
    pub settings: Option<Settings>,
    /// Another way to read it.
    pub otherwise: Option<Alternative>,
}
