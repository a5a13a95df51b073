//! A small stack with a smooth loss, shared by the tests of gradients and bits.
#![allow(dead_code, missing_docs, reason = "each test file uses some of these helpers")]

use std::sync::Arc;

use longspan::bptt::dropout::Dropout;
use longspan::bptt::{
    BackwardStep, Input, Keep, OnBackwardStep, Pass, Recurrence, RecurrenceSpec, State, Window,
};
use longspan::cell::CellKind;
use longspan::cell::Real;
use longspan::params::{Layout, Params};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};

/// The sizes of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) kind: CellKind,
    pub(crate) layers: usize,
    pub(crate) input: usize,
    pub(crate) hidden: usize,
    pub(crate) steps: usize,
    pub(crate) rows: usize,
    pub(crate) chunk: usize,
}

/// The options of a stack.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) bidirectional: bool,
    pub(crate) residual: bool,
    pub(crate) norm: bool,
    pub(crate) learned_state: bool,
    pub(crate) dropout: Option<Dropout>,
}

/// A stack, its weights, an input, an initial state and a target, all drawn from one seed.
pub(crate) struct Problem<R> {
    pub(crate) case: Case,
    pub(crate) shape: PackedShape,
    pub(crate) options: Options,
    pub(crate) stack: Recurrence<R>,
    pub(crate) params: Params<R>,
    pub(crate) x: Vec<R>,
    pub(crate) state: State<R>,
    /// ℒ = ½ ‖y − target‖² + ⟨end, s_T⟩.
    pub(crate) target: Vec<R>,
    pub(crate) end: State<R>,
}

/// All gradients of ℒ.
pub(crate) struct Gradient<R> {
    pub(crate) params: Params<R>,
    pub(crate) x: Vec<R>,
    pub(crate) state: State<R>,
    /// ‖∂ℒ/∂h_t‖ that the observer received: (layer, t, norm).
    pub(crate) flow: Vec<(usize, usize, f64)>,
}

impl<R: Real> Problem<R> {
    pub(crate) fn new(isa: InstructionSet, case: Case, seed: u64) -> Self {
        Self::ragged(isa, case, PackedShape::even(case.steps, case.rows), seed)
    }

    /// Builds a problem with rows of different lengths; `case.steps` and `case.rows` are those of the shape.
    pub(crate) fn ragged(isa: InstructionSet, case: Case, shape: PackedShape, seed: u64) -> Self {
        Self::with(isa, case, Options::default(), shape, seed)
    }

    pub(crate) fn with(
        isa: InstructionSet,
        case: Case,
        options: Options,
        shape: PackedShape,
        seed: u64,
    ) -> Self {
        let mut layout = Layout::default();
        let Case { kind, layers, input, hidden, rows, chunk, .. } = case;
        let Options { bidirectional, residual, norm, learned_state, .. } = options;
        let plain = RecurrenceSpec::new(kind, input, hidden, layers, chunk);
        let spec = RecurrenceSpec { bidirectional, residual, norm, learned_state, ..plain };
        let stack = Recurrence::new(isa, &spec, &mut layout);
        let mut params = Params::zeros(Arc::new(layout));
        let mut draw = Key::new(seed, Purpose::Init, 0, 0).stream(0, 0);
        let scale = 1.0 / (hidden as f64).sqrt();
        for index in 0..params.layout().entries().len() {
            params.tensor_mut(index).iter_mut().for_each(|w| *w = R::from_f64(scale * draw.normal()));
        }
        // Data are drawn per row, so that a case with fewer rows has the same first rows.
        let row = |purpose: u32, width: usize, t: usize, b: usize| {
            let mut draw = Key::new(seed, Purpose::Task, purpose, 0).stream(t as u32, b as u64);
            (0..width).map(move |_| R::from_f64(draw.normal())).collect::<Vec<_>>()
        };
        let block = |purpose, width, shape: &PackedShape| -> Vec<R> {
            let positions = (0..shape.positions()).map(|position| shape.position(position));
            positions.flat_map(|(t, b)| row(purpose, width, t, b)).collect()
        };
        let mut state = stack.zero_state(rows);
        let mut end = stack.zero_state(rows);
        for layer in 0..stack.states() {
            let parts = state.layer(layer).len() / (rows * hidden);
            let parts = PackedShape::even(parts, rows);
            state.layer_mut(layer).copy_from_slice(&block(10 + layer as u32, hidden, &parts));
            end.layer_mut(layer).copy_from_slice(&block(20 + layer as u32, hidden, &parts));
        }
        let (x, target) = (block(1, input, &shape), block(2, spec.width(), &shape));
        Self { case, shape, options, stack, params, x, state, target, end }
    }

