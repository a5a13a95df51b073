//! A stack whose layers read each row both ways.
//!
//! ```text
//! h→_t^l from u^l_1 … u^l_t      h←_t^l from u^l_T … u^l_t      h^l = [h→^l, h←^l], 2H wide
//! ```
//!
//! T is the row's own length, as with PyTorch's packed sequences: the reverse direction starts at each row's last step. It is
//! the same recurrence over rows that are turned around, place (t, b) at (T_b − 1 − t, b): rows keep their lengths, so that the
//! window keeps its extent, its chunks and its plan.
//!
//! A layer needs all of the window that the one below puts out, so that layers run one after the other over the window and not
//! over a chunk, each as two stacks of one layer. What arrives below each layer is kept for the whole window.
//!
//! # References
//! Schuster, Paliwal, "Bidirectional recurrent neural networks", IEEE Trans. Signal Processing 45, 1997.

use super::connection::{Connections, add};
use super::{BackwardStep, ForwardChunk, Input, MemoryError, Plan, RecurrenceSpec, Stack, State};
use crate::bptt::dropout::Dropout;
use crate::bptt::layer::{FaultInjection, Layer};
use crate::params::{Layout, Params};
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::real::Real;
use longspan_kernel::rows::for_each_row;
use longspan_kernel::{Buffer, Context, InstructionSet};

/// One direction of one layer, and its side of the window.
struct Direction<R> {
    stack: Stack<R>,
    /// Its state: taken from those of all layers while it runs.
    state: State<R>,
}

/// A bidirectional stack of recurrent layers of one kind.
pub(super) struct Bidirectional<R> {
    /// Forwards and in reverse.
    layers: Vec<[Direction<R>; 2]>,
    hidden: usize,
    input: usize,
    chunk: usize,
    connections: Connections<R>,
    /// r_l `[positions, 2H]`, l = 1 … L.
    arrives: Vec<Buffer<R>>,
    turned: Turned<R>,
    /// u_l where it is not r_l.
    read: Buffer<R>,
    /// h of each direction, each in its own order, then the gradients by them: `[positions, H]`.
    halves: [Buffer<R>; 2],
    /// The gradient by u_l that each direction gives, each in its own order.
    d_read: [Buffer<R>; 2],
    /// The gradient by r_l that backward has come to, and by the one above.
    d_arrives: [Buffer<R>; 2],
    limit: Option<usize>,
    extent: PackedShape,
    dropout: Option<Dropout>,
    leads_back: bool,
}

/// The rows of a window turned around, each within its length.
struct Turned<R> {
    /// Where each place is found.
    positions: Vec<u32>,
    /// The input in reverse.
    tokens: Vec<u32>,
    rows: Buffer<R>,
}

impl<R: Real> Turned<R> {
    /// Takes the lengths of a window's rows.
    fn take(&mut self, extent: &PackedShape) {
        self.positions.clear();
        self.positions.extend((0..extent.positions()).map(|position| {
            let (t, row) = extent.position(position);
            (extent.offset(extent.length(row) - 1 - t) + row) as u32
        }));
    }

