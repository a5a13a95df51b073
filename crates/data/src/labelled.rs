//! Labelled sequences: each has T_i steps of D numbers, or T_i tokens, and one of C classes.
//!
//! The values of all sequences lie in one buffer, the steps of a sequence after each other: value (t, d) of sequence i is
//! at `(offsets[i] + t) * D + d`. A missing value is NaN until it is interpolated or scaled.
//!
//! What is read, recognised by [`LabelledParts::load`]: `.ts` files of the UCR/UEA archive ([`ts`]), tables with a column
//! of labels ([`table`]), folders with a text file per label ([`folder`]), IDX images as sequences ([`idx`]). Each module
//! also reads from memory. Piano rolls are sequences without labels ([`music`]).

use std::path::{Path, PathBuf};

use super::fingerprint::Fingerprint;
use super::vocabulary::Vocabulary;
use longspan::batch::IGNORE;

mod builder;
mod describe;
mod error;
mod fit;
pub mod folder;
pub mod idx;
mod input;
mod load;
mod missing;
pub mod music;
mod number;
mod scaling;
mod split;
pub mod table;
pub mod ts;

pub use describe::{Description, Lengths, Range};
pub use error::{LabelledError, Place, Problem};
pub(crate) use input::{Head, failed as unreadable, head};
pub use load::{LabelledOptions, LabelledParts, is_music, load_for, load_to_predict};
pub(crate) use load::{read_as_it_stands, read_beside};
pub use missing::Missing;
pub use scaling::Scaling;
pub use split::Split;

/// What a step of a sequence is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// D numbers, one of each channel.
    Values {
        /// The channels' names.
        channels: Vec<String>,
    },
    /// A token.
    Tokens {
        /// The tokens of the training part.
        vocabulary: Vocabulary,
    },
}

/// Whether every sequence must have a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Labels {
    /// To learn from it or to judge by it.
    Required,
    /// It is to be predicted from so many channels, where it is known of numbers.
    Optional(Option<usize>),
}

/// Where the sequences stood, for messages.
#[derive(Clone, Debug)]
enum Origin {
    /// Each begins on a line of the file.
    Lines,
    /// Each is an image.
    Images,
    /// Each is on a line of one of several files, which begin with these sequences.
    Files(Vec<(usize, PathBuf)>),
}

/// Labelled sequences of one file or folder.
#[derive(Clone, Debug)]
pub struct Labelled {
    path: PathBuf,
    kind: Kind,
    values: Vec<f32>,
    tokens: Vec<u32>,
    /// Steps before each sequence, and their sum.
    offsets: Vec<usize>,
    labels: Vec<u32>,
    classes: Vec<String>,
    missing: usize,
    origin: Origin,
    /// Line or image, from 1, of each sequence.
    numbers: Vec<u64>,
    /// What the file calls each sequence; empty where it does not.
    ids: Vec<String>,
}

impl Labelled {
    /// The file or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a step is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Number of sequences.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sequence, which no reader returns.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// D: the numbers of a step; 1 for tokens.
    pub fn width(&self) -> usize {
        match &self.kind {
            Kind::Values { channels } => channels.len(),
            Kind::Tokens { .. } => 1,
        }
    }

    /// T_i, at least 1.
    ///
    /// # Panics
    /// If there is no such sequence.
    pub fn length(&self, sequence: usize) -> usize {
        self.offsets[sequence + 1] - self.offsets[sequence]
    }

    /// The values of a sequence, `[T_i, D]`; NaN is a missing one.
    ///
    /// # Panics
    /// If there is no such sequence, or its steps are tokens.
    pub fn sequence(&self, sequence: usize) -> &[f32] {
        let width = self.width();
        &self.values[self.offsets[sequence] * width..self.offsets[sequence + 1] * width]
    }

