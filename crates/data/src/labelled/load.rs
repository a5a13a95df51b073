//! Detects the format of a file, and reads the training and test part.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::{LabelledError, Location, Problem};
use super::folder::{self, Tokens};
use super::idx::{self, ImageSteps};
use super::input::{failed, open};
use super::label_type::LabelType;
use super::missing::Missing;
use super::sequences::{Kind, Labelled, Labels, Origin};
use super::table::{self, Columns};
use super::{numpy, texts, ts};
use crate::encoding::{Decoded, Encoding, decode_head};
use crate::gzip::peek;
use crate::table::{TableError, TableOptions, is_table};
use crate::vocabulary::TokenLevel;
use longspan::batch::IGNORE;

/// Bytes from which the format is detected.
const HEAD: usize = 1 << 16;

/// Options for reading labelled sequences.
#[derive(Clone, Debug)]
pub struct LabelledOptions {
    /// The training part (`--labelled`).
    pub train: PathBuf,
    /// The test part (`--labelled-test`).
    pub test: Option<PathBuf>,
    /// Whether the file that is read is a test part: of an archive of arrays, X_test and y_test are read.
    pub is_test: bool,
    /// Columns of a table (`--label-column`, `--id-column`).
    pub columns: Columns,
    /// Label file of the training images (`--image-labels`), if it cannot be found by name. That of the test images is
    /// found by name.
    pub labels: Option<PathBuf>,
    /// What one step of an image contains (`--image-steps`).
    pub image_steps: ImageSteps,
    /// What the labels are (`--label-type`); None decides by the format of the file.
    pub label_type: Option<LabelType>,
    /// Treatment of missing values (`--missing`).
    pub missing: Missing,
    /// Token level of text (`--level`).
    pub level: TokenLevel,
    /// Encoding of the texts and tables (`--encoding`); None recognises that of each file.
    pub encoding: Option<Encoding>,
}

impl LabelledOptions {
    /// Options with defaults: characters, single pixels, no missing values.
    pub fn new(train: impl Into<PathBuf>) -> Self {
        Self {
            train: train.into(),
            test: None,
            is_test: false,
            columns: Columns::default(),
            labels: None,
            image_steps: ImageSteps::default(),
            label_type: None,
            missing: Missing::Refuse,
            level: TokenLevel::Char,
            encoding: None,
        }
    }
}

impl LabelledOptions {
    /// The columns of a table that was decoded.
    fn decoded(&self) -> Columns {
        let table = TableOptions { encoding: None, ..self.columns.table.clone() };
        Columns { table, ..self.columns.clone() }
    }
}

/// A training part, and perhaps a test part with the same channels or tokens, and the same classes or targets as well.
#[derive(Clone, Debug)]
pub struct LabelledParts {
    /// For training and validation; it has at least two classes or targets.
    pub train: Labelled,
    /// For the test at the end.
    pub test: Option<Labelled>,
}

impl LabelledParts {
    /// Reads the parts. Missing values are treated as the options say; values are not scaled.
    ///
    /// # Errors
    /// [`LabelledError`] says what is wrong, with file and location.
    pub fn load(options: &LabelledOptions) -> Result<Self, LabelledError> {
        let labels = options.labels.as_deref();
        let mut train =
            read(&options.train, options, labels, Tokens::Build(options.level), options.label_type)?;
        train.check_training()?;
        train.treat(options.missing)?;
        let test = match &options.test {
            None => None,
            Some(path) => {
                let mut test = read_beside(path, options, &train)?;
                test.treat(options.missing)?;
                Some(test)
            }
        };
        Ok(Self { train, test })
    }
}

/// Reads the training part without treating missing values.
pub(crate) fn read_as_it_stands(path: &Path, options: &LabelledOptions) -> Result<Labelled, LabelledError> {
    let (labels, tokens) = (options.labels.as_deref(), Tokens::Build(options.level));
    read(path, options, labels, tokens, options.label_type)
}

/// Reads a test part and maps it to the training part, without treating missing values.
pub(crate) fn read_beside(
    path: &Path,
    options: &LabelledOptions,
    train: &Labelled,
) -> Result<Labelled, LabelledError> {
    let tokens = match &train.kind {
        Kind::Tokens { vocabulary } => Tokens::Use(vocabulary),
        Kind::Values { .. } => Tokens::Build(options.level),
    };
    let options = LabelledOptions { is_test: true, ..options.clone() };
    read(path, &options, None, tokens, Some(train.own_type()))?.fit(train)
}

