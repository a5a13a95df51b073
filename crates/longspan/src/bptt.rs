//! Backpropagation through time for a stack of recurrent layers.
//!
//! Time is cut into chunks of a fixed number of steps. Forward runs all layers over a chunk before the next chunk; backward
//! goes from the last chunk to the first and adds to the weight gradients in that order. The chunk length is part of the
//! numerics: another one gives the same gradient up to rounding.
//!
//! Truncated BPTT is this over windows: the state after one window is the state before the next, and no gradient crosses.
//!
//! # References
//! Werbos, "Backpropagation through time: what it does and how to do it", Proc. IEEE 78, 1990.

use crate::cell::CellKind;
use crate::dropout::Dropout;
use crate::kernel::{Buffer, Context, Level};
use crate::layer::{Layer, Tape, Work};
use crate::matrix::{Mat, MatMut};
use crate::params::{Layout, Params};
use crate::real::Real;

/// Steps of a chunk unless told otherwise: long enough for full-speed products, short enough for the caches.
pub const CHUNK: usize = 128;

/// The recurrent state of all layers: per layer `[parts, B, H]`.
#[derive(Clone)]
pub struct State<R> {
    layers: Vec<Buffer<R>>,
    parts: usize,
}

impl<R: Real> State<R> {
    /// One layer's state `[parts, B, H]`; part 0 is h, part 1 of an LSTM is c.
    pub fn layer(&self, index: usize) -> &[R] {
        &self.layers[index]
    }

    /// As [`State::layer`], writable.
    pub fn layer_mut(&mut self, index: usize) -> &mut [R] {
        &mut self.layers[index]
    }

    /// Batch rows of a state of `hidden` units.
    pub fn rows(&self, hidden: usize) -> usize {
        self.layers[0].len() / (self.parts * hidden)
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Takes the numbers of another state of the same shape; allocates nothing.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn copy_from(&mut self, other: &Self) {
        assert_eq!(self.layers.len(), other.layers.len(), "layers of the states");
        self.layers.iter_mut().zip(&other.layers).for_each(|(to, from)| to.copy_from_slice(from));
    }

    /// Sets everything to zero.
    pub fn clear(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.fill(R::ZERO));
    }
}

/// The gradient that arrives at one layer and step, as backward passes it.
pub struct Flow<'a, R> {
    /// Layer, 0 at the bottom.
    pub layer: usize,
    /// Time step in the window.
    pub t: usize,
    /// ∂ℒ/∂h_t, complete: `[B, H]`.
    pub d_hidden: &'a [R],
}

/// A stack of recurrent layers of one kind.
pub struct Stack<R> {
    layers: Vec<Layer<R>>,
    input: usize,
    chunk: usize,
    /// `[chunk][layer]`.
    tapes: Vec<Vec<Tape<R>>>,
    /// `[chunk][layer]`: what the layer read where dropout stands below it, else empty.
    inputs: Vec<Vec<Buffer<R>>>,
    works: Vec<Work<R>>,
    steps: usize,
    rows: usize,
    dropout: Option<Dropout>,
}

impl<R: Real> Stack<R> {
    /// Adds the layers' tensors to the layout.
    ///
    /// # Panics
    /// If `layers`, `hidden` or `chunk` is 0.
    pub fn new(
        level: Level,
        kind: CellKind,
        layers: usize,
        input: usize,
        hidden: usize,
        chunk: usize,
        layout: &mut Layout,
    ) -> Self {
        assert!(layers > 0 && hidden > 0 && chunk > 0, "layers {layers}, hidden {hidden}, chunk {chunk}");
        let layers: Vec<_> = (0..layers)
            .map(|l| Layer::new(level, kind, l, if l == 0 { input } else { hidden }, hidden, layout))
            .collect();
        let works = layers.iter().map(Layer::work).collect();
        let (tapes, inputs) = (Vec::new(), Vec::new());
        Self { layers, input, chunk, tapes, inputs, works, steps: 0, rows: 0, dropout: None }
    }

    /// Layers L.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Units H.
    pub fn hidden(&self) -> usize {
        self.layers[0].hidden()
    }

    /// A zero state for `rows` batch rows.
    pub fn zero_state(&self, rows: usize) -> State<R> {
        let parts = self.layers[0].parts();
        let layers = self.layers.iter().map(|l| Buffer::zeros(parts * rows * l.hidden())).collect();
        State { layers, parts }
    }

