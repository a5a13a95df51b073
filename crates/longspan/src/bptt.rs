//! Backpropagation through time for a stack of recurrent layers.
//!
//! Time is cut into chunks of a fixed number of steps. Forward runs all layers over a chunk before the next chunk; backward
//! goes from the last chunk to the first and adds to the weight gradients in that order. The chunk length is part of the
//! numerics: another one gives the same gradient up to rounding.
//!
//! Of a chunk only the tape (the gates) and the state before it are kept; its states are made anew from these when backward
//! comes to it. Under a memory limit ([`Plan`]) even the tape is made anew, by the same pass over the same chunk: no limit
//! changes a bit.
//!
//! Truncated BPTT is this over windows: the state after one window is the state before the next, and no gradient crosses.
//!
//! # References
//! Werbos, "Backpropagation through time: what it does and how to do it", Proc. IEEE 78, 1990. Recomputation: Gruslys et al.,
//! "Memory-efficient backpropagation through time", NIPS 2016.

mod backward_step;
mod bidirectional;
mod connection;
pub mod dropout;
mod forward_chunk;
mod input;
pub mod layer;
mod learned;
mod norm;
mod plan;
mod recurrence;
mod state;

pub use backward_step::BackwardStep;
use connection::{Connections, add};
pub use forward_chunk::ForwardChunk;
pub use input::Input;
use input::Reader;
pub use plan::{MemoryError, Plan};
pub use recurrence::{Recurrence, RecurrenceSpec};
pub use state::State;

use crate::bptt::dropout::Dropout;
use crate::bptt::layer::{Below, FaultInjection, Layer, LayerStates, Source, Tape, Work};
use crate::cell::CellKind;
use crate::params::{Layout, Params};
use longspan_kernel::matrix::MatMut;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::real::Real;
use longspan_kernel::{Buffer, Context, InstructionSet};

/// Steps of a chunk for a batch of `rows` rows, unless told otherwise: as many as give the products of a chunk half a thousand
/// rows, so that what the recurrence leaves is still in the caches when they read it.
pub fn chunk_for(rows: usize) -> usize {
    (512 / rows.max(1)).clamp(8, 128)
}

/// What is kept of a chunk.
struct Kept<R> {
    /// The chunk whose tapes these are.
    chunk: usize,
    /// One for each layer.
    layers: Vec<Tape<R>>,
}

/// A stack of recurrent layers of one kind.
pub struct Stack<R> {
    layers: Vec<Layer<R>>,
    chunk: usize,
    reader: Reader<R>,
    plan: Plan,
    /// The tapes that the plan has room for.
    tapes: Vec<Kept<R>>,
    /// `[chunk][layer]`: the state before the chunk, `[parts, B, H]`.
    before: Vec<Vec<Buffer<R>>>,
    spans: Vec<LayerStates<R>>,
    /// The chunk whose states are in the spans.
    at_hand: usize,
    connections: Connections<R>,
    /// What a layer reads where it is not just what the one below puts out.
    read: Buffer<R>,
    /// r_l of the chunk at hand, at index l, where it is a sum.
    sums: Vec<Buffer<R>>,
    /// The gradient by the sum that backward has come to.
    d_sum: Buffer<R>,
    work: Work<R>,
    /// Bytes that tapes may take.
    limit: Option<usize>,
    extent: PackedShape,
    dropout: Option<Dropout>,
}

impl<R: Real> Stack<R> {
    /// Adds the layers' tensors to the layout.
    ///
    /// # Panics
    /// If `layers`, `hidden` or `chunk` is 0.
    pub fn new(
        isa: InstructionSet,
        kind: CellKind,
        layers: usize,
        input: usize,
        hidden: usize,
        chunk: usize,
        layout: &mut Layout,
    ) -> Self {
        assert!(layers > 0 && hidden > 0 && chunk > 0, "layers {layers}, hidden {hidden}, chunk {chunk}");
        let layers = (0..layers)
            .map(|l| {
                let input = if l == 0 { input } else { hidden };
                Layer::new(isa, kind, &format!("l{l}"), input, hidden, layout)
            })
            .collect();
        Self::of(layers, input, chunk, Connections::plain())
    }

