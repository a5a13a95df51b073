//! Sequences with one label each, and the buffers that hold them.

use std::ops;
use std::path::{Path, PathBuf};

use super::error::{LabelledError, Location, Problem};
use super::label_type::LabelType;
use super::target_scaling::TargetScaling;
use crate::categorical::Codes;
use crate::encoding::Encoding;
use crate::vocabulary::Vocabulary;
use longspan::batch::IGNORE;

/// The kind of data in a step of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// D numbers, one for each channel.
    Values {
        /// Names of the channels.
        channels: Vec<String>,
    },
    /// One token.
    Tokens {
        /// The vocabulary of the training part.
        vocabulary: Vocabulary,
    },
}

/// Whether every sequence must have a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// Required: the labels are used to train or to evaluate.
    Required,
    /// Optional: the classes will be predicted. The number is that of the model's channels, if it reads numbers.
    Optional(Option<usize>),
}

/// Where the sequences come from, for messages.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Each sequence begins on a line of the file.
    Lines,
    /// Each sequence is an image.
    Images,
    /// Each sequence is an entry of an array.
    Arrays,
    /// Each sequence is a line of one of several files. The number is a file's first sequence.
    Files(Vec<(usize, PathBuf)>),
}

/// Labelled sequences of one file or folder.
#[derive(Clone, Debug)]
pub struct Labelled {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) values: Vec<f32>,
    /// The values in double precision until they are scaled, if single precision loses digits that matter.
    pub(super) exact: Option<Vec<f64>>,
    pub(super) tokens: Vec<u32>,
    /// Steps before each sequence, then the total.
    pub(super) offsets: Vec<usize>,
    pub(super) labels: Vec<u32>,
    pub(super) classes: Vec<String>,
    /// What the labels are, as the format of the file says it.
    pub(super) label_type: LabelType,
    /// Target of each sequence in the units of the file, NaN if it is not known; None if the labels are classes.
    pub(super) targets: Option<Vec<f64>>,
    /// The scale in which batches have the targets.
    pub(super) target_scaling: TargetScaling,
    pub(super) missing: usize,
    pub(super) origin: Origin,
    /// Line or image number of each sequence, from 1.
    pub(super) numbers: Vec<u64>,
    /// Ids of the sequences in the file; empty if it has none.
    pub(super) ids: Vec<String>,
    /// Encoding of the file; of a folder, of the first file that is not UTF-8.
    pub(super) encoding: Encoding,
    /// How a table is written, where it is unusual.
    pub(super) written: Vec<String>,
    /// The channels that have the codes of categories instead of numbers, until they are encoded.
    pub(super) codes: Vec<(usize, Codes)>,
    /// Whether each channel is one-hot; empty if none is.
    pub(super) one_hot: Vec<bool>,
    /// Notices about categories that the training part does not have.
    pub(super) unknown: Vec<String>,
    /// A column of a table with one row per sequence whose rows may be steps instead.
    pub(super) in_runs: Option<String>,
}

impl Labelled {
    /// The file or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kind of data in a step.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Number of sequences.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no sequences. No reader returns an empty set.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// D, the numbers per step; 1 for tokens.
    pub fn width(&self) -> usize {
        match &self.kind {
            Kind::Values { channels } => channels.len(),
            Kind::Tokens { .. } => 1,
        }
    }

    /// Length T_i of a sequence in steps, at least 1.
    ///
    /// # Panics
    /// If the sequence does not exist.
    pub fn length(&self, sequence: usize) -> usize {
        self.offsets[sequence + 1] - self.offsets[sequence]
    }

    /// Values of a sequence, `[T_i, D]`. NaN is a missing value.
    ///
    /// # Panics
    /// If the sequence does not exist, or its steps are tokens.
    pub fn sequence(&self, sequence: usize) -> &[f32] {
        let width = self.width();
        &self.values[self.offsets[sequence] * width..self.offsets[sequence + 1] * width]
    }

    /// Tokens of a sequence, `[T_i]`.
    ///
    /// # Panics
    /// If the sequence does not exist, or its steps are values.
    pub fn tokens(&self, sequence: usize) -> &[u32] {
        &self.tokens[self.offsets[sequence]..self.offsets[sequence + 1]]
    }

    /// Class of each sequence; [`IGNORE`] if it has a target instead, or if the file has none, which only
    /// [`load_to_predict`](super::load_to_predict) allows.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Label of a sequence, if the file has one.
    ///
    /// # Panics
    /// If the sequence does not exist.
    pub fn label(&self, sequence: usize) -> Option<&str> {
        let label = self.labels[sequence];
        (label != IGNORE).then(|| self.classes[label as usize].as_str())
    }

    /// Name of a sequence besides its number: its id in a table with one row per step, or its file in a folder.
    ///
    /// # Panics
    /// If the sequence does not exist.
    pub fn id(&self, sequence: usize) -> Option<String> {
        match &self.origin {
            Origin::Files(files) if files.len() > 1 => {
                let file = files.partition_point(|&(first, _)| first <= sequence) - 1;
                files[file].1.file_name().map(|name| name.to_string_lossy().into_owned())
            }
            _ => self.ids.get(sequence).cloned(),
        }
    }

    /// Line on which a sequence begins, from 1; None for images and arrays.
    ///
    /// # Panics
    /// If the sequence does not exist.
    pub fn line(&self, sequence: usize) -> Option<u64> {
        match self.origin {
            Origin::Images | Origin::Arrays => None,
            Origin::Lines | Origin::Files(_) => Some(self.numbers[sequence]),
        }
    }

    /// Number of values that are missing in the file, even if they were filled in.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// Encoding of the file; of a folder, of the first file that is not UTF-8.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Values of channel `d` among the values of a range that begins with a step, in the precision in which they are kept.
    pub(super) fn channel(&self, range: ops::Range<usize>, d: usize) -> impl Iterator<Item = f64> {
        let width = self.width();
        range.skip(d).step_by(width).map(|index| match &self.exact {
            Some(exact) => exact[index],
            None => f64::from(self.values[index]),
        })
    }

    /// Makes an error of a problem with this sequence.
    pub(super) fn problem(&self, sequence: usize, problem: Problem) -> LabelledError {
        let number = self.numbers[sequence];
        match &self.origin {
            Origin::Lines => problem.at(&self.path, Location::Line(number)),
            Origin::Images => problem.at(&self.path, Location::Image(number)),
            Origin::Arrays => problem.at(&self.path, Location::Sequence(number)),
            Origin::Files(files) => {
                let file = files.partition_point(|&(first, _)| first <= sequence) - 1;
                problem.at(&files[file].1, Location::Line(number))
            }
        }
    }
}
