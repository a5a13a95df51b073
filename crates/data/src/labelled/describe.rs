//! Descriptions of labelled sequences.

use serde::Serialize;

use super::sequences::{Kind, Labelled, Origin};
use crate::spread::{Sentinel, Spread};

/// The contents of labelled sequences.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// Number of sequences.
    pub sequences: usize,
    /// Lengths of the sequences, in steps.
    pub lengths: Lengths,
    /// Name and range of each channel; empty for tokens.
    pub channels: Vec<Range>,
    /// Number of different tokens; None for values.
    pub vocabulary: Option<usize>,
    /// Number of values that are missing in the file.
    pub missing: usize,
    /// Each class and its number of sequences; empty for targets.
    pub classes: Vec<(String, usize)>,
    /// Smallest and largest target; None for classes, and if no target is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<(f64, f64)>,
}

/// Lengths of sequences, in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lengths {
    /// Shortest length.
    pub min: usize,
    /// Median length; the lower of the two in the middle.
    pub median: usize,
    /// Longest length.
    pub max: usize,
    /// Sum of all lengths.
    pub total: usize,
}

/// The values of a channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Range {
    /// Name of the channel.
    pub channel: String,
    /// Smallest and largest value; None if all are missing.
    pub range: Option<(f32, f32)>,
}

impl Lengths {
    /// Summarises the lengths; None if there are none.
    pub fn of(lengths: impl IntoIterator<Item = usize>) -> Option<Self> {
        let mut lengths: Vec<usize> = lengths.into_iter().collect();
        lengths.sort_unstable();
        let (&min, &max) = (lengths.first()?, lengths.last()?);
        Some(Self { min, median: lengths[(lengths.len() - 1) / 2], max, total: lengths.iter().sum() })
    }
}

impl Labelled {
    /// Describes the sequences.
    ///
    /// # Panics
    /// If there are no sequences. No reader returns an empty set.
    pub fn describe(&self) -> Description {
        let lengths = Lengths::of((0..self.len()).map(|i| self.length(i))).expect("a sequence");
        let (channels, vocabulary) = match &self.kind {
            Kind::Values { channels } => {
                let range = |(d, channel): (usize, &String)| {
                    let values = || self.values[d..].iter().step_by(channels.len()).filter(|v| !v.is_nan());
                    let range = values().next().map(|&first| {
                        values().fold((first, first), |(low, high), &v| (low.min(v), high.max(v)))
                    });
                    Range { channel: channel.clone(), range }
                };
                (channels.iter().enumerate().map(range).collect(), None)
            }
            Kind::Tokens { vocabulary } => (Vec::new(), Some(vocabulary.len())),
        };
        let classes = self.classes.iter().cloned().zip(self.balance()).collect();
        let known = || self.targets.iter().flatten().copied().filter(|target| target.is_finite());
        let targets = known().next().map(|first| {
            known().fold((first, first), |(least, greatest), y| (least.min(y), greatest.max(y)))
        });
        let (sequences, missing) = (self.len(), self.missing);
        Description { sequences, lengths, channels, vocabulary, missing, classes, targets }
    }

    /// A number in each channel that may stand for a missing value; empty for tokens.
    pub fn sentinels(&self) -> Vec<Option<Sentinel>> {
        let of = |(d, range): (usize, Range)| {
            let (least, greatest) = range.range?;
            let values = || self.channel(0..self.values.len(), d);
            Sentinel::of(values, f64::from(least), f64::from(greatest))
        };
        self.describe().channels.into_iter().enumerate().map(of).collect()
    }

    /// Whether each sequence is an image.
    pub fn has_images(&self) -> bool {
        matches!(self.origin, Origin::Images)
    }

    /// A column of a table with one row per sequence whose values stand in runs of rows with one label: it may be the id
    /// column.
    pub fn in_runs(&self) -> Option<&str> {
        self.in_runs.as_deref()
    }

    /// How a table is written, where it is unusual.
    pub fn written(&self) -> &[String] {
        &self.written
    }

    /// Mean, standard deviation and farthest value of each channel; empty for tokens.
    pub fn spreads(&self) -> Vec<Option<Spread>> {
        let Kind::Values { channels } = &self.kind else { return Vec::new() };
        (0..channels.len()).map(|d| Spread::of(|| self.channel(0..self.values.len(), d))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ts;
    use super::*;

    #[test]
    fn a_description_counts_sequences_and_values() {
        let text = "@classLabel true a b\n@data\n1,-2:?,?:a\n3:?:a\n1,1,1,1:?,?,?,?:a\n";
        let labelled = ts::read(text.as_bytes(), Path::new("x.ts")).unwrap();
        let range = |channel: &str, range| Range { channel: channel.into(), range };
        let expected = Description {
            sequences: 3,
            lengths: Lengths { min: 1, median: 2, max: 4, total: 7 },
            channels: vec![range("1", Some((-2.0, 3.0))), range("2", None)],
            vocabulary: None,
            missing: 7,
            classes: vec![("a".into(), 3), ("b".into(), 0)],
            targets: None,
        };
        assert_eq!(labelled.describe(), expected);
    }
}
