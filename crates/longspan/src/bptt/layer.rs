//! One recurrent layer over one chunk of time: input projection, recurrence, and their gradients.

mod fault_injection;
mod gradients;
mod memory;
mod states;
mod tangent;

pub use fault_injection::FaultInjection;
pub use states::{LayerStates, Tape};
pub use tangent::Jacobians;

use crate::cell::{Cell, CellKind, with_cell};
use crate::params::{Group, Layout, Params};
use longspan_kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::packed_shape::TimeSlice;
use longspan_kernel::real::Real;
use longspan_kernel::recurrent;
use longspan_kernel::recurrent::{Equations, Gradients, Phase};
use longspan_kernel::rows::{gather_rows, scatter_rows};
use longspan_kernel::{Buffer, Context, InstructionSet, Packed, Weights};

/// The numbers that buffers of a cell are sized by.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Gates: blocks of H rows in the weights.
    pub gates: usize,
    /// Slots of the tape.
    pub tape: usize,
    /// Slots of the deltas.
    pub deltas: usize,
    /// State parts; part 0 is h.
    pub parts: usize,
    /// Elementwise weight slots.
    pub weights: usize,
    /// Coefficients of the Jacobian.
    pub jacobian: usize,
    /// Tangents of operands on the tape.
    pub operands: usize,
    /// Products per step.
    pub phases: &'static [Phase],
}

fn shape_of<R: Real, C: Cell<R>>(_: &C) -> Shape {
    Shape {
        gates: C::GATES,
        tape: <C as Equations<R>>::TAPE,
        deltas: <C as Equations<R>>::DELTAS,
        parts: <C as Equations<R>>::PARTS,
        weights: <C as Equations<R>>::WEIGHTS,
        jacobian: <C as Equations<R>>::JACOBIAN,
        operands: <C as Equations<R>>::OPERANDS,
        phases: C::PHASES,
    }
}

/// Indices of a layer's tensors in the layout.
#[derive(Clone, Debug)]
struct Tensors {
    weight_ih: usize,
    weight_hh: usize,
    bias_ih: usize,
    bias_hh: usize,
    peephole: Option<usize>,
    step: Option<usize>,
}

/// A recurrent layer with its packed weights.
pub struct Layer<R> {
    kind: CellKind,
    shape: Shape,
    input: usize,
    hidden: usize,
    tensors: Tensors,
    input_forward: Packed<R>,
    input_backward: Packed<R>,
    hidden_forward: Vec<Packed<R>>,
    hidden_backward: Vec<Packed<R>>,
    bias: Buffer<R>,
    weights: Buffer<R>,
    plant: Option<FaultInjection>,
}

/// Working memory of backward, for all layers in turn.
pub struct Work<R> {
    deltas: Buffer<R>,
    /// h_{t−1} of every place where rows end inside the chunk.
    before: Buffer<R>,
    products: Workspace<R>,
    sums: Buffer<R>,
}

/// What a layer reads in a chunk.
#[derive(Clone, Copy)]
pub enum Source<'a, R> {
    /// x `[positions, D]`.
    Rows(Mat<'a, R>),
    /// Rows of a table that went through the input projection, [`Layer::project`], before: `[V, G·H]` and one index for each
    /// place.
    Projected(Mat<'a, R>, &'a [u32]),
}

