//! Rules about the gradient on the numbers of real runs (`tools/real_runs.toml`).

use longspan_diagnose::{Evidence, Finding, Severity, diagnose};
use longspan_record::Snapshot;
use longspan_record::credit::Measured;

use super::evidence::{MakeFaulty, config, facts, good, lag_snapshot_of};

/// What is known of a run.
struct Real {
    id: &'static str,
    settings: &'static str,
    window: usize,
    /// Whether the data are a text, in windows that cut the gradient off.
    carried: bool,
    needed: Option<usize>,
    /// Best validation over the baseline.
    learned: f64,
    /// log10 of G at the last lag of the window, by a probe; for A35 from its Lyapunov exponent. NaN: not measured.
    log10_left: f64,
    /// log10 of the gradient at each layer over that at the top.
    log10_layers: &'static [f64],
    /// The 98th percentile of log10 ‖∂ℒ/∂h_1‖ / ‖∂ℒ/∂h_T‖.
    log10_survival: f64,
}

const INF: f64 = f64::INFINITY;

#[rustfmt::skip]
const RUNS: [(Real, &[&str]); 15] = [
    // Ragged sequences, stacks and IRNNs that learned: nothing.
    (Real { id: "A02", settings: "layers=3", window: 26, carried: false, needed: None, learned: 0.01, log10_left: f64::NAN, log10_layers: &[], log10_survival: 3.25 }, &[]),
    (Real { id: "A04", settings: "layers=4", window: 26, carried: false, needed: None, learned: 0.01, log10_left: f64::NAN, log10_layers: &[], log10_survival: 3.64 }, &[]),
    (Real { id: "A06", settings: "layers=4", window: 28, carried: false, needed: None, learned: 0.09, log10_left: -0.69, log10_layers: &[-1.71, -1.11, -0.61, 0.0], log10_survival: 1.76 }, &[]),
    (Real { id: "A07", settings: "layers=3", window: 20, carried: false, needed: None, learned: 0.41, log10_left: -0.32, log10_layers: &[-0.09, -0.07, 0.0], log10_survival: 2.67 }, &[]),
    (Real { id: "A35", settings: "cell=relu", window: 26, carried: false, needed: None, learned: 0.01, log10_left: 1.5, log10_layers: &[0.0], log10_survival: INF }, &[]),
    (Real { id: "A37", settings: "cell=relu init=identity", window: 28, carried: false, needed: None, learned: 0.10, log10_left: -0.30, log10_layers: &[0.0], log10_survival: 0.45 }, &[]),
    // Texts with a gradient that has vanished long before the cut.
    (Real { id: "A12", settings: "", window: 128, carried: true, needed: None, learned: 0.52, log10_left: -6.56, log10_layers: &[0.0], log10_survival: 0.18 }, &[]),
    (Real { id: "A16", settings: "layers=3", window: 64, carried: true, needed: None, learned: 0.59, log10_left: -3.06, log10_layers: &[-0.01, -0.12, 0.0], log10_survival: 0.34 }, &[]),
    (Real { id: "C1c", settings: "", window: 64, carried: true, needed: None, learned: 0.77, log10_left: -2.37, log10_layers: &[0.0], log10_survival: 0.76 }, &[]),
    // The same text as C1c, cut off after 4 steps.
    (Real { id: "C01", settings: "", window: 4, carried: true, needed: None, learned: 0.80, log10_left: -0.40, log10_layers: &[0.0], log10_survival: 0.18 }, &["truncation-too-short"]),
    // The gradient is small at a lag that the task does not need.
    (Real { id: "A15", settings: "cell=gru layers=2", window: 24, carried: false, needed: None, learned: 0.90, log10_left: -3.07, log10_layers: &[-0.08, 0.0], log10_survival: -2.28 }, &[]),
    // Enough of the gradient arrives, but the loss has not fallen yet: something else is the cause.
    (Real { id: "B07", settings: "", window: 120, carried: false, needed: Some(110), learned: 1.01, log10_left: -1.23, log10_layers: &[0.0], log10_survival: 0.09 }, &[]),
    (Real { id: "B01", settings: "cell=rnn clip=none init=orthogonal:3 lr=1e-2", window: 64, carried: true, needed: None, learned: 0.79, log10_left: 3.38, log10_layers: &[0.0], log10_survival: 6.31 }, &["exploding-gradient"]),
    (Real { id: "C02", settings: "cell=rnn clip=norm:1e6 init=orthogonal:3 lr=1e-2", window: 64, carried: true, needed: None, learned: 0.79, log10_left: 3.38, log10_layers: &[0.0], log10_survival: 6.31 }, &["exploding-gradient"]),
    (Real { id: "C05", settings: "layers=8", window: 28, carried: false, needed: None, learned: 0.18, log10_left: 0.05, log10_layers: &[-3.27, -2.82, -2.38, -1.98, -1.61, -1.09, -0.58, 0.0], log10_survival: 4.0 }, &["vanishing-across-layers"]),
];

/// The rules of which these runs are a test.
const OF_THE_GRADIENT: [&str; 5] = [
    "exploding-gradient",
    "vanishing-gradient",
    "vanishing-across-layers",
    "truncation-too-short",
    "horizon-below-need",
];

fn evidence(real: &Real) -> Evidence {
    let mut evidence = good(real.settings);
    evidence.facts = longspan_diagnose::Facts {
        window_steps: real.window,
        carried: real.carried,
        needed_lag_steps: real.needed,
        ..facts(&config(real.settings))
    };
    evidence.probe = None;
    evidence.losses(real.learned);
    // A loss at every step.
    evidence.each_step(|step| (step.scored, step.log10_survival) = (640, vec![real.log10_survival]));
    let ln_per_step = real.log10_left * std::f64::consts::LN_10 / (real.window - 1) as f64;
    if real.log10_left.is_nan() {
        return evidence;
    }
    evidence.each_snapshot(|snapshot: &mut Snapshot| {
        let mut lag = lag_snapshot_of(real.window, 32, ln_per_step);
        lag.ln_layer_ratio = real.log10_layers.iter().map(|x| x * std::f64::consts::LN_10).collect();
        snapshot.lag = Some(lag);
    });
    evidence
}

fn of_the_gradient(evidence: &Evidence) -> Vec<&'static str> {
    let bad = |finding: &Finding| finding.severity != Severity::Note;
    let findings = diagnose(evidence).findings.into_iter().filter(bad);
    findings.map(|finding| finding.code()).filter(|code| OF_THE_GRADIENT.contains(code)).collect()
}

#[test]
fn the_gradient_of_real_runs_is_judged_as_it_is() {
    for (real, expected) in &RUNS {
        assert_eq!(of_the_gradient(&evidence(real)), *expected, "{}", real.id);
    }
}

/// A whole probe looks further back than training: its horizon is finite and beyond the cut.
#[test]
fn a_text_that_is_cut_off_after_4_steps_is_found_after_a_full_probe_too() {
    let (real, expected) = RUNS.iter().find(|(real, _)| real.id == "C01").expect("C01");
    let mut evidence = evidence(real);
    let mut probed = good("");
    let horizon = &mut probed.lag().total.horizon;
    (horizon.at_least, horizon.high_at_least, horizon.steps) = (false, false, 50);
    if let Measured::Known(used) = &mut probed.probe().used_lag {
        used.used_lag_steps = Measured::Known(66);
    }
    evidence.probe = probed.probe;
    assert_eq!(of_the_gradient(&evidence), *expected);
}