    /// Takes the weights: packs them for the products of the next forward passes.
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.layers.iter_mut().for_each(|layer| layer.pack(ctx, params));
    }

    /// Runs `x` `[T, B, D]` through the stack, on the weights last packed, and writes the top layer's h_1 … h_T to `y`
    /// `[T, B, H]`. `state` goes in as the state before and comes out as the state after.
    ///
    /// `dropout` acts between the layers: layer l reads the outputs of the layer below through connection l.
    ///
    /// # Panics
    /// If a length does not fit T and B.
    pub fn forward(
        &mut self,
        ctx: &Context<R>,
        x: &[R],
        (steps, rows): (usize, usize),
        state: &mut State<R>,
        dropout: Option<Dropout>,
        y: &mut [R],
    ) {
        assert_eq!(x.len(), steps * rows * self.input, "x: [T, B, D] = [{steps}, {rows}, {}]", self.input);
        let hidden = self.hidden();
        assert_eq!(y.len(), steps * rows * hidden, "y: [T, B, H] = [{steps}, {rows}, {hidden}]");
        (self.steps, self.rows, self.dropout) = (steps, rows, dropout);
        for (c, first) in (0..steps).step_by(self.chunk).enumerate() {
            if c == self.tapes.len() {
                self.tapes.push(self.layers.iter().map(Layer::tape).collect());
                self.inputs.push(self.layers.iter().map(|_| Buffer::zeros(0)).collect());
            }
            let length = self.chunk.min(steps - first);
            let n = rows * hidden;
            for (l, layer) in self.layers.iter().enumerate() {
                let (below, from_here) = self.tapes[c].split_at_mut(l);
                let input = match (below.last(), dropout) {
                    (Some(tape), None) => tape.output(),
                    (Some(tape), Some(dropout)) => {
                        let masked = &mut self.inputs[c][l];
                        masked.grow(length * n);
                        masked[..length * n].copy_from_slice(&tape.output().data()[..length * n]);
                        dropout.apply(ctx, l, first, (rows, hidden), &mut masked[..length * n]);
                        Mat::new(&masked[..], length * rows, hidden)
                    }
                    (None, _) => chunk_of(x, first, length, rows, self.input),
                };
                let tape = &mut from_here[0];
                layer.forward(ctx, input, &state.layers[l], length, rows, tape);
                for part in 0..layer.parts() {
                    state.layers[l][part * n..][..n].copy_from_slice(tape.last(part));
                }
            }
            if let Some(top) = self.tapes[c].last() {
                y[first * n..][..length * n].copy_from_slice(&top.output().data()[..length * n]);
            }
        }
    }

    /// Runs the last forward pass backwards: adds to `grads`, overwrites `d_x` `[T, B, D]`, and turns `d_state` from the
    /// gradient by the state after into that by the state before.
    ///
    /// `observe` sees every (layer, step) once, the last chunk first, layers from the top, steps from the last; it gets
    /// read-only views and cannot change a bit of the result.
    ///
    /// # Panics
    /// If a length does not fit the last forward pass.
    pub fn backward(
        &mut self,
        ctx: &Context<R>,
        x: &[R],
        d_y: &[R],
        d_state: &mut State<R>,
        grads: &mut Params<R>,
        d_x: &mut [R],
        observe: &mut dyn FnMut(Flow<'_, R>),
    ) {
        let (steps, rows, hidden) = (self.steps, self.rows, self.hidden());
        assert_eq!(d_y.len(), steps * rows * hidden, "d_y: [T, B, H] = [{steps}, {rows}, {hidden}]");
        assert_eq!((x.len(), d_x.len()), (steps * rows * self.input, x.len()), "x and d_x: [T, B, D]");
        for c in (0..steps.div_ceil(self.chunk)).rev() {
            let first = c * self.chunk;
            let length = self.chunk.min(steps - first);
            let top = self.layers.len() - 1;
            let from_above = self.layers[top].d_h(&mut self.works[top], &self.tapes[c][top]);
            from_above.copy_from_slice(&d_y[first * rows * hidden..][..length * rows * hidden]);
            for (l, layer) in self.layers.iter().enumerate().rev() {
                let (below, from_here) = self.tapes[c].split_at_mut(l);
                let (works_below, works) = self.works.split_at_mut(l);
                let (tape, work) = (&mut from_here[0], &mut works[0]);
                let (input, d_input) = match (below.last(), works_below.last_mut()) {
                    (Some(tape_below), Some(work_below)) => {
                        let d_input = self.layers[l - 1].d_h(work_below, tape_below);
                        let input = match self.dropout {
                            None => tape_below.output(),
                            Some(_) => Mat::new(&self.inputs[c][l][..], length * rows, hidden),
                        };
                        (input, MatMut::new(d_input, length * rows, hidden))
                    }
                    _ => {
                        let d_input = &mut d_x[first * rows * self.input..][..length * rows * self.input];
                        (
                            chunk_of(x, first, length, rows, self.input),
                            MatMut::new(d_input, length * rows, self.input),
                        )
                    }
                };
                layer.backward(ctx, input, tape, work, &mut d_state.layers[l], grads, Some(d_input));
                if let (Some(dropout), Some(tape_below), Some(work_below)) =
                    (self.dropout, below.last(), works_below.last_mut())
                {
                    let d_output = self.layers[l - 1].d_h(work_below, tape_below);
                    dropout.apply(ctx, l, first, (rows, hidden), d_output);
                }
                for t in (0..length).rev() {
                    observe(Flow { layer: l, t: first + t, d_hidden: work.d_hidden(tape, t) });
                }
            }
        }
    }
}

fn chunk_of<R>(x: &[R], first: usize, length: usize, rows: usize, width: usize) -> Mat<'_, R> {
    Mat::new(&x[first * rows * width..][..length * rows * width], length * rows, width)
}
