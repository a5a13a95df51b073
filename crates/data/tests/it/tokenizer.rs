//! Texts with a tokenizer.json of Hugging Face's library.
#![cfg(feature = "tokenizers")]
#![allow(missing_docs, reason = "a test file")]

use std::path::PathBuf;

use longspan_data::text::{TextCorpus, TextOptions, TextPart, read_vocabulary};
use longspan_data::vocabulary::{TokenLevel, Vocabulary};
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{TokenizerBuilder, TruncationParams};

const LINE: &str = "The cat, which the dogs saw, was full. Die Katze — naïve 日本 — war satt.\n";

/// A byte-level BPE that was trained on the line, with truncation turned on.
fn tokenizer() -> String {
    let mut trainer = BpeTrainerBuilder::new()
        .vocab_size(300)
        .min_frequency(0)
        .show_progress(false)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let byte_level = ByteLevel::default().add_prefix_space(false);
    let mut tokenizer = TokenizerBuilder::new()
        .with_model(BPE::default())
        .with_normalizer(Some(NFC))
        .with_pre_tokenizer(Some(byte_level))
        .with_post_processor(Some(byte_level))
        .with_decoder(Some(byte_level))
        .build()
        .expect("a tokenizer");
    tokenizer.train(&mut trainer, [LINE].into_iter()).expect("a line to learn from");
    tokenizer
        .with_truncation(Some(TruncationParams { max_length: 5, ..Default::default() }))
        .expect("a length");
    tokenizer.to_string(true).expect("JSON")
}

fn tokens(part: &TextPart) -> Vec<u32> {
    let mut tokens = Vec::new();
    part.each(0, part.len(), |_, token| tokens.push(token)).expect("tokens in memory");
    tokens
}

#[test]
fn a_tokenizer_encodes_and_decodes_a_text() {
    let vocabulary = Vocabulary::from_json(&tokenizer(), TokenLevel::Char).expect("a tokenizer");
    assert_eq!((vocabulary.level(), vocabulary.len()), (TokenLevel::Tokenizer, 300));
    let encoded = vocabulary.encode(LINE).expect("tokens");
    // Merges were learned, and nothing is truncated.
    assert!(encoded.len() > 5 && encoded.len() < LINE.len() / 2, "{}", encoded.len());
    assert_eq!(vocabulary.decode(&encoded), LINE);

    // The form in a checkpoint is read back and has the same fingerprint.
    let stored = serde_json::to_string(&vocabulary).expect("JSON");
    let back: Vocabulary = serde_json::from_str(&stored).expect("a vocabulary");
    assert_eq!((back.encode(LINE).expect("tokens"), back.fingerprint()), (encoded, vocabulary.fingerprint()));
    assert!(back == vocabulary);
}

/// Pieces are cut at line ends, which no token of this tokenizer crosses, so encoding the whole text at once gives the
/// same tokens.
#[test]
fn a_long_text_is_never_cut_within_a_token() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| -> PathBuf { directory.path().join(name) };
    let text = LINE.repeat(4000);
    std::fs::write(path("text.txt"), &text).expect("a file");
    std::fs::write(path("tokenizer.json"), tokenizer()).expect("a file");
    let vocabulary = read_vocabulary(&path("tokenizer.json"), TokenLevel::Char).expect("a tokenizer");
    let options = TextOptions {
        train: path("text.txt"),
        valid: None,
        test: None,
        level: TokenLevel::Char,
        vocabulary_size: None,
        valid_fraction: 0.3,
        encoding: None,
    };
    let corpus = TextCorpus::load(&options, Some(vocabulary.clone()), &mut |_| {}).expect("a text");
    let valid = corpus.valid.expect("a held-out part");
    let all = vocabulary.encode(&text).expect("tokens");
    assert_eq!([tokens(&corpus.train), tokens(&valid)].concat(), all);
    assert_eq!(valid.len(), (0.3 * all.len() as f64) as usize);
    // The bytes are cut at the same point as the tokens.
    assert_eq!(corpus.train.bytes() + valid.bytes(), text.len());
    assert!(text.ends_with(&vocabulary.decode(&tokens(&valid))));
    assert_eq!(vocabulary.decode(&tokens(&valid)).len(), valid.bytes());
}

#[test]
fn an_invalid_tokenizer_is_an_error() {
    let error =
        Vocabulary::from_json(r#"{"model":{"type":"Nothing"}}"#, TokenLevel::Char).unwrap_err().to_string();
    assert!(error.contains("the tokenizer cannot be used"), "{error}");
}
