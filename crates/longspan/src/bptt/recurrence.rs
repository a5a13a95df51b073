//! The recurrent part of a model: a unidirectional or bidirectional stack, and its initial state.

use super::bidirectional::Bidirectional;
use super::connection::Connections;
use super::input::Window;
use super::learned::LearnedState;
use super::pass::Pass;
use super::plan::{Keep, MemoryError, Plan};
use super::spec::RecurrenceSpec;
use super::stack::Stack;
use super::state::State;
use crate::cell::Real;
use crate::params::{Layout, Params};
use longspan_kernel::{Context, InstructionSet};

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
    /// Adds the tensors to the layout: those of the layers, in PyTorch's order and with its names, then
    /// `rnn.norm_weight_l{k}` and `rnn.norm_bias_l{k}` for k = 1 … L, then `rnn.h0_*` and `rnn.c0_*`.
    ///
    /// # Panics
    /// If a size is 0.
    pub fn new(isa: InstructionSet, spec: &RecurrenceSpec, layout: &mut Layout) -> Self {
        let &RecurrenceSpec { kind, input, hidden, layers, chunk, .. } = spec;
        let stacks = match spec.bidirectional {
            true => Stacks::Both(Box::new(Bidirectional::new(isa, spec, layout))),
            false => {
                let stack = Stack::new(isa, kind, layers, input, hidden, chunk, layout);
                let connections = Connections::new(layers, hidden, spec.residual, spec.norm, layout);
                Stacks::Forwards(Box::new(stack.connected_by(connections)))
            }
        };
        let zero = with_stack!(&stacks, stack => stack.zero_state(0));
        let learned = spec.learned_state.then(|| {
            let names: Vec<_> = (0..zero.layers()).map(|k| spec.layer_name(k)).collect();
            LearnedState::new(&names, zero.parts, hidden, layout)
        });
        Self { spec: *spec, stacks, learned }
    }

    /// The specification that it was built from.
    pub fn spec(&self) -> &RecurrenceSpec {
        &self.spec
    }

    /// Number of layers in a state and in the backward pass: L, or 2L in a bidirectional stack.
    pub fn states(&self) -> usize {
        if self.spec.bidirectional { 2 * self.spec.layers } else { self.spec.layers }
    }

    /// Returns a zero state for `rows` rows; layer indices are those of
    /// [`BackwardStep::layer`](super::BackwardStep::layer).
    pub fn zero_state(&self, rows: usize) -> State<R> {
        with_stack!(&self.stacks, stack => stack.zero_state(rows))
    }

    /// Sets every row of `state` to the learned initial state. Returns whether there is one.
    pub fn begin(&self, params: &Params<R>, state: &mut State<R>) -> bool {
        if let Some(learned) = &self.learned {
            learned.begin(params, state);
        }
        self.learned.is_some()
    }

    /// Adds the gradient of the learned initial state, if there is one. `d_state` is the gradient with
    /// respect to the states of rows that started from it.
    pub fn add_gradient_of_state(&self, ctx: &Context<R>, d_state: &State<R>, grads: &mut Params<R>) {
        if let Some(learned) = &self.learned {
            learned.add_gradient(ctx, d_state, grads);
        }
    }

    /// Plans memory, see [`Stack::plan`]. In a bidirectional stack the inputs of the layers count too.
    ///
    /// # Errors
    /// [`MemoryError`] if the limit is below what one chunk needs.
    pub fn plan(&self, steps: usize, rows: usize, limit: Option<usize>) -> Result<Plan, MemoryError> {
        with_stack!(&self.stacks, stack => stack.plan(steps, rows, limit))
    }

    /// Limits the memory, see [`Stack::limit_memory`].
    pub fn limit_memory(&mut self, limit: Option<usize>) {
        with_stack!(&mut self.stacks, stack => stack.limit_memory(limit));
    }

    /// Packs the weights, see [`Stack::pack`].
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        with_stack!(&mut self.stacks, stack => stack.pack(ctx, params));
    }

    /// Runs the forward pass, see [`Stack::forward`]; y is `[positions, width]`, see
    /// [`RecurrenceSpec::width`].
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
        with_stack!(&mut self.stacks, stack => stack.forward(pass, window, keep, state, y));
    }

    /// Runs the backward pass, see [`Stack::backward`].
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
        with_stack!(&mut self.stacks, stack => stack.backward(pass, window, d_y, d_state, grads, d_x));
    }

    /// Runs the backward pass through the states only, see [`Stack::propagate`].
    ///
    /// # Panics
    /// As [`Recurrence::backward`].
    pub fn propagate(
        &mut self,
        pass: &mut Pass<'_, R>,
        window: Window<'_, R>,
        d_y: &[R],
        d_state: &mut State<R>,
        d_x: Option<&mut [R]>,
    ) {
        with_stack!(&mut self.stacks, stack => stack.propagate(pass, window, d_y, d_state, d_x));
    }
}

impl<R: Real> Recurrence<R> {
    /// Injects a fault into all passes from now on; None removes it.
    pub fn inject_fault(&mut self, fault: Option<crate::bptt::layer::FaultInjection>) {
        with_stack!(&mut self.stacks, stack => stack.inject_fault(fault));
    }
}
