//! The lag profile of training snapshots: closed forms, a second way to compute it, and the probe.
#![allow(missing_docs, reason = "a test file")]

use std::sync::Arc;

use longspan::batch::{Batch, IGNORE, Source};
use longspan::bptt::{BackwardStep, Observer, OnBackwardStep, Pass};
use longspan::cell::CellKind;
use longspan::model::head::ValueLoss;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan::probe::credit::Recorder;
use longspan::probe::credit::{HorizonOptions, horizon};
use longspan::telemetry::Observe;
use longspan::trainer::{Trainer, TrainerSpec};
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::LagSnapshot;

const HIDDEN: usize = 5;
const TOKENS: usize = 7;
const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };
const GRU: CellKind = CellKind::Gru { reset_after: true };

/// A source that repeats one window.
pub(crate) struct Window(pub(crate) Batch);

impl Source for Window {
    fn windows(&self) -> u64 {
        1
    }
    fn fill(&self, _epoch: u64, _window: u64, batch: &mut Batch) {
        batch.clone_from(&self.0);
    }
    fn shape(&self) -> (usize, usize) {
        (self.0.steps(), self.0.rows())
    }
}

/// Returns a trainer that takes a snapshot at every step, and its window.
fn trainer(spec: ModelSpec, batch: Batch) -> (Trainer<f64>, Window) {
    let spec =
        TrainerSpec { observe: Observe::Full, observe_every: 1, ..TrainerSpec::new(spec, batch.rows()) };
    (Trainer::new(Context::new(InstructionSet::detect(), 2), &spec), Window(batch))
}

pub(crate) fn step(trainer: &mut Trainer<f64>, source: &Window) -> LagSnapshot {
    trainer.step(source, 1e-3).expect("no divergence");
    let snapshot = trainer.record().snapshot.clone().expect("a snapshot");
    snapshot.lag.expect("a lag profile at step 1")
}

/// Rows of random tokens with random targets, of these lengths.
fn tokens(lengths: &[usize], seed: u64) -> Batch {
    let (mut batch, mut draw) = (Batch::default(), Key::new(seed, Purpose::Task, 0, 0).stream(0, 0));
    batch.reshape_to(lengths);
    for position in 0..batch.shape.positions() {
        batch.inputs[position] = draw.below(TOKENS as u32);
        batch.targets[position] = draw.below(TOKENS as u32);
    }
    batch.first_sample = 40;
    batch
}

/// The same rows with a target at the last step only.
fn scored_once(mut batch: Batch) -> Batch {
    for position in 0..batch.shape.positions() {
        let (t, row) = batch.shape.position(position);
        if t + 1 < batch.shape.length(row) {
            batch.targets[position] = IGNORE;
        }
    }
    batch
}

/// Type 7 of Hyndman and Fan.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = share * (values.len() - 1) as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    if low == high || low == f64::NEG_INFINITY { low } else { low + (at - at.floor()) * (high - low) }
}

/// A linear recurrence with W_hh = a I: G(τ) = |a|^τ for every row, up to its own first step.
#[test]
fn a_linear_recurrence_has_its_closed_form() {
    for factor in [0.9f64, -0.7, 1.1] {
        let spec = ModelSpec::language(CellKind::Identity, TOKENS, 3, HIDDEN, 1);
        let lengths = [40, 40, 33, 20, 20, 3, 1];
        let (mut trainer, source) = trainer(spec, scored_once(tokens(&lengths, 1)));
        let weights = trainer.params_mut().named_mut("rnn.weight_hh_l0");
        weights.fill(0.0);
        (0..HIDDEN).for_each(|i| weights[i * HIDDEN + i] = factor);
        let lag = step(&mut trainer, &source);
        assert_eq!((lag.rows, lag.zero_gradient_rows), (7, 0));
        assert_eq!(lag.lags, (0..40).collect::<Vec<_>>());
        for (i, &tau) in lag.lags.iter().enumerate() {
            assert_eq!(lag.rows_at[i], lengths.iter().filter(|&&length| length > tau).count(), "lag {tau}");
            let exact = tau as f64 * factor.abs().ln();
            for profile in [&lag.total, &lag.layers[0]] {
                for ln in [profile.ln_p05[i], profile.ln_median[i], profile.ln_p95[i]] {
                    assert!((ln - exact).abs() < 1e-12, "{factor} at {tau}: {ln}, expected {exact}");
                }
            }
        }
        assert_eq!(lag.ln_layer_ratio, [0.0]);
        // Four of the seven rows have 20 steps or more: the window of the horizon ends at lag 19.
        let horizon = lag.horizon.expect("rows with a gradient");
        assert_eq!(
            (horizon.steps, horizon.at_least, horizon.low_steps, horizon.high_steps),
            match factor {
                // 0.7^13 < 0.01
                -0.7 => (12, false, 12, horizon.high_steps),
                _ => (19, true, 19, 19),
            }
        );
    }
}

