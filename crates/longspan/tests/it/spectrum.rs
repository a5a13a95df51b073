//! Lyapunov spectra: closed forms, a slow independent implementation, sums compared with determinants,
//! mean-field theory, equality of bits.

use std::sync::Arc;

use crate::stack::instruction_sets;
use longspan::bptt::{Input, Keep, Pass, Stack, Window};
use longspan::cell::CellKind;
use longspan::gradient_check::{Case, Options, Problem};
use longspan::model::init::{Init, InitParts, InitSpec, initialise};
use longspan::params::{Layout, Params};
use longspan::probe::jacobian::DenseJacobians;
use longspan::probe::lyapunov::{Lyapunov, lyapunov_spectrum};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::spectrum::{LyapunovOptions, LyapunovSpectrum};

fn options(warmup_steps: usize) -> LyapunovOptions {
    LyapunovOptions { warmup_steps, ..LyapunovOptions::default() }
}

fn spectrum(problem: &mut Problem<f64>, ctx: &Context<f64>, options: LyapunovOptions) -> LyapunovSpectrum {
    problem.stack.pack(ctx, &problem.params);
    let (input, mut state) = (Input::Numbers(&problem.x), problem.state.clone());
    let window = Window { shape: &problem.shape, input };
    lyapunov_spectrum(ctx, &mut problem.stack, &problem.params, window, &mut state, options)
}

fn case(kind: CellKind, layers: usize, hidden: usize, steps: usize, rows: usize) -> Case {
    Case { kind, layers, input: 3, hidden, steps, rows, chunk: 32 }
}

fn scale(problem: &mut Problem<f64>, name: &str, by: f64) {
    problem.params.named_mut(name).iter_mut().for_each(|w| *w *= by);
}

/// A linear network with a·I grows by ln |a| per step in every direction.
#[test]
fn a_multiple_of_the_identity() {
    for a in [0.5, -0.97, 1.0, 1.1] {
        for (n, rows) in [(1, 1), (5, 3), (37, 1)] {
            let mut problem =
                Problem::new(InstructionSet::detect(), case(CellKind::Identity, 1, n, 300, rows), 3);
            let weights = problem.params.named_mut("rnn.weight_hh_l0");
            (0..n * n).for_each(|i| weights[i] = if i % (n + 1) == 0 { a } else { 0.0 });
            let seen = spectrum(&mut problem, &Context::new(InstructionSet::detect(), 1), options(10));
            assert_eq!((seen.steps, seen.trajectories), (290, rows));
            assert!(seen.exponents_nats_per_step.iter().all(|x| (x - a.abs().ln()).abs() < 1e-10), "{a}");
            let whole = if a.abs() < 1.0 { 0.0 } else { n as f64 };
            // At a = 1 the exponents are 0 up to rounding, and the dimension depends on the sign of the
            // rounding error.
            assert!(a == 1.0 || seen.kaplan_yorke_dimensions == Some(whole));
        }
    }
}

/// c times an orthogonal matrix has exponents ln c, for any block size.
#[test]
fn a_multiple_of_an_orthogonal_matrix() {
    for (n, c) in [(3, 0.7), (33, 1.2), (130, 0.99)] {
        let mut problem = Problem::new(InstructionSet::detect(), case(CellKind::Identity, 1, n, 60, 1), 3);
        let ctx = Context::new(InstructionSet::detect(), 2);
        let weights = problem.params.named_mut("rnn.weight_hh_l0");
        weights.copy_from_slice(&drawn(&ctx, n, Init::Orthogonal { gain: 1.0 }, 5));
        weights.iter_mut().for_each(|w| *w *= c);
        let seen = spectrum(&mut problem, &ctx, options(0));
        assert_eq!(seen.exponents_nats_per_step.len(), n);
        assert!(seen.exponents_nats_per_step.iter().all(|x| (x - f64::ln(c)).abs() < 1e-10), "{n}");
    }
}

