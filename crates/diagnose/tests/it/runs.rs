//! Rules about losses, steps and data on the numbers of real runs, whose state of health was decided by their validation
//! score beside other settings on the same data.
//!
//! `runs.jsonl` has one run a line, made by `tools/evidence.py`. The runs are a development set: thresholds were chosen on
//! them. They have no lag profile, so rules about the gradient through time are not judged here.

use longspan_diagnose::{Evidence, Facts, Finding, Severity, diagnose};
use longspan_record::{ActivationRecord, GateRecord, LayerRecord, ScoreRecord, Snapshot, StepRecord};
use serde::Deserialize;
use serde_json::Value;

/// The codes that are judged here.
const JUDGED: [&str; 19] = [
    "dead-units",
    "saturated-units",
    "stuck-gates",
    "step-too-large",
    "step-too-small",
    "no-better-than-baseline",
    "clip-always",
    "clip-never",
    "overfitting",
    "underfitting",
    "majority-class",
    "distribution-shift",
    "uninformative-labels",
    "constant-target",
    "outliers",
    "possible-leak",
    "schedule-ended",
    "weight-decay-dominates",
    "still-improving",
];

#[derive(Deserialize)]
struct Run {
    id: String,
    about: String,
    /// Codes of which one must be found, separated by spaces; empty for a healthy run.
    expected: String,
    facts: Facts,
    /// Step, loss, accuracy, scored targets.
    valid: Vec<(u64, Value, Option<f64>, u64)>,
    /// Step, loss, learning rate, log10 of the norm, whether it was clipped, log10 of the update.
    steps: Vec<(u64, Value, f64, Value, u8, Value)>,
    layers: Vec<Layer>,
}

/// Layer; its gates with the shares of closed and open values; its activations with the share and the number of saturated
/// units.
type Layer = (usize, Vec<(String, f64, f64)>, Vec<(String, f64, usize)>);

fn layer((layer, gates, activations): &Layer) -> LayerRecord {
    let gate = |(gate, closed, open): &(String, f64, f64)| GateRecord {
        gate: gate.clone(),
        mean_openness: f64::NAN,
        closed_share: *closed,
        open_share: *open,
    };
    let activation = |(name, share, units): &(String, f64, usize)| ActivationRecord {
        activation: name.clone(),
        saturated_share: *share,
        saturated_units: *units,
    };
    LayerRecord {
        layer: *layer,
        gates: gates.iter().map(gate).collect(),
        activations: activations.iter().map(activation).collect(),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| match value.as_str() {
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => f64::NAN,
    })
}

impl Run {
    fn evidence(&self) -> Evidence {
        let step =
            |(step, loss, lr, norm, clipped, update): &(u64, Value, f64, Value, u8, Value)| StepRecord {
                step: *step,
                loss: number(loss),
                lr: *lr,
                log10_global_norm: number(norm),
                clipped: *clipped == 1,
                snapshot: (!update.is_null())
                    .then(|| Snapshot { log10_update_ratio: number(update), ..Snapshot::default() }),
                ..StepRecord::default()
            };
        let score = |(step, loss, accuracy, scored): &(u64, Value, Option<f64>, u64)| ScoreRecord {
            step: *step,
            loss: number(loss),
            accuracy: *accuracy,
            scored: *scored,
            ..ScoreRecord::default()
        };
        let mut steps: Vec<StepRecord> = self.steps.iter().map(step).collect();
        // As if the last snapshot had measured the gates.
        if let Some(last) = steps.iter_mut().filter_map(|step| step.snapshot.as_mut()).next_back() {
            last.layers = self.layers.iter().map(layer).collect();
        }
        Evidence {
            facts: self.facts.clone(),
            steps,
            valid: self.valid.iter().map(score).collect(),
            ..Evidence::default()
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = diagnose(&self.evidence()).findings;
        findings.retain(|finding| JUDGED.contains(&finding.code()));
        findings
    }
}

fn runs() -> Vec<Run> {
    let lines = include_str!("runs.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a run")).collect()
}

#[test]
fn healthy_runs_have_no_warnings() {
    for run in runs().iter().filter(|run| run.expected.is_empty()) {
        for finding in run.findings() {
            let about = format!("{} ({}): {finding:?}", run.id, run.about);
            assert_eq!(finding.severity, Severity::Note, "{about}");
        }
    }
}

#[test]
fn the_expected_findings_are_found() {
    for run in runs() {
        let expected: Vec<&str> = run.expected.split(' ').filter(|code| JUDGED.contains(code)).collect();
        let found: Vec<&str> = run.findings().iter().map(Finding::code).collect();
        if !expected.is_empty() {
            assert!(
                expected.iter().any(|code| found.contains(code)),
                "{} ({}): {found:?}",
                run.id,
                run.about
            );
        }
    }
}

/// What is recommended first where the step is wrong, and never a step in the wrong direction.
#[test]
fn rates_change_in_the_right_direction() {
    use longspan_diagnose::Remedy;
    for run in runs() {
        for finding in run.findings() {
            let rates = finding.remedies.iter().filter_map(|remedy| match remedy {
                Remedy::Change { settings, .. } => settings.iter().find(|of| of.key == "lr"),
                Remedy::Advice(_) => None,
            });
            let first = rates.map(|of| of.value.parse::<f64>().expect("a rate")).next();
            let lr = run.facts.lr;
            match finding.code() {
                "step-too-large" => {
                    let rate = first.expect("a rate");
                    let sgd = run.facts.setting("optimizer") == "sgd";
                    assert!(rate < lr && (!sgd || rate > lr / 30.0), "{}: {lr} to {rate}", run.id);
                }
                // The limit or the schedule may be the reason instead.
                "step-too-small" => {
                    let settings = match &finding.remedies[0] {
                        Remedy::Change { settings, .. } => settings,
                        Remedy::Advice(_) => panic!("{}: advice", run.id),
                    };
                    let key = settings[0].key;
                    let right = match key {
                        "lr" => first.is_some_and(|rate| rate > lr),
                        _ => ["clip", "schedule"].contains(&key),
                    };
                    assert!(right, "{}: {lr}, {settings:?}", run.id);
                }
                _ => {}
            }
        }
    }
}
