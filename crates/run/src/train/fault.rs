//! What a run leaves of a step that could not be taken, so that it can be looked at once more from the run's directory alone:
//!
//! ```text
//! fault/fault.json              the record of the first bad value with the steps before it, and the instruction set
//! fault/batch.safetensors       the batch
//! checkpoints/last.safetensors  weights, moments and state from before the step, and the position that its dropout follows from
//! config.toml                   seed, optimizer, clipping
//! ```

mod batch;
mod replay;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

pub use replay::{Replay, ReplayError, replay_fault};

use crate::directory::{RunDir, RunError};
use longspan::trainer::Trainer;
use longspan_record::{FaultRecord, StepRecord};

/// The version of the format of both files.
const FORMAT: u32 = 1;

/// Steps that are kept for the record of a fault.
const STEPS: usize = 32;

/// The last steps.
#[derive(Default)]
pub(super) struct BlackBox(VecDeque<StepRecord>);

impl BlackBox {
    /// Takes the next step.
    pub(super) fn take(&mut self, record: &StepRecord) {
        if self.0.len() == STEPS {
            self.0.pop_front();
        }
        self.0.push_back(record.clone());
    }

    /// The steps, oldest first.
    pub(super) fn open(&mut self) -> Vec<StepRecord> {
        std::mem::take(&mut self.0).into()
    }
}

/// `fault.json`.
#[derive(Serialize, Deserialize)]
struct FaultFile {
    format: u32,
    /// Instruction set: another one may round a value over a limit, or not.
    isa: String,
    fault: FaultRecord,
}

/// Writes the files of a fault that `trainer` has just met.
pub(super) fn write(run: &RunDir, trainer: &Trainer<f32>, fault: &FaultRecord) -> Result<(), RunError> {
    let weights = trainer.model().class_weights();
    let file = FaultFile { format: FORMAT, isa: trainer.instruction_set().to_string(), fault: fault.clone() };
    run.write_fault(&batch::bytes(trainer.batch(), weights), &file)
}
