//! What a run appends to its metrics.

use serde_json::{Value, json};

use crate::head::{Score, Unit};
use crate::model::OutputSpec;
use crate::run::number;
use crate::telemetry::FlowProfile;
use crate::trainer::{Divergence, StepReport};

/// The name of a loss says what it is counted in.
fn loss(output: OutputSpec) -> &'static str {
    match output.unit() {
        Unit::Nats => "loss_nats",
        Unit::Mse => "loss_mse",
        Unit::Mae => "loss_mae",
    }
}

/// One training step.
pub(super) fn step_fields(
    output: OutputSpec,
    report: &StepReport,
    flow: &FlowProfile,
) -> Vec<(&'static str, Value)> {
    let mut fields = vec![
        ("epoch", json!(report.epoch)),
        (loss(output), number(report.score.mean_loss())),
        ("scored", json!(report.score.scored)),
        ("tokens", json!(report.tokens)),
        ("lr", number(report.lr)),
        ("log10_global_norm", number(report.clip.global_norm_before.log10())),
        ("log10_global_norm_after", number(report.clip.global_norm_after.log10())),
        ("clipped", json!(report.clip.acted)),
    ];
    if flow.layers() > 0 {
        let survival = (0..flow.layers()).map(|layer| number(flow.log10_survival(layer)));
        fields.push(("log10_survival", survival.collect()));
    }
    fields
}

/// One validation or test.
pub(super) fn score_fields(output: OutputSpec, score: &Score, best: bool) -> Vec<(&'static str, Value)> {
    let mut fields = vec![(loss(output), number(score.mean_loss()))];
    if matches!(output, OutputSpec::Classes { .. }) {
        fields.push(("accuracy", number(score.accuracy())));
    }
    fields.extend([("scored", json!(score.scored)), ("best", json!(best))]);
    fields
}

/// A step that could not be taken.
pub(super) fn divergence_fields(output: OutputSpec, divergence: &Divergence) -> Vec<(&'static str, Value)> {
    vec![
        ("epoch", json!(divergence.epoch)),
        (loss(output), number(divergence.loss)),
        ("log10_global_norm", number(divergence.global_norm.log10())),
    ]
}
