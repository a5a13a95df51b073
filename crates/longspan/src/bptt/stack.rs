//! A stack of unidirectional recurrent layers that runs chunk by chunk.

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

/// The default number of steps of a chunk for a batch of `rows` rows. The products of a chunk then have about
/// 500 rows, so the results of the recurrence are still in the caches when the products read them.
pub fn chunk_for(rows: usize) -> usize {
    (512 / rows.max(1)).clamp(8, 128)
}

/// The tapes of one chunk.
struct ChunkTapes<R> {
    /// The chunk that these tapes belong to.
    chunk: usize,
    /// One tape per layer.
    layers: Vec<Tape<R>>,
}

/// A stack of recurrent layers of one kind.
pub struct Stack<R> {
    layers: Vec<Layer<R>>,
    chunk: usize,
    reader: Reader<R>,
    plan: Plan,
    /// The tapes that the plan keeps.
    tapes: Vec<ChunkTapes<R>>,
    /// `[chunk][layer]`: the state before the chunk, `[parts, B, H]`.
    before: Vec<Vec<Buffer<R>>>,
    states: Vec<LayerStates<R>>,
    /// The chunk whose states are in `states`.
    loaded: usize,
    connections: Connections<R>,
    /// The input of a layer where it differs from the output of the layer below.
    read: Buffer<R>,
    /// r_l of the current chunk, at index l, where it is a sum.
    sums: Vec<Buffer<R>>,
    /// The gradient with respect to the sum at the current layer of the backward pass.
    d_sum: Buffer<R>,
    work: Work<R>,
    /// Whether the weights are packed for the backward pass.
    packed_backward: bool,
    /// Limit for the tapes in bytes.
    limit: Option<usize>,
    /// The window and the dropout masks of the last forward pass.
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

    /// Builds a stack of these layers.
    pub(super) fn of(layers: Vec<Layer<R>>, input: usize, chunk: usize, connections: Connections<R>) -> Self {
        Self {
            chunk,
            reader: Reader::new(input),
            plan: Plan::default(),
            tapes: Vec::new(),
            before: Vec::new(),
            states: layers.iter().map(Layer::states).collect(),
            loaded: 0,
            connections,
            read: Buffer::zeros(0),
            sums: (0..=layers.len()).map(|_| Buffer::zeros(0)).collect(),
            d_sum: Buffer::zeros(0),
            work: layers[0].work(),
            packed_backward: false,
            limit: None,
            shape: PackedShape::default(),
            dropout: None,
            layers,
        }
    }

    /// Returns the same stack with these connections between its layers.
    pub(super) fn connected_by(self, connections: Connections<R>) -> Self {
        Self { connections, ..self }
    }

    /// The number of layers L.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Returns one of the layers, which all have the same cell and size.
    pub(super) fn layer(&self) -> &Layer<R> {
        &self.layers[0]
    }

    /// The number of units H.
    pub fn hidden(&self) -> usize {
        self.layers[0].hidden()
    }

    /// Returns a zero state for `rows` rows.
    pub fn zero_state(&self, rows: usize) -> State<R> {
        let parts = self.layers[0].parts();
        let layers = self.layers.iter().map(|l| Buffer::zeros(parts * rows * l.hidden())).collect();
        State { layers, parts }
    }

