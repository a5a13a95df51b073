//! The segments of gradient profiles: their format and their files.

use std::io;
use std::path::{Path, PathBuf};

use longspan_data::fingerprint::Fingerprint;
use longspan_record::{LayerProfile, ProfileRecord};
use serde::{Deserialize, Serialize};

use crate::directory::error::{RunError, io_error};
use crate::links;

/// The version of the format.
pub(super) const FORMAT: u32 = 1;
/// The metadata entry that holds the header.
pub(super) const ENTRY: &str = "longspan_flow";
/// The name of the lag profiles.
pub(super) const LAG: &str = "lag_median";

/// Returns a curve of a layer.
pub(super) type CurveOf = fn(&LayerProfile) -> &[f32];

/// The curves by name.
pub(super) const CURVES: [(&str, CurveOf); 6] = [
    ("hidden_mean", |layer| &layer.hidden.log10_mean),
    ("hidden_max", |layer| &layer.hidden.log10_max),
    ("cell_mean", |layer| &layer.cell.log10_mean),
    ("cell_max", |layer| &layer.cell.log10_max),
    ("gamma_mean", |layer| &layer.gamma.log10_mean),
    ("gamma_max", |layer| &layer.gamma.log10_max),
];

/// Which curves a profile has.
pub(super) fn measured(record: &ProfileRecord) -> [bool; 6] {
    CURVES.map(|(_, curve)| record.layers.iter().any(|layer| !curve(layer).is_empty()))
}

/// The metadata of a segment.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// Version of the format.
    pub(super) format: u32,
    /// Names of the layers.
    pub(super) layers: Vec<String>,
    /// FNV-1a of the tensors, in the order of their names, as 16 hexadecimal digits.
    pub(super) fingerprint: String,
}

/// The directory of the segments.
pub(super) fn directory(run: &Path) -> PathBuf {
    run.join("flow")
}

/// The number of a segment file; None for other files.
pub(super) fn number(path: &Path) -> Option<u64> {
    let number = path.file_stem()?.to_str()?.parse().ok()?;
    (path.extension()? == "safetensors").then_some(number)
}

/// The segments of a run, sorted by number; empty if there is no directory.
pub(super) fn segments(run: &Path) -> Result<Vec<(u64, PathBuf)>, RunError> {
    let directory = directory(run);
    let paths = match links::listed(&directory) {
        Ok(paths) => paths.into_iter(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(&directory, "read")(error)),
    };
    let mut segments: Vec<_> = paths.filter_map(|path| Some((number(&path)?, path))).collect();
    segments.sort();
    Ok(segments)
}

/// FNV-1a of tensors, with their names.
pub(super) fn fingerprint<'a>(tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut fingerprint = Fingerprint::default();
    for (name, bytes) in tensors {
        fingerprint.write(name.as_bytes());
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| fingerprint.write_word(u64::from_le_bytes(*word)));
        fingerprint.write(rest);
    }
    format!("{:016x}", fingerprint.finish())
}
