//! A stack of recurrent layers that read forwards, chunk by chunk.

use super::backward_step::BackwardStep;
use super::connection::{Arriving, Connections, add};
use super::forward_chunk::ForwardChunk;
use super::input::{Input, Reader, Window};
use super::part::Part;
use super::pass::Pass;
use super::plan::{Keep, MemoryError, Plan};
use super::state::State;
use crate::bptt::dropout::Dropout;
use crate::bptt::layer::{Below, Layer, LayerChunk, LayerInput, LayerStates, Source, Tape, Work};
use crate::cell::CellKind;
use crate::cell::Real;
use crate::params::{Layout, Params};
use longspan_kernel::matrix::MatMut;
use longspan_kernel::packed_shape::{PackedShape, TimeSlice};
use longspan_kernel::{Buffer, Context, InstructionSet};

/// Steps of a chunk for a batch of `rows` rows, unless told otherwise: as many as give the products of a chunk half a thousand
/// rows, so that what the recurrence leaves is still in the caches when they read it.
pub fn chunk_for(rows: usize) -> usize {
    (512 / rows.max(1)).clamp(8, 128)
}

/// The tapes of one chunk.
struct ChunkTapes<R> {
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
    tapes: Vec<ChunkTapes<R>>,
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
    /// The window and the masks of the last forward pass.
    shape: PackedShape,
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
    pub(super) fn of(layers: Vec<Layer<R>>, input: usize, chunk: usize, connections: Connections<R>) -> Self {
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
            shape: PackedShape::default(),
            dropout: None,
            layers,
        }
    }

    /// The same with these connections between its layers.
    pub(super) fn connected_by(self, connections: Connections<R>) -> Self {
        Self { connections, ..self }
    }

    /// Layers L.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// One of the layers, all of which have the same cell and size.
    pub(super) fn layer(&self) -> &Layer<R> {
        &self.layers[0]
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

    /// Runs `window` through the stack, on the weights last packed, and writes the top layer's h_t to `y` `[positions, H]`.
    /// `state` goes in as the state before and comes out as the state after each row's last step. Every [`Keep`] gives the same bits.
    ///
    /// Dropout acts on what the layers read: layer l through connection l, layer 0 only where it reads rows of a table.
    ///
    /// # Panics
    /// If a length does not fit the window, or the memory limit is below the least that a chunk needs.
    pub fn forward(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        keep: Keep,
        state: &mut State<R>,
        y: &mut [R],
    ) {
        let (steps, rows) = (window.shape.steps(), window.shape.rows());
        let plan = match keep {
            Keep::Everything => self.plan(steps, rows, self.limit),
            Keep::Outputs => self.plan(steps, rows, None).map(Plan::without_backward),
        };
        self.run(pass, window, plan.unwrap_or_else(|error| panic!("{error}")), state, y);
    }

    /// Forward, keeping what the plan says.
    pub(super) fn run(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        plan: Plan,
        state: &mut State<R>,
        y: &mut [R],
    ) {
        let (shape, hidden) = (window.shape, self.hidden());
        self.reader.check(window.input, shape.positions());
        assert_eq!(y.len(), shape.positions() * hidden, "y: {} places of {hidden}", shape.positions());
        assert_eq!(state.rows(hidden), shape.rows(), "rows of the state");
        (self.plan, self.dropout) = (plan, pass.dropout);
        self.shape.copy_from(shape);
        while self.tapes.len() < self.plan.kept() {
            self.tapes.push(ChunkTapes { chunk: 0, layers: self.layers.iter().map(Layer::tape).collect() });
        }
        while self.before.len() < self.plan.states() {
            self.before.push(self.layers.iter().map(|_| Buffer::zeros(0)).collect());
        }
        self.reader.project(pass, &self.layers[0], window.input);
        for c in 0..self.plan.chunks() {
            for (before, state) in self.before[self.plan.state_of(c)].iter_mut().zip(&state.layers) {
                before.grow(state.len());
                before[..state.len()].copy_from_slice(state);
            }
            self.run_chunk(pass, window, c);
            let (first, steps) = self.plan.bounds(c);
            self.leave(pass, shape.time_slice(first, steps), state, y);
            pass.observer.forward_chunk(
                pass.ctx,
                &mut ForwardChunk {
                    layers: &self.layers,
                    tapes: &mut self.tapes[self.plan.tape_of(c)].layers,
                    spans: &mut self.spans,
                    connections: &self.connections,
                    sums: &self.sums,
                    params: pass.params,
                    cut: shape.time_slice(first, steps),
                    part: pass.part,
                },
            );
        }
    }

    /// Writes what the chunk at hand leaves: the state after each row's last step, and the outputs.
    fn leave(&mut self, pass: &Pass<'_, R>, cut: TimeSlice<'_>, state: &mut State<R>, y: &mut [R]) {
        let hidden = self.hidden();
        let all = cut.extent().rows() * hidden;
        for (l, span) in self.spans.iter().enumerate() {
            for part in 0..self.layers[l].parts() {
                span.copy_last(cut, part, &mut state.layers[l][part * all..][..all]);
            }
        }
        let (top, len) = (self.layers.len(), cut.positions() * hidden);
        let values = self.connections.arriving(top, self.spans[top - 1].output(), &self.sums);
        let arriving = Arriving { layer: top, cut, values };
        let out = self.connections.read(pass.ctx, pass.params, None, arriving, &mut self.read);
        y[cut.first_place() * hidden..][..len].copy_from_slice(&out.data()[..len]);
    }

    /// Runs all layers over one chunk from the state before it; forward does it, and backward again for what was not kept.
    fn run_chunk(&mut self, pass: &Pass<'_, R>, window: Window<'_, R>, c: usize) {
        let (first, steps) = self.plan.bounds(c);
        let cut = window.shape.time_slice(first, steps);
        let all = window.shape.rows() * self.hidden();
        let tapes = &mut self.tapes[self.plan.tape_of(c)];
        let before = &self.before[self.plan.state_of(c)];
        tapes.chunk = c;
        for (l, layer) in self.layers.iter().enumerate() {
            let (below, here) = self.spans.split_at_mut(l);
            let source = match below.last() {
                None => self.reader.read(pass, window.input, cut),
                Some(below) => {
                    let values = self.connections.arriving(l, below.output(), &self.sums);
                    let (arriving, copy) = (Arriving { layer: l, cut, values }, &mut self.read);
                    Source::Rows(self.connections.read(pass.ctx, pass.params, pass.dropout, arriving, copy))
                }
            };
            let before = &before[l][..layer.parts() * all];
            let here = LayerChunk { cut, tape: &mut tapes.layers[l], span: &mut here[0] };
            layer.forward(pass.ctx, source, before, here);
            self.connections.add_up(pass.ctx, l, &self.spans, &mut self.sums);
        }
        self.at_hand = c;
    }

    /// Makes sure that the states of a chunk are in the spans and its gates on a tape.
    fn reach(&mut self, pass: &Pass<'_, R>, window: Window<'_, R>, c: usize) {
        if self.at_hand == c {
            return;
        }
        let tapes = &mut self.tapes[self.plan.tape_of(c)];
        if tapes.chunk != c {
            return self.run_chunk(pass, window, c);
        }
        let (first, steps) = self.plan.bounds(c);
        let cut = window.shape.time_slice(first, steps);
        let all = window.shape.rows() * self.layers[0].hidden();
        for (l, (layer, tape)) in self.layers.iter().zip(&mut tapes.layers).enumerate() {
            let before = &self.before[c][l][..layer.parts() * all];
            layer.recompute(pass.ctx, before, LayerChunk { cut, tape, span: &mut self.spans[l] });
            self.connections.add_up(pass.ctx, l, &self.spans, &mut self.sums);
        }
        self.at_hand = c;
    }

    /// Runs the last forward pass backwards: adds to `grads`, overwrites `d_x` `[positions, D]` where the input was numbers, and
    /// turns `d_state` from the gradient by the state after into that by the state before. The gradient by a table's rows is
    /// added to `grads`.
    ///
    /// # Panics
    /// If window or dropout are not those of the last forward pass, a length does not fit them, or that pass kept outputs alone.
    pub fn backward(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        d_y: &[R],
        d_state: &mut State<R>,
        grads: &mut Params<R>,
        mut d_x: Option<&mut [R]>,
    ) {
        assert!(self.plan.leads_back(), "no way back from outputs alone");
        assert!(*window.shape == self.shape, "the window of the last forward pass");
        assert_eq!(pass.dropout, self.dropout, "the dropout of the last forward pass");
        let (positions, hidden) = (window.shape.positions(), self.hidden());
        assert_eq!(d_y.len(), positions * hidden, "d_y: {positions} places of {hidden}");
        assert_eq!(d_state.rows(hidden), window.shape.rows(), "rows of the gradient by the state");
        self.reader.check(window.input, positions);
        if let Some(d_x) = &d_x {
            self.reader.check(Input::Numbers(d_x), positions);
        }
        // Chunks that are run again need the weights for forward, too.
        let again = self.plan.kept() < self.plan.chunks();
        self.layers.iter_mut().for_each(|layer| layer.pack_backward(pass.ctx, pass.params, again));
        self.reader.open_gradient();
        for c in (0..self.plan.chunks()).rev() {
            self.reach(pass, window, c);
            self.open_backward(pass, window.shape, c, d_y, grads);
            for l in (0..self.layers.len()).rev() {
                let d_x = if l == 0 { d_x.as_deref_mut() } else { None };
                self.layer_backward(pass, window, (c, l), &mut d_state.layers[l], grads, d_x);
                self.show(pass, window.shape, c, l);
            }
        }
        self.reader.close_gradient(pass, &self.layers[0], window.input, &mut self.work, grads);
    }

    /// Turns the gradient by a chunk's outputs into that by what the top layer puts out, where backward of the layer finds it.
    fn open_backward(
        &mut self,
        pass: &Pass<'_, R>,
        shape: &PackedShape,
        c: usize,
        d_y: &[R],
        grads: &mut Params<R>,
    ) {
        let (first, steps) = self.plan.bounds(c);
        let cut = shape.time_slice(first, steps);
        let (top, hidden) = (self.layers.len(), self.hidden());
        let len = cut.positions() * hidden;
        let (output, d_output) = self.spans[top - 1].output_and_d_h();
        d_output.copy_from_slice(&d_y[cut.first_place() * hidden..][..len]);
        let values = self.connections.arriving(top, output, &self.sums);
        let arriving = Arriving { layer: top, cut, values };
        self.connections.read_back(pass.ctx, pass.params, None, arriving, d_output, grads);
        if self.connections.sums_up(top - 1) {
            self.d_sum.grow(len);
            self.d_sum[..len].copy_from_slice(d_output);
        }
    }

    /// Runs layer l backwards over the chunk at hand, down to the gradient by what the layer below puts out.
    fn layer_backward(
        &mut self,
        pass: &Pass<'_, R>,
        window: Window<'_, R>,
        (c, l): (usize, usize),
        d_state: &mut [R],
        grads: &mut Params<R>,
        d_x: Option<&mut [R]>,
    ) {
        let (first, steps) = self.plan.bounds(c);
        let cut = window.shape.time_slice(first, steps);
        let (ctx, params, dropout) = (pass.ctx, pass.params, pass.dropout);
        let (layer, work) = (&self.layers[l], &mut self.work);
        let (below, here) = self.spans.split_at_mut(l);
        let tape = &mut self.tapes[self.plan.tape_of(c)].layers[l];
        let here = LayerChunk { cut, tape, span: &mut here[0] };
        let Some(below) = below.last_mut() else {
            return self.reader.backward(pass, window.input, cut, d_x, grads, |input, grads| {
                layer.backward(ctx, input, here, work, d_state, grads);
            });
        };
        let (output, d_output) = below.output_and_d_h();
        let values = self.connections.arriving(l, output, &self.sums);
        let arriving = Arriving { layer: l, cut, values };
        let source = Source::Rows(self.connections.read(ctx, params, dropout, arriving, &mut self.read));
        let gradient = Below::Rows(MatMut::new(&mut *d_output, cut.positions(), layer.hidden()));
        layer.backward(ctx, LayerInput { source, gradient }, here, work, d_state, grads);
        self.connections.read_back(ctx, params, dropout, arriving, d_output, grads);
        if self.connections.sums_up(l) {
            let len = cut.positions() * layer.hidden();
            add(ctx, layer.hidden(), d_output, &self.d_sum);
            self.d_sum[..len].copy_from_slice(d_output);
        }
    }

    /// Shows the observer the steps of layer l over which it has just run backwards.
    fn show(&self, pass: &mut Pass<'_, R>, shape: &PackedShape, c: usize, l: usize) {
        let (first, steps) = self.plan.bounds(c);
        let (cut, Part { encoder, first_layer, reverse, steps_before }) =
            (shape.time_slice(first, steps), pass.part);
        let (layer, span, tape) =
            (&self.layers[l], &self.spans[l], &self.tapes[self.plan.tape_of(c)].layers[l]);
        let has_cell = layer.parts() > 1;
        for t in (0..steps).rev() {
            let step = BackwardStep {
                layer: first_layer + l,
                reverse,
                encoder,
                t: steps_before + first + t,
                d_hidden: span.d_state(cut, t, 0),
                d_cell: if has_cell { span.d_state(cut, t, 1) } else { &[] },
                hidden: span.state(cut, t, 0),
                before: span.state_before(cut, t, 0),
                cell: if has_cell { span.state(cut, t, 1) } else { &[] },
                tape: layer.tape_at(tape, cut, t),
                deltas: layer.deltas_at(&self.work, cut, t),
                weights: layer.elementwise(),
            };
            pass.observer.backward_step(pass.ctx, &step);
        }
    }
}

#[cfg(feature = "fault-injection")]
impl<R: Real> Stack<R> {
    /// Plants a bad value into the passes from now on; None takes it away.
    pub fn inject_fault(&mut self, plant: Option<crate::bptt::layer::FaultInjection>) {
        for (l, layer) in self.layers.iter_mut().enumerate() {
            layer.inject_fault(plant.filter(|plant| plant.layer == l));
        }
    }
}
