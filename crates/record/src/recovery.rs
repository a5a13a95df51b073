//! Faults after which training continued.

use serde::{Deserialize, Serialize};

use crate::FaultRecord;

/// How training continued after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryAction {
    /// The batch was left out.
    Skip,
    /// Training went back to earlier weights, with half the learning rate.
    Rewind,
}

/// A fault after which training continued, `"type": "recovery"`.
///
/// The records of an attempt begin with all recoveries of the run before it. A rewind begins a new attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryRecord {
    /// Number of steps taken when the record was written.
    pub step: u64,
    /// How training continued.
    pub action: RecoveryAction,
    /// The window of the epoch whose batch failed, from 1.
    pub window: u64,
    /// Number of steps of the weights with which training continued.
    pub to_step: u64,
    /// The fault, without the steps before it.
    pub fault: FaultRecord,
}

impl RecoveryRecord {
    /// Whether this is the batch that failed, by its epoch and its window, both from 0.
    pub fn is_of(&self, epoch: u64, window: u64) -> bool {
        (self.fault.epoch, self.window) == (epoch + 1, window + 1)
    }

    /// Whether the batch is left out from now on.
    pub fn leaves_out(&self, epoch: u64, window: u64) -> bool {
        self.action == RecoveryAction::Skip && self.is_of(epoch, window)
    }
}
