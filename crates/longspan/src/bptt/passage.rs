//! What a forward pass leaves of a chunk, while it is there.

use crate::cell::Kept;
use crate::extent::Cut;
use crate::kernel::Context;
use crate::layer::{Jacobians, Layer, Span, Tape};
use crate::real::Real;

/// A chunk that all layers have just passed.
pub struct Passage<'a, R> {
    pub(super) layers: &'a [Layer<R>],
    pub(super) tapes: &'a mut [Tape<R>],
    pub(super) spans: &'a mut [Span<R>],
    pub(super) cut: Cut<'a>,
    /// The first of the layers, as a [`State`](super::State) counts them.
    pub(super) first: usize,
}

impl<R: Real> Passage<'_, R> {
    /// The layers, from the bottom.
    pub fn layers(&self) -> &[Layer<R>] {
        self.layers
    }

    /// The steps and rows of the chunk.
    pub fn cut(&self) -> Cut<'_> {
        self.cut
    }

    /// The first of the layers, as a [`State`](super::State) counts them.
    pub fn first(&self) -> usize {
        self.first
    }

    /// One of the values that a layer has computed at (step, row) of the chunk: `[H]`.
    pub fn value(&self, layer: usize, kept: Kept, t: usize, row: usize) -> &[R] {
        self.layers[layer].value_at(kept, &self.tapes[layer], &self.spans[layer], (self.cut, t, row))
    }

    /// Takes the Jacobians of one layer at every place of the chunk, along the trajectory that was passed.
    pub fn linearise(&mut self, ctx: &Context<R>, layer: usize, to: &mut Jacobians<R>) {
        self.layers[layer].linearise(ctx, self.cut, &mut self.tapes[layer], &mut self.spans[layer], to);
    }
}
