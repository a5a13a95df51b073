//! Laws of the reach measurements: closed forms, and results of plain cells.
#![allow(missing_docs, reason = "a test file")]

use crate::naive;

use crate::naive::Naive;
use crate::rows::{Rows, drawn, measured as of, options};
use longspan::batch::{Batch, Source, Values};
use longspan::cell::CellKind;
use longspan::model::head::ValueLoss;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan_kernel::InstructionSet;
use longspan_kernel::rng::{Key, Purpose};
use longspan_record::credit::{CreditOptions, Reason, Spoil};

const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };
const GRU: CellKind = CellKind::Gru { reset_after: true };

/// W_hh = a·I: all profiles, the decay, the horizon and the exponent follow from |a|^τ.
#[test]
fn a_linear_network_reaches_as_far_as_its_eigenvalue() {
    for (a, horizon) in [(0.5, Some(6)), (-0.9, Some(43)), (1.0, None), (1.1, None)] {
        let rows = Rows::classes(CellKind::Identity, 1, 5, &[81; 4], 1);
        let mut params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.3, 2);
        let weights = params.named_mut("rnn.weight_hh_l0");
        (0..25).for_each(|i| weights[i] = if i % 6 == 0 { a } else { 0.0 });
        let options = CreditOptions { window: Some(60), anchors: 3, ..options() };
        let report = of(&rows.spec, &params, &rows, &options);
        let lag = report.lag.known().expect("a profile");
        assert_eq!((lag.window_steps, lag.sequences, lag.samples), (60, 4, 12));
        let layer = lag.layers[0].known().expect("a layer");
        let profiles = [&lag.total.ratio, &lag.total.scaled, &layer.state.ratio, &layer.hidden];
        for profile in profiles {
            for quantile in [&profile.ln_p05, &profile.ln_median, &profile.ln_p95] {
                for (tau, ln) in quantile.iter().enumerate() {
                    let exact = f64::abs(a).powi(tau as i32);
                    // D scales rows of units with other magnitudes, and is the same at both ends.
                    assert!(
                        (ln.exp() / exact - 1.0).abs() < 1e-10,
                        "a = {a}, lag {tau}: {} against {exact}",
                        ln.exp()
                    );
                }
            }
        }
        let decay = lag.total.decay.known().expect("a decay");
        assert!((decay.factor_per_step - a.abs()).abs() < 1e-12, "{decay:?}");
        assert_eq!(decay.fitted_lags, 60);
        let half = (a.abs() < 1.0).then(|| 0.5f64.ln() / a.abs().ln());
        assert!(match (decay.half_life_steps, half) {
            (Some(ours), Some(exact)) => (ours - exact).abs() < 1e-9,
            (ours, exact) => ours.is_none() && exact.is_none() || a == 1.0,
        });
        let found = &lag.total.horizon;
        assert_eq!((found.steps, found.at_least), (horizon.unwrap_or(60), horizon.is_none()), "a = {a}");
        assert_eq!((found.low_steps, found.high_steps), (found.steps, found.steps));
        let exponent = lag.total.exponent.known().expect("an exponent");
        assert!((exponent.median_nats_per_step - a.abs().ln()).abs() < 1e-12);
        assert_eq!(layer.cell.reason(), Some(Reason::NoCell));
        assert_eq!(layer.keep_path.reason(), Some(Reason::NoKeepPath));
        let gates = &report.gates[0];
        assert_eq!(gates.gates.reason(), Some(Reason::NoGates));
        assert_eq!(gates.forgetting.reason(), Some(Reason::NoGates));
        assert_eq!(gates.activations.reason(), Some(Reason::NothingSaturates));
    }
}

