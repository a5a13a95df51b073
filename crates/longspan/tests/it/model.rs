//! Language models: compares every gradient of embedding, stack and head with central differences, with
//! dropout, tying, truncation and a carried state, in f64.

#![allow(missing_docs, reason = "a test file")]

use std::sync::Arc;

use longspan::batch::{Batch, IGNORE};
use longspan::bptt::dropout::{Dropout, Mask};
use longspan::bptt::{Pass, State};
use longspan::cell::CellKind;
use longspan::model::head::ValueLoss;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec, StepInput};
use longspan::params::Params;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};

/// As in the gradient check of the cells.
const EPSILON: f64 = 1e-5;
const TOLERANCE: f64 = 1e-6;

struct Problem {
    spec: ModelSpec,
    ctx: Context<f64>,
    model: Model<f64>,
    params: Params<f64>,
    batch: Batch,
    state: State<f64>,
    dropout: Option<Dropout>,
}

impl Problem {
    fn new(spec: ModelSpec, steps: usize, rate: f64, seed: u64) -> Self {
        Self::ragged(spec, &[steps; 3], rate, seed)
    }

    fn ragged(spec: ModelSpec, lengths: &[usize], rate: f64, seed: u64) -> Self {
        let rows = lengths.len();
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
        // Every fourth target is not scored, and the first is never scored.
        let judged = if spec.pool == Pooling::Last { positions } else { rows };
        batch.targets.truncate(judged);
        for i in 0..positions {
            match spec.input {
                InputSpec::Tokens { vocabulary, .. } => batch.inputs[i] = draw.below(vocabulary as u32),
                InputSpec::Numbers { width } => {
                    batch.numbers.extend((0..width).map(|_| draw.normal() as f32));
                }
            }
            if i % 4 == 1 || i >= judged {
                continue;
            }
            match spec.output {
                OutputSpec::Classes { count, .. } => batch.targets[i] = draw.below(count as u32),
                OutputSpec::Values { width, loss } => {
                    batch.values.positions.push(i as u32);
                    batch.values.targets.extend((0..width).map(|_| match loss {
                        ValueLoss::Labels => draw.below(2) as f32,
                        _ => draw.normal() as f32,
                    }));
                }
            }
        }
        let mut state = model.zero_state(rows);
        for layer in 0..model.states() {
            state.layer_mut(layer).iter_mut().for_each(|s| *s = 0.5 * draw.normal());
        }
        let dropout = Dropout::new(rate, seed, 4, 10);
        Self { spec, ctx, model, params, batch, state, dropout }
    }

    /// Returns the mean loss, the gradient with respect to the weights, and the state after the batch.
    fn gradient(&mut self) -> (f64, Params<f64>, State<f64>) {
        let mut grads = Params::zeros(Arc::clone(self.params.layout()));
        let mut state = self.state.clone();
        self.model.pack(&self.ctx, &self.params);
        let pass = &mut Pass::new(&self.ctx, &self.params).with_dropout(self.dropout);
        let score = self.model.train(pass, &self.batch, &mut state, &mut grads);
        (score.mean_loss(), grads, state)
    }

    fn loss(&mut self) -> f64 {
        self.gradient().0
    }

    fn check(&mut self, name: &str, analytic: &[f64], position: impl Fn(&mut Self) -> &mut [f64]) {
        // If the usual step fails, a step too short to reach relu's kink is tried, as for the cells.
        let steps =
            if self.spec.cell == CellKind::Relu { &[EPSILON, EPSILON / 64.0][..] } else { &[EPSILON] };
        let mut relative = f64::INFINITY;
        for epsilon in steps {
            let (mut error, mut size) = (0.0, 0.0);
            for (i, &exact) in analytic.iter().enumerate() {
                let before = position(self)[i];
                position(self)[i] = before + epsilon;
                let above = self.loss();
                position(self)[i] = before - epsilon;
                let below = self.loss();
                position(self)[i] = before;
                let numeric = (above - below) / (2.0 * epsilon);
                error += (numeric - exact).powi(2);
                size += exact * exact;
            }
            relative = relative.min(error.sqrt() / size.sqrt().max(1e-3));
            if relative < TOLERANCE {
                return;
            }
        }
        panic!("{name} of {:?}, dropout {:?}: relative error {relative:e}", self.spec, self.dropout);
    }

