//! The header of a checkpoint, and its checksum.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};

use super::error::CheckpointError;
use super::format::{ENTRY, FORMAT, OLDEST, Tensors};
use longspan::model::ModelSpec;
use longspan::optim::schedule::Patience;
use longspan::trainer::Position;
use longspan_data::fingerprint::Fingerprint;
use longspan_data::schema::Schema;
use longspan_record::RecoveryRecord;

/// What follows the part of the header's text that the checksum covers: its 16 digits and the end of the document.
const DIGITS: usize = 16;
const END: &str = "\"}";
/// How the covered part ends.
const LAST: &str = "\"fingerprint\":\"";

/// The part of a checkpoint that is not tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    pub format: u32,
    /// The model.
    pub model: ModelSpec,
    /// What the model's inputs and outputs mean.
    pub schema: Schema,
    /// The position in the data, in steps, epochs and windows.
    pub position: Position,
    /// Steps that the optimizer has taken.
    pub optimizer_steps: u64,
    /// The state of early stopping and of the plateau schedule.
    pub patience: Patience,
    /// The step of the last validation. A resumed run repeats a validation that was due and was interrupted.
    pub validated: u64,
    /// The faults after which training continued, in order; missing if there were none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recoveries: Vec<RecoveryRecord>,
    /// The checksum, as 16 hexadecimal digits: FNV-1a of the text before it, and of names, shapes and values of all
    /// tensors, in the order of their names. It is the last field.
    pub fingerprint: String,
}

/// Writes the checksum into the text of a header whose fingerprint is empty.
pub(super) fn seal<'a>(
    text: &str,
    tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])>,
) -> String {
    let covered = text.strip_suffix(END).unwrap_or(text);
    format!("{covered}{}{END}", checksum(covered, tensors))
}

/// Reads the text of a header, and compares its checksum with the tensors.
pub(super) fn read(path: &Path, text: &str, tensors: &Tensors) -> Result<Header, CheckpointError> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let field = |field: String, reason: String| CheckpointError::Field { path: path.into(), field, reason };
    let version: Version = serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => field("format".into(), error.to_string()),
        false => CheckpointError::Damaged { path: path.into(), reason: format!("its header: {error}") },
    })?;
    if !(OLDEST..=FORMAT).contains(&version.format) {
        return Err(CheckpointError::Format { path: path.into(), found: version.format });
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let header: Header = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| field(error.path().to_string(), error.inner().to_string()))?;
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    let all = names.into_iter().map(|name| {
        let (shape, values) = &tensors[name];
        (name.as_str(), &shape[..], &values[..])
    });
    let found = match version.format {
        OLDEST => of_tensors(all),
        _ => match text.len().checked_sub(DIGITS + END.len()).and_then(|end| text.get(..end)) {
            Some(covered) if covered.ends_with(LAST) => checksum(covered, all),
            _ => String::new(),
        },
    };
    if found != header.fingerprint {
        let reason = match version.format {
            OLDEST => "its checksum does not match its numbers",
            _ => "its checksum does not match its header and its numbers",
        };
        return Err(CheckpointError::Damaged { path: path.into(), reason: reason.into() });
    }
    Ok(header)
}

/// The checksum of the covered part of a header and of the tensors, sorted by name.
fn checksum<'a>(covered: &str, tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])>) -> String {
    let mut fingerprint = Fingerprint::default();
    fingerprint.write(covered.as_bytes());
    for (name, shape, values) in tensors {
        fingerprint.write(name.as_bytes());
        fingerprint.write_word(shape.len() as u64);
        shape.iter().for_each(|&size| fingerprint.write_word(size as u64));
        write_values(&mut fingerprint, values);
    }
    format!("{:016x}", fingerprint.finish())
}

/// The checksum of format 4.
fn of_tensors<'a>(tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])>) -> String {
    let mut fingerprint = Fingerprint::default();
    for (name, _, values) in tensors {
        fingerprint.write(name.as_bytes());
        write_values(&mut fingerprint, values);
    }
    format!("{:016x}", fingerprint.finish())
}

fn write_values(fingerprint: &mut Fingerprint, values: &[f32]) {
    let (pairs, last) = values.as_chunks::<2>();
    for [a, b] in pairs {
        fingerprint.write_word(u64::from(a.to_bits()) | u64::from(b.to_bits()) << 32);
    }
    last.iter().for_each(|x| fingerprint.write_word(u64::from(x.to_bits())));
}

/// Returns a checkpoint with another header, whose checksum belongs to it; None if the file or the header is not
/// valid. The fingerprint of the header is replaced, and `format` says which checksum it has. It is meant for tools
/// and tests that change a field on purpose.
pub fn replace_header(file: &[u8], header: &serde_json::Value) -> Option<Vec<u8>> {
    let tensors = SafeTensors::deserialize(file).ok()?;
    let mut views: Vec<_> = tensors.iter().collect();
    views.sort_by_key(|(name, _)| *name);
    let values: Vec<Vec<f32>> = views
        .iter()
        .map(|(_, view)| view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
        .collect();
    let all = || views.iter().zip(&values).map(|((name, view), values)| (*name, view.shape(), &values[..]));
    let mut fields = header.as_object()?.clone();
    fields.remove("fingerprint");
    let old = fields.get("format").and_then(serde_json::Value::as_u64) == Some(u64::from(OLDEST));
    fields.insert("fingerprint".into(), if old { of_tensors(all()) } else { String::new() }.into());
    let text = serde_json::Value::Object(fields).to_string();
    let text = if old { text } else { seal(&text, all()) };
    safetensors::serialize(
        views.iter().map(|(name, view)| (*name, view)),
        Some(HashMap::from([(ENTRY.to_owned(), text)])),
    )
    .ok()
}
