//! Why labelled sequences or music cannot be used: the file, the location in it, the problem and the remedy.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::categorical::CategoryError;
use crate::file::FileError;
use crate::memory::OutOfMemory;
use crate::table::TableError;
use crate::wording::counted;

/// Why labelled sequences or music cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelledError {
    /// The file cannot be opened or read as a table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The format is not known.
    #[error(
        "{} is in none of the supported formats: name a .ts file of the UCR/UEA archive, a .csv or .tsv file with a \
         label column, arrays of NumPy (.npz), IDX images, or a folder with one .txt file per label",
        path.display()
    )]
    Unrecognised {
        /// The file.
        path: PathBuf,
    },
    /// The content of the file is wrong at one location.
    #[error("{}{location}{problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Location in the file.
        location: Location,
        /// What is wrong, and what to do.
        problem: Box<Problem>,
    },
    /// A fraction is outside [0, 1), or the fractions leave no training part.
    #[error(
        "{flag} {fraction} is out of range, because each fraction and their sum must be from 0 to below 1: choose other values of --valid-fraction and --test-fraction"
    )]
    Fraction {
        /// The flag.
        flag: &'static str,
        /// The fraction.
        fraction: f64,
    },
}

/// A location in a file. Numbers begin at 1, except those of pieces and steps of music, which begin at 0 as in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The file as a whole.
    File,
    /// A line.
    Line(u64),
    /// An image.
    Image(u64),
    /// A sequence of an array.
    Sequence(u64),
    /// A piece of music, and perhaps a step in it.
    Piece {
        /// `train`, `valid` or `test`.
        part: &'static str,
        /// Number of the piece, from 0.
        piece: usize,
        /// Number of the step, from 0.
        step: Option<usize>,
    },
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str(": "),
            Self::Line(line) => write!(f, ": line {line}: "),
            Self::Image(image) => write!(f, ": image {image}: "),
            Self::Sequence(sequence) => write!(f, ": sequence {sequence}: "),
            Self::Piece { part, piece, step: None } => write!(f, ": {part}, piece {piece} (from 0): "),
            Self::Piece { part, piece, step: Some(step) } => {
                write!(f, ": {part}, piece {piece}, step {step} (from 0): ")
            }
        }
    }
}