    fn check_all(&mut self) {
        let (loss, grads, _) = self.gradient();
        assert!(loss.is_finite());
        let d_state = self.model.d_state().expect("after a training pass").clone();
        for (index, entry) in Arc::clone(self.params.layout()).entries().iter().enumerate() {
            self.check(&entry.name, grads.tensor(index), |p| p.params.tensor_mut(index));
        }
        // A learned state replaces the given one unless a state is carried over.
        let given = !self.spec.learned_state || self.batch.carry;
        for layer in 0..if given { self.model.states() } else { 0 } {
            let name = format!("initial state of layer {layer}");
            self.check(&name, d_state.layer(layer), |p| p.state.layer_mut(layer));
        }
    }
}

/// Every input and output, from single steps and from means, with rows of different lengths and with dropout.
#[test]
fn every_input_output_and_pool() {
    let inputs = [InputSpec::Tokens { vocabulary: 5, embedding: 3 }, InputSpec::Numbers { width: 2 }];
    let values = ValueLoss::ALL.map(|loss| OutputSpec::Values { width: 3, loss });
    let outputs = [OutputSpec::Classes { count: 4, tied: false }].into_iter().chain(values);
    for (output, input) in outputs.flat_map(|output| inputs.map(|input| (output, input))) {
        for (pool, cell) in [Pooling::Last, Pooling::Mean].into_iter().flat_map(|pool| {
            [CellKind::Rnn, CellKind::Lstm { peepholes: false, coupled: false }].map(|cell| (pool, cell))
        }) {
            let spec = ModelSpec { pool, chunk: 3, ..ModelSpec::new(cell, input, 4, 2, output) };
            Problem::ragged(spec.clone(), &[7, 4, 4, 1, 1], 0.3, 5).check_all();
            // Scoring without gradients returns the same loss as training.
            let mut problem = Problem::ragged(spec, &[7, 4, 4, 1, 1], 0.0, 6);
            let trained = problem.gradient().0;
            let mut state = problem.state.clone();
            let (ctx, params) = (&problem.ctx, &problem.params);
            problem.model.pack(ctx, params);
            let scored = problem.model.evaluate(ctx, params, &problem.batch, &mut state);
            assert!((scored.mean_loss() - trained).abs() < 1e-12 * trained, "{input:?} {output:?} {pool:?}");
        }
    }
}

/// Stacks with all options, with rows of different lengths: tokens with a projected table and with masks, and
/// numbers; with readouts of single positions, means and the last states of both directions.
#[test]
fn every_option_of_the_stack() {
    let inputs = [InputSpec::Tokens { vocabulary: 5, embedding: 3 }, InputSpec::Numbers { width: 2 }];
    for (cell, input) in [
        CellKind::Rnn,
        CellKind::Lstm { peepholes: true, coupled: false },
        CellKind::Gru { reset_after: false },
    ]
    .into_iter()
    .flat_map(|cell| inputs.map(|input| (cell, input)))
    {
        for (pool, bidirectional) in
            [(Pooling::Last, false), (Pooling::Last, true), (Pooling::Mean, true), (Pooling::BothEnds, true)]
        {
            for (rate, mask, other) in
                [(0.0, Mask::Step, true), (0.3, Mask::Step, false), (0.3, Mask::Sequence, true)]
            {
                let spec = ModelSpec {
                    pool,
                    chunk: 3,
                    bidirectional,
                    layer_residual: other,
                    layer_norm: other,
                    learned_state: other,
                    ..ModelSpec::new(cell, input, 4, 2, OutputSpec::Classes { count: 4, tied: false })
                };
                let mut problem = Problem::ragged(spec.clone(), &[7, 4, 4, 1, 1], rate, 5);
                problem.dropout = problem.dropout.map(|dropout| dropout.of(mask));
                problem.check_all();
                problem.dropout = None;
                let trained = problem.gradient().0;
                problem.model.pack(&problem.ctx, &problem.params);
                let mut state = problem.state.clone();
                let scored =
                    problem.model.evaluate(&problem.ctx, &problem.params, &problem.batch, &mut state);
                assert!((scored.mean_loss() - trained).abs() < 1e-12 * trained, "{spec:?}");
            }
        }
    }
}

