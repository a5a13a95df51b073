//! Tests of the crate, in one program.
#![allow(missing_docs, reason = "tests")]

mod kernels;

use longspan_kernel::InstructionSet;

/// Every instruction set of this processor.
fn instruction_sets() -> Vec<InstructionSet> {
    [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
        .into_iter()
        .filter(|isa| isa.checked().is_ok())
        .collect()
}
