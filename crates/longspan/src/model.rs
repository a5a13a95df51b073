//! Models: the input, the recurrent stack, the readout, and dropout on the connections between them.
//!
//! A language model reads tokens through an embedding and predicts classes at every step. A classifier
//! predicts one class per row, from the row's last step or from the mean of all steps. A forecaster reads
//! numbers and predicts numbers. The batch says which positions are scored. In an encoder–decoder an encoder
//! reads another sequence first; the model is then the decoder.

mod decode;
mod encoder;
mod follow_back;
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

pub use scan::{Location, Scan, first_in_tensors, is_bad};
pub use spec::{InputSpec, ModelSpec, OutputSpec, SpecError};
pub use step::{StepInput, Steps};

/// The readout of a model.
enum Readout<R> {
    Classes(Box<Classes<R>>),
    Values(Box<Values<R>>),
}

impl<R: Real> Readout<R> {
    /// Computes the outputs `[rows, K]` of `h` `[rows, H]`, for few rows: logits of classes or labels, or
    /// values.
    fn outputs(&mut self, ctx: &Context<R>, params: &Params<R>, h: &[R], out: &mut [R]) {
        match self {
            Self::Classes(classes) => classes.logits(ctx, params, h, out),
            Self::Values(values) => values.outputs(ctx, params, h, out),
        }
    }
}

/// A function that replaces the top layer's outputs `[positions, H]` by the gradient with respect to them.
pub type OutputGradient<'a, R> = &'a mut dyn FnMut(&mut [R]);

/// A model with its working memory. It does not own its weights: [`Model::pack`] prepares them for the passes after it.
///
/// # Examples
/// The logits of one step, from weights of zeros:
///
/// ```
/// use std::sync::Arc;
///
/// use longspan::prelude::*;
///
/// let ctx = Context::<f32>::detect(1);
/// let mut model = Model::new(ctx.instruction_set(), &ModelSpec::language(CellKind::GRU, 3, 4, 8, 1));
/// let params = Params::zeros(Arc::clone(model.layout()));
/// model.pack(&ctx, &params);
/// let (mut steps, mut logits) = (model.steps(&params, 1), [1.0; 3]);
/// model.step(&ctx, &params, StepInput::Tokens(&[2]), &mut steps, &mut logits);
/// assert_eq!(logits, [0.0; 3]);
/// ```
pub struct Model<R> {
    spec: ModelSpec,
    layout: Arc<Layout>,
    encoder: Option<Encoder<R>>,
    /// Index of the embedding; None if the model reads numbers.
    embedding: Option<usize>,
    stack: Recurrence<R>,
    readout: Readout<R>,
    /// x `[positions, D]` if the model reads numbers.
    x: Buffer<R>,
    /// The input of the readout and, in a training pass, the gradient with respect to it: `[positions, H]`,
    /// or `[positions, 2H]` if bidirectional.
    y: Buffer<R>,
    /// The pooled input of the readout, per row instead of per position.
    pooled: Buffer<R>,
    d_state: Option<State<R>>,
}

