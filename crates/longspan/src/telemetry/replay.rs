//! Recomputes and observes recurrent layers that another program trains, from what it recorded.
//!
//! ```text
//! recorded    x, the state before the window, the weights, dropout masks m^l between the layers,
//!             ∂ℒ/∂y by the outputs of the top layer, ∂ℒ/∂s by the states after the window
//! forward     y^l = layer^l(m^{l−1} ⊙ y^{l−1}),  y^{−1} = x
//! backward    δ^{l−1} = m^{l−1} ⊙ ∂ℒ/∂(input of layer l)
//! ```
//!
//! Each layer runs over the whole window before the next one. The outputs and gradients that this gives are those
//! of the other program up to rounding, which its caller can check. The lag profile follows the gradient of one loss
//! per row back, see [`Model::follow_back`](crate::model::Model::follow_back): a row has an anchor where the recorded
//! gradient enters its top layer.

use std::sync::Arc;

use longspan_record::StepRecord;

use super::{GradientProfile, Observe, StepObserver};
use crate::batch::{Batch, IGNORE};
use crate::bptt::{Input, Keep, Observer, Part, Pass, Recurrence, RecurrenceSpec, State, Window, chunk_for};
use crate::cell::{CellKind, Real};
use crate::lag::seed::scale;
use crate::model::pooling::Pooling;
use crate::model::{InputSpec, ModelSpec, OutputSpec};
use crate::params::{Layout, Params};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};

/// The layers to recompute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplaySpec {
    /// The cell of every layer.
    pub cell: CellKind,
    /// Input size D of the first layer.
    pub input: usize,
    /// Number of units H of every layer and direction.
    pub hidden: usize,
    /// Number of layers L.
    pub layers: usize,
    /// Whether every layer is bidirectional.
    pub bidirectional: bool,
}

/// What was recorded of one pass through the layers.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a, R> {
    /// The rows of each step.
    pub shape: &'a PackedShape,
    /// x `[positions, D]`.
    pub x: &'a [R],
    /// The state before the window: for each layer and direction `[parts, B, H]`; empty for zeros.
    pub state: &'a [&'a [R]],
    /// For each layer but the top one, the factor of each of its outputs, `[positions, width]`; empty without
    /// dropout.
    pub masks: &'a [&'a [R]],
    /// ∂ℒ/∂y by the outputs of the top layer, `[positions, width]`.
    pub d_y: &'a [R],
    /// ∂ℒ/∂s by the states after each row's last step, in the form of `state`; empty for zeros.
    pub d_state: &'a [&'a [R]],
}

/// One layer with its weights.
struct Single<R> {
    recurrence: Recurrence<R>,
    params: Params<R>,
    grads: Params<R>,
    /// What the layer reads, `[positions, D]`.
    x: Vec<R>,
    state: State<R>,
    d_state: State<R>,
}

/// Recomputes and observes layers.
pub struct Replay<R> {
    spec: ReplaySpec,
    layers: Vec<Single<R>>,
    observer: StepObserver<R>,
    /// The shape and the scored positions of the pass.
    batch: Batch,
    y: Vec<R>,
    /// Where the gradient enters the top layer: ∂ℒ/∂y, and ∂ℒ/∂h by the last states, `[positions, width]`.
    entering: Vec<R>,
    d_y: Vec<R>,
    d_x: Vec<R>,
}

