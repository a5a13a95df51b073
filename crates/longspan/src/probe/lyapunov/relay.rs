//! Propagates directions of growth through the Jacobians of one layer with several threads.
//!
//! Row i of Q_t needs row i of Q_{t−1} and the rows below i of Q_t, so the work is split in one of two ways:
//!
//! - with at least as many trajectories as threads, each thread has some of the trajectories;
//! - with fewer, each thread has some blocks of rows of all trajectories, in a pipeline. The first thread is
//!   a few steps ahead; it stores its finished blocks, and the next thread makes its own blocks orthonormal
//!   to them. Threads synchronise once every [`STEPS`] steps.
//!
//! The arithmetic of a block is the same in both cases, so the number of threads changes no bit.

use longspan_record::spectrum::LyapunovOptions;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use super::growth::Growth;
use crate::bptt::layer::{Jacobians, Layer, TangentStep};
use crate::cell::Real;
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::orthonormal::{BLOCK, Finished, orthonormalise};
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Buffer, Context, InstructionSet};

/// Steps from one synchronisation to the next, if threads share a trajectory.
const STEPS: usize = 8;

/// Whether rows are made orthonormal after `done` steps.
fn due(options: &LyapunovOptions, done: usize) -> bool {
    match done.checked_sub(options.warmup_steps) {
        None => done.is_multiple_of(options.steps_per_qr),
        Some(counted) => counted.is_multiple_of(options.steps_per_qr),
    }
}

/// All directions of one layer.
pub(super) struct Relay<R> {
    layer: usize,
    rows: usize,
    /// Size of the state, n, and number of directions per row, K.
    width: usize,
    count: usize,
    seed: u64,
    jacobians: Jacobians<R>,
    runners: Vec<Mutex<Runner<R>>>,
    /// Finished blocks. If threads share trajectories: `[slot, row, block]`, with slots reused in turn for
    /// the steps that some thread is at; otherwise `[runner, block]`.
    finished: Vec<RwLock<Finished<R>>>,
    slots: usize,
}

/// The share of one thread.
struct Runner<R> {
    rows: Range<usize>,
    directions: Range<usize>,
    /// Number of synchronisations by which it is behind the first.
    lag: usize,
    /// Index of its trajectories' first finished block.
    first_finished: usize,
    /// Q `[rows, directions, n]`.
    current: Buffer<R>,
    next: Buffer<R>,
    operands: Buffer<R>,
    /// ln R_ii of the counted steps of this run, `[entries, rows, directions]`.
    logs: Vec<f64>,
}

/// The parameters of a run.
struct Course<'a, R> {
    isa: InstructionSet,
    layer: &'a Layer<R>,
    options: &'a LyapunovOptions,
    /// Number of steps before this run.
    done: usize,
}