/// A row whose prediction is exact has no gradient: it is counted, and no number becomes infinite.
#[test]
fn fitted_rows_are_counted_and_left_out() {
    let output = OutputSpec::Values { width: 1, loss: ValueLoss::Squared };
    let spec = ModelSpec::new(CellKind::Rnn, InputSpec::Numbers { width: 1 }, HIDDEN, 2, output);
    let batch = |fitted: &[usize]| {
        let mut batch = Batch::default();
        batch.reshape(12, 4);
        batch.targets.clear();
        let value = |i: usize| if fitted.contains(&(i % 4)) { 0.0 } else { (i as f32).sin() };
        batch.numbers = (0..48).map(value).collect();
        batch.values.positions = (44..48).collect();
        batch.values.targets = (0..4).map(|row| if fitted.contains(&row) { 0.0 } else { 1.0 }).collect();
        batch
    };
    let (mut some, source) = trainer(spec.clone(), batch(&[1, 3]));
    let lag = step(&mut some, &source);
    assert_eq!((lag.rows, lag.zero_gradient_rows, &lag.rows_at[..]), (2, 2, &[2; 12][..]));
    let all = [&lag.total, &lag.layers[0], &lag.layers[1]];
    assert!(all.iter().all(|profile| profile.ln_p05.iter().chain(&profile.ln_p95).all(|ln| ln.is_finite())));
    let (mut all, source) = trainer(spec, batch(&[0, 1, 2, 3]));
    let lag = step(&mut all, &source);
    let nothing =
        LagSnapshot { zero_gradient_rows: 4, layers: vec![Default::default(); 2], ..Default::default() };
    assert_eq!(lag, nothing);
}

/// ln ‖δ‖ of each row of the batch, by layer and lag, where one pass of a custom loss has shown it.
pub(crate) type Norms = Vec<Vec<Vec<f64>>>;

/// Keeps the gradient with respect to the outputs.
struct Outputs(Vec<f64>);

impl Observer<f64> for Outputs {
    fn output_gradients(&mut self, d_outputs: &[f64]) {
        self.0 = d_outputs.to_vec();
    }
}

/// Computes the norms from the loss at the anchors by an ordinary backward pass of that loss alone.
fn norms(spec: &ModelSpec, params: &Params<f64>, batch: &Batch, anchors: &[Option<usize>]) -> Norms {
    let ctx = Context::new(InstructionSet::detect(), 1);
    let mut model = Model::new(ctx.instruction_set(), spec);
    let mut grads = Params::zeros(Arc::clone(model.layout()));
    let mut outputs = Outputs(Vec::new());
    model.pack(&ctx, params);
    let mut state = model.zero_state(batch.rows());
    model.train(&mut Pass::new(&ctx, params).observed_by(&mut outputs), batch, &mut state, &mut grads);
    let (shape, width) = (&batch.shape, spec.width());
    let wanted = |position: usize| {
        let (t, row) = shape.position(position);
        spec.pool == Pooling::BothEnds || anchors[row] == Some(t)
    };
    for (position, d) in outputs.0.chunks_mut(width).enumerate() {
        if !wanted(position) {
            d.fill(0.0);
        }
    }
    let lags = batch.encoded.shape.steps() + batch.steps();
    let mut norms = vec![vec![vec![f64::NEG_INFINITY; lags]; batch.rows()]; model.states()];
    let mut seen = OnBackwardStep(|step: &BackwardStep<'_, f64>| {
        for (row, d_h) in step.d_hidden.chunks(spec.hidden).enumerate() {
            let d_c = step.d_cell.get(row * spec.hidden..(row + 1) * spec.hidden).unwrap_or_default();
            let square: f64 = d_h.iter().chain(d_c).map(|d| d * d).sum();
            let of_batch = match step.encoder {
                true => batch.encoded.rows.iter().position(|&own| own == row).expect("a permutation"),
                false => row,
            };
            let Some(anchor) = anchors[of_batch] else { continue };
            let lag = match step.encoder {
                true => Some(anchor + batch.encoded.shape.length(row) - step.t),
                false if step.reverse && spec.pool == Pooling::Last => {
                    (shape.length(row) - 1 - anchor).checked_sub(step.t)
                }
                false => anchor.checked_sub(step.t - batch.encoded.shape.steps()),
            };
            if let Some(lag) = lag {
                norms[step.layer][of_batch][lag] = 0.5 * square.ln();
            }
        }
    });
    model.pack(&ctx, params);
    let pass = &mut Pass::new(&ctx, params).observed_by(&mut seen);
    let mut state = model.zero_state(batch.rows());
    model.differentiate(pass, batch, &mut state, &mut |y| y.copy_from_slice(&outputs.0), &mut grads);
    norms
}