impl<R: Real> Replay<R> {
    /// Builds layers of zeros for windows of about `rows` rows. `seed` draws the anchors of lag profiles.
    ///
    /// # Panics
    /// If a size is 0.
    pub fn new(isa: InstructionSet, spec: ReplaySpec, rows: usize, seed: u64) -> Self {
        let ReplaySpec { cell, input, hidden, layers: count, bidirectional } = spec;
        let output = OutputSpec::Classes { count: 1, tied: false };
        let model = ModelSpec::new(cell, InputSpec::Numbers { width: input }, hidden, count, output);
        let model = ModelSpec { bidirectional, ..model };
        let width = model.width();
        let layers: Vec<_> = (0..count)
            .map(|l| {
                let input = if l == 0 { input } else { width };
                let spec = RecurrenceSpec::new(cell, input, hidden, 1, chunk_for(rows));
                let mut layout = Layout::default();
                let recurrence = Recurrence::new(isa, &RecurrenceSpec { bidirectional, ..spec }, &mut layout);
                let (state, d_state) = (recurrence.zero_state(0), recurrence.zero_state(0));
                let params = Params::zeros(Arc::new(layout));
                Single { grads: params.clone(), recurrence, params, x: Vec::new(), state, d_state }
            })
            .collect();
        let states = layers.iter().map(|layer| layer.recurrence.states()).sum();
        Self {
            spec,
            layers,
            observer: StepObserver::new(model, states, Observe::Full, 1, seed).with_every_lag(),
            batch: Batch::default(),
            y: Vec::new(),
            entering: Vec::new(),
            d_y: Vec::new(),
            d_x: Vec::new(),
        }
    }

    /// The layers that it recomputes.
    pub fn spec(&self) -> &ReplaySpec {
        &self.spec
    }

    /// Number of parts of a layer's state: 1, or 2 with c.
    pub fn parts(&self) -> usize {
        self.layers[0].state.parts()
    }

    /// The weights of layer l for writing, with PyTorch's names for a layer of its own: `rnn.weight_ih_l0`,
    /// `rnn.weight_hh_l0_reverse`, …
    pub fn params_mut(&mut self, layer: usize) -> &mut Params<R> {
        &mut self.layers[layer].params
    }

    /// The gradient of the weights of layer l, which the last pass has computed.
    pub fn grads(&self, layer: usize) -> &Params<R> {
        &self.layers[layer].grads
    }

    /// What layer l read in the last pass, `[positions, D]`: x, or the outputs of the layer below with its mask.
    pub fn inputs(&self, layer: usize) -> &[R] {
        &self.layers[layer].x
    }

    /// The outputs of the top layer in the last pass, `[positions, width]`.
    pub fn outputs(&self) -> &[R] {
        &self.y
    }

    /// The gradient by the input in the last pass, `[positions, D]`.
    pub fn input_gradient(&self) -> &[R] {
        &self.d_x
    }

    /// The states after each row's last step in the last pass: for each layer and direction `[parts, B, H]`.
    pub fn states(&self) -> impl Iterator<Item = &[R]> {
        self.layers.iter().flat_map(|layer| (0..layer.state.layers()).map(|k| layer.state.layer(k)))
    }

    /// The gradient by the states before the window, in the form of [`Replay::states`].
    pub fn state_gradients(&self) -> impl Iterator<Item = &[R]> {
        self.layers.iter().flat_map(|layer| (0..layer.d_state.layers()).map(|k| layer.d_state.layer(k)))
    }

    /// The gradient profile of the last pass.
    pub fn profile(&self) -> &GradientProfile {
        self.observer.profile()
    }

    /// Recomputes the pass of training step `step`, counted from 1, forwards and backwards, observes it, and
    /// follows the gradient of one loss per row back.
    ///
    /// # Panics
    /// If a length does not fit the layers or the shape.
    pub fn run(&mut self, ctx: &Context<R>, step: u64, recorded: &Recorded<'_, R>) {
        self.begin(step, recorded);
        self.forward(ctx, recorded);
        self.backward(ctx, recorded);
        let Self { layers, observer, batch, entering, d_y, .. } = self;
        let pool = observer.pool();
        observer.follow_back(batch, |lag, anchors| {
            keep_anchors(recorded.shape, pool, entering, anchors, d_y);
            propagate(layers, ctx, recorded, lag, d_y);
        });
    }

    /// Writes the observations of the last pass into the record of its step: everything but the statistics of
    /// weights, which the other program knows.
    pub fn write(&mut self, record: &mut StepRecord) {
        self.observer.write(record, &Layout::default(), &[]);
    }

