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

/// What a horizon is and how its interval is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HorizonOptions {
    /// ε.
    pub epsilon: f64,
    /// R, the number of resamples.
    pub resamples: usize,
    /// The seed of the resamples.
    pub seed: u64,
}

/// Computes the horizon from samples of ln G `[τ]`; sample i belongs to sequence `sequence_of[i]`. None
/// without samples.
pub fn horizon(ln_g: &[&[f64]], sequence_of: &[usize], options: HorizonOptions) -> Option<Horizon> {
    HorizonFinder::default().find(ln_g.len(), &|i| ln_g[i], &|i| sequence_of[i], options)
}

/// Computes horizons and reuses its memory.
///
/// Resamples are drawn from sequences with replacement. Medians are found by counting in an order that is
/// computed once per lag.
#[derive(Debug, Default)]
pub(crate) struct HorizonFinder {
    sequences: Vec<usize>,
    /// The index of each sample's sequence in `sequences`.
    position_of: Vec<usize>,
    medians: Vec<f64>,
    values: Vec<f64>,
    /// How often a resample has each sequence, and each sample.
    times: Vec<u32>,
    counts: Vec<u32>,
    draws: Vec<usize>,
    /// For each lag that was needed so far, the samples that have it in ascending order, one list after the
    /// other.
    orders: Vec<u32>,
    /// The end of each list.
    ends: Vec<usize>,
}

impl HorizonFinder {
    /// Reserves memory for `samples` samples with `lags` lags together, at most `window` each.
    pub(crate) fn reserve(&mut self, samples: usize, lags: usize, window: usize, resamples: usize) {
        for list in [&mut self.sequences, &mut self.position_of] {
            list.clear();
            list.reserve(samples);
        }
        for list in [&mut self.times, &mut self.counts] {
            list.clear();
            list.reserve(samples);
        }
        self.values.clear();
        self.medians.clear();
        self.draws.clear();
        self.orders.clear();
        self.ends.clear();
        self.values.reserve(samples);
        self.medians.reserve(window);
        self.draws.reserve(resamples);
        self.orders.reserve(lags);
        self.ends.reserve(window);
    }

