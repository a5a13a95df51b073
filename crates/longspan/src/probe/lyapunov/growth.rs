//! The sums of ln R_ii, and the standard error of their mean.
//!
//! Adjacent steps of one trajectory are correlated, so the spread of single steps underestimates the error.
//! Blocks of b steps are treated as independent: their means have the standard error s_b/√(N/b), which grows
//! with b until blocks are longer than the correlation. b is doubled until the error grows by less than a
//! tenth or 20 blocks are left.
//!
//! # References
//! Flyvbjerg, Petersen, "Error estimates on averages of correlated data", J. Chem. Phys. 91, 1989.

/// Largest number of bins that are kept for one trajectory; then adjacent bins are merged.
const BINS: usize = 1024;
/// Smallest number of blocks for an estimate of the error.
const BLOCKS: usize = 20;
/// Growth of the error from one block length to the next that counts as no growth.
const SETTLED: f64 = 1.1;

/// A mean with its standard error, if there is one.
pub type Estimate = (f64, Option<f64>);

/// The sums of ln R_ii of some trajectories.
pub struct Growth {
    count: usize,
    /// `[rows, count]`.
    totals: Vec<f64>,
    entries: usize,
    /// For one trajectory: `[bins, count]`, each the sum of `bin` entries.
    bins: Vec<f64>,
    bin: usize,
    /// The bin that is not yet complete.
    open: Vec<f64>,
}

impl Growth {
    /// Starts sums of `rows` trajectories with `count` exponents each.
    pub fn new(rows: usize, count: usize) -> Self {
        let totals = vec![0.0; rows * count];
        Self { count, totals, entries: 0, bins: Vec::new(), bin: 1, open: vec![0.0; count] }
    }

    /// Adds one entry: ln R_ii of every trajectory, `[rows, count]`.
    pub fn add(&mut self, entry: &[f64]) {
        self.totals.iter_mut().zip(entry).for_each(|(total, &ln)| *total += ln);
        self.entries += 1;
        if self.totals.len() > self.count {
            return;
        }
        self.open.iter_mut().zip(entry).for_each(|(open, &ln)| *open += ln);
        if self.entries.is_multiple_of(self.bin) {
            self.bins.append(&mut self.open);
            self.open.resize(self.count, 0.0);
            if self.bins.len() == BINS * self.count {
                self.bins = pairs(&self.bins, self.count);
                self.bin *= 2;
            }
        }
    }

    /// Number of entries so far.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// Returns the mean of each exponent per step, largest first; each entry covers `steps` steps.
    pub fn exponents(&self, steps: usize) -> Vec<Estimate> {
        let rows = self.totals.len() / self.count;
        let scale = 1.0 / (self.entries * steps) as f64;
        let mut exponents: Vec<Estimate> = (0..self.count)
            .map(|i| {
                let each: Vec<f64> = (0..rows).map(|row| self.totals[row * self.count + i] * scale).collect();
                if rows > 1 {
                    return mean(&each);
                }
                let bins: Vec<f64> = self.bins.iter().skip(i).step_by(self.count).copied().collect();
                let error = block_error(bins).map(|error| error / (self.bin * steps) as f64);
                (each[0], error.filter(|_| each[0].is_finite()))
            })
            .collect();
        exponents.sort_by(|a, b| b.0.total_cmp(&a.0));
        exponents
    }
}

/// Returns the sums of adjacent pairs of `[n, count]`.
fn pairs(bins: &[f64], count: usize) -> Vec<f64> {
    let two = bins.chunks_exact(2 * count).map(|two| two.split_at(count));
    two.flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>()).collect()
}

/// Returns the mean and its standard error s/√M.
fn mean(values: &[f64]) -> Estimate {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, Some((variance / count).sqrt()).filter(|_| mean.is_finite()))
}

/// Returns the standard error of the mean of a bin.
fn block_error(mut bins: Vec<f64>) -> Option<f64> {
    let mut length = 1.0;
    let mut largest = None;
    while bins.len() >= BLOCKS {
        let error = mean(&bins).1? / length;
        if largest.is_some_and(|before| error < SETTLED * before) {
            return largest.map(|before: f64| before.max(error));
        }
        largest = Some(error);
        bins = pairs(&bins, 1);
        length *= 2.0;
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use longspan_kernel::rng::{Key, Purpose};

    /// x_{t+1} = a x_t + √(1−a²) ξ has variance 1, and its mean over N steps has the error √((1+a)/(1−a)/N).
    #[test]
    fn blocks_find_the_error_of_correlated_steps() {
        let (a, steps): (f64, usize) = (0.9, 40_000);
        let mut ratios = Vec::new();
        for seed in 0..8 {
            let mut stream = Key::new(seed, Purpose::Probe, 0, 0).stream(0, 0);
            let mut growth = Growth::new(1, 1);
            let mut x = stream.normal();
            for _ in 0..steps {
                growth.add(&[x]);
                x = a * x + (1.0 - a * a).sqrt() * stream.normal();
            }
            let (mean, error) = growth.exponents(1)[0];
            let truth = ((1.0 + a) / (1.0 - a) / steps as f64).sqrt();
            assert!(mean.abs() < 5.0 * truth, "{mean} against {truth}");
            ratios.push(error.unwrap() / truth);
        }
        // There are a few hundred blocks: the error estimate is off by about a tenth, and a little too small
        // if blocks have just become long enough.
        assert!(ratios.iter().all(|r| (0.7..1.4).contains(r)), "{ratios:?}");
    }

    #[test]
    fn rows_are_independent_and_infinity_has_no_error() {
        let mut growth = Growth::new(4, 2);
        for entry in 0..10 {
            let x = f64::from(entry) - 4.5;
            growth.add(&[1.0, 3.0 + x, f64::NEG_INFINITY, 1.0, 1.0, 2.0, 1.0, 2.0]);
        }
        let exponents = growth.exponents(1);
        assert_eq!(exponents[1], (f64::NEG_INFINITY, None));
        assert_eq!(exponents[0].0, 2.0);
        // The means are 3, 1, 2, 2: s = √(2/3), over √4.
        assert!((exponents[0].1.unwrap() - (2.0f64 / 3.0).sqrt() / 2.0).abs() < 1e-12);
    }
}