/// What is wrong at a location in a file. Values are shortened and written as Rust strings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named as the message uses them")]
pub enum Problem {
    /// There is no sequence.
    #[error("there is no sequence: the file is empty or has only a header")]
    NoSequences,
    /// The sequences do not fit into memory.
    #[error("the sequences up to here need {0}: use a part of the file")]
    Memory(OutOfMemory),
    /// A sequence has no steps.
    #[error("the sequence is empty: remove it")]
    EmptySequence,
    /// A line or field is longer than the limit.
    #[error(
        "longer than {limit} bytes: check that this is a text file, and that every quoted field is closed"
    )]
    TooLong { limit: u64 },
    /// Bytes are not valid UTF-8.
    #[error(
        "not valid UTF-8 from byte {column} of the line: correct it, or name the encoding of the file (--encoding){remedy}"
    )]
    InvalidUtf8 { column: usize, remedy: &'static str },
    /// A value is not a number.
    #[error("{value} is not a number: write it with a decimal point, or write ? if it is missing")]
    Number { value: String },
    /// A value is infinite.
    #[error("{value} is not finite: remove it, or write ? if it is missing")]
    NotFinite { value: String },
    /// A value overflows single precision.
    #[error(
        "{value} is beyond 3.4e38, the largest number in single precision: rescale the values of the file"
    )]
    TooLarge { value: String },
    /// A value is missing, and the options do not allow this.
    #[error(
        "value {step} of channel {channel} is missing ({count} missing in the file): choose --missing interpolate or \
         --missing zero"
    )]
    MissingValue { channel: String, step: usize, count: usize },
    /// A channel has no value at all in a sequence.
    #[error(
        "every value of channel {channel} is missing, so there is nothing to interpolate: choose --missing zero"
    )]
    AllMissing { channel: String },
    /// A sequence has no label.
    #[error("there is no label: {remedy}")]
    NoLabel { remedy: &'static str },
    /// The header does not declare the label.
    #[error("the label {label} is not among the labels of @classLabel{}", did_you_mean(nearest))]
    UndeclaredLabel { label: String, nearest: Option<String> },
    /// The training part has a single class.
    #[error("every sequence has the label {label}: training a classifier needs at least two labels")]
    OneClass { label: String },
    /// A target is not a number.
    #[error(
        "the label {label} is not a finite number, as a target must be: correct it or remove the sequence, or train on classes (--label-type class)"
    )]
    NoTarget { label: String },
    /// The training part has a single target value.
    #[error("every sequence has the target {target}: training needs at least two different targets")]
    OneTarget { target: String },
    /// A label of the test part does not occur in the training part.
    #[error(
        "the label {label} does not occur in training: add examples of it to the training data, or remove it from this file"
    )]
    UnseenLabel { label: String },
    /// The number of channels differs from that of the training part.
    #[error("{}, and training has {expected}: both files need the same channels", counted(*found as u64, "channel"))]
    Channels { found: usize, expected: usize },
    /// The names or the order of the channels differ from those of the training part.
    #[error(
        "channel {number} is {found}, and in training {expected}: both files need the same channels in the same order"
    )]
    ChannelName { number: usize, found: String, expected: String },
    /// One part has values, the other text.
    #[error("this is {found}, and training is {expected}: both parts need the same kind of data")]
    OtherKind { found: &'static str, expected: &'static str },
    /// A value is so far from those of the training part that its scaled value overflows.
    #[error("a value of channel {channel} is too far from the training data to be scaled: check its unit")]
    OutOfScale { channel: String },

    /// A .ts file lacks a required header line.
    #[error("there is no {tag} line{}: check that this is a .ts file of the UCR/UEA archive", found(nearest))]
    NoTag { tag: &'static str, nearest: Option<String> },
    /// The value of a header line is invalid.
    #[error("{tag} is {value}, and must be {need}")]
    Tag { tag: &'static str, value: String, need: &'static str },
    /// A .ts file has time stamps.
    #[error(
        "values with time stamps, (t,v), are not supported: write evenly spaced values without time stamps, and @timestamps false"
    )]
    TimeStamps,
    /// The sequences of a .ts file have neither classes nor targets.
    #[error(
        "{tag} says that the sequences have no labels: name a file with class labels or with target values (@targetlabel true)"
    )]
    NotClassified { tag: &'static str },
    /// The dimensions of a sequence have different lengths.
    #[error(
        "dimension {dimension} has {} and the first has {expected}: all need the same length", counted(*found as u64, "value")
    )]
    UnequalDimensions { dimension: usize, found: usize, expected: usize },
    /// The number of dimensions differs from the header or the first sequence.
    #[error(
        "{} instead of {expected}, as in the header or the first sequence: every sequence needs the same number", counted(*found as u64, "dimension")
    )]
    Dimensions { found: usize, expected: usize },
    /// The length differs from that in the header.
    #[error(
        "{} instead of {expected}, as in the header: correct @equalLength and @seriesLength", counted(*found as u64, "step")
    )]
    Length { found: usize, expected: usize },

    /// No column has a usual name for labels.
    #[error(
        "there is no column \"label\", \"class\" or \"target\": name the column of the labels with --label-column, one of \
         {columns}"
    )]
    NoLabelColumn { columns: String },
    /// A column of categories cannot be used.
    #[error(transparent)]
    Category(CategoryError),
    /// Categories are asked for where a row is a whole sequence.
    #[error(
        "--categorical needs one row per step, and here a row is a whole sequence: name the column that tells the sequences apart (--id-column)"
    )]
    CategoricalSteps,
    /// Categories are asked for in data that have no columns.
    #[error("--categorical needs a table with one row per step: leave it out")]
    CategoricalColumns,
    /// A column of values has words.
    #[error(
        "column {column} has words such as {value}: read them as categories (--categorical), or remove the column"
    )]
    Words { column: String, value: String },
    /// A column of categories has another use.
    #[error("column {column} {use_of}: leave it out of --categorical")]
    NotCategorical { column: String, use_of: &'static str },
    /// The times of a column can be read in several ways.
    #[error("{text}: say with --day-first true or --day-first false which is meant")]
    AmbiguousTimes { text: String },
    /// A step is before the step above it.
    #[error(
        "column {column} has \"{value}\" after \"{before}\" on line {before_line} in the sequence {id}: sort the steps of \
         each sequence with --sort-time, or name the columns that tell the sequences apart with --id-column"
    )]
    Backwards { column: String, value: String, before_line: u64, before: String, id: String },
    /// A time has another form than the first ones, or is missing where the steps are sorted.
    #[error(
        "column {column} has \"{value}\", which is not {form}, as in the first rows: write all times in the same form, or \
         name another --time-column"
    )]
    TimeForm { column: String, value: String, form: String },
    /// Steps cannot be sorted by times of day.
    #[error(
        "column {column} has times of day without a date, so the steps cannot be sorted by it: name the columns of date and \
         time with --time-column DATE,TIME, or leave out --sort-time"
    )]
    SortedClock { column: String },
    /// There are no columns besides those of labels and ids.
    #[error("there is no column of values besides those of labels and ids: add one")]
    NoValues,
    /// The rows of one sequence are not consecutive.
    #[error(
        "the id {id} occurs again after other ids: sort the rows so that the rows of a sequence are consecutive"
    )]
    IdAgain { id: String },
    /// A sequence has two labels.
    #[error(
        "the label of id {id} changes from {before} to {label}: give all rows of a sequence the same label"
    )]
    LabelChanges { id: String, label: String, before: String },

    /// The first column has text that repeats in runs of rows.
    #[error(
        "column {column} has text, and the rows of each of its values stand together: if they are the steps of one \
         sequence, name it with --id-column {column}; otherwise remove the column"
    )]
    TextInRuns { column: String },
    /// The table has texts, and it is not clear which column has the labels.
    #[error(
        "the table has texts (the first row is {columns}), and it is not clear which columns have texts and labels: \
         write two columns named text and label, or name the label column with --label-column, or make a folder with \
         one .txt file per label and one text per line"
    )]
    UnclearTexts { columns: String },

    /// Arrays of NumPy cannot be read as labelled sequences.
    #[error("{what}")]
    Array { what: String },

    /// The folder has no text files.
    #[error("the folder has no .txt file: add one for each label, with one example per line")]
    NoFiles,
    /// A character does not occur in the training part.
    #[error("the character {character:?} (U+{:04X}) does not occur in training: remove it, or use --level byte", u32::from(*character))]
    UnknownChar { character: char },

    /// The first bytes are not those of an IDX file.
    #[error(
        "it begins with the bytes {found}, and an IDX file of {what}s begins with {expected}: check that it is the right file"
    )]
    Magic { what: &'static str, found: String, expected: &'static str },
    /// The file is shorter than its header says.
    #[error("the file ends in {what} {number} of {count}: it is cut off, so download it again")]
    CutOff { what: &'static str, number: u64, count: u64 },
    /// The file ends in its header.
    #[error("the file ends in its header: it is cut off, so download it again")]
    NoHeaderBytes,
    /// The file is longer than its header says.
    #[error("bytes follow the last of {count} {what}s: download the file again")]
    Surplus { what: &'static str, count: u64 },
    /// The images have no pixels or too many.
    #[error("images of {rows} x {columns} pixels are not supported: check that it is the right file")]
    ImageSize { rows: u32, columns: u32 },
    /// The numbers of labels and images differ.
    #[error("{} for {images} images of {}: name the matching label file with --image-labels", counted(*labels, "label"), file.display())]
    Counts { labels: u64, images: u64, file: PathBuf },
    /// The label file cannot be found by name.
    #[error(
        "the label file cannot be found because the name does not contain images-idx3: name the label file with --image-labels"
    )]
    NoLabelsFile,

    /// The file is not the JSON of piano rolls.
    #[error(
        "JSON is read as piano rolls, {{\"train\": [[[key, ...], ...], ...], \"valid\": ..., \"test\": ...}}, and this is not \
         one: {what}; write other data as a table (CSV)"
    )]
    Json { what: String },
    /// A part has no pieces.
    #[error("{part} has no pieces: add pieces, or remove the part if it is not train")]
    NoPieces { part: &'static str },
    /// A piece has no steps.
    #[error("the piece has no steps: remove it")]
    EmptyPiece,
    /// A key is not on a piano.
    #[error("key {key} is outside the range of a piano, {range}: correct or remove it")]
    Key { key: u32, range: &'static str },
    /// The file has music, and labels are needed.
    #[error("piano rolls have no labels: name a file of labelled sequences")]
    MusicHasNoLabels,
}

impl From<FileError> for LabelledError {
    fn from(error: FileError) -> Self {
        TableError::from(error).into()
    }
}

impl Problem {
    /// Makes an error of a problem at a location.
    pub(super) fn at(self, path: &Path, location: Location) -> LabelledError {
        LabelledError::Content { path: path.to_owned(), location, problem: Box::new(self) }
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(", did you mean {name}?")).unwrap_or_default()
}

fn found(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(" (there is {name})")).unwrap_or_default()
}

/// Formats a value for a message: escaped, in quotes, at most 40 characters.
pub(super) fn quoted(value: &str) -> String {
    let short = shortened(value, 40);
    if short.len() < value.len() { format!("{short:?}...") } else { format!("{value:?}") }
}

/// Returns the first `most` characters at most.
pub(super) fn shortened(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}
