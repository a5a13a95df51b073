//! Observers of a pass.

use super::backward_step::BackwardStep;
use super::forward_chunk::ForwardChunk;
use super::state::State;
use crate::batch::Batch;
use crate::params::Params;
use longspan_kernel::Context;

/// Observes a pass through a model. Each method is called at one kind of event and does nothing by default;
/// `()` observes nothing.
///
/// An observer gets read-only views of what the pass has computed and cannot change a bit of it. Events come
/// in this order:
///
/// ```text
/// begin
/// forward_chunk         for each chunk: an encoder's first
/// outputs, loss         if the readout scores
/// output_gradients
/// backward_step         for each (layer, step): an encoder's last
/// weight_gradients
/// ```
///
/// A pass through layers only has `forward_chunk` and `backward_step`.
///
/// # Examples
/// The gradient at each time step of a training step, and a [`Source`](crate::batch::Source) of its own:
///
/// ```
#[doc = include_str!("../../examples/gradient.rs")]
/// ```
pub trait Observer<R> {
    /// A model begins a training pass over `batch` from `state`.
    fn begin(&mut self, batch: &Batch, state: &State<R>) {
        let _ = (batch, state);
    }

    /// All layers of a stack have run over a chunk; chunks come in the order of time. In a bidirectional
    /// stack the layers come one after the other, each with all chunks forwards and then all chunks in
    /// reverse.
    fn forward_chunk(&mut self, ctx: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        let _ = (ctx, chunk);
    }

    /// The outputs are about to be scored. `read_out(i, out)` writes the readout's output for its i-th input,
    /// `[K]`: a position or, if the readout sees one input per row, a row.
    fn outputs(&mut self, batch: &Batch, read_out: &mut dyn FnMut(usize, &mut [R])) {
        let _ = (batch, read_out);
    }

    /// The mean loss of the batch is known; it is NaN if nothing was scored.
    fn loss(&mut self, mean_loss: f64) {
        let _ = mean_loss;
    }

    /// The gradient with respect to the output of the layers is known, `[positions, width]`: the backward
    /// pass starts from it.
    fn output_gradients(&mut self, d_outputs: &[R]) {
        let _ = d_outputs;
    }

    /// The backward pass has finished one step of one layer: the last chunk first, layers from the top, steps
    /// from the last. In a bidirectional stack the layers come one after the other from the top, each with
    /// all steps of the forward direction from the last, then all steps of the reverse direction from each
    /// row's first.
    fn backward_step(&mut self, ctx: &Context<R>, step: &BackwardStep<'_, R>) {
        let _ = (ctx, step);
    }

    /// The backward pass is over; `grads` are the gradients of all weights.
    fn weight_gradients(&mut self, grads: &Params<R>) {
        let _ = grads;
    }
}

impl<R> Observer<R> for () {}

/// Two observers of one pass: the first sees every event before the second.
pub struct Both<'a, R>(pub &'a mut dyn Observer<R>, pub &'a mut dyn Observer<R>);

impl<R> Observer<R> for Both<'_, R> {
    fn begin(&mut self, batch: &Batch, state: &State<R>) {
        self.0.begin(batch, state);
        self.1.begin(batch, state);
    }

    fn forward_chunk(&mut self, ctx: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        self.0.forward_chunk(ctx, chunk);
        self.1.forward_chunk(ctx, chunk);
    }

    fn outputs(&mut self, batch: &Batch, read_out: &mut dyn FnMut(usize, &mut [R])) {
        self.0.outputs(batch, read_out);
        self.1.outputs(batch, read_out);
    }

    fn loss(&mut self, mean_loss: f64) {
        self.0.loss(mean_loss);
        self.1.loss(mean_loss);
    }

    fn output_gradients(&mut self, d_outputs: &[R]) {
        self.0.output_gradients(d_outputs);
        self.1.output_gradients(d_outputs);
    }

    fn backward_step(&mut self, ctx: &Context<R>, step: &BackwardStep<'_, R>) {
        self.0.backward_step(ctx, step);
        self.1.backward_step(ctx, step);
    }

    fn weight_gradients(&mut self, grads: &Params<R>) {
        self.0.weight_gradients(grads);
        self.1.weight_gradients(grads);
    }
}

/// An observer that calls a closure at every chunk of a forward pass.
pub struct OnForwardChunk<F>(pub F);

impl<R, F: FnMut(&Context<R>, &mut ForwardChunk<'_, R>)> Observer<R> for OnForwardChunk<F> {
    fn forward_chunk(&mut self, ctx: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        (self.0)(ctx, chunk);
    }
}

/// An observer that calls a closure at every (layer, step) of a backward pass.
pub struct OnBackwardStep<F>(pub F);

impl<R, F: FnMut(&BackwardStep<'_, R>)> Observer<R> for OnBackwardStep<F> {
    fn backward_step(&mut self, _: &Context<R>, step: &BackwardStep<'_, R>) {
        (self.0)(step);
    }
}
