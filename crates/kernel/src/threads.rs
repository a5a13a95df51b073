//! A thread pool: the same threads run every parallel region of a training step, without allocation.
//!
//! A region is a closure that is called once per worker; the caller is worker 0. Workers spin briefly for the
//! next region (a training step has one every few dozen microseconds) and then sleep.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

/// Number of spins before a waiting thread sleeps: tens of microseconds.
const SPINS: u32 = 4000;

type Region = *const (dyn Fn(usize) + Sync + 'static);

struct State {
    region: Option<RegionPointer>,
    generation: usize,
    stop: bool,
}

#[derive(Clone, Copy)]
struct RegionPointer(Region);
// SAFETY: the closure is Sync, and it outlives every use: `ThreadPool::run` returns only after all workers
// are done with it.
unsafe impl Send for RegionPointer {}

struct Inner {
    state: Mutex<State>,
    wake: Condvar,
    generation: AtomicUsize,
    running: AtomicUsize,
    /// The panics of the workers of a region.
    panics: Mutex<Vec<Box<dyn Any + Send>>>,
}

/// Threads that run parallel regions.
pub struct ThreadPool {
    inner: Arc<Inner>,
    /// One region at a time: callers of one pool wait for each other.
    turn: Mutex<()>,
    workers: Vec<JoinHandle<()>>,
}

impl ThreadPool {
    /// Starts a pool of `threads` workers; one of them is the thread that calls [`ThreadPool::run`]. The pool is smaller if
    /// the system refuses to start a thread: the number of threads changes no result.
    pub fn new(threads: usize) -> Self {
        let inner = Arc::new(Inner {
            state: Mutex::new(State { region: None, generation: 0, stop: false }),
            wake: Condvar::new(),
            generation: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            panics: Mutex::new(Vec::new()),
        });
        let mut pool = Self { inner, turn: Mutex::new(()), workers: Vec::new() };
        for worker in 1..threads {
            let inner = Arc::clone(&pool.inner);
            let work = move || inner.work(worker);
            let Ok(started) = std::thread::Builder::new().spawn(work) else { break };
            pool.workers.push(started);
        }
        pool
    }

    /// The number of workers, including the caller.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `region(worker)` once for each worker 0..threads, concurrently, and returns when all are done. A
    /// region must not start another one on the same pool: it would deadlock.
    ///
    /// # Panics
    /// If a worker panics: with the worker's panic, after all workers are done.
    pub fn run(&self, region: &(dyn Fn(usize) + Sync)) {
        let _turn = self.turn.lock().unwrap_or_else(|e| e.into_inner());
        // SAFETY: only the lifetime changes. Workers use the pointer before they decrement `running`, and
        // this function waits for `running` to reach zero before it returns or unwinds: nothing between here
        // and there panics but the region, which is caught.
        let region_pointer = RegionPointer(unsafe {
            std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), Region>(std::ptr::from_ref(region))
        });
        let inner = &*self.inner;
        inner.running.store(self.workers.len(), Ordering::Relaxed);
        {
            let mut state = inner.state.lock().unwrap_or_else(|e| e.into_inner());
            state.region = Some(region_pointer);
            state.generation = state.generation.wrapping_add(1);
            inner.generation.store(state.generation, Ordering::Release);
        }
        inner.wake.notify_all();
        let own = catch_unwind(AssertUnwindSafe(|| region(0)));
        let mut spins = 0u32;
        while inner.running.load(Ordering::Acquire) > 0 {
            // Saturating, because a panic here would end the closure while workers use it.
            spins = spins.saturating_add(1);
            if spins < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        // The next region starts without these panics.
        let of_workers = std::mem::take(&mut *inner.panics.lock().unwrap_or_else(|e| e.into_inner()));
        let mut panics = own.err().into_iter().chain(of_workers);
        if let Some(first) = panics.next() {
            drop(panics);
            resume_unwind(first);
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.inner.state.lock().unwrap_or_else(|e| e.into_inner()).stop = true;
        self.inner.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its regions, so there is no error to report.
            let _ = worker.join();
        }
    }
}

impl Inner {
    fn work(&self, worker: usize) {
        let mut seen = 0;
        loop {
            let mut spins = 0;
            while self.generation.load(Ordering::Acquire) == seen && spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            }
            let region = {
                let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
                while state.generation == seen && !state.stop {
                    state = self.wake.wait(state).unwrap_or_else(|e| e.into_inner());
                }
                if state.stop {
                    return;
                }
                seen = state.generation;
                state.region
            };
            if let Some(RegionPointer(region)) = region {
                // SAFETY: `run` keeps the closure alive until `running` is zero, which needs the decrement
                // below.
                let result = catch_unwind(AssertUnwindSafe(|| unsafe { (*region)(worker) }));
                if let Err(panic) = result {
                    // Kept for `run`: dropping it here may panic in turn, and the decrement below must be
                    // reached.
                    self.panics.lock().unwrap_or_else(|e| e.into_inner()).push(panic);
                }
            }
            self.running.fetch_sub(1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_worker_runs_every_region_once() {
        let pool = ThreadPool::new(3);
        let counts: Vec<AtomicUsize> = (0..3).map(|_| AtomicUsize::new(0)).collect();
        for _ in 0..500 {
            pool.run(&|worker| {
                counts[worker].fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(counts.iter().map(|c| c.load(Ordering::Relaxed)).collect::<Vec<_>>(), [500; 3]);
    }

    #[test]
    fn a_panicking_worker_is_reported_and_the_pool_lives_on() {
        let pool = ThreadPool::new(2);
        let caught = catch_unwind(AssertUnwindSafe(|| pool.run(&|worker| assert_eq!(worker, 0))));
        assert!(caught.is_err());
        // All workers panic at once: one panic is reported, and the next region starts without it.
        let caught = catch_unwind(AssertUnwindSafe(|| pool.run(&|_| panic!("on purpose"))));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"on purpose"));
        let calls = AtomicUsize::new(0);
        pool.run(&|_| {
            calls.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
