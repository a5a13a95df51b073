//! Vocabularies: the mapping between text and tokens.

mod count;
mod decode;
mod encode;
mod error;
mod json;
mod kind;
mod mapping;
mod special;
mod stored;
#[cfg(test)]
mod tests;
mod token_level;
mod tokenizer;
pub(super) mod units;

pub(super) use count::{CharSet, WordCounts};
pub use error::VocabularyError;
pub use mapping::Vocabulary;
pub use special::{END_OF_LINE, UNKNOWN};
pub use token_level::TokenLevel;
