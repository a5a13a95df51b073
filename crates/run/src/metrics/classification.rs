//! Classification metrics from a confusion matrix.
//!
//! n_{ap} is the number of examples of class a that were predicted as class p, N = Σ n_{ap}:
//!
//! ```text
//! accuracy     = Σ_c n_{cc} / N
//! recall_c     = n_{cc} / Σ_p n_{cp}                      undefined for a class without examples
//! precision_c  = n_{cc} / Σ_a n_{ac}                      undefined for a class never predicted
//! F1_c         = 2 n_{cc} / (Σ_p n_{cp} + Σ_a n_{ac})     undefined where both are empty
//! macro-F1     = the mean of F1_c over the classes that have one
//! baseline_c   = Σ_p n_{cp} / N                           accuracy of always saying c
//! ```
//!
//! F1_c is the harmonic mean of precision and recall where both are above 0, and 0 where n_{cc} is 0. The
//! majority-class baseline is baseline_c of the class that is most frequent *in training*: the most frequent
//! class of the test part would be information from its labels.
//!
//! # References
//! van Rijsbergen, "Information Retrieval", 2nd ed., 1979 (F); Sokolova, Lapalme, "A systematic analysis of performance
//! measures for classification tasks", Information Processing & Management 45, 2009 (macro averages). The mean of F1_c is
//! scikit-learn's `f1_score(average="macro")`, not the F1 of the mean precision and recall.

use std::collections::BTreeMap;

/// A confusion matrix: counts of (actual, predicted) classes, `[C, C]`. Only the counts above 0 are stored, so the memory
/// depends on the examples and on C, not on C².
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    counts: BTreeMap<(u32, u32), u64>,
    /// Σ_p n_{cp} and Σ_a n_{ac} of each class.
    actual: Vec<u64>,
    predicted: Vec<u64>,
}

impl Confusion {
    /// An empty matrix of `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { counts: BTreeMap::new(), actual: vec![0; classes], predicted: vec![0; classes] }
    }

    /// Counts one example of class `actual` that was predicted as `predicted`.
    ///
    /// # Panics
    /// If `actual` or `predicted` is not below C.
    pub fn add(&mut self, actual: u32, predicted: u32) {
        self.add_all(actual, predicted, 1);
    }

    fn add_all(&mut self, actual: u32, predicted: u32, count: u64) {
        self.actual[actual as usize] += count;
        self.predicted[predicted as usize] += count;
        *self.counts.entry((actual, predicted)).or_default() += count;
    }

    /// Adds the counts of another matrix.
    ///
    /// # Panics
    /// If the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.classes(), other.classes(), "confusion matrices with different numbers of classes");
        other.pairs().for_each(|(actual, predicted, count)| self.add_all(actual, predicted, count));
    }

    /// Number of classes C.
    pub fn classes(&self) -> usize {
        self.actual.len()
    }

    /// n_{ap}: examples of class `actual` that were predicted as `predicted`.
    pub fn count(&self, actual: u32, predicted: u32) -> u64 {
        self.counts.get(&(actual, predicted)).copied().unwrap_or(0)
    }

    /// The counts above 0: actual class, predicted class, count; in the order of the classes.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32, u64)> + '_ {
        self.counts.iter().map(|(&(actual, predicted), &count)| (actual, predicted, count))
    }

    /// Σ_p n_{cp}: examples of class c.
    ///
    /// # Panics
    /// If the class is not below C.
    pub fn actual(&self, class: u32) -> u64 {
        self.actual[class as usize]
    }

    /// Σ_a n_{ac}: examples that were predicted as class c.
    ///
    /// # Panics
    /// If the class is not below C.
    pub fn predicted(&self, class: u32) -> u64 {
        self.predicted[class as usize]
    }

    /// N: all examples.
    pub fn total(&self) -> u64 {
        self.actual.iter().sum()
    }

    /// Share of examples that were predicted as what they are; None without examples.
    pub fn accuracy(&self) -> Option<f64> {
        ratio((0..self.classes() as u32).map(|c| self.count(c, c)).sum(), self.total())
    }

    /// Share of the examples of a class that were found; None if it has none.
    pub fn recall(&self, class: u32) -> Option<f64> {
        ratio(self.count(class, class), self.actual(class))
    }

    /// Share of the predictions of a class that were right; None if it was never predicted.
    pub fn precision(&self, class: u32) -> Option<f64> {
        ratio(self.count(class, class), self.predicted(class))
    }

    /// F1 of a class; None if it has no example and was never predicted.
    pub fn f1(&self, class: u32) -> Option<f64> {
        ratio(2 * self.count(class, class), self.actual(class) + self.predicted(class))
    }

    /// Mean F1 over the classes that have one, each with the same weight; None without examples.
    pub fn macro_f1(&self) -> Option<f64> {
        let scores: Vec<f64> = (0..self.classes() as u32).filter_map(|class| self.f1(class)).collect();
        (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
    }

    /// Accuracy of predicting `class` whatever the example; None without examples. With the class that is
    /// [`most_frequent`] in training this is the majority-class baseline.
    pub fn baseline(&self, class: u32) -> Option<f64> {
        ratio(self.actual(class), self.total())
    }
}