/// The residual network's identity path keeps the whole gradient; a GRU's path keeps the share z.
#[test]
fn keep_paths_follow_from_their_gates() {
    let residual = CellKind::Residual { step: 1.0, learned: false };
    for (kind, bias, factor) in [(residual, 0.0, 1.0), (GRU, 2.0, 1.0 / (1.0 + f64::exp(-2.0)))] {
        let rows = Rows::classes(kind, 1, 4, &[30; 3], 1);
        let mut params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.5, 2);
        if kind == GRU {
            // z = σ(b) for any input.
            params.named_mut("rnn.weight_ih_l0")[4 * 3..8 * 3].fill(0.0);
            params.named_mut("rnn.weight_hh_l0")[4 * 4..8 * 4].fill(0.0);
            params.named_mut("rnn.bias_ih_l0")[4..8].fill(bias);
            params.named_mut("rnn.bias_hh_l0")[4..8].fill(0.0);
        }
        let report = of(&rows.spec, &params, &rows, &CreditOptions { window: Some(20), ..options() });
        let layer = report.lag.known().expect("a profile").layers[0].known().expect("a layer").clone();
        let keep = layer.keep_path.known().expect("a direct way");
        for (tau, ln) in keep.ln_median.iter().enumerate() {
            assert!((ln - tau as f64 * factor.ln()).abs() < 1e-12, "{kind}, lag {tau}: {ln}");
        }
        assert_eq!(layer.rest.known().expect("the rest").ln_median[0], f64::NEG_INFINITY);
        if kind == GRU {
            let gates = &report.gates[0];
            let forgetting = gates.forgetting.known().expect("a forgetting time");
            assert!((forgetting.median_steps + 1.0 / factor.ln()).abs() < 1e-9, "{forgetting:?}");
            let z =
                gates.gates.known().expect("gates").iter().find(|gate| gate.gate == "z").expect("z").clone();
            assert!((z.mean_openness - factor).abs() < 1e-12 && z.open_share == 0.0 && z.closed_share == 0.0);
        }
    }
}

/// Chrono: b_f = ln(T − 1) gives a forgetting time near T − ½. State magnitudes equal those of the plain
/// equations.
#[test]
fn gates_and_states_are_summed_over_the_data() {
    for kind in [LSTM, CellKind::Lstm { peepholes: true, coupled: true }, CellKind::Rnn, CellKind::Relu] {
        let rows = Rows::classes(kind, 2, 4, &[12, 9, 2], 7);
        let mut params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.8, 3);
        if kind == LSTM {
            for name in ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_hh_l0"] {
                let all = params.named_mut(name);
                let gate = all.len() / 4;
                all[gate..2 * gate].fill(0.0);
            }
            params.named_mut("rnn.bias_ih_l0")[4..8].fill(99f64.ln());
        }
        let report = of(&rows.spec, &params, &rows, &CreditOptions { lag: false, used: false, ..options() });
        let naive = Naive { kind, params: &params, layers: 2, hidden: 4 };
        let states: Vec<_> = (0..3).flat_map(|row| naive.run(&rows.inputs(row), None)).collect();
        for (layer, gates) in report.gates.iter().enumerate() {
            let n = states.len() as f64;
            assert_eq!(gates.positions, states.len());
            for unit in 0..4 {
                let rms = |of: &dyn Fn(&naive::Step) -> f64| {
                    (states.iter().map(|s| of(&s[layer]).powi(2)).sum::<f64>() / n).sqrt()
                };
                assert!((gates.hidden_unit_rms[unit] - rms(&|s| s.h[unit])).abs() < 1e-12);
                if let Some(cell) = gates.cell_unit_rms.known() {
                    assert!((cell[unit] - rms(&|s| s.c[unit])).abs() < 1e-12);
                }
                if let Some(forgetting) = gates.forgetting.known() {
                    let mean = states.iter().map(|s| s[layer].keep[unit].ln()).sum::<f64>() / n;
                    assert!((forgetting.unit_steps[unit] * -mean - 1.0).abs() < 1e-9, "{kind}");
                    assert!(kind != LSTM || layer > 0 || (forgetting.unit_steps[unit] - 99.5).abs() < 0.01);
                }
            }
            if kind == LSTM {
                let all: Vec<f64> = states.iter().flat_map(|s| s[layer].keep.clone()).collect();
                let share = |of: &dyn Fn(f64) -> bool| {
                    all.iter().filter(|f| of(**f)).count() as f64 / all.len() as f64
                };
                let f = gates
                    .gates
                    .known()
                    .and_then(|gates| gates.iter().find(|gate| gate.gate == "f"))
                    .expect("f");
                let mean = all.iter().sum::<f64>() / all.len() as f64;
                let found = [f.mean_openness, f.closed_share, f.open_share];
                let exact = [mean, share(&|f| f < 0.05), share(&|f| f > 0.95)];
                assert!(
                    found.iter().zip(exact).all(|(a, b)| (a - b).abs() < 1e-12),
                    "{found:?} and {exact:?}"
                );
            }
            if let (CellKind::Rnn | CellKind::Relu, Some(activations)) = (kind, gates.activations.known()) {
                let beyond = |h: &f64| if kind == CellKind::Rnn { h.abs() > 0.95 } else { *h == 0.0 };
                let count = states.iter().flat_map(|s| &s[layer].h).filter(|h| beyond(h)).count();
                assert!((activations[0].saturated_share - count as f64 / n / 4.0).abs() < 1e-12, "{kind}");
            }
        }
    }
}

