//! Checkpoints: everything that training needs to continue, in one safetensors file.
//!
//! Weights have PyTorch's names. The other tensors are the optimizer's moments, `optimizer.MOMENT.NAME`, and
//! the recurrent state at the beginning of the next window, `state.l{k}` `[parts, B, H]`. One metadata entry,
//! `longspan`, is a JSON document ([`Header`]). A file is written under a temporary name, flushed to disk and
//! renamed, so a complete checkpoint exists at every moment. Equal training gives equal bytes.

mod step;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use crate::directory::{file, replace_file};
use longspan::model::{InputSpec, ModelSpec, OutputSpec};
use longspan::optim::schedule::Patience;
use longspan::params::{Entry, Params};
use longspan::trainer::{Position, Trainer};
use longspan_data::fingerprint::Fingerprint;
use longspan_data::schema::Schema;
use longspan_kernel::little_endian;

pub use step::trained_steps;

/// The version of the format.
const FORMAT: u32 = 4;
/// The metadata entry that holds the header.
const ENTRY: &str = "longspan";

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
    /// FNV-1a of all tensors, in the order of their names, as 16 hexadecimal digits.
    pub fingerprint: String,
}

/// Why a checkpoint cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("{} cannot be read ({error}): check the path", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// The file cannot be written.
    #[error("{} cannot be written ({error}): the previous checkpoint is unchanged; free some disk space or choose another --out", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// The file is truncated or was altered.
    #[error("{} is damaged or not a checkpoint ({reason}): name a run, or use another checkpoint or a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The file has weights, but is not a checkpoint of Longspan.
    #[error("{} has weights but is not a checkpoint of Longspan: use it only with --from", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file has a format that this version does not read.
    #[error("{} has format {found}, but this version reads format {FORMAT}: use the version of Longspan that wrote it", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A tensor is missing or has another shape.
    #[error("{} does not fit the model: tensor {name} should have the shape {expected:?}, but is {found}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The shape that the model needs.
        expected: Vec<usize>,
        /// The shape in the file, or "missing".
        found: String,
    },
}

/// A file of tensors in memory, checked against its header.
pub struct Checkpoint {
    path: PathBuf,
    header: Option<Header>,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
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
    /// Writes the state of `trainer` to `path`, atomically.
    ///
    /// # Errors
    /// [`CheckpointError::Unwritable`]; a file that already exists at `path` is unchanged then.
    pub fn save(
        path: &Path,
        trainer: &Trainer<f32>,
        schema: &Schema,
        patience: &Patience,
        validated: u64,
    ) -> Result<(), CheckpointError> {
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
            format: FORMAT,
            model: trainer.model().spec().clone(),
            schema: schema.clone(),
            position: trainer.position(),
            optimizer_steps: trainer.optimizer().steps(),
            patience: *patience,
            validated,
            fingerprint: fingerprint(tensors.iter().map(|(name, t)| (name.as_str(), t.values))),
        };
        let unwritable = |error| CheckpointError::Unwritable { path: path.into(), error };
        let header = serde_json::to_string(&header).map_err(|e| unwritable(e.into()))?;
        let views = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
        let bytes = safetensors::serialize(views, Some(HashMap::from([(ENTRY.to_owned(), header)])))
            .map_err(|e| unwritable(std::io::Error::other(e)))?;
        replace_file(path, &bytes).map_err(unwritable)
    }

    /// Reads a file of tensors: a checkpoint, or only weights.
    ///
    /// # Errors
    /// [`CheckpointError::Unreadable`], [`CheckpointError::Damaged`] or [`CheckpointError::Format`].
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bytes =
            file::read(path).map_err(|error| CheckpointError::Unreadable { path: path.into(), error })?;
        let damaged = |reason: String| CheckpointError::Damaged { path: path.into(), reason };
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.to_string()))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
        let header = match metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY)) {
            None => None,
            Some(text) => {
                #[derive(Deserialize)]
                struct Version {
                    format: u32,
                }
                let version: Version =
                    serde_json::from_str(text).map_err(|e| damaged(format!("its header: {e}")))?;
                if version.format != FORMAT {
                    return Err(CheckpointError::Format { path: path.into(), found: version.format });
                }
                Some(serde_json::from_str::<Header>(text).map_err(|e| damaged(format!("its header: {e}")))?)
            }
        };
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
        if let Some(header) = &header {
            let mut names: Vec<_> = tensors.keys().collect();
            names.sort();
            let found = fingerprint(names.iter().map(|name| (name.as_str(), &tensors[*name].1[..])));
            if found != header.fingerprint {
                return Err(damaged("its fingerprint does not match its numbers".into()));
            }
            let shape = |name: &str| tensors.get(name).map(|(shape, _)| &shape[..]);
            check_spec(&header.model, &header.schema, &shape).map_err(damaged)?;
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

/// The tensors of a flat buffer, their names with a prefix.
fn named<'a>(prefix: &str, params: &'a Params<f32>) -> Vec<(String, Tensor<'a>)> {
    let tensor = |index: usize, entry: &Entry| {
        let tensor = Tensor { shape: entry.shape.clone(), values: params.tensor(index) };
        (format!("{prefix}{}", entry.name), tensor)
    };
    params.layout().entries().iter().enumerate().map(|(index, entry)| tensor(index, entry)).collect()
}

