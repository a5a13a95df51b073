//! Text files as token sequences: a training part, and perhaps a validation and a test part.
//!
//! A file is read in pieces of bounded size, up to three times: to count its tokens and find its characters, to count
//! the words of its training part, and to encode it. Memory is bounded, except for the vocabulary. Unless the tokens are
//! bytes, the text is decoded from its [`encoding`](crate::encoding) to UTF-8 on the way.

mod encode;
mod error;
mod input;
mod pieces;
mod progress;

use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::TextError;
pub use progress::{Reading, Watch};

use super::encoding::Encoding;
use super::file::{self, FileError};
use super::tokens::{IN_MEMORY, Tokens};
use super::vocabulary::{CharSet, TokenLevel, Vocabulary, WordCounts};
use encode::{Tally, encode};
use error::content;
use input::Input;

/// A token sequence and its source. Clones share the tokens.
#[derive(Clone, Debug)]
pub struct TextPart {
    tokens: Arc<Tokens>,
    range: Range<usize>,
    unknown: Option<u32>,
    path: PathBuf,
    tally: Arc<Tally>,
}

impl TextPart {
    /// Reads and encodes the file at `path`, which is in the given encoding, or in the one that is recognised.
    ///
    /// # Errors
    /// [`TextError`] if the file cannot be read, is empty or does not fit the vocabulary.
    pub fn read(
        path: &Path,
        vocabulary: &Vocabulary,
        encoding: Option<Encoding>,
        watch: Watch<'_>,
    ) -> Result<Self, TextError> {
        let mut input = Input::open(path, vocabulary.level(), encoding, watch)?;
        input.plan(1);
        let pieces = input.pieces(vocabulary.level())?;
        Ok(Self::whole(path, vocabulary, encode(pieces, path, vocabulary, None, IN_MEMORY)?))
    }

    /// Encodes `bytes`, whose encoding is recognised. The path is for messages.
    ///
    /// # Errors
    /// [`TextError::Content`] if the bytes do not fit the vocabulary, [`TextError::Encoding`] if they are no text.
    pub fn encode(path: &Path, bytes: &[u8], vocabulary: &Vocabulary) -> Result<Self, TextError> {
        let pieces = input::of_bytes(path, bytes, vocabulary.level());
        Ok(Self::whole(path, vocabulary, encode(pieces, path, vocabulary, None, IN_MEMORY)?))
    }

    fn whole(path: &Path, vocabulary: &Vocabulary, (tokens, [tally, _]): (Tokens, [Tally; 2])) -> Self {
        let range = 0..tokens.len();
        Self::cut(path, vocabulary, &Arc::new(tokens), range, tally)
    }

