//! A stack of bidirectional layers.
//!
//! ```text
//! h→_t^l from u^l_1 … u^l_t      h←_t^l from u^l_T … u^l_t      h^l = [h→^l, h←^l], 2H wide
//! ```
//!
//! T is the row's own length, as in PyTorch's packed sequences: the reverse direction starts at each row's
//! last step. It runs the same recurrence over reversed rows, in which position (t, b) moves to (T_b − 1 − t,
//! b). Rows keep their lengths, so the window keeps its shape, its chunks and its plan.
//!
//! A layer needs the output of the layer below for the whole window. So the layers run one after the other
//! over the whole window instead of chunk by chunk, each as two stacks of one layer. The input of each layer
//! is kept for the whole window.
//!
//! # References
//! Schuster, Paliwal, "Bidirectional recurrent neural networks", IEEE Trans. Signal Processing 45, 1997.

use super::connection::{Arriving, Connections, add};
use super::input::{Input, Window};
use super::part::Part;
use super::pass::Pass;
use super::plan::{Keep, MemoryError, Plan};
use super::spec::RecurrenceSpec;
use super::stack::Stack;
use super::state::State;
use crate::bptt::dropout::Dropout;
use crate::bptt::layer::Layer;
use crate::cell::Real;
use crate::params::{Layout, Params};
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::rows::for_each_row;
use longspan_kernel::{Buffer, Context, InstructionSet};

/// One direction of one layer, with its data for the window.
struct Direction<R> {
    stack: Stack<R>,
    /// The state of this direction. It is taken from the state of all layers while the direction runs.
    state: State<R>,
}

/// A bidirectional stack of recurrent layers of one kind.
pub(super) struct Bidirectional<R> {
    /// Per layer: forwards and in reverse.
    layers: Vec<[Direction<R>; 2]>,
    hidden: usize,
    input: usize,
    chunk: usize,
    connections: Connections<R>,
    /// r_l `[positions, 2H]`, l = 1 … L.
    arrives: Vec<Buffer<R>>,
    reversed: Reversed<R>,
    /// u_l where it differs from r_l.
    read: Buffer<R>,
    /// h of each direction, in its own order of steps; then the gradients with respect to them: `[positions,
    /// H]`.
    halves: [Buffer<R>; 2],
    /// The gradient with respect to u_l from each direction, in its own order of steps.
    d_read: [Buffer<R>; 2],
    /// The gradient with respect to r_l at the current layer of the backward pass, and to that of the layer
    /// above.
    d_arrives: [Buffer<R>; 2],
    limit: Option<usize>,
    /// The window and the dropout masks of the last forward pass.
    shape: PackedShape,
    dropout: Option<Dropout>,
    has_backward: bool,
}

/// The rows of a window in reverse order, each within its own length.
struct Reversed<R> {
    /// For each position, the position that it is read from.
    positions: Vec<u32>,
    /// The input in reverse.
    tokens: Vec<u32>,
    rows: Buffer<R>,
}

impl<R: Real> Reversed<R> {
    /// Sets the lengths of the window's rows.
    fn take(&mut self, shape: &PackedShape) {
        self.positions.clear();
        self.positions.extend((0..shape.positions()).map(|position| {
            let (t, row) = shape.position(position);
            (shape.offset(shape.length(row) - 1 - t) + row) as u32
        }));
    }

    /// Returns the input in the order in which the reverse direction reads it.
    fn input<'a>(&'a mut self, ctx: &Context<R>, input: Input<'a, R>) -> Input<'a, R> {
        match input {
            Input::Rows(table, indices) => {
                self.tokens.clear();
                self.tokens.extend(self.positions.iter().map(|&position| indices[position as usize]));
                Input::Rows(table, &self.tokens)
            }
            Input::Numbers(x) => {
                self.rows.grow(x.len());
                let (width, positions) = (x.len() / self.positions.len().max(1), &self.positions);
                for_each_row(ctx, &mut self.rows[..x.len()], width, |position, row| {
                    row.copy_from_slice(&x[positions[position] as usize * width..][..width]);
                });
                Input::Numbers(&self.rows[..x.len()])
            }
        }
    }
}

