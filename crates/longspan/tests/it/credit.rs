//! The reach of the gradient: compares every quantity with a slow implementation that does not use the
//! library's backward passes, or with a closed form.
#![allow(missing_docs, reason = "a test file")]

use crate::naive::{Naive, Part};
use crate::rows::{Rows, drawn};
use longspan::bptt::{BackwardStep, Observer, OnBackwardStep, Pass};
use longspan::cell::CellKind;
use longspan::model::Model;
use longspan::params::Params;
use longspan::probe::credit::{Recorder, Sample, UnitScale};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::credit::Measured;

const STEPS: usize = 9;
const HIDDEN: usize = 4;
const WINDOW: usize = 6;
/// The anchors of the rows; the last row has none.
const ANCHORS: [Option<usize>; 3] = [Some(8), Some(6), None];

/// Finite differences with step 1e-5 have an error of about 1e-10 of the gradient at the anchor.
const TOLERANCE: f64 = 1e-8;

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

struct Case {
    kind: CellKind,
    layers: usize,
    rows: Rows,
    params: Params<f64>,
}

impl Case {
    fn new(kind: CellKind, layers: usize) -> Self {
        let rows = Rows::classes(kind, layers, HIDDEN, &[STEPS, STEPS, 5], 3);
        let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.7, 5);
        Self { kind, layers, rows, params }
    }

    fn naive(&self) -> Naive<'_> {
        Naive { kind: self.kind, params: &self.params, layers: self.layers, hidden: HIDDEN }
    }

    /// Runs one backward pass with one loss in each of the first two rows.
    fn samples(&self, scales: Option<&[UnitScale]>) -> (Vec<Sample>, Vec<Vec<f64>>) {
        let ctx = Context::new(InstructionSet::detect(), 2);
        let mut model = Model::<f64>::new(ctx.instruction_set(), &self.rows.spec);
        let shape = (self.kind, self.layers, HIDDEN);
        let mut recorder =
            Recorder::new(ctx.instruction_set(), shape, &self.params, &ANCHORS, WINDOW, scales);
        let batch = self.rows.scored_at(&ANCHORS);
        let (mut state, mut grads) = (model.zero_state(3), Params::zeros(self.params.layout().clone()));
        // The total gradient with respect to c, for row 0 and layer 0, at every step.
        let mut totals = vec![Vec::new(); STEPS];
        model.pack(&ctx, &self.params);
        let mut seen = OnBackwardStep(|step: &BackwardStep<'_, f64>| {
            recorder.backward_step(&ctx, step);
            let mut total = vec![0.0; step.cell.len()];
            if step.layer == 0 && step.total_cell(ctx.instruction_set(), self.kind, HIDDEN, &mut total) {
                // The loss of the pass is the mean of two losses.
                totals[step.t] = total[..HIDDEN].iter().map(|d| 2.0 * d).collect();
            }
        });
        let pass = &mut Pass::new(&ctx, &self.params).observed_by(&mut seen);
        model.train(pass, &batch, &mut state, &mut grads);
        (recorder.finish(), totals)
    }
}