    fn cut(
        path: &Path,
        vocabulary: &Vocabulary,
        tokens: &Arc<Tokens>,
        range: Range<usize>,
        tally: Tally,
    ) -> Self {
        let (tokens, path, tally) = (Arc::clone(tokens), path.to_owned(), Arc::new(tally));
        Self { tokens, range, unknown: vocabulary.unknown(), path, tally }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are no tokens, for example at word level for spaces without a line end.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Calls `visit` with the index (from 0) and the token, for `count` tokens from `start` on.
    ///
    /// # Errors
    /// The error of the operating system if the tokens are in a file that cannot be read; [`TextPart::failure`] keeps
    /// it.
    ///
    /// # Panics
    /// If the range is longer than the part.
    pub fn each(&self, start: usize, count: usize, visit: impl FnMut(usize, u32)) -> Result<(), &io::Error> {
        assert!(start + count <= self.len(), "tokens {start} to {} of {}", start + count, self.len());
        self.tokens.each(self.range.start + start, count, visit)
    }

    /// The first error of reading tokens, if any.
    pub fn failure(&self) -> Option<&io::Error> {
        self.tokens.failure()
    }

    /// How often each token of the vocabulary occurs.
    pub fn counts(&self) -> &[u64] {
        &self.tally.counts
    }

    /// Number of `<unk>` tokens: words that the vocabulary lacks, and `<unk>` in the text itself.
    pub fn unknown(&self) -> usize {
        self.unknown.map_or(0, |id| self.tally.counts[id as usize] as usize)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The encoding of the file; UTF-8 if its bytes are read.
    pub fn encoding(&self) -> Encoding {
        self.tally.encoding
    }

    /// Number of bytes of the text in UTF-8, the denominator of bits per byte.
    pub fn bytes(&self) -> usize {
        self.tally.bytes
    }

    /// Fingerprint (FNV-1a) of the bytes of the text, for the record of a run.
    pub fn fingerprint(&self) -> u64 {
        self.tally.fingerprint.finish()
    }
}

/// Options for reading a text corpus.
#[derive(Clone, Debug)]
pub struct TextOptions {
    /// The training text.
    pub train: PathBuf,
    /// The validation text.
    pub valid: Option<PathBuf>,
    /// The test text.
    pub test: Option<PathBuf>,
    /// Unit of a token.
    pub level: TokenLevel,
    /// Most tokens of the vocabulary at word level, including `<unk>` and `<eos>`; other levels ignore it.
    pub vocabulary_size: Option<usize>,
    /// Fraction of the training text that is held out at its end for validation, if there is no validation text.
    pub valid_fraction: f64,
    /// Encoding of all texts; None recognises that of each file. Level byte ignores it.
    pub encoding: Option<Encoding>,
}

/// The parts of a text corpus, encoded with one vocabulary.
#[derive(Clone, Debug)]
pub struct TextCorpus {
    /// The vocabulary, from the training file only.
    pub vocabulary: Vocabulary,
    /// For training.
    pub train: TextPart,
    /// For validation.
    pub valid: Option<TextPart>,
    /// For the test at the end.
    pub test: Option<TextPart>,
}

impl TextCorpus {
    /// Reads the files. The vocabulary is the given one (from a checkpoint or a file), or is built from the training
    /// file. With a given vocabulary, the level and the size in `options` are ignored.
    ///
    /// With a fraction X held out, the last ⌊X·N⌋ of the N tokens are the validation part. The characters of the
    /// vocabulary come from the whole file, because a character that occurs in the held-out part only could not be
    /// encoded. The words come from the training part, because other words are `<unk>`.
    ///
    /// # Errors
    /// [`TextError`] says what is wrong, with file and location, and what to do.
    pub fn load(
        options: &TextOptions,
        given: Option<Vocabulary>,
        watch: Watch<'_>,
    ) -> Result<Self, TextError> {
        Self::build(options, given, IN_MEMORY, watch)
    }

    /// As [`TextCorpus::load`], with at most `in_memory` bytes of each file's tokens in memory.
    fn build(
        options: &TextOptions,
        given: Option<Vocabulary>,
        in_memory: usize,
        watch: Watch<'_>,
    ) -> Result<Self, TextError> {
        let path = options.train.as_path();
        let fraction = if options.valid.is_some() { 0.0 } else { options.valid_fraction };
        if !(0.0..1.0).contains(&fraction) {
            return Err(TextError::Fraction { path: path.to_owned(), fraction });
        }
        let level = given.as_ref().map_or(options.level, Vocabulary::level);
        let mut input = Input::open(path, level, options.encoding, watch)?;
        let find_chars = given.is_none() && level == TokenLevel::Char;
        let find_words = given.is_none() && level == TokenLevel::Word;
        let count = fraction > 0.0 && level != TokenLevel::Byte;
        input.plan(1 + u64::from(count || find_chars) + u64::from(find_words));

        let (mut tokens, mut chars) = (0, find_chars.then(CharSet::new));
        if count || find_chars {
            let mut pieces = input.pieces(level)?;
            while let Some(piece) = pieces.next()? {
                tokens += match &given {
                    Some(vocabulary) => vocabulary.count(&piece).map_err(|problem| content(path, problem))?,
                    None => piece.count(level),
                };
                if let Some(chars) = &mut chars {
                    chars.add(piece.text());
                }
            }
        } else {
            tokens = input.bytes() as usize;
        }
        let held_out = (fraction * tokens as f64) as usize;
        if fraction > 0.0 && held_out < 2 {
            let path = path.to_owned();
            return Err(TextError::HeldOutTooShort { path, fraction, tokens, held_out });
        }
        let kept = (held_out > 0).then(|| tokens - held_out);
        let vocabulary = match (given, chars) {
            (Some(vocabulary), _) => vocabulary,
            (None, Some(chars)) => chars.finish(),
            (None, None) if find_words => {
                let counts = count_words(&mut input, kept)?;
                counts.finish(options.vocabulary_size).map_err(|problem| content(path, problem))?
            }
            (None, None) => Vocabulary::bytes(),
        };

        let (tokens, [train, valid]) = encode(input.pieces(level)?, path, &vocabulary, kept, in_memory)?;
        let (end, tokens) = (kept.unwrap_or(tokens.len()), Arc::new(tokens));
        let train = TextPart::cut(path, &vocabulary, &tokens, 0..end, train);
        let mut other = |path: &PathBuf| TextPart::read(path, &vocabulary, options.encoding, watch);
        let valid = match &options.valid {
            Some(path) => Some(other(path)?),
            None => kept.map(|_| TextPart::cut(path, &vocabulary, &tokens, end..tokens.len(), valid)),
        };
        let test = options.test.as_ref().map(other).transpose()?;
        Ok(Self { vocabulary, train, valid, test })
    }
}

/// Reads a vocabulary from a JSON file, for a text at `level`.
///
/// # Errors
/// [`TextError`] says what is wrong with the file.
pub fn read_vocabulary(path: &Path, level: TokenLevel) -> Result<Vocabulary, TextError> {
    let mut json = String::new();
    let mut file = file::open(path, "one JSON file")?;
    file.read_to_string(&mut json).map_err(|error| FileError::new(path, error, "one JSON file"))?;
    Vocabulary::from_json(&json, level).map_err(|problem| content(path, problem))
}

/// Counts the words before token `kept`.
fn count_words(input: &mut Input<'_>, kept: Option<usize>) -> Result<WordCounts, TextError> {
    let (mut counts, mut left) = (WordCounts::new(), kept.unwrap_or(usize::MAX));
    let mut pieces = input.pieces(TokenLevel::Word)?;
    while let Some(piece) = pieces.next()? {
        // Only the piece that contains the end of the part has to be cut.
        let here = if kept.is_some() { piece.count(TokenLevel::Word) } else { 0 };
        let end = if here > left { piece.offset(TokenLevel::Word, left) } else { piece.bytes().len() };
        counts.add(&piece.text()[..end]);
        if here > left {
            break;
        }
        left -= here;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests;
