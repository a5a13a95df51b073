//! The context of a computation: instruction set and threads, and how work is divided among the threads.

use std::sync::{Mutex, MutexGuard};

use super::{Buffer, InstructionSet, Shared, ThreadPool, flush};
use crate::simd::Real;
use crate::size::part_start;

/// The instruction set, the threads and their scratch memory for a computation.
pub struct Context<R> {
    isa: InstructionSet,
    pool: ThreadPool,
    scratch: Vec<Mutex<Buffer<R>>>,
}

impl<R: Real> Context<R> {
    /// Starts a context with `threads` threads (at least one) and an instruction set.
    ///
    /// # Panics
    /// If this processor does not have the instruction set, or the system refuses to start a thread.
    pub fn new(isa: InstructionSet, threads: usize) -> Self {
        isa.require();
        let threads = threads.max(1);
        Self {
            isa,
            pool: ThreadPool::new(threads),
            scratch: (0..threads).map(|_| Mutex::new(Buffer::zeros(0))).collect(),
        }
    }

    /// Starts a context with `threads` threads (at least one) and the best instruction set of this processor.
    ///
    /// # Panics
    /// If the system refuses to start a thread.
    ///
    /// # Examples
    /// ```
    /// let ctx = longspan_kernel::Context::<f32>::detect(2);
    /// assert_eq!(ctx.threads(), 2);
    /// ```
    pub fn detect(threads: usize) -> Self {
        Self::new(InstructionSet::detect(), threads)
    }

    /// The instruction set.
    pub fn instruction_set(&self) -> InstructionSet {
        self.isa
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// Calls `work(worker, first, end)` once per thread, with 0..count divided into contiguous ranges of
    /// almost equal length. A worker whose range would be empty is not called. On x86-64, subnormal numbers
    /// are treated as zero inside `work`.
    ///
    /// Unsafe code relies on ranges that do not overlap and lie within 0..count.
    ///
    /// # Panics
    /// If `work` panics. `work` must not call `split` on the same context: with several threads it would
    /// deadlock.
    pub fn split(&self, count: usize, work: impl Fn(usize, usize, usize) + Sync) {
        let threads = self.threads();
        if threads == 1 || count <= 1 {
            if count > 0 {
                flush::flushed(&|| work(0, 0, count));
            }
            return;
        }
        self.pool.run(&|worker| {
            let (first, end) = (part_start(count, worker, threads), part_start(count, worker + 1, threads));
            if first < end {
                flush::flushed(&|| work(worker, first, end));
            }
        });
    }

    /// Calls `work(i, part)` for each part of `size` elements of `data`; [`Context::split`] divides the parts
    /// among the threads.
    ///
    /// # Panics
    /// If `size` is 0, or `work` panics.
    pub fn split_parts<T: Copy + Send>(
        &self,
        data: &mut [T],
        size: usize,
        work: impl Fn(usize, &mut [T]) + Sync,
    ) {
        assert!(size > 0, "{} elements in parts of 0", data.len());
        let (len, all) = (data.len(), Shared(data.as_mut_ptr()));
        self.split(len.div_ceil(size), |_, first, end| {
            for i in first..end {
                // Below `len`, since i < ⌈len / size⌉.
                let from = i * size;
                let count = size.min(len - from);
                // SAFETY: from + count ≤ len; `split` gives part i to one worker, and parts do not overlap.
                work(i, unsafe { std::slice::from_raw_parts_mut(all.get().add(from), count) });
            }
        });
    }

    /// Scratch memory of one worker, at least `len` long. It grows on first use and is then reused.
    pub(super) fn scratch(&self, worker: usize, len: usize) -> MutexGuard<'_, Buffer<R>> {
        let mut buffer = self.scratch[worker].lock().unwrap_or_else(|e| e.into_inner());
        buffer.grow(len);
        buffer
    }
}
