//! The encoder of an encoder–decoder: a stack with weights of its own, whose last state the decoder begins with.
//!
//! ```text
//! s_b = the encoder's state after row b's last step, all layers and parts
//! decoder: s_0 = s_{π(b)}          d_s_{π(b)} = ∂ℒ/∂s_0, row b
//! ```
//!
//! Encoder and decoder have rows of their own lengths, and each its rows longest first: row b of the decoder goes on from row
//! π(b) of the encoder. In training the decoder reads what it should have said (teacher forcing, a start symbol first); it
//! decodes freely by reading what it says.
//!
//! # References
//! Sutskever, Vinyals, Le, "Sequence to sequence learning with neural networks", NIPS 2014.

use super::input::{input, reader};
use super::{InputSpec, Model, ModelSpec, OutputSpec, StepInput};
use crate::batch::{Batch, Encoded};
use crate::bptt::dropout::Dropout;
use crate::bptt::{BackwardStep, ForwardChunk, Stack, State};
use crate::params::{Layout, Params};
use longspan_kernel::real::Real;
use longspan_kernel::{Buffer, Context, InstructionSet};

/// The encoder with its working memory.
pub(super) struct Encoder<R> {
    pub(super) stack: Stack<R>,
    embedding: Option<usize>,
    /// x `[positions, D]` where numbers are read.
    x: Buffer<R>,
    /// Outputs, which nothing reads, then the gradient by them, which is zero: `[positions, H]`.
    y: Buffer<R>,
    /// Of as many rows as the last batch: the last state, and the gradient by it.
    states: Option<[State<R>; 2]>,
}

impl<R: Real> Encoder<R> {
    /// Lays out the encoder's tensors, if the model has one.
    pub(super) fn of(isa: InstructionSet, spec: &ModelSpec, layout: &mut Layout) -> Option<Self> {
        let &ModelSpec { cell, hidden, layers, chunk, .. } = spec;
        let read: InputSpec = spec.encoder?;
        layout.set_scope("encoder.");
        let (embedding, width) = reader(read, layout);
        let stack = Stack::new(isa, cell, layers, width, hidden, chunk, layout);
        Some(Self { stack, embedding, x: Buffer::zeros(0), y: Buffer::zeros(0), states: None })
    }

    /// Reads from a zero state and writes the last one to `state`, in the decoder's order of rows. Backward can follow if it
    /// `learns`; `look` sees every chunk then.
    pub(super) fn forward(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        read: &Encoded,
        learns: bool,
        dropout: Option<Dropout>,
        state: &mut State<R>,
        look: &mut dyn FnMut(ForwardChunk<'_, R>),
    ) {
        let (extent, hidden) = (&read.extent, self.stack.hidden());
        assert_eq!(read.rows.len(), extent.rows(), "rows of the encoder");
        assert_eq!(state.rows(hidden), extent.rows(), "rows of the decoder");
        let n = extent.positions() * hidden;
        self.y.grow(n);
        let [last, _] = match &mut self.states {
            Some(states) if states[0].rows(hidden) == extent.rows() => states,
            states => states.insert([0; 2].map(|_| self.stack.zero_state(extent.rows()))),
        };
        last.clear();
        let (input, y) = (input(self.embedding, &read.inputs, &read.numbers, &mut self.x), &mut self.y[..n]);
        match learns {
            true => {
                let dropout = dropout.map(Dropout::of_encoder);
                self.stack.forward_seen(ctx, params, input, extent, last, dropout, y, look);
            }
            false => self.stack.outputs(ctx, params, input, extent, last, y),
        }
        exchange(&read.rows, hidden, last, state, |own, decoder| decoder.copy_from_slice(own));
    }

    /// Takes the gradient by the decoder's first state back through what was read last.
    pub(super) fn backward(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        read: &Encoded,
        d_state: &mut State<R>,
        grads: &mut Params<R>,
        observe: &mut dyn FnMut(BackwardStep<'_, R>),
    ) {
        let hidden = self.stack.hidden();
        let [_, d_last] = self.states.as_mut().expect("forward comes first");
        exchange(&read.rows, hidden, d_last, d_state, |own, decoder| own.copy_from_slice(decoder));
        let input = input(self.embedding, &read.inputs, &read.numbers, &mut self.x);
        let d_y = &mut self.y[..read.extent.positions() * hidden];
        d_y.fill(R::ZERO);
        self.stack.backward(ctx, params, input, d_y, d_last, grads, None, observe);
    }
}

/// Shows `meet` each row of the encoder's state beside that of the decoder which goes on from it.
fn exchange<R: Real>(
    rows: &[usize],
    hidden: usize,
    own: &mut State<R>,
    decoder: &mut State<R>,
    mut meet: impl FnMut(&mut [R], &mut [R]),
) {
    for layer in 0..own.layers() {
        let all = rows.len() * hidden;
        let parts = own.layer_mut(layer).chunks_mut(all).zip(decoder.layer_mut(layer).chunks_mut(all));
        for (own, decoder) in parts {
            for (&row, decoder) in rows.iter().zip(decoder.chunks_mut(hidden)) {
                meet(&mut own[row * hidden..][..hidden], decoder);
            }
        }
    }
}

impl<R: Real> Model<R> {
    /// Lets the encoder read, and writes its last state to `state`; without an encoder nothing happens.
    pub(super) fn encode(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
    ) {
        if let Some(encoder) = &mut self.encoder {
            encoder.forward(ctx, params, &batch.encoded, false, None, state, &mut |_| ());
        }
    }

    /// Greedy decoding: reads what the encoder reads and the tokens of the first step, then at each step the likeliest token of
    /// the one before. What it says at each place of the batch, whose other inputs and targets it does not see.
    ///
    /// # Panics
    /// If the model has no encoder, or does not predict the tokens that it reads.
    pub fn decode(&mut self, ctx: &Context<R>, params: &Params<R>, batch: &Batch) -> Vec<u32> {
        let (extent, spec) = (&batch.extent, &self.spec);
        let vocabulary = match (spec.encoder, spec.input, spec.output) {
            (Some(_), InputSpec::Tokens { vocabulary, .. }, OutputSpec::Classes { count, .. })
                if vocabulary == count =>
            {
                vocabulary
            }
            _ => panic!("nothing to decode with {spec:?}"),
        };
        let rows = extent.rows();
        let mut state = self.zero_state(rows);
        self.encode(ctx, params, batch, &mut state);
        let mut steps = self.steps_from(state);
        let mut tokens = batch.inputs[..rows].to_vec();
        let mut logits = vec![R::ZERO; rows * vocabulary];
        let mut said = Vec::with_capacity(extent.positions());
        for t in 0..extent.steps() {
            self.step(ctx, params, StepInput::Tokens(&tokens), &mut steps, &mut logits);
            for (token, logits) in tokens.iter_mut().zip(logits.chunks(vocabulary)) {
                *token = likeliest(logits);
            }
            // Rows that have ended go on unheard.
            said.extend_from_slice(&tokens[..extent.rows_at(t)]);
        }
        said
    }
}

/// The largest logit's token, the first of equal ones.
fn likeliest<R: Real>(logits: &[R]) -> u32 {
    let mut best = 0;
    for (token, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = token;
        }
    }
    best as u32
}