    fn begin(&mut self, step: u64, recorded: &Recorded<'_, R>) {
        let shape = recorded.shape;
        let (rows, width) = (shape.rows(), self.layers[0].recurrence.spec().width());
        let pool = self.enter(recorded);
        self.batch.shape.copy_from(shape);
        self.batch.numbers.clear();
        self.batch.numbers.extend(recorded.x.iter().map(|x| x.to_f64() as f32));
        let enters = |at: usize| self.entering[at * width..][..width].iter().any(|d| *d != R::ZERO);
        self.batch.values.positions.clear();
        match pool {
            Pooling::BothEnds => {
                let last = |row: usize| shape.offset(shape.length(row) - 1) + row;
                let scored = (0..rows).filter(|&row| enters(row) || enters(last(row)));
                self.batch.values.positions.extend(scored.map(|row| row as u32));
            }
            _ => {
                let scored = (0..shape.positions()).filter(|&at| enters(at));
                self.batch.values.positions.extend(scored.map(|at| at as u32));
            }
        }
        // Where no gradient enters, nothing is scored.
        self.batch.targets.clear();
        self.batch.targets.resize(if pool == Pooling::Last { shape.positions() } else { rows }, IGNORE);
        self.observer.set_pool(pool);
        self.observer.begin_step(step);
        let nothing = self.layers[0].recurrence.zero_state(0);
        Observer::<R>::begin(&mut self.observer, &self.batch, &nothing);
    }

    /// Adds up where the gradient enters the top layer, and returns what the readout seems to read.
    fn enter(&mut self, recorded: &Recorded<'_, R>) -> Pooling {
        let (shape, hidden) = (recorded.shape, self.spec.hidden);
        let directions = if self.spec.bidirectional { 2 } else { 1 };
        let width = directions * hidden;
        self.entering.clear();
        self.entering.extend_from_slice(recorded.d_y);
        let top = recorded.d_state.iter().skip((self.spec.layers - 1) * directions);
        let mut last = false;
        for (k, d_state) in top.enumerate() {
            for (row, d_h) in d_state[..shape.rows() * hidden].chunks(hidden).enumerate() {
                last |= d_h.iter().any(|d| *d != R::ZERO);
                let t = if k == 0 { shape.length(row) - 1 } else { 0 };
                let to = &mut self.entering[(shape.offset(t) + row) * width + k * hidden..][..hidden];
                to.iter_mut().zip(d_h).for_each(|(to, &d)| *to += d);
            }
        }
        let ends = last && self.spec.bidirectional && recorded.d_y.iter().all(|d| *d == R::ZERO);
        if ends { Pooling::BothEnds } else { Pooling::Last }
    }

    fn forward(&mut self, ctx: &Context<R>, recorded: &Recorded<'_, R>) {
        let (shape, top) = (recorded.shape, self.layers.len() - 1);
        for (l, layer) in self.layers.iter_mut().enumerate() {
            layer.x.clear();
            match l {
                0 => layer.x.extend_from_slice(recorded.x),
                _ => layer.x.extend_from_slice(&self.y),
            }
            let Single { recurrence, params, x, state, .. } = layer;
            *state = recurrence.zero_state(shape.rows());
            fill(state, recorded.state, l);
            self.y.clear();
            self.y.resize(shape.positions() * recurrence.spec().width(), R::ZERO);
            recurrence.pack(ctx, params);
            let window = Window { shape, input: Input::Numbers(x) };
            recurrence.forward(&mut Pass::new(ctx, params), window, Keep::Everything, state, &mut self.y);
            if l < top {
                mask(recorded, l, &mut self.y);
            }
        }
    }

