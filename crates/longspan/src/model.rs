//! A language model: embedding, recurrent stack, head; dropout on the connections between them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bptt::{Flow, Input, MemoryError, Plan, Stack, State, chunk_for};
use crate::cell::CellKind;
use crate::data::Batch;
use crate::dropout::Dropout;
use crate::extent::Extent;
use crate::head::{Head, Score};
use crate::kernel::{Buffer, Context, Level};
use crate::params::{Group, Layout, Params};
use crate::real::Real;

/// Everything that a model's tensors and arithmetic follow from; a checkpoint holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// The cell of every layer.
    pub cell: CellKind,
    /// Tokens V.
    pub vocabulary: usize,
    /// Width E of the embedding.
    pub embedding: usize,
    /// Units H of every layer.
    pub hidden: usize,
    /// Layers L.
    pub layers: usize,
    /// Whether the head's weight is the embedding; E = H then.
    pub tied: bool,
    /// Steps of a chunk: part of the numerics.
    pub chunk: usize,
}

impl ModelSpec {
    /// A model without tying and with the chunk of a single row.
    pub fn new(cell: CellKind, vocabulary: usize, embedding: usize, hidden: usize, layers: usize) -> Self {
        Self { cell, vocabulary, embedding, hidden, layers, tied: false, chunk: chunk_for(1) }
    }
}

/// The model with its working memory; the weights are the caller's.
pub struct Model<R> {
    spec: ModelSpec,
    layout: Arc<Layout>,
    embedding: usize,
    stack: Stack<R>,
    head: Head<R>,
    /// What the head reads, and in a training pass the gradient by it: `[T, B, H]`.
    y: Buffer<R>,
    d_state: Option<State<R>>,
}

impl<R: Real> Model<R> {
    /// Lays out the tensors: `embedding.weight` `[V, E]`, the stack's `rnn.*`, `head.weight` `[V, H]` unless tied, and
    /// `head.bias` `[V]`.
    ///
    /// # Panics
    /// If a size is 0, or tied sizes differ.
    pub fn new(level: Level, spec: &ModelSpec) -> Self {
        let &ModelSpec { cell, vocabulary, embedding: width, hidden, layers, tied, chunk } = spec;
        assert!(vocabulary > 0 && width > 0, "{vocabulary} tokens of width {width}");
        assert!(!tied || width == hidden, "tied weights need E = H, not {width} and {hidden}");
        let mut layout = Layout::default();
        let embedding = layout.push("embedding.weight", &[vocabulary, width], Group::Embedding);
        let stack = Stack::new(level, cell, layers, width, hidden, chunk, &mut layout);
        let weight =
            if tied { embedding } else { layout.push("head.weight", &[vocabulary, hidden], Group::Head) };
        let bias = layout.push("head.bias", &[vocabulary], Group::Bias);
        Self {
            spec: spec.clone(),
            layout: Arc::new(layout),
            embedding,
            stack,
            head: Head::new(level, weight, bias, hidden, vocabulary),
            y: Buffer::zeros(0),
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
        self.head.forget();
    }

    /// Scores a batch; `state` goes in as the state before and comes out as the state after.
    pub fn evaluate(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
    ) -> Score {
        self.outputs(ctx, params, &batch.inputs, &batch.extent, state);
        let n = batch.inputs.len() * self.spec.hidden;
        self.head.score(ctx, params, &self.y[..n], &batch.targets)
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
        let (input, y) = (Input::Rows(self.embedding, &batch.inputs), &mut self.y[..n]);
        self.stack.forward(ctx, params, input, extent, state, dropout, y);
        if let Some(dropout) = dropout {
            dropout.apply(ctx, layers, extent.whole(), hidden, y);
        }
        // What the head has read is overwritten by the gradient by it.
        let d_y = y;
        let score = self.head.score_and_differentiate(ctx, params, d_y, &batch.targets, grads);
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
    /// If a length does not fit the rows of the state.
    pub fn step(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        tokens: &[u32],
        state: &mut State<R>,
        logits: &mut [R],
    ) {
        self.outputs(ctx, params, tokens, &Extent::even(1, tokens.len()), state);
        self.head.logits(ctx, params, &self.y[..tokens.len() * self.spec.hidden], logits);
    }

    /// Embedding and stack; leaves the top layer's outputs in `y`, and nothing for backward.
    fn outputs(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        tokens: &[u32],
        extent: &Extent,
        state: &mut State<R>,
    ) {
        let n = tokens.len() * self.spec.hidden;
        self.y.grow(n);
        let input = Input::Rows(self.embedding, tokens);
        self.stack.outputs(ctx, params, input, extent, state, &mut self.y[..n]);
    }
}
