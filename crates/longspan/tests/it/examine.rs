//! All measurements of a set of weights: closed forms, quantities that do not apply, and the stored part of
//! long profiles.
#![allow(missing_docs, reason = "a test file")]

use crate::rows::{Rows, drawn};
use longspan::cell::CellKind;
use longspan::cell::Real;
use longspan::model::{InputSpec, Model, ModelSpec};
use longspan::params::Params;
use longspan::probe::credit::{Watch, measure, widen};
use longspan::probe::{ProbeOptions, examine};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::ProbeRecord;
use longspan_record::credit::{LayerGates, Measured, Reason};

fn probe<R: Real>(
    spec: &ModelSpec,
    params: &Params<R>,
    rows: &Rows,
    options: &ProbeOptions,
    threads: usize,
) -> ProbeRecord {
    let ctx = Context::new(InstructionSet::detect(), threads);
    let mut watch = Watch { progress: &mut |_, _, _| (), cancelled: &|| false, late: &|| false };
    examine(&ctx, spec, params, rows, options, &mut watch).expect("not cancelled")
}

fn options() -> ProbeOptions {
    let mut options = ProbeOptions { exponents: None, ..ProbeOptions::default() };
    options.reach.least_sequences = 2;
    options.reach.used = false;
    options
}

/// W_hh = a I: the decay, every exponent and every singular value follow from |a|.
#[test]
fn a_linear_network_has_closed_forms() {
    let rows = Rows::classes(CellKind::Identity, 1, 5, &[81; 4], 1);
    let mut params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.3, 2);
    let weights = params.named_mut("rnn.weight_hh_l0");
    (0..25).for_each(|i| weights[i] = if i % 6 == 0 { 0.9 } else { 0.0 });
    let record = probe(&rows.spec, &params, &rows, &options(), 1);
    let lag = record.reach.known().and_then(|reach| reach.lag.known()).expect("a profile");
    assert!((lag.total.decay.known().expect("a decay").factor_per_step - 0.9).abs() < 1e-10);
    let spectrum = record.spectrum.known().expect("a spectrum");
    assert_eq!((spectrum.trajectories, spectrum.exponents_nats_per_step.len()), (4, 5));
    assert!(spectrum.exponents_nats_per_step.iter().all(|x| (x - 0.9f64.ln()).abs() < 1e-10), "{spectrum:?}");
    let products = record.products.known().expect("products");
    assert_eq!(products.iter().map(|p| p.lag_steps).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64]);
    for product in products {
        let exact = product.lag_steps as f64 * 0.9f64.ln();
        let all = product.ln_largest_singular_values.iter().chain(&product.ln_smallest_singular_values);
        assert!(all.into_iter().all(|ln| (ln - exact).abs() < 1e-9), "{product:?}");
    }
    assert_eq!(record, probe(&rows.spec, &params, &rows, &options(), 3), "threads change no bit");
    let text = serde_json::to_string(&record).expect("numbers and names");
    assert_eq!(serde_json::from_str::<ProbeRecord>(&text).expect("what was written"), record);
}

