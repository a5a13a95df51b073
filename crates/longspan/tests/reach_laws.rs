//! What a measurement of reach must say: closed forms, equality of bits, and reasons where there is nothing to say.
#![allow(missing_docs, reason = "a test file")]

#[path = "common/naive.rs"]
mod naive;
#[path = "common/rows.rs"]
mod rows;

use std::cell::Cell;

use longspan::cell::CellKind;
use longspan::data::{Batch, Source, Values};
use longspan::head::ValueLoss;
use longspan::kernel::{Context, Level};
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan::pool::Pool;
use longspan::probe::reach::{
    Cancelled, ReachOptions, ReachReport, Reason, Spoil, Stage, Watch, measure, widen,
};
use longspan::rng::{Key, Purpose};
use naive::Naive;
use rows::{Rows, drawn};

const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };
const GRU: CellKind = CellKind::Gru { reset_after: true };

fn options() -> ReachOptions {
    ReachOptions { least_sequences: 1, resamples: 200, ..ReachOptions::default() }
}

fn of(spec: &ModelSpec, params: &Params<f64>, source: &dyn Source, options: &ReachOptions) -> ReachReport {
    let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &|| false };
    measure(&Context::new(Level::detect(), 1), spec, params, source, options, &mut watch)
        .expect("not stopped")
}