/// Returns recurrent weights `[n, n]` of one gate.
fn drawn(ctx: &Context<f64>, n: usize, init: Init, seed: u64) -> Vec<f64> {
    let mut layout = Layout::default();
    let _ = Stack::<f64>::new(ctx.instruction_set(), CellKind::Rnn, 1, 1, n, 8, &mut layout);
    let mut params = Params::zeros(Arc::new(layout));
    let parts = InitParts::default();
    initialise(ctx, &mut params, &InitSpec { init, parts, forget_bias: 0.0, cell: CellKind::Rnn, seed });
    params.named("rnn.weight_hh_l0").to_vec()
}

/// Returns a tanh network without input and bias, from a state of order one.
fn autonomous(weights: &[f64], steps: usize, rows: usize) -> Problem<f64> {
    let n = weights.len().isqrt();
    let mut problem = Problem::new(InstructionSet::detect(), case(CellKind::Rnn, 1, n, steps, rows), 3);
    problem.params.clear();
    problem.params.named_mut("rnn.weight_hh_l0").copy_from_slice(weights);
    problem
}

/// W with eigenvalues inside the unit circle and no input: the state decays to 0, where J = W, and λ_i = ln
/// |eigenvalue|. W = Q T Qᵀ has the eigenvalues of the triangular T, two of which are a complex pair.
#[test]
fn a_fixed_point_has_the_eigenvalues_of_its_jacobian() {
    let ctx = Context::new(InstructionSet::detect(), 1);
    let (n, values) = (7, [0.9, -0.75, 0.6, 0.0, 0.0, 0.4, 0.3]);
    let mut t = vec![0.0; n * n];
    let mut draw = Key::new(1, Purpose::Probe, 0, 0).stream(0, 0);
    for i in 0..n {
        t[i * n + i] = values[i];
        (i + 1..n).for_each(|j| t[i * n + j] = 0.3 * draw.normal());
    }
    // 0.5 e^{±iφ}
    let (sin, cos) = 1.1f64.sin_cos();
    (t[3 * n + 3], t[3 * n + 4], t[4 * n + 3], t[4 * n + 4]) = (0.5 * cos, 0.5 * sin, -0.5 * sin, 0.5 * cos);
    let q = drawn(&ctx, n, Init::Orthogonal { gain: 1.0 }, 5);
    let mut w = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            for k in 0..n {
                w[i * n + j] += (0..n).map(|l| q[i * n + k] * t[k * n + l] * q[j * n + l]).sum::<f64>();
            }
        }
    }
    let seen = spectrum(&mut autonomous(&w, 1500, 1), &ctx, options(500));
    let exponents = &seen.exponents_nats_per_step;
    for (i, value) in [(0, 0.9), (1, 0.75), (2, 0.6), (5, 0.4), (6, 0.3)] {
        assert!((exponents[i] - f64::ln(value)).abs() < 1e-10, "{exponents:?}");
    }
    // The first directions of a complex pair rotate: their mean is accurate to 1/N, their sum immediately.
    assert!((exponents[3] + exponents[4] - 2.0 * f64::ln(0.5)).abs() < 1e-10, "{exponents:?}");
    assert!((exponents[3] - f64::ln(0.5)).abs() < 2e-3, "{exponents:?}");
    assert_eq!(seen.kaplan_yorke_dimensions, Some(0.0));
}

/// Returns the Jacobians of a problem's steps, joint over the layers, as matrices `[n, n]`, and n.
fn jacobians(problem: &mut Problem<f64>, ctx: &Context<f64>) -> DenseJacobians {
    problem.stack.pack(ctx, &problem.params);
    let Case { steps, rows, hidden, .. } = problem.case;
    let (state, mut end) = (problem.state.clone(), problem.state.clone());
    let mut dense = DenseJacobians::new(&state, rows, steps);
    let (input, mut y) = (Input::Numbers(&problem.x), vec![0.0; steps * rows * hidden]);
    let shape = PackedShape::even(steps, rows);
    let pass = &mut Pass::new(ctx, &problem.params).observed_by(&mut dense);
    let window = Window { shape: &shape, input };
    problem.stack.forward(pass, window, Keep::Outputs, &mut end, &mut y);
    dense
}