impl<R: Real> Model<R> {
    /// Lays out the tensors: `embedding.weight` `[V, E]` if the model reads tokens; the stack's `rnn.*` (see
    /// [`Recurrence::new`]); `head.weight` `[K, H]`, or `[K, 2H]` if bidirectional, unless tied; and
    /// `head.bias` `[K]`. In an encoder–decoder the encoder's tensors come first, as
    /// `encoder.embedding.weight` and `encoder.rnn.*`, and those of embedding and stack are
    /// `decoder.embedding.weight` and `decoder.rnn.*`.
    ///
    /// # Panics
    /// If the specification does not pass [`ModelSpec::check`].
    pub fn new(isa: InstructionSet, spec: &ModelSpec) -> Self {
        let &ModelSpec { input, output, .. } = spec;
        if let Err(error) = spec.check() {
            panic!("no model can be built: {error}");
        }
        let mut layout = Layout::default();
        let encoder = Encoder::of(isa, spec, &mut layout);
        layout.set_scope(if encoder.is_some() { "decoder." } else { "" });
        let (embedding, _) = reader(input, &mut layout);
        let stack = Recurrence::new(isa, &spec.recurrence(), &mut layout);
        layout.set_scope("");
        // The input width of the readout.
        let hidden = spec.width();
        let mut head = |count: usize, tied: Option<usize>| {
            let weight = tied.unwrap_or_else(|| layout.push("head.weight", &[count, hidden], Group::Head));
            (weight, layout.push("head.bias", &[count], Group::Bias))
        };
        let readout = match output {
            OutputSpec::Classes { count, tied } => {
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

    /// The specification that the model was built from.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The layout of the tensors.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Returns a zero state for `rows` sequences.
    pub fn zero_state(&self, rows: usize) -> State<R> {
        self.stack.zero_state(rows)
    }

    /// Number of layers in a state: L, or 2L if bidirectional.
    pub fn states(&self) -> usize {
        self.stack.states()
    }

    /// The suffixes of the tensor names, for each layer of a state.
    pub fn layer_names(&self) -> Vec<String> {
        (0..self.states()).map(|k| self.stack.spec().layer_name(k)).collect()
    }

    /// Sets every row of `state` to the initial state: the learned one, or zero.
    pub fn begin(&self, params: &Params<R>, state: &mut State<R>) {
        if !self.stack.begin(params, state) {
            state.clear();
        }
    }

    /// Limits the memory for what [`Model::train`] keeps of a window for the backward pass, separately for
    /// encoder and decoder. It changes no bit of the result.
    pub fn limit_memory(&mut self, limit: Option<usize>) {
        self.stack.limit_memory(limit);
        if let Some(encoder) = &mut self.encoder {
            encoder.stack.limit_memory(limit);
        }
    }

    /// Plans how a window of `steps` steps and `rows` rows is kept in at most `limit` bytes, see
    /// [`Recurrence::plan`].
    ///
    /// # Errors
    /// [`MemoryError`] if the limit is below the smallest possible amount.
    pub fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        self.stack.plan(steps, rows, limit)
    }

    /// Packs the weights for the next passes. All passes below use the weights last packed.
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.stack.pack(ctx, params);
        if let Some(encoder) = &mut self.encoder {
            encoder.stack.pack(ctx, params);
        }
        match &mut self.readout {
            Readout::Classes(classes) => classes.invalidate(),
            Readout::Values(values) => values.invalidate(),
        }
    }

    /// Sets the weight of each class in the loss that [`Model::train`] returns and differentiates.
    /// [`Model::evaluate`] does not use these weights.
    ///
    /// # Panics
    /// If the model predicts numbers, or there is not one finite weight of at least 0 per class.
    pub fn weigh_classes(&mut self, weights: &[f64]) {
        let Readout::Classes(classes) = &mut self.readout else {
            panic!("class weights need a model that predicts classes, not {:?}", self.spec)
        };
        classes.weigh(weights);
    }

    /// Scores a batch and adds the gradient of its mean loss to `grads`. No gradient comes from after the
    /// window. The observer sees all events of an [`Observer`](crate::bptt::Observer); steps of an encoder
    /// are counted before those of the batch.
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

    /// Computes the gradient of a custom loss as [`Model::train`] does for the readout's; nothing is scored.
    pub fn differentiate(
        &mut self,
        pass: &mut Pass<'_, R>,
        batch: &Batch,
        state: &mut State<R>,
        output_gradient: OutputGradient<'_, R>,
        grads: &mut Params<R>,
    ) {
        self.run_forward(pass, batch, state);
        output_gradient(&mut self.y[..batch.shape.positions() * self.spec.width()]);
        self.run_backward(pass, batch, grads);
    }

    /// Runs encoder and stack on a batch and keeps their outputs and, if `keep` says so, what the backward
    /// pass needs.
    ///
    /// `state` is the state before the batch on entry (an encoder overwrites it with its last state) and the
    /// state after it on return. If the initial state is learned, a batch without a carried state starts from
    /// it instead.
    ///
    /// # Panics
    /// If a state is carried over in a bidirectional model.
    pub fn forward(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, keep: Keep, state: &mut State<R>) {
        self.start(pass.params, batch, state);
        self.read(pass, batch, keep, state);
    }

    /// Sets the state before a batch.
    fn start(&self, params: &Params<R>, batch: &Batch, state: &mut State<R>) {
        assert!(
            !(self.spec.bidirectional && batch.carry),
            "a bidirectional model reads whole sequences: it cannot carry a state over"
        );
        if !batch.carry {
            self.stack.begin(params, state);
        }
    }

    /// Runs encoder and stack from the state before the batch.
    fn read(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, keep: Keep, state: &mut State<R>) {
        self.encode(pass, batch, keep, state);
        let n = batch.shape.positions() * self.spec.width();
        self.y.grow(n);
        take_numbers(self.embedding, &batch.numbers, &mut self.x);
        let window = window(self.embedding, batch, &self.x);
        self.stack.forward(&mut of_stack(pass, batch), window, keep, state, &mut self.y[..n]);
    }

    /// Runs the encoder and writes its last state to `state`; does nothing without an encoder.
    fn encode(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, keep: Keep, state: &mut State<R>) {
        if let Some(encoder) = &mut self.encoder {
            encoder.forward(pass, &batch.encoded, keep, state);
        }
    }

    /// The forward half of a training pass: leaves the masked input of the readout in `y`.
    fn run_forward(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, state: &mut State<R>) {
        self.start(pass.params, batch, state);
        pass.observer.begin(batch, state);
        self.read(pass, batch, Keep::Everything, state);
        self.mask_outputs(pass, &batch.shape);
    }

    /// Applies the dropout mask to the input of the readout, or to the gradient with respect to it.
    fn mask_outputs(&mut self, pass: &Pass<'_, R>, shape: &PackedShape) {
        let (width, layers) = (self.spec.width(), self.spec.layers);
        if let Some(dropout) = pass.dropout {
            dropout.apply(pass.ctx, layers, shape.whole(), width, &mut self.y[..shape.positions() * width]);
        }
    }

    /// Scores the content of `y` and replaces it by the gradient with respect to it.
    fn score_and_differentiate(
        &mut self,
        pass: &mut Pass<'_, R>,
        batch: &Batch,
        grads: &mut Params<R>,
    ) -> Score {
        let (shape, width, pool) = (&batch.shape, self.spec.width(), self.spec.pool);
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
        // The gradient overwrites the input of the readout.
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

    /// The backward half of a training pass, from the gradient with respect to the readout's input, in `y`.
    fn run_backward(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, grads: &mut Params<R>) {
        let rows = batch.shape.rows();
        self.mask_outputs(pass, &batch.shape);
        let d_y = &self.y[..batch.shape.positions() * self.spec.width()];
        pass.observer.output_gradients(d_y);
        let d_state = cleared(&mut self.d_state, &self.stack, rows);
        let window = window(self.embedding, batch, &self.x);
        self.stack.backward(&mut of_stack(pass, batch), window, d_y, d_state, grads, None);
        if !batch.carry {
            self.stack.add_gradient_of_state(pass.ctx, d_state, grads);
        }
        if let Some(encoder) = &mut self.encoder {
            encoder.backward(pass, &batch.encoded, d_state, Some(grads));
        }
        pass.observer.weight_gradients(grads);
    }

    /// ∂ℒ/∂s_0 of the last backward pass: the gradient with respect to the state before the window. In an
    /// encoder–decoder that state is the encoder's last one.
    pub fn d_state(&self) -> Option<&State<R>> {
        self.d_state.as_ref()
    }
}

impl<R: Real> Model<R> {
    /// Injects a fault into all passes from now on, see
    /// [`FaultInjection`](crate::bptt::layer::FaultInjection); None removes it.
    pub fn inject_fault(&mut self, plant: Option<crate::bptt::layer::FaultInjection>) {
        self.stack.inject_fault(plant.filter(|plant| !plant.encoder));
        if let Some(encoder) = &mut self.encoder {
            encoder.stack.inject_fault(plant.filter(|plant| plant.encoder));
        }
    }
}

/// Returns a gradient of zero with respect to the state of `rows` rows, in the memory of the last one if it fits.
fn cleared<'a, R: Real>(
    d_state: &'a mut Option<State<R>>,
    stack: &Recurrence<R>,
    rows: usize,
) -> &'a mut State<R> {
    let kept = d_state.take().filter(|d_state| d_state.rows(stack.spec().hidden) == rows);
    let d_state = d_state.insert(kept.unwrap_or_else(|| stack.zero_state(rows)));
    d_state.clear();
    d_state
}

/// The window that the stack reads, of a batch whose numbers are in `x`.
fn window<'a, R: Real>(embedding: Option<usize>, batch: &'a Batch, x: &'a Buffer<R>) -> Window<'a, R> {
    Window { shape: &batch.shape, input: input(embedding, &batch.inputs, batch.numbers.len(), x) }
}

/// The stack's part of a pass: its steps are counted after those of an encoder.
fn of_stack<'b, R: Real>(pass: &'b mut Pass<'_, R>, batch: &Batch) -> Pass<'b, R> {
    let (steps_before, dropout) = (batch.encoded.shape.steps(), pass.dropout);
    pass.through(Part { steps_before, ..Part::default() }, dropout)
}