/// The parts of a snapshot's check.
pub(crate) struct Expected<'a> {
    pub(crate) what: String,
    pub(crate) norms: &'a Norms,
    /// The rows with an anchor, and their numbers of lags.
    pub(crate) rows: Vec<(usize, usize)>,
    /// Which layers are part of the total.
    pub(crate) counted: &'a [bool],
    /// Number of layers of one direction.
    pub(crate) layers: usize,
}

impl Expected<'_> {
    /// Compares a snapshot with the definitions.
    pub(crate) fn compare(&self, lag: &LagSnapshot) {
        let Self { what, norms, rows, counted, layers } = self;
        // A linear network can grow so much that a row is predicted with a probability of exactly 1.
        let has_gradient = |row: &(usize, usize)| norms.iter().any(|layer| layer[row.0][0].is_finite());
        let (rows, fitted): (Vec<_>, Vec<_>) = rows.iter().copied().partition(has_gradient);
        assert_eq!((lag.rows, lag.zero_gradient_rows), (rows.len(), fitted.len()), "{what}");
        let total: Vec<Vec<f64>> = rows
            .iter()
            .map(|&(row, lags)| {
                let square = |lag: usize| -> f64 {
                    let layers = (0..norms.len()).filter(|&layer| counted[layer]);
                    layers.map(|layer| (2.0 * norms[layer][row][lag]).exp()).sum()
                };
                (0..lags).map(|lag| 0.5 * (square(lag) / square(0)).ln()).collect()
            })
            .collect();
        let longest = rows.iter().map(|row| row.1).max().expect("rows");
        assert_eq!(lag.lags, (0..longest).collect::<Vec<_>>(), "{what}");
        let close = |found: &[f64], expected: f64, at: usize, name: &str| {
            // The same arithmetic up to the order of sums.
            let same = found[at] == expected || (found[at] - expected).abs() < 1e-9;
            assert!(same, "{what}: {name} at lag {at}: {}, expected {expected}", found[at]);
        };
        for at in 0..longest {
            let of_lag: Vec<f64> = total.iter().filter_map(|row| row.get(at).copied()).collect();
            assert_eq!(lag.rows_at[at], of_lag.len(), "{what}");
            for (name, found, share) in [
                ("5 %", &lag.total.ln_p05, 0.05),
                ("25 %", &lag.total.ln_p25, 0.25),
                ("median", &lag.total.ln_median, 0.5),
                ("75 %", &lag.total.ln_p75, 0.75),
                ("95 %", &lag.total.ln_p95, 0.95),
            ] {
                close(found, quantile(of_lag.clone(), share), at, name);
            }
            for (layer, profile) in lag.layers.iter().enumerate() {
                if !counted[layer] {
                    assert!(profile.ln_median.is_empty(), "{what}");
                    continue;
                }
                // A relu layer may have no gradient at an anchor.
                let with = rows.iter().filter(|(row, lags)| at < *lags && norms[layer][*row][0].is_finite());
                let own: Vec<f64> =
                    with.map(|&(row, _)| norms[layer][row][at] - norms[layer][row][0]).collect();
                assert_eq!(own.is_empty(), profile.ln_median.len() <= at, "{what}");
                if !own.is_empty() {
                    close(&profile.ln_median, quantile(own, 0.5), at, "layer");
                }
            }
        }
        let directions = norms.len() / layers;
        for (layer, ratio) in lag.ln_layer_ratio.iter().enumerate() {
            let top = norms.len() - directions + layer % directions;
            let with = rows.iter().filter(|(row, _)| norms[top][*row][0].is_finite());
            let own = with.map(|&(row, _)| norms[layer][row][0] - norms[top][row][0]).collect();
            close(&[*ratio], quantile(own, 0.5), 0, "depth");
        }
        let views: Vec<&[f64]> = total.iter().map(Vec::as_slice).collect();
        let options = HorizonOptions { epsilon: 0.01, resamples: 200, seed: 0 };
        assert_eq!(lag.horizon, horizon(&views, &(0..views.len()).collect::<Vec<_>>(), options), "{what}");
    }
}

