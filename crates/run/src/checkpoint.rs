//! Checkpoints: everything that training needs to continue, in one safetensors file.
//!
//! Weights have PyTorch's names. The other tensors are the optimizer's moments, `optimizer.MOMENT.NAME`, and
//! the recurrent state at the beginning of the next window, `state.l{k}` `[parts, B, H]`. One metadata entry,
//! `longspan`, is a JSON document ([`Header`]). A file is written under a temporary name, flushed to disk and
//! renamed, so a complete checkpoint exists at every moment. Equal training gives equal bytes.
//!
//! # What is checked
//! The header ends with a checksum: FNV-1a over the text of the header before it, and over names, shapes and values
//! of all tensors. It detects damage and edits, not a forgery. In files of format 4 it covers names and values of the
//! tensors only. In files of both formats, every field is compared with the tensors and with the other fields before
//! anything uses it: [`CheckpointError::Field`] names the first one that cannot be right.

mod check;
mod error;
mod format;
mod header;
mod last;
mod step;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, View};

use crate::{plain_file, whole_file};
use longspan::optim::schedule::Patience;
use longspan::params::{Entry, Layout, Params};
use longspan::trainer::Trainer;
use longspan_data::schema::Schema;
use longspan_kernel::little_endian;
use longspan_record::RecoveryRecord;

pub use error::CheckpointError;
pub use header::{Header, replace_header};
pub use last::Last;
pub use step::trained_steps;

use format::{ENTRY, FORMAT, PLAIN, Tensors};

/// The beginnings of the names of weights.
const PARTS: [&str; 5] = ["embedding.", "rnn.", "head.", "encoder.", "decoder."];

/// A file of tensors in memory, checked against its header.
///
/// # Examples
/// The weights of a loop of your own, written and read back:
///
/// ```
/// use longspan::prelude::*;
/// use longspan_run::checkpoint::{Checkpoint, write_weights};
///
/// let model = ModelSpec::language(CellKind::GRU, 5, 8, 16, 1);
/// let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 4));
/// # let directory = std::env::temp_dir().join(format!("longspan-weights-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("weights.safetensors");
/// write_weights(&path, trainer.params())?;
/// Checkpoint::read(&path)?.weights(trainer.params_mut())?;
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Checkpoint {
    path: PathBuf,
    header: Option<Header>,
    tensors: Tensors,
}

/// A tensor as safetensors writes it.
struct Tensor<'a> {
    shape: Vec<usize>,
    values: &'a [f32],
}

impl View for &Tensor<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        little_endian(self.values)
    }
    fn data_len(&self) -> usize {
        4 * self.values.len()
    }
}

impl Checkpoint {
    /// The content of a checkpoint of `trainer`; `path` is the file that it is for.
    ///
    /// # Errors
    /// [`CheckpointError::Unwritable`] if it cannot be made.
    pub fn bytes(
        path: &Path,
        trainer: &Trainer<f32>,
        schema: &Schema,
        patience: &Patience,
        validated: u64,
        recoveries: &[RecoveryRecord],
    ) -> Result<Vec<u8>, CheckpointError> {
        let mut tensors = named("", trainer.params());
        for (moment, params) in trainer.optimizer().moments() {
            tensors.extend(named(&format!("optimizer.{moment}."), params));
        }
        let (state, hidden) = (trainer.state(), trainer.model().spec().hidden);
        for k in 0..state.layers() {
            let (values, rows) = (state.layer(k), state.rows(hidden));
            let shape = vec![values.len() / (rows * hidden), rows, hidden];
            tensors.push((format!("state.l{k}"), Tensor { shape, values }));
        }
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        let header = Header {
            format: if recoveries.is_empty() { PLAIN } else { FORMAT },
            model: trainer.model().spec().clone(),
            schema: schema.clone(),
            position: trainer.position(),
            optimizer_steps: trainer.optimizer().steps(),
            patience: *patience,
            validated,
            recoveries: recoveries.to_vec(),
            fingerprint: String::new(),
        };
        let unwritable = |error| CheckpointError::Unwritable { path: path.into(), error };
        let text = serde_json::to_string(&header).map_err(|e| unwritable(e.into()))?;
        let all = tensors.iter().map(|(name, tensor)| (name.as_str(), &tensor.shape[..], tensor.values));
        let header = header::seal(&text, all);
        let views = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
        safetensors::serialize(views, Some(HashMap::from([(ENTRY.to_owned(), header)])))
            .map_err(|e| unwritable(std::io::Error::other(e)))
    }