impl<R: Real> Bidirectional<R> {
    /// Adds the layers' tensors to the layout, in PyTorch's order.
    ///
    /// # Panics
    /// If a size is 0.
    pub(super) fn new(isa: InstructionSet, spec: &RecurrenceSpec, layout: &mut Layout) -> Self {
        let &RecurrenceSpec { kind, input, hidden, layers, chunk, .. } = spec;
        assert!(layers > 0 && hidden > 0 && chunk > 0, "layers {layers}, hidden {hidden}, chunk {chunk}");
        let nothing = || Buffer::zeros(0);
        let mut direction = |l: usize, name: String| {
            let input = if l == 0 { input } else { 2 * hidden };
            let layer = Layer::new(isa, kind, &name, input, hidden, layout);
            let stack = Stack::of(vec![layer], input, chunk, Connections::plain());
            Direction { state: stack.zero_state(0), stack }
        };
        Self {
            layers: (0..layers)
                .map(|l| [direction(l, format!("l{l}")), direction(l, format!("l{l}_reverse"))])
                .collect(),
            hidden,
            input,
            chunk,
            connections: Connections::new(layers, 2 * hidden, spec.residual, spec.norm, layout),
            arrives: (0..=layers).map(|_| nothing()).collect(),
            reversed: Reversed { positions: Vec::new(), tokens: Vec::new(), rows: nothing() },
            read: nothing(),
            halves: [nothing(), nothing()],
            d_read: [nothing(), nothing()],
            d_arrives: [nothing(), nothing()],
            limit: None,
            shape: PackedShape::default(),
            dropout: None,
            has_backward: false,
        }
    }

    /// Returns a zero state for `rows` rows; layer l has index 2l forwards and 2l + 1 in reverse.
    pub(super) fn zero_state(&self, rows: usize) -> State<R> {
        let of = |direction: &Direction<R>| direction.stack.zero_state(rows);
        let mut states = self.layers.iter().flatten().map(of);
        let mut all = states.next().expect("a layer");
        states.for_each(|state| all.layers.extend(state.layers));
        all
    }