impl<R: Real> Relay<R> {
    /// Draws random orthonormal directions for each of `rows` trajectories.
    pub(super) fn new(
        ctx: &Context<R>,
        layer: usize,
        rows: usize,
        width: usize,
        count: usize,
        seed: u64,
    ) -> Self {
        let blocks = count.div_ceil(BLOCK);
        let shared = rows < ctx.threads();
        let parts = if shared { ctx.threads().min(blocks) } else { ctx.threads() };
        let slots = if shared { STEPS * parts } else { 1 };
        let mut relay = Self {
            layer,
            rows,
            width,
            count,
            seed,
            jacobians: Jacobians::new(),
            runners: Vec::new(),
            finished: Vec::new(),
            slots,
        };
        let finished = if shared { slots * rows * blocks } else { parts * blocks };
        relay.finished.resize_with(finished, || RwLock::new(Finished::new(ctx.instruction_set(), width)));
        let first = relay.first_directions(ctx);
        // The cost of a direction: its product, and four multiply-adds with each number of each direction
        // before it.
        let bounds = slices(blocks, parts, |block| width * width * 2 + 4 * width * block * BLOCK);
        for part in 0..parts {
            let (rows, directions) = if shared {
                (0..rows, bounds[part] * BLOCK..count.min(bounds[part + 1] * BLOCK))
            } else {
                (rows * part / parts..rows * (part + 1) / parts, 0..count)
            };
            let mut current = Buffer::zeros(rows.len() * directions.len() * width);
            for (row, to) in rows.clone().zip(current.chunks_mut((directions.len() * width).max(1))) {
                to.copy_from_slice(&first[(row * count + directions.start) * width..][..to.len()]);
            }
            relay.runners.push(Mutex::new(Runner {
                next: Buffer::zeros(current.len()),
                current,
                rows,
                directions,
                lag: if shared { part } else { 0 },
                first_finished: if shared { 0 } else { part * blocks },
                operands: Buffer::zeros(0),
                logs: Vec::new(),
            }));
        }
        relay
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The buffer for the Jacobians of the next run.
    pub(super) fn jacobians(&mut self) -> &mut Jacobians<R> {
        &mut self.jacobians
    }

    /// Propagates all directions through `steps` Jacobians, after `done` previous steps.
    pub(super) fn run(
        &mut self,
        ctx: &Context<R>,
        layer: &Layer<R>,
        (done, steps): (usize, usize),
        options: &LyapunovOptions,
        growth: &mut Growth,
    ) {
        let course = Course { isa: ctx.instruction_set(), layer, options, done };
        let leg = if self.slots > 1 { STEPS } else { steps };
        let last = self.runners.iter().map(|runner| lock(runner).lag).max().unwrap_or(0);
        for meeting in 0..steps.div_ceil(leg.max(1)) + last {
            ctx.split(self.runners.len(), |_, first, end| {
                for runner in &self.runners[first..end] {
                    let mut runner = lock(runner);
                    let Some(leg_of) = meeting.checked_sub(runner.lag) else { continue };
                    for t in leg_of * leg..steps.min((leg_of + 1) * leg) {
                        runner.step(self, &course, t);
                    }
                }
            });
        }
        let mut entry = vec![0.0; self.rows * self.count];
        let entries =
            (1..=steps).filter(|t| done + t > options.warmup_steps && due(options, done + t)).count();
        for i in 0..entries {
            for runner in &self.runners {
                let runner = lock(runner);
                let share = runner.rows.len() * runner.directions.len();
                let mut logs = runner.logs[i * share..][..share].chunks(runner.directions.len().max(1));
                for row in runner.rows.clone() {
                    let to = &mut entry[row * self.count..][runner.directions.clone()];
                    to.copy_from_slice(logs.next().unwrap_or_default());
                }
            }
            growth.add(&entry);
        }
        self.runners.iter().for_each(|runner| lock(runner).logs.clear());
    }

    /// Returns `[rows, count, n]`.
    fn first_directions(&self, ctx: &Context<R>) -> Vec<R> {
        let mut first = vec![R::ZERO; self.rows * self.count * self.width];
        ctx.split_parts(&mut first, self.count * self.width, |row, directions| {
            let mut finished: Vec<Box<Finished<R>>> = Vec::new();
            for (block, rows) in directions.chunks_mut(BLOCK * self.width).enumerate() {
                self.refill(ctx.instruction_set(), rows, 0, (0, row, block * BLOCK), &finished);
                finished.push(Box::new(Finished::new(ctx.instruction_set(), self.width)));
                finished[block].set(Mat::new(rows, rows.len() / self.width, self.width));
            }
        });
        first
    }

    /// Replaces the rows of a block from `live` on by random rows orthogonal to all others.
    fn refill<F: std::ops::Deref<Target = Finished<R>>>(
        &self,
        isa: InstructionSet,
        block: &mut [R],
        mut live: usize,
        (done, row, direction): (usize, usize, usize),
        finished: &[F],
    ) {
        let key = Key::new(self.seed, Purpose::Probe, self.layer as u32, done as u64);
        let rows = block.len() / self.width;
        let mut attempt = 0;
        while live < rows {
            for (i, to) in block.chunks_exact_mut(self.width).enumerate().skip(live) {
                let mut stream = key.stream((direction + i) as u32, (row + attempt * self.rows) as u64);
                to.iter_mut().for_each(|x| *x = R::from_f64(stream.normal()));
            }
            live = orthonormalise(isa, block, finished, &mut [0.0; BLOCK][..rows]);
            attempt += 1;
        }
    }

    fn finished(&self, runner: &Runner<R>, t: usize, row: usize) -> &[RwLock<Finished<R>>] {
        let blocks = self.count.div_ceil(BLOCK);
        let first =
            if self.slots > 1 { (t % self.slots * self.rows + row) * blocks } else { runner.first_finished };
        &self.finished[first..first + blocks]
    }
}

impl<R: Real> Runner<R> {
    /// Runs step t of the chunk.
    fn step(&mut self, relay: &Relay<R>, course: &Course<'_, R>, t: usize) {
        let (count, width) = (self.rows.len() * self.directions.len(), relay.width);
        if count == 0 {
            return;
        }
        let (before, after) =
            (Mat::new(&self.current, count, width), MatMut::new(&mut self.next, count, width));
        let of = (t, self.rows.clone());
        let step = TangentStep { before, after, inflow: None };
        course.layer.tangents(course.isa, &relay.jacobians, of, step, &mut self.operands);
        std::mem::swap(&mut self.current, &mut self.next);
        if due(course.options, course.done + t + 1) {
            for row in self.rows.clone() {
                self.orthonormalise(relay, course, t, row);
            }
        }
    }

