//! How far a checkpoint is, from the first bytes of its file: what stands before the tensors.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::ENTRY;

/// The format has no longer table of tensors, in bytes.
const LONGEST: u64 = 100_000_000;

#[derive(Deserialize)]
struct Table {
    #[serde(rename = "__metadata__")]
    metadata: HashMap<String, String>,
}

/// Of a header only this.
#[derive(Deserialize)]
struct Place {
    position: Steps,
}

#[derive(Deserialize)]
struct Steps {
    step: u64,
}

/// The steps that the weights in a file were trained; None where it does not say. The numbers themselves are not looked at.
pub fn trained_steps(path: &Path) -> Option<u64> {
    let mut file = File::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    let mut table = Vec::new();
    file.take(length.min(LONGEST)).read_to_end(&mut table).ok()?;
    let table: Table = serde_json::from_slice(&table).ok()?;
    let place: Place = serde_json::from_str(table.metadata.get(ENTRY)?).ok()?;
    Some(place.position.step)
}
