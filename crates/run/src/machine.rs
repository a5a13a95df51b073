//! What a run computes on: the instruction set and the threads.

use longspan_kernel::{InstructionSet, InstructionSetError};

/// `LONGSPAN_ISA` names no instruction set of this processor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("LONGSPAN_ISA: {0}")]
pub struct MachineError(InstructionSetError);

/// The instruction set: the best of this processor, or what the environment variable `LONGSPAN_ISA` names.
///
/// # Errors
/// If it names none, or one that this processor lacks.
pub fn instruction_set() -> Result<InstructionSet, MachineError> {
    match std::env::var("LONGSPAN_ISA") {
        Ok(name) => {
            let level: InstructionSet = name.parse().map_err(MachineError)?;
            level.checked().map_err(MachineError)
        }
        Err(_) => Ok(InstructionSet::detect()),
    }
}

/// As many threads as asked for; 0 means one on each core.
pub fn threads(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(1, |n| n.get()),
        n => n,
    }
}
