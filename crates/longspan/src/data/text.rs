//! Text files as token sequences: a training part, and perhaps a validation and a test part.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use super::fingerprint::Fingerprint;
use super::units::{utf8, word_tokens};
use super::vocabulary::{Level, Vocabulary, VocabularyError};

/// Why a text cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// There is no such file.
    #[error("there is no file {}: check the path", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A directory stands where a file is needed.
    #[error("{} is a directory: name one text file", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The system refuses to read the file.
    #[error("{} cannot be read ({error}): check its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file has no bytes.
    #[error("{} is empty: name a file with text", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The content does not fit the vocabulary or its level.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: VocabularyError,
    },
    /// Fewer tokens than one window of every stream needs.
    #[error(
        "{} has {tokens} tokens for training, and one window of {unroll} steps in {rows} streams needs \
         {needed}: choose a smaller --batch or --unroll, or a longer text",
        path.display()
    )]
    TooShort {
        /// The file.
        path: PathBuf,
        /// Tokens of the training part.
        tokens: usize,
        /// Streams that are read side by side, the batch.
        rows: usize,
        /// Steps of a window.
        unroll: usize,
        /// Tokens that would be enough.
        needed: usize,
    },
    /// Not two tokens, hence nothing to predict.
    #[error(
        "{} has too few tokens to evaluate on ({tokens}, and a prediction needs 2): name a longer text",
        path.display()
    )]
    NothingToPredict {
        /// The file.
        path: PathBuf,
        /// Tokens of the part.
        tokens: usize,
    },
    /// A held-out part of fewer than two tokens.
    #[error(
        "holding out {fraction} of the {tokens} tokens of {} leaves {held_out} to evaluate on, and a \
         prediction needs 2: choose a larger --valid-fraction, or 0 for none",
        path.display()
    )]
    HeldOutTooShort {
        /// The training file.
        path: PathBuf,
        /// The fraction asked for.
        fraction: f64,
        /// Tokens of the whole file.
        tokens: usize,
        /// Tokens of the held-out part.
        held_out: usize,
    },
    /// A fraction outside [0, 1).
    #[error(
        "{fraction} of {} cannot be held out: choose a --valid-fraction from 0 to below 1",
        path.display()
    )]
    Fraction {
        /// The training file.
        path: PathBuf,
        /// The fraction asked for.
        fraction: f64,
    },
}

/// A token sequence and where it comes from. Clones share the tokens.
#[derive(Clone, Debug)]
pub struct TextPart {
    tokens: Arc<Vec<u32>>,
    range: Range<usize>,
    vocabulary: usize,
    unknown: usize,
    path: PathBuf,
    bytes: usize,
    fingerprint: u64,
}

impl TextPart {
    /// The tokens of the file at `path`.
    ///
    /// # Errors
    /// [`TextError`] if the file cannot be read, is empty or does not fit the vocabulary.
    pub fn read(path: &Path, vocabulary: &Vocabulary) -> Result<Self, TextError> {
        Self::encode(path, &read(path)?, vocabulary)
    }

    /// The tokens of `bytes`, which messages call `path`.
    ///
    /// # Errors
    /// [`TextError::Content`] if the bytes do not fit the vocabulary.
    pub fn encode(path: &Path, bytes: &[u8], vocabulary: &Vocabulary) -> Result<Self, TextError> {
        let tokens = vocabulary.encode_bytes(bytes).map_err(content(path))?;
        let range = 0..tokens.len();
        Ok(Self::cut(path, bytes, &Arc::new(tokens), range, vocabulary))
    }

    fn cut(
        path: &Path,
        bytes: &[u8],
        tokens: &Arc<Vec<u32>>,
        range: Range<usize>,
        vocabulary: &Vocabulary,
    ) -> Self {
        let unknown = vocabulary.unknown();
        Self {
            unknown: unknown.map_or(0, |id| tokens[range.clone()].iter().filter(|&&t| t == id).count()),
            tokens: Arc::clone(tokens),
            range,
            vocabulary: vocabulary.len(),
            path: path.to_owned(),
            bytes: bytes.len(),
            fingerprint: Fingerprint::of(bytes),
        }
    }

