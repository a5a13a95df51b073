//! Descriptions of what a file or folder contains.

use serde::Serialize;

use crate::labelled::Lengths;
use crate::labelled::music::Numbering;
use crate::series;
use crate::spread::Spread;

/// The contents of a file or folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Content {
    /// Sequences with one label each.
    Labelled(Sequences),
    /// Piano rolls.
    Music(MusicDescription),
    /// A numeric series.
    Series(Box<series::Description>),
    /// A text.
    Text(TextDescription),
}

impl Content {
    /// The names of the time columns of a series, between commas.
    pub(super) fn times(&self) -> String {
        match self {
            Self::Series(found) => found.time.as_ref().map(|time| time.column.clone()).unwrap_or_default(),
            _ => String::new(),
        }
    }
}

/// How the sequences are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A .ts file of the UCR/UEA archive.
    Ts,
    /// A table with one row per sequence.
    Wide,
    /// A table with one row per step, and a column of ids.
    Long,
    /// A folder with one text file per label.
    Folder,
    /// Images in the IDX format.
    Images,
    /// Arrays of NumPy.
    Arrays,
    /// A table with one text and one label per row.
    Texts,
}

/// The contents of labelled sequences.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sequences {
    /// How they are stored.
    pub form: Form,
    /// Number of sequences.
    pub sequences: usize,
    /// Lengths of the sequences, in steps.
    pub lengths: Lengths,
    /// The channels; empty for tokens.
    pub channels: Vec<Channel>,
    /// Number of different tokens; None for values.
    pub vocabulary: Option<usize>,
    /// Number of missing values.
    pub missing: usize,
    /// Each class and its number of sequences; empty for targets.
    pub classes: Vec<(String, usize)>,
    /// Smallest and largest target; None for classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<(f64, f64)>,
}

/// A channel of labelled sequences.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Smallest and largest value; None if all are missing.
    pub range: Option<(f32, f32)>,
    /// Mean, standard deviation and farthest value.
    pub spread: Option<Spread>,
}

/// The contents of a file of piano rolls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MusicDescription {
    /// How the file numbers the keys.
    pub numbering: Numbering,
    /// The parts of the file.
    pub parts: Vec<PartDescription>,
    /// Lowest and highest key that sounds, as MIDI numbers.
    pub keys: Option<(u32, u32)>,
}

/// One part of the piano rolls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartDescription {
    /// "train", "valid" or "test".
    pub part: &'static str,
    /// Number of pieces.
    pub pieces: usize,
    /// Lengths of the pieces, in steps.
    pub lengths: Option<Lengths>,
    /// Mean number of keys that sound at a step.
    pub sounding: f64,
}

/// The contents of a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TextDescription {
    /// Its length in bytes, as UTF-8.
    pub bytes: u64,
    /// Number of lines.
    pub lines: u64,
    /// The first line that is not valid UTF-8, from 1.
    pub invalid_line: Option<u64>,
    /// Number of characters before the first invalid byte.
    pub characters: u64,
    /// Number of different characters before the first invalid byte.
    pub different: usize,
    /// The words.
    pub words: Words,
    /// Suggested token level.
    pub level: &'static str,
}

/// Words of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Number of words before the first invalid byte.
    pub count: u64,
    /// Number of different words in the first `sampled` bytes.
    pub different: usize,
    /// Number of bytes in which different words were counted.
    pub sampled: u64,
}