/// ‖δ_h‖, ‖δ_c‖, scaled, along the keep path and of the rest, and with respect to the input, for every cell,
/// layer and lag.
#[test]
fn gradients_of_single_losses_match_finite_differences() {
    for kind in CellKind::ALL {
        for layers in [1, 2] {
            let case = Case::new(kind, layers);
            let naive = case.naive();
            let lstm = matches!(kind, CellKind::Lstm { .. });
            let keeps = !matches!(kind, CellKind::Rnn | CellKind::Relu | CellKind::Identity);
            let scale: UnitScale = (0..HIDDEN * if lstm { 2 } else { 1 }).map(|i| 0.5 + i as f64).collect();
            let scales = vec![scale.clone(); layers];
            let (samples, totals) = case.samples(Some(&scales));
            assert_eq!(samples.len(), 2);
            for sample in &samples {
                let (xs, anchor) = (case.rows.inputs(sample.row), sample.anchor);
                let at = (anchor, case.rows.target(sample.row, anchor));
                let states = naive.run(&xs, None);
                let gradient = |t, layer, part| naive.gradient(&xs, at, (t, layer, part));
                let size = norm(&gradient(anchor, layers - 1, Part::Hidden));
                let close = |name: &str, ln: f64, exact: f64, lag: usize| {
                    assert!(
                        (ln.exp() - exact).abs() < TOLERANCE * (size.max(1.0) + exact),
                        "{kind} of {layers}, {name}, lag {lag}: {} against {exact}",
                        ln.exp()
                    );
                };
                close("input", sample.ln_input, norm(&gradient(anchor, 0, Part::Input)), 0);
                let mut largest = 0.0f64;
                for (layer, series) in sample.layers.iter().enumerate() {
                    // K starts from c before h is computed from it for the LSTM, otherwise from h.
                    let from = if lstm { Part::CellBefore } else { Part::Hidden };
                    let mut path = gradient(anchor, layer, from);
                    for lag in 0..=WINDOW {
                        let t = anchor - lag;
                        let d_h = gradient(t, layer, Part::Hidden);
                        let d_c = if lstm { gradient(t, layer, Part::Cell) } else { Vec::new() };
                        if lag == 0 {
                            largest = d_h.iter().fold(largest, |m, d| m.max(d.abs()));
                        }
                        close("h", series.hidden[lag], norm(&d_h), lag);
                        if lstm {
                            close("c", series.cell[lag], norm(&d_c), lag);
                        }
                        let both = [d_h.clone(), d_c.clone()].concat();
                        close("state", series.state()[lag], norm(&both), lag);
                        let scaled: Vec<f64> = both.iter().zip(&scale).map(|(d, s)| d * s).collect();
                        close("scaled", series.scaled[lag], norm(&scaled), lag);
                        if keeps {
                            if lag > 0 {
                                let keep = &states[t + 1][layer].keep;
                                path.iter_mut().zip(keep).for_each(|(k, factor)| *k *= factor);
                            }
                            // At the anchor the LSTM's path has not yet reached the state before.
                            let here: Vec<f64> =
                                if lstm && lag == 0 { vec![0.0; HIDDEN] } else { path.clone() };
                            close("keep", series.keep[lag], norm(&here), lag);
                            let whole = if lstm { &d_c } else { &d_h };
                            let mut rest: Vec<f64> = whole.iter().zip(&here).map(|(d, k)| d - k).collect();
                            if lstm {
                                rest.extend(&d_h);
                            }
                            close("rest", series.rest[lag], norm(&rest), lag);
                        }
                        if lstm && layer == 0 && sample.row == 0 {
                            let total = gradient(t, 0, Part::CellBefore);
                            let error: Vec<f64> = totals[t].iter().zip(&total).map(|(a, b)| a - b).collect();
                            assert!(
                                norm(&error) < TOLERANCE * size.max(1.0),
                                "{kind}: total gradient with respect to c, {error:?}"
                            );
                        }
                    }
                    assert_eq!((series.cell.is_empty(), series.keep.is_empty()), (!lstm, !keeps), "{kind}");
                }
                close("largest", sample.ln_largest, largest, 0);
            }
        }
    }
}

/// A row without an anchor contributes nothing, and steps after an anchor have no gradient.
#[test]
fn rows_are_independent_samples() {
    let case = Case::new(CellKind::Gru { reset_after: true }, 1);
    let (both, _) = case.samples(None);
    let ctx = Context::new(InstructionSet::detect(), 1);
    for row in 0..2 {
        let mut only = [None; 3];
        only[row] = ANCHORS[row];
        let mut model = Model::<f64>::new(ctx.instruction_set(), &case.rows.spec);
        let mut recorder =
            Recorder::new(ctx.instruction_set(), (case.kind, 1, HIDDEN), &case.params, &only, WINDOW, None);
        let (mut state, mut grads) = (model.zero_state(3), Params::zeros(case.params.layout().clone()));
        model.pack(&ctx, &case.params);
        let batch = case.rows.scored_at(&only);
        let pass = &mut Pass::new(&ctx, &case.params).observed_by(&mut recorder);
        model.train(pass, &batch, &mut state, &mut grads);
        let [alone] = &recorder.finish()[..] else { panic!("one sample") };
        for (a, b) in alone.layers[0].hidden.iter().zip(&both[row].layers[0].hidden) {
            assert!((a - b).abs() < 1e-12, "row {row}: {a} and {b}");
        }
    }
    let unknown: Measured<usize> = Measured::Unknown(longspan_record::credit::Reason::NoCell);
    assert_eq!(unknown.known(), None);
}
