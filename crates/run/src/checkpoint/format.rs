//! The format of checkpoint files.

use std::collections::HashMap;

/// The version of the format.
pub(super) const FORMAT: u32 = 6;
/// The version of a checkpoint without recoveries: the field is missing, so earlier programs read it.
pub(super) const PLAIN: u32 = 5;
/// The oldest version that is read. Its checksum covers the tensors only.
pub(super) const OLDEST: u32 = 4;
/// The metadata entry that holds the header.
pub(super) const ENTRY: &str = "longspan";

/// Tensors by name, with their shapes.
pub(super) type Tensors = HashMap<String, (Vec<usize>, Vec<f32>)>;