    /// Computes the horizon from `samples` samples: ln G `[τ]` of sample i is `ln_g(i)`, and it belongs to
    /// sequence `sequence_of(i)`. Samples may have different numbers of lags: each lag has the median of those
    /// that have it, and the window W ends with the largest lag that at least half of them have. None without
    /// samples.
    ///
    /// # Panics
    /// If a sample does not have lag 0.
    pub(crate) fn find<'a>(
        &mut self,
        samples: usize,
        ln_g: &dyn Fn(usize) -> &'a [f64],
        sequence_of: &dyn Fn(usize) -> usize,
        options: HorizonOptions,
    ) -> Option<Horizon> {
        let HorizonOptions { epsilon, resamples, .. } = options;
        if samples == 0 {
            return None;
        }
        self.counts.clear();
        self.counts.extend((0..samples).map(|i| ln_g(i).len() as u32));
        let half = samples.div_ceil(2) - 1;
        let window = *self.counts.select_nth_unstable_by(half, |a, b| b.cmp(a)).1 as usize - 1;
        let bound = epsilon.ln();
        self.medians.clear();
        for lag in 0..=window {
            self.values.clear();
            self.values.extend((0..samples).filter_map(|i| ln_g(i).get(lag)));
            self.medians.push(median(&mut self.values));
        }
        let first_below = self.medians.iter().position(|&y| y < bound);
        self.sequences.clear();
        self.sequences.extend((0..samples).map(sequence_of));
        self.sequences.sort_unstable();
        self.sequences.dedup();
        let sequences = &self.sequences;
        let position = |i| sequences.binary_search(&sequence_of(i)).expect("one of its own");
        self.position_of.clear();
        self.position_of.extend((0..samples).map(position));
        self.draw(window, ln_g, options);
        self.draws.sort_unstable();
        let percentile = |share: f64| {
            let rank = (share * self.draws.len() as f64).ceil() as usize;
            self.draws.get(rank.max(1) - 1).copied().unwrap_or(window)
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
            last_lag_above_steps: self.medians.iter().rposition(|&y| y >= bound).unwrap_or(0),
            resamples,
        })
    }

    /// Computes the horizon of each resample.
    fn draw<'a>(&mut self, window: usize, ln_g: &dyn Fn(usize) -> &'a [f64], options: HorizonOptions) {
        let (bound, sequences) = (options.epsilon.ln(), self.sequences.len());
        let key = Key::new(options.seed, Purpose::Probe, 0, RESAMPLING);
        self.orders.clear();
        self.ends.clear();
        self.draws.clear();
        for draw in 0..options.resamples {
            let mut stream = key.stream(0, draw as u64);
            self.times.clear();
            self.times.resize(sequences, 0);
            for _ in 0..sequences {
                self.times[stream.below(sequences as u32) as usize] += 1;
            }
            self.counts.clear();
            self.counts.extend(self.position_of.iter().map(|&position| self.times[position]));
            let below = (0..=window).find(|&lag| self.median(lag, ln_g) < bound);
            self.draws.push(below.map_or(window, |lag| lag.saturating_sub(1)));
        }
    }

    /// Returns the median of ln G at a lag over the samples that have it, where sample i occurs `counts[i]`
    /// times; NaN if none of them occurs.
    fn median<'a>(&mut self, lag: usize, ln_g: &dyn Fn(usize) -> &'a [f64]) -> f64 {
        while self.ends.len() <= lag {
            let (at, first) = (self.ends.len(), self.orders.len());
            self.orders.extend((0..self.counts.len() as u32).filter(|&i| ln_g(i as usize).len() > at));
            let of = |i: u32| ln_g(i as usize)[at];
            self.orders[first..].sort_unstable_by(|&a, &b| of(a).total_cmp(&of(b)));
            self.ends.push(self.orders.len());
        }
        let first = if lag == 0 { 0 } else { self.ends[lag - 1] };
        let order = &self.orders[first..self.ends[lag]];
        let all: u32 = order.iter().map(|&i| self.counts[i as usize]).sum();
        let (lower_rank, upper_rank) = (all.saturating_sub(1) / 2, all / 2);
        let (mut seen, mut lower) = (0, None);
        for &i in order {
            seen += self.counts[i as usize];
            let value = ln_g(i as usize)[lag];
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
        horizon(&views, sequence_of, HorizonOptions { epsilon, resamples: 1000, seed: 3 }).expect("samples")
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

    /// Half of the samples have the lags 0 to 30, the others fewer: the window ends at 30, and the shorter
    /// samples count at the lags that they have.
    #[test]
    fn samples_of_many_lengths_end_where_half_of_them_end() {
        let profile = |rate: f64, lags: usize| (0..lags).map(|lag| -rate * lag as f64).collect::<Vec<f64>>();
        let slow: Vec<Vec<f64>> = (0..8).map(|i| profile(0.01, if i < 4 { 31 } else { 5 + i })).collect();
        let found = of(&slow, &(0..8).collect::<Vec<_>>(), 0.01);
        assert_eq!((found.steps, found.at_least, found.high_at_least), (30, true, true));
        // Beyond lag 11 only the first four samples remain, and they have decayed at 0.4 a step.
        let fast: Vec<Vec<f64>> =
            (0..8).map(|i| if i < 4 { profile(0.4, 31) } else { profile(0.0, 5 + i) }).collect();
        let found = of(&fast, &(0..8).collect::<Vec<_>>(), 0.01);
        assert_eq!((found.steps, found.at_least), (11, false));
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
            let options = HorizonOptions { epsilon: 0.01, resamples: 1000, seed: set };
            let found = horizon(&views, &(0..sequences).collect::<Vec<_>>(), options).unwrap();
            covered += usize::from((found.low_steps..=found.high_steps).contains(&truth));
        }
        let share = covered as f64 / sets as f64;
        assert!((0.90..=0.98).contains(&share), "{share}");
    }
}
