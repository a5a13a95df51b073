//! Tests of the crate, in one program.
#![allow(missing_docs, reason = "tests")]

mod kernels;

use longspan_kernel::Level;

/// Every instruction set of this processor.
fn levels() -> Vec<Level> {
    [Level::Avx512, Level::Avx2, Level::Portable]
        .into_iter()
        .filter(|level| level.checked().is_ok())
        .collect()
}
