//! The instruction set and the threads of this machine.

use longspan_kernel::{InstructionSet, InstructionSetError};

/// The error for a `LONGSPAN_ISA` that this processor does not support.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("LONGSPAN_ISA: {0}")]
pub struct MachineError(InstructionSetError);

/// The instruction set of the environment variable `LONGSPAN_ISA`, else the best one of this processor.
///
/// # Errors
/// [`MachineError`] if `LONGSPAN_ISA` is not an instruction set, or one that this processor lacks.
pub fn instruction_set() -> Result<InstructionSet, MachineError> {
    match std::env::var("LONGSPAN_ISA") {
        Ok(name) => {
            let level: InstructionSet = name.parse().map_err(MachineError)?;
            level.checked().map_err(MachineError)
        }
        Err(_) => Ok(InstructionSet::detect()),
    }
}

/// The number of threads: `asked`, or one per core if it is 0.
pub fn threads(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(1, |n| n.get()),
        n => n,
    }
}
