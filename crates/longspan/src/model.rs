//! A model: what it reads, the recurrent stack, what it predicts; dropout on the connections between them.
//!
//! A language model reads tokens through an embedding and predicts classes at every step; a classifier predicts one at a
//! row's last step, or from the mean of all; a forecaster reads numbers and predicts numbers. Which places are scored is the
//! batch's affair. An encoder may read another sequence first; the model then is the decoder.

mod decode;
mod encoder;
pub mod head;
pub mod init;
mod input;
mod outputs;
pub mod pooling;
pub mod sampling;
mod scan;
mod spec;
mod step;

use std::sync::Arc;

use crate::batch::Batch;
use crate::bptt::{Keep, MemoryError, Part, Pass, Plan, Recurrence, State, Window};
use crate::cell::Real;
use crate::model::head::{Classes, Score, Values};
use crate::model::pooling::Pooling;
use crate::params::{Group, Layout, Params};
use encoder::Encoder;
use input::{input, reader, take_numbers};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Buffer, Context, InstructionSet};

pub use scan::{Place, Scan, first_in_tensors, is_bad};
pub use spec::{InputSpec, ModelSpec, OutputSpec};
pub use step::{StepInput, Steps};

/// What predicts.
enum Readout<R> {
    Classes(Box<Classes<R>>),
    Values(Box<Values<R>>),
}

impl<R: Real> Readout<R> {
    /// What comes out `[rows, K]` of `h` `[rows, H]`, for few rows: logits of classes or of labels, or values.
    fn outputs(&mut self, ctx: &Context<R>, params: &Params<R>, h: &[R], out: &mut [R]) {
        match self {
            Self::Classes(classes) => classes.logits(ctx, params, h, out),
            Self::Values(values) => values.outputs(ctx, params, h, out),
        }
    }
}

/// Turns the top layer's outputs `[positions, H]` into the gradient by them.
pub type Arrive<'a, R> = &'a mut dyn FnMut(&mut [R]);

/// The model with its working memory; the weights are the caller's.
pub struct Model<R> {
    spec: ModelSpec,
    layout: Arc<Layout>,
    encoder: Option<Encoder<R>>,
    /// Index of the embedding, where tokens are read.
    embedding: Option<usize>,
    stack: Recurrence<R>,
    readout: Readout<R>,
    /// x `[positions, D]` where numbers are read.
    x: Buffer<R>,
    /// What is read out of, and in a training pass the gradient by it: `[positions, H]`, or 2H wide where rows are read both ways.
    y: Buffer<R>,
    /// The same of rows instead of places.
    pooled: Buffer<R>,
    d_state: Option<State<R>>,
}

impl<R: Real> Model<R> {
    /// Lays out the tensors: `embedding.weight` `[V, E]` where tokens are read, the stack's `rnn.*` (see [`Recurrence::new`]),
    /// `head.weight` `[K, H]`, or `[K, 2H]` where rows are read both ways, unless tied, and `head.bias` `[K]`.
    /// With an encoder its tensors come first, as `encoder.embedding.weight` and `encoder.rnn.*`, and those of embedding and stack
    /// are `decoder.embedding.weight` and `decoder.rnn.*`.
    ///
    /// # Panics
    /// If a size is 0, tied sizes differ, or the last states of two directions are asked for where there is one.
    pub fn new(isa: InstructionSet, spec: &ModelSpec) -> Self {
        let &ModelSpec { input, output, .. } = spec;
        assert!(spec.bidirectional || spec.pool != Pooling::BothEnds, "two directions: {spec:?}");
        let plain = !(spec.bidirectional || spec.layer_residual || spec.layer_norm || spec.learned_state);
        assert!(plain || spec.encoder.is_none(), "an encoder and its decoder are plain stacks: {spec:?}");
        let mut layout = Layout::default();
        let encoder = Encoder::of(isa, spec, &mut layout);
        layout.set_scope(if encoder.is_some() { "decoder." } else { "" });
        let (embedding, _) = reader(input, &mut layout);
        let stack = Recurrence::new(isa, &spec.recurrence(), &mut layout);
        layout.set_scope("");
        // What the readout reads.
        let hidden = spec.width();
        let mut head = |count: usize, tied: Option<usize>| {
            assert!(count > 0, "a prediction of nothing");
            let weight = tied.unwrap_or_else(|| layout.push("head.weight", &[count, hidden], Group::Head));
            (weight, layout.push("head.bias", &[count], Group::Bias))
        };
        let readout = match output {
            OutputSpec::Classes { count, tied } => {
                let own = InputSpec::Tokens { vocabulary: count, embedding: hidden };
                assert!(!tied || input == own, "tied weights need the classes and width of {input:?}");
                let (weight, bias) = head(count, embedding.filter(|_| tied));
                Readout::Classes(Box::new(Classes::new(isa, weight, bias, hidden, count)))
            }
            OutputSpec::Values { width, loss } => {
                let (weight, bias) = head(width, None);
                Readout::Values(Box::new(Values::new(isa, weight, bias, hidden, width, loss)))
            }
        };
        let nothing = || Buffer::zeros(0);
        Self {
            spec: spec.clone(),
            layout: Arc::new(layout),
            encoder,
            embedding,
            stack,
            readout,
            x: nothing(),
            y: nothing(),
            pooled: nothing(),
            d_state: None,
        }
    }

