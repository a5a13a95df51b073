//! The encoder of an encoder–decoder: a stack with its own weights, whose last state is the decoder's initial
//! state.
//!
//! ```text
//! s_b = the encoder's state after row b's last step, all layers and parts
//! decoder: s_0 = s_{π(b)}          d_s_{π(b)} = ∂ℒ/∂s_0, row b
//! ```
//!
//! Encoder and decoder rows have different lengths, and both are sorted, longest first: row b of the decoder
//! starts from row π(b) of the encoder. In training the decoder reads the correct output, after a start
//! symbol (teacher forcing). It decodes freely by reading its own output, see
//! [`Model::decode`](super::Model::decode).
//!
//! # References
//! Sutskever, Vinyals, Le, "Sequence to sequence learning with neural networks", NIPS 2014.

use super::input::{input, reader, take_numbers};
use super::spec::{InputSpec, ModelSpec};
use crate::batch::Encoded;
use crate::bptt::dropout::Dropout;
use crate::bptt::{Keep, Part, Pass, Stack, State, Window};
use crate::cell::Real;
use crate::params::{Layout, Params};
use longspan_kernel::{Buffer, InstructionSet};

/// An encoder with its working memory.
pub(super) struct Encoder<R> {
    pub(super) stack: Stack<R>,
    embedding: Option<usize>,
    /// x `[positions, D]` if the encoder reads numbers.
    x: Buffer<R>,
    /// Outputs, which nothing reads, then the gradient with respect to them, which is zero: `[positions, H]`.
    y: Buffer<R>,
    /// The last state and the gradient with respect to it, for as many rows as the last batch has.
    states: Option<[State<R>; 2]>,
}

impl<R: Real> Encoder<R> {
    /// Lays out the encoder's tensors, if the model has an encoder.
    pub(super) fn of(isa: InstructionSet, spec: &ModelSpec, layout: &mut Layout) -> Option<Self> {
        let &ModelSpec { cell, hidden, layers, chunk, .. } = spec;
        let read: InputSpec = spec.encoder?;
        layout.set_scope("encoder.");
        let (embedding, width) = reader(read, layout);
        let stack = Stack::new(isa, cell, layers, width, hidden, chunk, layout);
        Some(Self { stack, embedding, x: Buffer::zeros(0), y: Buffer::zeros(0), states: None })
    }

    /// Runs from a zero state and writes the last state to `state`, in the decoder's order of rows.
    pub(super) fn forward(
        &mut self,
        pass: &mut Pass<'_, R>,
        read: &Encoded,
        keep: Keep,
        state: &mut State<R>,
    ) {
        let (shape, hidden) = (&read.shape, self.stack.hidden());
        assert_eq!(read.rows.len(), shape.rows(), "rows of the encoder");
        assert_eq!(state.rows(hidden), shape.rows(), "rows of the decoder");
        let n = shape.positions() * hidden;
        self.y.grow(n);
        let [last, _] = match &mut self.states {
            Some(states) if states[0].rows(hidden) == shape.rows() => states,
            states => states.insert([0; 2].map(|_| self.stack.zero_state(shape.rows()))),
        };
        last.clear();
        take_numbers(self.embedding, &read.numbers, &mut self.x);
        let window =
            Window { shape, input: input(self.embedding, &read.inputs, read.numbers.len(), &self.x) };
        self.stack.forward(&mut of_encoder(pass), window, keep, last, &mut self.y[..n]);
        exchange(&read.rows, hidden, last, state, |own, decoder| decoder.copy_from_slice(own));
    }

    /// Propagates the gradient with respect to the decoder's initial state back through the last forward
    /// pass; without `grads` through the states only.
    pub(super) fn backward(
        &mut self,
        pass: &mut Pass<'_, R>,
        read: &Encoded,
        d_state: &mut State<R>,
        grads: Option<&mut Params<R>>,
    ) {
        let (shape, hidden) = (&read.shape, self.stack.hidden());
        let [_, d_last] = self.states.as_mut().expect("backward needs a forward pass first");
        exchange(&read.rows, hidden, d_last, d_state, |own, decoder| own.copy_from_slice(decoder));
        let window =
            Window { shape, input: input(self.embedding, &read.inputs, read.numbers.len(), &self.x) };
        let d_y = &mut self.y[..shape.positions() * hidden];
        d_y.fill(R::ZERO);
        self.stack.run_backward(&mut of_encoder(pass), window, d_y, d_last, grads, None);
    }
}

/// The encoder's part of a pass, with its own dropout masks.
fn of_encoder<'b, R: Real>(pass: &'b mut Pass<'_, R>) -> Pass<'b, R> {
    let dropout = pass.dropout.map(Dropout::of_encoder);
    pass.through(Part { encoder: true, ..Part::default() }, dropout)
}

/// Calls `visit` with each row of the encoder's state and the row of the decoder's state that starts from it.
fn exchange<R: Real>(
    rows: &[usize],
    hidden: usize,
    own: &mut State<R>,
    decoder: &mut State<R>,
    mut visit: impl FnMut(&mut [R], &mut [R]),
) {
    for layer in 0..own.layers() {
        let all = rows.len() * hidden;
        let parts = own.layer_mut(layer).chunks_mut(all).zip(decoder.layer_mut(layer).chunks_mut(all));
        for (own, decoder) in parts {
            for (&row, decoder) in rows.iter().zip(decoder.chunks_mut(hidden)) {
                visit(&mut own[row * hidden..][..hidden], decoder);
            }
        }
    }
}
