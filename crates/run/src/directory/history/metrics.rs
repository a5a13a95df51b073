//! The records of a run.

use longspan_record::{FaultRecord, RecoveryRecord, ScoreRecord, StepRecord};

/// The records of `metrics.jsonl`.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Steps, in ascending order.
    pub steps: Vec<StepRecord>,
    /// Validations, in ascending order.
    pub valid: Vec<ScoreRecord>,
    /// The test of its best weights.
    pub test: Option<ScoreRecord>,
    /// The step that failed.
    pub fault: Option<FaultRecord>,
    /// The faults after which training continued.
    pub recoveries: Vec<RecoveryRecord>,
    /// Whether the attempt has only records of recoveries so far.
    pub(super) restarted: bool,
    /// What could not be read, one sentence each.
    pub problems: Vec<String>,
}
