//! The integration tests of the crate, in one program.
#![allow(missing_docs, reason = "tests")]

mod chain;
mod contracts;
mod kernels;
mod passes;
mod shapes;

use longspan_kernel::InstructionSet;
use longspan_kernel::Real;
use longspan_kernel::rng::{Key, Purpose, Stream};

/// All instruction sets.
const LEVELS: [InstructionSet; 3] = [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable];

/// Returns all instruction sets of this processor.
fn instruction_sets() -> Vec<InstructionSet> {
    LEVELS.into_iter().filter(|isa| isa.checked().is_ok()).collect()
}

/// Returns a stream of random numbers, the same in every run.
fn drawn(seed: u64) -> Stream {
    Key::new(seed, Purpose::Probe, 0, 0).stream(0, 0)
}

/// Draws whole numbers from −3 to 3.
fn whole<R: Real>(draw: &mut Stream, len: usize) -> Box<[R]> {
    (0..len).map(|_| R::from_f64(f64::from(draw.below(7)) - 3.0)).collect()
}