/// Only rows that start from it have a learned state: a carried state has its own gradient, and the learned
/// one gets none. Step-by-step inference starts from it too.
#[test]
fn a_learned_state_is_where_rows_start() {
    let lstm = CellKind::Lstm { peepholes: false, coupled: false };
    let spec = ModelSpec { learned_state: true, layer_norm: true, ..ModelSpec::language(lstm, 5, 3, 4, 2) };
    let mut carried = Problem::new(spec.clone(), 5, 0.0, 4);
    carried.batch.carry = true;
    carried.check_all();
    let grads = carried.gradient().1;
    assert!(
        ["h0_l0", "c0_l1"].iter().all(|name| grads.named(&format!("rnn.{name}")).iter().all(|&d| d == 0.0))
    );

    let mut fresh = Problem::new(spec, 1, 0.0, 4);
    let score = fresh.gradient().0;
    fresh.model.pack(&fresh.ctx, &fresh.params);
    let mut steps = fresh.model.steps(&fresh.params, 3);
    let (read, mut logits) = (StepInput::Tokens(&fresh.batch.inputs), [0.0; 15]);
    fresh.model.step(&fresh.ctx, &fresh.params, read, &mut steps, &mut logits);
    let (mut nats, mut scored) = (0.0, 0.0);
    for (row, &target) in logits.chunks(5).zip(&fresh.batch.targets).filter(|(_, target)| **target != IGNORE)
    {
        nats += row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[target as usize];
        scored += 1.0;
    }
    assert!((score - nats / scored).abs() < 1e-12, "{score} and {nats} of {scored}");
}

/// Every cell × 1–3 layers × windows of 1–12 steps across chunks of 3, with dropout, tied and untied, from a
/// carried state.
#[test]
fn every_cell_depth_and_length_with_dropout() {
    for cell in CellKind::ALL {
        for layers in 1..=3 {
            for steps in 1..=12 {
                let tied = (steps + layers) % 2 == 0;
                let embedding = if tied { 4 } else { 3 };
                let spec =
                    ModelSpec { chunk: 3, ..ModelSpec::language(cell, 5, embedding, 4, layers).tied(tied) };
                Problem::new(spec, steps, 0.4, 100 * layers as u64 + steps as u64).check_all();
            }
        }
    }
}

/// Without dropout, tied and untied.
#[test]
fn every_cell_without_dropout() {
    for cell in CellKind::ALL {
        for (tied, layers, steps) in [(false, 1, 7), (true, 2, 7), (true, 1, 1), (false, 3, 2)] {
            let embedding = if tied { 4 } else { 3 };
            let spec =
                ModelSpec { chunk: 3, ..ModelSpec::language(cell, 5, embedding, 4, layers).tied(tied) };
            Problem::new(spec, steps, 0.0, steps as u64).check_all();
        }
    }
}

/// Truncated BPTT: the gradient of a window is the exact gradient of its loss with the state before it held
/// fixed. The sum over windows differs from the gradient through both windows exactly by the part that
/// crosses the split: ∂ℒ₂/∂s · ∂s/∂w.
#[test]
fn truncation_drops_exactly_the_gradient_that_crosses_windows() {
    for cell in CellKind::ALL {
        for (layers, steps, slice) in [(1, 2, 1), (1, 7, 4), (2, 6, 3), (2, 12, 5), (3, 5, 2), (3, 9, 8)] {
            truncation(ModelSpec { chunk: 3, ..ModelSpec::language(cell, 5, 3, 4, layers) }, steps, slice);
        }
    }
}