/// W_hh = a·I: every profile, the decay, the horizon and the exponent are those of |a|^τ.
#[test]
fn a_linear_network_reaches_as_far_as_its_eigenvalue() {
    for (a, horizon) in [(0.5, Some(6)), (-0.9, Some(43)), (1.0, None), (1.1, None)] {
        let rows = Rows::classes(CellKind::Identity, 1, 5, &[81; 4], 1);
        let mut params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.3, 2);
        let weights = params.named_mut("rnn.weight_hh_l0");
        (0..25).for_each(|i| weights[i] = if i % 6 == 0 { a } else { 0.0 });
        let options = ReachOptions { window: Some(60), anchors: 3, ..options() };
        let report = of(&rows.spec, &params, &rows, &options);
        let lag = report.lag.known().expect("a profile");
        assert_eq!((lag.window_steps, lag.sequences, lag.samples), (60, 4, 12));
        let layer = lag.layers[0].known().expect("a layer");
        let profiles = [&lag.total.ratio, &lag.total.scaled, &layer.state.ratio, &layer.hidden];
        for profile in profiles {
            for quantile in [&profile.ln_p05, &profile.ln_median, &profile.ln_p95] {
                for (tau, ln) in quantile.iter().enumerate() {
                    let exact = f64::abs(a).powi(tau as i32);
                    // Rows of other units' sizes are scaled by D, which is the same at both ends.
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

/// The residual network's identity path hands on everything; a GRU's keeps z of it.
#[test]
fn direct_ways_are_what_their_gates_say() {
    let residual = CellKind::Residual { step: 1.0, learned: false };
    for (kind, bias, factor) in [(residual, 0.0, 1.0), (GRU, 2.0, 1.0 / (1.0 + f64::exp(-2.0)))] {
        let rows = Rows::classes(kind, 1, 4, &[30; 3], 1);
        let mut params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.5, 2);
        if kind == GRU {
            // z = σ(b) whatever is read.
            params.named_mut("rnn.weight_ih_l0")[4 * 3..8 * 3].fill(0.0);
            params.named_mut("rnn.weight_hh_l0")[4 * 4..8 * 4].fill(0.0);
            params.named_mut("rnn.bias_ih_l0")[4..8].fill(bias);
            params.named_mut("rnn.bias_hh_l0")[4..8].fill(0.0);
        }
        let report = of(&rows.spec, &params, &rows, &ReachOptions { window: Some(20), ..options() });
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

/// Chrono: b_f = ln(T − 1) gives a forgetting time near T − ½; and states have the sizes that the plain equations give.
#[test]
fn gates_and_states_are_summed_over_the_data() {
    for kind in [LSTM, CellKind::Lstm { peepholes: true, coupled: true }, CellKind::Rnn, CellKind::Relu] {
        let rows = Rows::classes(kind, 2, 4, &[12, 9, 2], 7);
        let mut params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.8, 3);
        if kind == LSTM {
            for name in ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_hh_l0"] {
                let all = params.named_mut(name);
                let gate = all.len() / 4;
                all[gate..2 * gate].fill(0.0);
            }
            params.named_mut("rnn.bias_ih_l0")[4..8].fill(99f64.ln());
        }
        let report = of(&rows.spec, &params, &rows, &ReachOptions { lag: false, used: false, ..options() });
        let naive = Naive { kind, params: &params, layers: 2, hidden: 4 };
        let states: Vec<_> = (0..3).flat_map(|row| naive.run(&rows.inputs(row), None)).collect();
        for (layer, gates) in report.gates.iter().enumerate() {
            let n = states.len() as f64;
            assert_eq!(gates.places, states.len());
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
            if let (CellKind::Rnn | CellKind::Relu, Some(activations)) = (kind, gates.activations.known()) {
                let beyond = |h: &f64| if kind == CellKind::Rnn { h.abs() > 0.95 } else { *h == 0.0 };
                let count = states.iter().flat_map(|s| &s[layer].h).filter(|h| beyond(h)).count();
                assert!((activations[0].saturated_share - count as f64 / n / 4.0).abs() < 1e-12, "{kind}");
            }
        }
    }
}

/// h' = a h + x with white x: E (∂h/∂a)² = (1 + a²) / (1 − a²)³.
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
    let mut params = Params::zeros(Model::<f64>::new(Level::detect(), &spec).layout().clone());
    params.named_mut("rnn.weight_ih_l0")[0] = 1.0;
    params.named_mut("rnn.weight_hh_l0")[0] = a;
    let options = ReachOptions { sequences: 4096, sensitivity_sequences: 4096, ..options() };
    let report = of(&spec, &params, &White(64), &options);
    assert_eq!(report.lag.reason(), Some(Reason::NothingScored));
    assert_eq!(report.used_lag.reason(), Some(Reason::NothingScored));
    let points = report.sensitivity.known().expect("points");
    assert_eq!(points.iter().map(|p| p.steps).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64]);
    assert_eq!(points[0].recurrent_rms, 0.0);
    // ∂h_2/∂a = x_1, of variance 1.
    let squares = [points[1].recurrent_rms.powi(2), points[6].recurrent_rms.powi(2)];
    let exact = (1.0 + a * a) / (1.0 - a * a).powi(3);
    // ∂h/∂a is normal: the mean of 4096 squares has a standard error of √(2/4096) of it; five of them.
    for (found, exact) in squares.into_iter().zip([1.0, exact]) {
        assert!((found / exact - 1.0).abs() < 5.0 * (2.0f64 / 4096.0).sqrt(), "{found} against {exact}");
    }
}

/// A shift register reads out what it read five steps before: so far back it uses its inputs, and no further.
#[test]
fn a_shift_register_uses_what_it_holds() {
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
    let mut params = Params::zeros(Model::<f64>::new(Level::detect(), &spec).layout().clone());
    params.named_mut("rnn.weight_ih_l0")[0] = 1.0;
    (1..hidden).for_each(|j| params.named_mut("rnn.weight_hh_l0")[j * hidden + j - 1] = 1.0);
    params.named_mut("head.weight")[LAG] = 1.0;
    let mut batch = Batch::default();
    batch.reshape(steps, rows);
    let mut draw = Key::new(3, Purpose::Task, 0, 0).stream(0, 0);
    batch.numbers = (0..steps * rows).map(|_| draw.below(10) as f32).collect();
    // Wrong by exactly 1 everywhere: the loss is 1.
    let places = (LAG * rows..steps * rows).map(|place| place as u32).collect();
    let targets = (LAG * rows..steps * rows).map(|place| batch.numbers[place - LAG * rows] + 1.0).collect();
    batch.values = Values { places, targets };
    for spoil in [Spoil::Shuffle, Spoil::Remove] {
        let options = ReachOptions { window: Some(12), anchors: 2, spoil, ..options() };
        let report = of(&spec, &params, &Delayed(batch.clone()), &options);
        let used = report.used_lag.known().expect("a used lag");
        assert_eq!(used.used_lag_steps.known(), Some(&LAG), "{spoil:?}: {:?}", used.lags);
        assert!((used.mean_loss - 1.0).abs() < 1e-12 && used.sequences == rows);
        for lag in &used.lags {
            // What differs by more than nothing differs by whole numbers.
            let needed = lag.lag_steps < LAG;
            assert_eq!(lag.added_loss > 1.0 && lag.standard_error > 0.0, needed, "{spoil:?}: {lag:?}");
        }
        // The gradient by the state is there for as long as the register holds it, and then gone.
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

/// Threads change no bit, a seed is all that is random, and a file gives the numbers back.
#[test]
fn a_measurement_is_a_function_of_its_options() {
    let rows = Rows::classes(LSTM, 2, 19, &[40, 40, 33, 33, 20], 1);
    let params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.3, 2);
    let options = ReachOptions { window: Some(18), anchors: 2, truncations: vec![4], ..options() };
    let measure = |threads: usize, options: &ReachOptions| {
        let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &|| false };
        let ctx = Context::new(Level::detect(), threads);
        measure(&ctx, &rows.spec, &params, &rows, options, &mut watch).expect("not stopped")
    };
    let one = measure(1, &options);
    let text = serde_json::to_string(&one).expect("a document");
    assert_eq!(text, serde_json::to_string(&measure(3, &options)).expect("a document"));
    let other = measure(1, &ReachOptions { seed: 1, ..options });
    assert_ne!(one.lag.known().map(|lag| &lag.total), other.lag.known().map(|lag| &lag.total));
    assert_eq!(one.truncation, other.truncation);
    let back: ReachReport = serde_json::from_str(&text).expect("the same document");
    assert_eq!(back, one);
    // At the anchor c has no gradient: −∞ has to survive.
    assert!(text.contains("\"-Infinity\""));
}

/// Weights of a run are f32; measured in f64, they are the same weights.
#[test]
fn single_precision_weights_are_widened() {
    let rows = Rows::classes(GRU, 1, 6, &[20; 4], 1);
    let ctx = Context::new(Level::detect(), 1);
    let layout = Model::<f32>::new(ctx.level(), &rows.spec).layout().clone();
    let mut narrow = Params::<f32>::zeros(layout);
    let wide = drawn(&Model::<f64>::new(ctx.level(), &rows.spec), 0.4, 2);
    narrow.flat_mut().iter_mut().zip(wide.flat()).for_each(|(to, &x)| *to = x as f32);
    let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &|| false };
    let options = ReachOptions { window: Some(12), ..options() };
    let single = measure(&ctx, &rows.spec, &narrow, &rows, &options, &mut watch).expect("not stopped");
    let double = of(&rows.spec, &widen(&narrow), &rows, &options);
    assert_eq!((single.number_type.as_str(), double.number_type.as_str()), ("F32", "F64"));
    let [a, b] = [&single, &double].map(|r| r.lag.known().expect("a profile").total.ratio.ln_median.clone());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4) && a != b, "{a:?} and {b:?}");
}

