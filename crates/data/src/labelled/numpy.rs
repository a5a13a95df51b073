//! Arrays of NumPy as labelled sequences.
//!
//! ```text
//! X        [N, T, D] or [N, T]   numbers; NaN is a missing value
//! y        [N] or [N, 1]         classes: integers or strings; targets: floats that are not all whole
//! lengths  [N]                   integers, if sequences have fewer than T steps
//! ```
//!
//! `numpy.savez("x.npz", X=X, y=y)` writes them into one archive. Two files, such as `X_train.npy` and `y_train.npy`, are
//! found by their names. Memory is bounded by the file: the shape of an array is checked before its elements are read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::builder::Builder;
use super::error::{LabelledError, Location, Problem, quoted};
use super::input::failed;
use super::{Kind, LabelType, Labelled, Labels, Origin};
use crate::file;
use crate::memory;
use longspan::batch::IGNORE;

mod npy;
mod series;

pub(crate) use series::{series, table_options};

use npy::{ArrayError, Header};

/// Names of the arrays; the first name that exists is read. `arr_0` and `arr_1` are those of arrays without names.
const SEQUENCES: [&str; 10] =
    ["X", "x", "X_train", "x_train", "data", "inputs", "features", "sequences", "series", "arr_0"];
const LABELS: [&str; 10] =
    ["y", "Y", "y_train", "Y_train", "labels", "label", "targets", "target", "classes", "arr_1"];
/// The same of a test part in the same archive.
const TEST_SEQUENCES: [&str; 2] = ["X_test", "x_test"];
const TEST_LABELS: [&str; 2] = ["y_test", "Y_test"];
const LENGTHS: [&str; 5] = ["lengths", "length", "lens", "seq_lengths", "sequence_lengths"];

/// Most bytes that one byte of a compressed file can become (deflate).
const EXPANSION: u64 = 1032;
/// Number of bytes from which a file is recognised.
const HEAD: usize = 4096;

/// Whether the file contains arrays of NumPy.
pub(crate) fn is_numpy(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| match file.metadata()?.is_file() {
        true => file.take(HEAD as u64).read_to_end(&mut head),
        false => Ok(0),
    });
    let named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz"));
    let archive =
        head.starts_with(b"PK\x03\x04") && (named || memchr::memmem::find(&head, b".npy").is_some());
    read.is_ok() && (head.starts_with(b"\x93NUMPY") || archive)
}

