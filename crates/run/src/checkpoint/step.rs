//! Reads the training step of a checkpoint without its tensors.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::format::ENTRY;
use crate::plain_file;

/// Upper limit of the header's length in bytes, from the safetensors format.
const LONGEST: u64 = 100_000_000;

#[derive(Deserialize)]
struct Table {
    #[serde(rename = "__metadata__")]
    metadata: HashMap<String, String>,
}

/// The part of [`Header`](super::Header) that is needed here.
#[derive(Deserialize)]
struct Header {
    position: Steps,
}

#[derive(Deserialize)]
struct Steps {
    step: u64,
}

/// The number of steps that the weights in a file were trained; None if the file does not say. Reads the
/// header only, not the tensors.
pub fn trained_steps(path: &Path) -> Option<u64> {
    let mut file = plain_file::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    let mut table = Vec::new();
    file.take(length.min(LONGEST)).read_to_end(&mut table).ok()?;
    let table: Table = serde_json::from_slice(&table).ok()?;
    let header: Header = serde_json::from_str(table.metadata.get(ENTRY)?).ok()?;
    Some(header.position.step)
}
