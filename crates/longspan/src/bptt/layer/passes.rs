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
use longspan_kernel::matrix::MatMut;
use longspan_kernel::recurrent::Gradients;
use longspan_kernel::rows::scatter_rows;

/// Where the gradient by what a layer reads goes.
pub enum Below<'a, R> {
    /// Nowhere.
    Nothing,
    /// d_x `[positions, D]`, overwritten.
    Rows(MatMut<'a, R>),
    /// The gradient by the projected table `[V, G·H]`, added to.
    Projected(MatMut<'a, R>),
}

/// What a layer reads in a chunk, and where backward writes the gradient by it.
pub struct LayerInput<'a, R> {
    /// What is read.
    pub source: Source<'a, R>,
    /// Where the gradient by it goes.
    pub gradient: Below<'a, R>,
}

impl<R: Real> Layer<R> {
    /// Runs the layer forwards over a chunk; `here.span` holds its states afterwards.
    ///
    /// # Shapes
    /// `before` `[parts, B, H]`: the state before the chunk, of all rows of the window.
    pub fn forward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        mut here: LayerChunk<'_, R>,
    ) {
        self.run_forward(ctx, source, before, &mut here);
        #[cfg(feature = "fault-injection")]
        self.plant_forward(ctx, source, before, &mut here);
    }

    /// Makes the states of a chunk anew from its tape, to the bit.
    pub fn recompute(&self, ctx: &Context<R>, before: &[R], mut here: LayerChunk<'_, R>) {
        self.run_replay(ctx, before, &mut here);
        #[cfg(feature = "fault-injection")]
        self.plant_replay(ctx, &mut here);
    }

    /// Runs the layer backwards over the chunk whose states are in `here.span` and adds to the gradients of its weights.
    ///
    /// # Shapes
    /// `here.span.d_h()` `[positions, H]` holds what arrives from above. `d_state` `[parts, B, H]` holds on entry the gradient by the
    /// last state of every row, and on return, for the rows of this chunk, that by the state before it.
    pub fn backward(
        &self,
        ctx: &Context<R>,
        input: LayerInput<'_, R>,
        mut here: LayerChunk<'_, R>,
        work: &mut Work<R>,
        d_state: &mut [R],
        grads: &mut Params<R>,
    ) {
        let (hidden, shape) = (self.hidden, &self.cell);
        self.open_backward(&mut here, d_state);
        #[cfg(feature = "fault-injection")]
        self.plant_arriving(&mut here);
        work.deltas.grow(here.span.positions * hidden * shape.deltas);
        let (mut chunk, d_states) = here.recurrent(&self.weights);
        let mut gradients = Gradients { deltas: &mut work.deltas, d_states };
        self.passes().backward(ctx, &self.hidden_backward, &mut chunk, &mut gradients);
        #[cfg(feature = "fault-injection")]
        self.plant_backward(here.cut, work);
        let (all, n, stride) = (d_state.len() / shape.parts, here.span.rows * hidden, here.span.stride);
        for part in 0..shape.parts {
            d_state[part * all..][..n].copy_from_slice(&here.span.d_states[part * stride..][..n]);
        }
        let LayerInput { source, gradient } = input;
        let x = match source {
            Source::Rows(x) => Some(x),
            Source::Projected(..) => None,
        };
        self.weight_gradients(ctx, x, &here, work, grads);
        let deltas = slots(&work.deltas, here.span.positions, shape.deltas, hidden, 0, shape.gates);
        match (gradient, source) {
            (Below::Rows(d_x), _) => product(ctx, deltas, &self.input_backward, Start::Zero, d_x),
            (Below::Projected(d_table), Source::Projected(_, indices)) => {
                scatter_rows(ctx, indices, deltas, d_table)
            }
            _ => {}
        }
    }

    /// Adds the gradient by the last state of every row that ends in the chunk to what arrives from above.
    fn open_backward(&self, here: &mut LayerChunk<'_, R>, d_state: &[R]) {
        let (hidden, parts, cut, span) = (self.hidden, self.cell.parts, here.cut, &mut *here.span);
        let (all, stride) = (d_state.len() / parts, span.stride);
        for part in 0..parts {
            for t in 0..cut.steps() {
                let leaving = cut.leaving(t);
                let (from, len) = (leaving.start * hidden, leaving.len() * hidden);
                let last =
                    &mut span.d_states[part * stride + cut.state_offset(t + 1) * hidden + from..][..len];
                let after = &d_state[part * all + from..][..len];
                if part == 0 {
                    last.iter_mut().zip(after).for_each(|(d, &a)| *d += a);
                } else {
                    last.copy_from_slice(after);
                }
            }
        }
        // What arrives at the state before the chunk comes from this chunk's steps alone.
        span.d_states[..span.rows * hidden].fill(R::ZERO);
    }
}