    fn orthonormalise(&mut self, relay: &Relay<R>, course: &Course<'_, R>, t: usize, row: usize) {
        let (width, done) = (relay.width, course.done + t + 1);
        let first = (row - self.rows.start) * self.directions.len() * width;
        let len = self.directions.len() * width;
        let mut current = std::mem::replace(&mut self.current, Buffer::zeros(0));
        let finished = relay.finished(self, t, row);
        let mut before: Vec<RwLockReadGuard<'_, Finished<R>>> =
            finished[..self.directions.start / BLOCK].iter().map(read).collect();
        for rows in current[first..first + len].chunks_mut(BLOCK * width) {
            let (index, count) = (before.len(), rows.len() / width);
            let mut ln = [0.0; BLOCK];
            // When a direction is lost, so are all after it: they stay zero.
            let mut live = 0;
            if before.iter().all(|block| block.rows() == BLOCK) {
                live = orthonormalise(course.isa, rows, &before, &mut ln[..count]);
                if done == course.options.warmup_steps {
                    // Directions that are lost during the warm-up are replaced.
                    relay.refill(course.isa, rows, live, (done, row, index * BLOCK), &before);
                    live = count;
                }
            } else {
                rows.fill(R::ZERO);
                ln = [f64::NEG_INFINITY; BLOCK];
            }
            if index + 1 < finished.len() {
                let mut own = finished[index].write().unwrap_or_else(PoisonError::into_inner);
                own.set(Mat::new(rows, live, width));
                drop(own);
                before.push(read(&finished[index]));
            }
            if done > course.options.warmup_steps {
                self.logs.extend(&ln[..count]);
            }
        }
        drop(before);
        self.current = current;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Splits 0..count into `parts` ranges of about equal cost and returns their bounds; no range is empty.
fn slices(count: usize, parts: usize, cost: impl Fn(usize) -> usize) -> Vec<usize> {
    let total: usize = (0..count).map(&cost).sum();
    let mut bounds = vec![0];
    let mut sum = 0;
    for i in 0..count {
        let part = bounds.len();
        // An item belongs to the range that contains its middle.
        let past = (2 * sum + cost(i)) * parts > 2 * part * total;
        if part < parts && i > bounds[part - 1] && (past || count - i == parts - part) {
            bounds.push(i);
        }
        sum += cost(i);
    }
    bounds.push(count);
    bounds
}

#[cfg(test)]
mod tests {
    use super::slices;

    #[test]
    fn costs_are_shared() {
        assert_eq!(slices(8, 2, |_| 1), [0, 4, 8]);
        assert_eq!(slices(3, 3, |_| 1), [0, 1, 2, 3]);
        assert_eq!(slices(1, 1, |_| 1), [0, 1]);
        assert_eq!(slices(8, 2, |i| i * i), [0, 6, 8]);
        for (count, parts) in [(5, 4), (16, 3), (7, 7), (9, 2)] {
            let bounds = slices(count, parts, |i| i + 3);
            assert_eq!((bounds.len(), bounds[0], bounds[parts]), (parts + 1, 0, count));
            assert!(bounds.windows(2).all(|two| two[0] < two[1]), "{bounds:?}");
        }
    }
}
