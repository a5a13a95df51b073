//! A small stack of layers with a smooth loss, drawn from a seed.

use std::sync::Arc;

use crate::bptt::dropout::Dropout;
use crate::bptt::{
    BackwardStep, Input, Keep, OnBackwardStep, Pass, Recurrence, RecurrenceSpec, State, Window,
};
use crate::cell::CellKind;
use crate::cell::Real;
use crate::params::{Layout, Params};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};

/// The sizes of a stack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// The cell.
    pub kind: CellKind,
    /// Number of layers L.
    pub layers: usize,
    /// Width of the input D.
    pub input: usize,
    /// Units of a layer H.
    pub hidden: usize,
    /// Number of time steps T.
    pub steps: usize,
    /// Number of rows B.
    pub rows: usize,
    /// Steps of a chunk.
    pub chunk: usize,
}

/// The options of a stack, as in [`RecurrenceSpec`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Whether every layer runs in both directions.
    pub bidirectional: bool,
    /// Whether layers above the first have a residual connection.
    pub residual: bool,
    /// Whether the inputs of layers above the first are normalised.
    pub norm: bool,
    /// Whether the initial state is learned.
    pub learned_state: bool,
    /// The masks of dropout.
    pub dropout: Option<Dropout>,
}

/// A stack with weights, an input, an initial state and a loss of its outputs y and last state s_T, all drawn from one seed:
///
/// ```text
/// ℒ = ½ ‖y − target‖² + ⟨end, s_T⟩
/// ```
pub struct Problem<R> {
    /// The sizes.
    pub case: Case,
    /// The rows of each step.
    pub shape: PackedShape,
    /// The options.
    pub options: Options,
    /// The layers.
    pub stack: Recurrence<R>,
    /// The weights.
    pub params: Params<R>,
    /// The input, `[positions, D]`.
    pub x: Vec<R>,
    /// The state before the first step.
    pub state: State<R>,
    /// Subtracted from y in the loss, `[positions, width]`.
    pub target: Vec<R>,
    /// Multiplied with the last state in the loss.
    pub end: State<R>,
}

/// All gradients of ℒ.
pub struct Gradient<R> {
    /// ∂ℒ/∂w.
    pub params: Params<R>,
    /// ∂ℒ/∂x.
    pub x: Vec<R>,
    /// ∂ℒ/∂s_0.
    pub state: State<R>,
    /// ‖∂ℒ/∂h_t‖ that the observer received: (layer, t, norm).
    pub flow: Vec<(usize, usize, f64)>,
}

impl<R: Real> Problem<R> {
    /// Draws a problem with rows of equal length.
    pub fn new(isa: InstructionSet, case: Case, seed: u64) -> Self {
        Self::ragged(isa, case, PackedShape::even(case.steps, case.rows), seed)
    }

    /// Builds a problem with rows of different lengths; `case.steps` and `case.rows` are those of the shape.
    pub fn ragged(isa: InstructionSet, case: Case, shape: PackedShape, seed: u64) -> Self {
        Self::with(isa, case, Options::default(), shape, seed)
    }

    /// Draws a problem with options, see [`Problem::ragged`].
    pub fn with(isa: InstructionSet, case: Case, options: Options, shape: PackedShape, seed: u64) -> Self {
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
    pub fn outputs(&mut self, ctx: &Context<R>) -> (Vec<R>, State<R>) {
        let mut y = vec![R::ZERO; self.target.len()];
        let mut state = self.state.clone();
        self.stack.begin(&self.params, &mut state);
        self.stack.pack(ctx, &self.params);
        let pass = &mut Pass::new(ctx, &self.params).with_dropout(self.options.dropout);
        let window = Window { shape: &self.shape, input: Input::Numbers(&self.x) };
        self.stack.forward(pass, window, Keep::Everything, &mut state, &mut y);
        (y, state)
    }

    /// Computes ℒ.
    pub fn loss(&mut self, ctx: &Context<R>) -> f64 {
        let (y, state) = self.outputs(ctx);
        let squares: f64 = y.iter().zip(&self.target).map(|(&y, &t)| (y.to_f64() - t.to_f64()).powi(2)).sum();
        let mut end = 0.0;
        for layer in 0..self.stack.states() {
            let pairs = state.layer(layer).iter().zip(self.end.layer(layer));
            end += pairs.map(|(s, e)| s.to_f64() * e.to_f64()).sum::<f64>();
        }
        0.5 * squares + end
    }

    /// Computes all gradients.
    pub fn gradient(&mut self, ctx: &Context<R>) -> Gradient<R> {
        self.gradient_seen_by(ctx, &mut |_| ())
    }

    /// Does the same as [`Problem::gradient`] and calls `see` for every backward step.
    pub fn gradient_seen_by(
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