/// Checks a snapshot against the definitions, given its anchors. `counted` says which layers are part of the total.
fn check(spec: &ModelSpec, batch: Batch, anchors: &[Option<usize>], limit: Option<usize>, counted: &[bool]) {
    let memory_limit = limit;
    let of =
        TrainerSpec { observe: Observe::Norms, memory_limit, ..TrainerSpec::new(spec.clone(), batch.rows()) };
    let mut trainer = Trainer::new(Context::new(InstructionSet::detect(), 2), &of);
    // Larger weights than those of the initialisers, so that the gradient of no cell is near 0.
    trainer.params_mut().flat_mut().iter_mut().for_each(|w| *w *= 1.3);
    let norms = norms(spec, trainer.params(), &batch, anchors);
    let encoded = |row: usize| batch.encoded.rows.get(row).map_or(0, |&own| batch.encoded.shape.length(own));
    let rows = anchors.iter().enumerate();
    let rows = rows.filter_map(|(row, anchor)| Some((row, anchor.as_ref()? + 1 + encoded(row)))).collect();
    let what = format!("{spec:?}, limit {limit:?}");
    let lag = step(&mut trainer, &Window(batch.clone()));
    Expected { what, norms: &norms, rows, counted, layers: spec.layers }.compare(&lag);
}

fn last_steps(batch: &Batch) -> Vec<Option<usize>> {
    (0..batch.rows()).map(|row| Some(batch.shape.length(row) - 1)).collect()
}

/// The anchors of the first training step of seed 0, by the rule in the documentation: one of the last quarter of the
/// scored steps.
pub(crate) fn drawn(batch: &Batch) -> Vec<Option<usize>> {
    let key = Key::new(0, Purpose::Probe, 1, 1);
    let of_row = |row: usize| {
        let length = batch.shape.length(row);
        let back = key.stream(0, batch.first_sample + row as u64).below(length.div_ceil(4) as u32);
        Some(length - 1 - back as usize)
    };
    (0..batch.rows()).map(of_row).collect()
}

/// Every cell, stacks, ragged rows, chunks that are kept and chunks that are computed again.
#[test]
fn a_snapshot_follows_the_definitions_in_a_stack() {
    for cell in CellKind::ALL {
        for (residual, layers) in [(false, 1), (false, 3), (true, 3)] {
            let spec = ModelSpec {
                chunk: 4,
                layer_residual: residual,
                layer_norm: residual,
                ..ModelSpec::language(cell, TOKENS, 3, HIDDEN, layers)
            };
            let batch = scored_once(tokens(&[21, 20, 9, 4, 1], 3));
            let anchors = last_steps(&batch);
            for limit in [None, Some(9_000 * layers)] {
                check(&spec, batch.clone(), &anchors, limit, &vec![true; layers]);
            }
        }
    }
}

/// A text: every step is scored, and the state is carried over.
#[test]
fn a_snapshot_of_a_text_has_its_anchors_in_the_last_quarter() {
    for cell in [LSTM, GRU] {
        let spec = ModelSpec { chunk: 4, ..ModelSpec::language(cell, TOKENS, 3, HIDDEN, 2) };
        for lengths in [[24; 6], [24, 20, 17, 8, 2, 1]] {
            let batch = Batch { carry: lengths == [24; 6], ..tokens(&lengths, 4) };
            let anchors = drawn(&batch);
            assert!(anchors.iter().zip(lengths).all(|(t, length)| 4 * t.expect("a row") + 4 >= 3 * length));
            check(&spec, batch, &anchors, None, &[true; 2]);
        }
    }
}