    /// Plans memory as [`Stack::plan`] does. The inputs of the layers count too: they are kept whatever the
    /// limit.
    ///
    /// # Errors
    /// [`MemoryError`] if the limit is below the smallest possible amount.
    pub(super) fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        let layer = self.layers[0][0].stack.layer();
        let (directions, numbers) = (2 * self.layers.len(), rows * size_of::<R>());
        let tape = directions * layer.tape_width() * numbers;
        let state = directions * layer.parts() * self.hidden * numbers;
        let between = (self.layers.len() - 1) * 2 * self.hidden * steps * numbers;
        Plan::new(steps, self.chunk, tape, state, between, limit)
    }

    /// Limits memory as [`Stack::limit_memory`] does.
    pub(super) fn limit_memory(&mut self, limit: Option<usize>) {
        self.limit = limit;
    }

    /// Packs the weights as [`Stack::pack`] does.
    pub(super) fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.layers.iter_mut().flatten().for_each(|direction| direction.stack.pack(ctx, params));
    }

    /// Runs the forward pass as [`Stack::forward`] does; y is `[positions, 2H]`.
    ///
    /// # Panics
    /// If a length does not fit the window, or the memory limit is below what one chunk needs.
    pub(super) fn forward(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        keep: Keep,
        state: &mut State<R>,
        y: &mut [R],
    ) {
        let Window { shape, input } = window;
        let (steps, rows) = (shape.steps(), shape.rows());
        let plan = match keep {
            Keep::Everything => self.plan(steps, rows, self.limit),
            Keep::Outputs => self.plan(steps, rows, None).map(Plan::without_backward),
        };
        let plan = plan.unwrap_or_else(|error| panic!("{error}"));
        let (hidden, positions, top) = (self.hidden, shape.positions(), self.layers.len());
        let (width, n) = (2 * hidden, positions * hidden);
        assert_eq!(y.len(), 2 * n, "y: {positions} positions of {width}");
        self.shape.copy_from(shape);
        (self.dropout, self.has_backward) = (pass.dropout, plan.has_backward());
        self.reversed.take(shape);
        self.halves.iter_mut().for_each(|half| half.grow(n));
        for l in 0..top {
            let (below, above) = self.arrives.split_at_mut(l + 1);
            let read = match l {
                0 => input,
                _ => {
                    let values = Mat::new(&below[l], positions, width);
                    let arriving = Arriving { layer: l, slice: shape.whole(), values };
                    let read =
                        self.connections.read(pass.ctx, pass.params, pass.dropout, arriving, &mut self.read);
                    Input::Numbers(&read.data()[..positions * width])
                }
            };
            let [forwards, reverse] = &mut self.layers[l];
            let [ahead, back] = &mut self.halves;
            let parts = &mut state.layers[2 * l..];
            forwards.with(&mut parts[0], |stack, state| {
                let window = Window { shape, input: read };
                stack.run(&mut of_direction(pass, l, false), window, plan, state, &mut ahead[..n]);
            });
            let read = self.reversed.input(pass.ctx, read);
            reverse.with(&mut parts[1], |stack, state| {
                let window = Window { shape, input: read };
                stack.run(&mut of_direction(pass, l, true), window, plan, state, &mut back[..n]);
            });
            let (positions, below) = (&self.reversed.positions, &below[l]);
            let sums_up = self.connections.sums_up(l);
            above[0].grow(2 * n);
            for_each_row(pass.ctx, &mut above[0][..2 * n], width, |position, row| {
                let (left, right) = row.split_at_mut(hidden);
                left.copy_from_slice(&ahead[position * hidden..][..hidden]);
                right.copy_from_slice(&back[positions[position] as usize * hidden..][..hidden]);
                if sums_up {
                    row.iter_mut().zip(&below[position * width..]).for_each(|(r, &below)| *r += below);
                }
            });
        }
        let values = Mat::new(&self.arrives[top], positions, width);
        let arriving = Arriving { layer: top, slice: shape.whole(), values };
        let out = self.connections.read(pass.ctx, pass.params, None, arriving, &mut self.read);
        y.copy_from_slice(&out.data()[..2 * n]);
    }

    /// Runs the backward pass as [`Stack::backward`] does.
    ///
    /// # Panics
    /// If window or dropout are not those of the last forward pass, if a length does not fit them, or if that
    /// pass kept outputs only.
    pub(super) fn backward(
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

    /// Runs the backward pass through the states only, as [`Stack::propagate`] does.
    ///
    /// # Panics
    /// As [`Bidirectional::backward`].
    pub(super) fn propagate(
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
    fn run_backward(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        d_y: &[R],
        d_state: &mut State<R>,
        mut grads: Option<&mut Params<R>>,
        mut d_x: Option<&mut [R]>,
    ) {
        assert!(self.has_backward, "the forward pass kept outputs only, so it has no backward pass");
        assert!(*window.shape == self.shape, "not the window of the last forward pass");
        assert_eq!(pass.dropout, self.dropout, "not the dropout of the last forward pass");
        let shape = window.shape;
        let (positions, top, width) = (shape.positions(), self.layers.len(), 2 * self.hidden);
        let all = positions * width;
        assert_eq!(d_y.len(), all, "d_y: {positions} positions of {width}");
        self.d_arrives.iter_mut().for_each(|d| d.grow(all));
        let d = &mut self.d_arrives[0][..all];
        d.copy_from_slice(d_y);
        let values = Mat::new(&self.arrives[top], positions, width);
        let arriving = Arriving { layer: top, slice: shape.whole(), values };
        self.connections.read_back(pass.ctx, pass.params, None, arriving, d, grads.as_deref_mut());
        for l in (0..top).rev() {
            self.split(pass, shape);
            let wanted = l > 0 || d_x.is_some();
            let read_width = if l == 0 { self.input } else { width };
            let read_width = wanted.then_some(read_width);
            self.layer_backward(pass, window, l, d_state, grads.as_deref_mut(), read_width);
            let Some(read_width) = read_width else { continue };
            let [d_here, d_below] = &mut self.d_arrives;
            let d = match &mut d_x {
                Some(d_x) if l == 0 => &mut **d_x,
                _ => &mut d_below[..all],
            };
            let ([ahead, back], reversed) = (&self.d_read, &self.reversed.positions);
            for_each_row(pass.ctx, d, read_width, |position, d| {
                let ahead = &ahead[position * read_width..][..read_width];
                let back = &back[reversed[position] as usize * read_width..][..read_width];
                d.iter_mut().zip(ahead).zip(back).for_each(|((d, &a), &b)| *d = a + b);
            });
            if l > 0 {
                let values = Mat::new(&self.arrives[l], positions, width);
                let arriving = Arriving { layer: l, slice: shape.whole(), values };
                let grads = grads.as_deref_mut();
                self.connections.read_back(pass.ctx, pass.params, pass.dropout, arriving, d, grads);
                if self.connections.sums_up(l) {
                    add(pass.ctx, width, d, &d_here[..all]);
                }
                self.d_arrives.swap(0, 1);
            }
        }
    }

    /// Splits the gradient with respect to the output of the current layer into one half per direction, each
    /// in its own order of steps.
    fn split(&mut self, pass: &Pass<'_, R>, shape: &PackedShape) {
        let (hidden, n) = (self.hidden, shape.positions() * self.hidden);
        let (d_here, reversed) = (&self.d_arrives[0], &self.reversed.positions);
        for (side, half) in self.halves.iter_mut().enumerate() {
            for_each_row(pass.ctx, &mut half[..n], hidden, |position, d| {
                let at = if side == 0 { position } else { reversed[position] as usize };
                d.copy_from_slice(&d_here[at * 2 * hidden + side * hidden..][..hidden]);
            });
        }
    }

    /// Runs both directions of layer l backwards, from their halves to the gradients with respect to their
    /// inputs, where a width is given.
    fn layer_backward(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        l: usize,
        d_state: &mut State<R>,
        mut grads: Option<&mut Params<R>>,
        read_width: Option<usize>,
    ) {
        let (shape, positions, width) = (window.shape, window.shape.positions(), 2 * self.hidden);
        let read = match l {
            0 => window.input,
            _ => {
                let values = Mat::new(&self.arrives[l], positions, width);
                let arriving = Arriving { layer: l, slice: shape.whole(), values };
                let read =
                    self.connections.read(pass.ctx, pass.params, pass.dropout, arriving, &mut self.read);
                Input::Numbers(&read.data()[..positions * width])
            }
        };
        for (side, direction) in self.layers[l].iter_mut().enumerate() {
            let input = if side == 0 { read } else { self.reversed.input(pass.ctx, read) };
            let d_read = &mut self.d_read[side];
            let d_read = read_width.map(|width| {
                d_read.grow(positions * width);
                &mut d_read[..positions * width]
            });
            let d_h = &self.halves[side][..positions * self.hidden];
            direction.with(&mut d_state.layers[2 * l + side], |stack, d_state| {
                let mut pass = of_direction(pass, l, side == 1);
                let (window, grads) = (Window { shape, input }, grads.as_deref_mut());
                stack.run_backward(&mut pass, window, d_h, d_state, grads, d_read);
            });
        }
    }
}

/// The pass of one direction of layer l. Only layer 0 may have to mask its input there, see [`Connections`].
fn of_direction<'b, R: Real>(pass: &'b mut Pass<'_, R>, l: usize, reverse: bool) -> Pass<'b, R> {
    let dropout = pass.dropout.filter(|_| l == 0);
    let dropout = if reverse { dropout.map(Dropout::reversed) } else { dropout };
    let first_layer = pass.part.first_layer + 2 * l + usize::from(reverse);
    pass.through(Part { first_layer, reverse, ..pass.part }, dropout)
}

impl<R: Real> Bidirectional<R> {
    /// Injects a fault as [`Stack::inject_fault`] does.
    pub(super) fn inject_fault(&mut self, fault: Option<crate::bptt::layer::FaultInjection>) {
        for (k, direction) in self.layers.iter_mut().flatten().enumerate() {
            let own = fault.filter(|fault| fault.layer == k);
            direction
                .stack
                .inject_fault(own.map(|fault| crate::bptt::layer::FaultInjection { layer: 0, ..fault }));
        }
    }
}

impl<R: Real> Direction<R> {
    /// Runs the stack with a state that is one layer of a larger state.
    fn with(&mut self, layer: &mut Buffer<R>, run: impl FnOnce(&mut Stack<R>, &mut State<R>)) {
        std::mem::swap(&mut self.state.layers[0], layer);
        run(&mut self.stack, &mut self.state);
        std::mem::swap(&mut self.state.layers[0], layer);
    }
}