/// The same weights in both number types: values near 1 agree to f32 precision after some tens of steps.
#[test]
fn both_number_types_measure_the_same() {
    for cell in [
        CellKind::Rnn,
        CellKind::Gru { reset_after: true },
        CellKind::Lstm { peepholes: false, coupled: false },
    ] {
        let rows = Rows::classes(cell, 2, 5, &[40; 4], 1);
        let wide = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.4, 2);
        let mut params = Params::<f32>::zeros(wide.layout().clone());
        params.flat_mut().iter_mut().zip(wide.flat()).for_each(|(to, &from)| *to = from as f32);
        let narrow = probe(&rows.spec, &params, &rows, &options(), 1);
        let wide = probe(&rows.spec, &widen(&params), &rows, &options(), 1);
        assert_eq!((narrow.number_type.as_str(), wide.number_type.as_str()), ("F32", "F64"));
        let near = |a: f64, b: f64, what: &str| {
            assert!(
                a == b || (a - b).abs() < 1e-3 * (1.0 + b.abs()),
                "{cell}, {what}: {a} in f32, {b} in f64"
            );
        };
        let lags = [&narrow, &wide]
            .map(|record| record.reach.known().and_then(|reach| reach.lag.known()).expect("a profile"));
        assert_eq!(lags[0].lags, lags[1].lags);
        for (&a, &b) in lags[0].total.ratio.ln_median.iter().zip(&lags[1].total.ratio.ln_median) {
            // Values that f32 cannot represent are zero there.
            if b > -70.0 {
                near(a, b, "ln G");
            }
        }
        let spectra = [&narrow, &wide].map(|record| record.spectrum.known().expect("a spectrum"));
        near(spectra[0].exponents_nats_per_step[0], spectra[1].exponents_nats_per_step[0], "λ₁");
        let products = [&narrow, &wide].map(|record| record.products.known().expect("products"));
        for (narrow, wide) in products[0].iter().zip(products[1]) {
            for (&a, &b) in narrow.ln_largest_singular_values.iter().zip(&wide.ln_largest_singular_values) {
                near(a, b, "ln σ_max");
            }
        }
    }
}

#[test]
fn quantities_that_do_not_apply_have_a_reason() {
    let gru = CellKind::Gru { reset_after: true };
    let rows = Rows::classes(gru, 2, 4, &[20; 4], 1);
    let of = |spec: ModelSpec| {
        let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &spec), 0.3, 2);
        probe(&spec, &params, &rows, &options(), 1)
    };
    let both = of(ModelSpec { bidirectional: true, ..rows.spec.clone() });
    let reasons = |record: &ProbeRecord| {
        let reach = record.reach.known().expect("its gates");
        let of_reach = [reach.lag.reason(), reach.truncation.reason(), reach.sensitivity.reason()];
        [&of_reach[..], &[record.spectrum.reason(), record.products.reason()]].concat()
    };
    assert_eq!(reasons(&both), [Some(Reason::BothWays); 5]);
    for spec in [
        ModelSpec { layer_norm: true, ..rows.spec.clone() },
        ModelSpec { layer_residual: true, ..rows.spec.clone() },
    ] {
        let record = of(spec);
        assert!(record.reach.known().is_some_and(|reach| reach.lag.known().is_some()), "{:?}", record.reach);
        // Norms and sums between layers act within a step.
        let spectrum = record.spectrum.known().expect("exponents");
        assert!(spectrum.exponents_nats_per_step.iter().all(|x| x.is_finite()), "{spectrum:?}");
        assert!(record.products.known().is_some_and(|products| !products.is_empty()));
    }
    let encoded = translating(gru);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &encoded.spec), 0.3, 2);
    let record = probe(&encoded.spec, &params, &encoded, &options(), 1);
    assert_eq!(reasons(&record), [Some(Reason::Encoder); 5]);
    let short = Rows::classes(gru, 1, 4, &[5; 4], 1);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &short.spec), 0.3, 2);
    let record = probe(&short.spec, &params, &short, &options(), 1);
    assert!(matches!(record.spectrum, Measured::Unknown(Reason::ShortTrajectories { found_steps: 5, .. })));
}

/// Rows of a task that outputs tokens in another order: an encoder reads them, a decoder predicts them.
fn translating(cell: CellKind) -> Rows {
    let mut rows = Rows::classes(cell, 2, 4, &[6; 4], 1);
    let read = InputSpec::Tokens { vocabulary: 3, embedding: 4 };
    rows.spec = ModelSpec { input: read, encoder: Some(read), ..rows.spec };
    rows.batch.numbers.clear();
    rows.batch.inputs = (0..24).map(|i| i * i % 3).collect();
    rows.batch.encoded.inputs = (0..20).map(|i| i * i % 3).collect();
    rows.batch.encoded.shape.set_even(5, 4);
    rows.batch.encoded.rows = vec![2, 0, 3, 1];
    rows
}

