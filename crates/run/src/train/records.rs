//! Records of validations and tests.

use longspan::model::OutputSpec;
use longspan::model::head::Score;
use longspan_record::ScoreRecord;

/// The record of one validation or test.
pub(super) fn score_record(output: OutputSpec, step: u64, score: &Score, best: bool) -> ScoreRecord {
    let classes = matches!(output, OutputSpec::Classes { .. });
    let accuracy = classes.then(|| score.accuracy()).filter(|share| share.is_finite());
    let (loss, scored) = (score.mean_loss(), score.scored);
    ScoreRecord { step, loss, accuracy, scored, best, ..ScoreRecord::default() }
}