/// Reads sequences for a model trained on such steps and classes, or on targets if `classes` is None. Missing values are
/// treated as the options say; values and targets are not scaled.
///
/// # Errors
/// As [`LabelledParts::load`] and [`Labelled::fit`].
pub fn load_for(
    path: &Path,
    options: &LabelledOptions,
    kind: &Kind,
    classes: Option<&[String]>,
) -> Result<Labelled, LabelledError> {
    let tokens = match kind {
        Kind::Tokens { vocabulary } => Tokens::Use(vocabulary),
        Kind::Values { .. } => Tokens::Build(options.level),
    };
    let labels = options.labels.as_deref();
    let mut labelled = match classes {
        None => read(path, options, labels, tokens, Some(LabelType::Number))?.fit_targets(kind)?,
        Some(classes) => {
            read(path, options, labels, tokens, Some(LabelType::Class))?.fit_to(kind, classes, &|_| true)?
        }
    };
    labelled.treat(options.missing)?;
    Ok(labelled)
}

/// Reads sequences whose classes a model will predict, or whose targets if `classes` is None. Labels may be missing or
/// unknown to the model. A text model also reads a file with one example per line. `input` is the content if `path` is not a file. Missing values are treated
/// as the options say; values are not scaled.
///
/// # Errors
/// [`LabelledError`] says what is wrong, with file and location.
pub fn load_to_predict(
    path: &Path,
    input: Option<Box<dyn Read>>,
    options: &LabelledOptions,
    kind: &Kind,
    classes: Option<&[String]>,
) -> Result<Labelled, LabelledError> {
    let mut labelled = match (kind, input) {
        (_, None) if path.is_dir() => {
            let tokens = match kind {
                Kind::Tokens { vocabulary } => Tokens::Use(vocabulary),
                Kind::Values { .. } => Tokens::Build(options.level),
            };
            folder::open_in(path, tokens, options.encoding)?
        }
        (Kind::Values { channels }, None) if numpy::is_numpy(path) => {
            numpy::open(path, Labels::Optional(Some(channels.len())), options.is_test)?
        }
        (Kind::Tokens { vocabulary }, input) => {
            let (head, input) = peek(opened(path, input)?, HEAD).map_err(|error| failed(path, error))?;
            let (text, _) = decode_head(&head, options.encoding);
            match texts::layout(&text, head.len() < HEAD, &options.columns, false) {
                // A text with tabs or commas may be one example per line; a header or labels of the model tell.
                Some(layout) if layout.fits(&text, classes.unwrap_or_default()) => {
                    let input = match vocabulary.level() {
                        TokenLevel::Byte => Decoded::raw(input),
                        _ => Decoded::new(input, options.encoding),
                    };
                    texts::read(input, path, layout, Tokens::Use(vocabulary), Labels::Optional(None))?
                }
                _ => folder::read_unlabelled(input, path, vocabulary, options.encoding)?,
            }
        }
        (Kind::Values { channels }, input) => {
            let named = input.is_none();
            let (head, input) = peek(opened(path, input)?, HEAD).map_err(|error| failed(path, error))?;
            let labels = Labels::Optional(Some(channels.len()));
            let (text, _) = decode_head(&head, options.encoding);
            let mut input = Decoded::new(input, options.encoding);
            match format(path, &head, &text) {
                Some(Format::Images) => {
                    let labels = options.labels.as_deref();
                    idx::read_images(input.into_inner(), path, labels, options.image_steps)?
                }
                Some(Format::Ts) => ts::read_with(&mut input, path, labels)?,
                Some(Format::Music) => return Err(Problem::MusicHasNoLabels.at(path, Location::File)),
                _ if head.is_empty() => return Err(Problem::NoSequences.at(path, Location::File)),
                None if named => return Err(LabelledError::Unrecognised { path: path.to_owned() }),
                Some(Format::Table) | None => table::read_with(&mut input, path, &options.decoded(), labels)?,
            }
        }
    };
    labelled.check_steps(kind)?;
    // The files have other names than the classes, so their names are not labels.
    if let Origin::Files(_) = labelled.origin {
        let classes = classes.unwrap_or_default();
        let known = |&label: &u32| label != IGNORE && classes.contains(&labelled.classes[label as usize]);
        let labels = labelled.labels.iter().map(|label| if known(label) { *label } else { IGNORE });
        labelled.labels = labels.collect();
    }
    let label_type = if classes.is_none() { LabelType::Number } else { LabelType::Class };
    labelled = labelled.typed(Some(label_type), Labels::Optional(None))?;
    labelled.treat(options.missing)?;
    Ok(labelled)
}

