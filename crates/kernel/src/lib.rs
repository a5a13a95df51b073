//! The arithmetic: products, the recurrent time loop, activations and threads.
//!
//! The only place where `unsafe` may stand. Two rules hold for everything here:
//!
//! - **Row independence.** Each element of a result is one sum in one fixed order (k ascending, in blocks of
//!   [`gemm::DEPTH`]), whatever tile, thread or neighbouring rows it is computed with.
//! - **Threads share no sums.** Work is cut along rows of the result, never along the summed index, so the bits do
//!   not depend on the number of threads.
//!
//! On x86-64 all work that is split runs with subnormal numbers as zeros: a gradient below 1.2e-38 has vanished.
// Raw views are what lets several threads write disjoint rows of one tape, and unchecked loads are what lets the
// compiler keep a tile in registers; each block states why it is sound.

pub mod elementwise;
pub mod gemm;
pub mod gram;
pub mod matrix;
pub mod norms;
pub mod orthonormal;
pub mod packed_shape;
pub mod real;
pub mod recurrent;
pub mod rng;
pub mod rows;
pub mod softmax;

mod bf16;
mod block;
mod buffer;
mod context;
mod flush;
mod isa;
mod lanes;
mod micro;
mod pack;
mod shared;
mod threads;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use bf16::bf16_peak_flops;
pub use buffer::Buffer;
pub use buffer::little_endian;
pub use context::Context;
pub use isa::Job;
pub use isa::{InstructionSet, InstructionSetError, Isa};
pub use lanes::Vector;
pub(crate) use lanes::vectors;
pub use micro::fma_peak_flops;
pub use pack::{Packed, Weights};
use shared::Shared;
pub use threads::ThreadPool;
