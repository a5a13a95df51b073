//! One recurrent layer over one chunk of time: input projection, recurrence, and their gradients.

use crate::cell::{Cell, CellKind, Factor, with_cell};
use crate::kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use crate::kernel::recurrent::{self, Chunk, Equations, Gradients, Operand, Phase};
use crate::kernel::rows::{add_column_dots, add_column_sums, gather_rows, scatter_rows};
use crate::kernel::{Buffer, Context, Level, Packed, Weights};
use crate::matrix::{Mat, MatMut};
use crate::params::{Group, Layout, Params};
use crate::real::Real;

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
}

/// What forward leaves of one layer and one chunk for backward: `[steps, rows, slots · H]`.
pub struct Tape<R> {
    gates: Buffer<R>,
}

/// The states of a layer over the chunk at hand, and the gradients by them.
pub struct Span<R> {
    steps: usize,
    rows: usize,
    hidden: usize,
    /// Between state parts.
    stride: usize,
    /// `[parts, steps + 1, rows, H]`; index 0 is the state before the chunk.
    states: Buffer<R>,
    /// As `states`.
    d_states: Buffer<R>,
}

/// Working memory of backward, for all layers in turn.
pub struct Work<R> {
    deltas: Buffer<R>,
    products: Workspace<R>,
    sums: Buffer<R>,
}

/// What a layer reads in a chunk.
#[derive(Clone, Copy)]
pub enum Source<'a, R> {
    /// x `[steps · rows, D]`.
    Rows(Mat<'a, R>),
    /// Rows of a table that went through the input projection, [`Layer::project`], before: `[V, G·H]` and one index for each
    /// (step, row).
    Projected(Mat<'a, R>, &'a [u32]),
}

