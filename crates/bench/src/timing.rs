//! Timing of workloads, with the processor's multiply-add peak measured between the runs.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use longspan::bptt::{MemoryError, Plan};
use longspan_kernel::{Context, InstructionSet, bf16_peak_flops, fma_peak_flops};

/// Work that is repeated and timed.
pub(super) trait Workload {
    /// Runs the work once.
    fn run(&mut self);
    /// The context that it runs in.
    fn context(&self) -> &Context<f32>;
    /// Bytes of the weights and data that exist before the first run.
    fn loaded(&self) -> usize;
    /// How a window is kept for the backward pass in at most `limit` bytes.
    fn plan(&self, limit: Option<usize>) -> Result<Plan, MemoryError>;
}

/// How often work is repeated.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    /// Minimum time of the runs together, without the measurements of the peak.
    pub(super) time: Duration,
    /// Minimum number of runs.
    pub(super) least: usize,
}

/// Rounds of the shortest measurement of the peak, which takes a few milliseconds.
const PEAK_ROUNDS: usize = 100;
/// Time of a measurement of the peak, as a share of a run's time. A much shorter one could see another load
/// on a shared machine.
const PEAK_SHARE: f64 = 0.1;
/// Minimum time between two measurements of the peak, which evicts the data of short runs from the caches.
const BETWEEN_PEAKS: Duration = Duration::from_millis(10);

/// The measurements, sorted.
pub(super) struct Timing {
    /// Seconds of each run.
    seconds: Vec<f64>,
    /// Peak flops per second of all threads together.
    peaks: Vec<f64>,
    /// Flops at peak speed in the time of a run, where the peak is the mean of the measurements before and
    /// after it.
    possible: Vec<f64>,
}

impl Timing {
    /// Runs `work` once without timing it, then as often as `budget` says.
    pub(super) fn of(work: &mut dyn Workload, budget: Budget) -> Self {
        let first = seconds_of(|| work.run());
        let shortest = seconds_of(|| _ = peak(work.context(), PEAK_ROUNDS));
        let rounds = (PEAK_ROUNDS as f64 * (PEAK_SHARE * first / shortest).max(1.0)) as usize;
        let (mut seconds, mut possible, mut spent) = (Vec::new(), Vec::new(), 0.0);
        let mut peaks = vec![peak(work.context(), rounds)];
        while spent < budget.time.as_secs_f64() || seconds.len() < budget.least {
            let (batch, earlier) = (Instant::now(), seconds.len());
            while seconds.len() == earlier || batch.elapsed() < BETWEEN_PEAKS {
                seconds.push(seconds_of(|| work.run()));
            }
            let (took, runs) = (batch.elapsed().as_secs_f64(), seconds.len() - earlier);
            let (before, after) = (peaks[peaks.len() - 1], peak(work.context(), rounds));
            peaks.push(after);
            possible.push(took / runs as f64 * (before + after) / 2.0);
            spent += took;
        }
        for numbers in [&mut seconds, &mut peaks, &mut possible] {
            numbers.sort_by(f64::total_cmp);
        }
        Self { seconds, peaks, possible }
    }

    pub(super) fn median(&self) -> f64 {
        quantile(&self.seconds, 0.5)
    }

    pub(super) fn least(&self) -> f64 {
        self.seconds[0]
    }

    pub(super) fn repeats(&self) -> usize {
        self.seconds.len()
    }

    /// The median peak in flops per second.
    pub(super) fn peak(&self) -> f64 {
        quantile(&self.peaks, 0.5)
    }

    /// The median of the flops at peak speed in the time of a run.
    pub(super) fn possible(&self) -> f64 {
        quantile(&self.possible, 0.5)
    }
}

/// Flops per second of the multiply-add loop on all threads at once.
fn peak(ctx: &Context<f32>, rounds: usize) -> f64 {
    let done = Mutex::new(0.0);
    let start = Instant::now();
    ctx.split(ctx.threads(), |_, first, end| {
        for _ in first..end {
            let flops = fma_peak_flops(ctx.instruction_set(), rounds);
            *done.lock().unwrap_or_else(|e| e.into_inner()) += flops;
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    done.into_inner().unwrap_or_else(|e| e.into_inner()) / seconds
}

pub(super) fn seconds_of(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// The `share` quantile of sorted numbers: the smallest number such that at least this share of them is at or
/// below it.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// Peak flops per second of one thread in registers, for f32 and for bf16; None if the processor has no bf16
/// instructions. The best of several repeats.
pub(super) fn peaks(isa: InstructionSet) -> [Option<f64>; 2] {
    let best = |run: &dyn Fn() -> Option<f64>| {
        let repeats = (0..REPEATS).filter_map(|_| {
            let start = Instant::now();
            run().map(|flops| flops / start.elapsed().as_secs_f64())
        });
        repeats.reduce(f64::max)
    };
    [best(&|| Some(fma_peak_flops(isa, PEAK_ROUNDS))), best(&|| bf16_peak_flops(1 << 18))]
}

/// Repeats of [`peaks`].
const REPEATS: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_elements() {
        let numbers: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|q| quantile(&numbers, q)), [1.0, 100.0, 198.0, 200.0]);
        assert_eq!(quantile(&[7.0], 0.99), 7.0);
    }
}