#[test]
fn what_cannot_be_measured_says_why() {
    let rows = Rows::classes(GRU, 1, 4, &[9, 9, 5], 1);
    let params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.4, 2);
    let report = of(&rows.spec, &params, &rows, &ReachOptions { window: Some(9), ..options() });
    let too_short =
        Reason::TooShort { window_steps: 9, found_sequences: 0, needed_sequences: 1, latest_scored_step: 8 };
    assert_eq!((report.lag.reason(), report.used_lag.reason()), (Some(too_short), Some(too_short)));
    assert!(too_short.to_string().contains("latest scored step is 8"), "{too_short}");
    // Sixteen sequences are needed, unless told otherwise.
    let report = of(&rows.spec, &params, &rows, &ReachOptions { window: Some(5), ..ReachOptions::default() });
    assert!(matches!(
        report.lag.reason(),
        Some(Reason::TooShort { found_sequences: 2, needed_sequences: 16, .. })
    ));
    assert!(report.gates[0].gates.known().is_some());
    assert_eq!(report.truncation.known().map(Vec::len), Some(1), "8 of 9 steps");
    // By itself it takes as many lags as half of the sequences have.
    let report = of(&rows.spec, &params, &rows, &options());
    assert_eq!(report.lag.known().map(|lag| (lag.window_steps, lag.sequences)), Some((8, 2)));
    let report = of(&rows.spec, &params, &rows, &ReachOptions { truncations: vec![20], ..options() });
    assert_eq!(report.truncation.reason(), Some(Reason::NoTruncation));
    let nothing = ReachOptions { lag: false, used: false, sensitivity_sequences: 0, ..options() };
    let report = of(&rows.spec, &params, &rows, &nothing);
    let reasons = [report.lag.reason(), report.used_lag.reason(), report.sensitivity.reason()];
    assert_eq!(reasons, [Some(Reason::NotAsked); 3]);
    // A head of zeros: the loss does not depend on the state.
    let mut dead = params.clone();
    dead.named_mut("head.weight").fill(0.0);
    let report = of(&rows.spec, &dead, &rows, &options());
    assert_eq!(report.lag.reason(), Some(Reason::ZeroGradient));
    let mut broken = params.clone();
    broken.named_mut("rnn.weight_hh_l0")[0] = f64::NAN;
    let report = of(&rows.spec, &broken, &rows, &options());
    assert_eq!(report.lag.reason(), Some(Reason::NotANumber));
    let mut mean = Rows::classes(GRU, 1, 4, &[9, 9, 5], 1);
    mean.spec.pool = Pool::Mean;
    mean.batch.targets.truncate(3);
    let report = of(&mean.spec, &params, &mean, &options());
    assert_eq!(report.lag.reason(), Some(Reason::MeanReadout));
    assert_eq!(report.truncation.reason(), Some(Reason::MeanReadout));
    assert!(report.sensitivity.known().is_some());
}