    /// Reads a file of tensors: a checkpoint, or only weights.
    ///
    /// # Errors
    /// [`CheckpointError::Unreadable`], [`CheckpointError::Damaged`], [`CheckpointError::Format`],
    /// [`CheckpointError::Field`] or [`CheckpointError::Tensor`].
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = plain_file::read(path)
            .map_err(|error| CheckpointError::Unreadable { path: path.into(), error })?;
        let damaged = |reason: String| CheckpointError::Damaged { path: path.into(), reason };
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.to_string()))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
        let mut tensors = HashMap::new();
        for (name, view) in file.iter() {
            let values: Vec<f32> = match view.dtype() {
                Dtype::F32 => view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
                Dtype::F64 => {
                    view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect()
                }
                // Models have tensors of f32 and f64 only. If a tensor is skipped here, `weights` reports
                // that it is missing.
                _ => continue,
            };
            tensors.insert(name.to_owned(), (view.shape().to_vec(), values));
        }
        let text = metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
        let header = text.map(|text| header::read(path, text, &tensors)).transpose()?;
        if let Some(header) = &header {
            check::check(path, header, &tensors)?;
        }
        Ok(Self { path: path.into(), header, tensors })
    }

    /// The header; None if the file has only weights.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// The header of a file that must be a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError::Foreign`] if the file has only weights.
    pub fn require_header(&self) -> Result<&Header, CheckpointError> {
        self.header().ok_or_else(|| CheckpointError::Foreign { path: self.path.clone() })
    }

    /// Checks that the position is one of data with `windows` windows in an epoch.
    ///
    /// # Errors
    /// [`CheckpointError::Field`] if it is not.
    pub(crate) fn check_position(&self, windows: u64) -> Result<(), CheckpointError> {
        let Some(Header { position, recoveries, .. }) = self.header() else { return Ok(()) };
        let field = |field: &str, reason: String| {
            Err(CheckpointError::Field { path: self.path.clone(), field: field.into(), reason })
        };
        if position.window >= windows {
            return field(
                "position.window",
                format!("it is {}, but an epoch has {windows} windows", position.window),
            );
        }
        let read = position.epoch.checked_mul(windows).and_then(|read| read.checked_add(position.window));
        // Windows that were left out count as read.
        match read.is_some_and(|read| read <= position.step + recoveries.len() as u64) {
            true => Ok(()),
            false => field("position.epoch", "its windows are more than the number of steps".into()),
        }
    }

    /// Names and shapes of the tensors, sorted by name.
    pub fn shapes(&self) -> Vec<(&str, &[usize])> {
        let mut shapes: Vec<_> =
            self.tensors.iter().map(|(name, (shape, _))| (name.as_str(), &shape[..])).collect();
        shapes.sort_unstable();
        shapes
    }

    /// Copies the weights into `params`.
    ///
    /// # Errors
    /// [`CheckpointError::Tensor`] if a tensor is missing or has another shape.
    pub fn weights(&self, params: &mut Params<f32>) -> Result<(), CheckpointError> {
        self.fill("", params)
    }

    /// Checks that no weights of the file are left out: a model that lacks a part of it would forget what that has learned.
    ///
    /// # Errors
    /// [`CheckpointError::Unused`] with the first tensor that the layout lacks.
    pub(crate) fn check_all_used(&self, layout: &Layout) -> Result<(), CheckpointError> {
        let is_weight = |name: &str| PARTS.iter().any(|part| name.starts_with(part));
        let mut names = self.shapes().into_iter().map(|(name, _)| name);
        match names.find(|name| is_weight(name) && layout.find(name).is_none()) {
            None => Ok(()),
            Some(name) => Err(CheckpointError::Unused { path: self.path.clone(), name: name.into() }),
        }
    }

    /// Copies weights, moments, state and position into `trainer`, which then continues with the same bits as
    /// without a stop.
    ///
    /// # Errors
    /// [`CheckpointError::Foreign`] if the file has only weights, [`CheckpointError::Tensor`] if model or
    /// optimizer differ.
    pub fn restore(&self, trainer: &mut Trainer<f32>) -> Result<(), CheckpointError> {
        let header = self.require_header()?;
        self.weights(trainer.params_mut())?;
        let optimizer = trainer.optimizer_mut();
        optimizer.set_steps(header.optimizer_steps);
        for (moment, params) in optimizer.moments_mut() {
            self.fill(&format!("optimizer.{moment}."), params)?;
        }
        let hidden = header.model.hidden;
        let state = trainer.state_mut();
        for k in 0..state.layers() {
            let (rows, len) = (state.rows(hidden), state.layer(k).len());
            let shape = vec![len / (rows * hidden), rows, hidden];
            let values = self.tensor(&format!("state.l{k}"), &shape)?;
            state.layer_mut(k).copy_from_slice(values);
        }
        trainer.set_position(header.position);
        Ok(())
    }

    fn fill(&self, prefix: &str, params: &mut Params<f32>) -> Result<(), CheckpointError> {
        let layout = Arc::clone(params.layout());
        for (index, entry) in layout.entries().iter().enumerate() {
            let values = self.tensor(&format!("{prefix}{}", entry.name), &entry.shape)?;
            params.tensor_mut(index).copy_from_slice(values);
        }
        Ok(())
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&[f32], CheckpointError> {
        match self.tensors.get(name) {
            Some((found, values)) if found == shape => Ok(values),
            found => Err(CheckpointError::Tensor {
                path: self.path.clone(),
                name: name.into(),
                expected: shape.to_vec(),
                found: found.map_or("missing".into(), |(shape, _)| format!("{shape:?}")),
            }),
        }
    }
}

/// Writes weights alone, under the names that PyTorch gives them, and replaces an earlier file. [`Checkpoint::read`] and
/// [`Checkpoint::weights`] read them, and so does the `safetensors` package of Python.
///
/// # Errors
/// [`CheckpointError::Unwritable`]; an earlier file is then unchanged.
pub fn write_weights(path: &Path, params: &Params<f32>) -> Result<(), CheckpointError> {
    let unwritable = |error| CheckpointError::Unwritable { path: path.into(), error };
    let tensors = named("", params);
    let views = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let bytes =
        safetensors::serialize(views, None).map_err(|error| unwritable(std::io::Error::other(error)))?;
    whole_file::replace(path, &bytes).map_err(unwritable)
}

/// The tensors of a flat buffer, their names with a prefix.
fn named<'a>(prefix: &str, params: &'a Params<f32>) -> Vec<(String, Tensor<'a>)> {
    let tensor = |index: usize, entry: &Entry| {
        let tensor = Tensor { shape: entry.shape.clone(), values: params.tensor(index) };
        (format!("{prefix}{}", entry.name), tensor)
    };
    params.layout().entries().iter().enumerate().map(|(index, entry)| tensor(index, entry)).collect()
}
