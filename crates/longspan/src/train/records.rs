//! What a run appends to its metrics beside its steps.

use serde::Serialize;

use crate::head::Score;
use crate::model::OutputSpec;
use crate::number;
use crate::telemetry::ScoreRecord;
use crate::trainer::Divergence;

/// One validation or test.
pub(super) fn score_record(output: OutputSpec, step: u64, score: &Score, best: bool) -> ScoreRecord {
    let classes = matches!(output, OutputSpec::Classes { .. });
    let accuracy = classes.then(|| score.accuracy()).filter(|share| share.is_finite());
    ScoreRecord { step, attempt: 0, loss: score.mean_loss(), accuracy, scored: score.scored, best }
}

/// A step that could not be taken.
#[derive(Serialize)]
pub(super) struct DivergenceRecord {
    step: u64,
    epoch: u64,
    #[serde(with = "number")]
    loss: f64,
    #[serde(with = "number")]
    log10_global_norm: f64,
}

impl From<&Divergence> for DivergenceRecord {
    fn from(divergence: &Divergence) -> Self {
        let &Divergence { step, epoch, loss, global_norm } = divergence;
        Self { step, epoch, loss, log10_global_norm: global_norm.log10() }
    }
}