/// Σ λ_i = ⟨ln |det J_t|⟩ holds exactly on the same steps: every cell, two layers, small and saturating
/// weights. Saturating weights give units with slopes down to 1e-30, so that the last R_ii are that small
/// relative to the first.
#[test]
fn exponents_sum_to_the_determinant() {
    for kind in CellKind::ALL {
        for strength in [1.0, 6.0] {
            let mut problem = Problem::new(InstructionSet::detect(), case(kind, 2, 11, 40, 2), 4);
            (0..2).for_each(|l| scale(&mut problem, &format!("rnn.weight_hh_l{l}"), strength));
            let ctx = Context::new(InstructionSet::detect(), 2);
            let dense = jacobians(&mut problem, &ctx);
            let seen = spectrum(&mut problem, &ctx, options(0));
            let sum: f64 = seen.exponents_nats_per_step.iter().sum();
            let positions = (0..40).flat_map(|t| [(t, 0), (t, 1)]);
            let mean = positions.map(|(t, row)| dense.ln_abs_det(t, row)).sum::<f64>() / 80.0;
            let same = sum == mean || (sum - mean).abs() < 1e-10 * mean.abs().max(1.0);
            assert!(same, "{kind:?} at {strength}: {sum} against {mean}");
        }
    }
}

/// The same with norms and sums between layers; and linear layers have the exponents of their own weights,
/// for any connections between them.
#[test]
fn connections_between_layers_move_no_exponent_to_another_layer() {
    let ctx = Context::new(InstructionSet::detect(), 2);
    for (residual, norm) in [(true, false), (false, true), (true, true)] {
        let options = Options { residual, norm, ..Options::default() };
        for kind in CellKind::ALL {
            let case = case(kind, 3, 7, 40, 2);
            let mut problem =
                Problem::with(InstructionSet::detect(), case, options, PackedShape::even(40, 2), 4);
            let dense = jacobians(&mut problem, &ctx);
            let seen = spectrum(&mut problem, &ctx, self::options(0));
            let sum: f64 = seen.exponents_nats_per_step.iter().sum();
            let positions = (0..40).flat_map(|t| [(t, 0), (t, 1)]);
            let mean = positions.map(|(t, row)| dense.ln_abs_det(t, row)).sum::<f64>() / 80.0;
            let same = sum == mean || (sum - mean).abs() < 1e-10 * mean.abs().max(1.0);
            assert!(same, "{kind:?}, {options:?}: {sum} against {mean}");
        }
        let case = case(CellKind::Identity, 3, 5, 60, 1);
        let mut problem = Problem::with(InstructionSet::detect(), case, options, PackedShape::even(60, 1), 4);
        let factors = [0.9, 0.5, 0.7];
        for (l, factor) in factors.into_iter().enumerate() {
            let weights = problem.params.named_mut(&format!("rnn.weight_hh_l{l}"));
            (0..25).for_each(|i| weights[i] = if i % 6 == 0 { factor } else { 0.0 });
        }
        for (layer, factor) in spectrum(&mut problem, &ctx, self::options(5)).layers.iter().zip(factors) {
            let exponents = &layer.exponents_nats_per_step;
            assert!(exponents.iter().all(|x| (x - factor.ln()).abs() < 1e-10), "{layer:?}");
        }
    }
}

