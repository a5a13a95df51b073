//! Weights that make up for classes of unequal frequency.
//!
//! ```text
//! w_c = N / (C · n_c)        n_c targets of class c, N in all, C the classes that occur
//! ```
//!
//! Over the data that were counted the mean weight of a target is 1, and every class weighs the same in all.
//!
//! # References
//! King, Zeng, "Logistic regression in rare events data", Political Analysis 9, 2001.

use super::{Batch, IGNORE, Source};

/// How often each of `classes` classes is asked for in epoch 0 of a source. An item that the source deals out twice, to fill
/// its last batch, counts twice: to count exactly, give a source that has each once.
///
/// # Panics
/// If a target is none of the classes.
pub fn class_counts(source: &dyn Source, classes: usize) -> Vec<u64> {
    let (mut counts, mut batch) = (vec![0; classes], Batch::default());
    for window in 0..source.windows() {
        source.fill(0, window, &mut batch);
        let scored = batch.targets.iter().filter(|target| **target != IGNORE);
        scored.for_each(|&target| counts[target as usize] += 1);
    }
    counts
}

/// The weight of each class of these counts; 1 for one that does not occur.
pub fn balanced(counts: &[u64]) -> Vec<f64> {
    let (total, present) = (counts.iter().sum::<u64>(), counts.iter().filter(|count| **count > 0).count());
    let weight = |count| if count == 0 { 1.0 } else { total as f64 / (present as f64 * count as f64) };
    counts.iter().map(|&count| weight(count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let counts = class_counts(&Two, 5);
        assert_eq!(counts, [5, 0, 0, 2, 0]);
        assert_eq!(balanced(&counts), [7.0 / 10.0, 1.0, 1.0, 7.0 / 4.0, 1.0]);
        assert!(balanced(&[]).is_empty());
    }
}
