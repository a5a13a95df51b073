//! The form of a vocabulary in a checkpoint.

use serde::{Deserialize, Serialize};

/// The form in a checkpoint: `{"level":"char","chars":" abc"}`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "lowercase")]
pub(super) enum Stored {
    Byte,
    Char {
        chars: String,
        /// Id of `<unk>`, if the vocabulary has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unknown: Option<u32>,
    },
    Word {
        words: Vec<String>,
    },
    /// The whole tokenizer, so that a run needs no other file.
    Tokenizer {
        json: String,
    },
}