/// The openness of a gate with zero weights follows from its bias, in both directions and on both sides:
/// σ(b).
#[test]
fn gates_of_all_layers_are_measured() {
    let lstm = CellKind::Lstm { peepholes: false, coupled: false };
    let openness = |gates: &[LayerGates]| -> Vec<f64> {
        let forget = |layer: &LayerGates| layer.gates.known().expect("gates")[1].mean_openness;
        gates.iter().map(forget).collect()
    };
    let plain = Rows::classes(lstm, 2, 4, &[20, 17, 9, 3], 1);
    let both = Rows { spec: ModelSpec { bidirectional: true, ..plain.spec.clone() }, ..plain };
    let both_names = ["l0", "l0_reverse", "l1", "l1_reverse"].map(|name| format!("rnn.bias_ih_{name}"));
    let sides = ["decoder.", "encoder."]
        .iter()
        .flat_map(|side| ["l0", "l1"].map(|l| format!("{side}rnn.bias_ih_{l}")));
    let names: Vec<String> = sides.collect();
    for (rows, names, positions) in
        [(both, &both_names[..], [49, 0]), (translating(lstm), &names[..], [24, 20])]
    {
        let mut params =
            Params::<f64>::zeros(Model::<f64>::new(InstructionSet::detect(), &rows.spec).layout().clone());
        for (i, name) in names.iter().enumerate() {
            // i, f, g, o: 4 units each.
            params.named_mut(name)[4..8].fill(i as f64 - 1.5);
        }
        let record = probe(&rows.spec, &params, &rows, &options(), 1);
        let reach = record.reach.known().expect("gates");
        let found = [openness(&reach.gates), openness(&reach.encoder_gates)].concat();
        assert_eq!(found.len(), 4, "{}", rows.spec.bidirectional);
        for (i, openness) in found.iter().enumerate() {
            let exact = 1.0 / (1.0 + f64::exp(1.5 - i as f64));
            assert!((openness - exact).abs() < 1e-12, "{}: {openness}, not {exact}", names[i]);
        }
        for (gates, positions) in [&reach.gates, &reach.encoder_gates].into_iter().zip(positions) {
            assert!(gates.iter().all(|layer| layer.positions == positions), "{gates:?}");
        }
    }
}

#[test]
fn long_profiles_are_thinned_and_keep_their_values() {
    let rows = Rows::classes(CellKind::Rnn, 1, 4, &[701; 4], 1);
    let params = drawn(&Model::<f64>::new(InstructionSet::detect(), &rows.spec), 0.6, 2);
    let record = probe(&rows.spec, &params, &rows, &options(), 1);
    let lag = record.reach.known().and_then(|reach| reach.lag.known()).expect("a profile");
    assert_eq!((lag.lags[0], lag.lags.last(), lag.window_steps), (0, Some(&lag.window_steps), 700));
    assert!((100..=200).contains(&lag.lags.len()) && lag.lags.is_sorted(), "{:?}", lag.lags);
    assert_eq!(lag.lags[..100], (0..100).collect::<Vec<_>>(), "exact at first");
    assert_eq!(lag.total.ratio.ln_median.len(), lag.lags.len());
    let ctx = Context::new(InstructionSet::detect(), 1);
    let mut watch = Watch { progress: &mut |_, _, _| (), cancelled: &|| false, late: &|| false };
    let whole =
        measure(&ctx, &rows.spec, &params, &rows, &options().reach, &mut watch).expect("not cancelled");
    let whole = whole.lag.known().expect("a profile");
    assert_eq!(whole.lags.len(), 701, "all of them are measured");
    for (at, &tau) in lag.lags.iter().enumerate() {
        assert_eq!(lag.total.ratio.ln_median[at], whole.total.ratio.ln_median[tau], "{tau}");
        assert_eq!(lag.ln_median_at(tau), Some(whole.total.ratio.ln_median[tau]));
    }
    assert_eq!(lag.ln_median_at(701), None);
}