/// h' = a h + x with white noise x: E (∂h/∂a)² = (1 + a²) / (1 − a²)³.
#[test]
fn a_linear_unit_is_as_sensitive_as_its_closed_form() {
    struct White(u64);
    impl Source for White {
        fn windows(&self) -> u64 {
            self.0
        }
        fn fill(&self, _epoch: u64, window: u64, batch: &mut Batch) {
            batch.reshape(64, 64);
            let mut draw = Key::new(1, Purpose::Task, 0, 0).stream(0, window);
            batch.numbers = (0..64 * 64).map(|_| draw.normal() as f32).collect();
        }
        fn shape(&self) -> (usize, usize) {
            (64, 64)
        }
    }
    let a = 0.6;
    let output = OutputSpec::Values { width: 1, loss: ValueLoss::Squared };
    let spec = ModelSpec::new(CellKind::Identity, InputSpec::Numbers { width: 1 }, 1, 1, output);
    let mut params = Params::zeros(Model::<f64>::new(InstructionSet::detect(), &spec).layout().clone());
    params.named_mut("rnn.weight_ih_l0")[0] = 1.0;
    params.named_mut("rnn.weight_hh_l0")[0] = a;
    let options = CreditOptions { sequences: 4096, sensitivity_sequences: 4096, ..options() };
    let report = of(&spec, &params, &White(64), &options);
    assert_eq!(report.lag.reason(), Some(Reason::NothingScored));
    assert_eq!(report.used_lag.reason(), Some(Reason::NothingScored));
    let points = report.sensitivity.known().expect("points");
    assert_eq!(points.iter().map(|p| p.steps).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64]);
    assert_eq!(points[0].recurrent_rms, 0.0);
    // ∂h_2/∂a = x_1, with variance 1.
    let squares = [points[1].recurrent_rms.powi(2), points[6].recurrent_rms.powi(2)];
    let exact = (1.0 + a * a) / (1.0 - a * a).powi(3);
    // ∂h/∂a is normal: the mean of 4096 squares has a relative standard error of √(2/4096); the tolerance is
    // five of them.
    for (found, exact) in squares.into_iter().zip([1.0, exact]) {
        assert!((found / exact - 1.0).abs() < 5.0 * (2.0f64 / 4096.0).sqrt(), "{found} against {exact}");
    }
}

