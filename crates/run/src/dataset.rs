//! From a configuration to batches: what is trained on, what is validated on, and what chance would give.

mod labelled;
mod music;
mod series;
mod task;
mod text;

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Given};
use longspan::batch::Source;
use longspan::model::head::Unit;
use longspan_data::labelled::{Labelled, LabelledError, is_music};
use longspan_data::mask::{LastScored, LossMask, MeanMask};
use longspan_data::schema::{Predicts, Schema};
use longspan_data::series::{Series, SeriesError};
use longspan_data::task::TaskError;
use longspan_data::text::{TextError, Watch};

pub use task::TASK_EPOCH;

/// The data of a run.
pub struct Dataset {
    /// What is trained on.
    pub train: Box<dyn Source>,
    /// What is evaluated during training.
    pub valid: Option<Box<dyn Source>>,
    /// What is evaluated at the end.
    pub test: Option<Box<dyn Source>>,
    /// What the numbers mean.
    pub schema: Schema,
    /// What they are, for the record of a run.
    pub record: DataRecord,
}

impl Dataset {
    /// What weights are measured on, and what it is called: what was held out, else what was trained on.
    pub fn held_out(self) -> (Box<dyn Source>, &'static str) {
        match (self.valid, self.test) {
            (Some(valid), _) => (valid, "the validation part"),
            (None, Some(test)) => (test, "the test part"),
            (None, None) => (self.train, "the training part"),
        }
    }
}

/// What a run says of its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// "input.txt by char, 65 different" or "agreement over 20 steps".
    pub description: String,
    /// FNV-1a of what is trained on, as 16 hexadecimal digits; empty for a task.
    pub fingerprint: String,
    /// The same of what it means.
    pub schema: String,
    /// What is trained on and what is held out.
    pub parts: Parts,
    /// Share of the validation tokens that the vocabulary lacks.
    pub unknown_share: f64,
    /// What losses are counted in.
    pub unit: Unit,
    /// Loss of the best guess that looks at nothing, or of the naive one.
    pub chance_loss: f64,
    /// What that guess is.
    pub chance: String,
}

/// How the data are divided. No item is in two parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What is counted: tokens, sequences, windows, pieces or samples.
    pub items: String,
    /// How many are trained on; 0 for a task, which has no end.
    pub train: u64,
    /// How many are validated on.
    pub valid: u64,
    /// How many are tested on at the end.
    pub test: u64,
    /// How they were divided.
    pub by: String,
}

/// Why there are no data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A text cannot be used.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Sequences cannot be used.
    #[error(transparent)]
    Labelled(#[from] LabelledError),
    /// A series cannot be used.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// A task cannot be made.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The configuration names no data.
    #[error(
        "no data: name them with --text FILE, --labelled FILE, --series FILE or --task NAME; `longspan inspect FILE` says which"
    )]
    Missing,
    /// The weights are those of a model that reads or predicts something else.
    #[error(
        "the weights are of a model that {found}, and {data} need one that {needed}: train without --from"
    )]
    OtherKind {
        /// What the data are.
        data: &'static str,
        /// What the model does.
        found: &'static str,
        /// What it should do.
        needed: &'static str,
    },
    /// A setting that contradicts what a forecaster has learned.
    #[error(
        "{given}: the weights are of a model that has learned with {learned}: leave it out, or train without --from"
    )]
    Learned {
        /// The setting.
        given: Given,
        /// What it was.
        learned: String,
    },
    /// A setting that divides or reads sequences with labels, and music, which has parts of its own.
    #[error(
        "{given}: {path} holds piano rolls, of which the file's own parts are learned and judged: leave it out"
    )]
    OfMusic {
        /// The setting.
        given: Given,
        /// The file.
        path: String,
    },
    /// All places of rows that are scored once.
    #[error("{0}: leave out --mask-loss, or choose --pool last")]
    Mask(#[from] MeanMask),
    /// Music without a second step.
    #[error(
        "{path}: no piece of \"{part}\" has a second step, so that there is nothing to predict: choose another file"
    )]
    NoSteps {
        /// The file.
        path: String,
        /// The part.
        part: &'static str,
    },
}

impl Dataset {
    /// Opens what the configuration names. Where a model has learned already, new data are read as `learned` says: with its
    /// tokens, scales and classes.
    ///
    /// # Errors
    /// [`DataError`] names the file or the setting.
    pub fn open(config: &Config, learned: Option<&Schema>) -> Result<Self, DataError> {
        Self::open_watched(config, learned, &mut |_| {})
    }

    /// As [`Dataset::open`]; `watch` sees how far long texts have been read.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn open_watched(
        config: &Config,
        learned: Option<&Schema>,
        watch: Watch<'_>,
    ) -> Result<Self, DataError> {
        let data = match (&config.data.task, &config.data.text, &config.data.labelled, &config.data.series) {
            (Some(kind), ..) => task::open(config, *kind),
            (_, Some(path), ..) => text::open(config, path, learned, watch),
            (_, _, Some(path), _) if is_music(path)? => music::open(config, path),
            // Their labels know the mask themselves.
            (_, _, Some(path), _) => return labelled::open(config, path, learned),
            (.., Some(path)) => series::open(config, path, learned),
            _ => Err(DataError::Missing),
        }?;
        Ok(match config.data.mask_loss {
            Some(LossMask::Last) => Self { train: boxed(LastScored::new(data.train)), ..data },
            // The data say which places count.
            Some(LossMask::All) | None => data,
        })
    }

    /// As [`Dataset::open`], but that the targets of series reach as far ahead as forecasts should: what a model is judged by.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn to_judge(config: &Config, learned: &Schema) -> Result<Self, DataError> {
        match &config.data.series {
            Some(path) => series::to_judge(config, path, learned),
            None => Self::open(config, Some(learned)),
        }
    }

    /// Everything in another file than the one that was learned from: labelled sequences, music or a series.
    ///
    /// # Errors
    /// [`DataError`] names the file and the place, or says that the model is one for other data.
    pub fn other(config: &Config, path: &Path, learned: &Schema) -> Result<Box<dyn Source>, DataError> {
        match learned.predicts {
            Predicts::Forecast(_) => series::whole(config, path, learned),
            Predicts::Next => music::whole_file(config, path),
            Predicts::Classes(_) | Predicts::Value => labelled::whole(config, path, learned),
        }
    }

    /// Sequences whose classes are to be predicted, read and scaled as `learned` says; labels may be missing, and need not be
    /// those of the model. `input` stands for the content of `path` where that is no file.
    ///
    /// # Errors
    /// [`DataError`] names the file and the place.
    pub fn sequences(
        config: &Config,
        path: &Path,
        input: Option<Box<dyn Read>>,
        learned: &Schema,
    ) -> Result<Labelled, DataError> {
        labelled::to_predict(config, path, input, learned)
    }

    /// A series that is to be forecast, read and scaled as `learned` says, see [`Series::to_predict`].
    ///
    /// # Errors
    /// [`DataError`] names the file and the place.
    pub fn rows(
        config: &Config,
        path: &Path,
        input: Option<Box<dyn Read>>,
        learned: &Schema,
    ) -> Result<Series, DataError> {
        series::to_predict(config, path, input, learned)
    }
}

/// A file's name without its folder.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn boxed(source: impl Source + 'static) -> Box<dyn Source> {
    Box::new(source)
}
