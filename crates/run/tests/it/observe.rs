//! The numbers of a snapshot against a second implementation, number by number; and observing changes no bit.
#![allow(missing_docs, reason = "a test file")]

use std::collections::BTreeMap;

use longspan::bptt::{BackwardStep, OnBackwardStep, Pass};
use longspan::cell::CellKind;
use longspan::gradient_check::{Case, Options, Problem};
use longspan::params::Params;
use longspan::telemetry::{GradientProfile, Observe, Scratch};
use longspan::trainer::Trainer;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::Snapshot;
use longspan_run::config::{Config, Origin};
use longspan_run::dataset::Dataset;

const HIDDEN: usize = 9;

fn sigma_tanh(x: f64) -> f64 {
    1.0 - x * x
}

/// Γ of one step by its definition, one block of rows after the other: Σ_b δa ⊗ u.
fn gamma(kind: CellKind, flow: &BackwardStep<'_, f64>) -> Vec<f64> {
    let rows = flow.d_hidden.len() / HIDDEN;
    let (deltas, tapes) = (flow.deltas.len() / rows, flow.tape.len() / rows);
    // For each gate, in the order of the rows of W_hh: the slot of δa, and whether u is r ⊙ h.
    let gates: &[(usize, bool)] = match kind {
        CellKind::Gru { reset_after: true } => &[(3, false), (4, false), (5, false)],
        CellKind::Gru { reset_after: false } => &[(0, false), (1, false), (2, true)],
        CellKind::Lstm { coupled: false, .. } => &[(0, false), (1, false), (2, false), (3, false)],
        CellKind::Lstm { coupled: true, .. } => &[(0, false), (1, false), (2, false)],
        _ => &[(0, false)],
    };
    let mut matrix = Vec::new();
    for &(slot, reset) in gates {
        for unit in 0..HIDDEN {
            for j in 0..HIDDEN {
                matrix.push(
                    (0..rows)
                        .map(|b| {
                            let r = if reset { flow.tape[b * tapes + j] } else { 1.0 };
                            flow.deltas[b * deltas + slot * HIDDEN + unit] * r * flow.before[b * HIDDEN + j]
                        })
                        .sum(),
                );
            }
        }
    }
    matrix
}

/// ‖∂ℒ/∂c‖ of each row, by the equations in the file of the cell.
fn cell_norms(kind: CellKind, flow: &BackwardStep<'_, f64>) -> Vec<f64> {
    let CellKind::Lstm { peepholes, coupled } = kind else { return Vec::new() };
    let rows = flow.d_hidden.len() / HIDDEN;
    let (width, o_slot) = (flow.tape.len() / rows, if coupled { 2 } else { 3 });
    let norm = |b: usize| {
        let total = |j: usize| {
            let at = b * HIDDEN + j;
            let (o, tanh_c, d_h) =
                (flow.tape[b * width + o_slot * HIDDEN + j], flow.cell[at].tanh(), flow.d_hidden[at]);
            let p_o = if peepholes { flow.weights[(o_slot - 1) * HIDDEN + j] } else { 0.0 };
            flow.d_cell[at] + d_h * o * sigma_tanh(tanh_c) + p_o * d_h * tanh_c * o * (1.0 - o)
        };
        (0..HIDDEN).map(|j| total(j).powi(2)).sum::<f64>().sqrt()
    };
    (0..rows).map(norm).collect()
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1e-12),
        "{what}: {found:e}, expected {expected:e}"
    );
}

