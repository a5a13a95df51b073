//! The recurrent part of a model: a stack that reads forwards, or both ways, and the state that it begins with.

use super::bidirectional::Bidirectional;
use super::connection::Connections;
use super::learned::LearnedState;
use super::{BackwardStep, ForwardChunk, Input, MemoryError, Plan, Stack, State};
use crate::bptt::dropout::Dropout;
use crate::bptt::layer::FaultInjection;
use crate::cell::CellKind;
use crate::params::{Layout, Params};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::real::Real;
use longspan_kernel::{Context, InstructionSet};

/// What the recurrent part of a model follows from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecurrenceSpec {
    /// The cell of every layer.
    pub kind: CellKind,
    /// Numbers that the first layer reads.
    pub input: usize,
    /// Units H of every layer and direction.
    pub hidden: usize,
    /// Layers L.
    pub layers: usize,
    /// Steps of a chunk: part of the numerics.
    pub chunk: usize,
    /// Whether every layer reads rows both ways.
    pub bidirectional: bool,
    /// Whether layers above the first add to what they read.
    pub residual: bool,
    /// Whether what layers above the first read, and what comes out, is normalised.
    pub norm: bool,
    /// Whether the state that rows begin with is learned.
    pub learned_state: bool,
}

impl RecurrenceSpec {
    /// Layers that read forwards what the ones below put out, from a zero state.
    pub fn new(kind: CellKind, input: usize, hidden: usize, layers: usize, chunk: usize) -> Self {
        Self {
            kind,
            input,
            hidden,
            layers,
            chunk,
            bidirectional: false,
            residual: false,
            norm: false,
            learned_state: false,
        }
    }

    /// Numbers that come out at a place: H, or 2H where rows are read both ways.
    pub fn width(&self) -> usize {
        if self.bidirectional { 2 * self.hidden } else { self.hidden }
    }

    /// What the names of the tensors of layer k, as a [`State`] counts them, end with.
    pub fn layer_name(&self, k: usize) -> String {
        match self.bidirectional {
            true => format!("l{}{}", k / 2, ["", "_reverse"][k % 2]),
            false => format!("l{k}"),
        }
    }
}

enum Stacks<R> {
    Forwards(Box<Stack<R>>),
    Both(Box<Bidirectional<R>>),
}

/// The recurrent part of a model.
pub struct Recurrence<R> {
    spec: RecurrenceSpec,
    stacks: Stacks<R>,
    learned: Option<LearnedState>,
}

/// Calls a method that both kinds of stack have.
macro_rules! with_stack {
    ($stacks:expr, $stack:ident => $call:expr) => {
        match $stacks {
            Stacks::Forwards($stack) => $call,
            Stacks::Both($stack) => $call,
        }
    };
}

impl<R: Real> Recurrence<R> {
    /// Adds the tensors to the layout: the layers', in PyTorch's order and names, then `rnn.norm_weight_l{k}` and
    /// `rnn.norm_bias_l{k}` for k = 1 … L, then `rnn.h0_*` and `rnn.c0_*`.
    ///
    /// # Panics
    /// If a size is 0.
    pub fn new(isa: InstructionSet, spec: &RecurrenceSpec, layout: &mut Layout) -> Self {
        let &RecurrenceSpec { kind, input, hidden, layers, chunk, .. } = spec;
        let stacks = match spec.bidirectional {
            true => Stacks::Both(Box::new(Bidirectional::new(isa, spec, layout))),
            false => {
                let mut stack = Stack::new(isa, kind, layers, input, hidden, chunk, layout);
                stack.connections = Connections::new(layers, hidden, spec.residual, spec.norm, layout);
                Stacks::Forwards(Box::new(stack))
            }
        };
        let zero = with_stack!(&stacks, stack => stack.zero_state(0));
        let learned = spec.learned_state.then(|| {
            let names: Vec<_> = (0..zero.layers()).map(|k| spec.layer_name(k)).collect();
            LearnedState::new(&names, zero.parts, hidden, layout)
        });
        Self { spec: *spec, stacks, learned }
    }

    /// What it was made from.
    pub fn spec(&self) -> &RecurrenceSpec {
        &self.spec
    }

    /// Layers that a state has and backward shows: L, or 2L where rows are read both ways.
    pub fn states(&self) -> usize {
        if self.spec.bidirectional { 2 * self.spec.layers } else { self.spec.layers }
    }

    /// A zero state for `rows` batch rows; layers as [`BackwardStep::layer`] counts them.
    pub fn zero_state(&self, rows: usize) -> State<R> {
        with_stack!(&self.stacks, stack => stack.zero_state(rows))
    }

    /// Lets every row of `state` start fresh, from the learned state; says whether there is one.
    pub fn begin(&self, params: &Params<R>, state: &mut State<R>) -> bool {
        if let Some(learned) = &self.learned {
            learned.begin(params, state);
        }
        self.learned.is_some()
    }

    /// Adds the gradient by the learned state, where there is one; `d_state` is that by the state of rows that started fresh.
    pub fn add_gradient_of_state(&self, ctx: &Context<R>, d_state: &State<R>, grads: &mut Params<R>) {
        if let Some(learned) = &self.learned {
            learned.add_gradient(ctx, d_state, grads);
        }
    }

    /// See [`Stack::plan`]; where rows are read both ways, what arrives below the layers counts, too.
    ///
    /// # Errors
    /// If the limit is below the least that one chunk needs.
    pub fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        with_stack!(&self.stacks, stack => stack.plan(steps, rows, limit))
    }

    /// See [`Stack::limit_memory`].
    pub fn limit_memory(&mut self, limit: Option<usize>) {
        with_stack!(&mut self.stacks, stack => stack.limit_memory(limit));
    }

    /// See [`Stack::pack`].
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        with_stack!(&mut self.stacks, stack => stack.pack(ctx, params));
    }

    /// See [`Stack::forward`]; y is `[positions, width]`, see [`RecurrenceSpec::width`].
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

    /// See [`Stack::forward_seen`]. Where rows are read both ways `look` sees the layers one after the other, of each one first all
    /// steps forwards and then all in reverse.
    ///
    /// # Panics
    /// As [`Recurrence::forward`].
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
        with_stack!(&mut self.stacks, stack =>
            stack.forward_seen(ctx, params, input, extent, state, dropout, y, look));
    }

    /// See [`Stack::plant`].
    pub fn inject_fault(&mut self, plant: Option<FaultInjection>) {
        with_stack!(&mut self.stacks, stack => stack.inject_fault(plant));
    }

    /// See [`Stack::outputs`]; y as in [`Recurrence::forward`].
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
        with_stack!(&mut self.stacks, stack => stack.outputs(ctx, params, input, extent, state, y));
    }

    /// See [`Stack::follow`]: along one chain of states.
    ///
    /// # Panics
    /// If rows are read both ways, or a length does not fit the extent.
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
        match &mut self.stacks {
            Stacks::Forwards(stack) => stack.follow(ctx, params, input, extent, state, y, look),
            Stacks::Both(_) => panic!("one chain of states is followed, not {:?}", self.spec),
        }
    }

    /// See [`Stack::backward`].
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
        d_x: Option<&mut [R]>,
        observe: &mut dyn FnMut(BackwardStep<'_, R>),
    ) {
        with_stack!(&mut self.stacks, stack =>
            stack.backward(ctx, params, input, d_y, d_state, grads, d_x, observe));
    }
}
