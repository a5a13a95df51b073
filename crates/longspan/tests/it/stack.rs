//! The instruction sets that the tests run on.

use longspan_kernel::InstructionSet;

/// Returns the instruction sets of this machine.
pub(crate) fn instruction_sets() -> Vec<InstructionSet> {
    [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
        .into_iter()
        .filter(|l| l.checked().is_ok())
        .collect()
}
