//! From a configuration to batches: what is trained on, what is validated on, and what chance would give.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::data::Source;
use crate::data::mask::{LastScored, LossMask};
use crate::data::stream::{EvaluationStream, TextStream};
use crate::data::text::{TextCorpus, TextError, TextOptions, TextPart};
use crate::data::vocabulary::Vocabulary;
use crate::task::agreement::Agreement;
use crate::task::{EVALUATION_OFFSET, Pairs, Samples, Task, TaskError};

/// Windows that a task counts as one epoch: it has no end of its own.
pub const TASK_EPOCH: u64 = 100;

/// Windows of fresh samples that a task is validated on.
const TASK_VALIDATION: u64 = 20;

/// The data of a run.
pub struct Dataset {
    /// What is trained on.
    pub train: Box<dyn Source>,
    /// What is evaluated during training.
    pub valid: Option<Box<dyn Source>>,
    /// What is evaluated at the end.
    pub test: Option<Box<dyn Source>>,
    /// The tokens.
    pub vocabulary: Vocabulary,
    /// What they are, for the record of a run.
    pub record: DataRecord,
}

/// What a run says of its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// "input.txt, 65 characters" or "agreement, length 20".
    pub description: String,
    /// FNV-1a of the training text's bytes, as 16 hexadecimal digits; empty for a task.
    pub fingerprint: String,
    /// The same of the vocabulary.
    pub vocabulary: String,
    /// Tokens to train on; 0 for a task, which has no end.
    pub train_tokens: u64,
    /// Predictions in the validation data.
    pub valid_tokens: u64,
    /// Share of the validation tokens that the vocabulary lacks.
    pub unknown_share: f64,
    /// Loss in nats of the best guess that looks at nothing.
    pub chance_nats: f64,
    /// What that guess is.
    pub chance: String,
}

/// Why there are no data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A text cannot be used.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A task cannot be made.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The configuration names no data.
    #[error("no data: name a text with --text FILE, or a task with --task")]
    Missing,
}

impl Dataset {
    /// Opens what the configuration names; a text is read with `vocabulary` where one is given.
    ///
    /// # Errors
    /// [`DataError`] names the file or the setting.
    pub fn open(config: &Config, vocabulary: Option<Vocabulary>) -> Result<Self, DataError> {
        let data = match (config.task, &config.text) {
            (Some(kind), _) => {
                kind.task().map_or_else(|| Self::agreement(config), |task| Self::task(config, task))
            }
            (None, Some(text)) => Self::text(config, text, vocabulary),
            (None, None) => Err(DataError::Missing),
        }?;
        Ok(match config.mask_loss {
            Some(LossMask::Last) => Self { train: Box::new(LastScored::new(data.train)), ..data },
            // Texts and tasks say themselves which places count.
            Some(LossMask::All) | None => data,
        })
    }

    fn agreement(config: &Config) -> Result<Self, DataError> {
        let (lengths, length) = (config.length, config.length.longest());
        if lengths.count() > 1 {
            return Err(TaskError::OneLength { task: "agreement", lengths, longest: length }.into());
        }
        let of = |windows, first| Agreement::new(length, config.batch, config.seed, windows, first);
        let train = of(TASK_EPOCH, 0)?;
        let valid = of(TASK_VALIDATION, EVALUATION_OFFSET)?.same_every_epoch();
        let record = DataRecord {
            description: format!("agreement over {length} steps"),
            fingerprint: String::new(),
            vocabulary: format!("{:016x}", train.words().fingerprint()),
            train_tokens: 0,
            valid_tokens: TASK_VALIDATION * config.batch as u64,
            unknown_share: 0.0,
            chance_nats: train.chance_loss_nats(),
            chance: "a coin".into(),
        };
        let vocabulary = train.words().clone();
        Ok(Self { train: Box::new(train), valid: Some(Box::new(valid)), test: None, vocabulary, record })
    }

    fn task(config: &Config, task: &'static Task) -> Result<Self, DataError> {
        let lengths = config.length;
        let of = |windows, first| Samples::new(task, lengths, config.batch, config.seed, windows, first);
        let train = of(TASK_EPOCH, 0)?;
        let valid = of(TASK_VALIDATION, EVALUATION_OFFSET)?.same_every_epoch();
        let vocabulary = task.words().expect("every task that has a name reads tokens");
        let record = DataRecord {
            description: match config.encoder_decoder {
                true => format!("{} by encoder and decoder, length {lengths}", task.name()),
                false => format!("{}, length {lengths}", task.name()),
            },
            fingerprint: String::new(),
            vocabulary: format!("{:016x}", vocabulary.fingerprint()),
            train_tokens: 0,
            valid_tokens: valid.scored(),
            unknown_share: 0.0,
            chance_nats: task.chance_loss(lengths),
            chance: "guessing".into(),
        };
        let source = |samples| -> Box<dyn Source> {
            match config.encoder_decoder {
                true => Box::new(Pairs::new(samples)),
                false => Box::new(samples),
            }
        };
        Ok(Self { train: source(train), valid: Some(source(valid)), test: None, vocabulary, record })
    }

    fn text(
        config: &Config,
        path: &std::path::Path,
        vocabulary: Option<Vocabulary>,
    ) -> Result<Self, DataError> {
        let options = TextOptions {
            train: path.into(),
            valid: config.valid.clone(),
            test: config.test.clone(),
            level: config.level,
            vocabulary_size: (config.vocab_size > 0).then_some(config.vocab_size),
            valid_fraction: config.valid_fraction,
        };
        let corpus = match vocabulary {
            Some(vocabulary) => TextCorpus::load_with(&options, vocabulary)?,
            None => TextCorpus::load(&options)?,
        };
        let train = TextStream::new(&corpus.train, config.batch, config.unroll)?;
        let evaluation = |part: &Option<TextPart>| -> Result<Option<Box<dyn Source>>, TextError> {
            let stream = part.as_ref().map(|p| EvaluationStream::new(p, config.batch, config.unroll));
            Ok(stream.transpose()?.map(|stream| Box::new(stream) as Box<dyn Source>))
        };
        let (valid, test) = (evaluation(&corpus.valid)?, evaluation(&corpus.test)?);
        let judged = corpus.valid.as_ref().unwrap_or(&corpus.train);
        let tokens = corpus.vocabulary.len();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let record = DataRecord {
            description: format!("{name} by {}, {tokens} different", corpus.vocabulary.level()),
            fingerprint: format!("{:016x}", corpus.train.fingerprint()),
            vocabulary: format!("{:016x}", corpus.vocabulary.fingerprint()),
            train_tokens: corpus.train.tokens().len() as u64,
            valid_tokens: corpus.valid.as_ref().map_or(0, |part| part.tokens().len() as u64 - 1),
            unknown_share: judged.unknown() as f64 / judged.tokens().len().max(1) as f64,
            chance_nats: frequency_loss(&corpus.train, judged),
            chance: "token frequencies".into(),
        };
        Ok(Self { train: Box::new(train), valid, test, vocabulary: corpus.vocabulary, record })
    }
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
