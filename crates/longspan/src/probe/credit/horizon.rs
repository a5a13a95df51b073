//! The gradient horizon: the number of steps back at which at least the share ε of the gradient arrives.
//!
//! ```text
//! H_ε = min { τ : median G(τ) < ε } − 1, or W if there is no such τ ≤ W ("at least W")
//! ```
//!
//! The interval is a percentile bootstrap over sequences. Each of R resamples draws as many sequences as
//! there are, with replacement, each with all its anchors. The 2.5 and 97.5 percentiles of H_ε over the
//! resamples (W if no τ is below ε) are the interval.
//!
//! # References
//! Efron, Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.

use super::order::{median, middle};
use longspan_kernel::rng::{Key, Purpose};
use longspan_record::credit::Horizon;

/// Computes the horizon from samples of ln G `[τ]`; sample i belongs to sequence `sequence_of[i]`. None
/// without samples.
pub fn horizon(
    ln_g: &[&[f64]],
    sequence_of: &[usize],
    epsilon: f64,
    resamples: usize,
    seed: u64,
) -> Option<Horizon> {
    let window = ln_g.first()?.len() - 1;
    let bound = epsilon.ln();
    let medians: Vec<f64> =
        (0..=window).map(|lag| median(&mut ln_g.iter().map(|g| g[lag]).collect::<Vec<_>>())).collect();
    let first_below = medians.iter().position(|&y| y < bound);
    let mut draws = Resampler::new(ln_g, sequence_of).draw(bound, resamples, seed);
    draws.sort_unstable();
    let percentile = |share: f64| {
        let rank = (share * draws.len() as f64).ceil() as usize;
        draws.get(rank.max(1) - 1).copied().unwrap_or(window)
    };
    // A resample that never falls below ε counts as W; one that falls below ε at W has W − 1.
    let high = percentile(0.975);
    Some(Horizon {
        epsilon,
        steps: first_below.map_or(window, |lag| lag.saturating_sub(1)),
        at_least: first_below.is_none(),
        low_steps: percentile(0.025),
        high_steps: high,
        high_at_least: high == window,
        last_lag_above_steps: medians.iter().rposition(|&y| y >= bound).unwrap_or(0),
        resamples,
    })
}

/// Resamples sequences with replacement. Medians are found by counting in an order that is computed once per
/// lag.
struct Resampler<'a> {
    ln_g: &'a [&'a [f64]],
    sequence_of: &'a [usize],
    sequences: Vec<usize>,
    /// For each lag that was needed so far, the samples in ascending order.
    orders: Vec<Vec<u32>>,
}

impl<'a> Resampler<'a> {
    fn new(ln_g: &'a [&'a [f64]], sequence_of: &'a [usize]) -> Self {
        let mut sequences = sequence_of.to_vec();
        sequences.sort_unstable();
        sequences.dedup();
        Self { ln_g, sequence_of, sequences, orders: Vec::new() }
    }

    fn draw(mut self, bound: f64, resamples: usize, seed: u64) -> Vec<usize> {
        let window = self.ln_g[0].len() - 1;
        let key = Key::new(seed, Purpose::Probe, 0, RESAMPLING);
        let position_of: Vec<usize> = self
            .sequence_of
            .iter()
            .map(|sequence| self.sequences.binary_search(sequence).expect("one of its own"))
            .collect();
        (0..resamples)
            .map(|draw| {
                let mut stream = key.stream(0, draw as u64);
                let mut times = vec![0u32; self.sequences.len()];
                for _ in 0..self.sequences.len() {
                    times[stream.below(self.sequences.len() as u32) as usize] += 1;
                }
                let counts: Vec<u32> = position_of.iter().map(|&position| times[position]).collect();
                let all: u32 = counts.iter().sum();
                let below = (0..=window).find(|&lag| self.median(lag, &counts, all) < bound);
                below.map_or(window, |lag| lag.saturating_sub(1))
            })
            .collect()
    }

    /// Returns the median of ln G at a lag, where sample i occurs `counts[i]` times, and `all` is the total.
    fn median(&mut self, lag: usize, counts: &[u32], all: u32) -> f64 {
        while self.orders.len() <= lag {
            let at = self.orders.len();
            let mut order: Vec<u32> = (0..self.ln_g.len() as u32).collect();
            order.sort_by(|&a, &b| self.ln_g[a as usize][at].total_cmp(&self.ln_g[b as usize][at]));
            self.orders.push(order);
        }
        let (lower_rank, upper_rank) = ((all - 1) / 2, all / 2);
        let (mut seen, mut lower) = (0, None);
        for &i in &self.orders[lag] {
            seen += counts[i as usize];
            let value = self.ln_g[i as usize][lag];
            if lower.is_none() && seen > lower_rank {
                lower = Some(value);
            }
            if let Some(lower) = lower.filter(|_| seen > upper_rank) {
                return middle(lower, value);
            }
        }
        f64::NAN
    }
}

