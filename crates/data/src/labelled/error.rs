//! Why labelled sequences or music cannot be used: the file, the place in it, what is wrong, and the way out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::file::FileError;

/// Why labelled sequences or music cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelledError {
    /// The file cannot be opened or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A gzip file that ends early or is not one.
    #[error("{} is packed with gzip and cannot be unpacked ({error}): it is cut off or damaged, fetch it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the unpacking says.
        error: io::Error,
    },
    /// None of the formats that are read.
    #[error(
        "{} is in none of the formats that are read: name a .ts file of the UCR/UEA archive, a .csv or .tsv file with a \
         label column, IDX images, or a folder with one .txt file per label",
        path.display()
    )]
    Unrecognised {
        /// The file.
        path: PathBuf,
    },
    /// The content of a file is wrong at one place.
    #[error("{}{place}{problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// What is wrong, and what to do.
        problem: Box<Problem>,
    },
    /// A fraction outside [0, 1).
    #[error(
        "{flag} {fraction}: needs a number from 0 to below 1, and so does the sum of what is held out: choose --valid-fraction and --test-fraction that leave something to train on"
    )]
    Fraction {
        /// The flag that asks for it.
        flag: &'static str,
        /// The fraction asked for.
        fraction: f64,
    },
}

/// A place in a file; all counts begin at 1, but for the steps and pieces of music, which are numbered from 0 as in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A line.
    Line(u64),
    /// An image.
    Image(u64),
    /// A piece of music, and a step in it.
    Piece {
        /// `train`, `valid` or `test`.
        part: &'static str,
        /// Number of the piece, from 0.
        piece: usize,
        /// Number of the step, from 0.
        step: Option<usize>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str(": "),
            Self::Line(line) => write!(f, ": line {line}: "),
            Self::Image(image) => write!(f, ": image {image}: "),
            Self::Piece { part, piece, step: None } => write!(f, ": {part}, piece {piece} (from 0): "),
            Self::Piece { part, piece, step: Some(step) } => {
                write!(f, ": {part}, piece {piece}, step {step} (from 0): ")
            }
        }
    }
}