/// Where the gradient by what a layer reads goes.
pub enum Below<'a, R> {
    /// Nowhere.
    Nothing,
    /// d_x `[steps · rows, D]`, overwritten.
    Rows(MatMut<'a, R>),
    /// The gradient by the projected table `[V, G·H]`, added to.
    Projected(MatMut<'a, R>),
}

impl<R: Real> Layer<R> {
    /// Adds layer `index` with `input` inputs and `hidden` units to the layout, under PyTorch's names.
    pub fn new(
        level: Level,
        kind: CellKind,
        index: usize,
        input: usize,
        hidden: usize,
        layout: &mut Layout,
    ) -> Self {
        let shape = with_cell!(kind, cell => shape_of::<R, _>(&cell));
        let rows = shape.gates * hidden;
        let tensors = Tensors {
            weight_ih: layout.push(format!("rnn.weight_ih_l{index}"), &[rows, input], Group::Input),
            weight_hh: layout.push(format!("rnn.weight_hh_l{index}"), &[rows, hidden], Group::Recurrent),
            bias_ih: layout.push(format!("rnn.bias_ih_l{index}"), &[rows], Group::Bias),
            bias_hh: layout.push(format!("rnn.bias_hh_l{index}"), &[rows], Group::Bias),
            peephole: matches!(kind, CellKind::Lstm { peepholes: true, .. }).then(|| {
                layout.push(
                    format!("rnn.weight_peephole_l{index}"),
                    &[shape.weights, hidden],
                    Group::Elementwise,
                )
            }),
            step: matches!(kind, CellKind::Residual { learned: true, .. })
                .then(|| layout.push(format!("rnn.residual_step_l{index}"), &[1], Group::Elementwise)),
        };
        let phases = shape.phases.iter();
        Self {
            kind,
            shape,
            input,
            hidden,
            tensors,
            input_forward: Packed::new(level, input, 1, rows),
            input_backward: Packed::new(level, rows, 1, input),
            hidden_forward: phases.clone().map(|p| Packed::new(level, hidden, p.gates, hidden)).collect(),
            hidden_backward: phases.map(|p| Packed::new(level, p.gates * hidden, 1, hidden)).collect(),
            bias: Buffer::zeros(rows),
            weights: Buffer::zeros(shape.weights * hidden),
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

    /// Runs the layer forwards over a chunk of `steps` steps and `rows` rows; `span` holds its states afterwards.
    ///
    /// # Shapes
    /// `before` `[parts, rows, H]`: the state before the chunk.
    pub fn forward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        (steps, rows): (usize, usize),
        tape: &mut Tape<R>,
        span: &mut Span<R>,
    ) {
        self.open(before, steps, rows, span);
        tape.gates.grow(steps * rows * self.shape.tape * self.hidden);
        let width = self.shape.gates * self.hidden;
        let projected = MatMut::strided(&mut tape.gates, steps * rows, width, self.shape.tape * self.hidden);
        match source {
            Source::Rows(x) => product(ctx, x, &self.input_forward, Start::Bias(&self.bias), projected),
            Source::Projected(table, indices) => gather_rows(ctx, table, indices, projected),
        }
        let (mut chunk, _) = span.chunk(tape, &self.weights);
        with_cell!(self.kind, cell => recurrent::forward(ctx, &cell, self.shape.phases, &self.hidden_forward, &mut chunk));
    }

    /// Makes the states of a chunk anew from its tape, to the bit.
    pub fn replay(
        &self,
        ctx: &Context<R>,
        before: &[R],
        (steps, rows): (usize, usize),
        tape: &mut Tape<R>,
        span: &mut Span<R>,
    ) {
        self.open(before, steps, rows, span);
        let (mut chunk, _) = span.chunk(tape, &self.weights);
        with_cell!(self.kind, cell => recurrent::replay(ctx, &cell, &mut chunk));
    }

    /// Sizes the span and puts the state before the chunk in its place.
    fn open(&self, before: &[R], steps: usize, rows: usize, span: &mut Span<R>) {
        let n = rows * self.hidden;
        (span.steps, span.rows, span.stride) = (steps, rows, (steps + 1) * n);
        span.states.grow(self.shape.parts * span.stride);
        for part in 0..self.shape.parts {
            span.states[part * span.stride..][..n].copy_from_slice(&before[part * n..][..n]);
        }
    }

    /// Runs the layer backwards over the chunk whose states are in `span` and adds to the gradients of its weights.
    ///
    /// # Shapes
    /// `span.d_h()` `[steps · rows, H]` holds what arrives from above. `d_state` `[parts, rows, H]` holds on entry the
    /// gradient by the state after the chunk, and on return that by the state before it.
    pub fn backward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        tape: &mut Tape<R>,
        span: &mut Span<R>,
        work: &mut Work<R>,
        d_state: &mut [R],
        grads: &mut Params<R>,
        below: Below<'_, R>,
    ) {
        let (steps, rows, hidden, shape) = (span.steps, span.rows, self.hidden, &self.shape);
        let (n, stride) = (rows * hidden, span.stride);
        for part in 0..shape.parts {
            let last = &mut span.d_states[part * stride + steps * n..][..n];
            let after = &d_state[part * n..][..n];
            if part == 0 {
                last.iter_mut().zip(after).for_each(|(d, &a)| *d += a);
            } else {
                last.copy_from_slice(after);
            }
        }
        // What arrives at the state before the chunk comes from this chunk's steps alone.
        span.d_states[..n].fill(R::ZERO);
        work.deltas.grow(steps * n * shape.deltas);
        let (mut chunk, d_states) = span.chunk(tape, &self.weights);
        let mut gradients = Gradients { deltas: &mut work.deltas, d_states };
        with_cell!(self.kind, cell =>
            recurrent::backward(ctx, &cell, shape.phases, &self.hidden_backward, &mut chunk, &mut gradients));
        for part in 0..shape.parts {
            d_state[part * n..][..n].copy_from_slice(&span.d_states[part * stride..][..n]);
        }
        let x = match source {
            Source::Rows(x) => Some(x),
            Source::Projected(..) => None,
        };
        with_cell!(self.kind, cell => self.weight_gradients(ctx, &cell, x, tape, span, work, grads));
        let deltas = slots(&work.deltas, steps * rows, shape.deltas, hidden, 0, shape.gates);
        match (below, source) {
            (Below::Rows(d_x), _) => product(ctx, deltas, &self.input_backward, Start::Zero, d_x),
            (Below::Projected(d_table), Source::Projected(_, indices)) => {
                scatter_rows(ctx, indices, deltas, d_table)
            }
            _ => {}
        }
    }

    /// `x` is None where the input's weights get their gradient by [`Layer::project_back`].
    fn weight_gradients<C: Cell<R>>(
        &self,
        ctx: &Context<R>,
        _: &C,
        x: Option<Mat<'_, R>>,
        tape: &Tape<R>,
        span: &Span<R>,
        work: &mut Work<R>,
        grads: &mut Params<R>,
    ) {
        let (hidden, shape, count) = (self.hidden, &self.shape, span.steps * span.rows);
        let width = shape.gates * hidden;
        let deltas = |first, gates| slots(&work.deltas, count, shape.deltas, hidden, first, gates);
        let Tensors { weight_ih, weight_hh, bias_ih, bias_hh, .. } = self.tensors;
        let [d_ih, d_hh, d_bias_ih, d_bias_hh] = grads.tensors_mut([weight_ih, weight_hh, bias_ih, bias_hh]);
        let products = &mut work.products;
        let d_ih = MatMut::new(d_ih, width, self.input);
        match (shape.phases, x) {
            (&[Phase { operand: Operand::Hidden, delta: 0, .. }], Some(x)) => {
                // The gradients by the sums of the input and of the state are the same numbers, and so are their sums.
                let before = Mat::new(&span.states[..], count, hidden);
                work.sums.fill(R::ZERO);
                let d_hh = MatMut::new(d_hh, width, hidden);
                let both = [(x, d_ih), (before, d_hh)];
                accumulate_transposed(ctx, deltas(0, shape.gates), both, products, Some(&mut work.sums));
                for d_bias in [d_bias_ih, d_bias_hh] {
                    d_bias.iter_mut().zip(&work.sums[..]).for_each(|(d, &sum)| *d += sum);
                }
            }
            (phases, x) => {
                if let Some(x) = x {
                    let deltas = deltas(0, shape.gates);
                    accumulate_transposed(ctx, deltas, [(x, d_ih)], products, Some(d_bias_ih));
                }
                for phase in phases {
                    let operand = match phase.operand {
                        Operand::Hidden => Mat::new(&span.states[..], count, hidden),
                        Operand::Tape { slot, .. } => slots(&tape.gates, count, shape.tape, hidden, slot, 1),
                    };
                    let (first, rows) = (phase.first_gate * hidden, phase.gates * hidden);
                    let d_hh = MatMut::new(&mut d_hh[first * hidden..], rows, hidden);
                    let d_bias = Some(&mut d_bias_hh[first..first + rows]);
                    let deltas = deltas(phase.delta, phase.gates);
                    accumulate_transposed(ctx, deltas, [(operand, d_hh)], products, d_bias);
                }
            }
        }
        if let Some(index) = self.tensors.peephole {
            for (weight, peephole) in C::PEEPHOLES.iter().enumerate() {
                let (part, index_0) = match peephole.factor {
                    Factor::Previous(part) => (part, 0),
                    Factor::Next(part) => (part, 1),
                };
                let factor = &span.states[part * span.stride + index_0 * span.rows * hidden..];
                let out = &mut grads.tensor_mut(index)[weight * hidden..][..hidden];
                add_column_dots(ctx, deltas(peephole.delta, 1), Mat::new(factor, count, hidden), out);
            }
        }
        if let (Some(index), Some(slot)) = (self.tensors.step, C::STEP_DELTA) {
            let sums = &mut work.sums[..hidden];
            sums.fill(R::ZERO);
            add_column_sums(ctx, deltas(slot, 1), sums);
            grads.tensor_mut(index)[0] += sums.iter().fold(R::ZERO, |sum, &x| sum + x);
        }
    }

    /// An empty tape; it grows to the first chunk's size and is used again from then on.
    pub fn tape(&self) -> Tape<R> {
        Tape { gates: Buffer::zeros(0) }
    }

    /// Numbers on the tape for each (step, row).
    pub fn tape_width(&self) -> usize {
        self.shape.tape * self.hidden
    }

    /// Width of the input projection, G·H.
    pub fn projected_width(&self) -> usize {
        self.shape.gates * self.hidden
    }

    /// An empty span.
    pub fn span(&self) -> Span<R> {
        let nothing = || Buffer::zeros(0);
        Span { steps: 0, rows: 0, hidden: self.hidden, stride: 0, states: nothing(), d_states: nothing() }
    }

    /// Empty working memory for backward.
    pub fn work(&self) -> Work<R> {
        Work {
            deltas: Buffer::zeros(0),
            products: Workspace::new(),
            sums: Buffer::zeros(self.shape.gates * self.hidden),
        }
    }
}

impl<R: Real> Span<R> {
    /// The chunk for the recurrence, and the gradients by its states.
    fn chunk<'a>(&'a mut self, tape: &'a mut Tape<R>, weights: &'a [R]) -> (Chunk<'a, R>, &'a mut [R]) {
        let chunk = Chunk {
            steps: self.steps,
            rows: self.rows,
            hidden: self.hidden,
            tape: &mut tape.gates,
            states: &mut self.states,
            part_stride: self.stride,
            weights,
        };
        (chunk, &mut self.d_states)
    }

    /// h_1 … h_T of the chunk: `[steps · rows, H]`.
    pub fn output(&self) -> Mat<'_, R> {
        Mat::new(&self.states[self.rows * self.hidden..], self.steps * self.rows, self.hidden)
    }

    /// One state part after the chunk: `[rows, H]`.
    pub fn last(&self, part: usize) -> &[R] {
        let n = self.rows * self.hidden;
        &self.states[part * self.stride + self.steps * n..][..n]
    }

    /// Sizes the gradients for the chunk and returns the place for what arrives at h_t from above: `[steps · rows, H]`, to be
    /// overwritten.
    pub fn d_h(&mut self) -> &mut [R] {
        let n = self.rows * self.hidden;
        self.d_states.grow(self.states.len());
        &mut self.d_states[n..][..self.steps * n]
    }

    /// The outputs, to be read, and the place for the gradient by them, as [`Span::d_h`], to be written.
    pub fn output_and_d_h(&mut self) -> (Mat<'_, R>, &mut [R]) {
        let (n, count) = (self.rows * self.hidden, self.steps * self.rows);
        self.d_states.grow(self.states.len());
        let output = Mat::new(&self.states[n..], count, self.hidden);
        (output, &mut self.d_states[n..][..count * self.hidden])
    }

    /// ∂ℒ/∂h_t at step t of the chunk last run backwards, complete: `[rows, H]`.
    pub fn d_hidden(&self, t: usize) -> &[R] {
        let n = self.rows * self.hidden;
        &self.d_states[(t + 1) * n..][..n]
    }
}

fn inner_bias<R: Real, C: Cell<R>>(_: &C) -> Option<usize> {
    C::INNER_BIAS
}

/// `count` neighbouring slots of every row as a matrix.
fn slots<R>(data: &[R], rows: usize, all: usize, hidden: usize, first: usize, count: usize) -> Mat<'_, R> {
    Mat::strided(&data[first * hidden..], rows, count * hidden, all * hidden)
}
