//! Frequencies in the training part of a run. They are stored in the run, so that its baseline can be scored on other
//! data without reading the training data again.

use serde::{Deserialize, Serialize};

use super::baseline::{Baseline, frequency_loss};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    /// Tokens of a text.
    Tokens,
    /// Classes of labelled sequences.
    Classes,
    /// Keys of a piano roll.
    Keys,
}

/// How often each token, class or key occurs among the targets of the training part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frequencies {
    /// What is counted.
    pub of: Counted,
    /// The count of each token, class or key.
    pub counts: Vec<u64>,
    /// Number of targets. Several keys may sound at one step, which is one target.
    pub targets: u64,
    /// Whether the training loss weights the classes or tokens by their inverse frequencies.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub balanced: bool,
    /// Whether these are frequencies of the scored data, because those of the training part are not known.
    #[serde(skip)]
    pub(super) scored: bool,
}

impl Frequencies {
    /// Frequencies of tokens or classes, one for each target.
    pub(super) fn new(of: Counted, counts: &[u64], balanced: bool) -> Self {
        Self { of, counts: counts.to_vec(), targets: counts.iter().sum(), balanced, scored: false }
    }

    /// The frequencies of the training part if they are known and count the same as `own`, else `own`, those of the data
    /// that are scored.
    pub(super) fn of_training_or(trained: Option<&Self>, own: Self) -> Self {
        let fits = |trained: &&Self| trained.of == own.of && trained.counts.len() == own.counts.len();
        trained.filter(fits).cloned().unwrap_or(Self { scored: true, balanced: false, ..own })
    }

    /// The name of the baseline that predicts them.
    pub(super) fn name(&self) -> String {
        let what = match self.of {
            Counted::Tokens => "token",
            Counted::Classes => "class",
            Counted::Keys => "key",
        };
        let whose = if self.scored { " of the scored data" } else { "" };
        let weighted = if self.balanced { ", weighted like the loss" } else { "" };
        format!("{what} frequencies{whose}{weighted}")
    }

    /// The baseline that predicts them, on tokens or classes with these counts.
    pub(super) fn baseline(&self, scored: &[u64]) -> Baseline {
        Baseline::new(self.name(), frequency_loss(&self.counts, scored, self.balanced))
    }

    /// The most frequent class of the training part, the first one of several; None if no classes are counted or the
    /// training part is not known.
    pub(super) fn most_frequent_class(&self) -> Option<u32> {
        let class = (0..self.counts.len()).rev().max_by_key(|&class| self.counts[class]);
        let class = class.and_then(|class| u32::try_from(class).ok());
        class.filter(|_| self.of == Counted::Classes && !self.scored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_training_part_is_preferred_and_other_counts_are_named() {
        let own = || Frequencies::new(Counted::Classes, &[1, 9, 0], false);
        let trained = Frequencies::new(Counted::Classes, &[7, 2, 7], true);
        let known = Frequencies::of_training_or(Some(&trained), own());
        assert_eq!(
            (known.name().as_str(), known.most_frequent_class()),
            ("class frequencies, weighted like the loss", Some(0))
        );
        for other in [None, Some(Frequencies::new(Counted::Classes, &[7, 2], false))] {
            let known = Frequencies::of_training_or(other.as_ref(), own());
            assert_eq!(known.name(), "class frequencies of the scored data");
            assert_eq!((known.counts.as_slice(), known.most_frequent_class()), (&[1, 9, 0][..], None));
        }
        let tokens = Frequencies::new(Counted::Tokens, &[1, 9, 0], false);
        assert_eq!((tokens.name().as_str(), tokens.most_frequent_class()), ("token frequencies", None));
    }
}