    /// A stack of these layers.
    fn of(layers: Vec<Layer<R>>, input: usize, chunk: usize, connections: Connections<R>) -> Self {
        Self {
            chunk,
            reader: Reader::new(input),
            plan: Plan::default(),
            tapes: Vec::new(),
            before: Vec::new(),
            spans: layers.iter().map(Layer::span).collect(),
            at_hand: 0,
            connections,
            read: Buffer::zeros(0),
            sums: (0..=layers.len()).map(|_| Buffer::zeros(0)).collect(),
            d_sum: Buffer::zeros(0),
            work: layers[0].work(),
            limit: None,
            extent: PackedShape::default(),
            dropout: None,
            layers,
        }
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

    /// How a window of `steps` steps and `rows` rows is kept for backward in at most `limit` bytes; None for all of it.
    ///
    /// # Errors
    /// If the limit is below the least that one chunk needs.
    pub fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        let layers = self.layers.iter();
        let tape = layers.clone().map(|l| l.tape_width() * rows * size_of::<R>()).sum();
        let state = layers.map(|l| l.parts() * l.hidden() * rows * size_of::<R>()).sum();
        Plan::new(steps, self.chunk, tape, state, 0, limit)
    }

    /// Limits the memory for what forward leaves for backward, see [`Stack::plan`]; for windows of any size from now on.
    pub fn limit_memory(&mut self, limit: Option<usize>) {
        self.limit = limit;
    }

