//! For each threshold, a run in which that value alone decides: in everything else the rule would report.

use longspan_diagnose::{Evidence, Threshold, rule};
use longspan_record::credit::Measured;

use super::evidence::{BASELINE, MakeFaulty, STEPS, WINDOW, good, lag_snapshot};

/// The side of a threshold on which the rule reports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    Above,
    Below,
}

/// A run in which one value is compared with one threshold.
pub(crate) struct Case {
    pub(crate) code: &'static str,
    /// The beginning of the name of that value.
    pub(crate) of: &'static str,
    pub(crate) beyond: Beyond,
    pub(crate) cells: &'static [&'static str],
    pub(crate) settings: &'static str,
    /// Gives this value to a good run.
    pub(crate) make_faulty: fn(&mut Evidence, f64),
}

impl Case {
    pub(crate) fn threshold(&self) -> Threshold {
        let rule = rule(self.code).unwrap_or_else(|| panic!("no rule {}", self.code));
        let found = rule.page.thresholds.iter().find(|threshold| threshold.of.en.starts_with(self.of));
        *found.unwrap_or_else(|| panic!("{} has no threshold for \"{}\"", self.code, self.of))
    }

    /// The evidence of the run, with this value.
    pub(crate) fn at(&self, cell: &str, value: f64) -> Evidence {
        let mut evidence = good(&format!("cell={cell} {}", self.settings));
        (self.make_faulty)(&mut evidence, value);
        evidence
    }
}

/// Thresholds without a case: they are numbers of the run itself, follow from another threshold, or have
/// their own test.
pub(crate) const OTHERS: [(&str, &str); 8] = [
    // Below it, the finding is a note: `findings.rs` has a test.
    ("exploding-gradient", "best loss over the baseline"),
    ("non-finite", "values that are not finite"),
    ("horizon-below-need", "upper end of the interval of the gradient horizon"),
    ("truncation-too-short", "K, in steps"),
    ("loss-at-chance", "share of the planned steps"),
    ("loss-at-chance", "steps"),
    ("loss-at-chance", "fall of the last quarter below the one before it, in standard errors"),
    // A limit that never clips, although the norms have such a tail, is above the median norm.
    ("clip-never", "limit over the median norm"),
];

const ALL: &[&str] = &["rnn", "relu", "identity", "residual", "gru", "lstm"];
const TANH: &[&str] = &["rnn", "residual", "gru", "lstm"];
const BOUNDED: &[&str] = &["rnn", "gru", "lstm"];

const fn case(
    code: &'static str,
    of: &'static str,
    beyond: Beyond,
    cells: &'static [&'static str],
    settings: &'static str,
    make_faulty: fn(&mut Evidence, f64),
) -> Case {
    Case { code, of, beyond, cells, settings, make_faulty }
}

