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
#![allow(unsafe_code)]

pub mod elementwise;
pub mod gemm;
pub mod norms;
pub mod recurrent;
pub mod rows;
pub mod softmax;

mod bf16;
mod block;
mod buffer;
mod flush;
mod isa;
mod lanes;
mod micro;
mod pack;
mod shared;
mod threads;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::{Mutex, MutexGuard};

pub use bf16::bf16_peak_flops;
pub use buffer::Buffer;
pub(crate) use buffer::little_endian;
pub(crate) use isa::Job;
pub use isa::{Isa, Level, LevelError};
pub use lanes::Vector;
pub(crate) use lanes::vectors;
pub use micro::fma_peak_flops;
pub use pack::{Packed, Weights};
use shared::Shared;
pub use threads::Pool;

use crate::real::Real;

/// What a computation runs on: an instruction set, threads, and their scratch memory.
pub struct Context<R> {
    level: Level,
    pool: Pool,
    scratch: Vec<Mutex<Buffer<R>>>,
}

impl<R: Real> Context<R> {
    /// A context of `threads` threads (at least one) on the instruction set `level`.
    pub fn new(level: Level, threads: usize) -> Self {
        let threads = threads.max(1);
        Self {
            level,
            pool: Pool::new(threads),
            scratch: (0..threads).map(|_| Mutex::new(Buffer::zeros(0))).collect(),
        }
    }

    /// The instruction set.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// Calls `work(worker, first, end)` on every thread, with 0..count cut into contiguous ranges of almost equal
    /// length. Ranges may be empty; a worker with an empty range is not called. On x86-64 subnormal numbers count as zero
    /// inside `work`.
    pub fn split(&self, count: usize, work: impl Fn(usize, usize, usize) + Sync) {
        let threads = self.threads();
        if threads == 1 || count <= 1 {
            if count > 0 {
                flush::flushed(&|| work(0, 0, count));
            }
            return;
        }
        self.pool.run(&|worker| {
            let (first, end) = (count * worker / threads, count * (worker + 1) / threads);
            if first < end {
                flush::flushed(&|| work(worker, first, end));
            }
        });
    }

    /// Calls `work(i, part)` for each `size` elements of `data`, the parts cut over the threads as by [`Context::split`].
    pub fn split_parts<T: Copy + Send>(
        &self,
        data: &mut [T],
        size: usize,
        work: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let (len, all) = (data.len(), Shared(data.as_mut_ptr()));
        self.split(len.div_ceil(size), |_, first, end| {
            for i in first..end {
                let (from, to) = (i * size, len.min((i + 1) * size));
                // SAFETY: parts do not overlap and end within the data, and each belongs to one worker.
                work(i, unsafe { std::slice::from_raw_parts_mut(all.get().add(from), to - from) });
            }
        });
    }

    /// Scratch memory of one worker, at least `len` long; it grows on first use and then stays.
    fn scratch(&self, worker: usize, len: usize) -> MutexGuard<'_, Buffer<R>> {
        let mut buffer = self.scratch[worker].lock().unwrap_or_else(|e| e.into_inner());
        buffer.grow(len);
        buffer
    }
}
