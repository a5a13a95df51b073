//! What a computation runs on, and how its work is cut over the threads.

use std::sync::{Mutex, MutexGuard};

use super::{Buffer, InstructionSet, Shared, ThreadPool, flush};
use crate::real::Real;

/// What a computation runs on: an instruction set, threads, and their scratch memory.
pub struct Context<R> {
    isa: InstructionSet,
    pool: ThreadPool,
    scratch: Vec<Mutex<Buffer<R>>>,
}

impl<R: Real> Context<R> {
    /// A context of `threads` threads (at least one) on the instruction set `isa`.
    pub fn new(isa: InstructionSet, threads: usize) -> Self {
        let threads = threads.max(1);
        Self {
            isa,
            pool: ThreadPool::new(threads),
            scratch: (0..threads).map(|_| Mutex::new(Buffer::zeros(0))).collect(),
        }
    }

    /// The instruction set.
    pub fn instruction_set(&self) -> InstructionSet {
        self.isa
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
    pub(super) fn scratch(&self, worker: usize, len: usize) -> MutexGuard<'_, Buffer<R>> {
        let mut buffer = self.scratch[worker].lock().unwrap_or_else(|e| e.into_inner());
        buffer.grow(len);
        buffer
    }
}