/// ‖Γ_t‖ and ‖∂ℒ/∂c_t‖ of every cell, in one direction and in both, over rows of many lengths; and Σ_t Γ_t =
/// ∂ℒ/∂W_hh.
#[test]
fn a_profile_follows_the_definitions() {
    for kind in CellKind::ALL {
        for bidirectional in [false, true] {
            let mut shape = PackedShape::default();
            shape.set_lengths(&[7, 7, 6, 3, 1]);
            let (layers, steps, rows) = (2, 7, 5);
            let case = Case { kind, layers, steps, input: 3, hidden: HIDDEN, rows, chunk: 3 };
            let options = Options { bidirectional, residual: true, norm: true, ..Options::default() };
            let mut problem = Problem::<f64>::with(InstructionSet::detect(), case, options, shape, 3);
            let (ctx, states) = (Context::new(InstructionSet::detect(), 2), problem.stack.states());
            let (mut profile, mut scratch) = (GradientProfile::default(), Scratch::default());
            profile.open_closely(kind, states, steps);
            let (mut gammas, mut cells) = (BTreeMap::new(), BTreeMap::new());
            let gradient = problem.gradient_seen_by(&ctx, &mut |flow| {
                profile.record_closely(&ctx, kind, HIDDEN, flow, &mut scratch);
                gammas.insert((flow.layer, flow.t), gamma(kind, flow));
                cells.insert((flow.layer, flow.t), cell_norms(kind, flow));
            });
            for layer in 0..states {
                let mut sum = vec![0.0; gammas[&(layer, 0)].len()];
                for t in 0..steps {
                    let gamma = &gammas[&(layer, t)];
                    sum.iter_mut().zip(gamma).for_each(|(sum, g)| *sum += g);
                    let truth = gamma.iter().map(|g| g * g).sum::<f64>().sqrt();
                    // If rows cancel, the squares lose as many digits as cancel.
                    let found = profile.gamma(layer).expect("a full observation")[t];
                    close(found, truth, 1e-9, &format!("gamma of {kind:?}, layer {layer}, step {t}"));
                    let norms = &cells[&(layer, t)];
                    match profile.cell(layer) {
                        None => assert!(norms.is_empty(), "{kind:?}"),
                        Some([mean, max]) => {
                            let truth = norms.iter().sum::<f64>() / norms.len() as f64;
                            close(mean[t], truth, 1e-12, &format!("c of {kind:?}"));
                            close(max[t], norms.iter().copied().fold(0.0, f64::max), 1e-12, "its maximum");
                        }
                    }
                }
                let name = format!("rnn.weight_hh_{}", problem.stack.spec().layer_name(layer));
                let whole = gradient.params.named(&name);
                for (found, truth) in sum.iter().zip(whole) {
                    assert!((found - truth).abs() < 1e-11, "{kind:?}, {name}: {found}, expected {truth}");
                }
            }
        }
    }
}

/// A gradient whose squares underflow in f32 still has a profile.
#[test]
fn an_almost_vanished_gradient_is_measured() {
    let kind = CellKind::Rnn;
    let case = Case { kind, layers: 1, steps: 40, input: 3, hidden: HIDDEN, rows: 6, chunk: 8 };
    let mut problem = Problem::<f32>::new(InstructionSet::detect(), case, 1);
    // Only the last state has a target, and each step keeps a seventh of the gradient: 1e-34 at the first
    // step.
    problem.params.named_mut("rnn.weight_hh_l0").fill(0.0);
    (0..HIDDEN).for_each(|i| problem.params.named_mut("rnn.weight_hh_l0")[i * HIDDEN + i] = 0.14);
    let ctx = Context::new(InstructionSet::detect(), 1);
    let (y, _) = problem.outputs(&ctx);
    problem.target.copy_from_slice(&y);
    let (mut profile, mut scratch) = (GradientProfile::default(), Scratch::default());
    profile.open_closely(kind, 1, 40);
    let mut truth = vec![0.0; 40];
    problem.gradient_seen_by(&ctx, &mut |flow| {
        profile.record_closely(&ctx, kind, HIDDEN, flow, &mut scratch);
        let matrix = (0..HIDDEN * HIDDEN).map(|at| {
            let pairs = flow.deltas.chunks(HIDDEN).zip(flow.before.chunks(HIDDEN));
            pairs.map(|(d, h)| f64::from(d[at / HIDDEN]) * f64::from(h[at % HIDDEN])).sum::<f64>()
        });
        truth[flow.t] = matrix.map(|x| x * x).sum::<f64>().sqrt();
    });
    assert!(truth[0] > 0.0 && truth[0] < 1e-25, "{:e}", truth[0]);
    for (found, truth) in profile.gamma(0).expect("a full observation").iter().zip(&truth) {
        close(*found, *truth, 1e-4, "gamma");
    }
}

/// A training run of a few steps.
struct Run {
    trainer: Trainer<f32>,
    data: Dataset,
}

impl Run {
    fn new(settings: &[(&str, &str)], threads: usize, tier: Observe) -> Self {
        let mut config = Config::default();
        for (key, value) in [("hidden", "12"), ("batch", "6")].iter().chain(settings) {
            config.set(key, value, Origin::Flag).expect("a setting");
        }
        (config.run.observe, config.run.observe_every) = (tier, 3);
        config.check().expect("settings that go together");
        let data = Dataset::open(&config, None).expect("data");
        let spec = config.model_spec(&data.schema);
        Self {
            trainer: Trainer::new(
                Context::new(InstructionSet::detect(), threads),
                &config.trainer(spec.clone()),
            ),
            data,
        }
    }

    fn step(&mut self) {
        self.trainer.step(self.data.train.as_ref(), 1e-3).expect("no divergence");
    }

    fn snapshot(&self) -> Option<Snapshot> {
        self.trainer.record().snapshot.clone()
    }
}

