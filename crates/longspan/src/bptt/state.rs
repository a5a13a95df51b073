//! The recurrent state of a stack, which is carried from step to step.

use crate::cell::Real;
use longspan_kernel::Buffer;

/// The recurrent state of all layers: `[parts, B, H]` per layer.
#[derive(Clone)]
pub struct State<R> {
    pub(super) layers: Vec<Buffer<R>>,
    pub(super) parts: usize,
}

impl<R: Real> State<R> {
    /// Returns one layer's state `[parts, B, H]`; part 0 is h, part 1 of an LSTM is c.
    pub fn layer(&self, index: usize) -> &[R] {
        &self.layers[index]
    }

    /// Returns one layer's state for writing, see [`State::layer`].
    pub fn layer_mut(&mut self, index: usize) -> &mut [R] {
        &mut self.layers[index]
    }

    /// Number of batch rows of a state of `hidden` units.
    pub fn rows(&self, hidden: usize) -> usize {
        self.layers[0].len() / (self.parts * hidden)
    }

    /// Number of parts of a layer's state: 1, or 2 with c.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Copies the numbers of another state of the same shape; allocates nothing.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn copy_from(&mut self, other: &Self) {
        assert_eq!(self.layers.len(), other.layers.len(), "layers of the states");
        self.layers.iter_mut().zip(&other.layers).for_each(|(to, from)| to.copy_from_slice(from));
    }

    /// Sets everything to zero.
    pub fn clear(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.fill(R::ZERO));
    }
}