pub(crate) const CASES: &[Case] = {
    use Beyond::{Above, Below};
    &[
        case("exploding-gradient", "growth of the gradient", Above, ALL, "clip=none", |evidence, growth| {
            evidence.losses(0.8);
            explode(evidence, growth, 1.0);
        }),
        case("exploding-gradient", "share of the snapshots", Above, ALL, "", |evidence, share| {
            evidence.losses(0.8);
            explode(evidence, 1e3, share);
        }),
        case("vanishing-gradient", "share of the gradient", Below, ALL, "", |evidence, left| {
            evidence.losses(1.0);
            evidence.lag().total.ratio.ln_median[WINDOW - 1] = left.ln();
        }),
        case("vanishing-gradient", "best loss", Above, ALL, "", |evidence, loss| {
            evidence.losses(loss);
            evidence.lag().total.ratio.ln_median[WINDOW - 1] = -30.0;
        }),
        case("loss-at-chance", "best loss", Above, ALL, "", |evidence, loss| evidence.losses(loss)),
        case("step-too-large", "‖Δw‖ / ‖w‖ of a step", Above, ALL, "", |evidence, ratio| {
            evidence.losses(1.0);
            evidence.each_snapshot(|snapshot| snapshot.log10_update_ratio = ratio.log10());
        }),
        case("step-too-large", "the largest", Above, ALL, "", |evidence, ratio| {
            evidence.losses(1.0);
            let snapshot =
                evidence.steps.iter_mut().find_map(|step| step.snapshot.as_mut()).expect("snapshots");
            snapshot.log10_update_ratio = ratio.log10();
        }),
        case("step-too-large", "loss over the baseline", Above, ALL, "", |evidence, loss| {
            evidence.losses(loss);
            evidence.each_snapshot(|snapshot| snapshot.log10_update_ratio = 0.0);
        }),
        case("step-too-large", "late loss over the best", Above, ALL, "", |evidence, worse| {
            evidence.losses(0.1);
            evidence.valid.last_mut().expect("validations").loss = 0.1 * worse * BASELINE;
            evidence.each_snapshot(|snapshot| snapshot.log10_update_ratio = 0.0);
        }),
        case("horizon-below-need", "best loss", Above, ALL, "", |evidence, loss| {
            evidence.losses(loss);
            let horizon = &mut evidence.lag().total.horizon;
            (horizon.at_least, horizon.high_at_least, horizon.steps) = (false, false, 5);
            (horizon.low_steps, horizon.high_steps) = (3, 7);
        }),
        case("truncation-too-short", "share of the gradient", Above, ALL, "", |evidence, left| {
            (evidence.facts.carried, evidence.facts.needed_lag_steps, evidence.probe) = (true, None, None);
            evidence.each_snapshot(|snapshot| {
                snapshot.lag = Some(lag_snapshot(32, left.ln() / (WINDOW - 1) as f64));
            });
        }),
        case(
            "truncation-too-short",
            "steps that the model uses",
            Above,
            ALL,
            "unroll=20",
            |evidence, used| {
                // With a window of 1000 steps, the share is a whole number of steps.
                let window = 1000;
                (evidence.facts.carried, evidence.facts.needed_lag_steps, evidence.facts.window_steps) =
                    (true, None, window);
                evidence.lag().total.horizon.steps = window;
                if let Measured::Known(of) = &mut evidence.probe().used_lag {
                    of.used_lag_steps = Measured::Known((used * window as f64).round() as usize);
                }
            },
        ),
        case("clip-missing", "largest norms", Above, ALL, "clip=none", heavy_tail),
        case("clip-missing", "median norm", Above, ALL, "clip=none", |evidence, norm| {
            evidence.each_step(|step| step.log10_global_norm = norm.log10());
        }),
        case("clip-always", "share of late steps", Above, ALL, "clip=norm:0.01", |evidence, share| {
            let steps = evidence.steps.len() as f64;
            evidence.each_step(|step| {
                // The last steps are not clipped, so that the share is one of the late steps.
                let late = steps / 4.0;
                step.log10_global_norm = 0.0;
                step.clipped = (steps - step.step as f64) >= ((1.0 - share) * late).round();
            });
        }),
        case("clip-always", "median norm", Above, ALL, "clip=norm:0.01", |evidence, over| {
            evidence.each_step(|step| {
                (step.log10_global_norm, step.clipped) = ((0.01 * over).log10(), true);
            });
        }),
        case("clip-never", "largest norms", Above, ALL, "clip=norm:1e6", heavy_tail),
        case("chaotic-dynamics", "largest Lyapunov", Above, BOUNDED, "", |evidence, exponent| {
            evidence.facts.window_steps = 1000;
            chaos(evidence, exponent);
        }),
        case("chaotic-dynamics", "growth of a small change", Above, BOUNDED, "", |evidence, growth| {
            evidence.facts.window_steps = 10;
            chaos(evidence, growth.ln() / 10.0);
        }),
        case("sensitivity-explosion", "root mean square", Above, ALL, "", |evidence, rms| {
            if let Measured::Known(points) = &mut evidence.probe().sensitivity {
                points.last_mut().expect("a point").recurrent_rms = rms;
            }
        }),
        case("saturated-units", "share of positions", Above, TANH, "init=gaussian:4", |evidence, share| {
            evidence.losses(0.8);
            saturate(evidence, share);
        }),
        case(
            "saturated-units",
            "the same share if the loss is low",
            Above,
            TANH,
            "init=gaussian:4",
            saturate,
        ),
        case("dead-units", "share of units", Above, &["relu"], "hidden=1000", |evidence, share| {
            for layer in &mut evidence.probe().gates {
                if let Measured::Known(activations) = &mut layer.activations {
                    activations[0].saturated_units = (1000.0 * share).round() as usize;
                }
            }
        }),
        case(
            "stuck-gates",
            "share of positions",
            Above,
            &["gru", "lstm"],
            "init=uniform",
            |evidence, share| {
                for layer in &mut evidence.probe().gates {
                    if let Measured::Known(gates) = &mut layer.gates {
                        gates[1].closed_share = share;
                    }
                }
            },
        ),
        case(
            "vanishing-across-layers",
            "gradient at the bottom",
            Below,
            ALL,
            "layers=3",
            |evidence, left| {
                evidence.lag().depth.ln_layer_ratio = vec![left.ln(), left.ln() / 2.0, 0.0];
            },
        ),
        case("unscaled-input", "root mean square", Above, ALL, "", |evidence, rms| {
            evidence.each_snapshot(|snapshot| {
                snapshot
                    .batch
                    .input
                    .iter_mut()
                    .for_each(|input| (input.rms, input.largest) = (rms, 3.0 * rms));
            });
        }),
        case("padding-dominated", "share of positions", Above, ALL, "", |evidence, share| {
            evidence.each_snapshot(|snapshot| {
                snapshot.batch.positions = 1000;
                snapshot.batch.filled_positions = (1000.0 * share).round() as usize;
            });
        }),
        case("padding-dominated", "share of rows", Above, ALL, "", |evidence, share| {
            evidence.each_snapshot(|snapshot| {
                snapshot.batch.rows = 1000;
                snapshot.batch.unscored_rows = (1000.0 * share).round() as usize;
            });
        }),
    ]
};

