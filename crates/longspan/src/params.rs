//! One flat buffer of parameters with named views.
//!
//! Weights, gradients and optimizer moments share one [`Layout`], so that clipping, optimizers, checkpoints
//! and gradient checks are loops over one slice.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cell::Real;
use longspan_kernel::Buffer;

/// The role of a tensor in the network, by which reports group tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Token embedding.
    Embedding,
    /// Input weights W_ih of a recurrent layer.
    Input,
    /// Recurrent weights W_hh.
    Recurrent,
    /// Biases.
    Bias,
    /// Elementwise weights: peepholes, a learned residual step.
    Elementwise,
    /// The readout.
    Head,
}

/// One named tensor inside the flat buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// PyTorch's tensor name where PyTorch has the tensor (`rnn.weight_hh_l0`).
    pub name: String,
    /// First element, a multiple of 16: 64-byte aligned in `f32`.
    pub offset: usize,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// The role in the network.
    pub group: Group,
    /// Whether weight decay applies to the tensor (to matrices, but not to biases and elementwise weights).
    pub decays: bool,
}

impl Entry {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The range of its elements in the flat buffer.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len()
    }
}

/// The names, shapes and offsets of all tensors of a model. The gaps between aligned tensors always contain
/// zeros.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    entries: Vec<Entry>,
    /// The index of each tensor by its name, so that building a model takes time in proportion to its tensors.
    by_name: HashMap<String, usize>,
    len: usize,
    /// The prefix of the names of new tensors.
    scope: String,
}

/// Elements between aligned offsets: 64 bytes of `f32`.
const ALIGN: usize = 16;

impl Layout {
    /// Sets the prefix of the names of new tensors: "encoder." gives `encoder.rnn.weight_hh_l0`, "" no
    /// prefix.
    pub fn set_scope(&mut self, scope: &str) {
        scope.clone_into(&mut self.scope);
    }

    /// Appends a tensor and returns its index.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize], group: Group) -> usize {
        let name = format!("{}{}", self.scope, name.into());
        let index = self.entries.len();
        let before = self.by_name.insert(name.clone(), index);
        assert!(before.is_none(), "tensor {name} is already in the layout");
        let offset = self.len;
        let entry = Entry {
            name,
            offset,
            shape: shape.to_vec(),
            group,
            decays: matches!(group, Group::Embedding | Group::Input | Group::Recurrent | Group::Head)
                && shape.len() > 1,
        };
        self.len = (offset + entry.len()).next_multiple_of(ALIGN);
        self.entries.push(entry);
        index
    }

    /// The tensors, in buffer order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the tensor with that name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|&index| &self.entries[index])
    }

    /// Length of the flat buffer, including gaps.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the layout has no tensor.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of parameters, without gaps.
    pub fn parameters(&self) -> usize {
        self.entries.iter().map(Entry::len).sum()
    }
}

/// A flat buffer with a [`Layout`]: weights, or their gradients.
///
/// # Examples
/// ```
/// use longspan::prelude::*;
///
/// let model = ModelSpec::language(CellKind::LSTM, 5, 8, 16, 1);
/// let trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 4));
/// let params = trainer.params();
/// for (index, entry) in params.layout().entries().iter().enumerate() {
///     println!("{} {:?} begins with {}", entry.name, entry.shape, params.tensor(index)[0]);
/// }
/// assert_eq!(params.named("rnn.weight_hh_l0").len(), 4 * 16 * 16);
/// ```
#[derive(Clone)]
pub struct Params<R> {
    layout: Arc<Layout>,
    values: Buffer<R>,
}

impl<R: Real> Params<R> {
    /// Returns a buffer of zeros.
    pub fn zeros(layout: Arc<Layout>) -> Self {
        let values = Buffer::zeros(layout.len());
        Self { layout, values }
    }

    /// The shared layout.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The flat buffer.
    pub fn flat(&self) -> &[R] {
        &self.values
    }

    /// The flat buffer for writing. The gaps between tensors must stay zero.
    pub fn flat_mut(&mut self) -> &mut [R] {
        &mut self.values
    }

    /// Returns a tensor by its index in the layout.
    pub fn tensor(&self, index: usize) -> &[R] {
        &self.values[self.layout.entries[index].range()]
    }

    /// Returns a tensor for writing, by its index in the layout.
    pub fn tensor_mut(&mut self, index: usize) -> &mut [R] {
        &mut self.values[self.layout.entries[index].range()]
    }

    /// Returns several tensors for writing, by their indices in the layout.
    ///
    /// # Panics
    /// If an index occurs twice.
    pub fn tensors_mut<const N: usize>(&mut self, indices: [usize; N]) -> [&mut [R]; N] {
        let ranges = indices.map(|index| self.layout.entries[index].range());
        self.values.get_disjoint_mut(ranges).unwrap_or_else(|_| panic!("tensors {indices:?} overlap"))
    }

    /// Returns a tensor by name.
    ///
    /// # Panics
    /// If the layout has no such tensor.
    pub fn named(&self, name: &str) -> &[R] {
        &self.values[self.range(name)]
    }

    /// Returns a tensor for writing by name, see [`Params::named`].
    pub fn named_mut(&mut self, name: &str) -> &mut [R] {
        let range = self.range(name);
        &mut self.values[range]
    }

    /// Sets every element to zero.
    pub fn clear(&mut self) {
        self.values.fill(R::ZERO);
    }

    fn range(&self, name: &str) -> std::ops::Range<usize> {
        self.layout.find(name).unwrap_or_else(|| panic!("no tensor named {name}")).range()
    }
}