    /// The tokens.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens[self.range.clone()]
    }

    /// Number of different tokens in the vocabulary that encoded the text.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Number of tokens that are `<unk>`, because the vocabulary lacks the word or the text spells it so.
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of bytes of the text: the denominator of bits per byte.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// FNV-1a of the bytes of the text, for the record of a run.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

/// Which files to read, and how.
#[derive(Clone, Debug)]
pub struct TextOptions {
    /// The training text.
    pub train: PathBuf,
    /// The validation text.
    pub valid: Option<PathBuf>,
    /// The test text.
    pub test: Option<PathBuf>,
    /// What one token is.
    pub level: Level,
    /// Largest number of different tokens at word level, `<unk>` and `<eos>` included; other levels ignore
    /// it.
    pub vocabulary_size: Option<usize>,
    /// Without a validation text, the fraction of the training text's last tokens that is held out as one.
    pub valid_fraction: f64,
}

/// The parts of a text corpus, encoded with one vocabulary.
#[derive(Clone, Debug)]
pub struct TextCorpus {
    /// The vocabulary, from the training file alone.
    pub vocabulary: Vocabulary,
    /// What is trained on.
    pub train: TextPart,
    /// What is evaluated during training.
    pub valid: Option<TextPart>,
    /// What is evaluated at the end.
    pub test: Option<TextPart>,
}

impl TextCorpus {
    /// Reads the files and builds the vocabulary from the training file.
    ///
    /// With a fraction X held out, the last ⌊X·N⌋ of its N tokens are the validation part. The characters of
    /// the vocabulary come from the whole file, since one that occurs in the held-out part alone could not be
    /// encoded; the words come from the training part, since others are `<unk>`.
    ///
    /// # Errors
    /// [`TextError`] names the file, the place and the way out.
    pub fn load(options: &TextOptions) -> Result<Self, TextError> {
        Self::build(options, None)
    }

    /// Reads the files with the vocabulary of a checkpoint; the level and the size in `options` are ignored.
    ///
    /// # Errors
    /// As [`TextCorpus::load`].
    pub fn load_with(options: &TextOptions, vocabulary: Vocabulary) -> Result<Self, TextError> {
        Self::build(options, Some(vocabulary))
    }

    fn build(options: &TextOptions, vocabulary: Option<Vocabulary>) -> Result<Self, TextError> {
        let path = options.train.as_path();
        let fraction = if options.valid.is_some() { 0.0 } else { options.valid_fraction };
        if !(0.0..1.0).contains(&fraction) {
            return Err(TextError::Fraction { path: path.to_owned(), fraction });
        }
        let bytes = read(path)?;
        let level = vocabulary.as_ref().map_or(options.level, Vocabulary::level);
        let count = count_tokens(level, &bytes).map_err(content(path))?;
        let held_out = (fraction * count as f64) as usize;
        if fraction > 0.0 && held_out < 2 {
            return Err(TextError::HeldOutTooShort {
                path: path.to_owned(),
                fraction,
                tokens: count,
                held_out,
            });
        }
        let kept = count - held_out;
        // Where every token is a byte, as in plain English by character, nothing has to be looked for.
        let cut = match count == bytes.len() {
            true => kept,
            false => byte_offset(level, &bytes, kept).map_err(content(path))?,
        };
        let vocabulary = match vocabulary {
            Some(vocabulary) => vocabulary,
            None => build_vocabulary(options, &bytes, cut).map_err(content(path))?,
        };

        let tokens = Arc::new(vocabulary.encode_bytes(&bytes).map_err(content(path))?);
        let train = TextPart::cut(path, &bytes[..cut], &tokens, 0..kept, &vocabulary);
        let valid = match &options.valid {
            Some(valid) => Some(TextPart::read(valid, &vocabulary)?),
            None if held_out > 0 => {
                Some(TextPart::cut(path, &bytes[cut..], &tokens, kept..count, &vocabulary))
            }
            None => None,
        };
        let test = options.test.as_deref().map(|test| TextPart::read(test, &vocabulary)).transpose()?;
        Ok(Self { vocabulary, train, valid, test })
    }
}

