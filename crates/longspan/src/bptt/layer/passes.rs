//! The passes of a layer over a chunk: input projection, recurrence, and their gradients.

use super::gradients::slots;
use super::memory::Work;
use super::run::Source;
use super::states::LayerChunk;
use super::weights::Layer;
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::gemm::{Start, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::recurrent::Gradients;
use longspan_kernel::rows::scatter_rows;

/// Destination of the gradient with respect to a layer's input.
pub enum Below<'a, R> {
    /// The gradient is not computed.
    Nothing,
    /// d_x `[positions, D]`, overwritten.
    Rows(MatMut<'a, R>),
    /// The gradient with respect to the projected table `[V, G·H]`, added to.
    Projected(MatMut<'a, R>),
}

/// The input of a layer in a chunk, and the destination of its gradient.
pub struct LayerInput<'a, R> {
    /// The input.
    pub source: Source<'a, R>,
    /// The destination of its gradient.
    pub gradient: Below<'a, R>,
}

impl<R: Real> Layer<R> {
    /// Runs the layer forwards over a chunk and stores its states in `chunk.states`.
    ///
    /// # Shapes
    /// `before` `[parts, B, H]`: the state before the chunk, of all rows of the window.
    pub fn forward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        mut chunk: LayerChunk<'_, R>,
    ) {
        self.run_forward(ctx, source, before, &mut chunk);
        self.inject_forward(ctx, source, before, &mut chunk);
    }

    /// Recomputes the states of a chunk from its tape, with the same bits.
    pub fn recompute(&self, ctx: &Context<R>, before: &[R], mut chunk: LayerChunk<'_, R>) {
        self.run_recompute(ctx, before, &mut chunk);
        self.inject_recompute(ctx, &mut chunk);
    }

    /// Runs the layer backwards over the chunk whose states are in `chunk.states` and adds to the gradients
    /// of its weights.
    ///
    /// # Shapes
    /// `chunk.states.d_h()` `[positions, H]`: the gradient that arrives from above. `d_state` `[parts, B,
    /// H]`: on entry the gradient with respect to the last state of every row; on return, for the rows of
    /// this chunk, the gradient with respect to the state before it.
    pub fn backward(
        &self,
        ctx: &Context<R>,
        input: LayerInput<'_, R>,
        mut chunk: LayerChunk<'_, R>,
        work: &mut Work<R>,
        d_state: &mut [R],
        grads: &mut Params<R>,
    ) {
        self.propagate(ctx, &mut chunk, work, d_state);
        let LayerInput { source, gradient } = input;
        let x = match source {
            Source::Rows(x) => Some(x),
            Source::Projected(..) => None,
        };
        self.weight_gradients(ctx, x, &chunk, work, grads);
        match (gradient, source) {
            (Below::Rows(d_x), _) => self.input_gradient(ctx, &chunk, work, d_x),
            (Below::Projected(d_table), Source::Projected(_, indices)) => {
                scatter_rows(ctx, indices, self.projection_deltas(&chunk, work), d_table);
            }
            _ => {}
        }
    }

    /// Runs the recurrence backwards as [`Layer::backward`] does, and computes no gradient of a weight or of
    /// the input.
    pub fn propagate(
        &self,
        ctx: &Context<R>,
        chunk: &mut LayerChunk<'_, R>,
        work: &mut Work<R>,
        d_state: &mut [R],
    ) {
        let (hidden, shape) = (self.hidden, &self.cell);
        self.open_backward(chunk, d_state);
        self.inject_arriving(chunk);
        work.deltas.grow(chunk.states.positions * hidden * shape.deltas);
        let (mut buffers, d_states) = chunk.recurrent(&self.weights);
        let mut gradients = Gradients { deltas: &mut work.deltas, d_states };
        self.passes().backward(ctx, &self.hidden_backward, &mut buffers, &mut gradients);
        self.inject_backward(chunk.slice, work);
        let (all, n, stride) = (d_state.len() / shape.parts, chunk.states.rows * hidden, chunk.states.stride);
        for part in 0..shape.parts {
            d_state[part * all..][..n].copy_from_slice(&chunk.states.d_values[part * stride..][..n]);
        }
    }

    /// Computes d_x `[positions, D]`, which is overwritten, after the recurrence has run backwards over the
    /// chunk.
    pub fn input_gradient(
        &self,
        ctx: &Context<R>,
        chunk: &LayerChunk<'_, R>,
        work: &Work<R>,
        d_x: MatMut<'_, R>,
    ) {
        product(ctx, self.projection_deltas(chunk, work), &self.input_backward, Start::Zero, d_x);
    }

    /// Returns the gradient with respect to the input projection, `[positions, G·H]`.
    fn projection_deltas<'a>(&self, chunk: &LayerChunk<'_, R>, work: &'a Work<R>) -> Mat<'a, R> {
        slots(&work.deltas, chunk.states.positions, self.cell.deltas, self.hidden, 0, self.cell.gates)
    }

    /// Adds the gradient with respect to the last state of every row that ends in the chunk to the gradient
    /// from above.
    fn open_backward(&self, chunk: &mut LayerChunk<'_, R>, d_state: &[R]) {
        let (hidden, parts, slice, states) = (self.hidden, self.cell.parts, chunk.slice, &mut *chunk.states);
        let (all, stride) = (d_state.len() / parts, states.stride);
        for part in 0..parts {
            for t in 0..slice.steps() {
                let leaving = slice.leaving(t);
                let (from, len) = (leaving.start * hidden, leaving.len() * hidden);
                let last =
                    &mut states.d_values[part * stride + slice.state_offset(t + 1) * hidden + from..][..len];
                let after = &d_state[part * all + from..][..len];
                if part == 0 {
                    last.iter_mut().zip(after).for_each(|(d, &a)| *d += a);
                } else {
                    last.copy_from_slice(after);
                }
            }
        }
        // The gradient with respect to the state before the chunk comes from the steps of this chunk only.
        states.d_values[..states.rows * hidden].fill(R::ZERO);
    }
}
