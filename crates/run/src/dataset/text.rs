//! Texts as data of a run.

use std::path::Path;

use super::{DataError, DataRecord, Dataset, Parts, boxed, name};
use crate::config::Config;
use longspan::batch::Source;
use longspan::model::head::Unit;
use longspan_data::schema::{Predicts, Schema};
use longspan_data::stream::{EvaluationStream, TextStream};
use longspan_data::text::{TextCorpus, TextError, TextOptions, TextPart, Watch, read_vocabulary};

pub(super) fn open(
    config: &Config,
    path: &Path,
    learned: Option<&Schema>,
    watch: Watch<'_>,
) -> Result<Dataset, DataError> {
    let options = TextOptions {
        train: path.into(),
        valid: config.data.valid.clone(),
        test: config.data.test.clone(),
        level: config.data.level,
        vocabulary_size: (config.data.vocab_size > 0).then_some(config.data.vocab_size),
        valid_fraction: config.data.valid_fraction,
    };
    let vocabulary = match learned.map(|schema| (schema.vocabulary(), &schema.predicts)) {
        None => {
            config.data.vocab.as_ref().map(|path| read_vocabulary(path, config.data.level)).transpose()?
        }
        Some((Some(vocabulary), Predicts::Next)) => Some(vocabulary.clone()),
        Some(_) => {
            let (found, needed) =
                ("does not predict the next token", "reads tokens and predicts the next one");
            return Err(DataError::OtherKind { data: "texts", found, needed });
        }
    };
    let corpus = TextCorpus::load(&options, vocabulary, watch)?;
    let train = TextStream::new(&corpus.train, config.data.batch, config.data.unroll)?;
    let evaluation = |part: &Option<TextPart>| -> Result<Option<Box<dyn Source>>, TextError> {
        let stream = part.as_ref().map(|p| EvaluationStream::new(p, config.data.batch, config.data.unroll));
        Ok(stream.transpose()?.map(boxed))
    };
    let (valid, test) = (evaluation(&corpus.valid)?, evaluation(&corpus.test)?);
    let scored_part = corpus.valid.as_ref().unwrap_or(&corpus.train);
    let tokens = corpus.vocabulary.len();
    let schema = Schema::language(corpus.vocabulary.clone());
    let count = |part: &Option<TextPart>| part.as_ref().map_or(0, |part| part.len() as u64 - 1);
    let by = match (&config.data.valid, &corpus.valid) {
        (Some(_), _) => "file".into(),
        (None, Some(_)) => {
            format!("position: the last {} % are for validation", 100.0 * config.data.valid_fraction)
        }
        (None, None) => "no split: the whole text is the training part".into(),
    };
    let record = DataRecord {
        description: format!("{} by {}, {tokens} distinct", name(path), corpus.vocabulary.level()),
        fingerprint: format!("{:016x}", corpus.train.fingerprint()),
        schema: schema.fingerprint(),
        parts: Parts {
            items: "tokens".into(),
            train: corpus.train.len() as u64,
            valid: count(&corpus.valid),
            test: count(&corpus.test),
            by,
        },
        unknown_share: scored_part.unknown() as f64 / scored_part.len().max(1) as f64,
        unit: Unit::Nats,
        chance_loss: frequency_loss(&corpus.train, scored_part),
        chance: "token frequencies".into(),
    };
    Ok(Dataset { train: boxed(train), valid, test, schema, record })
}

/// Loss in nats of predicting token frequencies, which is the best that a model without input can reach. The
/// frequencies are those of `train`, with 1 added to each count so that none is zero; the loss is that of
/// `scored_part`.
fn frequency_loss(train: &TextPart, scored_part: &TextPart) -> f64 {
    let (train, mut predicted) = (train.counts(), scored_part.counts().to_vec());
    // The first token is read, but never predicted.
    let _ = scored_part.each(0, scored_part.len().min(1), |_, token| predicted[token as usize] -= 1);
    let total = (train.iter().sum::<u64>() + train.len() as u64) as f64;
    let loss = |(&seen, &count): (&u64, &u64)| -((seen + 1) as f64 / total).ln() * count as f64;
    let nats: f64 = train.iter().zip(&predicted).map(loss).sum();
    nats / predicted.iter().sum::<u64>().max(1) as f64
}