fn build_vocabulary(options: &TextOptions, bytes: &[u8], cut: usize) -> Result<Vocabulary, VocabularyError> {
    match options.level {
        Level::Byte => Ok(Vocabulary::bytes()),
        Level::Char => Ok(Vocabulary::chars(utf8(bytes)?)),
        Level::Word => Vocabulary::words(utf8(&bytes[..cut])?, options.vocabulary_size),
    }
}

fn count_tokens(level: Level, bytes: &[u8]) -> Result<usize, VocabularyError> {
    Ok(match level {
        Level::Byte => bytes.len(),
        Level::Char => utf8(bytes)?.chars().count(),
        Level::Word => word_tokens(utf8(bytes)?).count(),
    })
}

/// Where token `index` begins; the end of the text if there is none.
fn byte_offset(level: Level, bytes: &[u8], index: usize) -> Result<usize, VocabularyError> {
    let found = match level {
        Level::Byte => Some(index),
        Level::Char => utf8(bytes)?.char_indices().nth(index).map(|(offset, _)| offset),
        Level::Word => word_tokens(utf8(bytes)?).nth(index).map(|(offset, _)| offset),
    };
    Ok(found.unwrap_or(bytes.len()))
}

fn content(path: &Path) -> impl Fn(VocabularyError) -> TextError {
    move |problem| TextError::Content { path: path.to_owned(), problem }
}

