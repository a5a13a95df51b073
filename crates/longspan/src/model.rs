//! A model: what it reads, the recurrent stack, what it predicts; dropout on the connections between them.
//!
//! A language model reads tokens through an embedding and predicts classes at every step; a classifier predicts one at a
//! row's last step, or from the mean of all; a forecaster reads numbers and predicts numbers. Which places are scored is the
//! batch's affair. An encoder may read another sequence first; the model then is the decoder.

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
use crate::bptt::dropout::Dropout;
use crate::bptt::{BackwardStep, ForwardChunk, MemoryError, Plan, Recurrence, State};
use crate::model::head::{Classes, Score, Values};
use crate::model::pooling::Pooling;
use crate::params::{Group, Layout, Params};
use encoder::Encoder;
use input::{input, reader};
use longspan_kernel::real::Real;
use longspan_kernel::{Buffer, Context, InstructionSet};
use scan::Era;

pub use scan::{Place, Scan, first_in_tensors, is_bad};
pub use spec::{InputSpec, ModelSpec, OutputSpec};
pub use step::{StepInput, Steps};

/// What predicts.
enum Readout<R> {
    Classes(Box<Classes<R>>),
    Values(Box<Values<R>>),
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

    /// Scores a batch and adds the gradient of its mean loss to `grads`; no gradient arrives from after the window.
    /// `observe` sees ∂ℒ/∂h_t of every (layer, step), see [`Recurrence::backward`]; the steps of an encoder come before those of
    /// the batch.
    pub fn train(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        dropout: Option<Dropout>,
        grads: &mut Params<R>,
        observe: &mut dyn FnMut(BackwardStep<'_, R>),
    ) -> Score {
        self.pass(ctx, params, batch, state, dropout, None, grads, observe, None)
    }

    /// As [`Model::train`] for another loss than the readout's.
    pub fn differentiate(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        arrive: Arrive<'_, R>,
        grads: &mut Params<R>,
        observe: &mut dyn FnMut(BackwardStep<'_, R>),
    ) {
        self.pass(ctx, params, batch, state, None, Some(arrive), grads, observe, None);
    }

    /// Forward, the readout or what arrives in its stead, and backward; `scan` looks for what is bad.
    fn pass(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        dropout: Option<Dropout>,
        arrive: Option<Arrive<'_, R>>,
        grads: &mut Params<R>,
        observe: &mut dyn FnMut(BackwardStep<'_, R>),
        mut scan: Option<&mut Scan>,
    ) -> Score {
        let (extent, hidden, layers) = (&batch.extent, self.spec.width(), self.spec.layers);
        let n = extent.positions() * hidden;
        self.start(params, batch, state);
        if let Some(scan) = &mut scan {
            scan.inputs(batch, state);
        }
        if let Some(encoder) = &mut self.encoder {
            encoder.forward(ctx, params, &batch.encoded, true, dropout, state, &mut |passage| {
                if let Some(scan) = &mut scan {
                    scan.passage(Era::Encode, &passage);
                }
            });
        }
        self.y.grow(n);
        let input = input(self.embedding, &batch.inputs, &batch.numbers, &mut self.x);
        let y = &mut self.y[..n];
        self.stack.forward_seen(ctx, params, input, extent, state, dropout, y, &mut |passage| {
            if let Some(scan) = &mut scan {
                scan.passage(Era::Forward, &passage);
            }
        });
        if let Some(dropout) = dropout {
            dropout.apply(ctx, layers, extent.whole(), hidden, y);
        }
        // What the readout has read is overwritten by the gradient by it.
        let score = if let Some(arrive) = arrive {
            arrive(y);
            Score::default()
        } else {
            let h = match self.spec.pool {
                Pooling::Last => &mut *y,
                pool => {
                    self.pooled.grow(extent.rows() * hidden);
                    let pooled = &mut self.pooled[..extent.rows() * hidden];
                    pool.read(ctx, extent, y, hidden, pooled);
                    pooled
                }
            };
            if let Some(scan) = &mut scan {
                scan.outputs(ctx, params, &mut self.readout, h, batch);
            }
            let score = match &mut self.readout {
                Readout::Classes(classes) => {
                    classes.score_and_differentiate(ctx, params, h, &batch.targets, grads)
                }
                Readout::Values(values) => {
                    let (positions, targets) = (&batch.values.positions, &batch.values.targets);
                    values.score_and_differentiate(ctx, params, h, positions, targets, grads)
                }
            };
            if self.spec.pool != Pooling::Last {
                self.spec.pool.read_back(ctx, extent, &self.pooled[..extent.rows() * hidden], hidden, y);
            }
            score
        };
        let d_y = y;
        if let Some(dropout) = dropout {
            dropout.apply(ctx, layers, extent.whole(), hidden, d_y);
        }
        let d_state = match &mut self.d_state {
            Some(d_state) if d_state.rows(self.spec.hidden) == extent.rows() => {
                d_state.clear();
                d_state
            }
            d_state => d_state.insert(self.stack.zero_state(extent.rows())),
        };
        if let Some(scan) = &mut scan {
            scan.loss(&score);
            scan.arriving(extent, d_y);
        }
        let before = batch.encoded.extent.steps();
        self.stack.backward(ctx, params, input, d_y, d_state, grads, None, &mut |flow| {
            if let Some(scan) = &mut scan {
                scan.flow(Era::Backward, &flow, extent);
            }
            observe(BackwardStep { t: before + flow.t, ..flow });
        });
        if !batch.carry {
            self.stack.add_gradient_of_state(ctx, d_state, grads);
        }
        if let Some(encoder) = &mut self.encoder {
            encoder.backward(ctx, params, &batch.encoded, d_state, grads, &mut |flow| {
                if let Some(scan) = &mut scan {
                    scan.flow(Era::BackwardEncoder, &flow, &batch.encoded.extent);
                }
                observe(flow);
            });
        }
        if let Some(scan) = &mut scan {
            scan.gradients(grads);
        }
        score
    }

    /// ∂ℒ/∂s_0 of the last [`Model::train`]: the gradient by the state before the window, which an encoder's last one is.
    pub fn d_state(&self) -> Option<&State<R>> {
        self.d_state.as_ref()
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

    /// Runs a batch through the stack alone; `look` sees what every chunk leaves, see [`Recurrence::follow`].
    ///
    /// # Panics
    /// If the model reads rows both ways.
    pub fn follow(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        look: &mut dyn FnMut(ForwardChunk<'_, R>),
    ) {
        let n = batch.extent.positions() * self.spec.width();
        self.start(params, batch, state);
        self.y.grow(n);
        let input = input(self.embedding, &batch.inputs, &batch.numbers, &mut self.x);
        self.stack.follow(ctx, params, input, &batch.extent, state, &mut self.y[..n], look);
    }
}
