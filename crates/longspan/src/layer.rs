//! One recurrent layer over one chunk of time: input projection, recurrence, and their gradients.

use crate::cell::{Cell, CellKind, Factor, with_cell};
use crate::kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use crate::kernel::recurrent::{self, Chunk, Equations, Gradients, Operand, Phase};
use crate::kernel::rows::{add_column_dots, add_column_sums};
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

/// What forward leaves of one layer and one chunk for backward.
pub struct Tape<R> {
    steps: usize,
    rows: usize,
    hidden: usize,
    part_stride: usize,
    tape: Buffer<R>,
    states: Buffer<R>,
}

/// Working memory of backward for one layer.
pub struct Work<R> {
    deltas: Buffer<R>,
    d_states: Buffer<R>,
    products: Workspace<R>,
    sums: Buffer<R>,
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

    /// Takes the weights: packs them for the products of one sequence.
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        let (gates, hidden) = (self.shape.gates, self.hidden);
        let ih = Mat::new(params.tensor(self.tensors.weight_ih), gates * hidden, self.input);
        self.input_forward.pack(ctx, Weights::Transposed(ih));
        self.input_backward.pack(ctx, Weights::Plain(ih));
        let hh = params.tensor(self.tensors.weight_hh);
        for (p, phase) in self.shape.phases.iter().enumerate() {
            let block = Mat::new(&hh[phase.first_gate * hidden * hidden..], phase.gates * hidden, hidden);
            self.hidden_forward[p].pack(ctx, Weights::Transposed(block));
            self.hidden_backward[p].pack(ctx, Weights::Plain(block));
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

    /// Runs the layer forwards over a chunk.
    ///
    /// # Shapes
    /// `x` `[steps · rows, D]`; `before` `[parts, rows, H]`, the state before the chunk.
    pub fn forward(
        &self,
        ctx: &Context<R>,
        x: Mat<'_, R>,
        before: &[R],
        steps: usize,
        rows: usize,
        tape: &mut Tape<R>,
    ) {
        tape.reshape(&self.shape, steps, rows, self.hidden);
        for part in 0..self.shape.parts {
            let n = rows * self.hidden;
            tape.states[part * tape.part_stride..][..n].copy_from_slice(&before[part * n..][..n]);
        }
        let width = self.shape.gates * self.hidden;
        let projected = MatMut::strided(&mut tape.tape, steps * rows, width, self.shape.tape * self.hidden);
        product(ctx, x, &self.input_forward, Start::Bias(&self.bias), projected);
        let mut chunk = tape.chunk(&self.weights);
        with_cell!(self.kind, cell => recurrent::forward(ctx, &cell, self.shape.phases, &self.hidden_forward, &mut chunk));
    }

    /// Runs the layer backwards over a chunk and adds to the gradients of its weights.
    ///
    /// # Shapes
    /// `work.d_h()` `[steps · rows, H]` holds what arrives from above. `d_state` `[parts, rows, H]` holds on entry the
    /// gradient by the state after the chunk, and on return that by the state before it. `d_x` `[steps · rows, D]` is
    /// overwritten.
    pub fn backward(
        &self,
        ctx: &Context<R>,
        x: Mat<'_, R>,
        tape: &mut Tape<R>,
        work: &mut Work<R>,
        d_state: &mut [R],
        grads: &mut Params<R>,
        d_x: Option<MatMut<'_, R>>,
    ) {
        let (steps, rows, hidden, shape) = (tape.steps, tape.rows, self.hidden, &self.shape);
        let n = rows * hidden;
        for part in 0..shape.parts {
            let last = &mut work.d_states[part * tape.part_stride + steps * n..][..n];
            let after = &d_state[part * n..][..n];
            if part == 0 {
                last.iter_mut().zip(after).for_each(|(d, &a)| *d += a);
            } else {
                last.copy_from_slice(after);
            }
        }
        // What arrives at the state before the chunk comes from this chunk's steps alone.
        work.d_states[..n].fill(R::ZERO);
        let mut chunk = tape.chunk(&self.weights);
        let mut gradients = Gradients { deltas: &mut work.deltas, d_states: &mut work.d_states };
        with_cell!(self.kind, cell =>
            recurrent::backward(ctx, &cell, shape.phases, &self.hidden_backward, &mut chunk, &mut gradients));
        for part in 0..shape.parts {
            d_state[part * n..][..n].copy_from_slice(&work.d_states[part * tape.part_stride..][..n]);
        }
        with_cell!(self.kind, cell => self.weight_gradients(ctx, &cell, x, tape, work, grads));
        if let Some(d_x) = d_x {
            let deltas = slots(&work.deltas, steps * rows, shape.deltas, hidden, 0, shape.gates);
            product(ctx, deltas, &self.input_backward, Start::Zero, d_x);
        }
    }

    fn weight_gradients<C: Cell<R>>(
        &self,
        ctx: &Context<R>,
        _: &C,
        x: Mat<'_, R>,
        tape: &Tape<R>,
        work: &mut Work<R>,
        grads: &mut Params<R>,
    ) {
        let (hidden, shape, count) = (self.hidden, &self.shape, tape.steps * tape.rows);
        let width = shape.gates * hidden;
        let deltas = |first, gates| slots(&work.deltas, count, shape.deltas, hidden, first, gates);
        let [d_ih, d_hh, d_bias_ih, d_bias_hh] = grads.tensors_mut([
            self.tensors.weight_ih,
            self.tensors.weight_hh,
            self.tensors.bias_ih,
            self.tensors.bias_hh,
        ]);
        let d_ih = MatMut::new(d_ih, width, self.input);
        let products = &mut work.products;
        if let &[Phase { operand: Operand::Hidden, delta: 0, .. }] = shape.phases {
            // The gradients by the sums of the input and of the state are the same numbers, and so are their sums.
            let before = Mat::new(&tape.states[..], count, hidden);
            work.sums.fill(R::ZERO);
            let d_hh = MatMut::new(d_hh, width, hidden);
            accumulate_transposed(
                ctx,
                deltas(0, shape.gates),
                [(x, d_ih), (before, d_hh)],
                products,
                Some(&mut work.sums),
            );
            for d_bias in [d_bias_ih, d_bias_hh] {
                d_bias.iter_mut().zip(&work.sums[..]).for_each(|(d, &sum)| *d += sum);
            }
        } else {
            accumulate_transposed(ctx, deltas(0, shape.gates), [(x, d_ih)], products, Some(d_bias_ih));
            for phase in shape.phases {
                let operand = match phase.operand {
                    Operand::Hidden => Mat::new(&tape.states[..], count, hidden),
                    Operand::Tape { slot, .. } => slots(&tape.tape, count, shape.tape, hidden, slot, 1),
                };
                let (first, rows) = (phase.first_gate * hidden, phase.gates * hidden);
                let d_hh = MatMut::new(&mut d_hh[first * hidden..], rows, hidden);
                let d_bias = Some(&mut d_bias_hh[first..first + rows]);
                accumulate_transposed(
                    ctx,
                    deltas(phase.delta, phase.gates),
                    [(operand, d_hh)],
                    products,
                    d_bias,
                );
            }
        }
        if let Some(index) = self.tensors.peephole {
            for (weight, peephole) in C::PEEPHOLES.iter().enumerate() {
                let (part, index_0) = match peephole.factor {
                    Factor::Previous(part) => (part, 0),
                    Factor::Next(part) => (part, 1),
                };
                let factor = &tape.states[part * tape.part_stride + index_0 * tape.rows * hidden..];
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
        let nothing = || Buffer::zeros(0);
        Tape { steps: 0, rows: 0, hidden: self.hidden, part_stride: 0, tape: nothing(), states: nothing() }
    }

    /// Empty working memory for backward.
    pub fn work(&self) -> Work<R> {
        Work {
            deltas: Buffer::zeros(0),
            d_states: Buffer::zeros(0),
            products: Workspace::new(),
            sums: Buffer::zeros(self.shape.gates * self.hidden),
        }
    }

    /// Sizes the working memory for the chunk on this tape and returns the place for what arrives at h_t from above:
    /// `[steps, rows, H]`, to be overwritten.
    pub fn d_h<'w>(&self, work: &'w mut Work<R>, tape: &Tape<R>) -> &'w mut [R] {
        let n = tape.rows * self.hidden;
        work.deltas.grow(tape.steps * n * self.shape.deltas);
        work.d_states.grow(tape.part_stride * self.shape.parts);
        &mut work.d_states[n..][..tape.steps * n]
    }
}

impl<R: Real> Tape<R> {
    fn reshape(&mut self, shape: &Shape, steps: usize, rows: usize, hidden: usize) {
        (self.steps, self.rows) = (steps, rows);
        self.part_stride = (steps + 1) * rows * hidden;
        self.tape.grow(steps * rows * shape.tape * hidden);
        self.states.grow(shape.parts * self.part_stride);
    }

    fn chunk<'a>(&'a mut self, weights: &'a [R]) -> Chunk<'a, R> {
        Chunk {
            steps: self.steps,
            rows: self.rows,
            hidden: self.hidden,
            tape: &mut self.tape,
            states: &mut self.states,
            part_stride: self.part_stride,
            weights,
        }
    }

    /// h_1 … h_T of the chunk: `[steps · rows, H]`.
    pub fn output(&self) -> Mat<'_, R> {
        Mat::new(&self.states[self.rows * self.hidden..], self.steps * self.rows, self.hidden)
    }

    /// One state part after the chunk: `[rows, H]`.
    pub fn last(&self, part: usize) -> &[R] {
        let n = self.rows * self.hidden;
        &self.states[part * self.part_stride + self.steps * n..][..n]
    }
}

impl<R: Real> Work<R> {
    /// ∂ℒ/∂h_t at step t of the chunk last run, complete: `[rows, H]`.
    pub fn d_hidden(&self, tape: &Tape<R>, t: usize) -> &[R] {
        let n = tape.rows * tape.hidden;
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
