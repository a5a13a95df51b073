//! The tokens of a text in blocks, so that a text of any length is read in bounded memory.
//!
//! A block ends where the tokens of the whole text have an end: with a character, or behind white space where words or a tokenizer's tokens are read.

use std::io::Read;
use std::path::{Path, PathBuf};

use longspan_data::file::FileError;
use longspan_data::text::TextError;
use longspan_data::vocabulary::{END_OF_LINE, TokenLevel, Vocabulary, VocabularyError};

use crate::failure::{Failure, fail};

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 16;

/// Most bytes of one word.
const LONGEST: usize = 1 << 20;

/// What is left of a text.
pub(super) struct Blocks<'v> {
    input: Box<dyn Read>,
    path: PathBuf,
    vocabulary: &'v Vocabulary,
    bytes: Vec<u8>,
    /// Where in the text `bytes` begins: lines and characters of its line before it, and bytes.
    before: (usize, usize, usize),
    ended: bool,
}

impl<'v> Blocks<'v> {
    pub(super) fn new(input: Box<dyn Read>, path: &Path, vocabulary: &'v Vocabulary) -> Self {
        Self { input, path: path.to_owned(), vocabulary, bytes: Vec::new(), before: (0, 0, 0), ended: false }
    }

    /// Appends the next tokens; says how many bytes they were, or that there are no more.
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
                        "{}: line {} has a word of more than {LONGEST} bytes: is this a text?",
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
        // Valid UTF-8 where characters are counted.
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
        read.map_err(|error| TextError::from(FileError::Unreadable { path: path(), error }))?;
        self.ended = self.bytes.len() - have < BLOCK;
        Ok(())
    }

    /// The end of the next block in what has been read; None if that has none.
    fn cut(&self) -> Option<usize> {
        if self.ended {
            return Some(self.bytes.len());
        }
        let cut = match self.vocabulary.level() {
            TokenLevel::Byte => self.bytes.len(),
            TokenLevel::Char => match std::str::from_utf8(&self.bytes) {
                // What begins at the end may go on in the next block; what is wrong inside is found when it is read.
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => self.bytes.len(),
            },
            // The last byte stays, so that the text's end is known to be one.
            TokenLevel::Word | TokenLevel::Tokenizer => {
                let inside = &self.bytes[..self.bytes.len().saturating_sub(1)];
                inside.iter().rposition(|byte| byte.is_ascii_whitespace()).map_or(0, |end| end + 1)
            }
        };
        (cut > 0).then_some(cut)
    }

    fn encode(&self, block: &[u8]) -> Result<Vec<u32>, VocabularyError> {
        let mut tokens = self.vocabulary.encode_bytes(block)?;
        // A line that goes on has no end yet.
        let goes_on = !(self.ended && self.bytes.is_empty()) && block.last() != Some(&b'\n');
        if self.vocabulary.level() == TokenLevel::Word && goes_on {
            let end = tokens.pop();
            debug_assert_eq!(end, self.vocabulary.id(END_OF_LINE));
        }
        Ok(tokens)
    }

    /// The problem with its place in the whole text.
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

    /// Gives a few bytes at a time.
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
            (Blocks::new(input, Path::new("x"), vocabulary), Vec::new(), 0);
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
    fn faults_have_their_place_in_the_whole_text() {
        let text = "abc\n".repeat(50_000) + &"é".repeat(40_000) + "x";
        let error = tokens(&text, &Vocabulary::chars("abc\né")).unwrap_err();
        assert!(error.contains("x: line 50001, column 40001 has the character 'x'"), "{error}");
        let error = tokens(&"w".repeat(3 << 20), &Vocabulary::of_words(["a"])).unwrap_err();
        assert!(error.contains("line 1 has a word of more than"), "{error}");
    }
}
