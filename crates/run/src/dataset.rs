//! Data sets: from a configuration to batches for training, validation and test, and the baseline loss.

mod baseline;
mod description;
mod error;
mod frequencies;
mod held_out;
mod labelled;
mod moved;
mod music;
mod notices;
mod parts;
mod record;
mod sample;
mod series;
mod task;
mod text;

use std::io::Read;
use std::path::Path;

use crate::config::Config;
use description::boxed;
use longspan_data::labelled::{Labelled, is_music};
use longspan_data::mask::{LastScored, LossMask};
use longspan_data::schema::{Predicts, Schema};
use longspan_data::series::Series;
use longspan_data::text::Watch;

pub use baseline::{Baseline, best};
pub use error::DataError;
pub use frequencies::{Counted, Frequencies};
pub use held_out::HeldOut;
pub use moved::{difference, moved};
pub use notices::notice;
pub use parts::Dataset;
pub use record::{DataRecord, Parts};
pub use sample::Sample;
pub use task::TASK_EPOCH;

impl Dataset {
    /// Opens the data of the configuration. With the schema `learned` of a trained model, the data are read
    /// with its tokens, scaling and classes.
    ///
    /// # Errors
    /// [`DataError`] with the file or the setting.
    pub fn open(config: &Config, learned: Option<&Schema>) -> Result<Self, DataError> {
        Self::open_watched(config, learned, &mut |_| {})
    }

    /// The same as [`Dataset::open`]; `watch` sees the progress of reading a long text.
    ///
    /// # Errors
    /// The same as [`Dataset::open`].
    pub fn open_watched(
        config: &Config,
        learned: Option<&Schema>,
        watch: Watch<'_>,
    ) -> Result<Self, DataError> {
        let data = match (&config.data.task, &config.data.text, &config.data.labelled, &config.data.series) {
            (Some(kind), ..) => task::open(config, *kind),
            (_, Some(path), ..) => text::open(config, path, learned, watch),
            (_, _, Some(path), _) if is_music(path)? => music::open(config, path),
            // Labelled sequences apply the mask themselves.
            (_, _, Some(path), _) => return labelled::open(config, path, learned),
            (.., Some(path)) => series::open(config, path, learned),
            _ => Err(DataError::Missing),
        }?;
        Ok(match config.data.mask_loss {
            Some(LossMask::Last) => Self { train: boxed(LastScored::new(data.train)), ..data },
            // The data mark the positions that are scored.
            Some(LossMask::All) | None => data,
        })
    }

    /// The same as [`Dataset::open`], except that the targets of a series reach as far ahead as its
    /// forecasts: for evaluating a model.
    ///
    /// # Errors
    /// The same as [`Dataset::open`].
    pub fn to_judge(config: &Config, learned: &Schema) -> Result<Self, DataError> {
        match &config.data.series {
            Some(path) => series::to_judge(config, path, learned),
            None => Self::open(config, Some(learned)),
        }
    }

    /// All data of another file than the training file: labelled sequences, music or a series. Baselines predict the
    /// frequencies `trained` of the training part, or those of the file itself if the run does not have them.
    ///
    /// # Errors
    /// [`DataError`] with the file and the line, or that the model is for other data.
    pub fn other(
        config: &Config,
        path: &Path,
        learned: &Schema,
        trained: Option<&Frequencies>,
    ) -> Result<HeldOut, DataError> {
        match learned.predicts {
            Predicts::Forecast(_) => series::whole(config, path, learned),
            Predicts::Next => music::whole_file(config, path, trained),
            Predicts::Classes(_) | Predicts::Value | Predicts::Regression(_) => {
                labelled::whole(config, path, learned, trained)
            }
        }
    }

    /// All of another text, as [`Dataset::other`]; and its number of bytes.
    ///
    /// # Errors
    /// [`DataError`] if the file cannot be read, or that the model is for other data.
    pub fn other_text(
        config: &Config,
        path: &Path,
        learned: &Schema,
        trained: Option<&Frequencies>,
        watch: Watch<'_>,
    ) -> Result<(HeldOut, usize), DataError> {
        text::whole(config, path, learned, trained, watch)
    }

    /// Sequences whose classes or targets are to be predicted, read and scaled by the schema `learned`, and how they
    /// differ from the training part. Labels may be
    /// missing, and may be other labels than those of the model. `input`, if given, is read instead of the
    /// file `path`.
    ///
    /// # Errors
    /// [`DataError`] with the file and the line.
    pub fn sequences(
        config: &Config,
        path: &Path,
        input: Option<Box<dyn Read>>,
        learned: &Schema,
    ) -> Result<(Labelled, Vec<String>), DataError> {
        labelled::to_predict(config, path, input, learned)
    }

    /// A series to be forecast, read and scaled by the schema `learned`; see [`Series::to_predict`].
    ///
    /// # Errors
    /// [`DataError`] with the file and the line.
    pub fn rows(
        config: &Config,
        path: &Path,
        input: Option<Box<dyn Read>>,
        learned: &Schema,
    ) -> Result<Series, DataError> {
        series::to_predict(config, path, input, learned)
    }
}