/// Where the gradient by what a layer reads goes.
pub enum Below<'a, R> {
    /// Nowhere.
    Nothing,
    /// d_x `[positions, D]`, overwritten.
    Rows(MatMut<'a, R>),
    /// The gradient by the projected table `[V, G·H]`, added to.
    Projected(MatMut<'a, R>),
}

impl<R: Real> Layer<R> {
    /// Adds a layer with `input` inputs and `hidden` units to the layout, under PyTorch's names, which end in `suffix`:
    /// `l0`, or `l0_reverse`.
    pub fn new(
        isa: InstructionSet,
        kind: CellKind,
        suffix: &str,
        input: usize,
        hidden: usize,
        layout: &mut Layout,
    ) -> Self {
        let shape = with_cell!(kind, cell => shape_of::<R, _>(&cell));
        let rows = shape.gates * hidden;
        let tensors = Tensors {
            weight_ih: layout.push(format!("rnn.weight_ih_{suffix}"), &[rows, input], Group::Input),
            weight_hh: layout.push(format!("rnn.weight_hh_{suffix}"), &[rows, hidden], Group::Recurrent),
            bias_ih: layout.push(format!("rnn.bias_ih_{suffix}"), &[rows], Group::Bias),
            bias_hh: layout.push(format!("rnn.bias_hh_{suffix}"), &[rows], Group::Bias),
            peephole: matches!(kind, CellKind::Lstm { peepholes: true, .. }).then(|| {
                layout.push(
                    format!("rnn.weight_peephole_{suffix}"),
                    &[shape.weights, hidden],
                    Group::Elementwise,
                )
            }),
            step: matches!(kind, CellKind::Residual { learned: true, .. })
                .then(|| layout.push(format!("rnn.residual_step_{suffix}"), &[1], Group::Elementwise)),
        };
        let phases = shape.phases.iter();
        Self {
            kind,
            shape,
            input,
            hidden,
            tensors,
            input_forward: Packed::new(isa, input, 1, rows),
            input_backward: Packed::new(isa, rows, 1, input),
            hidden_forward: phases.clone().map(|p| Packed::new(isa, hidden, p.gates, hidden)).collect(),
            hidden_backward: phases.map(|p| Packed::new(isa, p.gates * hidden, 1, hidden)).collect(),
            bias: Buffer::zeros(rows),
            weights: Buffer::zeros(shape.weights * hidden),
            plant: None,
        }
    }

    /// Units H.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// State parts: 2 for the LSTM, else 1.
    pub fn parts(&self) -> usize {
        self.shape.parts
    }

    /// The cell.
    pub fn kind(&self) -> CellKind {
        self.kind
    }

    /// Takes the weights for forward passes.
    pub fn pack_forward(&mut self, ctx: &Context<R>, params: &Params<R>) {
        let (gates, hidden) = (self.shape.gates, self.hidden);
        let ih = Mat::new(params.tensor(self.tensors.weight_ih), gates * hidden, self.input);
        self.input_forward.take_room(&mut self.input_backward);
        self.input_forward.pack(ctx, Weights::Transposed(ih));
        let hh = params.tensor(self.tensors.weight_hh);
        for (p, phase) in self.shape.phases.iter().enumerate() {
            let block = Mat::new(&hh[phase.first_gate * hidden * hidden..], phase.gates * hidden, hidden);
            self.hidden_forward[p].take_room(&mut self.hidden_backward[p]);
            self.hidden_forward[p].pack(ctx, Weights::Transposed(block));
        }
        let inner = with_cell!(self.kind, cell => inner_bias::<R, _>(&cell));
        let (b_ih, b_hh) = (params.tensor(self.tensors.bias_ih), params.tensor(self.tensors.bias_hh));
        for j in 0..gates * hidden {
            let outside = inner != Some(j / hidden);
            self.bias[j] = if outside { b_ih[j] + b_hh[j] } else { b_ih[j] };
        }
        if let Some(gate) = inner {
            self.weights.copy_from_slice(&b_hh[gate * hidden..][..hidden]);
        }
        if let Some(peephole) = self.tensors.peephole {
            self.weights.copy_from_slice(params.tensor(peephole));
        }
        if let CellKind::Residual { step, .. } = self.kind {
            let alpha = self.tensors.step.map_or(R::from_f64(step), |index| params.tensor(index)[0]);
            self.weights.fill(alpha);
        }
    }

    /// Takes the weights for a backward pass, into the memory of those for forward unless these are needed once more.
    pub fn pack_backward(&mut self, ctx: &Context<R>, params: &Params<R>, keep_forward: bool) {
        let (gates, hidden) = (self.shape.gates, self.hidden);
        let ih = Mat::new(params.tensor(self.tensors.weight_ih), gates * hidden, self.input);
        if !keep_forward {
            self.input_backward.take_room(&mut self.input_forward);
        }
        self.input_backward.pack(ctx, Weights::Plain(ih));
        let hh = params.tensor(self.tensors.weight_hh);
        for (p, phase) in self.shape.phases.iter().enumerate() {
            let block = Mat::new(&hh[phase.first_gate * hidden * hidden..], phase.gates * hidden, hidden);
            if !keep_forward {
                self.hidden_backward[p].take_room(&mut self.hidden_forward[p]);
            }
            self.hidden_backward[p].pack(ctx, Weights::Plain(block));
        }
    }

    /// Projects the rows of a table `[V, D]`: W_ih x + b for each, to the bits that a chunk that reads the row would have.
    pub fn project(&self, ctx: &Context<R>, table: Mat<'_, R>, to: MatMut<'_, R>) {
        product(ctx, table, &self.input_forward, Start::Bias(&self.bias), to);
    }

    /// The gradient by a table's rows and by W_ih and b_ih from that by its projection, `d_projected` `[V, G·H]`; added to
    /// d_table and `grads`.
    pub fn project_back(
        &self,
        ctx: &Context<R>,
        table: Mat<'_, R>,
        d_projected: Mat<'_, R>,
        work: &mut Work<R>,
        grads: &mut Params<R>,
        table_index: usize,
    ) {
        let width = self.shape.gates * self.hidden;
        let [d_ih, d_bias, d_table] =
            grads.tensors_mut([self.tensors.weight_ih, self.tensors.bias_ih, table_index]);
        let d_ih = MatMut::new(d_ih, width, self.input);
        accumulate_transposed(ctx, d_projected, [(table, d_ih)], &mut work.products, Some(d_bias));
        let d_table = MatMut::new(d_table, table.rows(), self.input);
        product(ctx, d_projected, &self.input_backward, Start::Keep, d_table);
    }

    /// Runs the layer forwards over a chunk; `span` holds its states afterwards.
    ///
    /// # Shapes
    /// `before` `[parts, B, H]`: the state before the chunk, of all rows of the window.
    pub fn forward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        cut: TimeSlice<'_>,
        tape: &mut Tape<R>,
        span: &mut LayerStates<R>,
    ) {
        self.open(before, cut, span);
        tape.gates.grow(cut.positions() * self.shape.tape * self.hidden);
        let width = self.shape.gates * self.hidden;
        let projected =
            MatMut::strided(&mut tape.gates, cut.positions(), width, self.shape.tape * self.hidden);
        match source {
            Source::Rows(x) => product(ctx, x, &self.input_forward, Start::Bias(&self.bias), projected),
            Source::Projected(table, indices) => gather_rows(ctx, table, indices, projected),
        }
        let (mut chunk, _) = span.chunk(cut, tape, &self.weights);
        with_cell!(self.kind, cell => recurrent::forward(ctx, &cell, self.shape.phases, &self.hidden_forward, &mut chunk));
        if let Some(plant) = self.plant {
            self.plant_forward(plant, ctx, source, before, cut, tape, span);
        }
    }

    /// Makes the states of a chunk anew from its tape, to the bit.
    pub fn recompute(
        &self,
        ctx: &Context<R>,
        before: &[R],
        cut: TimeSlice<'_>,
        tape: &mut Tape<R>,
        span: &mut LayerStates<R>,
    ) {
        self.open(before, cut, span);
        let (mut chunk, _) = span.chunk(cut, tape, &self.weights);
        with_cell!(self.kind, cell => recurrent::recompute(ctx, &cell, &mut chunk));
        if let Some(plant) = self.plant {
            self.plant_replay(plant, ctx, cut, tape, span);
        }
    }

    /// Sizes the span and puts the state before the chunk in its place.
    fn open(&self, before: &[R], cut: TimeSlice<'_>, span: &mut LayerStates<R>) {
        let all = before.len() / self.shape.parts;
        let n = cut.rows() * self.hidden;
        (span.rows, span.positions, span.stride) = (cut.rows(), cut.positions(), cut.states() * self.hidden);
        span.states.grow(self.shape.parts * span.stride);
        for part in 0..self.shape.parts {
            span.states[part * span.stride..][..n].copy_from_slice(&before[part * all..][..n]);
        }
    }

    /// Runs the layer backwards over the chunk whose states are in `span` and adds to the gradients of its weights.
    ///
    /// # Shapes
    /// `span.d_h()` `[positions, H]` holds what arrives from above. `d_state` `[parts, B, H]` holds on entry the gradient by the
    /// last state of every row, and on return, for the rows of this chunk, that by the state before it.
    pub fn backward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        cut: TimeSlice<'_>,
        tape: &mut Tape<R>,
        span: &mut LayerStates<R>,
        work: &mut Work<R>,
        d_state: &mut [R],
        grads: &mut Params<R>,
        below: Below<'_, R>,
    ) {
        let (hidden, shape, stride) = (self.hidden, &self.shape, span.stride);
        let all = d_state.len() / shape.parts;
        for part in 0..shape.parts {
            for t in 0..cut.steps() {
                let leaving = cut.leaving(t);
                let (from, len) = (leaving.start * hidden, leaving.len() * hidden);
                let last =
                    &mut span.d_states[part * stride + cut.state_offset(t + 1) * hidden + from..][..len];
                let after = &d_state[part * all + from..][..len];
                if part == 0 {
                    last.iter_mut().zip(after).for_each(|(d, &a)| *d += a);
                } else {
                    last.copy_from_slice(after);
                }
            }
        }
        // What arrives at the state before the chunk comes from this chunk's steps alone.
        let n = span.rows * hidden;
        span.d_states[..n].fill(R::ZERO);
        if let Some(plant) = self.plant {
            self.plant_arriving(plant, cut, span);
        }
        work.deltas.grow(span.positions * hidden * shape.deltas);
        let (mut chunk, d_states) = span.chunk(cut, tape, &self.weights);
        let mut gradients = Gradients { deltas: &mut work.deltas, d_states };
        with_cell!(self.kind, cell =>
            recurrent::backward(ctx, &cell, shape.phases, &self.hidden_backward, &mut chunk, &mut gradients));
        if let Some(plant) = self.plant {
            self.plant_backward(plant, cut, work);
        }
        for part in 0..shape.parts {
            d_state[part * all..][..n].copy_from_slice(&span.d_states[part * stride..][..n]);
        }
        let x = match source {
            Source::Rows(x) => Some(x),
            Source::Projected(..) => None,
        };
        with_cell!(self.kind, cell => self.weight_gradients(ctx, &cell, x, cut, tape, span, work, grads));
        let deltas = slots(&work.deltas, span.positions, shape.deltas, hidden, 0, shape.gates);
        match (below, source) {
            (Below::Rows(d_x), _) => product(ctx, deltas, &self.input_backward, Start::Zero, d_x),
            (Below::Projected(d_table), Source::Projected(_, indices)) => {
                scatter_rows(ctx, indices, deltas, d_table)
            }
            _ => {}
        }
    }
}

fn inner_bias<R: Real, C: Cell<R>>(_: &C) -> Option<usize> {
    C::INNER_BIAS
}

/// `count` neighbouring slots of every row as a matrix.
fn slots<R>(data: &[R], rows: usize, all: usize, hidden: usize, first: usize, count: usize) -> Mat<'_, R> {
    Mat::strided(&data[first * hidden..], rows, count * hidden, all * hidden)
}