#[test]
fn it_tells_and_can_be_stopped() {
    let rows = Rows::classes(GRU, 1, 4, &[9; 3], 1);
    let params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.4, 2);
    let ctx = Context::new(Level::detect(), 1);
    let (mut told, asked) = (Vec::new(), Cell::new(0));
    let mut progress = |stage: Stage, done: usize, all: usize| {
        assert!(done <= all);
        told.push(stage);
    };
    let cancelled = || {
        asked.set(asked.get() + 1);
        false
    };
    let mut watch = Watch { progress: &mut progress, cancelled: &cancelled };
    measure(&ctx, &rows.spec, &params, &rows, &options(), &mut watch).expect("not stopped");
    assert_eq!(told.len(), asked.get());
    told.dedup();
    let stages =
        [Stage::Read, Stage::Survey, Stage::Lag, Stage::Intervals, Stage::Sensitivity, Stage::UsedLag];
    assert_eq!(told, stages);
    for last in 0..asked.get() {
        let left = Cell::new(last);
        let cancelled = || left.replace(left.get().saturating_sub(1)) == 0;
        let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &cancelled };
        let stopped = measure(&ctx, &rows.spec, &params, &rows, &options(), &mut watch);
        assert_eq!(stopped, Err(Cancelled));
    }
}

/// The state goes on where a source says so: two windows of a text are one long one.
#[test]
fn the_state_before_a_window_is_that_after_the_last() {
    struct Halves(Batch, usize);
    impl Source for Halves {
        fn windows(&self) -> u64 {
            2
        }
        fn fill(&self, _epoch: u64, window: u64, batch: &mut Batch) {
            let (rows, first) = (self.0.rows(), window as usize * self.1);
            batch.reshape(self.1, rows);
            batch.carry = window > 0;
            let places = first * rows..(first + self.1) * rows;
            batch.targets.copy_from_slice(&self.0.targets[places.clone()]);
            batch.numbers = self.0.numbers[places.start * 3..places.end * 3].to_vec();
        }
        fn shape(&self) -> (usize, usize) {
            (self.1, self.0.rows())
        }
    }
    let rows = Rows::classes(LSTM, 2, 5, &[24; 3], 1);
    let params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.4, 2);
    let halves = Halves(rows.batch.clone(), 12);
    let both = of(&rows.spec, &params, &halves, &ReachOptions { window: Some(10), ..options() });
    let whole = of(&rows.spec, &params, &rows, &options());
    assert_eq!((both.sequences_read, whole.sequences_read), (6, 3));
    for (a, b) in both.gates.iter().zip(&whole.gates) {
        assert_eq!(a.places, b.places);
        let units = a.hidden_unit_rms.iter().zip(&b.hidden_unit_rms);
        assert!(units.into_iter().all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} and {b:?}");
    }
}

