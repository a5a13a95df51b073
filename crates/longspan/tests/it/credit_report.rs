//! The report of reach measurements: its numbers follow from its samples and do not depend on threads, files
//! or windows; for quantities that cannot be measured it gives reasons.
#![allow(missing_docs, reason = "a test file")]

use crate::naive;

use std::cell::Cell;

use crate::naive::Naive;
use crate::rows::{Rows, drawn, measured as of, options};
use longspan::batch::{Batch, Source};
use longspan::cell::CellKind;
use longspan::model::Model;
use longspan::model::pooling::Pooling;
use longspan::params::Params;
use longspan::probe::credit::{Cancelled, Stage, Watch, measure, widen};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::credit::{CreditOptions, CreditReport, Reason, Spoil};

const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };
const GRU: CellKind = CellKind::Gru { reset_after: true };

/// Threads change no bit, all random choices follow from the seed, and a file preserves the numbers.
#[test]
fn a_measurement_is_a_function_of_its_options() {
    let rows = Rows::classes(LSTM, 2, 19, &[40, 40, 33, 33, 20], 1);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.3, 2);
    let options = CreditOptions { window: Some(18), anchors: 2, truncations: vec![4], ..options() };
    let measure = |threads: usize, options: &CreditOptions| {
        let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &|| false, late: &|| false };
        let ctx = Context::new(InstructionSet::detect(), threads);
        measure(&ctx, &rows.spec, &params, &rows, options, &mut watch).expect("not stopped")
    };
    let one = measure(1, &options);
    let text = serde_json::to_string(&one).expect("a document");
    assert_eq!(text, serde_json::to_string(&measure(3, &options)).expect("a document"));
    let other = measure(1, &CreditOptions { seed: 1, ..options });
    assert_ne!(one.lag.known().map(|lag| &lag.total), other.lag.known().map(|lag| &lag.total));
    assert_eq!(one.truncation, other.truncation);
    let back: CreditReport = serde_json::from_str(&text).expect("the same document");
    assert_eq!(back, one);
    // At the anchor c has no gradient: −∞ must be preserved.
    assert!(text.contains("\"-Infinity\""));
}

/// The weights of a run are f32; they are the same weights when measured in f64.
#[test]
fn single_precision_weights_are_widened() {
    let rows = Rows::classes(GRU, 1, 6, &[20; 4], 1);
    let ctx = Context::new(InstructionSet::detect(), 1);
    let layout = Model::<f32>::new(ctx.instruction_set(), &rows.spec).layout().clone();
    let mut narrow = Params::<f32>::zeros(layout);
    let wide = drawn(&Model::<f64>::new(ctx.instruction_set(), &rows.spec), 0.4, 2);
    narrow.flat_mut().iter_mut().zip(wide.flat()).for_each(|(to, &x)| *to = x as f32);
    let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &|| false, late: &|| false };
    let options = CreditOptions { window: Some(12), ..options() };
    let single = measure(&ctx, &rows.spec, &narrow, &rows, &options, &mut watch).expect("not stopped");
    let double = of(&rows.spec, &widen(&narrow), &rows, &options);
    assert_eq!((single.number_type.as_str(), double.number_type.as_str()), ("F32", "F64"));
    let [a, b] = [&single, &double].map(|r| r.lag.known().expect("a profile").total.ratio.ln_median.clone());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4) && a != b, "{a:?} and {b:?}");
}

#[test]
fn quantities_that_cannot_be_measured_have_a_reason() {
    let rows = Rows::classes(GRU, 1, 4, &[9, 9, 5], 1);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.4, 2);
    let report = of(&rows.spec, &params, &rows, &CreditOptions { window: Some(9), ..options() });
    let too_short =
        Reason::TooShort { window_steps: 9, found_sequences: 0, needed_sequences: 1, latest_scored_step: 8 };
    assert_eq!((report.lag.reason(), report.used_lag.reason()), (Some(too_short), Some(too_short)));
    assert!(too_short.to_string().contains("latest scored step is 8"), "{too_short}");
    // Sixteen sequences are needed by default.
    let report =
        of(&rows.spec, &params, &rows, &CreditOptions { window: Some(5), ..CreditOptions::default() });
    assert!(matches!(
        report.lag.reason(),
        Some(Reason::TooShort { found_sequences: 2, needed_sequences: 16, .. })
    ));
    assert!(report.gates[0].gates.known().is_some());
    assert_eq!(report.truncation.known().map(Vec::len), Some(1), "8 of 9 steps");
    // By default it measures as many lags as half of the sequences have.
    let report = of(&rows.spec, &params, &rows, &options());
    assert_eq!(report.lag.known().map(|lag| (lag.window_steps, lag.sequences)), Some((8, 2)));
    let report = of(&rows.spec, &params, &rows, &CreditOptions { truncations: vec![20], ..options() });
    assert_eq!(report.truncation.reason(), Some(Reason::NoTruncation));
    let nothing = CreditOptions { lag: false, used: false, sensitivity_sequences: 0, ..options() };
    let report = of(&rows.spec, &params, &rows, &nothing);
    let reasons = [report.lag.reason(), report.used_lag.reason(), report.sensitivity.reason()];
    assert_eq!(reasons, [Some(Reason::NotAsked); 3]);
    // With a head of zeros the loss does not depend on the state.
    let mut dead = params.clone();
    dead.named_mut("head.weight").fill(0.0);
    let report = of(&rows.spec, &dead, &rows, &options());
    assert_eq!(report.lag.reason(), Some(Reason::ZeroGradient));
    let mut broken = params.clone();
    broken.named_mut("rnn.weight_hh_l0")[0] = f64::NAN;
    let report = of(&rows.spec, &broken, &rows, &options());
    assert_eq!(report.lag.reason(), Some(Reason::NotANumber));
    let mut mean = Rows::classes(GRU, 1, 4, &[9, 9, 5], 1);
    mean.spec.pool = Pooling::Mean;
    mean.batch.targets.truncate(3);
    let report = of(&mean.spec, &params, &mean, &options());
    assert_eq!(report.lag.reason(), Some(Reason::MeanReadout));
    assert_eq!(report.truncation.reason(), Some(Reason::MeanReadout));
    assert!(report.sensitivity.known().is_some());
}