fn level(tokens: Tokens<'_>) -> TokenLevel {
    match tokens {
        Tokens::Build(level) => level,
        Tokens::Use(vocabulary) => vocabulary.level(),
    }
}

/// Whether a field is no number, as in a table of texts, or there are no columns of numbers.
fn is_number(error: &LabelledError) -> bool {
    matches!(error, LabelledError::Table(TableError::NotANumber { .. } | TableError::NoColumn { .. }))
}

fn opened(path: &Path, input: Option<Box<dyn Read>>) -> Result<Box<dyn Read>, LabelledError> {
    input.map_or_else(|| open(path), Ok)
}

/// Whether a file contains piano rolls, which have no labels: [`super::music`] reads them.
///
/// # Errors
/// [`LabelledError`] if the file cannot be read.
pub fn is_music(path: &Path) -> Result<bool, LabelledError> {
    if path.is_dir() || numpy::is_numpy(path) {
        return Ok(false);
    }
    let (head, _) = peek(open(path)?, HEAD).map_err(|error| failed(path, error))?;
    let (text, _) = decode_head(&head, None);
    Ok(format(path, &head, &text) == Some(Format::Music))
}

/// The format of a file.
#[derive(Debug, PartialEq, Eq)]
enum Format {
    Images,
    Ts,
    Table,
    Music,
}

fn read(
    path: &Path,
    options: &LabelledOptions,
    labels: Option<&Path>,
    tokens: Tokens<'_>,
    label_type: Option<LabelType>,
) -> Result<Labelled, LabelledError> {
    let labelled = read_labels(path, options, labels, tokens)?;
    if !options.columns.categorical.is_empty() && labelled.codes.is_empty() {
        return Err(Problem::CategoricalColumns.at(path, Location::File));
    }
    labelled.typed(label_type, Labels::Required)
}

/// As [`read`], with the labels as they stand in the file.
fn read_labels(
    path: &Path,
    options: &LabelledOptions,
    labels: Option<&Path>,
    tokens: Tokens<'_>,
) -> Result<Labelled, LabelledError> {
    if path.is_dir() {
        return folder::open_in(path, tokens, options.encoding);
    }
    if numpy::is_numpy(path) {
        return numpy::open(path, Labels::Required, options.is_test);
    }
    let (head, input) = peek(open(path)?, HEAD).map_err(|error| failed(path, error))?;
    let (text, _) = decode_head(&head, options.encoding);
    let found = format(path, &head, &text);
    let layout = match found {
        Some(Format::Table) | None => texts::layout(&text, head.len() < HEAD, &options.columns, true),
        _ => None,
    };
    let mut input = match (layout, level(tokens)) {
        (Some(_), TokenLevel::Byte) => Decoded::raw(input),
        _ => Decoded::new(input, options.encoding),
    };
    let mut labelled = match found {
        Some(Format::Table) | None if layout.is_some() => {
            let layout = layout.expect("just checked");
            texts::read(&mut input, path, layout, tokens, Labels::Required)?
        }
        Some(Format::Images) => return idx::open_images(path, labels, options.image_steps),
        Some(Format::Ts) => ts::read(&mut input, path)?,
        Some(Format::Table) => table::read(&mut input, path, &options.decoded()).map_err(|error| {
            if is_number(&error) && options.columns.id.is_none() {
                texts::unclear(&text, path, &options.columns).unwrap_or(error)
            } else {
                error
            }
        })?,
        Some(Format::Music) => return Err(Problem::MusicHasNoLabels.at(path, Location::File)),
        None if head.is_empty() => return Err(Problem::NoSequences.at(path, Location::File)),
        None => return Err(LabelledError::Unrecognised { path: path.to_owned() }),
    };
    labelled.encoding = input.encoding();
    Ok(labelled)
}