    /// Takes the weights: packs them for the products of the next forward passes.
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.layers.iter_mut().for_each(|layer| layer.pack_forward(ctx, params));
        self.reader.forget();
    }

    /// Runs `input` through the stack, on the weights last packed, and writes the top layer's h_t to `y` `[positions, H]`.
    /// `state` goes in as the state before and comes out as the state after each row's last step.
    ///
    /// `dropout` acts on what the layers read: layer l through connection l, layer 0 only where it reads rows of a table.
    ///
    /// # Panics
    /// If a length does not fit the extent, or the memory limit is below the least that a chunk needs.
    pub fn forward(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        input: Input<'_, R>,
        extent: &PackedShape,
        state: &mut State<R>,
        dropout: Option<Dropout>,
        y: &mut [R],
    ) {
        self.forward_seen(ctx, params, input, extent, state, dropout, y, &mut |_| ());
    }

    /// As [`Stack::forward`]; `look` sees what every chunk leaves, one after the other.
    ///
    /// # Panics
    /// As [`Stack::forward`].
    pub fn forward_seen(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        input: Input<'_, R>,
        extent: &PackedShape,
        state: &mut State<R>,
        dropout: Option<Dropout>,
        y: &mut [R],
        look: &mut dyn FnMut(ForwardChunk<'_, R>),
    ) {
        let plan =
            self.plan(extent.steps(), extent.rows(), self.limit).unwrap_or_else(|error| panic!("{error}"));
        self.run(ctx, params, input, (plan, extent), state, dropout, y, look);
    }

    /// Plants a bad value into the passes from now on, see [`FaultInjection`]; None takes it away.
    pub fn inject_fault(&mut self, plant: Option<FaultInjection>) {
        for (l, layer) in self.layers.iter_mut().enumerate() {
            layer.inject_fault(plant.filter(|plant| plant.layer == l));
        }
    }

    /// As [`Stack::forward`] without dropout, to the same bits, where backward does not follow: in the memory of one chunk.
    ///
    /// # Panics
    /// If a length does not fit the extent.
    pub fn outputs(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        input: Input<'_, R>,
        extent: &PackedShape,
        state: &mut State<R>,
        y: &mut [R],
    ) {
        self.follow(ctx, params, input, extent, state, y, &mut |_| ());
    }

    /// As [`Stack::outputs`]; `look` sees what every chunk leaves, one after the other.
    ///
    /// # Panics
    /// If a length does not fit the extent.
    pub fn follow(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        input: Input<'_, R>,
        extent: &PackedShape,
        state: &mut State<R>,
        y: &mut [R],
        look: &mut dyn FnMut(ForwardChunk<'_, R>),
    ) {
        let plan = self.plan(extent.steps(), extent.rows(), None).unwrap_or_else(|error| panic!("{error}"));
        self.run(ctx, params, input, (plan.without_backward(), extent), state, None, y, look);
    }

    /// Forward, keeping what the plan says.
    fn run(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        input: Input<'_, R>,
        (plan, extent): (Plan, &PackedShape),
        state: &mut State<R>,
        dropout: Option<Dropout>,
        y: &mut [R],
        look: &mut dyn FnMut(ForwardChunk<'_, R>),
    ) {
        let hidden = self.hidden();
        self.reader.check(input, extent.positions());
        assert_eq!(y.len(), extent.positions() * hidden, "y: {} places of {hidden}", extent.positions());
        let all = extent.rows() * hidden;
        assert_eq!(state.rows(hidden), extent.rows(), "rows of the state");
        (self.plan, self.dropout) = (plan, dropout);
        self.extent.copy_from(extent);
        while self.tapes.len() < self.plan.kept() {
            self.tapes.push(Kept { chunk: 0, layers: self.layers.iter().map(Layer::tape).collect() });
        }
        while self.before.len() < self.plan.states() {
            self.before.push(self.layers.iter().map(|_| Buffer::zeros(0)).collect());
        }
        self.reader.project(ctx, params, &self.layers[0], input, dropout.is_some());
        for c in 0..self.plan.chunks() {
            for (before, state) in self.before[self.plan.state_of(c)].iter_mut().zip(&state.layers) {
                before.grow(state.len());
                before[..state.len()].copy_from_slice(state);
            }
            self.run_chunk(ctx, params, input, extent, c);
            let (first, steps) = self.plan.bounds(c);
            let cut = extent.time_slice(first, steps);
            for (l, span) in self.spans.iter().enumerate() {
                for part in 0..self.layers[l].parts() {
                    span.copy_last(cut, part, &mut state.layers[l][part * all..][..all]);
                }
            }
            let (top, len) = (self.layers.len(), cut.positions() * hidden);
            let arrives = self.connections.arrives(top, self.spans[top - 1].output(), &self.sums);
            let out = self.connections.read(ctx, params, None, top, cut, arrives, &mut self.read);
            y[cut.first_place() * hidden..][..len].copy_from_slice(&out.data()[..len]);
            let tapes = &mut self.tapes[self.plan.tape_of(c)].layers;
            look(ForwardChunk {
                layers: &self.layers,
                tapes,
                spans: &mut self.spans,
                connections: &self.connections,
                sums: &self.sums,
                params,
                cut,
                first: 0,
            });
        }
    }

    /// Runs all layers over one chunk from the state before it; forward does it, and backward again for what was not kept.
    fn run_chunk(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        input: Input<'_, R>,
        extent: &PackedShape,
        c: usize,
    ) {
        let (first, steps) = self.plan.bounds(c);
        let cut = extent.time_slice(first, steps);
        let all = extent.rows() * self.hidden();
        let tapes = &mut self.tapes[self.plan.tape_of(c)];
        let before = &self.before[self.plan.state_of(c)];
        tapes.chunk = c;
        for (l, layer) in self.layers.iter().enumerate() {
            let (below, here) = self.spans.split_at_mut(l);
            let source = match below.last() {
                None => self.reader.read(ctx, params, input, cut, self.dropout),
                Some(below) => {
                    let arrives = self.connections.arrives(l, below.output(), &self.sums);
                    let read = &mut self.read;
                    Source::Rows(self.connections.read(ctx, params, self.dropout, l, cut, arrives, read))
                }
            };
            let before = &before[l][..layer.parts() * all];
            layer.forward(ctx, source, before, cut, &mut tapes.layers[l], &mut here[0]);
            self.connections.add_up(ctx, l, &self.spans, &mut self.sums);
        }
        self.at_hand = c;
    }

    /// Runs the last forward pass backwards: adds to `grads`, overwrites `d_x` `[positions, D]` where the input was numbers, and
    /// turns `d_state` from the gradient by the state after into that by the state before. The gradient by a table's rows is
    /// added to `grads`.
    ///
    /// `observe` sees every (layer, step) once, the last chunk first, layers from the top, steps from the last; it gets
    /// read-only views and cannot change a bit of the result.
    ///
    /// # Panics
    /// If a length does not fit the last forward pass, or that was for outputs alone.
    pub fn backward(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        input: Input<'_, R>,
        d_y: &[R],
        d_state: &mut State<R>,
        grads: &mut Params<R>,
        mut d_x: Option<&mut [R]>,
        observe: &mut dyn FnMut(BackwardStep<'_, R>),
    ) {
        assert!(self.plan.leads_back(), "no way back from outputs alone");
        let extent = std::mem::take(&mut self.extent);
        let (positions, hidden) = (extent.positions(), self.hidden());
        let all = extent.rows() * hidden;
        assert_eq!(d_y.len(), positions * hidden, "d_y: {positions} places of {hidden}");
        assert_eq!(d_state.rows(hidden), extent.rows(), "rows of the gradient by the state");
        self.reader.check(input, positions);
        if let Some(d_x) = &d_x {
            self.reader.check(Input::Numbers(d_x), positions);
        }
        // Chunks that are run again need the weights for forward, too.
        let again = self.plan.kept() < self.plan.chunks();
        self.layers.iter_mut().for_each(|layer| layer.pack_backward(ctx, params, again));
        self.reader.open_gradient();
        for c in (0..self.plan.chunks()).rev() {
            let (first, steps) = self.plan.bounds(c);
            let cut = extent.time_slice(first, steps);
            let tapes = &mut self.tapes[self.plan.tape_of(c)];
            if self.at_hand != c && tapes.chunk == c {
                for (l, (layer, tape)) in self.layers.iter().zip(&mut tapes.layers).enumerate() {
                    let before = &self.before[c][l][..layer.parts() * all];
                    layer.recompute(ctx, before, cut, tape, &mut self.spans[l]);
                    self.connections.add_up(ctx, l, &self.spans, &mut self.sums);
                }
                self.at_hand = c;
            } else if self.at_hand != c {
                self.run_chunk(ctx, params, input, &extent, c);
            }
            let (top, len) = (self.layers.len(), cut.positions() * hidden);
            let (output, d_output) = self.spans[top - 1].output_and_d_h();
            d_output.copy_from_slice(&d_y[cut.first_place() * hidden..][..len]);
            let arrives = self.connections.arrives(top, output, &self.sums);
            self.connections.read_back(ctx, params, None, top, cut, arrives, d_output, grads);
            if self.connections.sums_up(top - 1) {
                self.d_sum.grow(len);
                self.d_sum[..len].copy_from_slice(d_output);
            }
            let tapes = &mut self.tapes[self.plan.tape_of(c)].layers;
            for (l, layer) in self.layers.iter().enumerate().rev() {
                let (below, here) = self.spans.split_at_mut(l);
                let (tape, span, work) = (&mut tapes[l], &mut here[0], &mut self.work);
                let d_state = &mut d_state.layers[l];
                match below.last_mut() {
                    Some(below) => {
                        let (output, d_output) = below.output_and_d_h();
                        let (dropout, read) = (self.dropout, &mut self.read);
                        let arrives = self.connections.arrives(l, output, &self.sums);
                        let source = self.connections.read(ctx, params, dropout, l, cut, arrives, read);
                        let to = Below::Rows(MatMut::new(&mut *d_output, cut.positions(), hidden));
                        layer.backward(ctx, Source::Rows(source), cut, tape, span, work, d_state, grads, to);
                        self.connections.read_back(ctx, params, dropout, l, cut, arrives, d_output, grads);
                        if self.connections.sums_up(l) {
                            add(ctx, hidden, d_output, &self.d_sum);
                            self.d_sum[..len].copy_from_slice(d_output);
                        }
                    }
                    None => {
                        let d_x = d_x.as_deref_mut();
                        self.reader.backward(
                            ctx,
                            params,
                            input,
                            cut,
                            self.dropout,
                            d_x,
                            grads,
                            |source, below, grads| {
                                layer.backward(ctx, source, cut, tape, span, work, d_state, grads, below);
                            },
                        );
                    }
                }
                for t in (0..steps).rev() {
                    observe(BackwardStep {
                        layer: l,
                        reverse: false,
                        t: first + t,
                        d_hidden: span.d_state(cut, t, 0),
                        d_cell: if layer.parts() > 1 { span.d_state(cut, t, 1) } else { &[] },
                        hidden: span.state(cut, t, 0),
                        before: span.state_before(cut, t, 0),
                        cell: if layer.parts() > 1 { span.state(cut, t, 1) } else { &[] },
                        tape: layer.tape_at(tape, cut, t),
                        deltas: layer.deltas_at(&self.work, cut, t),
                        weights: layer.elementwise(),
                    });
                }
            }
        }
        self.reader.close_gradient(ctx, params, &self.layers[0], input, &mut self.work, grads);
        self.extent = extent;
    }
}
