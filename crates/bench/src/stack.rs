//! The forward and backward pass of a recurrent stack, with gradients of all weights and of the input.

use std::sync::Arc;

use longspan::bptt;
use longspan::bptt::{Input, Keep, MemoryError, Observer, Plan, Stack, State, Window, chunk_for};
use longspan::params::{Layout, Params};
use longspan_kernel::Context;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::rng::{Key, Purpose, Stream};

use super::specs;
use super::timing::Workload;

/// A stack with its weights, its input and the gradient that arrives at its output.
pub(super) struct Pass {
    ctx: Context<f32>,
    shape: specs::Stack,
    extent: PackedShape,
    stack: Stack<f32>,
    params: Params<f32>,
    x: Vec<f32>,
    d_y: Vec<f32>,
    y: Vec<f32>,
    d_x: Vec<f32>,
    grads: Params<f32>,
    state: State<f32>,
    d_state: State<f32>,
}

impl Pass {
    /// A pass whose backward pass needs at most `limit` bytes.
    pub(super) fn new(ctx: Context<f32>, shape: specs::Stack, limit: Option<usize>) -> Self {
        Self::over(ctx, shape, PackedShape::even(shape.steps, shape.rows), limit)
    }

    /// A pass over the same number of rows with other lengths.
    pub(super) fn over(
        ctx: Context<f32>,
        shape: specs::Stack,
        extent: PackedShape,
        limit: Option<usize>,
    ) -> Self {
        let specs::Stack { cell, rows, input, hidden, layers, .. } = shape;
        let mut layout = Layout::default();
        let mut stack =
            Stack::new(ctx.instruction_set(), cell, layers, input, hidden, chunk_for(rows), &mut layout);
        stack.limit_memory(limit);
        let mut params = Params::zeros(Arc::new(layout));
        let mut draw = Key::new(0, Purpose::Init, 0, 0).stream(0, 0);
        // PyTorch's initial weights. Only the tensors are filled: the gaps between them must stay zero.
        let bound = 1.0 / (hidden as f64).sqrt();
        for index in 0..params.layout().entries().len() {
            let weights = params.tensor_mut(index).iter_mut();
            weights.for_each(|w| *w = ((2.0 * draw.uniform() - 1.0) * bound) as f32);
        }
        let (inputs, outputs) = (extent.positions() * input, extent.positions() * hidden);
        Self {
            x: normal(&mut draw, inputs),
            d_y: normal(&mut draw, outputs),
            y: vec![0.0; outputs],
            d_x: vec![0.0; inputs],
            grads: Params::zeros(Arc::clone(params.layout())),
            state: stack.zero_state(rows),
            d_state: stack.zero_state(rows),
            ctx,
            shape,
            extent,
            stack,
            params,
        }
    }
}

impl Pass {
    /// Multiplies the gradient that arrives at the outputs of step t by `scale(t)`.
    pub(super) fn scale_arriving(&mut self, scale: impl Fn(usize) -> f32) {
        let row = self.shape.rows * self.shape.hidden;
        for (t, d_y) in self.d_y.chunks_exact_mut(row).enumerate() {
            d_y.iter_mut().for_each(|d| *d *= scale(t));
        }
    }

    /// Runs the pass once, with an observer.
    pub(super) fn run_observed(&mut self, observer: &mut dyn Observer<f32>) {
        self.state.clear();
        self.d_state.clear();
        self.grads.clear();
        // In training the weights change at every step, so packing them is part of it.
        self.stack.pack(&self.ctx, &self.params);
        let window = Window { shape: &self.extent, input: Input::Numbers(&self.x) };
        let pass = &mut bptt::Pass::new(&self.ctx, &self.params).observed_by(observer);
        self.stack.forward(pass, window, Keep::Everything, &mut self.state, &mut self.y);
        let (d_state, grads, d_x) = (&mut self.d_state, &mut self.grads, Some(&mut self.d_x[..]));
        self.stack.backward(pass, window, &self.d_y, d_state, grads, d_x);
    }
}

impl Workload for Pass {
    fn run(&mut self) {
        self.run_observed(&mut ());
    }

    fn context(&self) -> &Context<f32> {
        &self.ctx
    }

    fn loaded(&self) -> usize {
        size_of::<f32>() * (self.params.layout().parameters() + self.x.len() + self.d_y.len())
    }

    fn plan(&self, limit: Option<usize>) -> Result<Plan, MemoryError> {
        self.stack.plan(self.extent.steps(), self.extent.rows(), limit)
    }
}

fn normal(draw: &mut Stream, len: usize) -> Vec<f32> {
    (0..len).map(|_| draw.normal() as f32).collect()
}
