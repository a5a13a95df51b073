//! The tokens of a text in blocks, so that a text of any length is read in bounded memory.
//!
//! A block ends at a token boundary of the whole text: after a character, or after white space if tokens are words or come from a
//! tokenizer.

use std::io::Read;
use std::path::{Path, PathBuf};

use longspan_data::encoding::{Decoded, Encoding, EncodingError};
use longspan_data::file::FileError;
use longspan_data::text::TextError;
use longspan_data::vocabulary::{END_OF_LINE, TokenLevel, Vocabulary, VocabularyError};

use crate::failure::{Failure, fail};

/// The number of bytes that are read at once.
const BLOCK: usize = 1 << 16;

/// The largest number of bytes in a word.
const LONGEST: usize = 1 << 20;

/// The rest of a text.
pub(super) struct Blocks<'v> {
    input: Box<dyn Read>,
    path: PathBuf,
    vocabulary: &'v Vocabulary,
    bytes: Vec<u8>,
    /// The position at which `bytes` begins: lines before it, characters before it in its line, and bytes before it.
    before: (usize, usize, usize),
    ended: bool,
}

impl<'v> Blocks<'v> {
    /// Decodes the text from the given encoding, or from the one that is recognised, unless the tokens are bytes.
    pub(super) fn new(
        input: Box<dyn Read>,
        path: &Path,
        vocabulary: &'v Vocabulary,
        encoding: Option<Encoding>,
    ) -> Self {
        let input = match vocabulary.level() {
            TokenLevel::Byte => input,
            _ => Box::new(Decoded::new(input, encoding)),
        };
        Self { input, path: path.to_owned(), vocabulary, bytes: Vec::new(), before: (0, 0, 0), ended: false }
    }

    /// Appends the next tokens. Returns how many bytes they were; None at the end of the text.
    ///
    /// # Errors
    /// A message if the text cannot be read or encoded.
    pub(super) fn next(&mut self, tokens: &mut Vec<u32>) -> Result<Option<u64>, Failure> {
        let cut = loop {
            if self.ended && self.bytes.is_empty() {
                return Ok(None);
            }
            match self.cut() {
                Some(cut) if self.ended || self.bytes.len() >= BLOCK => break cut,
                _ if self.bytes.len() > LONGEST => {
                    let (line, ..) = self.before;
                    return Err(fail(format!(
                        "{}: line {} has a word of more than {LONGEST} bytes: name a file with text",
                        self.path.display(),
                        line + 1
                    )));
                }
                _ => self.read()?,
            }
        };
        let block: Vec<u8> = self.bytes.drain(..cut).collect();
        tokens.extend(self.encode(&block).map_err(|problem| self.placed(problem))?);
        self.before.2 += block.len();
        // Counts the first byte of each character.
        let characters = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        match block.iter().rposition(|&byte| byte == b'\n') {
            Some(end) => {
                self.before.0 += block.iter().filter(|&&byte| byte == b'\n').count();
                self.before.1 = characters(&block[end + 1..]);
            }
            None => self.before.1 += characters(&block),
        }
        Ok(Some(block.len() as u64))
    }

    fn read(&mut self) -> Result<(), Failure> {
        let have = self.bytes.len();
        let path = || self.path.clone();
        let read = self.input.by_ref().take(BLOCK as u64).read_to_end(&mut self.bytes);
        read.map_err(|error| match EncodingError::of(&error) {
            Some(problem) => TextError::Encoding { path: path(), problem },
            None => FileError::Unreadable { path: path(), error }.into(),
        })?;
        self.ended = self.bytes.len() - have < BLOCK;
        Ok(())
    }

    /// The end of the next block in the bytes that were read; None if they contain no token boundary.
    fn cut(&self) -> Option<usize> {
        if self.ended {
            return Some(self.bytes.len());
        }
        let cut = match self.vocabulary.level() {
            TokenLevel::Byte => self.bytes.len(),
            TokenLevel::Char => match std::str::from_utf8(&self.bytes) {
                // An incomplete character at the end may continue in the next block; invalid bytes are reported by `encode`.
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => self.bytes.len(),
            },
            // One byte is kept back, so that `encode` can tell the end of the text from the end of a block.
            TokenLevel::Word | TokenLevel::Tokenizer => {
                let inside = &self.bytes[..self.bytes.len().saturating_sub(1)];
                inside.iter().rposition(|byte| byte.is_ascii_whitespace()).map_or(0, |end| end + 1)
            }
        };
        (cut > 0).then_some(cut)
    }

    fn encode(&self, block: &[u8]) -> Result<Vec<u32>, VocabularyError> {
        let mut tokens = self.vocabulary.encode_bytes(block)?;
        // A line that continues in the next block has no end of line yet.
        let continues = !(self.ended && self.bytes.is_empty()) && block.last() != Some(&b'\n');
        if self.vocabulary.level() == TokenLevel::Word && continues {
            let end = tokens.pop();
            debug_assert_eq!(end, self.vocabulary.id(END_OF_LINE));
        }
        Ok(tokens)
    }

    /// Converts the position of a problem from this block to the whole text.
    fn placed(&self, mut problem: VocabularyError) -> TextError {
        let (lines, characters, bytes) = self.before;
        if let VocabularyError::InvalidUtf8 { offset, .. } = &mut problem {
            *offset += bytes;
        }
        if let VocabularyError::InvalidUtf8 { line, column, .. }
        | VocabularyError::UnknownChar { line, column, .. } = &mut problem
        {
            *column += if *line == 1 { characters } else { 0 };
            *line += lines;
        }
        TextError::Content { path: self.path.clone(), problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a few bytes at a time.
    struct Slow(Vec<u8>, usize);

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = out.len().min(7).min(self.0.len() - self.1);
            out[..n].copy_from_slice(&self.0[self.1..][..n]);
            self.1 += n;
            Ok(n)
        }
    }

    fn tokens(text: &str, vocabulary: &Vocabulary) -> Result<(Vec<u32>, usize), String> {
        let input = Box::new(Slow(text.as_bytes().to_vec(), 0));
        let (mut blocks, mut tokens, mut count) =
            (Blocks::new(input, Path::new("x"), vocabulary, None), Vec::new(), 0);
        while blocks.next(&mut tokens).map_err(|failure| failure.to_string())?.is_some() {
            count += 1;
        }
        Ok((tokens, count))
    }

    #[test]
    fn blocks_are_the_text() {
        let line = "aé bb\n\nc  déd é\r\n";
        let ends = ["", "\n", " ", "é", "\n\n", "a b"];
        for end in ends {
            let text = line.repeat(10_000) + &"aé ".repeat(40_000) + end;
            for vocabulary in
                [Vocabulary::bytes(), Vocabulary::chars(&text), Vocabulary::of_words(["aé", "c"])]
            {
                let (found, count) = tokens(&text, &vocabulary).unwrap();
                assert!(found == vocabulary.encode(&text).unwrap(), "{end:?} {}", vocabulary.level());
                assert!(count > 3);
            }
        }
    }

    #[test]
    fn problems_have_their_position_in_the_whole_text() {
        let text = "abc\n".repeat(50_000) + &"é".repeat(40_000) + "x";
        let error = tokens(&text, &Vocabulary::chars("abc\né")).unwrap_err();
        assert!(error.contains("x: line 50001, column 40001 has the character 'x'"), "{error}");
        let error = tokens(&"w".repeat(3 << 20), &Vocabulary::of_words(["a"])).unwrap_err();
        assert!(error.contains("line 1 has a word of more than"), "{error}");
    }
}