/// A slow independent implementation: plain Gram–Schmidt on dense Jacobians, from other first directions.
#[test]
fn dense_jacobians_and_plain_gram_schmidt_agree() {
    for kind in CellKind::ALL.into_iter().filter(|&kind| kind != CellKind::Relu) {
        let (steps, warmup) = (3000, 2000);
        let mut problem = Problem::new(InstructionSet::detect(), case(kind, 1, 4, steps, 1), 4);
        let ctx = Context::new(InstructionSet::detect(), 1);
        let dense = jacobians(&mut problem, &ctx);
        let n = dense.width();
        let mut q: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(i == j)).collect()).collect();
        let mut sums = vec![0.0; n];
        for t in 0..steps {
            let j = dense.matrix(t, 0);
            for v in &mut q {
                *v = j.chunks(n).map(|row| row.iter().zip(v.iter()).map(|(a, b)| a * b).sum()).collect();
            }
            for i in 0..n {
                for _ in 0..2 {
                    for m in 0..i {
                        let share: f64 = q[i].iter().zip(&q[m]).map(|(a, b)| a * b).sum();
                        let other = q[m].clone();
                        q[i].iter_mut().zip(&other).for_each(|(x, o)| *x -= share * o);
                    }
                }
                let norm = q[i].iter().map(|x| x * x).sum::<f64>().sqrt();
                q[i].iter_mut().for_each(|x| *x /= norm);
                sums[i] += if t >= warmup { norm.ln() } else { 0.0 };
            }
        }
        let mut slow: Vec<f64> = sums.iter().map(|sum| sum / (steps - warmup) as f64).collect();
        slow.sort_by(|a, b| b.total_cmp(a));
        let seen = spectrum(&mut problem, &ctx, options(warmup));
        // A zero row leaves rounding errors, and their rounding in a second pass, e^−73: the library reports
        // −∞.
        slow.iter_mut().filter(|x| **x < -60.0).for_each(|x| *x = f64::NEG_INFINITY);
        let ours = &seen.exponents_nats_per_step;
        let (mut sum, mut slow_sum) = (0.0, 0.0);
        for i in 0..n {
            (sum, slow_sum) = (sum + ours[i], slow_sum + slow[i]);
            // Directions that rotate around each other (a complex pair) are accurate to 1/N each. Together
            // they are accurate to the rate at which first directions are forgotten, which is that of the gap
            // below them.
            assert!(
                ours[i] == slow[i] || (ours[i] - slow[i]).abs() < 2.0 / 1000.0,
                "{kind:?}: {ours:?} against {slow:?}"
            );
            if i + 1 == n || ours[i] - ours[i + 1] > 0.05 {
                let same = sum == slow_sum || (sum - slow_sum).abs() < 1e-9;
                assert!(same, "{kind:?}: {sum} against {slow_sum} of {}", i + 1);
            }
        }
    }
}

/// h' = tanh(W h), W ~ N(0, g²/N): λ_1 of the mean-field theory for N → ∞ (Engelken et al. 2020) is ln(g
/// √E[sech⁴(√q z)]), with q = g² E[tanh²(√q z)].
#[test]
fn mean_field_theory_of_large_random_networks() {
    for (g, theory) in [(2.0, 0.1547), (3.0, 0.3102), (5.0, 0.5324), (10.0, 0.8564)] {
        let ctx = Context::new(InstructionSet::detect(), 2);
        let found = [1, 2].map(|seed| {
            let weights = drawn(&ctx, 1024, Init::Gaussian { gain: g }, seed);
            let leading = LyapunovOptions { exponents: Some(1), ..options(100) };
            let seen = spectrum(&mut autonomous(&weights, 500, 4), &ctx, leading);
            assert_eq!(seen.kaplan_yorke_dimensions, None);
            let error = seen.layers[0].standard_errors_nats_per_step[0].expect("of four trajectories");
            println!("g = {g}: {:.4} ± {error:.4} against {theory}", seen.exponents_nats_per_step[0]);
            seen.exponents_nats_per_step[0]
        });
        // A finite network is about one percent below; two matrices and 3200 steps add about half a percent
        // of error.
        let mean = (found[0] + found[1]) / 2.0;
        assert!((mean / theory - 1.0).abs() < 0.02, "g = {g}: {mean} against {theory}");
    }
}

fn bits(seen: &LyapunovSpectrum) -> Vec<u64> {
    let layers = seen.layers.iter().flat_map(|layer| &layer.exponents_nats_per_step);
    layers.map(|x| x.to_bits()).collect()
}

/// Threads that share one trajectory, and threads with one each, give the bits of one thread, on any
/// instruction set.
#[test]
fn threads_change_no_bit() {
    for isa in instruction_sets() {
        let kinds = if isa == InstructionSet::detect() { &CellKind::ALL[..] } else { &CellKind::ALL[6..8] };
        for &kind in kinds {
            for (rows, exponents) in [(1, None), (2, Some(35)), (5, Some(3)), (7, None)] {
                let of = |threads| {
                    let mut problem = Problem::new(isa, case(kind, 2, 37, 45, rows), 4);
                    let options = LyapunovOptions { exponents, steps_per_qr: 2, ..options(5) };
                    bits(&spectrum(&mut problem, &Context::new(isa, threads), options))
                };
                let one = of(1);
                assert!((2..=4).all(|threads| of(threads) == one), "{kind:?}, {rows} rows on {isa}");
            }
        }
    }
}

