//! Texts as data of a run.

use std::path::Path;

use super::{DataError, DataRecord, Dataset, Parts, boxed, name};
use crate::config::Config;
use crate::data::Source;
use crate::data::stream::{EvaluationStream, TextStream};
use crate::data::text::{TextCorpus, TextError, TextOptions, TextPart};
use crate::head::Unit;
use crate::schema::{Predicts, Schema};

pub(super) fn open(config: &Config, path: &Path, learned: Option<&Schema>) -> Result<Dataset, DataError> {
    let options = TextOptions {
        train: path.into(),
        valid: config.valid.clone(),
        test: config.test.clone(),
        level: config.level,
        vocabulary_size: (config.vocab_size > 0).then_some(config.vocab_size),
        valid_fraction: config.valid_fraction,
    };
    let corpus = match learned.map(|schema| (schema.vocabulary(), &schema.predicts)) {
        None => TextCorpus::load(&options)?,
        Some((Some(vocabulary), Predicts::Next)) => TextCorpus::load_with(&options, vocabulary.clone())?,
        Some(_) => {
            let (found, needed) = ("predicts something else", "reads tokens and predicts the next one");
            return Err(DataError::OtherKind { data: "texts", found, needed });
        }
    };
    let train = TextStream::new(&corpus.train, config.batch, config.unroll)?;
    let evaluation = |part: &Option<TextPart>| -> Result<Option<Box<dyn Source>>, TextError> {
        let stream = part.as_ref().map(|p| EvaluationStream::new(p, config.batch, config.unroll));
        Ok(stream.transpose()?.map(boxed))
    };
    let (valid, test) = (evaluation(&corpus.valid)?, evaluation(&corpus.test)?);
    let judged = corpus.valid.as_ref().unwrap_or(&corpus.train);
    let tokens = corpus.vocabulary.len();
    let schema = Schema::language(corpus.vocabulary.clone());
    let count = |part: &Option<TextPart>| part.as_ref().map_or(0, |part| part.tokens().len() as u64 - 1);
    let by = match (&config.valid, &corpus.valid) {
        (Some(_), _) => "file".into(),
        (None, Some(_)) => format!("position: the last {} % are held out", 100.0 * config.valid_fraction),
        (None, None) => "nothing: all is trained on".into(),
    };
    let record = DataRecord {
        description: format!("{} by {}, {tokens} different", name(path), corpus.vocabulary.level()),
        fingerprint: format!("{:016x}", corpus.train.fingerprint()),
        schema: schema.fingerprint(),
        parts: Parts {
            items: "tokens".into(),
            train: corpus.train.tokens().len() as u64,
            valid: count(&corpus.valid),
            test: count(&corpus.test),
            by,
        },
        unknown_share: judged.unknown() as f64 / judged.tokens().len().max(1) as f64,
        unit: Unit::Nats,
        chance_loss: frequency_loss(&corpus.train, judged),
        chance: "token frequencies".into(),
    };
    Ok(Dataset { train: boxed(train), valid, test, schema, record })
}

/// Loss in nats of guessing each token of `judged` by its frequency in `train`, every count one higher so that none is
/// zero: what a model that reads nothing can have.
fn frequency_loss(train: &TextPart, judged: &TextPart) -> f64 {
    let mut counts = vec![1u64; train.vocabulary()];
    train.tokens().iter().for_each(|&token| counts[token as usize] += 1);
    let total = (train.tokens().len() + train.vocabulary()) as f64;
    let losses: Vec<f64> = counts.iter().map(|&count| -(count as f64 / total).ln()).collect();
    let predicted = judged.tokens().get(1..).unwrap_or_default();
    let nats: f64 = predicted.iter().map(|&token| losses[token as usize]).sum();
    nats / predicted.len().max(1) as f64
}