const RUNS: [&[(&str, &str)]; 6] = [
    &[("task", "copy"), ("cell", "rnn"), ("length", "40")],
    &[("task", "adding"), ("cell", "residual"), ("residual_learned", "true"), ("length", "5..9")],
    &[("task", "copy"), ("cell", "gru"), ("layers", "2"), ("length", "8")],
    &[("task", "adding"), ("cell", "gru"), ("reset_after", "false"), ("bidirectional", "true")],
    &[("task", "copy"), ("cell", "lstm"), ("peepholes", "true"), ("length", "8"), ("dropout", "0.2")],
    &[("task", "reversal"), ("encoder_decoder", "true"), ("coupled", "true"), ("length", "3..7")],
];

#[test]
fn no_tier_and_no_thread_changes_a_bit() {
    for settings in RUNS {
        let mut runs: Vec<Run> = [Observe::Off, Observe::Norms, Observe::Full]
            .into_iter()
            .flat_map(|tier| [1, 3].map(|threads| Run::new(settings, threads, tier)))
            .collect();
        for step in 1..=7 {
            runs.iter_mut().for_each(Run::step);
            let weights =
                |run: &Run| run.trainer.params().flat().iter().map(|w| w.to_bits()).collect::<Vec<_>>();
            let first = weights(&runs[0]);
            assert!(runs.iter().all(|run| weights(run) == first), "{settings:?}, step {step}");
            // Step 1 and every third step are observed in full, with the same bits for any number of threads.
            let observed = step == 1 || step % 3 == 0;
            for pair in runs.chunks(2) {
                assert_eq!(pair[0].snapshot(), pair[1].snapshot(), "{settings:?}");
                assert_eq!(pair[0].trainer.flow(), pair[1].trainer.flow(), "{settings:?}");
            }
            assert!(runs[0].snapshot().is_none() && runs[0].trainer.flow().layers() == 0);
            assert_eq!((runs[2].snapshot().is_some(), runs[4].snapshot().is_some()), (observed, observed));
            assert_eq!(runs[4].trainer.flow().gamma(0).is_some(), observed);
            assert!(runs[2].trainer.flow().gamma(0).is_none() && runs[2].trainer.flow().layers() > 0);
            if let (Some(norms), Some(full)) = (runs[2].snapshot(), runs[4].snapshot()) {
                let layers = std::mem::take(&mut full.clone().layers);
                assert_eq!(norms, Snapshot { layers: Vec::new(), ..full });
                assert_eq!(layers.len(), runs[4].trainer.model().states(), "{settings:?}");
            }
        }
    }
}

/// Shares of the gradient and changes of the weights, against the weights before and after the step.
#[test]
fn tensors_have_their_share_and_their_change() {
    for settings in RUNS {
        let mut run = Run::new(settings, 2, Observe::Norms);
        for _ in 0..6 {
            let before = run.trainer.params().clone();
            run.step();
            let Some(snapshot) = run.snapshot() else { continue };
            let after = run.trainer.params();
            let squares = |of: &dyn Fn(f64, f64) -> f64, index: usize| -> f64 {
                let pairs = before.tensor(index).iter().zip(after.tensor(index));
                pairs.map(|(&a, &b)| of(f64::from(a), f64::from(b)).powi(2)).sum()
            };
            let (mut weights, mut changes) = (0.0, 0.0);
            assert_eq!(snapshot.tensors.len(), before.layout().entries().len());
            for (index, (entry, tensor)) in
                before.layout().entries().iter().zip(&snapshot.tensors).enumerate()
            {
                let (w, d) = (squares(&|a, _| a, index), squares(&|a, b| b - a, index));
                let truth = 0.5 * (d / w).log10();
                let same =
                    tensor.log10_update_ratio == truth || (tensor.log10_update_ratio - truth).abs() < 1e-5;
                assert!(same, "{}: {} and {truth}", entry.name, tensor.log10_update_ratio);
                let rms = (w / entry.range().len() as f64).sqrt();
                let found = tensor.rms.expect("every snapshot has it");
                assert!((found - rms).abs() <= 1e-5 * rms, "{}: {found} and {rms}", entry.name);
                assert_eq!(
                    (&tensor.name, tensor.share),
                    (&entry.name, run.trainer.clip_report().shares[index])
                );
                (weights, changes) = (weights + w, changes + d);
            }
            assert!((snapshot.log10_update_ratio - 0.5 * (changes / weights).log10()).abs() < 1e-5);
            let shares: f64 = snapshot.tensors.iter().map(|tensor| tensor.share).sum();
            assert!((shares - 1.0).abs() < 1e-9, "{shares}");
        }
    }
}