/// Trajectories are independent: the mean over several is the mean of each alone.
#[test]
fn the_mean_of_trajectories() {
    let ctx = Context::new(InstructionSet::detect(), 2);
    let mut all =
        Problem::new(InstructionSet::detect(), case(CellKind::Gru { reset_after: true }, 1, 9, 60, 1), 4);
    let alone = spectrum(&mut all, &ctx, options(20));
    let mut all =
        Problem::new(InstructionSet::detect(), case(CellKind::Gru { reset_after: true }, 1, 9, 60, 3), 4);
    let mean = spectrum(&mut all, &ctx, options(20));
    assert_eq!(alone.layers[0].exponents_nats_per_step.len(), 9);
    // 40 steps are 40 blocks of one trajectory.
    assert!(alone.layers[0].standard_errors_nats_per_step.iter().all(Option::is_some));
    let error = mean.layers[0].standard_errors_nats_per_step[0].expect("of three trajectories");
    let off = (alone.exponents_nats_per_step[0] - mean.exponents_nats_per_step[0]).abs();
    assert!(error > 0.0 && off < 10.0 * error, "{off} and {error}");
}

/// A dead unit loses one direction in every step: as many exponents as dead units are −∞, the others are
/// those without them, and the record contains that.
#[test]
fn dead_units_are_reported() {
    let ctx = Context::new(InstructionSet::detect(), 2);
    for (rows, hidden, dead) in [(1, 40, vec![3, 17, 39]), (2, 20, vec![0])] {
        let mut problem =
            Problem::new(InstructionSet::detect(), case(CellKind::Relu, 1, hidden, 80, rows), 4);
        // All other units stay positive.
        problem.params.named_mut("rnn.bias_ih_l0").fill(100.0);
        dead.iter().for_each(|&unit| problem.params.named_mut("rnn.bias_ih_l0")[unit] = -1e6);
        scale(&mut problem, "rnn.weight_hh_l0", 0.2);
        let seen = spectrum(&mut problem, &ctx, options(20));
        let (finite, lost) = seen.exponents_nats_per_step.split_at(hidden - dead.len());
        assert!(finite.iter().all(|x| x.is_finite()), "{seen:?}");
        assert!(lost.iter().all(|&x| x == f64::NEG_INFINITY), "{seen:?}");
        assert_eq!(&seen.layers[0].standard_errors_nats_per_step[hidden - 1], &None);
        // The rest is the linear network of the active units.
        let w = problem.params.named("rnn.weight_hh_l0").to_vec();
        let open: Vec<usize> = (0..hidden).filter(|i| !dead.contains(i)).collect();
        let small: Vec<f64> = open
            .iter()
            .flat_map(|&i| open.iter().map(move |&j| (i, j)))
            .map(|(i, j)| w[i * hidden + j])
            .collect();
        let n = open.len();
        let mut linear = Problem::new(InstructionSet::detect(), case(CellKind::Identity, 1, n, 80, 1), 4);
        linear.params.named_mut("rnn.weight_hh_l0").copy_from_slice(&small);
        let sum: f64 = spectrum(&mut linear, &ctx, options(20)).exponents_nats_per_step.iter().sum();
        // The same product of determinants.
        assert!(
            (finite.iter().sum::<f64>() / sum - 1.0).abs() < 1e-10,
            "{} and {sum}",
            finite.iter().sum::<f64>()
        );
        let text = serde_json::to_string(&seen).expect("a record");
        assert!(text.contains(r#""-Infinity""#));
        assert_eq!(serde_json::from_str::<LyapunovSpectrum>(&text).expect("a record"), seen);
    }
}

/// A unit that is off only during the warm-up costs nothing afterwards.
#[test]
fn units_that_are_dead_only_during_warm_up_do_not_count() {
    let mut problem = Problem::new(InstructionSet::detect(), case(CellKind::Relu, 1, 20, 60, 1), 4);
    problem.params.named_mut("rnn.bias_ih_l0").fill(100.0);
    scale(&mut problem, "rnn.weight_hh_l0", 0.2);
    let weights = problem.params.named_mut("rnn.weight_ih_l0");
    weights.fill(0.0);
    // Units 4 and 18 read the first input.
    (weights[4 * 3], weights[18 * 3]) = (1.0, 1.0);
    problem.x.fill(0.0);
    (0..5).for_each(|t| problem.x[t * 3] = -1e6);
    let ctx = Context::new(InstructionSet::detect(), 2);
    let lost =
        |seen: LyapunovSpectrum| seen.exponents_nats_per_step.iter().filter(|x| !x.is_finite()).count();
    assert_eq!(lost(spectrum(&mut problem, &ctx, options(10))), 0);
    assert_eq!(lost(spectrum(&mut problem, &ctx, options(4))), 2);
}

/// Orthonormalising every step or every second step gives the same product of triangles; and consecutive
/// windows equal one long window.
#[test]
fn orthonormalisation_interval_and_windows_change_nothing() {
    for kind in CellKind::ALL.into_iter().filter(|&kind| kind != CellKind::Relu) {
        let mut problem = Problem::new(InstructionSet::detect(), case(kind, 2, 6, 100, 2), 4);
        let ctx = Context::new(InstructionSet::detect(), 1);
        let each = spectrum(&mut problem, &ctx, options(20));
        let second = spectrum(&mut problem, &ctx, LyapunovOptions { steps_per_qr: 2, ..options(20) });
        assert_eq!((each.steps, second.steps), (80, 80));
        let leading = each.exponents_nats_per_step[0];
        for (a, b) in each.exponents_nats_per_step.iter().zip(&second.exponents_nats_per_step) {
            // Two steps amplify rounding by the ratio of the fastest growth to the growth of this direction.
            let bound = 1e-10 + 1e-14 * (2.0 * (leading - a)).exp();
            assert!((a - b).abs() < bound, "{kind:?}: {a} and {b}");
        }
        let mut state = problem.state.clone();
        let mut lyapunov = Lyapunov::new(&ctx, &state, 2, options(20));
        for window in problem.x.chunks(37 * 2 * 3) {
            let steps = window.len() / 6;
            let mut y = vec![0.0; steps * 2 * 6];
            let (input, shape) = (Input::Numbers(window), PackedShape::even(steps, 2));
            let pass = &mut Pass::new(&ctx, &problem.params).observed_by(&mut lyapunov);
            let window = Window { shape: &shape, input };
            problem.stack.forward(pass, window, Keep::Outputs, &mut state, &mut y);
        }
        assert_eq!(bits(&lyapunov.spectrum()), bits(&each), "{kind:?}");
    }
}

/// The spectrum of a stack is the union of its layers' spectra, and the leading exponents are those of the
/// whole.
#[test]
fn a_stack_has_the_union() {
    let mut problem = Problem::new(InstructionSet::detect(), case(CellKind::Rnn, 3, 20, 120, 1), 4);
    scale(&mut problem, "rnn.weight_hh_l1", 3.0);
    let ctx = Context::new(InstructionSet::detect(), 2);
    let whole = spectrum(&mut problem, &ctx, options(20));
    let mut all: Vec<f64> = whole.layers.iter().flat_map(|l| l.exponents_nats_per_step.clone()).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(whole.exponents_nats_per_step, all);
    assert_eq!(whole.layers.iter().map(|l| l.state_dimensions).collect::<Vec<_>>(), [20; 3]);
    let leading = spectrum(&mut problem, &ctx, LyapunovOptions { exponents: Some(5), ..options(20) });
    assert_eq!(leading.exponents_nats_per_step.len(), 5);
    for (few, all) in leading.exponents_nats_per_step.iter().zip(&all) {
        // Other runs start from other directions: what is left of them after the warm-up, and 1/N of it.
        assert!((few - all).abs() < 0.05, "{few} and {all}");
    }
}
