//! The arrays of an archive, or of two files that belong together.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::npy::{ArrayError, Header};
use crate::file;
use crate::labelled::LabelType;
use crate::labelled::error::{LabelledError, Location, Problem, quoted};
use crate::labelled::input::failed;
use crate::memory;

/// Names of the arrays; the first name that exists is read. `arr_0` and `arr_1` are those of arrays without names.
pub(super) const SEQUENCES: [&str; 10] =
    ["X", "x", "X_train", "x_train", "data", "inputs", "features", "sequences", "series", "arr_0"];

/// Most bytes that one byte of a compressed file can become (deflate).
const EXPANSION: u64 = 1032;

/// The arrays of an archive, or in two files.
pub(super) struct Arrays<'p> {
    path: &'p Path,
    archive: Option<ZipArchive<File>>,
}

impl<'p> Arrays<'p> {
    pub(super) fn open(path: &'p Path) -> Result<Self, LabelledError> {
        let mut file = file::open_any(path, "one file of arrays")?;
        let head = file::head(&mut file, 6).map_err(|error| failed(path, error))?;
        let archive = match head.starts_with(b"PK") {
            true => Some(ZipArchive::new(file).map_err(|error| damaged(path, error))?),
            false => None,
        };
        Ok(Self { path, archive })
    }

    /// The names of the arrays, for messages.
    pub(super) fn listed(&self) -> String {
        let Some(archive) = &self.archive else { return "one array".into() };
        let names = archive.file_names().filter_map(Result::ok);
        let names: Vec<String> =
            names.take(8).map(|name| quoted(name.strip_suffix(".npy").unwrap_or(&name))).collect();
        names.join(", ")
    }

    /// The names of all arrays, in the order of the file.
    pub(super) fn names(&self) -> Vec<String> {
        let Some(archive) = &self.archive else { return vec!["the array".into()] };
        let names = archive.file_names().filter_map(Result::ok);
        names.filter_map(|name| name.strip_suffix(".npy").map(str::to_owned)).collect()
    }

    pub(super) fn is_archive(&self) -> bool {
        self.archive.is_some()
    }

    /// Reads an array by its name, or the only one of a file.
    pub(super) fn member<T>(
        &mut self,
        name: &str,
        elements: impl Fn(&Header, &mut dyn Read) -> Result<T, ArrayError>,
    ) -> Result<(Header, T), LabelledError> {
        let path = self.path;
        match self.archive {
            None => file_of(path, elements),
            Some(ref mut archive) => member(path, archive, name, elements),
        }
    }

    /// Reads the first of these arrays that exists.
    pub(super) fn read<T>(
        &mut self,
        names: &[&str],
        elements: impl Fn(&Header, &mut dyn Read) -> Result<T, ArrayError>,
    ) -> Result<Option<(Header, T)>, LabelledError> {
        let path = self.path;
        let Some(archive) = &mut self.archive else {
            let Some(path) = beside(path, names) else { return Ok(None) };
            return file_of(&path, elements).map(Some);
        };
        let Some(name) = names.iter().find(|name| archive.index_for_name(&format!("{name}.npy")).is_some())
        else {
            return Ok(None);
        };
        member(path, archive, name, elements).map(Some)
    }

    /// Reads the labels of the sequences, and what they are.
    pub(super) fn labels(
        &mut self,
        names: &[&str],
        sequences: usize,
    ) -> Result<Option<(Vec<String>, LabelType)>, LabelledError> {
        let path = self.path;
        let Some((header, labels)) = self.read(names, |header, input| header.labels(input))? else {
            return Ok(None);
        };
        let wrong = |what: String| Err(Problem::Array { what }.at(path, Location::File));
        if labels.len() != sequences || header.shape.first() != Some(&sequences) {
            let hint = match header.shape[..] {
                [rows, columns] if rows == sequences && columns > 1 && header.is_float() => {
                    ": if it marks the class with a 1, write y.argmax(axis=1); of several targets, write one, such as y[:, 0]"
                }
                [rows, columns] if rows == sequences && columns > 1 => {
                    ": if it marks the class with a 1, write y.argmax(axis=1)"
                }
                _ => "",
            };
            return wrong(format!(
                "y has the shape {}, and X has {sequences} sequences, which need one label each{hint}",
                header.shape()
            ));
        }
        // Integers are often stored as floats.
        let targets = header.is_float() && labels.iter().any(|label| label.contains(['.', 'N', 'i']));
        Ok(Some((labels, if targets { LabelType::Number } else { LabelType::Class })))
    }
}

/// Reads the array of a file.
fn file_of<T>(
    path: &Path,
    elements: impl Fn(&Header, &mut dyn Read) -> Result<T, ArrayError>,
) -> Result<(Header, T), LabelledError> {
    let file = file::open_any(path, "one file of arrays")?;
    let bytes = file.metadata().map_err(|error| failed(path, error))?.len();
    array(path, "the array", &mut io::BufReader::new(file), bytes, elements)
}

/// Reads an array of an archive.
fn member<T>(
    path: &Path,
    archive: &mut ZipArchive<File>,
    name: &str,
    elements: impl Fn(&Header, &mut dyn Read) -> Result<T, ArrayError>,
) -> Result<(Header, T), LabelledError> {
    let mut member = archive.by_name(&format!("{name}.npy")).map_err(|error| damaged(path, error))?;
    let most = member.compressed_size().saturating_mul(EXPANSION);
    let most = most.min(fs_len(path).saturating_mul(EXPANSION));
    array(path, name, &mut member, most, elements)
}

/// Reads one array with `most` bytes at most.
fn array<T>(
    path: &Path,
    name: &str,
    input: &mut dyn Read,
    most: u64,
    elements: impl Fn(&Header, &mut dyn Read) -> Result<T, ArrayError>,
) -> Result<(Header, T), LabelledError> {
    let mut input = input;
    let read = Header::read(&mut input, most).and_then(|header| {
        memory::check(header.memory()).map_err(|error| ArrayError::Bad(format!("needs {error}")))?;
        let elements = elements(&header, input)?;
        Ok((header, elements))
    });
    read.map_err(|error| match error {
        ArrayError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            damaged(path, ZipError::Io(error))
        }
        ArrayError::Io(error) => failed(path, error),
        ArrayError::Bad(what) => Problem::Array { what: format!("{name} {what}") }.at(path, Location::File),
    })
}

fn fs_len(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn damaged(path: &Path, error: ZipError) -> LabelledError {
    let what = format!("the archive cannot be read ({error}): write it again with numpy.savez");
    Problem::Array { what }.at(path, Location::File)
}

/// Returns the file with one of these arrays: `path` itself for the sequences, a file beside it for the others.
fn beside(path: &Path, names: &[&str]) -> Option<PathBuf> {
    if names == SEQUENCES {
        return Some(path.to_owned());
    }
    let stem = path.file_stem()?.to_str()?;
    // X_train.npy and y_train.npy, train_data.npy and train_labels.npy.
    let parts: Vec<&str> = stem.split('_').collect();
    let own = parts.iter().position(|part| SEQUENCES.contains(part))?;
    names.iter().filter(|name| !name.contains('_')).find_map(|name| {
        let mut parts = parts.clone();
        parts[own] = name;
        Some(path.with_file_name(format!("{}.npy", parts.join("_")))).filter(|path| path.is_file())
    })
}
