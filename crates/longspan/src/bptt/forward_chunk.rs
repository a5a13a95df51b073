//! The values of a chunk that an observer of the forward pass receives.

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

/// The values of a chunk, right after all layers have run over it.
pub struct ForwardChunk<'a, R> {
    pub(super) layers: &'a [Layer<R>],
    pub(super) tapes: &'a mut [Tape<R>],
    pub(super) states: &'a mut [LayerStates<R>],
    pub(super) connections: &'a Connections<R>,
    pub(super) sums: &'a [Buffer<R>],
    pub(super) params: &'a Params<R>,
    pub(super) slice: TimeSlice<'a>,
    pub(super) part: Part,
}

impl<R: Real> ForwardChunk<'_, R> {
    /// The layers, from the bottom up.
    pub fn layers(&self) -> &[Layer<R>] {
        self.layers
    }

    /// The steps and rows of the chunk.
    pub fn slice(&self) -> TimeSlice<'_> {
        self.slice
    }

    /// Index of the first of these layers in a [`State`](super::State).
    pub fn first(&self) -> usize {
        self.part.first_layer
    }

    /// Whether the layers belong to the encoder.
    pub fn encoder(&self) -> bool {
        self.part.encoder
    }

    /// Returns a value that a layer has computed at (step, row) of the chunk: `[H]`.
    pub fn value(&self, layer: usize, kept: Kept, t: usize, row: usize) -> &[R] {
        self.layers[layer].value_at(kept, &self.tapes[layer], &self.states[layer], (self.slice, t, row))
    }

    /// Linearises one layer at every position of the chunk, along the trajectory of the forward pass.
    pub fn linearise(&mut self, ctx: &Context<R>, layer: usize, to: &mut Jacobians<R>) {
        let (tape, states) = (&mut self.tapes[layer], &mut self.states[layer]);
        self.layers[layer].linearise(ctx, LayerChunk { slice: self.slice, tape, states }, to);
    }

    /// Computes tangents of the input below `layer` (1 or more) from `arriving`, those of the input below
    /// `layer` − 1 `[n, H]`, and `output`, those of the output of the layer between the two. For layer 1 the
    /// result is `output`, whatever `arriving` contained.
    pub fn add_up_tangents(&self, ctx: &Context<R>, layer: usize, output: Mat<'_, R>, arriving: &mut [R]) {
        let sums_up = self.connections.sums_up(layer - 1);
        for_each_row(ctx, arriving, output.cols(), |i, arriving| match sums_up {
            true => arriving.iter_mut().zip(output.row(i)).for_each(|(to, &from)| *to += from),
            false => arriving.copy_from_slice(output.row(i)),
        });
    }

    /// Maps tangents of the input below `layer` (1 or more) at step t of the chunk, K of each row `[B · K,
    /// H]`, to those of the input that it reads, through the norm if there is one. Dropout masks are not
    /// applied.
    pub fn read_tangents(&self, ctx: &Context<R>, layer: usize, t: usize, tangents: &mut [R]) {
        let all = self.connections.arriving(layer, self.states[layer - 1].output(), self.sums);
        let (first, width) = (self.slice.offset(t), all.cols());
        let arrives = Mat::new(&all.data()[first * width..], self.slice.rows_at(t), width);
        self.connections.read_tangents(ctx, self.params, layer, arrives, tangents);
    }
}
