//! How long something takes, with the processor's multiply-add peak measured in between.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use longspan::bptt::{MemoryError, Plan};
use longspan_kernel::{Context, InstructionSet, bf16_peak_flops, fma_peak_flops};

/// Something that is run over and over.
pub(super) trait Workload {
    /// Runs it once.
    fn run(&mut self);
    /// What it runs on.
    fn context(&self) -> &Context<f32>;
    /// Bytes of the weights and data that it has before it first runs.
    fn loaded(&self) -> usize;
    /// How its window is kept for backward in at most `limit` bytes.
    fn plan(&self, limit: Option<usize>) -> Result<Plan, MemoryError>;
}

/// How often something is run.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    /// Until this time has passed, the peak's not counted …
    pub(super) time: Duration,
    /// … but at least so often.
    pub(super) least: usize,
}

/// Rounds of the shortest measurement of the peak: some milliseconds.
const PEAK_ROUNDS: usize = 100;
/// The peak is measured for this share of a run's time: on a machine that is shared, a glimpse sees another machine.
const PEAK_SHARE: f64 = 0.1;
/// Time between two measurements of the peak: short runs are not driven out of the caches by it more often than that.
const BETWEEN_PEAKS: Duration = Duration::from_millis(10);

/// What was measured, sorted.
pub(super) struct Timing {
    /// Seconds of the runs.
    seconds: Vec<f64>,
    /// Flops per second of all threads together.
    peaks: Vec<f64>,
    /// Flops at the peak in the time of a run, the peak being the mean of those measured before and after it.
    possible: Vec<f64>,
}

impl Timing {
    /// Runs `work` once unmeasured, then as often as `budget` says.
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

    /// The median peak, flops per second.
    pub(super) fn peak(&self) -> f64 {
        quantile(&self.peaks, 0.5)
    }

    /// Flops that the peak allows in the time of a run, the median of those measured side by side.
    pub(super) fn possible(&self) -> f64 {
        quantile(&self.possible, 0.5)
    }
}

/// All threads run the multiply-add loop at once: flops per second.
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

/// The `share` quantile of sorted numbers: the smallest one that has at least that share at or below it.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// Flops per second of one thread in registers, f32 and bf16, the latter None where there are no such instructions: the best of
/// some turns.
pub(super) fn peaks(isa: InstructionSet) -> [Option<f64>; 2] {
    let best = |run: &dyn Fn() -> Option<f64>| {
        let turns = (0..TURNS).filter_map(|_| {
            let start = Instant::now();
            run().map(|flops| flops / start.elapsed().as_secs_f64())
        });
        turns.reduce(f64::max)
    };
    [best(&|| Some(fma_peak_flops(isa, PEAK_ROUNDS))), best(&|| bf16_peak_flops(1 << 18))]
}

/// Turns of [`peaks`].
const TURNS: usize = 50;

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