/// In a share of the snapshots the gradient of one loss grows by the factor `growth`.
fn explode(evidence: &mut Evidence, growth: f64, share: f64) {
    let snapshots = STEPS as f64 / 10.0;
    let mut seen = 0.0;
    evidence.each_snapshot(|snapshot| {
        seen += 1.0;
        let grows = seen <= (share * snapshots).round();
        let ln = if grows { growth.ln() / (WINDOW - 1) as f64 } else { -0.1 };
        snapshot.lag = Some(lag_snapshot(32, ln));
    });
}

/// Two of a hundred norms are `tail` times the median, and nothing is learned.
fn heavy_tail(evidence: &mut Evidence, tail: f64) {
    evidence.losses(1.0);
    evidence.each_step(|step| {
        step.log10_global_norm = if step.step.is_multiple_of(50) { tail.log10() } else { 0.0 };
    });
}

/// The largest exponent is two standard errors above `sure`.
fn chaos(evidence: &mut Evidence, sure: f64) {
    let spectrum = evidence.probe.as_mut().and_then(|probe| probe.spectrum.as_mut()).expect("a spectrum");
    for layer in &mut spectrum.layers {
        layer.exponents_nats_per_step[0] = sure + 0.02;
        layer.standard_errors_nats_per_step[0] = Some(0.01);
    }
}

fn saturate(evidence: &mut Evidence, share: f64) {
    for layer in &mut evidence.probe().gates {
        if let Measured::Known(activations) = &mut layer.activations {
            activations[0].saturated_share = share;
        }
    }
}