/// With one unit there is one direction: the sensitivity equals that of finite differences over every weight.
#[test]
fn a_unit_of_any_cell_is_as_sensitive_as_finite_differences() {
    const STEP: f64 = 1e-5;
    for kind in CellKind::ALL {
        let rows = Rows::classes(kind, 1, 1, &[6, 6, 4], 3);
        let mut params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.7, 8);
        let report = of(&rows.spec, &params, &rows, &options());
        let points = report.sensitivity.known().expect("points");
        assert_eq!(points.iter().map(|p| p.steps).collect::<Vec<_>>(), [1, 2, 4, 6]);
        let entries = params.layout().entries().to_vec();
        for point in points {
            let long: Vec<usize> = (0..3).filter(|&row| rows.inputs(row).len() >= point.steps).collect();
            let (mut recurrent, mut all) = (0.0, 0.0);
            for entry in entries.iter().filter(|entry| entry.name.starts_with("rnn.")) {
                for at in entry.range() {
                    for &row in &long {
                        let mut h = |by: f64| {
                            let before = params.flat()[at];
                            params.flat_mut()[at] = before + by;
                            let naive = Naive { kind, params: &params, layers: 1, hidden: 1 };
                            let h = naive.run(&rows.inputs(row), None)[point.steps - 1][0].h[0];
                            params.flat_mut()[at] = before;
                            h
                        };
                        let square = ((h(STEP) - h(-STEP)) / (2.0 * STEP)).powi(2) / long.len() as f64;
                        all += square;
                        recurrent += if entry.name == "rnn.weight_hh_l0" { square } else { 0.0 };
                    }
                }
            }
            let close = |a: f64, b: f64| (a - b).abs() < 1e-8 * (1.0 + b);
            assert!(close(point.recurrent_rms, recurrent.sqrt()), "{kind}: {point:?} and {recurrent}");
            assert!(close(point.stack_rms, all.sqrt()), "{kind}: {point:?} and {all}");
        }
    }
}

/// A shift register outputs its input of five steps before: it uses inputs up to that lag and no further.
#[test]
fn a_shift_register_uses_the_inputs_that_it_stores() {
    const LAG: usize = 5;
    struct Delayed(Batch);
    impl Source for Delayed {
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
    let (steps, rows, hidden) = (24, 40, LAG + 1);
    let output = OutputSpec::Values { width: 1, loss: ValueLoss::Squared };
    let spec = ModelSpec::new(CellKind::Identity, InputSpec::Numbers { width: 1 }, hidden, 1, output);
    let mut params = Params::zeros(Model::<f64>::new(InstructionSet::detect(), &spec).layout().clone());
    params.named_mut("rnn.weight_ih_l0")[0] = 1.0;
    (1..hidden).for_each(|j| params.named_mut("rnn.weight_hh_l0")[j * hidden + j - 1] = 1.0);
    params.named_mut("head.weight")[LAG] = 1.0;
    let mut batch = Batch::default();
    batch.reshape(steps, rows);
    let mut draw = Key::new(3, Purpose::Task, 0, 0).stream(0, 0);
    batch.numbers = (0..steps * rows).map(|_| draw.below(10) as f32).collect();
    // Every prediction is wrong by exactly 1, so the loss is 1.
    let positions = (LAG * rows..steps * rows).map(|position| position as u32).collect();
    let targets =
        (LAG * rows..steps * rows).map(|position| batch.numbers[position - LAG * rows] + 1.0).collect();
    batch.values = Values { positions, targets };
    for spoil in [Spoil::Shuffle, Spoil::Remove] {
        let options = CreditOptions { window: Some(12), anchors: 2, spoil, ..options() };
        let report = of(&spec, &params, &Delayed(batch.clone()), &options);
        let used = report.used_lag.known().expect("a used lag");
        assert_eq!(used.used_lag_steps.known(), Some(&LAG), "{spoil:?}: {:?}", used.lags);
        assert!((used.mean_loss - 1.0).abs() < 1e-12 && used.sequences == rows);
        for lag in &used.lags {
            // Differences are zero or whole numbers.
            let needed = lag.lag_steps < LAG;
            assert_eq!(lag.added_loss > 1.0 && lag.standard_error > 0.0, needed, "{spoil:?}: {lag:?}");
        }
        // The gradient with respect to the state is present as long as the register stores the input, and
        // then zero.
        let ratio = &report.lag.known().expect("a profile").total.ratio.ln_median;
        assert!(
            (0..=LAG).all(|tau| ratio[tau].abs() < 1e-12) && ratio[LAG + 1] == f64::NEG_INFINITY,
            "{ratio:?}"
        );
        assert_eq!(report.lag.known().map(|lag| lag.total.horizon.steps), Some(LAG));
        let reason = Reason::TooFewLags { found_lags: LAG, needed_lags: 8 };
        assert_eq!(report.lag.known().and_then(|lag| lag.total.decay.reason()), Some(reason));
    }
}