    /// The tokens of a sequence, `[T_i]`.
    ///
    /// # Panics
    /// If there is no such sequence, or its steps are values.
    pub fn tokens(&self, sequence: usize) -> &[u32] {
        &self.tokens[self.offsets[sequence]..self.offsets[sequence + 1]]
    }

    /// The class of each sequence; [`IGNORE`] where the file has none, which [`load_to_predict`] alone lets pass.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The label of a sequence, where the file has one.
    ///
    /// # Panics
    /// If there is no such sequence.
    pub fn label(&self, sequence: usize) -> Option<&str> {
        let label = self.labels[sequence];
        (label != IGNORE).then(|| self.classes[label as usize].as_str())
    }

    /// What names a sequence beside its place: its id in a table with a row per step, or its file in a folder.
    ///
    /// # Panics
    /// If there is no such sequence.
    pub fn id(&self, sequence: usize) -> Option<String> {
        match &self.origin {
            Origin::Files(files) if files.len() > 1 => {
                let file = files.partition_point(|&(first, _)| first <= sequence) - 1;
                files[file].1.file_name().map(|name| name.to_string_lossy().into_owned())
            }
            _ => self.ids.get(sequence).cloned(),
        }
    }

    /// The line on which a sequence begins, from 1; None for images.
    ///
    /// # Panics
    /// If there is no such sequence.
    pub fn line(&self, sequence: usize) -> Option<u64> {
        match self.origin {
            Origin::Images => None,
            Origin::Lines | Origin::Files(_) => Some(self.numbers[sequence]),
        }
    }

    /// Number of values that the file lacks, whatever was done about them.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// A fingerprint of the values or tokens as they stand, the lengths, the labels and the names of the classes and
    /// channels, for the record of a run.
    pub fn fingerprint(&self) -> u64 {
        let mut fingerprint = Fingerprint::default();
        let mut name = |name: &str| {
            // UTF-8 has no 0xff: the names stay apart.
            fingerprint.write(name.as_bytes());
            fingerprint.write(&[0xff]);
        };
        self.classes.iter().for_each(|class| name(class));
        match &self.kind {
            Kind::Values { channels } => channels.iter().for_each(|channel| name(channel)),
            Kind::Tokens { vocabulary } => fingerprint.write_word(vocabulary.fingerprint()),
        }
        self.offsets.iter().for_each(|&offset| fingerprint.write_word(offset as u64));
        self.labels.iter().for_each(|&label| fingerprint.write_word(u64::from(label)));
        self.values.iter().for_each(|value| fingerprint.write_word(u64::from(value.to_bits())));
        self.tokens.iter().for_each(|&token| fingerprint.write_word(u64::from(token)));
        fingerprint.finish()
    }

    /// The problem, as one of this sequence.
    fn problem(&self, sequence: usize, problem: Problem) -> LabelledError {
        let number = self.numbers[sequence];
        match &self.origin {
            Origin::Lines => problem.at(&self.path, Place::Line(number)),
            Origin::Images => problem.at(&self.path, Place::Image(number)),
            Origin::Files(files) => {
                let file = files.partition_point(|&(first, _)| first <= sequence) - 1;
                problem.at(&files[file].1, Place::Line(number))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_differ_with_what_is_learnt_from() {
        let of = |text: &str| ts::read(text.as_bytes(), Path::new("x.ts")).unwrap().fingerprint();
        let first = of("@classLabel true a b\n@data\n1,2,3:a\n4:b\n");
        assert_eq!(first, of("# note\n@classLabel true a b\n@data\n1.0,2,3:a\n4:b\n"));
        for other in [
            "a b\n@data\n1,2,3:a\n5:b\n",
            "a b\n@data\n1,2,3:b\n4:b\n",
            "a b\n@data\n1,2:a\n3,4:b\n",
            "a bb\n@data\n1,2,3:a\n4:bb\n",
            "ab b\n@data\n1,2,3:ab\n4:b\n",
        ] {
            assert_ne!(first, of(&format!("@classLabel true {other}")), "{other}");
        }
    }
}