/// Checks what [`longspan::model::Model::new`] relies on. The sizes in the header are compared with the
/// tensors of the file first, because a damaged header could ask for any amount of memory.
fn check_spec<'a>(
    spec: &ModelSpec,
    schema: &Schema,
    shape: &dyn Fn(&str) -> Option<&'a [usize]>,
) -> Result<(), String> {
    if !schema.fits(spec) {
        return Err("its model does not fit its data schema".into());
    }
    // Whether the tensors of a stack and its input, whose names begin with `scope`, have the sizes of the
    // model.
    let fits = |scope: &str, input: InputSpec| {
        let shape = |name: &str| shape(&format!("{scope}{name}"));
        let read = match input {
            InputSpec::Tokens { vocabulary: tokens, embedding } => {
                embedding > 0 && shape("embedding.weight") == Some(&[tokens, embedding])
            }
            InputSpec::Numbers { width } => {
                width > 0 && shape("rnn.weight_ih_l0").is_some_and(|shape| shape.get(1) == Some(&width))
            }
        };
        let deep = spec.layers > 0 && shape(&format!("rnn.weight_hh_l{}", spec.layers - 1)).is_some();
        let wide = shape("rnn.weight_hh_l0").is_some_and(|shape| shape.get(1) == Some(&spec.hidden));
        read && deep && wide
    };
    let scope = if spec.encoder.is_some() { "decoder." } else { "" };
    let stacks = fits(scope, spec.input) && spec.encoder.is_none_or(|input| fits("encoder.", input));
    let count = spec.output.width();
    let predicts = shape("head.bias") == Some(&[count]);
    let tied = match spec.output {
        OutputSpec::Classes { count, tied: true } => {
            spec.input == InputSpec::Tokens { vocabulary: count, embedding: spec.hidden }
        }
        _ => true,
    };
    let sizes = [count, spec.hidden, spec.chunk].iter().all(|&size| size > 0);
    if stacks && predicts && tied && sizes {
        Ok(())
    } else {
        Err("its tensors do not fit the model in its header".into())
    }
}

fn fingerprint<'a>(tensors: impl Iterator<Item = (&'a str, &'a [f32])>) -> String {
    let mut fingerprint = Fingerprint::default();
    for (name, values) in tensors {
        fingerprint.write(name.as_bytes());
        let (pairs, last) = values.as_chunks::<2>();
        for [a, b] in pairs {
            fingerprint.write_word(u64::from(a.to_bits()) | u64::from(b.to_bits()) << 32);
        }
        last.iter().for_each(|x| fingerprint.write_word(u64::from(x.to_bits())));
    }
    format!("{:016x}", fingerprint.finish())
}