/// The bytes of a file that has some.
fn read(path: &Path) -> Result<Vec<u8>, TextError> {
    let bytes = fs::read(path).map_err(|error| {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => TextError::Missing { path },
            // Not every system says so in the kind of the error.
            _ if path.is_dir() => TextError::Directory { path },
            _ => TextError::Unreadable { path, error },
        }
    })?;
    if bytes.is_empty() {
        return Err(TextError::Empty { path: path.to_owned() });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files(tempfile::TempDir);

    impl Files {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            let path = self.0.path().join(name);
            fs::write(&path, content).unwrap();
            path
        }

        fn options(&self, content: impl AsRef<[u8]>, level: Level) -> TextOptions {
            let train = self.write("train.txt", content);
            TextOptions { train, valid: None, test: None, level, vocabulary_size: None, valid_fraction: 0.0 }
        }
    }

    #[test]
    fn the_last_tokens_are_held_out_at_every_level() {
        let files = Files::new();
        // 19 bytes, 17 characters, 9 words with their <eos>; of each the last 0.3, rounded down.
        let text = "ab cd\nef gh\nij äö";
        for (level, kept, tokens, held_out) in [
            (Level::Byte, "ab cd\nef gh\nij", 14, 5),
            (Level::Char, "ab cd\nef gh\n", 12, 5),
            (Level::Word, "ab cd\nef gh\nij ", 7, 2),
        ] {
            let options = TextOptions { valid_fraction: 0.3, ..files.options(text, level) };
            let TextCorpus { vocabulary, train, valid, test } = TextCorpus::load(&options).unwrap();
            let valid = valid.unwrap();
            assert!(test.is_none());
            assert_eq!((train.tokens().len(), valid.tokens().len()), (tokens, held_out), "{level}");
            assert_eq!(
                [train.tokens(), valid.tokens()].concat(),
                vocabulary.encode(text).unwrap(),
                "{level}"
            );
            let (before, after) = text.split_at(kept.len());
            assert_eq!(train.fingerprint(), Fingerprint::of(before.as_bytes()), "{level}");
            assert_eq!(valid.fingerprint(), Fingerprint::of(after.as_bytes()), "{level}");
            assert_eq!((train.bytes(), valid.bytes()), (before.len(), after.len()), "{level}");
        }
    }

    #[test]
    fn the_vocabulary_comes_from_the_training_file() {
        let files = Files::new();
        let mut options = files.options("aab\nab\nc d\n", Level::Char);
        // A validation file wins over the fraction.
        options.valid = Some(files.write("valid.txt", "abba"));
        options.valid_fraction = 0.5;
        let corpus = TextCorpus::load(&options).unwrap();
        assert_eq!((corpus.train.tokens().len(), corpus.valid.unwrap().tokens().len()), (11, 4));
        assert_eq!(corpus.vocabulary, Vocabulary::chars("\n abcd"));

        options.test = Some(files.write("test.txt", "abc\nax"));
        let error = TextCorpus::load(&options).unwrap_err().to_string();
        assert!(error.contains("test.txt: line 2, column 2 has the character 'x'"), "{error}");

        // Characters of the held-out part are known, its words are not.
        options = TextOptions { valid: None, test: None, ..options };
        assert_eq!(TextCorpus::load(&options).unwrap().vocabulary.len(), 6);
        options.level = Level::Word;
        let corpus = TextCorpus::load(&options).unwrap();
        assert_eq!(corpus.vocabulary, Vocabulary::of_words(["aab", "ab"]));
        let valid = corpus.valid.unwrap();
        assert_eq!(
            (corpus.vocabulary.decode(valid.tokens()), valid.unknown()),
            ("<unk> <unk>\n".to_owned(), 2)
        );
        assert_eq!((valid.vocabulary(), corpus.train.unknown()), (4, 0));
        options.vocabulary_size = Some(3);
        assert_eq!(TextCorpus::load(&options).unwrap().train.unknown(), 1);
    }

    #[test]
    fn a_checkpoints_vocabulary_is_kept() {
        let files = Files::new();
        let vocabulary = Vocabulary::words("b a\n", None).unwrap();
        let options = TextOptions { valid_fraction: 0.5, ..files.options("a b c\nb c\n", Level::Char) };
        let corpus = TextCorpus::load_with(&options, vocabulary.clone()).unwrap();
        assert_eq!(corpus.vocabulary, vocabulary);
        assert_eq!(vocabulary.decode(corpus.train.tokens()), "a b <unk>\n");
        // The place of a fault in the held-out part is one in the file.
        let error = TextCorpus::load_with(&options, Vocabulary::chars("\n ab")).unwrap_err().to_string();
        assert!(error.contains("train.txt: line 1, column 5"), "{error}");
    }

    #[test]
    fn line_endings_of_windows_stay_bytes_and_characters() {
        let files = Files::new();
        for (level, tokens) in [(Level::Byte, 6), (Level::Char, 6), (Level::Word, 4)] {
            let corpus = TextCorpus::load(&files.options("a\r\nb\r\n", level)).unwrap();
            assert_eq!(corpus.train.tokens().len(), tokens, "{level}");
        }
    }

    #[test]
    fn errors_name_the_file_and_the_way_out() {
        let files = Files::new();
        let says = |options: &TextOptions, parts: &[&str]| {
            let error = TextCorpus::load(options).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{error:?} without {part:?}");
            }
        };
        let latin = files.options(b"one\nf\xfcr", Level::Char);
        says(&latin, &["train.txt: line 2, column 2 (byte 5)", "--level byte"]);
        says(&TextOptions { level: Level::Word, ..latin.clone() }, &["line 2, column 2 (byte 5)"]);
        assert!(TextCorpus::load(&TextOptions { level: Level::Byte, ..latin }).is_ok());

        let options = files.options("one two three\n", Level::Word);
        let valid = |path: PathBuf| TextOptions { valid: Some(path), ..options.clone() };
        says(&valid(files.0.path().join("none.txt")), &["no file", "none.txt"]);
        says(&valid(files.0.path().to_owned()), &["is a directory"]);
        says(&valid(files.write("empty.txt", "")), &["empty.txt is empty"]);
        let hold = |valid_fraction| TextOptions { valid_fraction, ..options.clone() };
        says(&hold(1.0), &["train.txt", "--valid-fraction from 0 to below 1"]);
        says(&hold(f64::NAN), &["NaN"]);
        says(&hold(-0.1), &["-0.1"]);
        says(&hold(0.3), &["0.3 of the 4 tokens", "leaves 1", "larger --valid-fraction"]);
        says(&TextOptions { vocabulary_size: Some(2), ..options.clone() }, &["train.txt", "--vocab-size 3"]);
    }
}