/// Reads the sequences of a file of arrays. The classes are sorted by number or name. For a test part (`test`), the
/// arrays of one are read where the archive has them.
pub(super) fn open(path: &Path, labels: Labels, test: bool) -> Result<Labelled, LabelledError> {
    let mut arrays = Arrays::open(path)?;
    let wrong = |what: String| Problem::Array { what }.at(path, Location::File);
    let tests = arrays.names().iter().any(|name| TEST_SEQUENCES.contains(&name.as_str()));
    let (xs, ys): (&[&str], &[&str]) =
        if test && tests { (&TEST_SEQUENCES, &TEST_LABELS) } else { (&SEQUENCES, &LABELS) };
    let Some((x, values)) = arrays.read(xs, |header, input| header.numbers(input))? else {
        return Err(wrong(format!("there is no array X of sequences, only {}", arrays.listed())));
    };
    let (sequences, steps, width) = match x.shape[..] {
        [sequences, steps] => (sequences, steps, 1),
        [sequences, steps, width] => (sequences, steps, width),
        _ => {
            let shape = x.shape();
            return Err(wrong(format!(
                "X has the shape {shape}: it needs [N, T, D] (N sequences of T steps of D numbers) or [N, T]"
            )));
        }
    };
    if values.is_empty() {
        return Err(Problem::NoSequences.at(path, Location::File));
    }
    let (named, label_type) = match arrays.labels(ys, sequences)? {
        Some((named, label_type)) => (Some(named), label_type),
        None => (None, LabelType::Class),
    };
    if named.is_none() && labels == Labels::Required {
        return Err(wrong(format!(
            "there is no array y of labels, only {}: name it y and give it one label for each of the {sequences} \
             sequences; if the rows of X are the steps of one series, name the file with --series",
            arrays.listed()
        )));
    }
    let lengths = arrays.read(&LENGTHS, |header, input| header.numbers(input))?.map(|(_, lengths)| lengths);
    if lengths.as_ref().is_some_and(|lengths| lengths.len() != sequences) {
        return Err(wrong(format!(
            "the array of lengths does not have one length for each of the {sequences} sequences"
        )));
    }
    let channels = match x.shape.len() {
        2 => vec!["value".to_owned()],
        _ => (1..=width).map(|channel| channel.to_string()).collect(),
    };
    let mut builder = Builder::new(path, Kind::Values { channels }, Origin::Arrays);
    for (sequence, row) in values.chunks_exact(steps * width).enumerate() {
        let at = Location::Sequence(sequence as u64 + 1);
        let length = lengths.as_ref().map_or(steps as f64, |lengths| lengths[sequence]);
        if !(1.0..=steps as f64).contains(&length) || length.fract() != 0.0 {
            let what = format!("the length {length} is not a whole number from 1 to {steps}");
            return Err(Problem::Array { what }.at(path, at));
        }
        for &value in &row[..length as usize * width] {
            builder.values.push(single(value).map_err(|problem| problem.at(path, at))?);
        }
        let class = named.as_ref().map_or(IGNORE, |named| builder.class(&named[sequence]));
        builder.end(class, sequence as u64 + 1).map_err(|problem| problem.at(path, at))?;
    }
    let mut found = Labelled { label_type, ..builder.finish(true)? };
    if tests && !test {
        let unread = arrays.names().into_iter().filter(|name| name.to_lowercase().ends_with("_test"));
        let unread: Vec<String> = unread.collect();
        let note = format!("{} not read: --labelled-test with this file reads them", unread.join(", "));
        found.written.push(note);
    }
    Ok(found)
}

/// Converts a number to single precision; NaN is a missing value.
fn single(value: f64) -> Result<f32, Problem> {
    match value as f32 {
        single if single.is_finite() || value.is_nan() => Ok(single),
        _ if value.is_infinite() => Err(Problem::NotFinite { value: value.to_string() }),
        _ => Err(Problem::TooLarge { value: format!("{value:e}") }),
    }
}

/// The arrays of an archive, or in two files.
struct Arrays<'p> {
    path: &'p Path,
    archive: Option<ZipArchive<File>>,
}

impl<'p> Arrays<'p> {
    fn open(path: &'p Path) -> Result<Self, LabelledError> {
        let mut file = file::open_any(path, "one file of arrays")?;
        let head = file::head(&mut file, 6).map_err(|error| failed(path, error))?;
        let archive = match head.starts_with(b"PK") {
            true => Some(ZipArchive::new(file).map_err(|error| damaged(path, error))?),
            false => None,
        };
        Ok(Self { path, archive })
    }

    /// The names of the arrays, for messages.
    fn listed(&self) -> String {
        let Some(archive) = &self.archive else { return "one array".into() };
        let names = archive.file_names().filter_map(Result::ok);
        let names: Vec<String> =
            names.take(8).map(|name| quoted(name.strip_suffix(".npy").unwrap_or(&name))).collect();
        names.join(", ")
    }

    /// The names of all arrays, in the order of the file.
    fn names(&self) -> Vec<String> {
        let Some(archive) = &self.archive else { return vec!["the array".into()] };
        let names = archive.file_names().filter_map(Result::ok);
        names.filter_map(|name| name.strip_suffix(".npy").map(str::to_owned)).collect()
    }

    fn is_archive(&self) -> bool {
        self.archive.is_some()
    }

    /// Reads an array by its name, or the only one of a file.
    fn member<T>(
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
    fn read<T>(
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
    fn labels(
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

#[cfg(test)]
mod tests;