    /// The input as the reverse direction reads it.
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
            turned: Turned { positions: Vec::new(), tokens: Vec::new(), rows: nothing() },
            read: nothing(),
            halves: [nothing(), nothing()],
            d_read: [nothing(), nothing()],
            d_arrives: [nothing(), nothing()],
            limit: None,
            extent: PackedShape::default(),
            dropout: None,
            leads_back: false,
        }
    }

    /// A zero state for `rows` rows: layer l forwards at 2l, in reverse at 2l + 1.
    pub(super) fn zero_state(&self, rows: usize) -> State<R> {
        let of = |direction: &Direction<R>| direction.stack.zero_state(rows);
        let mut states = self.layers.iter().flatten().map(of);
        let mut all = states.next().expect("a layer");
        states.for_each(|state| all.layers.extend(state.layers));
        all
    }

    /// As [`Stack::plan`]. What arrives below the layers counts, too: it is kept whatever the limit.
    ///
    /// # Errors
    /// If the limit is below the least that is possible.
    pub(super) fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        let layer = &self.layers[0][0].stack.layers[0];
        let (directions, numbers) = (2 * self.layers.len(), rows * size_of::<R>());
        let tape = directions * layer.tape_width() * numbers;
        let state = directions * layer.parts() * self.hidden * numbers;
        let between = (self.layers.len() - 1) * 2 * self.hidden * steps * numbers;
        Plan::new(steps, self.chunk, tape, state, between, limit)
    }

    /// As [`Stack::limit_memory`].
    pub(super) fn limit_memory(&mut self, limit: Option<usize>) {
        self.limit = limit;
    }

    /// As [`Stack::pack`].
    pub(super) fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.layers.iter_mut().flatten().for_each(|direction| direction.stack.pack(ctx, params));
    }

    /// As [`Stack::forward_seen`]; y is `[positions, 2H]`. `look` sees the layers one after the other, of each one first all steps
    /// forwards and then all in reverse.
    ///
    /// # Panics
    /// If a length does not fit the extent, or the memory limit is below the least that a chunk needs.
    pub(super) fn forward_seen(
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

    /// As [`Stack::plant`].
    pub(super) fn inject_fault(&mut self, plant: Option<FaultInjection>) {
        for (k, direction) in self.layers.iter_mut().flatten().enumerate() {
            direction.stack.inject_fault(
                plant.filter(|plant| plant.layer == k).map(|plant| FaultInjection { layer: 0, ..plant }),
            );
        }
    }

    /// As [`Stack::outputs`]; y is `[positions, 2H]`.
    ///
    /// # Panics
    /// If a length does not fit the extent.
    pub(super) fn outputs(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        input: Input<'_, R>,
        extent: &PackedShape,
        state: &mut State<R>,
        y: &mut [R],
    ) {
        let plan = self.plan(extent.steps(), extent.rows(), None).unwrap_or_else(|error| panic!("{error}"));
        self.run(ctx, params, input, (plan.without_backward(), extent), state, None, y, &mut |_| ());
    }

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
        let (hidden, positions, top) = (self.hidden, extent.positions(), self.layers.len());
        let (width, n) = (2 * hidden, positions * hidden);
        assert_eq!(y.len(), 2 * n, "y: {positions} places of {width}");
        self.extent.copy_from(extent);
        (self.dropout, self.leads_back) = (dropout, plan.leads_back());
        self.turned.take(extent);
        self.halves.iter_mut().for_each(|half| half.grow(n));
        for l in 0..top {
            let (below, above) = self.arrives.split_at_mut(l + 1);
            let (read, first) = match l {
                0 => (input, dropout),
                _ => {
                    let r = Mat::new(&below[l], positions, width);
                    let cut = extent.whole();
                    let read = self.connections.read(ctx, params, dropout, l, cut, r, &mut self.read);
                    (Input::Numbers(&read.data()[..positions * width]), None)
                }
            };
            let [forwards, reverse] = &mut self.layers[l];
            let [ahead, back] = &mut self.halves;
            let (window, parts) = ((plan, extent), &mut state.layers[2 * l..]);
            forwards.with(&mut parts[0], |stack, state| {
                stack.run(ctx, params, read, window, state, first, &mut ahead[..n], &mut |passage| {
                    look(ForwardChunk { first: 2 * l, ..passage });
                });
            });
            let (read, first) = (self.turned.input(ctx, read), first.map(Dropout::turned));
            reverse.with(&mut parts[1], |stack, state| {
                stack.run(ctx, params, read, window, state, first, &mut back[..n], &mut |passage| {
                    look(ForwardChunk { first: 2 * l + 1, ..passage });
                });
            });
            let (positions, below) = (&self.turned.positions, &below[l]);
            let sums_up = self.connections.sums_up(l);
            above[0].grow(2 * n);
            for_each_row(ctx, &mut above[0][..2 * n], width, |position, row| {
                let (left, right) = row.split_at_mut(hidden);
                left.copy_from_slice(&ahead[position * hidden..][..hidden]);
                right.copy_from_slice(&back[positions[position] as usize * hidden..][..hidden]);
                if sums_up {
                    row.iter_mut().zip(&below[position * width..]).for_each(|(r, &below)| *r += below);
                }
            });
        }
        let r = Mat::new(&self.arrives[top], positions, width);
        let out = self.connections.read(ctx, params, None, top, extent.whole(), r, &mut self.read);
        y.copy_from_slice(&out.data()[..2 * n]);
    }

    /// As [`Stack::backward`]. `observe` sees the layers from the top, of each one first all steps forwards, from the last, and
    /// then all steps in reverse, from each row's first.
    ///
    /// # Panics
    /// If a length does not fit the last forward pass, or that was for outputs alone.
    pub(super) fn backward(
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
        assert!(self.leads_back, "no way back from outputs alone");
        let extent = std::mem::take(&mut self.extent);
        let (hidden, positions, top) = (self.hidden, extent.positions(), self.layers.len());
        let (width, n) = (2 * hidden, positions * hidden);
        assert_eq!(d_y.len(), 2 * n, "d_y: {positions} places of {width}");
        self.d_arrives.iter_mut().for_each(|d| d.grow(2 * n));
        let d = &mut self.d_arrives[0][..2 * n];
        d.copy_from_slice(d_y);
        let r = Mat::new(&self.arrives[top], positions, width);
        self.connections.read_back(ctx, params, None, top, extent.whole(), r, d, grads);
        for l in (0..top).rev() {
            let [d_here, d_below] = &mut self.d_arrives;
            let d_here = &d_here[..2 * n];
            for (side, half) in self.halves.iter_mut().enumerate() {
                let turned = &self.turned.positions;
                for_each_row(ctx, &mut half[..n], hidden, |position, d| {
                    let at = if side == 0 { position } else { turned[position] as usize };
                    d.copy_from_slice(&d_here[at * width + side * hidden..][..hidden]);
                });
            }
            let r = Mat::new(&self.arrives[l], if l == 0 { 0 } else { positions }, width);
            let read = match l {
                0 => input,
                _ => {
                    let (cut, copy) = (extent.whole(), &mut self.read);
                    let read = self.connections.read(ctx, params, self.dropout, l, cut, r, copy);
                    Input::Numbers(&read.data()[..positions * width])
                }
            };
            let wanted = l > 0 || d_x.is_some();
            let read_width = if l == 0 { self.input } else { width };
            for (side, direction) in self.layers[l].iter_mut().enumerate() {
                let read = if side == 0 { read } else { self.turned.input(ctx, read) };
                let d_read = &mut self.d_read[side];
                d_read.grow(positions * read_width);
                let d_read = wanted.then_some(&mut d_read[..positions * read_width]);
                let d_h = &self.halves[side][..n];
                direction.with(&mut d_state.layers[2 * l + side], |stack, d_state| {
                    stack.backward(ctx, params, read, d_h, d_state, grads, d_read, &mut |flow| {
                        observe(BackwardStep { layer: 2 * l + side, reverse: side == 1, ..flow });
                    });
                });
            }
            if !wanted {
                continue;
            }
            let d = match &mut d_x {
                Some(d_x) if l == 0 => &mut **d_x,
                _ => &mut d_below[..2 * n],
            };
            let ([ahead, back], turned) = (&self.d_read, &self.turned.positions);
            for_each_row(ctx, d, read_width, |position, d| {
                let ahead = &ahead[position * read_width..][..read_width];
                let back = &back[turned[position] as usize * read_width..][..read_width];
                d.iter_mut().zip(ahead).zip(back).for_each(|((d, &a), &b)| *d = a + b);
            });
            if l > 0 {
                self.connections.read_back(ctx, params, self.dropout, l, extent.whole(), r, d, grads);
                if self.connections.sums_up(l) {
                    add(ctx, width, d, d_here);
                }
                self.d_arrives.swap(0, 1);
            }
        }
        self.extent = extent;
    }
}

impl<R: Real> Direction<R> {
    /// Runs the stack on a state that is one layer of another one's.
    fn with(&mut self, layer: &mut Buffer<R>, run: impl FnOnce(&mut Stack<R>, &mut State<R>)) {
        std::mem::swap(&mut self.state.layers[0], layer);
        run(&mut self.stack, &mut self.state);
        std::mem::swap(&mut self.state.layers[0], layer);
    }
}
