//! Records of validations and tests.

use crate::units::Detailed;
use longspan::model::OutputSpec;
use longspan::model::head::Score;
use longspan_record::ScoreRecord;

/// The share of targets with the highest predicted probability; None unless classes are predicted and a target was scored.
pub(super) fn accuracy(output: OutputSpec, score: &Score) -> Option<f64> {
    let classes = matches!(output, OutputSpec::Classes { .. });
    classes.then(|| score.accuracy()).filter(|share| share.is_finite())
}

/// The record of one validation or test, without what needs another score.
pub(super) fn score_record(output: OutputSpec, step: u64, scored: &Detailed, best: bool) -> ScoreRecord {
    let (score, mean) = (&scored.score, scored.units.mean());
    ScoreRecord {
        step,
        loss: score.mean_loss(),
        accuracy: accuracy(output, score),
        scored: score.scored,
        best,
        // A single unit has none.
        standard_error: mean.map(|mean| mean.standard_error).filter(|error| error.is_finite()),
        units: Some(scored.units.units()),
        classes: scored.classes(),
        ..ScoreRecord::default()
    }
}
