//! Class weights that compensate unequal class frequencies.
//!
//! ```text
//! w_c = N / (C · n_c)        n_c targets of class c, N targets in total, C classes that occur
//! ```
//!
//! The counts are those of [`Source::class_counts`](super::Source::class_counts) for the training part. On
//! the counted data the mean weight of a target is 1, and every class has the same total weight.
//!
//! # References
//! King, Zeng, "Logistic regression in rare events data", Political Analysis 9, 2001.

/// Returns the weight of each class for these counts; 1 for a class that does not occur.
pub fn balanced(counts: &[u64]) -> Vec<f64> {
    let (total, present) = (counts.iter().sum::<u64>(), counts.iter().filter(|count| **count > 0).count());
    let weight = |count| if count == 0 { 1.0 } else { total as f64 / (present as f64 * count as f64) };
    counts.iter().map(|&count| weight(count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Batch, IGNORE, Source};

    struct Two;

    impl Source for Two {
        fn windows(&self) -> u64 {
            2
        }

        fn fill(&self, _: u64, window: u64, batch: &mut Batch) {
            batch.reshape(2, 2);
            batch.targets.copy_from_slice(if window == 0 { &[0, IGNORE, 0, 3] } else { &[0, 0, 0, 3] });
        }

        fn shape(&self) -> (usize, usize) {
            (2, 2)
        }
    }

    #[test]
    fn every_class_weighs_the_same_in_all() {
        let counts = Two.class_counts(5);
        assert_eq!(counts, [5, 0, 0, 2, 0]);
        assert_eq!(balanced(&counts), [7.0 / 10.0, 1.0, 1.0, 7.0 / 4.0, 1.0]);
        assert!(balanced(&[]).is_empty());
    }
}
