//! A model: what it reads, the recurrent stack, what it predicts; dropout on the connections between them.
//!
//! A language model reads tokens through an embedding and predicts classes at every step; a classifier predicts one at a
//! row's last step, or from the mean of all; a forecaster reads numbers and predicts numbers. Which places are scored is the
//! batch's affair.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bptt::{Flow, Input, MemoryError, Passage, Plan, Stack, State, chunk_for};
use crate::cell::CellKind;
use crate::data::Batch;
use crate::dropout::Dropout;
use crate::extent::Extent;
use crate::head::{Classes, Score, Unit, ValueLoss, Values};
use crate::kernel::{Buffer, Context, Level};
use crate::params::{Group, Layout, Params};
use crate::pool::{self, Pool};
use crate::real::Real;

/// What a model reads at each place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputSpec {
    /// One of V tokens, as a row of an embedding of width E.
    Tokens {
        /// V.
        vocabulary: usize,
        /// E.
        embedding: usize,
    },
    /// D numbers.
    Numbers {
        /// D.
        width: usize,
    },
}

/// What a model predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputSpec {
    /// One of some classes.
    Classes {
        /// How many.
        count: usize,
        /// Whether the readout's weight is the embedding; E = H then, and the classes are the tokens.
        tied: bool,
    },
    /// Numbers.
    Values {
        /// How many, K.
        width: usize,
        /// How wrong one is.
        loss: ValueLoss,
    },
}

impl OutputSpec {
    /// Numbers that come out of a place: logits of classes, or values.
    pub fn width(self) -> usize {
        match self {
            Self::Classes { count, .. } => count,
            Self::Values { width, .. } => width,
        }
    }

    /// What the loss is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Self::Classes { .. } => Unit::Nats,
            Self::Values { loss, .. } => loss.unit(),
        }
    }
}

/// Everything that a model's tensors and arithmetic follow from; a checkpoint holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// The cell of every layer.
    pub cell: CellKind,
    /// What is read.
    pub input: InputSpec,
    /// Units H of every layer.
    pub hidden: usize,
    /// Layers L.
    pub layers: usize,
    /// What is predicted.
    pub output: OutputSpec,
    /// What of a row it is predicted from.
    pub pool: Pool,
    /// Steps of a chunk: part of the numerics.
    pub chunk: usize,
}

impl ModelSpec {
    /// A model of numbers with the chunk of a single row.
    pub fn new(cell: CellKind, input: InputSpec, hidden: usize, layers: usize, output: OutputSpec) -> Self {
        Self { cell, input, hidden, layers, output, pool: Pool::Steps, chunk: chunk_for(1) }
    }

    /// A language model without tying: it predicts what it reads.
    pub fn language(
        cell: CellKind,
        vocabulary: usize,
        embedding: usize,
        hidden: usize,
        layers: usize,
    ) -> Self {
        let output = OutputSpec::Classes { count: vocabulary, tied: false };
        Self::new(cell, InputSpec::Tokens { vocabulary, embedding }, hidden, layers, output)
    }

    /// Whether it predicts what it reads, so that it can score text and write it.
    pub fn is_language(&self) -> bool {
        match (self.input, self.output) {
            (InputSpec::Tokens { vocabulary, .. }, OutputSpec::Classes { count, .. }) => vocabulary == count,
            _ => false,
        }
    }

    /// The same with its classes' weight tied to the embedding, or not.
    pub fn tied(mut self, yes: bool) -> Self {
        if let OutputSpec::Classes { tied, .. } = &mut self.output {
            *tied = yes;
        }
        self
    }
}

/// What predicts.
enum Readout<R> {
    Classes(Box<Classes<R>>),
    Values(Box<Values<R>>),
}

/// The model with its working memory; the weights are the caller's.
pub struct Model<R> {
    spec: ModelSpec,
    layout: Arc<Layout>,
    /// Index of the embedding, where tokens are read.
    embedding: Option<usize>,
    stack: Stack<R>,
    readout: Readout<R>,
    /// x `[places, D]` where numbers are read.
    x: Buffer<R>,
    /// What is read out of, and in a training pass the gradient by it: `[places, H]`.
    y: Buffer<R>,
    /// The same of rows' means, `[B, H]`.
    pooled: Buffer<R>,
    d_state: Option<State<R>>,
}