/// What is wrong at a place of a file. Values are shortened and written as Rust strings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named as the message uses them")]
pub enum Problem {
    /// Not one sequence.
    #[error("there is no sequence: the file is empty or has only a header")]
    NoSequences,
    /// A sequence without steps.
    #[error("the sequence is empty: remove it")]
    EmptySequence,
    /// More bytes without an end than are kept in memory.
    #[error("longer than {limit} bytes: is this a text file, with an end to every quoted field?")]
    TooLong { limit: u64 },
    /// Bytes that are not UTF-8.
    #[error("not valid UTF-8 from byte {column} of the line on: convert the file to UTF-8{way_out}")]
    InvalidUtf8 { column: usize, way_out: &'static str },
    /// Text where a number belongs.
    #[error(
        "{value} is not a number{}: write it with a decimal point, or ? where it is missing",
        .column.as_ref().map(|c| format!(" (column {c}; all but the label's and the id's hold values)")).unwrap_or_default()
    )]
    Number { value: String, column: Option<String> },
    /// An infinity.
    #[error("{value} is not finite: remove it, or write ? for a missing value")]
    NotFinite { value: String },
    /// A number that 32 bits cannot hold.
    #[error("{value} is beyond 3.4e38, the largest number of 32 bits: scale the values of the file")]
    TooLarge { value: String },
    /// A missing value that was not asked for.
    #[error(
        "value {step} of channel {channel} is missing, one of {count} in the file: choose --missing interpolate or \
         --missing zero"
    )]
    MissingValue { channel: String, step: usize, count: usize },
    /// A channel without any value in a sequence.
    #[error(
        "every value of channel {channel} is missing, which leaves nothing to interpolate: choose --missing zero"
    )]
    AllMissing { channel: String },
    /// A sequence without a label.
    #[error("there is no label: {way_out}")]
    NoLabel { way_out: &'static str },
    /// A label that the header does not announce.
    #[error("the label {label} is not among those of @classLabel{}", did_you_mean(nearest))]
    UndeclaredLabel { label: String, nearest: Option<String> },
    /// A training part with a single class.
    #[error("every sequence has the label {label}: to classify, training needs two labels or more")]
    OneClass { label: String },
    /// A label of the test part that training does not have.
    #[error("the label {label} does not occur in training: add examples of it there, or remove it here")]
    UnseenLabel { label: String },
    /// Another number of channels than training has.
    #[error("{found} channels, and training has {expected}: both files need the same channels")]
    Channels { found: usize, expected: usize },
    /// Channels with other names, or in another order, than those of training.
    #[error(
        "channel {number} is {found}, and in training {expected}: both files need the same channels in one order"
    )]
    ChannelName { number: usize, found: String, expected: String },
    /// Values in one part, text in the other.
    #[error("this is {found}, and training is {expected}: both need the same form")]
    OtherKind { found: &'static str, expected: &'static str },
    /// A value so far from those of training that scaling it leaves 32 bits.
    #[error("a value of channel {channel} is too far from those of training to be scaled: check its unit")]
    OutOfScale { channel: String },

    /// A .ts file without a line that it must have.
    #[error("there is no {tag} line{}: is this a .ts file of the UCR/UEA archive?", found(nearest))]
    NoTag { tag: &'static str, nearest: Option<String> },
    /// A header line whose value cannot be used.
    #[error("{tag} is {value}, and must be {need}")]
    Tag { tag: &'static str, value: String, need: &'static str },
    /// Time stamps in a .ts file.
    #[error(
        "values with time stamps, (t,v), are not read: write evenly spaced values alone, and @timestamps false"
    )]
    TimeStamps,
    /// A .ts file for something else than classification.
    #[error("{tag} says that the sequences have no class labels: name a file for classification")]
    NotClassified { tag: &'static str },
    /// A dimension of another length than the first.
    #[error(
        "dimension {dimension} has {found} values and the first has {expected}: all need the same length"
    )]
    UnequalDimensions { dimension: usize, found: usize, expected: usize },
    /// Another number of dimensions than announced.
    #[error(
        "{found} dimensions instead of {expected}, as the header or the first sequence has: give every sequence as many"
    )]
    Dimensions { found: usize, expected: usize },
    /// Another length than announced.
    #[error(
        "{found} steps instead of {expected}, as the header says: correct @equalLength and @seriesLength"
    )]
    Length { found: usize, expected: usize },

    /// A row with more or fewer fields than the header.
    #[error(
        "{found} fields instead of {expected}, as the header has: complete the row or remove it, and close every quote"
    )]
    RaggedRow { found: usize, expected: usize },
    /// Numbers where the names of the columns belong.
    #[error("the first row has only numbers: it must name the columns")]
    NoHeader,
    /// A name that no column has.
    #[error("there is no column {name}{}: set {flag} to one of {columns}", did_you_mean(nearest))]
    NoColumn { name: String, flag: &'static str, nearest: Option<String>, columns: String },
    /// Two columns of the same name.
    #[error("two columns are named {name}: rename one")]
    DuplicateColumn { name: String },
    /// No column besides those of labels and ids.
    #[error("there is no column of values beside the label's and the id's: add one")]
    NoValues,
    /// Rows of one sequence that other rows interrupt.
    #[error(
        "the id {id} comes again after others: sort the rows so that those of a sequence follow each other"
    )]
    IdAgain { id: String },
    /// A sequence with two labels.
    #[error("the label of id {id} changes from {before} to {label}: a sequence has one label")]
    LabelChanges { id: String, label: String, before: String },

    /// A folder without text files.
    #[error("the folder has no .txt file: put one in for each label, with one example per line")]
    NoFiles,
    /// A character that the training part lacks.
    #[error("the character {character:?} (U+{:04X}) does not occur in training: remove it, or read --level byte", u32::from(*character))]
    UnknownChar { character: char },

    /// The first bytes are not those of IDX.
    #[error(
        "it begins with the bytes {found}, and a file of {what}s in IDX with {expected}: is it the right file?"
    )]
    Magic { what: &'static str, found: String, expected: &'static str },
    /// Fewer bytes than the header promises.
    #[error("the file ends in {what} {number} of {count}: it is cut off, fetch it again")]
    CutOff { what: &'static str, number: u64, count: u64 },
    /// Not even a header.
    #[error("the file ends in its header: it is cut off, fetch it again")]
    NoHeaderBytes,
    /// More bytes than the header promises.
    #[error("bytes follow the last of {count} {what}s: fetch the file again")]
    Surplus { what: &'static str, count: u64 },
    /// A size that memory cannot hold or that is 0.
    #[error("images of {rows} x {columns} pixels: is it the right file?")]
    ImageSize { rows: u32, columns: u32 },
    /// Other labels than images.
    #[error("{labels} labels for {images} images of {}: name the labels' file with --image-labels", file.display())]
    Counts { labels: u64, images: u64, file: PathBuf },
    /// No file of labels that belongs to the images.
    #[error("the name has no images-idx3 to find the labels by: name their file with --image-labels")]
    NoLabelsFile,

    /// Not the JSON of piano rolls.
    #[error("not {{\"train\": [[[key, ...], ...], ...], \"valid\": ..., \"test\": ...}}: {what}")]
    Json { what: String },
    /// A part without pieces.
    #[error("{part} has no pieces: put some in, or leave it out if it is not train")]
    NoPieces { part: &'static str },
    /// A piece without steps.
    #[error("the piece has no steps: remove it")]
    EmptyPiece,
    /// A key that no piano has.
    #[error("key {key} is none of the piano's, {range}: correct or remove it")]
    Key { key: u32, range: &'static str },
    /// Music where labels are needed.
    #[error("piano rolls have no labels: they are read as music, to predict the next step")]
    MusicHasNoLabels,
}

impl Problem {
    /// The error that has this problem.
    pub(super) fn at(self, path: &Path, place: Place) -> LabelledError {
        LabelledError::Content { path: path.to_owned(), place, problem: Box::new(self) }
    }

    /// The same, with the name of the column.
    pub(super) fn in_column(self, name: &str) -> Self {
        match self {
            Self::Number { value, .. } => Self::Number { value, column: Some(quoted(name)) },
            other => other,
        }
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(", did you mean {name}?")).unwrap_or_default()
}

fn found(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(" (there is {name})")).unwrap_or_default()
}

/// A value as messages show it: escaped, in quotes, at most 40 characters.
pub(super) fn quoted(value: &str) -> String {
    let short = shortened(value, 40);
    if short.len() < value.len() { format!("{short:?}...") } else { format!("{value:?}") }
}

/// At most so many characters from the beginning.
pub(super) fn shortened(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}
