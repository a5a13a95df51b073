//! From tokens to text.

use super::kind::Kind;
use super::mapping::Vocabulary;
use super::special::END_OF_LINE;

impl Vocabulary {
    /// Decodes tokens to text. Words are joined by spaces, and `<eos>` becomes a newline. Bytes that are not valid
    /// UTF-8 become U+FFFD, see [`Vocabulary::decode_bytes`].
    ///
    /// # Panics
    /// If the vocabulary does not have a token.
    pub fn decode(&self, tokens: &[u32]) -> String {
        tokens.iter().for_each(|&id| self.check(id));
        match &*self.0 {
            Kind::Byte => String::from_utf8_lossy(&self.decode_bytes(tokens)).into_owned(),
            Kind::Char(chars) => tokens.iter().map(|&id| chars.chars[id as usize]).collect(),
            Kind::Tokenizer(tokenizer) => tokenizer.decode(tokens),
            Kind::Word { words, .. } => {
                let mut text = String::new();
                for &id in tokens {
                    let word = &words[id as usize];
                    if word == END_OF_LINE {
                        text.push('\n');
                        continue;
                    }
                    if !text.is_empty() && !text.ends_with('\n') {
                        text.push(' ');
                    }
                    text.push_str(word);
                }
                text
            }
        }
    }

    /// Decodes tokens to bytes: without loss at byte level, otherwise those of [`Vocabulary::decode`].
    ///
    /// # Panics
    /// If the vocabulary does not have a token.
    pub fn decode_bytes(&self, tokens: &[u32]) -> Vec<u8> {
        match &*self.0 {
            Kind::Byte => {
                tokens.iter().for_each(|&id| self.check(id));
                tokens.iter().map(|&id| id as u8).collect()
            }
            _ => self.decode(tokens).into_bytes(),
        }
    }
}