#[test]
fn a_snapshot_counts_the_lags_of_each_direction() {
    for cell in [LSTM, GRU] {
        let spec = |pool| ModelSpec {
            bidirectional: true,
            chunk: 4,
            pool,
            ..ModelSpec::language(cell, TOKENS, 3, HIDDEN, 2)
        };
        let mut batch = tokens(&[15, 11, 11, 4, 1], 5);
        for limit in [None, Some(60_000)] {
            check(&spec(Pooling::Last), batch.clone(), &drawn(&batch), limit, &[true, false, true, false]);
        }
        let anchors = last_steps(&batch);
        batch.targets.truncate(5);
        check(&spec(Pooling::BothEnds), batch.clone(), &anchors, None, &[true; 4]);
        // The mean over all steps has no anchor.
        let (mut trainer, source) = trainer(spec(Pooling::Mean), batch);
        trainer.step(&source, 1e-3).expect("no divergence");
        assert!(trainer.record().snapshot.as_ref().is_some_and(|snapshot| snapshot.lag.is_none()));
    }
}

/// The lags go on through the encoder's steps, whose rows have an order of their own.
#[test]
fn a_snapshot_goes_on_through_the_encoder() {
    for cell in [LSTM, GRU] {
        let spec = ModelSpec {
            encoder: Some(InputSpec::Tokens { vocabulary: TOKENS, embedding: 3 }),
            chunk: 4,
            ..ModelSpec::language(cell, TOKENS, 3, HIDDEN, 2)
        };
        let mut batch = tokens(&[8, 6, 3, 1], 6);
        let read = tokens(&[13, 7, 5, 2], 7);
        (batch.encoded.shape, batch.encoded.inputs) = (read.shape, read.inputs);
        batch.encoded.rows = vec![2, 0, 3, 1];
        check(&spec, batch.clone(), &drawn(&batch), None, &[true; 2]);
    }
}

/// The recorder of the probe, on the same batch and anchors.
#[test]
fn a_snapshot_agrees_with_the_probe() {
    for (cell, layers) in [(LSTM, 2), (GRU, 1), (CellKind::Rnn, 2)] {
        let spec = ModelSpec { chunk: 4, ..ModelSpec::language(cell, TOKENS, 3, HIDDEN, layers) };
        let batch = scored_once(tokens(&[20; 9], 8));
        let (mut trainer, source) = trainer(spec.clone(), batch.clone());
        let params = trainer.params().clone();
        let lag = step(&mut trainer, &source);
        let ctx = Context::new(InstructionSet::detect(), 1);
        let (mut model, anchors) = (Model::new(ctx.instruction_set(), &spec), last_steps(&batch));
        let shape = (cell, layers, HIDDEN);
        let mut recorder = Recorder::new(ctx.instruction_set(), shape, &params, &anchors, 19, None);
        let mut grads = Params::zeros(Arc::clone(model.layout()));
        model.pack(&ctx, &params);
        let (pass, mut state) =
            (&mut Pass::new(&ctx, &params).observed_by(&mut recorder), model.zero_state(9));
        model.train(pass, &batch, &mut state, &mut grads);
        let samples = recorder.finish();
        for at in 0..20 {
            for (layer, profile) in lag.layers.iter().enumerate() {
                let own = samples.iter().map(|sample| sample.layers[layer].state());
                let theirs = quantile(own.map(|ln| ln[at] - ln[0]).collect(), 0.5);
                assert!((profile.ln_median[at] - theirs).abs() < 1e-9, "{cell}, layer {layer}, lag {at}");
            }
        }
    }
}

/// Windows longer than the list of lags: the first lags one by one, then ever fewer, up to the first step. The horizon
/// uses all lags.
#[test]
fn a_long_window_has_few_lags_and_an_exact_horizon() {
    let spec = ModelSpec::language(CellKind::Identity, TOKENS, 3, HIDDEN, 1);
    let (mut trainer, source) = trainer(spec, scored_once(tokens(&[900; 3], 9)));
    let factor = 0.99f64;
    let weights = trainer.params_mut().named_mut("rnn.weight_hh_l0");
    weights.fill(0.0);
    (0..HIDDEN).for_each(|i| weights[i * HIDDEN + i] = factor);
    let lag = step(&mut trainer, &source);
    assert!((56..=64).contains(&lag.lags.len()), "{:?}", lag.lags);
    assert_eq!((lag.lags[..32].to_vec(), lag.lags.last()), ((0..32).collect(), Some(&899)));
    assert!(lag.lags.windows(2).all(|pair| pair[0] < pair[1]));
    for (&tau, ln) in lag.lags.iter().zip(&lag.total.ln_median) {
        assert!((ln - tau as f64 * factor.ln()).abs() < 1e-10);
    }
    // 0.99^459 < 0.01 ≤ 0.99^458
    assert!(lag.horizon.is_some_and(|found| found.steps == 458 && !found.at_least && found.low_steps == 458));
}