/// The class that most labels have, of equally frequent ones the first; None without labels.
pub fn most_frequent(labels: impl IntoIterator<Item = u32>) -> Option<u32> {
    let mut counts: Vec<u64> = Vec::new();
    for label in labels {
        let label = label as usize;
        if counts.len() <= label {
            counts.resize(label + 1, 0);
        }
        counts[label] += 1;
    }
    (0..counts.len()).max_by_key(|&class| (counts[class], std::cmp::Reverse(class))).map(|class| class as u32)
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[u64]]) -> Confusion {
        let mut confusion = Confusion::new(rows.len());
        for (actual, row) in rows.iter().enumerate() {
            for (predicted, &count) in row.iter().enumerate() {
                (0..count).for_each(|_| confusion.add(actual as u32, predicted as u32));
            }
        }
        confusion
    }

    #[test]
    fn scores_are_those_computed_by_hand() {
        // Sums of rows 10, 5, 5; of columns 9, 8, 3; 13 of 20 on the diagonal.
        let confusion = of(&[&[7, 2, 1], &[1, 4, 0], &[1, 2, 2]]);
        assert_eq!((confusion.total(), confusion.count(0, 1), confusion.count(1, 0)), (20, 2, 1));
        assert_eq!(confusion.accuracy(), Some(13.0 / 20.0));
        assert_eq!([0, 1, 2].map(|c| confusion.recall(c).unwrap()), [0.7, 0.8, 0.4]);
        assert_eq!([0, 1, 2].map(|c| confusion.precision(c).unwrap()), [7.0 / 9.0, 0.5, 2.0 / 3.0]);
        // 14/19, 8/13, 4/8.
        let mean = (14.0 / 19.0 + 8.0 / 13.0 + 0.5) / 3.0;
        assert!((confusion.macro_f1().unwrap() - mean).abs() < 1e-15);
        assert_eq!([0, 1, 2].map(|c| confusion.baseline(c).unwrap()), [0.5, 0.25, 0.25]);
        // The definition as a harmonic mean.
        let (p, r) = (confusion.precision(2).unwrap(), confusion.recall(2).unwrap());
        assert!((confusion.f1(2).unwrap() - 2.0 * p * r / (p + r)).abs() < 1e-15);
    }

    #[test]
    fn what_no_example_defines_is_none_and_stays_out_of_the_mean() {
        // Class 1 is never predicted, class 2 has no example, class 3 neither.
        let confusion = of(&[&[2, 0, 1, 0], &[1, 0, 0, 0], &[0; 4], &[0; 4]]);
        assert_eq!(
            (confusion.precision(1), confusion.recall(1), confusion.f1(1)),
            (None, Some(0.0), Some(0.0))
        );
        assert_eq!(
            (confusion.precision(2), confusion.recall(2), confusion.f1(2)),
            (Some(0.0), None, Some(0.0))
        );
        assert_eq!((confusion.precision(3), confusion.recall(3), confusion.f1(3)), (None, None, None));
        // F1_0 = 4 / 6.
        assert!((confusion.macro_f1().unwrap() - 2.0 / 9.0).abs() < 1e-15);
        // 80 GB as a matrix.
        let mut wide = Confusion::new(100_000);
        wide.add(99_999, 7);
        assert_eq!((wide.accuracy(), wide.pairs().collect::<Vec<_>>()), (Some(0.0), vec![(99_999, 7, 1)]));
        let empty = Confusion::new(2);
        assert_eq!((empty.accuracy(), empty.macro_f1(), empty.baseline(0)), (None, None, None));
    }

    #[test]
    fn parts_add_up_and_the_first_of_equals_is_most_frequent() {
        let mut sum = of(&[&[1, 2], &[3, 4]]);
        sum.merge(&of(&[&[10, 0], &[0, 10]]));
        assert_eq!(sum, of(&[&[11, 2], &[3, 14]]));
        assert_eq!(most_frequent([2, 1, 2, 1, 0]), Some(1));
        assert_eq!(most_frequent([]), None);
    }
}
