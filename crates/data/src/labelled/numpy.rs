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
use std::io::Read;
use std::path::Path;

use super::builder::Builder;
use super::error::{LabelledError, Location, Problem};
use super::label_type::LabelType;
use super::sequences::{Kind, Labelled, Labels, Origin};
use longspan::batch::IGNORE;

mod arrays;
mod npy;
mod series;

pub(crate) use series::{series, table_options};

use arrays::{Arrays, SEQUENCES};

/// Names of the arrays of labels and lengths; the first name that exists is read.
const LABELS: [&str; 10] =
    ["y", "Y", "y_train", "Y_train", "labels", "label", "targets", "target", "classes", "arr_1"];
/// The same of a test part in the same archive.
const TEST_SEQUENCES: [&str; 2] = ["X_test", "x_test"];
const TEST_LABELS: [&str; 2] = ["y_test", "Y_test"];
const LENGTHS: [&str; 5] = ["lengths", "length", "lens", "seq_lengths", "sequence_lengths"];

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

#[cfg(test)]
mod tests;