fn truncation(spec: ModelSpec, steps: usize, slice: usize) {
    let mut whole = Problem::new(spec.clone(), steps, 0.0, 3);
    // All positions are scored, so that the mean of the whole is the weighted mean of the windows.
    whole.batch.targets.iter_mut().filter(|t| **t == IGNORE).for_each(|t| *t = 0);
    let window = |first: usize, end: usize| {
        let mut window = Problem::new(spec.clone(), end - first, 0.0, 3);
        window.batch.inputs.copy_from_slice(&whole.batch.inputs[first * 3..end * 3]);
        window.batch.targets.copy_from_slice(&whole.batch.targets[first * 3..end * 3]);
        window
    };
    let (mut early, mut late) = (window(0, slice), window(slice, steps));
    let share = slice as f64 / steps as f64;
    early.state = whole.state.clone();
    let (loss_1, grads_1, between) = early.gradient();
    late.state = between;
    let (loss_2, grads_2, _) = late.gradient();
    let d_between = late.model.d_state().expect("after a training pass").clone();

    let (loss, grads, _) = whole.gradient();
    // Means of a few dozen numbers, which are in the hundreds for exploding cells.
    assert!((loss - share * loss_1 - (1.0 - share) * loss_2).abs() < 1e-14 * loss.max(1.0));
    // Computes ∂/∂w ⟨∂ℒ₂/∂s, s(w)⟩ by central differences over the first window.
    let mut crossing = |index: usize, i: usize, epsilon: f64| {
        let mut inner = |epsilon: f64| {
            let before = early.params.tensor(index)[i];
            early.params.tensor_mut(index)[i] = before + epsilon;
            let state = early.gradient().2;
            early.params.tensor_mut(index)[i] = before;
            (0..spec.layers)
                .flat_map(|l| state.layer(l).iter().zip(d_between.layer(l)))
                .map(|(s, d)| s * d)
                .sum::<f64>()
        };
        (inner(epsilon) - inner(-epsilon)) / (2.0 * epsilon)
    };
    let mut compare = |epsilon: f64| {
        let (mut error, mut size, mut crossed) = (0.0, 0.0, 0.0);
        for (index, entry) in grads.layout().entries().iter().enumerate() {
            for i in 0..entry.len() {
                let over = crossing(index, i, epsilon);
                let windows =
                    share * grads_1.tensor(index)[i] + (1.0 - share) * (grads_2.tensor(index)[i] + over);
                error += (grads.tensor(index)[i] - windows).powi(2);
                size += grads.tensor(index)[i].powi(2);
                crossed += over * over;
            }
        }
        ((error / size).sqrt(), crossed)
    };
    let (mut relative, crossed) = compare(EPSILON);
    if relative >= TOLERANCE && spec.cell == CellKind::Relu {
        relative = compare(EPSILON / 64.0).0;
    }
    assert!(relative < TOLERANCE, "{spec:?}, {slice} of {steps}: {relative:e}");
    assert!(crossed > 1e-10, "{spec:?}: nothing crosses the split, {crossed:e}");
}

/// Reading token by token gives the logits of the whole window, up to rounding.
#[test]
fn steps_agree_with_the_window() {
    for cell in CellKind::ALL {
        let spec = ModelSpec { chunk: 3, ..ModelSpec::language(cell, 5, 3, 4, 2) };
        let mut p = Problem::new(spec, 7, 0.0, 8);
        p.model.pack(&p.ctx, &p.params);
        let mut steps = p.model.steps_from(p.state.clone());
        let mut nats = 0.0;
        let mut logits = [0.0; 3 * 5];
        for t in 0..7 {
            let tokens = &p.batch.inputs[t * 3..][..3];
            p.model.step(&p.ctx, &p.params, StepInput::Tokens(tokens), &mut steps, &mut logits);
            for (row, &target) in logits.chunks(5).zip(&p.batch.targets[t * 3..][..3]) {
                if target != IGNORE {
                    nats += row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[target as usize];
                }
            }
        }
        let score = p.model.evaluate(&p.ctx, &p.params, &p.batch, &mut p.state.clone());
        assert_eq!(score.scored, p.batch.scored() as u64);
        assert!((score.loss - nats).abs() < 1e-12 * nats, "{cell:?}: {} and {nats}", score.loss);
    }
}

/// After its last step a row has the output of the whole sequence: with numbers or tokens as input, the last
/// step or the mean.
#[test]
fn steps_end_with_the_output_of_the_whole_sequence() {
    let inputs = [InputSpec::Numbers { width: 2 }, InputSpec::Tokens { vocabulary: 5, embedding: 3 }];
    let outputs = [
        OutputSpec::Classes { count: 4, tied: false },
        OutputSpec::Values { width: 4, loss: ValueLoss::Squared },
    ];
    for (input, output) in inputs.into_iter().flat_map(|input| outputs.map(|output| (input, output))) {
        for pool in [Pooling::Last, Pooling::Mean] {
            let cell = CellKind::Gru { reset_after: true };
            let spec = ModelSpec { pool, chunk: 3, ..ModelSpec::new(cell, input, 4, 2, output) };
            let mut p = Problem::new(spec, 7, 0.0, 8);
            p.model.pack(&p.ctx, &p.params);
            let mut steps = p.model.steps_from(p.state.clone());
            let mut aside = p.model.steps(&p.params, 3);
            let (mut out, mut again) = ([0.0; 3 * 4], [0.0; 3 * 4]);
            let numbers: Vec<f64> = p.batch.numbers.iter().map(|&x| f64::from(x)).collect();
            for t in 0..7 {
                let read = match input {
                    InputSpec::Numbers { width } => {
                        StepInput::Numbers(&numbers[t * 3 * width..][..3 * width])
                    }
                    InputSpec::Tokens { .. } => StepInput::Tokens(&p.batch.inputs[t * 3..][..3]),
                };
                // Steps on a copy do not change the original.
                aside.copy_from(&steps);
                p.model.step(&p.ctx, &p.params, read, &mut aside, &mut again);
                p.model.step(&p.ctx, &p.params, read, &mut steps, &mut out);
                assert_eq!(out, again);
            }
            assert_eq!(steps.count(), 7);
            let ends: Vec<u32> = (0..3).map(|row| pool.end(&p.batch.shape, row) as u32).collect();
            let mut whole = Vec::new();
            p.model.predict(&p.ctx, &p.params, &p.batch, &mut p.state.clone(), &ends, &mut whole);
            for (a, b) in out.iter().zip(&whole) {
                assert!((a - b).abs() < 1e-12, "{input:?}, {output:?}, {pool:?}: {a} and {b}");
            }
            steps.clear();
            assert_eq!(steps.count(), 0);
        }
    }
}