    /// Runs the forward pass; returns y and the final state.
    pub(crate) fn outputs(&mut self, ctx: &Context<R>) -> (Vec<R>, State<R>) {
        let mut y = vec![R::ZERO; self.target.len()];
        let mut state = self.state.clone();
        self.stack.begin(&self.params, &mut state);
        self.stack.pack(ctx, &self.params);
        let pass = &mut Pass::new(ctx, &self.params).with_dropout(self.options.dropout);
        let window = Window { shape: &self.shape, input: Input::Numbers(&self.x) };
        self.stack.forward(pass, window, Keep::Everything, &mut state, &mut y);
        (y, state)
    }

    pub(crate) fn loss(&mut self, ctx: &Context<R>) -> f64 {
        let (y, state) = self.outputs(ctx);
        let squares: f64 = y.iter().zip(&self.target).map(|(&y, &t)| (y.to_f64() - t.to_f64()).powi(2)).sum();
        let mut end = 0.0;
        for layer in 0..self.stack.states() {
            let pairs = state.layer(layer).iter().zip(self.end.layer(layer));
            end += pairs.map(|(s, e)| s.to_f64() * e.to_f64()).sum::<f64>();
        }
        0.5 * squares + end
    }

    pub(crate) fn gradient(&mut self, ctx: &Context<R>) -> Gradient<R> {
        self.gradient_seen_by(ctx, &mut |_| ())
    }

    /// Does the same as [`Problem::gradient`] and calls `see` for every backward step.
    pub(crate) fn gradient_seen_by(
        &mut self,
        ctx: &Context<R>,
        see: &mut dyn FnMut(&BackwardStep<'_, R>),
    ) -> Gradient<R> {
        let (y, _) = self.outputs(ctx);
        let d_y: Vec<R> = y.iter().zip(&self.target).map(|(&y, &t)| y - t).collect();
        let mut grads = Params::zeros(Arc::clone(self.params.layout()));
        let mut d_state = self.end.clone();
        let mut d_x = vec![R::ZERO; self.x.len()];
        let mut flow = Vec::new();
        let mut observer = OnBackwardStep(|seen: &BackwardStep<'_, R>| {
            let norm = seen.d_hidden.iter().map(|d| d.to_f64().powi(2)).sum::<f64>().sqrt();
            flow.push((seen.layer, seen.t, norm));
            see(seen);
        });
        let pass =
            &mut Pass::new(ctx, &self.params).with_dropout(self.options.dropout).observed_by(&mut observer);
        let window = Window { shape: &self.shape, input: Input::Numbers(&self.x) };
        self.stack.backward(pass, window, &d_y, &mut d_state, &mut grads, Some(&mut d_x));
        self.stack.add_gradient_of_state(ctx, &d_state, &mut grads);
        Gradient { params: grads, x: d_x, state: d_state, flow }
    }
}

/// Returns the instruction sets of this machine.
pub(crate) fn instruction_sets() -> Vec<InstructionSet> {
    [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
        .into_iter()
        .filter(|l| l.checked().is_ok())
        .collect()
}