    /// What the model was made from.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The tensors.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// A zero state for `rows` sequences.
    pub fn zero_state(&self, rows: usize) -> State<R> {
        self.stack.zero_state(rows)
    }

    /// Layers of a state: L, or 2L where rows are read both ways.
    pub fn states(&self) -> usize {
        self.stack.states()
    }

    /// What the names of the tensors of each of them end with.
    pub fn layer_names(&self) -> Vec<String> {
        (0..self.states()).map(|k| self.stack.spec().layer_name(k)).collect()
    }

    /// Lets every row of `state` start fresh: from the learned state, or from zero.
    pub fn begin(&self, params: &Params<R>, state: &mut State<R>) {
        if !self.stack.begin(params, state) {
            state.clear();
        }
    }

    /// Limits the memory for what [`Model::train`] keeps of a window for its backward pass, of each stack where there is an
    /// encoder; changes no bit.
    pub fn limit_memory(&mut self, limit: Option<usize>) {
        self.stack.limit_memory(limit);
        if let Some(encoder) = &mut self.encoder {
            encoder.stack.limit_memory(limit);
        }
    }

    /// How a window of `steps` steps and `rows` rows is kept in at most `limit` bytes, see [`Recurrence::plan`].
    ///
    /// # Errors
    /// If the limit is below the least that is possible.
    pub fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        self.stack.plan(steps, rows, limit)
    }

    /// Takes the weights for the next passes. Each pass below uses those last packed.
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.stack.pack(ctx, params);
        if let Some(encoder) = &mut self.encoder {
            encoder.stack.pack(ctx, params);
        }
        match &mut self.readout {
            Readout::Classes(classes) => classes.forget(),
            Readout::Values(values) => values.forget(),
        }
    }

    /// Gives each class its weight in the loss that [`Model::train`] returns and differentiates; [`Model::evaluate`] weighs all
    /// alike.
    ///
    /// # Panics
    /// If the model predicts numbers, or there is not a finite weight of 0 or more for each class.
    pub fn weigh_classes(&mut self, weights: &[f64]) {
        let Readout::Classes(classes) = &mut self.readout else {
            panic!("class weights for {:?}", self.spec)
        };
        classes.weigh(weights);
    }

    /// Scores a batch and adds the gradient of its mean loss to `grads`; no gradient arrives from after the window. The observer
    /// sees all events of an [`Observer`](crate::bptt::Observer); the steps of an encoder come before those of the batch.
    pub fn train(
        &mut self,
        pass: &mut Pass<'_, R>,
        batch: &Batch,
        state: &mut State<R>,
        grads: &mut Params<R>,
    ) -> Score {
        self.run_forward(pass, batch, state);
        let score = self.score_and_differentiate(pass, batch, grads);
        self.run_backward(pass, batch, grads);
        score
    }

    /// As [`Model::train`] for another loss than the readout's; nothing is scored.
    pub fn differentiate(
        &mut self,
        pass: &mut Pass<'_, R>,
        batch: &Batch,
        state: &mut State<R>,
        arrive: Arrive<'_, R>,
        grads: &mut Params<R>,
    ) {
        self.run_forward(pass, batch, state);
        arrive(&mut self.y[..batch.extent.positions() * self.spec.width()]);
        self.run_backward(pass, batch, grads);
    }

    /// Runs a batch through encoder and stack, and keeps their outputs and, where `keep` says so, what backward needs.
    ///
    /// `state` goes in as the state before, or where there is an encoder is overwritten by its last one, and comes out as the state
    /// after. Where a state is learned, a batch whose state is not carried over begins with that one instead.
    ///
    /// # Panics
    /// If a state is carried over to a model that reads rows both ways.
    pub fn forward(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, keep: Keep, state: &mut State<R>) {
        self.start(pass.params, batch, state);
        self.read(pass, batch, keep, state);
    }

    /// The state before a batch.
    fn start(&self, params: &Params<R>, batch: &Batch, state: &mut State<R>) {
        assert!(
            !(self.spec.bidirectional && batch.carry),
            "a model that reads rows both ways reads them whole"
        );
        if !batch.carry {
            self.stack.begin(params, state);
        }
    }

    /// Encoder and stack, from the state before the batch.
    fn read(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, keep: Keep, state: &mut State<R>) {
        self.encode(pass, batch, keep, state);
        let n = batch.extent.positions() * self.spec.width();
        self.y.grow(n);
        take_numbers(self.embedding, &batch.numbers, &mut self.x);
        let window = window(self.embedding, batch, &self.x);
        self.stack.forward(&mut of_stack(pass, batch), window, keep, state, &mut self.y[..n]);
    }

    /// Lets the encoder read, and writes its last state to `state`; without an encoder nothing happens.
    fn encode(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, keep: Keep, state: &mut State<R>) {
        if let Some(encoder) = &mut self.encoder {
            encoder.forward(pass, &batch.encoded, keep, state);
        }
    }

    /// The forward half of a training pass: leaves what the readout reads, masked, in `y`.
    fn run_forward(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, state: &mut State<R>) {
        self.start(pass.params, batch, state);
        pass.observer.begin(batch, state);
        self.read(pass, batch, Keep::Everything, state);
        self.mask_outputs(pass, &batch.extent);
    }

    /// Masks what is read out of, or the gradient by it.
    fn mask_outputs(&mut self, pass: &Pass<'_, R>, shape: &PackedShape) {
        let (width, layers) = (self.spec.width(), self.spec.layers);
        if let Some(dropout) = pass.dropout {
            dropout.apply(pass.ctx, layers, shape.whole(), width, &mut self.y[..shape.positions() * width]);
        }
    }

    /// Scores what is in `y` and turns it into the gradient by it.
    fn score_and_differentiate(
        &mut self,
        pass: &mut Pass<'_, R>,
        batch: &Batch,
        grads: &mut Params<R>,
    ) -> Score {
        let (shape, width, pool) = (&batch.extent, self.spec.width(), self.spec.pool);
        let (ctx, params, readout) = (pass.ctx, pass.params, &mut self.readout);
        let y = &mut self.y[..shape.positions() * width];
        let h = match pool {
            Pooling::Last => &mut *y,
            pool => {
                self.pooled.grow(shape.rows() * width);
                let pooled = &mut self.pooled[..shape.rows() * width];
                pool.read(ctx, shape, y, width, pooled);
                pooled
            }
        };
        pass.observer
            .outputs(batch, &mut |i, out| readout.outputs(ctx, params, &h[i * width..][..width], out));
        // What the readout has read is overwritten by the gradient by it.
        let score = match readout {
            Readout::Classes(classes) => {
                classes.score_and_differentiate(ctx, params, h, &batch.targets, grads)
            }
            Readout::Values(values) => {
                let (positions, targets) = (&batch.values.positions, &batch.values.targets);
                values.score_and_differentiate(ctx, params, h, positions, targets, grads)
            }
        };
        if pool != Pooling::Last {
            pool.read_back(ctx, shape, &self.pooled[..shape.rows() * width], width, y);
        }
        pass.observer.loss(score.mean_loss());
        score
    }

    /// The backward half of a training pass, from the gradient by what is read out of in `y`.
    fn run_backward(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, grads: &mut Params<R>) {
        let rows = batch.extent.rows();
        self.mask_outputs(pass, &batch.extent);
        let d_y = &self.y[..batch.extent.positions() * self.spec.width()];
        pass.observer.output_gradients(d_y);
        let d_state = match &mut self.d_state {
            Some(d_state) if d_state.rows(self.spec.hidden) == rows => {
                d_state.clear();
                d_state
            }
            d_state => d_state.insert(self.stack.zero_state(rows)),
        };
        let window = window(self.embedding, batch, &self.x);
        self.stack.backward(&mut of_stack(pass, batch), window, d_y, d_state, grads, None);
        if !batch.carry {
            self.stack.add_gradient_of_state(pass.ctx, d_state, grads);
        }
        if let Some(encoder) = &mut self.encoder {
            encoder.backward(pass, &batch.encoded, d_state, grads);
        }
        pass.observer.weight_gradients(grads);
    }

    /// ∂ℒ/∂s_0 of the last [`Model::train`]: the gradient by the state before the window, which an encoder's last one is.
    pub fn d_state(&self) -> Option<&State<R>> {
        self.d_state.as_ref()
    }
}

#[cfg(feature = "fault-injection")]
impl<R: Real> Model<R> {
    /// Plants a bad value into the passes from now on, see [`FaultInjection`](crate::bptt::layer::Plant); None takes it away.
    pub fn inject_fault(&mut self, plant: Option<crate::bptt::layer::FaultInjection>) {
        self.stack.inject_fault(plant.filter(|plant| !plant.encoder));
        if let Some(encoder) = &mut self.encoder {
            encoder.stack.inject_fault(plant.filter(|plant| plant.encoder));
        }
    }
}

/// What the stack reads of a batch whose numbers are in `x`.
fn window<'a, R: Real>(embedding: Option<usize>, batch: &'a Batch, x: &'a Buffer<R>) -> Window<'a, R> {
    Window { shape: &batch.extent, input: input(embedding, &batch.inputs, batch.numbers.len(), x) }
}

/// The stack's part of a pass: its steps come behind those of an encoder.
fn of_stack<'b, R: Real>(pass: &'b mut Pass<'_, R>, batch: &Batch) -> Pass<'b, R> {
    let (steps_before, dropout) = (batch.encoded.extent.steps(), pass.dropout);
    pass.through(Part { steps_before, ..Part::default() }, dropout)
}