/// Any number of threads gives the same bits, with dropout, within one tile of the vocabulary and over
/// several.
#[test]
fn threads_change_no_bit() {
    for (vocabulary, steps) in [(40, 9), (1100, 120)] {
        let spec =
            ModelSpec::language(CellKind::Lstm { peepholes: false, coupled: false }, vocabulary, 24, 33, 2);
        let run = |threads| {
            let mut p = Problem::new(spec.clone(), steps, 0.3, 5);
            p.ctx = Context::new(InstructionSet::detect(), threads);
            let (loss, grads, _) = p.gradient();
            (loss.to_bits(), grads.flat().iter().map(|g| g.to_bits()).collect::<Vec<_>>())
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(3));
    }
}

/// A vocabulary of several tiles and a window of several blocks of the readout: loss and gradient along a
/// direction.
#[test]
fn large_vocabularies_and_windows_are_processed_in_blocks() {
    for (tied, rate) in [(false, 0.0), (true, 0.2)] {
        let spec = ModelSpec::language(CellKind::Rnn, 1100, 3, 3, 1).tied(tied);
        let mut p = Problem::new(spec, 190, rate, 12);
        let (loss, grads, _) = p.gradient();
        if rate == 0.0 {
            let mut logits = vec![0.0; 3 * 1100];
            p.model.pack(&p.ctx, &p.params);
            let (mut nats, mut state) = (0.0, p.model.steps_from(p.state.clone()));
            for t in 0..190 {
                let tokens = StepInput::Tokens(&p.batch.inputs[t * 3..][..3]);
                p.model.step(&p.ctx, &p.params, tokens, &mut state, &mut logits);
                for (row, &target) in logits.chunks(1100).zip(&p.batch.targets[t * 3..][..3]) {
                    if target != IGNORE {
                        nats += row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[target as usize];
                    }
                }
            }
            assert!((loss - nats / p.batch.scored() as f64).abs() < 1e-12 * loss);
            let score = p.model.evaluate(&p.ctx, &p.params, &p.batch, &mut p.state.clone());
            assert_eq!(score.mean_loss(), loss);
        }
        let mut draw = Key::new(5, Purpose::Probe, 0, 0).stream(0, 0);
        for (index, entry) in Arc::clone(p.params.layout()).entries().iter().enumerate() {
            let along: Vec<f64> = (0..entry.len()).map(|_| draw.normal()).collect();
            let before = p.params.tensor(index).to_vec();
            let mut loss = |epsilon: f64| {
                let moved = before.iter().zip(&along).map(|(w, a)| w + epsilon * a);
                p.params.tensor_mut(index).iter_mut().zip(moved).for_each(|(w, moved)| *w = moved);
                p.loss()
            };
            let numeric = (loss(EPSILON) - loss(-EPSILON)) / (2.0 * EPSILON);
            loss(0.0);
            let exact: f64 = grads.tensor(index).iter().zip(&along).map(|(g, a)| g * a).sum();
            let size = grads.tensor(index).iter().map(|g| g * g).sum::<f64>().sqrt();
            assert!((numeric - exact).abs() < TOLERANCE * size, "{}: {numeric} {exact}", entry.name);
        }
    }
}
