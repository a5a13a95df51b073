//! Tests of the crate, in one program.
#![allow(missing_docs, reason = "tests")]

mod chain;
mod contracts;
mod kernels;
mod passes;
mod shapes;

use longspan_kernel::Level;
use longspan_kernel::real::Real;
use longspan_kernel::rng::{Key, Purpose, Stream};

/// Every instruction set.
const LEVELS: [Level; 3] = [Level::Avx512, Level::Avx2, Level::Portable];

/// Every instruction set of this processor.
fn levels() -> Vec<Level> {
    LEVELS.into_iter().filter(|level| level.checked().is_ok()).collect()
}

/// A stream of random numbers, the same in every run.
fn drawn(seed: u64) -> Stream {
    Key::new(seed, Purpose::Probe, 0, 0).stream(0, 0)
}

/// Whole numbers from −3 to 3.
fn whole<R: Real>(draw: &mut Stream, len: usize) -> Box<[R]> {
    (0..len).map(|_| R::from_f64(f64::from(draw.below(7)) - 3.0)).collect()
}
