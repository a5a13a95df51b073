//! The record of a failed step, from which the step can be repeated with nothing but the run directory:
//!
//! ```text
//! fault/fault.json              the first bad value, the steps before it, and the instruction set
//! fault/batch.safetensors       the batch
//! checkpoints/last.safetensors  weights, moments, state and position from before the step
//! config.toml                   seed, optimizer, clipping
//! ```

mod batch;
mod replay;

use std::collections::VecDeque;
use std::path::Path;

use serde::{Deserialize, Serialize};

use batch::FORMAT;
pub use replay::{Replay, ReplayError, replay_fault};

use crate::directory::{RunDir, RunError};
use crate::report::brief::last_steps;
use longspan::trainer::Trainer;
use longspan_record::{FaultRecord, StepRecord};

/// Number of steps before a fault that are recorded.
const STEPS: usize = 32;

/// Bytes at the end of the metrics that are searched for them: snapshots may be long.
const TAIL: u64 = 4 << 20;

/// The records of the last steps.
#[derive(Default)]
pub(crate) struct BlackBox(VecDeque<StepRecord>);

impl BlackBox {
    /// Reads the records of the last steps after `since` up to `step` of a run that is resumed. If it fails again, the steps
    /// before the resume say why.
    pub(crate) fn resume(metrics: &Path, since: u64, step: u64) -> Self {
        let mut last = VecDeque::new();
        for record in last_steps(metrics, TAIL) {
            // A later attempt comes later in the file, so its steps are met first.
            let before = last.front().map_or(step + 1, |first: &StepRecord| first.step);
            if record.step > since && record.step < before && last.len() < STEPS {
                last.push_front(record);
            }
        }
        Self(last)
    }

    /// Adds a step.
    pub(crate) fn take(&mut self, record: &StepRecord) {
        if self.0.len() == STEPS {
            self.0.pop_front();
        }
        self.0.push_back(record.clone());
    }

    /// The records, oldest first.
    pub(crate) fn steps(&self) -> Vec<StepRecord> {
        self.0.iter().cloned().collect()
    }
}

/// The content of `fault.json`.
#[derive(Serialize, Deserialize)]
struct FaultFile {
    format: u32,
    /// Instruction set; another one rounds differently and may not overflow.
    isa: String,
    fault: FaultRecord,
}

/// Writes the files of a fault of `trainer`'s last step.
pub(super) fn write(run: &RunDir, trainer: &Trainer<f32>, fault: &FaultRecord) -> Result<(), RunError> {
    let weights = trainer.model().class_weights();
    let file = FaultFile { format: FORMAT, isa: trainer.instruction_set().to_string(), fault: fault.clone() };
    run.write_fault(&batch::bytes(trainer.batch(), weights), &file)
}