impl<R: Real> Model<R> {
    /// Lays out the tensors: `embedding.weight` `[V, E]` where tokens are read, the stack's `rnn.*`, `head.weight` `[K, H]`
    /// unless tied, and `head.bias` `[K]`.
    ///
    /// # Panics
    /// If a size is 0, or tied sizes differ.
    pub fn new(level: Level, spec: &ModelSpec) -> Self {
        let &ModelSpec { cell, input, hidden, layers, output, chunk, .. } = spec;
        let mut layout = Layout::default();
        let (embedding, width) = match input {
            InputSpec::Tokens { vocabulary, embedding: width } => {
                assert!(vocabulary > 0 && width > 0, "{vocabulary} tokens of width {width}");
                let shape = [vocabulary, width];
                (Some(layout.push("embedding.weight", &shape, Group::Embedding)), width)
            }
            InputSpec::Numbers { width } => {
                assert!(width > 0, "inputs of no number");
                (None, width)
            }
        };
        let stack = Stack::new(level, cell, layers, width, hidden, chunk, &mut layout);
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
                Readout::Classes(Box::new(Classes::new(level, weight, bias, hidden, count)))
            }
            OutputSpec::Values { width, loss } => {
                let (weight, bias) = head(width, None);
                Readout::Values(Box::new(Values::new(level, weight, bias, hidden, width, loss)))
            }
        };
        let nothing = || Buffer::zeros(0);
        Self {
            spec: spec.clone(),
            layout: Arc::new(layout),
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

    /// Limits the memory for what [`Model::train`] keeps of a window for its backward pass; changes no bit.
    pub fn limit_memory(&mut self, limit: Option<usize>) {
        self.stack.limit_memory(limit);
    }

    /// How a window of `steps` steps and `rows` rows is kept in at most `limit` bytes, see [`Stack::plan`].
    ///
    /// # Errors
    /// If the limit is below the least that is possible.
    pub fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        self.stack.plan(steps, rows, limit)
    }

    /// Takes the weights for the next passes. Each pass below uses those last packed.
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.stack.pack(ctx, params);
        match &mut self.readout {
            Readout::Classes(classes) => classes.forget(),
            Readout::Values(values) => values.forget(),
        }
    }

    /// Scores a batch; `state` goes in as the state before and comes out as the state after.
    pub fn evaluate(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
    ) -> Score {
        self.outputs(ctx, params, batch, state);
        let h = seen(ctx, &self.spec, &batch.extent, &self.y, &mut self.pooled);
        match &mut self.readout {
            Readout::Classes(classes) => classes.score(ctx, params, h, &batch.targets),
            Readout::Values(values) => {
                values.score(ctx, params, h, &batch.values.places, &batch.values.targets)
            }
        }
    }

    /// What comes out at some places, or rows where the readout sees a mean: logits of classes or of labels, or values,
    /// `[places, K]`. `state` goes in as the state before and comes out as the state after.
    ///
    /// # Panics
    /// If there is no such place.
    pub fn predict(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        places: &[u32],
        out: &mut Vec<R>,
    ) {
        self.outputs(ctx, params, batch, state);
        let hidden = self.spec.hidden;
        let h = seen(ctx, &self.spec, &batch.extent, &self.y, &mut self.pooled);
        let read: Vec<R> =
            places.iter().flat_map(|&place| &h[place as usize * hidden..][..hidden]).copied().collect();
        out.clear();
        out.resize(places.len() * self.spec.output.width(), R::ZERO);
        match &mut self.readout {
            Readout::Classes(classes) => classes.logits(ctx, params, &read, out),
            Readout::Values(values) => values.outputs(ctx, params, &read, out),
        }
    }

    /// Scores a batch and adds the gradient of its mean loss to `grads`; no gradient arrives from after the window.
    /// `observe` sees ∂ℒ/∂h_t of every (layer, step), see [`Stack::backward`].
    pub fn train(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        dropout: Option<Dropout>,
        grads: &mut Params<R>,
        observe: &mut dyn FnMut(Flow<'_, R>),
    ) -> Score {
        let (extent, hidden, layers) = (&batch.extent, self.spec.hidden, self.spec.layers);
        let n = extent.places() * hidden;
        self.y.grow(n);
        let input = input(self.embedding, batch, &mut self.x);
        let y = &mut self.y[..n];
        self.stack.forward(ctx, params, input, extent, state, dropout, y);
        if let Some(dropout) = dropout {
            dropout.apply(ctx, layers, extent.whole(), hidden, y);
        }
        // What the readout has read is overwritten by the gradient by it.
        let h = match self.spec.pool {
            Pool::Steps => &mut *y,
            Pool::Mean => {
                self.pooled.grow(extent.rows() * hidden);
                let pooled = &mut self.pooled[..extent.rows() * hidden];
                pool::mean(ctx, extent, y, hidden, pooled);
                pooled
            }
        };
        let score = match &mut self.readout {
            Readout::Classes(classes) => {
                classes.score_and_differentiate(ctx, params, h, &batch.targets, grads)
            }
            Readout::Values(values) => {
                let (places, targets) = (&batch.values.places, &batch.values.targets);
                values.score_and_differentiate(ctx, params, h, places, targets, grads)
            }
        };
        let d_y = y;
        if self.spec.pool == Pool::Mean {
            pool::mean_back(ctx, extent, &self.pooled[..extent.rows() * hidden], hidden, d_y);
        }
        if let Some(dropout) = dropout {
            dropout.apply(ctx, layers, extent.whole(), hidden, d_y);
        }
        let d_state = match &mut self.d_state {
            Some(d_state) if d_state.rows(hidden) == extent.rows() => {
                d_state.clear();
                d_state
            }
            d_state => d_state.insert(self.stack.zero_state(extent.rows())),
        };
        self.stack.backward(ctx, params, input, d_y, d_state, grads, None, observe);
        score
    }

    /// ∂ℒ/∂s_0 of the last [`Model::train`]: the gradient by the state before the window.
    pub fn d_state(&self) -> Option<&State<R>> {
        self.d_state.as_ref()
    }

    /// Reads one token per row and writes the logits of the next ones, `[rows, V]`.
    ///
    /// # Panics
    /// If a length does not fit the rows of the state, or the model does not read tokens and predict classes.
    pub fn step(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        tokens: &[u32],
        state: &mut State<R>,
        logits: &mut [R],
    ) {
        let (Some(embedding), Readout::Classes(classes)) = (self.embedding, &mut self.readout) else {
            panic!("a step of tokens through {:?}", self.spec);
        };
        let n = tokens.len() * self.spec.hidden;
        self.y.grow(n);
        let (extent, y) = (Extent::even(1, tokens.len()), &mut self.y[..n]);
        self.stack.outputs(ctx, params, Input::Rows(embedding, tokens), &extent, state, y);
        classes.logits(ctx, params, y, logits);
    }

    /// Runs a batch through the stack alone; `look` sees what every chunk leaves, see [`Stack::follow`].
    pub fn follow(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        look: &mut dyn FnMut(Passage<'_, R>),
    ) {
        let n = batch.extent.places() * self.spec.hidden;
        self.y.grow(n);
        let input = input(self.embedding, batch, &mut self.x);
        self.stack.follow(ctx, params, input, &batch.extent, state, &mut self.y[..n], look);
    }

    /// Input and stack; leaves the top layer's outputs in `y`, and nothing for backward.
    fn outputs(&mut self, ctx: &Context<R>, params: &Params<R>, batch: &Batch, state: &mut State<R>) {
        self.follow(ctx, params, batch, state, &mut |_| ());
    }
}

/// What the readout sees of the outputs `y`: these, or their means.
fn seen<'a, R: Real>(
    ctx: &Context<R>,
    spec: &ModelSpec,
    extent: &Extent,
    y: &'a [R],
    pooled: &'a mut Buffer<R>,
) -> &'a [R] {
    let (hidden, y) = (spec.hidden, &y[..extent.places() * spec.hidden]);
    match spec.pool {
        Pool::Steps => y,
        Pool::Mean => {
            pooled.grow(extent.rows() * hidden);
            let pooled = &mut pooled[..extent.rows() * hidden];
            pool::mean(ctx, extent, y, hidden, pooled);
            pooled
        }
    }
}

/// What the stack reads of a batch.
fn input<'a, R: Real>(embedding: Option<usize>, batch: &'a Batch, x: &'a mut Buffer<R>) -> Input<'a, R> {
    match embedding {
        Some(embedding) => Input::Rows(embedding, &batch.inputs),
        None => {
            x.grow(batch.numbers.len());
            let x = &mut x[..batch.numbers.len()];
            x.iter_mut().zip(&batch.numbers).for_each(|(x, &number)| *x = R::from_f64(f64::from(number)));
            Input::Numbers(x)
        }
    }
}
