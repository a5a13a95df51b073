//! Changes that give a good run what one rule looks for.

use longspan_diagnose::Evidence;
use longspan_record::credit::Measured;
use longspan_record::{ChannelRecord, ClassScore, Estimate, ScoreRecord, ValueRange};

use super::evidence::{BASELINE, MakeFaulty, STEPS, WINDOW, lag_snapshot};

/// Sets ‖Δw‖ / ‖w‖ of all snapshots.
pub(super) fn updates(evidence: &mut Evidence, ratio: f64) {
    evidence.each_snapshot(|snapshot| snapshot.log10_update_ratio = ratio.log10());
}

/// The training loss falls by `fall` before the last quarter, to `last`, both over the baseline.
pub(super) fn falls(evidence: &mut Evidence, last: f64, fall: f64) {
    evidence.each_step(|step| {
        let before = if step.step <= STEPS * 3 / 4 { fall } else { 0.0 };
        step.loss = (last + before) * BASELINE;
    });
}

/// Validation rises by `rise` from its best while the training loss falls by `fall`, both over the baseline.
pub(super) fn overfit(evidence: &mut Evidence, rise: f64, fall: f64) {
    let score = |step: u64, loss: f64, train: f64| ScoreRecord {
        step,
        loss: loss * BASELINE,
        scored: 640,
        train: Some(Estimate { mean: train * BASELINE, standard_error: 0.0 }),
        ..ScoreRecord::default()
    };
    evidence.valid = vec![score(STEPS / 4, 0.5, 0.5)];
    evidence.valid.extend([2, 3, 4].map(|quarter| score(STEPS * quarter / 4, 0.5 + rise, 0.5 - fall)));
}

/// Training and validation stall at one height; the training score is `gap` standard errors below.
pub(super) fn underfit(evidence: &mut Evidence, loss: f64, gap: f64, fall: f64) {
    evidence.losses(loss);
    falls(evidence, loss, fall);
    let last = evidence.valid.last_mut().expect("validations");
    last.train = Some(Estimate { mean: last.loss - 1e-3 * gap, standard_error: 1e-3 });
}

/// A share of 1000 classes is predicted, and the accuracy is `gain` of the rest above that of the first class.
pub(super) fn predict(evidence: &mut Evidence, gain: f64, share: f64) {
    let last = evidence.valid.last_mut().expect("validations");
    let predicted_classes = (1000.0 * share).round() as usize;
    last.accuracy = Some(0.6 + 0.4 * gain);
    last.classes = Some(ClassScore { macro_f1: 0.1, classes: 1000, predicted_classes, largest_share: 0.6 });
}

/// The first validation is `gap` times the training score, and `errors` standard errors above it.
pub(super) fn apart(evidence: &mut Evidence, loss: f64, gap: f64, errors: f64) {
    evidence.losses(loss);
    let first = &mut evidence.valid[0];
    let mean = first.loss / gap;
    first.train = Some(Estimate { mean, standard_error: (first.loss - mean) / errors });
}

/// A labelled run whose training score and validation have these losses over the baseline.
pub(super) fn label(evidence: &mut Evidence, train: f64, valid: f64) {
    evidence.facts.settings.insert("labelled".into(), "rows.ts".into());
    let mut score = evidence.valid[0].clone();
    (score.loss, score.accuracy) = (valid * BASELINE, Some(0.5));
    score.train = Some(Estimate { mean: train * BASELINE, standard_error: 0.0 });
    evidence.valid = vec![score; 3];
}

/// A column with 98 % of its values between 0.01 and 0.99, none below 0, and one of this size.
pub(super) fn channel(max: f64) -> ChannelRecord {
    let train =
        ValueRange { count: 1000, min: 0.0, p01: 0.01, median: 0.5, p99: 0.99, max, mean: 0.5, std: 0.3 };
    ChannelRecord { name: "x".into(), train, ..ChannelRecord::default() }
}

/// An input and a target with these correlations with the first predicted value.
pub(super) fn leak(evidence: &mut Evidence, input: f64, target: f64, loss: f64) {
    evidence.losses(loss);
    let of = |target, correlation| ChannelRecord { target, correlation, ..channel(1.0) };
    evidence.facts.channels = vec![of(false, input), of(true, target)];
}

/// From the middle on, the rate is a share of the largest; before, the loss fell by `fall` to `loss`.
pub(super) fn end_early(evidence: &mut Evidence, rate: f64, fall: f64, loss: f64) {
    evidence.losses(loss);
    let lr = evidence.facts.lr;
    evidence.each_step(|step| match step.step {
        // The quarter before the last one of the first half.
        ..=375 => step.loss = (loss + fall) * BASELINE,
        376..=500 => {}
        _ => step.lr = rate * lr,
    });
}

/// In a share of the snapshots, one for each step, the gradient of one loss grows by the factor `growth`.
pub(super) fn explode(evidence: &mut Evidence, growth: f64, share: f64) {
    let snapshot = evidence.steps.iter().find_map(|step| step.snapshot.clone()).expect("snapshots");
    evidence.each_step(|step| {
        let grows = step.step as f64 <= (share * STEPS as f64).round();
        let ln = if grows { growth.ln() / (WINDOW - 1) as f64 } else { -0.1 };
        step.snapshot.get_or_insert_with(|| snapshot.clone()).lag = Some(lag_snapshot(32, ln));
    });
}

/// Two of a hundred norms are `tail` times the median, and nothing is learned.
pub(super) fn heavy_tail(evidence: &mut Evidence, tail: f64) {
    evidence.losses(1.0);
    evidence.each_step(|step| {
        step.log10_global_norm = if step.step.is_multiple_of(50) { tail.log10() } else { 0.0 };
    });
}

/// The largest exponent is two standard errors above `sure`.
pub(super) fn chaos(evidence: &mut Evidence, sure: f64) {
    let spectrum = evidence.probe.as_mut().and_then(|probe| probe.spectrum.as_mut()).expect("a spectrum");
    for layer in &mut spectrum.layers {
        layer.exponents_nats_per_step[0] = sure + 0.02;
        layer.standard_errors_nats_per_step[0] = Some(0.01);
    }
}

/// Shares of saturated candidates and states, and of gates that are closed.
pub(super) fn saturate(evidence: &mut Evidence, share: f64, gates: f64) {
    for layer in &mut evidence.probe().gates {
        if let Measured::Known(activations) = &mut layer.activations {
            activations[0].saturated_share = share;
        }
        if let Measured::Known(of) = &mut layer.gates {
            of.iter_mut().for_each(|gate| (gate.closed_share, gate.open_share) = (gates, 0.0));
        }
    }
}