/// Gates and activations, against the tapes of a second pass over the same batch.
#[test]
fn gates_are_counted() {
    for settings in RUNS {
        let mut run = Run::new(settings, 1, Observe::Full);
        // Large weights saturate some units.
        run.trainer.params_mut().flat_mut().iter_mut().for_each(|w| *w *= 4.0);
        let before = run.trainer.params().clone();
        run.step();
        let snapshot = run.snapshot().expect("step 1 has a snapshot");
        let spec = run.trainer.model().spec().clone();
        if settings.iter().any(|(key, _)| *key == "dropout") {
            // The dropout masks of the trainer are not known here.
            continue;
        }
        let (ctx, hidden) = (Context::<f32>::new(InstructionSet::detect(), 1), spec.hidden);
        let mut model = longspan::model::Model::new(ctx.instruction_set(), &spec);
        let mut batch = longspan::batch::Batch::default();
        run.data.train.fill(0, 0, &mut batch);
        let (mut state, mut grads) = (model.zero_state(batch.rows()), Params::zeros(before.layout().clone()));
        let names: (&[&str], &[&str]) = match spec.cell {
            CellKind::Lstm { coupled: true, .. } => (&["i", "o"], &["g"]),
            CellKind::Lstm { .. } => (&["i", "f", "o"], &["g"]),
            CellKind::Gru { .. } => (&["r", "z"], &["n"]),
            CellKind::Residual { .. } => (&[], &["n"]),
            _ => (&[], &["h"]),
        };
        let slot = |name: &str| match (spec.cell, name) {
            (CellKind::Lstm { coupled: true, .. }, name) => ["i", "g", "o"].iter().position(|n| *n == name),
            (CellKind::Lstm { .. }, name) => ["i", "f", "g", "o"].iter().position(|n| *n == name),
            (CellKind::Gru { .. }, name) => ["r", "z", "n"].iter().position(|n| *n == name),
            _ => Some(0),
        };
        // The values of each unit, by (layer, slot).
        let mut seen: BTreeMap<(usize, usize), Vec<Vec<f64>>> = BTreeMap::new();
        model.pack(&ctx, &before);
        // In a longer window, 8 to 16 steps are counted, with the last one among them if possible.
        let distance = (batch.encoded.shape.steps() + batch.steps()).div_ceil(16);
        let mut count = OnBackwardStep(|flow: &BackwardStep<'_, f32>| {
            if !(flow.t + 1).is_multiple_of(distance) {
                return;
            }
            let rows = flow.d_hidden.len() / hidden;
            for row in flow.tape.chunks(flow.tape.len() / rows) {
                for (slot, values) in row.chunks(hidden).enumerate() {
                    let units = seen.entry((flow.layer, slot)).or_insert(vec![Vec::new(); hidden]);
                    units.iter_mut().zip(values).for_each(|(unit, &x)| unit.push(f64::from(x)));
                }
            }
        });
        let pass = &mut Pass::new(&ctx, &before).observed_by(&mut count);
        model.train(pass, &batch, &mut state, &mut grads);
        let mut saturated = 0.0;
        for (layer, record) in snapshot.layers.iter().enumerate() {
            assert_eq!(record.layer, layer);
            assert_eq!((record.gates.len(), record.activations.len()), (names.0.len(), names.1.len()));
            for (name, gate) in names.0.iter().zip(&record.gates) {
                let units = &seen[&(layer, slot(name).expect("a slot"))];
                let all = units.iter().map(Vec::len).sum::<usize>() as f64;
                let share =
                    |of: &dyn Fn(f64) -> f64| units.iter().flatten().map(|&p| of(p)).sum::<f64>() / all;
                assert_eq!(gate.gate, *name);
                close(gate.mean_openness, share(&|p| p), 1e-5, name);
                assert_eq!(gate.closed_share, share(&|p| f64::from(p < 0.05)), "{settings:?} {name}");
                assert_eq!(gate.open_share, share(&|p| f64::from(p > 0.95)), "{settings:?} {name}");
            }
            for (name, activation) in names.1.iter().zip(&record.activations) {
                let units = &seen[&(layer, slot(name).expect("a slot"))];
                let all = units.iter().map(Vec::len).sum::<usize>() as f64;
                let is = |x: &f64| x.abs() > 0.95;
                let count = units.iter().flatten().filter(|x| is(x)).count() as f64;
                assert_eq!((&*activation.activation, activation.saturated_share), (*name, count / all));
                let always = units.iter().filter(|unit| unit.iter().all(is)).count();
                assert_eq!(activation.saturated_units, always, "{settings:?}");
                saturated += count;
            }
        }
        assert!(saturated > 0.0, "no saturated values: {settings:?}");
    }
}