#[test]
fn progress_is_reported_and_cancellation_works() {
    let rows = Rows::classes(GRU, 1, 4, &[9; 3], 1);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.4, 2);
    let ctx = Context::new(InstructionSet::detect(), 1);
    let (mut told, asked) = (Vec::new(), Cell::new(0));
    let mut progress = |stage: Stage, done: usize, all: usize| {
        assert!(done <= all);
        told.push(stage);
    };
    let cancelled = || {
        asked.set(asked.get() + 1);
        false
    };
    let mut watch = Watch { progress: &mut progress, cancelled: &cancelled, late: &|| false };
    measure(&ctx, &rows.spec, &params, &rows, &options(), &mut watch).expect("not stopped");
    assert_eq!(told.len(), asked.get());
    told.dedup();
    let stages = [
        Stage::Read,
        Stage::Survey,
        Stage::Lag,
        Stage::Intervals,
        Stage::Truncation,
        Stage::Sensitivity,
        Stage::UsedLag,
    ];
    assert_eq!(told, stages);
    for last in 0..asked.get() {
        let left = Cell::new(last);
        let cancelled = || left.replace(left.get().saturating_sub(1)) == 0;
        let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &cancelled, late: &|| false };
        let stopped = measure(&ctx, &rows.spec, &params, &rows, &options(), &mut watch);
        assert_eq!(stopped, Err(Cancelled));
    }
}

/// A time limit that comes during one quantity leaves that one and those after it out, and changes no other.
#[test]
fn a_time_limit_leaves_out_what_comes_after_it() {
    let rows = Rows::classes(GRU, 1, 4, &[9; 3], 1);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.4, 2);
    let ctx = Context::new(InstructionSet::detect(), 1);
    let options = CreditOptions { truncations: vec![2, 4], ..options() };
    let within = |passes: usize| {
        let asked = Cell::new(0);
        let late = || asked.replace(asked.get() + 1) >= passes;
        let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &|| false, late: &late };
        measure(&ctx, &rows.spec, &params, &rows, &options, &mut watch).expect("not cancelled")
    };
    let whole = within(usize::MAX);
    assert!(whole.truncation.known().is_some() && whole.used_lag.known().is_some());
    let left_out = |report: &CreditReport| {
        [report.truncation.reason(), report.sensitivity.reason(), report.used_lag.reason()]
            .map(|reason| reason == Some(Reason::TimeLimit))
    };
    assert_eq!(left_out(&within(0)), [true; 3]);
    assert_eq!(left_out(&within(1)), [false, true, true]);
    for passes in 0.. {
        let report = within(passes);
        assert_eq!((&report.lag, &report.gates), (&whole.lag, &whole.gates));
        let left_out = left_out(&report);
        assert!(left_out.is_sorted(), "{left_out:?} after {passes} passes");
        assert!(left_out[1] || report.sensitivity == whole.sensitivity);
        if left_out == [false; 3] {
            assert_eq!(report, whole);
            break;
        }
    }
}

/// The state carries over where the source says so: two windows of a text equal one long window.
#[test]
fn the_state_carries_over_between_windows() {
    struct Halves(Batch, usize);
    impl Source for Halves {
        fn windows(&self) -> u64 {
            2
        }
        fn fill(&self, _epoch: u64, window: u64, batch: &mut Batch) {
            let (rows, first) = (self.0.rows(), window as usize * self.1);
            batch.reshape(self.1, rows);
            batch.carry = window > 0;
            let positions = first * rows..(first + self.1) * rows;
            batch.targets.copy_from_slice(&self.0.targets[positions.clone()]);
            batch.numbers = self.0.numbers[positions.start * 3..positions.end * 3].to_vec();
        }
        fn shape(&self) -> (usize, usize) {
            (self.1, self.0.rows())
        }
    }
    let rows = Rows::classes(LSTM, 2, 5, &[24; 3], 1);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.4, 2);
    let halves = Halves(rows.batch.clone(), 12);
    let both = of(&rows.spec, &params, &halves, &CreditOptions { window: Some(10), ..options() });
    let whole = of(&rows.spec, &params, &rows, &options());
    assert_eq!((both.sequences_read, whole.sequences_read), (6, 3));
    for (a, b) in both.gates.iter().zip(&whole.gates) {
        assert_eq!(a.positions, b.positions);
        let units = a.hidden_unit_rms.iter().zip(&b.hidden_unit_rms);
        assert!(units.into_iter().all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} and {b:?}");
    }
}

/// With one row and one anchor, the report's medians equal finite differences, for layers and totals.
#[test]
fn a_report_of_one_sample_is_that_sample() {
    let rows = Rows::classes(LSTM, 2, 4, &[9], 4);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.7, 2);
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

/// The loss that removing older inputs adds equals that of the plain cells on the remaining inputs.
#[test]
fn added_losses_are_paired_row_by_row() {
    let rows = Rows::classes(GRU, 2, 4, &[12, 12, 10, 3], 4);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.7, 2);
    // Only the last steps of the first two rows have eleven steps before them.
    let options = CreditOptions { window: Some(11), spoil: Spoil::Remove, lag: false, ..options() };
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
