//! What a forward pass leaves of a chunk, while it is there.

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

    /// Takes the Jacobians of one layer at every place of the chunk, along the trajectory that was passed.
    pub fn linearise(&mut self, ctx: &Context<R>, layer: usize, to: &mut Jacobians<R>) {
        self.layers[layer].linearise(ctx, self.cut, &mut self.tapes[layer], &mut self.spans[layer], to);
    }
}
