//! Arithmetic of recurrent networks: products, the recurrent time loop, activations and threads.
//!
//! Three rules hold for the whole crate:
//!
//! - **Row independence.** Each element of a result is one sum in one fixed order (k ascending, in blocks of
//!   [`gemm::DEPTH`]). It does not depend on the tile, the thread or the other rows.
//! - **Threads share no sums.** Work is divided along rows of the result, never along the summed index, so
//!   the bits do not depend on the number of threads.
//! - **Safe functions are sound for every argument.** This is the only crate with `unsafe` code. Lengths,
//!   shapes, slots and instruction sets are checked once per call, with arithmetic that cannot wrap, and a
//!   call that does not fit panics with both values. Traits that unsafe code relies on are sealed, and vector
//!   types cannot be named without an instruction set that the processor supports. Each `unsafe` block names
//!   the check that it relies on.
//!
//! On x86-64 all divided work treats subnormal numbers as zeros: a gradient below 1.2e-38 has vanished.
//!
//! Instruction sets, vectors and numbers cannot be implemented outside of this crate:
//!
//! ```compile_fail,E0277
//! #[derive(Clone, Copy)]
//! struct Mine;
//! impl longspan_kernel::Isa for Mine {
//!     type F32 = f32;
//!     type F64 = f64;
//!     type V<R: longspan_kernel::Real> = R;
//!     const TILE_REGISTERS: usize = 100;
//! }
//! ```
//!
//! Equations cannot write to data that they share with other threads, such as elementwise weights:
//!
//! ```compile_fail,E0599
//! use longspan_kernel::recurrent::{Forward, Units};
//!
//! fn write<S: Units<f32>>(at: &mut Forward<'_, f32, S>, x: S::V) {
//!     at.weights.set(0, x);
//! }
//! ```

#![warn(clippy::disallowed_macros)]

// Raw pointers let several threads write disjoint rows of one tape; unchecked loads let the compiler keep a
// tile in registers.

pub mod allocator;
pub mod elementwise;
pub mod gemm;
pub mod gram;
pub mod matrix;
pub mod norms;
pub mod orthonormal;
pub mod packed_shape;
pub mod recurrent;
pub mod rng;
pub mod rows;
pub mod softmax;

mod bf16;
mod block;
mod buffer;
mod context;
mod flush;
mod instruction_set;
mod isa;
mod lanes;
mod micro;
mod pack;
mod real;
mod shared;
mod simd;
mod size;
mod threads;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use bf16::bf16_peak_flops;
pub use buffer::Buffer;
pub use buffer::little_endian;
pub use context::Context;
pub use instruction_set::{InstructionSet, InstructionSetError};
pub use isa::Job;
pub use micro::fma_peak_flops;
pub use pack::{Packed, Weights};
use shared::Shared;
pub use simd::{Isa, Real, Vector};
pub use threads::ThreadPool;