/// One row, one anchor: the report's medians are what finite differences find, layers and totals alike.
#[test]
fn a_report_of_one_sample_is_that_sample() {
    let rows = Rows::classes(LSTM, 2, 4, &[9], 4);
    let params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.7, 2);
    let report = of(&rows.spec, &params, &rows, &options());
    let lag = report.lag.known().expect("a profile");
    assert_eq!(lag.window_steps, 8);
    let naive = Naive { kind: LSTM, params: &params, layers: 2, hidden: 4 };
    let (xs, at) = (rows.inputs(0), (8, rows.target(0, 8)));
    let squares = |t: usize, layer: usize, part: naive::Part| -> f64 {
        naive.gradient(&xs, at, (t, layer, part)).iter().map(|d| d * d).sum()
    };
    let state = |t, layer| squares(t, layer, naive::Part::Hidden) + squares(t, layer, naive::Part::Cell);
    let close =
        |ln: f64, squares: f64| assert!((ln.exp() - squares.sqrt()).abs() < 1e-7, "{ln} and {squares}");
    for tau in 0..=8 {
        let t = 8 - tau;
        let both = |t| state(t, 0) + state(t, 1);
        close(lag.total.ratio.ln_median[tau], both(t) / both(8));
        for (layer, found) in lag.layers.iter().enumerate() {
            let found = found.known().expect("a layer");
            let anchor = squares(8, layer, naive::Part::Hidden);
            close(found.state.ratio.ln_median[tau], state(t, layer) / anchor);
            close(found.hidden.ln_median[tau], squares(t, layer, naive::Part::Hidden) / anchor);
            let cell = found.cell.known().expect("c").ln_median[tau];
            close(cell, squares(t, layer, naive::Part::Cell) / anchor);
        }
    }
    let top = squares(8, 1, naive::Part::Hidden);
    close(lag.depth.ln_layer_ratio[0], squares(8, 0, naive::Part::Hidden) / top);
    close(lag.depth.ln_input_ratio, squares(8, 0, naive::Part::Input) / top);
    assert_eq!(lag.depth.ln_layer_ratio[1], 0.0);
}

/// The loss that leaving older inputs out adds is that of the plain cells on what is left.
#[test]
fn added_losses_are_paired_row_by_row() {
    let rows = Rows::classes(GRU, 2, 4, &[12, 12, 10, 3], 4);
    let params = drawn(&Model::<f64>::new(Level::detect(), &rows.spec), 0.7, 2);
    // Only the last steps of the first two rows have eleven before them.
    let options = ReachOptions { window: Some(11), spoil: Spoil::Remove, lag: false, ..options() };
    let report = of(&rows.spec, &params, &rows, &options);
    let used = report.used_lag.known().expect("a used lag");
    let naive = Naive { kind: GRU, params: &params, layers: 2, hidden: 4 };
    let loss = |row: usize, kept: usize| {
        let xs = rows.inputs(row);
        let states = naive.run(&xs[12 - kept..], None);
        naive.loss(&states[kept - 1][1].h, rows.target(row, 11))
    };
    let mean = |kept: usize| (loss(0, kept) + loss(1, kept)) / 2.0;
    assert!((used.mean_loss - mean(12)).abs() < 1e-12 && used.sequences == 2);
    assert_eq!(
        used.lags.iter().map(|lag| lag.lag_steps).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 11]
    );
    for lag in &used.lags {
        let added = mean(lag.lag_steps + 1) - mean(12);
        assert!((lag.added_loss - added).abs() < 1e-12, "{lag:?}: {added}");
        let rows = [0, 1].map(|row| loss(row, lag.lag_steps + 1) - loss(row, 12));
        assert!((lag.standard_error - (rows[0] - rows[1]).abs() / 2.0).abs() < 1e-12, "{lag:?}: {rows:?}");
    }
}
