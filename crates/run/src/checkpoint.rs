//! Checkpoints: everything that training goes on from, in one safetensors file.
//!
//! Weights stand under PyTorch's names. Beside them: the optimizer's moments as `optimizer.MOMENT.NAME`, the recurrent
//! state that the next window begins with as `state.l{k}` `[parts, B, H]`, and one metadata entry `longspan`, a JSON
//! document ([`Header`]). A file is written under another name, forced to disk and renamed, so that there is always a
//! whole one; equal training gives equal bytes.

mod step;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use crate::directory::replace_file;
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

/// What a checkpoint says beside its tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    pub format: u32,
    /// The model.
    pub model: ModelSpec,
    /// What its numbers mean.
    pub schema: Schema,
    /// Where training is.
    pub position: Position,
    /// Steps that the optimizer has taken.
    pub optimizer_steps: u64,
    /// What validation has said so far.
    pub patience: Patience,
    /// The step after which it spoke last: one that is due and was interrupted is made up for.
    pub validated: u64,
    /// FNV-1a of all tensors, in the order of their names, as 16 hexadecimal digits.
    pub fingerprint: String,
}

/// Why a checkpoint cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It cannot be read.
    #[error("{} cannot be read ({error}): check the path", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It cannot be written.
    #[error("{} cannot be written ({error}): the last checkpoint there is untouched; make room or choose another --out", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is cut off or altered.
    #[error("{} is damaged ({reason}): take another checkpoint of the run, or its backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It is whole, but not a checkpoint of this program.
    #[error("{} holds weights but is no checkpoint of Longspan: it can only be given to --from", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer version.
    #[error("{} has format {found}, and this version reads {FORMAT}: use the version that wrote it", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A tensor is missing or has another shape.
    #[error("{} does not fit the model: {name} should be {expected:?} and is {found}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The shape that the model needs.
        expected: Vec<usize>,
        /// What the file has.
        found: String,
    },
}

/// A file of tensors in memory, read and checked.
pub struct Checkpoint {
    path: PathBuf,
    header: Option<Header>,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

/// A tensor on its way into a file.
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
    /// Writes what `trainer` goes on from to `path`, atomically.
    ///
    /// # Errors
    /// [`CheckpointError::Unwritable`]; the file that was there before is untouched then.
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

    /// Reads a file of tensors: a checkpoint, or weights alone.
    ///
    /// # Errors
    /// [`CheckpointError`]: unreadable, damaged, of another format.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bytes =
            std::fs::read(path).map_err(|error| CheckpointError::Unreadable { path: path.into(), error })?;
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
                // Not a tensor of a model that this program can have; a missing one is reported by its name.
                _ => continue,
            };
            tensors.insert(name.to_owned(), (view.shape().to_vec(), values));
        }
        if let Some(header) = &header {
            let mut names: Vec<_> = tensors.keys().collect();
            names.sort();
            let found = fingerprint(names.iter().map(|name| (name.as_str(), &tensors[*name].1[..])));
            if found != header.fingerprint {
                return Err(damaged("its numbers are not those that were written".into()));
            }
            let shape = |name: &str| tensors.get(name).map(|(shape, _)| &shape[..]);
            check_spec(&header.model, &header.schema, &shape).map_err(damaged)?;
        }
        Ok(Self { path: path.into(), header, tensors })
    }

    /// The header; None in a file of weights alone.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// The header of what must be a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError::Foreign`] if it is weights alone.
    pub fn require_header(&self) -> Result<&Header, CheckpointError> {
        self.header().ok_or_else(|| CheckpointError::Foreign { path: self.path.clone() })
    }

    /// Names and shapes of the tensors, by name.
    pub fn shapes(&self) -> Vec<(&str, &[usize])> {
        let mut shapes: Vec<_> =
            self.tensors.iter().map(|(name, (shape, _))| (name.as_str(), &shape[..])).collect();
        shapes.sort_unstable();
        shapes
    }

    /// Copies the weights into `params`.
    ///
    /// # Errors
    /// [`CheckpointError::Tensor`] if one is missing or has another shape.
    pub fn weights(&self, params: &mut Params<f32>) -> Result<(), CheckpointError> {
        self.fill("", params)
    }

    /// Copies weights, moments, state and position into `trainer`: it goes on as if it had not stopped.
    ///
    /// # Errors
    /// [`CheckpointError::Foreign`] for weights alone, [`CheckpointError::Tensor`] for another model or optimizer.
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

/// The tensors of a flat buffer, their names behind a prefix.
fn named<'a>(prefix: &str, params: &'a Params<f32>) -> Vec<(String, Tensor<'a>)> {
    let tensor = |index: usize, entry: &Entry| {
        let tensor = Tensor { shape: entry.shape.clone(), values: params.tensor(index) };
        (format!("{prefix}{}", entry.name), tensor)
    };
    params.layout().entries().iter().enumerate().map(|(index, entry)| tensor(index, entry)).collect()
}

/// What a header must hold for [`longspan::model::Model::new`] to take it.
/// What it says is compared with the tensors that are there before anything is made as large as it says.
fn check_spec<'a>(
    spec: &ModelSpec,
    schema: &Schema,
    shape: &dyn Fn(&str) -> Option<&'a [usize]>,
) -> Result<(), String> {
    if !schema.fits(spec) {
        return Err("its model does not read and predict what it says".into());
    }
    // Whether the tensors of a stack and of what it reads, behind a scope, have the model's sizes.
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
        Err("its tensors are not those of the model that it names".into())
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