    /// Plans what is kept for the backward pass of a window of `steps` steps and `rows` rows in at most
    /// `limit` bytes; None keeps everything.
    ///
    /// # Errors
    /// [`MemoryError`] if the limit is below what one chunk needs.
    pub fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        let layers = self.layers.iter();
        let tape = layers.clone().map(|l| l.tape_width() * rows * size_of::<R>()).sum();
        let state = layers.map(|l| l.parts() * l.hidden() * rows * size_of::<R>()).sum();
        Plan::new(steps, self.chunk, tape, state, 0, limit)
    }

    /// Limits the memory for what forward passes keep, see [`Stack::plan`]; it applies to windows of any size
    /// from now on.
    pub fn limit_memory(&mut self, limit: Option<usize>) {
        self.limit = limit;
    }

    /// Packs the weights for the next forward passes.
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.layers.iter_mut().for_each(|layer| layer.pack_forward(ctx, params));
        self.reader.invalidate();
        self.packed_backward = false;
    }

    /// Runs `window` through the stack with the weights last packed, and writes h_t of the top layer to `y`
    /// `[positions, H]`. `state` is the state before the window on entry and the state after each row's last
    /// step on return. Every [`Keep`] gives the same bits.
    ///
    /// Dropout acts on the inputs of the layers: layer l reads connection l; layer 0 is masked only if it
    /// reads rows of a table.
    ///
    /// # Panics
    /// If a length does not fit the window, or the memory limit is below what one chunk needs.
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

    /// Runs the forward pass and keeps what the plan says.
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
        assert_eq!(y.len(), shape.positions() * hidden, "y: {} positions of {hidden}", shape.positions());
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
            self.write_outputs(pass, shape.time_slice(first, steps), state, y);
            pass.observer.forward_chunk(
                pass.ctx,
                &mut ForwardChunk {
                    layers: &self.layers,
                    tapes: &mut self.tapes[self.plan.tape_of(c)].layers,
                    states: &mut self.states,
                    connections: &self.connections,
                    sums: &self.sums,
                    params: pass.params,
                    slice: shape.time_slice(first, steps),
                    part: pass.part,
                },
            );
        }
    }

    /// Writes the results of the current chunk: the state after each row's last step, and the outputs.
    fn write_outputs(&mut self, pass: &Pass<'_, R>, slice: TimeSlice<'_>, state: &mut State<R>, y: &mut [R]) {
        let hidden = self.hidden();
        let all = slice.shape().rows() * hidden;
        for (l, states) in self.states.iter().enumerate() {
            for part in 0..self.layers[l].parts() {
                states.copy_last(slice, part, &mut state.layers[l][part * all..][..all]);
            }
        }
        let (top, len) = (self.layers.len(), slice.positions() * hidden);
        let values = self.connections.arriving(top, self.states[top - 1].output(), &self.sums);
        let arriving = Arriving { layer: top, slice, values };
        let out = self.connections.read(pass.ctx, pass.params, None, arriving, &mut self.read);
        y[slice.first_position() * hidden..][..len].copy_from_slice(&out.data()[..len]);
    }

    /// Runs all layers over one chunk from the state before it: in the forward pass, and in the backward pass
    /// for chunks that were not kept.
    fn run_chunk(&mut self, pass: &Pass<'_, R>, window: Window<'_, R>, c: usize) {
        let (first, steps) = self.plan.bounds(c);
        let slice = window.shape.time_slice(first, steps);
        let all = window.shape.rows() * self.hidden();
        let tapes = &mut self.tapes[self.plan.tape_of(c)];
        let before = &self.before[self.plan.state_of(c)];
        tapes.chunk = c;
        for (l, layer) in self.layers.iter().enumerate() {
            let (below, current) = self.states.split_at_mut(l);
            let source = match below.last() {
                None => self.reader.read(pass, window.input, slice),
                Some(below) => {
                    let values = self.connections.arriving(l, below.output(), &self.sums);
                    let (arriving, copy) = (Arriving { layer: l, slice, values }, &mut self.read);
                    Source::Rows(self.connections.read(pass.ctx, pass.params, pass.dropout, arriving, copy))
                }
            };
            let before = &before[l][..layer.parts() * all];
            let chunk = LayerChunk { slice, tape: &mut tapes.layers[l], states: &mut current[0] };
            layer.forward(pass.ctx, source, before, chunk);
            self.connections.add_up(pass.ctx, l, &self.states, &mut self.sums);
        }
        self.loaded = c;
    }

    /// Makes sure that the states of a chunk are in `states` and its gates on a tape.
    fn load_chunk(&mut self, pass: &Pass<'_, R>, window: Window<'_, R>, c: usize) {
        if self.loaded == c {
            return;
        }
        let tapes = &mut self.tapes[self.plan.tape_of(c)];
        if tapes.chunk != c {
            return self.run_chunk(pass, window, c);
        }
        let (first, steps) = self.plan.bounds(c);
        let slice = window.shape.time_slice(first, steps);
        let all = window.shape.rows() * self.layers[0].hidden();
        for (l, (layer, tape)) in self.layers.iter().zip(&mut tapes.layers).enumerate() {
            let before = &self.before[c][l][..layer.parts() * all];
            layer.recompute(pass.ctx, before, LayerChunk { slice, tape, states: &mut self.states[l] });
            self.connections.add_up(pass.ctx, l, &self.states, &mut self.sums);
        }
        self.loaded = c;
    }

    /// Runs the last forward pass backwards: adds to `grads`, overwrites `d_x` `[positions, D]` if the input
    /// was numbers, and replaces the gradient with respect to the state after the window in `d_state` by that
    /// with respect to the state before it. The gradient with respect to a table's rows is added to `grads`.
    ///
    /// # Panics
    /// If window or dropout are not those of the last forward pass, if a length does not fit them, or if that
    /// pass kept outputs only.
    pub fn backward(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        d_y: &[R],
        d_state: &mut State<R>,
        grads: &mut Params<R>,
        d_x: Option<&mut [R]>,
    ) {
        self.run_backward(pass, window, d_y, d_state, Some(grads), d_x);
    }

    /// Runs the last forward pass backwards as [`Stack::backward`] does, through the states only: no gradient
    /// of a weight is computed, and that of the input only if there is `d_x`. It can follow a [`Stack::backward`] with another `d_y`, because tapes and
    /// states are kept until the next forward pass.
    ///
    /// # Panics
    /// As [`Stack::backward`].
    pub fn propagate(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        d_y: &[R],
        d_state: &mut State<R>,
        d_x: Option<&mut [R]>,
    ) {
        self.run_backward(pass, window, d_y, d_state, None, d_x);
    }

    /// Runs the backward pass; without `grads`, no gradient of a weight is computed.
    pub(crate) fn run_backward(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        d_y: &[R],
        d_state: &mut State<R>,
        mut grads: Option<&mut Params<R>>,
        mut d_x: Option<&mut [R]>,
    ) {
        assert!(self.plan.has_backward(), "the forward pass kept outputs only, so it has no backward pass");
        assert!(*window.shape == self.shape, "not the window of the last forward pass");
        assert_eq!(pass.dropout, self.dropout, "not the dropout of the last forward pass");
        let (positions, hidden) = (window.shape.positions(), self.hidden());
        assert_eq!(d_y.len(), positions * hidden, "d_y: {positions} positions of {hidden}");
        assert_eq!(
            d_state.rows(hidden),
            window.shape.rows(),
            "rows of the gradient with respect to the state"
        );
        self.reader.check(window.input, positions);
        if let Some(d_x) = &d_x {
            self.reader.check(Input::Numbers(d_x), positions);
        }
        if !self.packed_backward {
            // Recomputed chunks also need the weights for the forward pass.
            let again = self.plan.kept() < self.plan.chunks();
            self.layers.iter_mut().for_each(|layer| layer.pack_backward(pass.ctx, pass.params, again));
            self.packed_backward = true;
        }
        if grads.is_some() {
            self.reader.open_gradient();
        }
        for c in (0..self.plan.chunks()).rev() {
            self.load_chunk(pass, window, c);
            self.open_backward(pass, window.shape, c, d_y, grads.as_deref_mut());
            for l in (0..self.layers.len()).rev() {
                let d_x = if l == 0 { d_x.as_deref_mut() } else { None };
                let (d_state, grads) = (&mut d_state.layers[l], grads.as_deref_mut());
                self.layer_backward(pass, window, (c, l), d_state, grads, d_x);
                self.notify_observer(pass, window.shape, c, l);
            }
        }
        if let Some(grads) = grads {
            self.reader.close_gradient(pass, &self.layers[0], window.input, &mut self.work, grads);
        }
    }

    /// Computes the gradient with respect to the top layer's output from that with respect to a chunk's
    /// outputs, and stores it where the top layer's backward pass reads it.
    fn open_backward(
        &mut self,
        pass: &Pass<'_, R>,
        shape: &PackedShape,
        c: usize,
        d_y: &[R],
        grads: Option<&mut Params<R>>,
    ) {
        let (first, steps) = self.plan.bounds(c);
        let slice = shape.time_slice(first, steps);
        let (top, hidden) = (self.layers.len(), self.hidden());
        let len = slice.positions() * hidden;
        let (output, d_output) = self.states[top - 1].output_and_d_h();
        d_output.copy_from_slice(&d_y[slice.first_position() * hidden..][..len]);
        let values = self.connections.arriving(top, output, &self.sums);
        let arriving = Arriving { layer: top, slice, values };
        self.connections.read_back(pass.ctx, pass.params, None, arriving, d_output, grads);
        if self.connections.sums_up(top - 1) {
            self.d_sum.grow(len);
            self.d_sum[..len].copy_from_slice(d_output);
        }
    }

    /// Runs layer l backwards over the current chunk, down to the gradient with respect to the output of the
    /// layer below.
    fn layer_backward(
        &mut self,
        pass: &Pass<'_, R>,
        window: Window<'_, R>,
        (c, l): (usize, usize),
        d_state: &mut [R],
        grads: Option<&mut Params<R>>,
        d_x: Option<&mut [R]>,
    ) {
        let (first, steps) = self.plan.bounds(c);
        let slice = window.shape.time_slice(first, steps);
        let (ctx, params, dropout) = (pass.ctx, pass.params, pass.dropout);
        let (layer, work) = (&self.layers[l], &mut self.work);
        let (below, current) = self.states.split_at_mut(l);
        let tape = &mut self.tapes[self.plan.tape_of(c)].layers[l];
        let mut chunk = LayerChunk { slice, tape, states: &mut current[0] };
        let Some(grads) = grads else {
            layer.propagate(ctx, &mut chunk, work, d_state);
            match (below.last_mut(), d_x) {
                (Some(below), _) => {
                    let (output, d_output) = below.output_and_d_h();
                    let values = self.connections.arriving(l, output, &self.sums);
                    let arriving = Arriving { layer: l, slice, values };
                    let d_read = MatMut::new(&mut *d_output, slice.positions(), layer.hidden());
                    layer.input_gradient(ctx, &chunk, work, d_read);
                    self.connections.read_back(ctx, params, dropout, arriving, d_output, None);
                    self.add_residual(ctx, l, slice);
                }
                (None, Some(d_x)) => {
                    let (at, count, width) = (slice.first_position(), slice.positions(), layer.input());
                    let d_x = MatMut::new(&mut d_x[at * width..][..count * width], count, width);
                    layer.input_gradient(ctx, &chunk, work, d_x);
                }
                (None, None) => {}
            }
            return;
        };
        let Some(below) = below.last_mut() else {
            return self.reader.backward(pass, window.input, slice, d_x, grads, |input, grads| {
                layer.backward(ctx, input, chunk, work, d_state, grads);
            });
        };
        let (output, d_output) = below.output_and_d_h();
        let values = self.connections.arriving(l, output, &self.sums);
        let arriving = Arriving { layer: l, slice, values };
        let source = Source::Rows(self.connections.read(ctx, params, dropout, arriving, &mut self.read));
        let gradient = Below::Rows(MatMut::new(&mut *d_output, slice.positions(), layer.hidden()));
        layer.backward(ctx, LayerInput { source, gradient }, chunk, work, d_state, grads);
        self.connections.read_back(ctx, params, dropout, arriving, d_output, Some(grads));
        self.add_residual(ctx, l, slice);
    }

    /// Adds the gradient that reaches the output of the layer below layer l on the residual path.
    fn add_residual(&mut self, ctx: &Context<R>, l: usize, slice: TimeSlice<'_>) {
        if self.connections.sums_up(l) {
            let (hidden, len) = (self.hidden(), slice.positions() * self.hidden());
            let d_output = self.states[l - 1].d_h();
            add(ctx, hidden, d_output, &self.d_sum);
            self.d_sum[..len].copy_from_slice(d_output);
        }
    }

    /// Passes the steps of layer l over which the backward pass has just run to the observer.
    fn notify_observer(&self, pass: &mut Pass<'_, R>, shape: &PackedShape, c: usize, l: usize) {
        let (first, steps) = self.plan.bounds(c);
        let (slice, Part { encoder, first_layer, reverse, steps_before }) =
            (shape.time_slice(first, steps), pass.part);
        let (layer, states, tape) =
            (&self.layers[l], &self.states[l], &self.tapes[self.plan.tape_of(c)].layers[l]);
        let has_cell = layer.parts() > 1;
        for t in (0..steps).rev() {
            let step = BackwardStep {
                layer: first_layer + l,
                reverse,
                encoder,
                t: steps_before + first + t,
                d_hidden: states.d_state(slice, t, 0),
                d_cell: if has_cell { states.d_state(slice, t, 1) } else { &[] },
                hidden: states.state(slice, t, 0),
                before: states.state_before(slice, t, 0),
                cell: if has_cell { states.state(slice, t, 1) } else { &[] },
                tape: layer.tape_at(tape, slice, t),
                deltas: layer.deltas_at(&self.work, slice, t),
                weights: layer.elementwise(),
            };
            pass.observer.backward_step(pass.ctx, &step);
        }
    }
}

impl<R: Real> Stack<R> {
    /// Injects a fault into all passes from now on; None removes it.
    pub fn inject_fault(&mut self, fault: Option<crate::bptt::layer::FaultInjection>) {
        for (l, layer) in self.layers.iter_mut().enumerate() {
            layer.inject_fault(fault.filter(|fault| fault.layer == l));
        }
    }
}