/// Detects the format by the first bytes where these are unambiguous, then by the name, then by the first lines of the
/// same bytes as text.
fn format(path: &Path, head: &[u8], text: &[u8]) -> Option<Format> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let text = text.trim_ascii_start();
    let ends = |extensions: &[&str]| extensions.iter().any(|extension| name.ends_with(extension));
    if head.starts_with(&[0, 0, 8]) || name.ends_with("-ubyte") {
        Some(Format::Images)
    } else if ends(&[".ts"]) {
        Some(Format::Ts)
    } else if ends(&[".csv", ".tsv"]) {
        Some(Format::Table)
    } else {
        match text.first()? {
            b'@' => Some(Format::Ts),
            b'{' => Some(Format::Music),
            _ if is_table(head, head.len() == HEAD) => Some(Format::Table),
            b'#' | b'%' => Some(Format::Ts),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised() {
        for (name, head, expected) in [
            ("x", &b"\0\0\x08\x03\0"[..], Some(Format::Images)),
            ("t10k-images-idx3-ubyte.gz", b"\0\x01", Some(Format::Images)),
            ("X.TS", b"1,2", Some(Format::Ts)),
            ("x.csv.gz", b"#a,b", Some(Format::Table)),
            ("x.tsv", b"@a\tb", Some(Format::Table)),
            ("x.txt", b"\xef\xbb\xbf\n# note", Some(Format::Ts)),
            ("x.json", b" {\"train\"", Some(Format::Music)),
            ("x.txt", b"once upon a time", None),
            ("x.txt", b" 1  2.5  3.5\n 2  1.5  0.5\n", Some(Format::Table)),
            ("x", b"", None),
        ] {
            let (text, _) = decode_head(head, None);
            assert_eq!(format(Path::new(name), head, &text), expected, "{name}");
        }
    }

    #[test]
    fn labels_may_be_missing_for_predictions() {
        let options = LabelledOptions::new("x");
        let load = |name: &str, text: &str, channels: usize| {
            let kind = Kind::Values { channels: (1..=channels).map(|d| d.to_string()).collect() };
            let input = std::io::Cursor::new(text.as_bytes().to_vec());
            load_to_predict(
                Path::new(name),
                Some(Box::new(input)),
                &options,
                &kind,
                Some(&["1".into(), "2".into()]),
            )
        };
        let labels = |text: &str, channels| {
            let labelled = load("x.ts", text, channels).unwrap();
            (0..labelled.len()).map(|i| labelled.label(i).map(str::to_owned)).collect::<Vec<_>>()
        };
        let some = |label: &str| Some(label.to_owned());
        // The number of channels decides whether the last field is a value or a label.
        let head = "@classLabel true 1 2\n@data\n";
        assert_eq!(labels(&format!("{head}1:2\n3:1:2\n4:1:?\n5:1:\n"), 2), [None, some("2"), None, None]);
        assert_eq!(labels(&format!("{head}1:2\n3\n"), 1), [some("2"), None]);
        assert_eq!(labels("@data\n1:2\n", 2), [None]);
        assert_eq!(labels("@classLabel false\n@data\n1,2:2,1\n", 2), [None]);
        let fails = |text: &str, channels, part: &str| {
            let error = load("x.ts", text, channels).unwrap_err().to_string();
            assert!(error.contains(part), "{error:?} without {part:?}");
        };
        fails(&format!("{head}1:5:2\n"), 1, "2 channels, and training has 1");
        fails(&format!("{head}1:3\n"), 1, "line 3: the label \"3\" is not among");
        fails("@classLabel false\n@data\n1:2:1\n", 2, "3 channels, and training has 2");
        // A table, from a file or from standard input.
        for name in ["x.csv", "standard input"] {
            let table = load(name, "class,a,b\n2,0.5,1\n?,1,2\n,1,2\n7,3,?\n", 1);
            let error = table.unwrap_err().to_string();
            assert!(error.contains("channel 1 is \"value\""), "{error}");
        }
    }
}
