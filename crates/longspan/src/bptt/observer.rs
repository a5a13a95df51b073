//! What may watch a pass.

use super::backward_step::BackwardStep;
use super::forward_chunk::ForwardChunk;
use super::state::State;
use crate::batch::Batch;
use crate::params::Params;
use longspan_kernel::Context;

/// Watches a pass through a model. Each method is called at one kind of event and does nothing unless it is implemented; `()`
/// observes nothing.
///
/// An observer is given views of what the pass has computed and cannot change a bit of it. Events come in this order:
///
/// ```text
/// begin
/// forward_chunk         of each chunk: an encoder's first
/// outputs, loss         where the readout scores
/// output_gradients
/// backward_step         of each (layer, step): the encoder's last
/// weight_gradients
/// ```
///
/// A pass through layers alone has only chunks and steps.
pub trait Observer<R> {
    /// A model begins a training pass over `batch` from `state`.
    fn begin(&mut self, batch: &Batch, state: &State<R>) {
        let _ = (batch, state);
    }

    /// All layers of a stack have run over a chunk; chunks come in the order of time. Where rows are read both ways, the layers come
    /// one after the other, of each one first all chunks forwards and then all in reverse.
    fn forward_chunk(&mut self, ctx: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        let _ = (ctx, chunk);
    }

    /// The outputs are about to be scored. `read_out(i, out)` writes what the readout makes of the i-th thing that it sees, `[K]`:
    /// a position, or a row where it sees one thing of each.
    fn outputs(&mut self, batch: &Batch, read_out: &mut dyn FnMut(usize, &mut [R])) {
        let _ = (batch, read_out);
    }

    /// The mean loss of the batch; NaN where nothing was scored.
    fn loss(&mut self, mean_loss: f64) {
        let _ = mean_loss;
    }

    /// The gradient by what comes out of the layers, `[positions, width]`: backward begins with it.
    fn output_gradients(&mut self, d_outputs: &[R]) {
        let _ = d_outputs;
    }

    /// Backward has passed one step of one layer: the last chunk first, layers from the top, steps from the last. Where rows are read
    /// both ways, the layers come one after the other from the top, of each one first all steps forwards, from the last, and then all
    /// in reverse, from each row's first.
    fn backward_step(&mut self, ctx: &Context<R>, step: &BackwardStep<'_, R>) {
        let _ = (ctx, step);
    }

    /// Backward is over; `grads` are the gradients of all weights.
    fn weight_gradients(&mut self, grads: &Params<R>) {
        let _ = grads;
    }
}

impl<R> Observer<R> for () {}

/// Calls a closure at every chunk of a forward pass.
pub struct OnForwardChunk<F>(pub F);

impl<R, F: FnMut(&Context<R>, &mut ForwardChunk<'_, R>)> Observer<R> for OnForwardChunk<F> {
    fn forward_chunk(&mut self, ctx: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        (self.0)(ctx, chunk);
    }
}

/// Calls a closure at every (layer, step) of a backward pass.
pub struct OnBackwardStep<F>(pub F);

impl<R, F: FnMut(&BackwardStep<'_, R>)> Observer<R> for OnBackwardStep<F> {
    fn backward_step(&mut self, _: &Context<R>, step: &BackwardStep<'_, R>) {
        (self.0)(step);
    }
}