/// The step of [`Key`] for these random numbers.
const RESAMPLING: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(samples: &[Vec<f64>], sequence_of: &[usize], epsilon: f64) -> Horizon {
        let views: Vec<&[f64]> = samples.iter().map(Vec::as_slice).collect();
        horizon(&views, sequence_of, epsilon, 1000, 3).expect("samples")
    }

    #[test]
    fn a_pure_decay_has_the_horizon_of_its_rate() {
        // 0.9^τ < 0.01 first holds at τ = 44.
        let samples: Vec<Vec<f64>> = vec![(0..100).map(|lag| f64::from(lag) * 0.9f64.ln()).collect(); 16];
        let found = of(&samples, &(0..16).collect::<Vec<_>>(), 0.01);
        assert_eq!((found.steps, found.at_least, found.last_lag_above_steps), (43, false, 43));
        assert_eq!((found.low_steps, found.high_steps, found.high_at_least), (43, 43, false));
        let short: Vec<Vec<f64>> = samples.iter().map(|s| s[..20].to_vec()).collect();
        let found = of(&short, &(0..16).collect::<Vec<_>>(), 0.01);
        assert_eq!((found.steps, found.at_least, found.high_at_least), (19, true, true));
    }

    #[test]
    fn a_profile_that_rises_again_is_marked() {
        let samples = vec![vec![0.0, -9.0, -1.0, -9.0]; 16];
        let found = of(&samples, &(0..16).collect::<Vec<_>>(), 0.01);
        assert_eq!((found.steps, found.last_lag_above_steps), (0, 2));
    }

    /// Many anchors of one sequence count as one independent sample.
    #[test]
    fn the_interval_is_over_sequences() {
        let draws = |count: usize| -> Vec<f64> {
            let mut stream = Key::new(5, Purpose::Probe, 0, 77).stream(0, 0);
            (0..count).map(|_| (0.3 * stream.normal()).exp() * 0.05).collect()
        };
        let profile = |rate: f64| (0..400).map(|lag| -rate * f64::from(lag)).collect::<Vec<f64>>();
        let single: Vec<Vec<f64>> = draws(32).into_iter().map(profile).collect();
        let repeated: Vec<Vec<f64>> = single.iter().flat_map(|s| vec![s.clone(); 5]).collect();
        let one = of(&single, &(0..32).collect::<Vec<_>>(), 0.01);
        let five = of(&repeated, &(0..160).map(|i| i / 5).collect::<Vec<_>>(), 0.01);
        assert_eq!((one.low_steps, one.high_steps), (five.low_steps, five.high_steps));
        assert!(one.high_steps - one.low_steps > 10, "{one:?}");
    }

    /// About 95 % of the intervals of many synthetic data sets contain the truth.
    #[test]
    fn the_interval_has_its_nominal_coverage() {
        let (sets, sequences, rate) = (400, 64, 0.04);
        // The median rate is `rate`, so the median profile is e^{−rate τ}.
        let truth = (0..).find(|&lag| -rate * f64::from(lag) < 0.01f64.ln()).unwrap() as usize - 1;
        let mut covered = 0;
        for set in 0..sets {
            let mut stream = Key::new(9, Purpose::Probe, 0, 78).stream(0, set);
            let samples: Vec<Vec<f64>> = (0..sequences)
                .map(|_| {
                    let own = rate * (0.6 * stream.normal()).exp();
                    (0..400).map(|lag| -own * f64::from(lag)).collect()
                })
                .collect();
            let views: Vec<&[f64]> = samples.iter().map(Vec::as_slice).collect();
            let found = horizon(&views, &(0..sequences).collect::<Vec<_>>(), 0.01, 1000, set).unwrap();
            covered += usize::from((found.low_steps..=found.high_steps).contains(&truth));
        }
        let share = covered as f64 / sets as f64;
        assert!((0.90..=0.98).contains(&share), "{share}");
    }
}
