//! What a forward pass leaves of a chunk, while it is there.

use super::connection::Connections;
use super::part::Part;
use crate::bptt::layer::{Jacobians, Layer, LayerChunk, LayerStates, Tape};
use crate::cell::Kept;
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::TimeSlice;
use longspan_kernel::rows::for_each_row;
use longspan_kernel::{Buffer, Context};

/// A chunk that all layers have just passed.
pub struct ForwardChunk<'a, R> {
    pub(super) layers: &'a [Layer<R>],
    pub(super) tapes: &'a mut [Tape<R>],
    pub(super) spans: &'a mut [LayerStates<R>],
    pub(super) connections: &'a Connections<R>,
    pub(super) sums: &'a [Buffer<R>],
    pub(super) params: &'a Params<R>,
    pub(super) cut: TimeSlice<'a>,
    pub(super) part: Part,
}

impl<R: Real> ForwardChunk<'_, R> {
    /// The layers, from the bottom.
    pub fn layers(&self) -> &[Layer<R>] {
        self.layers
    }

    /// The steps and rows of the chunk.
    pub fn cut(&self) -> TimeSlice<'_> {
        self.cut
    }

    /// The first of the layers, as a [`State`](super::State) counts them.
    pub fn first(&self) -> usize {
        self.part.first_layer
    }

    /// Whether the layers are the encoder's.
    pub fn encoder(&self) -> bool {
        self.part.encoder
    }

    /// One of the values that a layer has computed at (step, row) of the chunk: `[H]`.
    pub fn value(&self, layer: usize, kept: Kept, t: usize, row: usize) -> &[R] {
        self.layers[layer].value_at(kept, &self.tapes[layer], &self.spans[layer], (self.cut, t, row))
    }

    /// Takes the Jacobians of one layer at every place of the chunk, along the trajectory that was passed.
    pub fn linearise(&mut self, ctx: &Context<R>, layer: usize, to: &mut Jacobians<R>) {
        let (tape, span) = (&mut self.tapes[layer], &mut self.spans[layer]);
        self.layers[layer].linearise(ctx, LayerChunk { cut: self.cut, tape, span }, to);
    }

    /// Turns tangents of what arrives below `layer` − 1 `[n, H]` into those of what arrives below `layer`, 1 or more; `output` are
    /// those of what the layer between the two puts out. With layer 1 they are these, whatever stood there.
    pub fn add_up_tangents(&self, ctx: &Context<R>, layer: usize, output: Mat<'_, R>, arriving: &mut [R]) {
        let sums_up = self.connections.sums_up(layer - 1);
        for_each_row(ctx, arriving, output.cols(), |i, arriving| match sums_up {
            true => arriving.iter_mut().zip(output.row(i)).for_each(|(to, &from)| *to += from),
            false => arriving.copy_from_slice(output.row(i)),
        });
    }

    /// Turns tangents of what arrives below `layer`, 1 or more, at step t of the chunk, K of each row `[B · K, H]`, into those of
    /// what it reads: through the norm, where there is one. Masks do not act.
    pub fn read_tangents(&self, ctx: &Context<R>, layer: usize, t: usize, tangents: &mut [R]) {
        let all = self.connections.arriving(layer, self.spans[layer - 1].output(), self.sums);
        let (first, width) = (self.cut.offset(t), all.cols());
        let arrives = Mat::new(&all.data()[first * width..], self.cut.rows_at(t), width);
        self.connections.read_tangents(ctx, self.params, layer, arrives, tangents);
    }
}
