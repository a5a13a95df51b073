//! Encodes the pieces of a text.

use std::io::Read;
use std::path::Path;

use super::super::encoding::Encoding;
use super::super::fingerprint::Fingerprint;
use super::super::tokens::{Tokens, Writer, temporary_directory};
use super::super::vocabulary::Vocabulary;
use super::error::{TextError, content};
use super::input::PieceReader;

/// Properties of a part besides its tokens.
#[derive(Debug)]
pub(super) struct Tally {
    /// Frequency of each token.
    pub(super) counts: Vec<u64>,
    /// Number of bytes.
    pub(super) bytes: usize,
    /// Fingerprint of the bytes.
    pub(super) fingerprint: Fingerprint,
    /// The encoding of the file.
    pub(super) encoding: Encoding,
}

impl Tally {
    fn new(vocabulary: &Vocabulary) -> Self {
        let (counts, fingerprint) = (vec![0; vocabulary.len()], Fingerprint::default());
        Self { counts, bytes: 0, fingerprint, encoding: Encoding::UTF_8 }
    }

    fn add(&mut self, tokens: &[u32], bytes: &[u8]) {
        tokens.iter().for_each(|&token| self.counts[token as usize] += 1);
        self.bytes += bytes.len();
        self.fingerprint.write(bytes);
    }
}

/// Encodes a text with at most `in_memory` bytes of tokens in memory. Returns the tallies before and after token
/// `kept`; without it, everything is in the first.
pub(super) fn encode(
    mut pieces: PieceReader<'_, impl Read>,
    path: &Path,
    vocabulary: &Vocabulary,
    kept: Option<usize>,
    in_memory: usize,
) -> Result<(Tokens, [Tally; 2]), TextError> {
    let temporary = |error| TextError::Temporary { directory: temporary_directory(), error };
    let kept = kept.unwrap_or(usize::MAX);
    let mut parts = [Tally::new(vocabulary), Tally::new(vocabulary)];
    let (mut writer, mut tokens) = (Writer::new(vocabulary.len(), in_memory), Vec::new());
    while let Some(piece) = pieces.next()? {
        tokens.clear();
        vocabulary.append(&piece, &mut tokens).map_err(|problem| content(path, problem))?;
        let bytes = piece.bytes();
        if writer.len() > kept {
            parts[1].add(&tokens, bytes);
        } else if writer.len() + tokens.len() <= kept {
            parts[0].add(&tokens, bytes);
        } else {
            let before = kept - writer.len();
            let offset = vocabulary.offset(&piece, before).map_err(|problem| content(path, problem))?;
            parts[0].add(&tokens[..before], &bytes[..offset]);
            parts[1].add(&tokens[before..], &bytes[offset..]);
        }
        writer.extend(&tokens).map_err(temporary)?;
    }
    parts.iter_mut().for_each(|part| part.encoding = pieces.encoding());
    Ok((writer.finish().map_err(temporary)?, parts))
}
