//! Texts as data of a run.

use std::collections::HashMap;
use std::path::Path;

use super::baseline;
use super::baseline::Baseline;
use super::description::{boxed, decoded, name};
use super::error::DataError;
use super::frequencies::{Counted, Frequencies};
use super::held_out::HeldOut;
use super::parts::Dataset;
use super::record::{DataRecord, Parts};
use super::sample::{Sample, sample_rows};
use crate::config::{ClassWeights, Config};
use crate::units::Units;
use longspan::batch::Source;
use longspan::model::head::Unit;
use longspan_data::inspect::notices;
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
        encoding: config.data.encoding,
    };
    let vocabulary = match learned.map(|schema| (schema.vocabulary(), &schema.predicts)) {
        None => {
            config.data.vocab.as_ref().map(|path| read_vocabulary(path, config.data.level)).transpose()?
        }
        Some((Some(vocabulary), Predicts::Next)) => Some(vocabulary.clone()),
        Some(_) => return Err(other_kind()),
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
    let balanced = config.data.class_weights == ClassWeights::Balanced;
    let frequencies = Frequencies::new(Counted::Tokens, corpus.train.counts(), balanced);
    let baselines_of = |part: &TextPart| {
        let pairs = Baseline::reference("token pairs", pair_loss(&corpus.train, part));
        vec![frequencies.baseline(&predicted(part)), pairs]
    };
    let baselines = baselines_of(scored_part);
    let best = baseline::best(&baselines).expect("a baseline").clone();
    let test_baselines = corpus.test.as_ref().map(baselines_of).unwrap_or_default();
    let units = Units::of_text(config.data.unroll);
    let record = DataRecord {
        description: format!(
            "{} by {}, {tokens} distinct{}",
            name(path),
            corpus.vocabulary.level(),
            decoded(corpus.train.encoding())
        ),
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
        baseline_loss: best.loss,
        baseline: best.name.clone(),
        baselines,
        units: format!("blocks of {} tokens", units.windows() * config.data.unroll as u64),
        channels: Vec::new(),
        notices: notices_of(path, &corpus),
    };
    let sample = sample(config, &train, valid.as_deref());
    Ok(Dataset {
        train: boxed(train),
        valid,
        test,
        sample,
        units,
        schema,
        record,
        test_baselines,
        frequencies: Some(frequencies),
        series: None,
        group_baselines: Default::default(),
    })
}

/// The first windows of the training stream, whatever positions training scores.
fn sample(config: &Config, train: &TextStream, valid: Option<&dyn Source>) -> Sample {
    let batch = config.data.batch;
    let of =
        |source: &dyn Source| usize::try_from(source.windows()).unwrap_or(usize::MAX).saturating_mul(batch);
    let rows = sample_rows(config, of(train), valid.map_or(0, of));
    let windows = rows.div_ceil(batch) as u64;
    Sample { source: boxed(train.clone()), windows, units: Units::of_text(config.data.unroll) }
}

/// All of another text, for a trained model, and its number of bytes. Its baseline predicts the token frequencies of the
/// training part, which are the best that a model without input can reach, or those of the text itself if they are not
/// known.
///
/// # Errors
/// [`DataError`] if the file cannot be read or is too short, or that the model does not read tokens.
pub(super) fn whole(
    config: &Config,
    path: &Path,
    schema: &Schema,
    trained: Option<&Frequencies>,
    watch: Watch<'_>,
) -> Result<(HeldOut, usize), DataError> {
    let Some(vocabulary) = schema.vocabulary() else { return Err(other_kind()) };
    let part = TextPart::read(path, vocabulary, config.data.encoding, watch)?;
    let stream = EvaluationStream::new(&part, config.data.batch, config.data.unroll)?;
    let scored = predicted(&part);
    let own = Frequencies::new(Counted::Tokens, &scored, false);
    let frequencies = Frequencies::of_training_or(trained, own);
    let data = HeldOut {
        source: boxed(stream),
        units: Units::of_text(config.data.unroll),
        series: None,
        baselines: vec![frequencies.baseline(&scored)],
        most_frequent_class: None,
        shifts: Vec::new(),
    };
    Ok((data, part.bytes()))
}

fn other_kind() -> DataError {
    let (found, needed) = ("does not predict the next token", "reads tokens and predicts the next one");
    DataError::OtherKind { data: "texts", found, needed }
}

/// The count of each token that is predicted. The first token is read, but never predicted.
fn predicted(part: &TextPart) -> Vec<u64> {
    let mut counts = part.counts().to_vec();
    let _ = part.each(0, part.len().min(1), |_, token| counts[token as usize] -= 1);
    counts
}

/// Tokens that pairs are counted in, and that they are scored on, at most: the first ones of each part.
const PAIR_TOKENS: usize = 5_000_000;

/// Loss in nats of predicting each token from the one before it, a reference line.
///
/// Pairs that are not in `train` get their probability from the token frequencies p, with T(a) the number of different
/// tokens that follow a, and n(a) the number of all tokens that do:
///
/// ```text
/// p(b | a) = (n(a, b) + T(a) p(b)) / (n(a) + T(a))
/// ```
///
/// # References
/// Witten, Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37, 1991.
fn pair_loss(train: &TextPart, scored_part: &TextPart) -> f64 {
    let vocabulary = train.counts().len();
    let (mut pairs, mut followed, mut different) =
        (HashMap::<(u32, u32), u32>::new(), vec![0u32; vocabulary], vec![0u32; vocabulary]);
    let mut before = None;
    let seen = train.each(0, train.len().min(PAIR_TOKENS), |_, token| {
        if let Some(before) = before.replace(token) {
            let count = pairs.entry((before, token)).or_insert(0);
            different[before as usize] += u32::from(*count == 0);
            *count += 1;
            followed[before as usize] += 1;
        }
    });
    let total = (train.counts().iter().sum::<u64>() + vocabulary as u64) as f64;
    let (mut sum, mut count, mut before) = (0.0, 0u64, None);
    let scored = scored_part.each(0, scored_part.len().min(PAIR_TOKENS), |_, token| {
        if let Some(before) = before.replace(token) {
            let frequency = (train.counts()[token as usize] + 1) as f64 / total;
            let (kinds, all) = (f64::from(different[before as usize]), f64::from(followed[before as usize]));
            let pair = f64::from(pairs.get(&(before, token)).copied().unwrap_or(0));
            let share = if all > 0.0 { (pair + kinds * frequency) / (all + kinds) } else { frequency };
            sum -= share.ln();
            count += 1;
        }
    });
    // A part that cannot be read fails again, with its reason, when training reads it.
    if seen.and(scored).is_ok() { sum / count as f64 } else { f64::NAN }
}

/// Notices about the text of a run.
fn notices_of(path: &Path, corpus: &TextCorpus) -> Vec<String> {
    let (tokens, encoding) = (&corpus.vocabulary, corpus.train.encoding());
    let notes = notices::of_text(tokens.level(), tokens.len(), encoding);
    super::notices::all(notices::of_text_file(path).into_iter().chain(notes))
}