    fn backward(&mut self, ctx: &Context<R>, recorded: &Recorded<'_, R>) {
        let shape = recorded.shape;
        self.d_y.clear();
        self.d_y.extend_from_slice(recorded.d_y);
        for l in (0..self.layers.len()).rev() {
            let Single { recurrence, params, grads, x, d_state, .. } = &mut self.layers[l];
            *d_state = recurrence.zero_state(shape.rows());
            fill(d_state, recorded.d_state, l);
            grads.clear();
            self.d_x.clear();
            self.d_x.resize(x.len(), R::ZERO);
            let mut pass = Pass::new(ctx, params).observed_by(&mut self.observer);
            pass.part = Part { first_layer: l * recurrence.states(), ..Part::default() };
            let window = Window { shape, input: Input::Numbers(x) };
            recurrence.backward(&mut pass, window, &self.d_y, d_state, grads, Some(&mut self.d_x));
            if l > 0 {
                mask(recorded, l - 1, &mut self.d_x);
                std::mem::swap(&mut self.d_y, &mut self.d_x);
            }
        }
    }
}

/// Runs the backward pass through the states from `d_y`, which it overwrites.
fn propagate<R: Real>(
    layers: &mut [Single<R>],
    ctx: &Context<R>,
    recorded: &Recorded<'_, R>,
    observer: &mut dyn Observer<R>,
    d_y: &mut Vec<R>,
) {
    let shape = recorded.shape;
    for (l, Single { recurrence, params, x, .. }) in layers.iter_mut().enumerate().rev() {
        let mut below = vec![R::ZERO; if l > 0 { x.len() } else { 0 }];
        let mut d_state = recurrence.zero_state(shape.rows());
        let mut pass = Pass::new(ctx, params).observed_by(&mut *observer);
        pass.part = Part { first_layer: l * recurrence.states(), ..Part::default() };
        let window = Window { shape, input: Input::Numbers(x) };
        let d_x = (l > 0).then_some(&mut below[..]);
        recurrence.propagate(&mut pass, window, d_y, &mut d_state, d_x);
        if l > 0 {
            mask(recorded, l - 1, &mut below);
            *d_y = below;
        }
    }
}

/// Writes the gradient that enters at the anchors, scaled, and zeros elsewhere.
fn keep_anchors<R: Real>(
    shape: &PackedShape,
    pool: Pooling,
    entering: &[R],
    anchors: &[Option<usize>],
    d_y: &mut Vec<R>,
) {
    let width = entering.len() / shape.positions().max(1);
    let half = width / 2;
    d_y.clear();
    d_y.resize(entering.len(), R::ZERO);
    let mut kept = vec![R::ZERO; width];
    for (row, anchor) in anchors.iter().enumerate() {
        let Some(t) = *anchor else { continue };
        // Both halves of an output are at the same position, unless each is the last one of its direction.
        let reverse = if pool == Pooling::BothEnds { 0 } else { t };
        let halves = [(t, 0..half), (reverse, half..width)];
        let at = |t: usize| (shape.offset(t) + row) * width;
        for (t, half) in halves.clone() {
            kept[half.clone()].copy_from_slice(&entering[at(t)..][half]);
        }
        scale(&mut kept);
        for (t, half) in halves {
            d_y[at(t)..][half.clone()].copy_from_slice(&kept[half]);
        }
    }
}

/// Multiplies the outputs of layer l, or the gradient by them, by its mask.
fn mask<R: Real>(recorded: &Recorded<'_, R>, l: usize, values: &mut [R]) {
    let Some(mask) = recorded.masks.get(l).filter(|mask| !mask.is_empty()) else { return };
    assert_eq!(mask.len(), values.len(), "length of the mask of layer {l}");
    values.iter_mut().zip(*mask).for_each(|(value, &m)| *value *= m);
}

/// Copies the states of layer l and its directions, if there are any.
fn fill<R: Real>(state: &mut State<R>, from: &[&[R]], l: usize) {
    let directions = state.layers();
    for k in 0..directions {
        if let Some(from) = from.get(l * directions + k) {
            state.layer_mut(k).copy_from_slice(from);
        }
    }
}
