//! How long something takes, with the processor's multiply-add peak measured in between.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use longspan::kernel::{Context, fma_peak_flops};

/// Something that is run over and over.
pub(super) trait Workload {
    /// Runs it once.
    fn run(&mut self);
    /// What it runs on.
    fn context(&self) -> &Context<f32>;
    /// Bytes of the weights and data that it has before it first runs.
    fn loaded(&self) -> usize;
}

/// How often something is run.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    /// Until this time has passed, the peak's not counted …
    pub(super) time: Duration,
    /// … but at least so often.
    pub(super) least: usize,
}

/// Rounds of the multiply-add loop in one measurement: some milliseconds.
const PEAK_ROUNDS: usize = 100;
/// Time between two measurements of the peak: short runs are not driven out of the caches by it more often than that.
const BETWEEN_PEAKS: Duration = Duration::from_millis(10);

/// What was measured, sorted.
pub(super) struct Timing {
    /// Seconds of the runs.
    seconds: Vec<f64>,
    /// Flops per second of all threads together.
    peaks: Vec<f64>,
}

impl Timing {
    /// Runs `work` once unmeasured, then as often as `budget` says.
    pub(super) fn of(work: &mut dyn Workload, budget: Budget) -> Self {
        work.run();
        let (mut seconds, mut peaks, mut spent) = (Vec::new(), Vec::new(), Duration::ZERO);
        while spent < budget.time || seconds.len() < budget.least {
            peaks.push(peak(work.context()));
            let batch = Instant::now();
            loop {
                let start = Instant::now();
                work.run();
                seconds.push(start.elapsed().as_secs_f64());
                if batch.elapsed() >= BETWEEN_PEAKS {
                    break;
                }
            }
            spent += batch.elapsed();
        }
        seconds.sort_by(f64::total_cmp);
        peaks.sort_by(f64::total_cmp);
        Self { seconds, peaks }
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
}

/// All threads run the multiply-add loop at once: flops per second.
fn peak(ctx: &Context<f32>) -> f64 {
    let done = Mutex::new(0.0);
    let start = Instant::now();
    ctx.split(ctx.threads(), |_, first, end| {
        for _ in first..end {
            let flops = fma_peak_flops(ctx.level(), PEAK_ROUNDS);
            *done.lock().unwrap_or_else(|e| e.into_inner()) += flops;
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    done.into_inner().unwrap_or_else(|e| e.into_inner()) / seconds
}

/// The `share` quantile of sorted numbers: the smallest one that has at least that share at or below it.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

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
