//! A model with a batch and its targets, whose gradient is compared with central differences. Shared by the
//! tests of losses and of the encoder.
#![allow(dead_code, reason = "each test file uses its part of these helpers")]

use std::cmp::Reverse;
use std::sync::Arc;

use longspan::batch::Batch;
use longspan::bptt::dropout::Dropout;
use longspan::bptt::{BackwardStep, OnBackwardStep, Pass, State};
use longspan::cell::CellKind;
use longspan::model::head::{Score, ValueLoss};
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan_kernel::rng::{Key, Purpose, Stream};
use longspan_kernel::{Context, InstructionSet};

/// The same as in the gradient check of the cells.
const EPSILON: f64 = 1e-5;
const TOLERANCE: f64 = 1e-6;

pub(crate) struct Objective {
    pub(crate) spec: ModelSpec,
    pub(crate) ctx: Context<f64>,
    pub(crate) model: Model<f64>,
    pub(crate) params: Params<f64>,
    pub(crate) batch: Batch,
    pub(crate) dropout: Option<Dropout>,
}

impl Objective {
    /// Rows of these lengths, longest first, of which two positions of three are scored. `read` has the
    /// lengths of the encoder's sequences, one for each row, in any order.
    pub(crate) fn new(spec: ModelSpec, lengths: &[usize], read: &[usize], rate: f64, seed: u64) -> Self {
        let ctx = Context::new(InstructionSet::detect(), 1);
        let model = Model::new(ctx.instruction_set(), &spec);
        let mut params = Params::zeros(Arc::clone(model.layout()));
        let mut draw = Key::new(seed, Purpose::Init, 0, 0).stream(0, 0);
        for index in 0..params.layout().entries().len() {
            params.tensor_mut(index).iter_mut().for_each(|w| *w = 0.6 * draw.normal());
        }
        let mut batch = Batch::default();
        batch.reshape_to(lengths);
        let positions = batch.shape.positions();
        fill(&mut draw, spec.input, positions, &mut batch.inputs, &mut batch.numbers);
        let scored = if spec.pool == Pooling::Mean { lengths.len() } else { positions };
        batch.targets.truncate(scored);
        for position in (0..scored).filter(|position| position % 3 != 1) {
            match spec.output {
                OutputSpec::Classes { count, .. } => batch.targets[position] = draw.below(count as u32),
                OutputSpec::Values { width, loss } => {
                    batch.values.positions.push(position as u32);
                    batch.values.targets.extend((0..width).map(|_| match loss {
                        ValueLoss::Labels => draw.below(2) as f32,
                        _ => draw.normal() as f32,
                    }));
                }
            }
        }
        if let Some(input) = spec.encoder {
            let encoded = &mut batch.encoded;
            let mut order: Vec<usize> = (0..read.len()).collect();
            order.sort_by_key(|&row| Reverse(read[row]));
            let sorted: Vec<usize> = order.iter().map(|&row| read[row]).collect();
            encoded.shape.set_lengths(&sorted);
            encoded.rows = (0..read.len()).map(|row| order.iter().position(|&o| o == row).unwrap()).collect();
            fill(&mut draw, input, encoded.shape.positions(), &mut encoded.inputs, &mut encoded.numbers);
        }
        let dropout = Dropout::new(rate, seed, 4, 10);
        Self { spec, ctx, model, params, batch, dropout }
    }

    /// The score, the gradient with respect to the weights, and ‖∂ℒ/∂h_t‖² from the observer: (layer, t,
    /// square).
    pub(crate) fn gradient(&mut self) -> (Score, Params<f64>, Vec<(usize, usize, f64)>) {
        let mut grads = Params::zeros(Arc::clone(self.params.layout()));
        let (mut state, mut flows) = (self.state(), Vec::new());
        self.model.pack(&self.ctx, &self.params);
        let mut seen = OnBackwardStep(|flow: &BackwardStep<'_, f64>| {
            flows.push((flow.layer, flow.t, flow.d_hidden.iter().map(|d| d * d).sum()));
        });
        let pass = &mut Pass::new(&self.ctx, &self.params).with_dropout(self.dropout).observed_by(&mut seen);
        let score = self.model.train(pass, &self.batch, &mut state, &mut grads);
        (score, grads, flows)
    }

    /// The score of an evaluation.
    pub(crate) fn score(&mut self) -> Score {
        let mut state = self.state();
        self.model.pack(&self.ctx, &self.params);
        self.model.evaluate(&self.ctx, &self.params, &self.batch, &mut state)
    }

    /// The initial state. With an encoder it is not zero, because the encoder must overwrite it.
    pub(crate) fn state(&self) -> State<f64> {
        let mut state = self.model.zero_state(self.batch.rows());
        if self.spec.encoder.is_some() {
            (0..state.layers()).for_each(|layer| state.layer_mut(layer).fill(7.0));
        }
        state
    }

    /// Compares the gradient of every weight with central differences.
    pub(crate) fn check(&mut self) {
        let (score, grads, _) = self.gradient();
        assert!(score.mean_loss().is_finite());
        for (index, entry) in Arc::clone(self.params.layout()).entries().iter().enumerate() {
            // For relu, a shorter step that does not cross the kink is tried too, as for the cells.
            let relu = self.spec.cell == CellKind::Relu;
            let steps = if relu { &[EPSILON, EPSILON / 64.0][..] } else { &[EPSILON] };
            let error = steps.iter().map(|&epsilon| self.error(index, grads.tensor(index), epsilon));
            let error = error.fold(f64::INFINITY, f64::min);
            assert!(error < TOLERANCE, "{} of {:?}: relative error {error:e}", entry.name, self.spec);
        }
    }

    fn error(&mut self, index: usize, exact: &[f64], epsilon: f64) -> f64 {
        let (mut error, mut size) = (0.0, 0.0);
        for (i, &exact) in exact.iter().enumerate() {
            let before = self.params.tensor(index)[i];
            let mut at = |value: f64| {
                self.params.tensor_mut(index)[i] = value;
                self.gradient().0.mean_loss()
            };
            let numeric = (at(before + epsilon) - at(before - epsilon)) / (2.0 * epsilon);
            at(before);
            error += (numeric - exact).powi(2);
            size += exact * exact;
        }
        error.sqrt() / size.sqrt().max(1e-3)
    }
}

fn fill(
    draw: &mut Stream,
    input: InputSpec,
    positions: usize,
    tokens: &mut Vec<u32>,
    numbers: &mut Vec<f32>,
) {
    match input {
        InputSpec::Tokens { vocabulary, .. } => {
            tokens.clear();
            tokens.extend((0..positions).map(|_| draw.below(vocabulary as u32)));
        }
        InputSpec::Numbers { width } => numbers.extend((0..positions * width).map(|_| draw.normal() as f32)),
    }
}
