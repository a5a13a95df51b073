//! Vocabularies in checkpoints and JSON files.

use super::error::{VocabularyError, short};
use super::kind::Kind;
use super::mapping::Vocabulary;
use super::special::{END_OF_LINE, UNKNOWN};
use super::stored::Stored;
use super::token_level::TokenLevel;

impl From<Vocabulary> for Stored {
    fn from(vocabulary: Vocabulary) -> Self {
        match &*vocabulary.0 {
            Kind::Byte => Self::Byte,
            Kind::Char(chars) => Self::Char { chars: chars.chars.iter().collect(), unknown: chars.unknown },
            Kind::Word { words, .. } => Self::Word { words: words.clone() },
            Kind::Tokenizer(tokenizer) => Self::Tokenizer { json: tokenizer.json().to_owned() },
        }
    }
}

impl TryFrom<Stored> for Vocabulary {
    type Error = VocabularyError;

    fn try_from(stored: Stored) -> Result<Self, VocabularyError> {
        let damaged = |damage| Err(VocabularyError::Damaged { damage });
        match stored {
            Stored::Byte => Ok(Self::bytes()),
            Stored::Char { chars, unknown } => {
                let chars: Vec<char> = chars.chars().collect();
                if chars.is_empty() {
                    return damaged("it has no characters");
                }
                if unknown.is_some_and(|id| id as usize >= chars.len()) {
                    return damaged("its <unk> is not one of its characters");
                }
                let count = chars.len() - usize::from(unknown.is_some());
                let vocabulary = Self::of_chars(chars, unknown);
                match vocabulary.distinct() == count {
                    true => Ok(vocabulary),
                    false => damaged("a character occurs twice"),
                }
            }
            Stored::Word { words } => {
                let count = words.len();
                let vocabulary = Self::index(words);
                if vocabulary.id(END_OF_LINE).is_none() {
                    return damaged("it has no <eos>");
                }
                match vocabulary.distinct() == count {
                    true => Ok(vocabulary),
                    false => damaged("a word occurs twice"),
                }
            }
            Stored::Tokenizer { json } => Self::tokenizer(&json),
        }
    }
}

/// Vocabularies from JSON: an array of tokens, an object of tokens and their numbers, or a tokenizer.json.
impl Vocabulary {
    /// Reads `json` for a text at `level`; a tokenizer has its own level.
    ///
    /// # Errors
    /// [`VocabularyError`] says what is wrong.
    pub fn from_json(json: &str, level: TokenLevel) -> Result<Self, VocabularyError> {
        let problem = |problem| VocabularyError::NoVocabulary { problem };
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| problem(format!("it is not JSON ({error})")))?;
        let tokens = match value {
            serde_json::Value::Object(map) if map.get("model").is_some_and(serde_json::Value::is_object) => {
                return Self::tokenizer(json);
            }
            serde_json::Value::Array(items) => {
                let token = |(index, item)| match item {
                    serde_json::Value::String(token) => Ok(token),
                    other => Err(problem(format!(
                        "its token {index} is {}, which is not a string",
                        short(&other.to_string())
                    ))),
                };
                items.into_iter().enumerate().map(token).collect::<Result<Vec<String>, _>>()?
            }
            serde_json::Value::Object(map) => numbered(map).map_err(problem)?,
            _ => return Err(problem("it is neither an array nor an object".into())),
        };
        Self::given(tokens, level)
    }

    fn given(tokens: Vec<String>, level: TokenLevel) -> Result<Self, VocabularyError> {
        let unfit = |problem| Err(VocabularyError::Unfit { problem });
        if tokens.is_empty() {
            return Err(VocabularyError::NoVocabulary { problem: "it has no tokens".into() });
        }
        let mut seen = std::collections::HashMap::new();
        for (index, token) in tokens.iter().enumerate() {
            if let Some(before) = seen.insert(token.as_str(), index) {
                let token = short(token);
                return unfit(format!(
                    "its tokens {before} and {index} are both {token:?}: remove one of them"
                ));
            }
        }
        match level {
            TokenLevel::Char => {
                let (mut chars, mut unknown) = (Vec::new(), None);
                for (index, token) in tokens.iter().enumerate() {
                    let mut letters = token.chars();
                    match (letters.next(), letters.next()) {
                        (Some(character), None) => chars.push(character),
                        _ if token == UNKNOWN => {
                            unknown = Some(index as u32);
                            chars.push(char::REPLACEMENT_CHARACTER);
                        }
                        _ => {
                            let token = short(token);
                            return unfit(format!(
                                "its token {index}, {token:?}, is not one character: choose --level word, or remove it"
                            ));
                        }
                    }
                }
                Ok(Self::of_chars(chars, unknown))
            }
            TokenLevel::Word => {
                let split = |token: &&String| token.is_empty() || token.contains(char::is_whitespace);
                if let Some(token) = tokens.iter().find(split) {
                    let token = short(token);
                    return unfit(format!(
                        "its token {token:?} is not a word, because it is empty or contains white space: remove it"
                    ));
                }
                if !tokens.iter().any(|token| token == END_OF_LINE) {
                    return unfit("it has no <eos>, which ends every line at word level: add it".into());
                }
                Ok(Self::index(tokens))
            }
            TokenLevel::Byte | TokenLevel::Tokenizer => unfit(
                "bytes have a vocabulary of their own: choose --level char or word, or leave out --vocab"
                    .into(),
            ),
        }
    }
}

/// Returns the tokens of an object in the order of their numbers.
fn numbered(map: serde_json::Map<String, serde_json::Value>) -> Result<Vec<String>, String> {
    let count = map.len();
    let mut tokens = vec![None; count];
    for (token, number) in map {
        let index = number.as_u64().filter(|&index| index < count as u64);
        let name = short(&token);
        let Some(index) = index else {
            return Err(format!(
                "its token {name:?} has the number {}, and the numbers of {count} tokens are 0 to {}",
                short(&number.to_string()),
                count - 1
            ));
        };
        if let Some(other) = tokens[index as usize].replace(token) {
            return Err(format!("its tokens {:?} and {name:?} both have the number {index}", short(&other)));
        }
    }
    // There are as many different numbers below the count as tokens, so none is missing.
    Ok(tokens.into_iter().flatten().collect())
}
