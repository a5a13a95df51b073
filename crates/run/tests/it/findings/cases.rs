//! For each threshold, a run in which that value alone decides: in everything else the rule would report.

use longspan_diagnose::{Evidence, Threshold, rule};
use longspan_record::credit::Measured;
use longspan_record::{ChannelRecord, ClassScore, Estimate, TensorRecord, ValueRange};

use super::evidence::{BASELINE, MakeFaulty, STEPS, WINDOW, good, lag_snapshot};
use super::faulty::{
    apart, channel, chaos, end_early, explode, falls, heavy_tail, label, leak, overfit, predict, saturate,
    underfit, updates,
};

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
pub(crate) const OTHERS: [(&str, &str); 15] = [
    // Below it, the finding is a note: `findings.rs` has a test.
    ("exploding-gradient", "best loss over the baseline"),
    ("non-finite", "values that are not finite"),
    // It decides whether it is a note: `findings.rs` has a test.
    ("recovered-faults", "failed steps"),
    ("horizon-below-need", "upper end of the interval of the gradient horizon"),
    ("truncation-too-short", "K, in steps"),
    ("no-better-than-baseline", "share of the planned steps"),
    ("no-better-than-baseline", "steps"),
    (
        "no-better-than-baseline",
        "fall of the training loss from the third quarter to the last, in standard errors",
    ),
    // A limit that never clips, although the norms have such a tail, is above the median norm.
    ("clip-never", "limit over the median norm"),
    // They decide how bad it is, or what is named as the reason.
    ("dead-units", "loss over the baseline"),
    ("step-too-small", "median norm over the clipping limit"),
    ("step-too-small", "median late rate over the largest rate"),
    // A whole number, a value that two steps have, and noise.
    ("underfitting", "units of a layer"),
    ("schedule-ended", "share of the steps after the schedule"),
    ("still-improving", "fall of the mean training loss"),
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
        case("no-better-than-baseline", "best validation loss", Above, ALL, "", |evidence, loss| {
            evidence.losses(loss)
        }),
        case("no-better-than-baseline", "the same ratio for a series", Above, ALL, "", |evidence, loss| {
            evidence.facts.settings.insert("series".into(), "rows.csv".into());
            evidence.losses(loss);
        }),
        case("step-too-large", "‖Δw‖ / ‖w‖ of a step", Above, ALL, "", |evidence, ratio| {
            evidence.losses(1.0);
            updates(evidence, ratio);
        }),
        case("step-too-large", "the largest", Above, ALL, "", |evidence, ratio| {
            evidence.losses(1.0);
            let snapshot =
                evidence.steps.iter_mut().find_map(|step| step.snapshot.as_mut()).expect("snapshots");
            snapshot.log10_update_ratio = ratio.log10();
        }),
        case("step-too-large", "loss over the baseline", Above, ALL, "", |evidence, loss| {
            evidence.losses(loss);
            updates(evidence, 0.1);
        }),
        case("step-too-large", "fall of the training loss", Below, ALL, "", |evidence, fall| {
            evidence.losses(0.9);
            falls(evidence, 0.9, fall);
            updates(evidence, 0.1);
        }),
        case("step-too-large", "late training loss", Above, ALL, "", |evidence, worse| {
            evidence.losses(0.25);
            evidence.each_step(|step| {
                if step.step > STEPS - 100 {
                    step.loss = 0.25 * worse * BASELINE;
                }
            });
            updates(evidence, 0.1);
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
            evidence.losses(0.95);
            saturate(evidence, share, 0.95);
        }),
        case(
            "saturated-units",
            "gates that are",
            Above,
            &["gru", "lstm"],
            "init=gaussian:4",
            |evidence, share| {
                evidence.losses(0.95);
                saturate(evidence, 0.95, share);
            },
        ),
        case(
            "saturated-units",
            "loss over the baseline",
            Above,
            TANH,
            "init=gaussian:4",
            |evidence, loss| {
                evidence.losses(loss);
                saturate(evidence, 0.95, 0.95);
            },
        ),
        case(
            "saturated-units",
            "fall of the training loss",
            Below,
            TANH,
            "init=gaussian:4",
            |evidence, fall| {
                evidence.losses(0.95);
                falls(evidence, 0.95, fall);
                saturate(evidence, 0.95, 0.95);
            },
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
        case("embedding-too-large", "root mean square", Above, ALL, "", |evidence, rms| {
            evidence.each_snapshot(|snapshot| {
                let tensor = |name: &str, log10_update_ratio, rms| TensorRecord {
                    name: name.into(),
                    share: 0.5,
                    log10_update_ratio,
                    rms: Some(rms),
                };
                // Other tensors may be as large.
                snapshot.tensors =
                    vec![tensor("head.weight", -2.0, 30.0), tensor("embedding.weight", -4.0, rms)];
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
        case(
            "overfitting",
            "rise of the validation loss from its best, in",
            Above,
            ALL,
            "",
            |evidence, errors| {
                overfit(evidence, 0.2, 0.1);
                let last = evidence.valid.last_mut().expect("validations");
                last.above_best = Some(Estimate { mean: errors, standard_error: 1.0 });
            },
        ),
        case(
            "overfitting",
            "rise of the validation loss from its best, over",
            Above,
            ALL,
            "",
            |evidence, rise| {
                overfit(evidence, rise, 0.1);
                let last = evidence.valid.last_mut().expect("validations");
                last.above_best = Some(Estimate { mean: 9.0, standard_error: 1.0 });
            },
        ),
        case("overfitting", "the same rise", Above, ALL, "", |evidence, rise| overfit(evidence, rise, 0.1)),
        case("overfitting", "the rise over the median change", Above, ALL, "", |evidence, changes| {
            overfit(evidence, 0.3, 0.1);
            // Both changes after the best have this size.
            let change = 0.3 * BASELINE / changes;
            let last = evidence.valid[3].loss;
            (evidence.valid[1].loss, evidence.valid[2].loss) = (last + 2.0 * change, last + change);
        }),
        case("overfitting", "fall of the training loss", Above, ALL, "", |evidence, fall| {
            overfit(evidence, 0.2, fall);
        }),
        case("step-too-small", "median ‖Δw‖", Below, ALL, "lr=1e-5", |evidence, ratio| {
            evidence.losses(1.0);
            updates(evidence, ratio);
        }),
        case(
            "step-too-small",
            "loss over the baseline",
            Above,
            ALL,
            "optimizer=sgd lr=1e-3",
            |evidence, loss| {
                evidence.losses(loss);
                updates(evidence, 1e-5);
            },
        ),
        case("still-improving", "the same fall", Above, ALL, "", |evidence, fall| falls(evidence, 0.5, fall)),
        case("still-improving", "last validation loss", Above, ALL, "", |evidence, left| {
            falls(evidence, 0.5, 0.1);
            evidence.valid.iter_mut().for_each(|score| score.loss = left * BASELINE);
        }),
        case("underfitting", "probability", Above, ALL, "", |evidence, dropout| {
            underfit(evidence, 0.8, 0.0, 0.0);
            evidence.facts.settings.insert("dropout".into(), dropout.to_string());
        }),
        case("underfitting", "validation loss", Above, ALL, "hidden=8", |evidence, loss| {
            underfit(evidence, loss, 0.0, 0.0);
        }),
        case("underfitting", "validation minus training", Below, ALL, "hidden=8", |evidence, gap| {
            underfit(evidence, 0.8, gap, 0.0);
        }),
        case("underfitting", "fall of the training loss", Below, ALL, "hidden=8", |evidence, fall| {
            underfit(evidence, 0.8, 0.0, fall);
        }),
        case("majority-class", "accuracy above", Below, ALL, "", |evidence, gain| {
            predict(evidence, gain, 0.1);
        }),
        case("majority-class", "classes that are", Below, ALL, "", |evidence, share| {
            predict(evidence, 0.0, share);
        }),
        case(
            "majority-class",
            "share of the most frequent class over",
            Above,
            ALL,
            "",
            |evidence, imbalance| {
                predict(evidence, 0.0, 0.1);
                let last = evidence.valid.last_mut().expect("validations");
                let largest_share = imbalance / 1000.0;
                last.accuracy = Some(largest_share);
                last.classes = last.classes.map(|classes| ClassScore { largest_share, ..classes });
            },
        ),
        case("distribution-shift", "share of the held-out", Above, ALL, "", |evidence, share| {
            evidence.losses(2.0);
            let held_out = Some(ValueRange::default());
            let channel =
                ChannelRecord { name: "year".into(), held_out, outside_share: share, ..channel(1.0) };
            evidence.facts.channels = vec![channel];
        }),
        case("distribution-shift", "first validation loss", Above, ALL, "", |evidence, gap| {
            apart(evidence, 2.0, gap, 9.0);
        }),
        case("distribution-shift", "their difference", Above, ALL, "", |evidence, errors| {
            apart(evidence, 2.0, 9.0, errors);
        }),
        case("distribution-shift", "best validation loss", Above, ALL, "", |evidence, loss| {
            apart(evidence, loss, 9.0, 9.0);
        }),
        case("uninformative-labels", "training loss", Below, ALL, "", |evidence, loss| {
            label(evidence, loss, 1.1);
        }),
        case("uninformative-labels", "best validation loss", Above, ALL, "", |evidence, loss| {
            label(evidence, 0.1, loss);
        }),
        case("constant-target", "spread", Below, ALL, "", |evidence, spread| {
            let train = ValueRange { min: 1.0 - spread, ..channel(1.0).train };
            evidence.facts.channels = vec![ChannelRecord { target: true, train, ..channel(1.0) }];
        }),
        case("outliers", "distance of a value", Above, ALL, "", |evidence, distance| {
            evidence.facts.channels = vec![channel(0.99 + 0.98 * distance)];
        }),
        case("outliers", "the same ratio", Above, ALL, "", |evidence, distance| {
            let mut of = channel(999.0);
            (of.train.p01, of.train.p99) = (0.0, 999.0 / (1.0 + distance));
            evidence.facts.channels = vec![of];
        }),
        case("possible-leak", "|correlation|", Above, ALL, "", |evidence, correlation| {
            leak(evidence, correlation, 0.5, 0.05);
        }),
        case("possible-leak", "what this correlation lacks", Below, ALL, "", |evidence, closer| {
            leak(evidence, 0.999, 1.0 - 0.001 / closer, 0.05);
        }),
        case("possible-leak", "validation loss", Below, ALL, "", |evidence, loss| {
            leak(evidence, 0.999, 0.5, loss)
        }),
        case("schedule-ended", "learning rate", Below, ALL, "schedule=step:1", |evidence, rate| {
            end_early(evidence, rate, 0.5, 0.8);
        }),
        case(
            "schedule-ended",
            "fall of the training loss",
            Above,
            ALL,
            "schedule=step:1",
            |evidence, fall| {
                end_early(evidence, 1e-3, fall, 0.8);
            },
        ),
        case("schedule-ended", "loss over the baseline", Above, ALL, "schedule=step:1", |evidence, loss| {
            end_early(evidence, 1e-3, 0.5, loss);
        }),
        case(
            "weight-decay-dominates",
            "share of an update",
            Above,
            ALL,
            "optimizer=adamw weight_decay=0.5",
            |evidence, share| {
                evidence.losses(0.8);
                let pull = evidence.facts.lr * 0.5;
                updates(evidence, pull / share);
            },
        ),
        case(
            "weight-decay-dominates",
            "weight decay of adam",
            Above,
            ALL,
            "weight_decay=0.5",
            |evidence, decay| {
                evidence.losses(0.8);
                evidence.facts.settings.insert("weight_decay".into(), decay.to_string());
            },
        ),
        case(
            "weight-decay-dominates",
            "loss over the baseline",
            Above,
            ALL,
            "weight_decay=0.5",
            |evidence, loss| {
                evidence.losses(loss);
            },
        ),
        case(
            "weight-decay-dominates",
            "fall of the training loss",
            Below,
            ALL,
            "weight_decay=0.5",
            |evidence, fall| {
                evidence.losses(0.8);
                falls(evidence, 0.8, fall);
            },
        ),
    ]
};
