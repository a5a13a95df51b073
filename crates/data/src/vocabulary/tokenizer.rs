//! Tokenizers of Hugging Face's library, from a tokenizer.json.
//!
//! Special tokens are recognised in the text and never added; truncation and padding are turned off. Ids are those of
//! the tokenizer, up to the largest one.

#[cfg(feature = "tokenizers")]
mod real {
    use crate::vocabulary::VocabularyError;

    /// A tokenizer and its file.
    #[derive(Debug)]
    pub(in crate::vocabulary) struct Tokenizer {
        json: String,
        inner: tokenizers::Tokenizer,
        len: usize,
        unknown: Option<u32>,
    }

    impl Tokenizer {
        pub(in crate::vocabulary) fn new(json: &str) -> Result<Self, VocabularyError> {
            let mut inner = tokenizers::Tokenizer::from_bytes(json).map_err(problem)?;
            inner.with_truncation(None).map_err(problem)?.with_padding(None);
            let vocabulary = inner.get_vocab(true);
            let len = vocabulary.values().max().map_or(0, |&id| id as usize + 1);
            if len == 0 {
                return Err(problem("it has no tokens"));
            }
            // The models name the unknown token in a field of this name: BPE and WordPiece by its text, Unigram by its
            // id.
            let value: serde_json::Value = serde_json::from_str(json).map_err(problem)?;
            let model = &value["model"];
            let unknown = match (&model["unk_token"], &model["unk_id"]) {
                (serde_json::Value::String(token), _) => inner.token_to_id(token),
                (_, id) => id.as_u64().map(|id| id as u32),
            };
            // Without indentation it is half as long.
            Ok(Self { json: value.to_string(), inner, len, unknown })
        }

        pub(in crate::vocabulary) fn json(&self) -> &str {
            &self.json
        }

        pub(in crate::vocabulary) fn len(&self) -> usize {
            self.len
        }

        pub(in crate::vocabulary) fn unknown(&self) -> Option<u32> {
            self.unknown
        }

        pub(in crate::vocabulary) fn id(&self, token: &str) -> Option<u32> {
            self.inner.token_to_id(token)
        }

        pub(in crate::vocabulary) fn label(&self, id: u32) -> String {
            self.inner
                .id_to_token(id)
                .map_or_else(|| format!("[{id}]"), |token| token.escape_debug().to_string())
        }

        /// Returns the tokens of a text and their beginnings.
        pub(in crate::vocabulary) fn encode(
            &self,
            text: &str,
        ) -> Result<(Vec<u32>, Vec<usize>), VocabularyError> {
            let encoding = self.inner.encode(text, false).map_err(problem)?;
            let begins = encoding.get_offsets().iter().map(|&(begin, _)| begin).collect();
            Ok((encoding.get_ids().to_vec(), begins))
        }

        pub(in crate::vocabulary) fn decode(&self, tokens: &[u32]) -> String {
            self.inner.decode(tokens, false).unwrap_or_default()
        }
    }

    fn problem(error: impl ToString) -> VocabularyError {
        VocabularyError::Tokenizer { problem: error.to_string() }
    }
}

#[cfg(not(feature = "tokenizers"))]
mod real {
    use crate::vocabulary::VocabularyError;

    /// Has no values, because this program was built without tokenizers.
    #[derive(Debug)]
    pub(in crate::vocabulary) enum Tokenizer {}

    impl Tokenizer {
        pub(in crate::vocabulary) fn new(_: &str) -> Result<Self, VocabularyError> {
            Err(VocabularyError::NoTokenizers)
        }

        pub(in crate::vocabulary) fn json(&self) -> &str {
            match *self {}
        }

        pub(in crate::vocabulary) fn len(&self) -> usize {
            match *self {}
        }

        pub(in crate::vocabulary) fn unknown(&self) -> Option<u32> {
            match *self {}
        }

        pub(in crate::vocabulary) fn id(&self, _: &str) -> Option<u32> {
            match *self {}
        }

        pub(in crate::vocabulary) fn label(&self, _: u32) -> String {
            match *self {}
        }

        pub(in crate::vocabulary) fn encode(
            &self,
            _: &str,
        ) -> Result<(Vec<u32>, Vec<usize>), VocabularyError> {
            match *self {}
        }

        pub(in crate::vocabulary) fn decode(&self, _: &[u32]) -> String {
            match *self {}
        }
    }
}

pub(super) use real::Tokenizer;
