//! Data sets: from a configuration to batches for training, validation and test, and the baseline loss.

mod baseline;
mod frequencies;
mod labelled;
mod music;
mod notices;
mod series;
mod task;
mod text;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Given};
use crate::units::{Scored, Units};
use longspan::batch::Source;
use longspan::model::head::Unit;
use longspan_data::encoding::Encoding;
use longspan_data::labelled::{Labelled, LabelledError, is_music};
use longspan_data::mask::{LastScored, LossMask, MeanMask};
use longspan_data::schema::{Predicts, Schema};
use longspan_data::series::{Part, Series, SeriesError};
use longspan_data::task::TaskError;
use longspan_data::text::{TextError, Watch};
use longspan_record::{ChannelRecord, GroupScore};

pub use baseline::{Baseline, best};
pub use frequencies::{Counted, Frequencies};
pub use notices::notice;
pub use task::TASK_EPOCH;

/// The data of a run.
pub struct Dataset {
    /// The training part.
    pub train: Box<dyn Source>,
    /// The validation part, scored during training.
    pub valid: Option<Box<dyn Source>>,
    /// The test part, scored at the end.
    pub test: Option<Box<dyn Source>>,
    /// A fixed sample of the training part, for the training score.
    pub sample: Sample,
    /// What the units of the validation and test parts are.
    pub units: Units,
    /// What the model's inputs and outputs mean.
    pub schema: Schema,
    /// What the run directory records about the data.
    pub record: DataRecord,
    /// The baselines of the test part, if there is one.
    pub test_baselines: Vec<Baseline>,
    /// The frequencies that the baseline predicts; None for series and tasks.
    pub frequencies: Option<Frequencies>,
    /// The series, if the data are one.
    pub series: Option<Arc<Series>>,
    /// The best baseline of each group of the series in the validation part, then in the test part; empty if there are not
    /// several groups.
    pub group_baselines: [Vec<Baseline>; 2],
}

/// Data to evaluate a model on.
pub struct HeldOut {
    /// The data.
    pub source: Box<dyn Source>,
    /// What their units are.
    pub units: Units,
    /// The series and its part, for a forecaster.
    pub series: Option<(Arc<Series>, Part)>,
    /// The baselines of these data; empty for a series of another file, whose forecasts without a network are scored as
    /// those of the model are.
    pub baselines: Vec<Baseline>,
    /// The most frequent class of the training part, if it is known.
    pub most_frequent_class: Option<u32>,
    /// How other data than the run's own differ from the training part: other units, unknown categories.
    pub shifts: Vec<String>,
}

/// A fixed sample of the training part. It is scored like the validation part: at the same positions, without dropout,
/// in windows that begin with a zero state or continue one another.
pub struct Sample {
    /// The data.
    pub source: Box<dyn Source>,
    /// The first windows that are scored.
    pub windows: u64,
    /// What the units are.
    pub units: Units,
}

impl Sample {
    /// All of a source.
    fn whole(source: Box<dyn Source>, units: Units) -> Self {
        Self { windows: source.windows(), source, units }
    }

    /// The sample, to be scored.
    pub fn scored(&self) -> Scored<'_> {
        Scored {
            source: self.source.as_ref(),
            windows: self.windows,
            units: self.units,
            classes: None,
            groups: None,
        }
    }
}

/// Share of the rows that training reads between two validations that the sample of the training part may have. Scoring
/// takes about a third of the time of a training step.
const SAMPLE_SHARE: f64 = 0.1;

/// Rows that the sample of the training part may have, however often the run validates.
const SAMPLE_ROWS: usize = 64;

/// Rows of the sample of the training part: as many as the validation part has, but at most [`SAMPLE_SHARE`] of those
/// that training reads between two validations, or [`SAMPLE_ROWS`] if that is less.
fn sample_rows(config: &Config, train: usize, valid: usize) -> usize {
    let (every, batch) = (config.run.eval_every, config.data.batch);
    let between = match every {
        0 => train,
        _ => usize::try_from(every).unwrap_or(usize::MAX).saturating_mul(batch).min(train),
    };
    valid.min(train).min(((SAMPLE_SHARE * between as f64) as usize).max(SAMPLE_ROWS)).max(1)
}

impl Dataset {
    /// All of the validation or test part, to be scored; None if there is no such part.
    pub fn scored(&self, part: Part) -> Option<Scored<'_>> {
        let source = if part == Part::Test { &self.test } else { &self.valid };
        let source = source.as_deref()?;
        let classes = match &self.schema.predicts {
            Predicts::Classes(names) => Some(names.len()),
            Predicts::Next | Predicts::Value | Predicts::Regression(_) | Predicts::Forecast(_) => None,
        };
        let groups = self.series.as_deref().filter(|series| series.groups.len() > 1);
        let groups = groups.map(|series| (series, part));
        Some(Scored { source, windows: source.windows(), units: self.units, classes, groups })
    }

    /// The scores of the groups, each with its own baseline.
    pub fn group_scores(&self, part: Part, losses: &[f64]) -> Vec<GroupScore> {
        let Some(series) = &self.series else { return Vec::new() };
        let baselines = &self.group_baselines[usize::from(part == Part::Test)];
        let all = series.groups.iter().zip(losses).zip(baselines).filter(|((_, loss), _)| !loss.is_nan());
        let score = |((group, &loss), baseline): ((&String, &f64), &Baseline)| GroupScore {
            group: group.clone(),
            loss,
            baseline_loss: baseline.loss,
            baseline: baseline.name.clone(),
        };
        all.map(score).collect()
    }

    /// The test part, or else the validation part, to evaluate a model on; None if there is no such part.
    pub fn part(self, test: bool) -> Option<HeldOut> {
        let (source, part, baselines) = match test {
            true => (self.test, Part::Test, self.test_baselines),
            false => (self.valid, Part::Valid, self.record.baselines),
        };
        let series = self.series.map(|series| (series, part));
        let most_frequent_class = self.frequencies.as_ref().and_then(Frequencies::most_frequent_class);
        let (source, units, shifts) = (source?, self.units, Vec::new());
        Some(HeldOut { source, units, series, baselines, most_frequent_class, shifts })
    }

    /// The source on which weights are measured, and its name: the validation part, else the test part, else
    /// the training part.
    pub fn held_out(self) -> (Box<dyn Source>, &'static str) {
        match (self.valid, self.test) {
            (Some(valid), _) => (valid, "the validation part"),
            (None, Some(test)) => (test, "the test part"),
            (None, None) => (self.train, "the training part"),
        }
    }
}

/// What a run records about its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// A short description: "input.txt by char, 65 distinct" or "agreement over 20 steps".
    pub description: String,
    /// FNV-1a of the training data, as 16 hexadecimal digits; empty for a task.
    pub fingerprint: String,
    /// FNV-1a of the schema, as 16 hexadecimal digits.
    pub schema: String,
    /// The sizes of the parts, and how the data were split.
    pub parts: Parts,
    /// Share of the validation tokens that are not in the vocabulary.
    pub unknown_share: f64,
    /// The unit of losses.
    pub unit: Unit,
    /// The loss of the baseline: the best of `baselines` that counts.
    #[serde(alias = "chance_loss")]
    pub baseline_loss: f64,
    /// The name of the baseline, such as "token frequencies".
    #[serde(alias = "chance")]
    pub baseline: String,
    /// All simple predictors with their losses, fitted on the training part and scored on the validation part; empty in
    /// files of earlier versions.
    #[serde(default)]
    pub baselines: Vec<Baseline>,
    /// The units that a score of the validation part counts: "sequences", "windows" or "blocks of 100 tokens".
    #[serde(default)]
    pub units: String,
    /// The columns of a series, or the input channels of labelled sequences; empty for other data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelRecord>,
    /// Notices about the data, those of `longspan inspect`; empty in files of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// How the data are split. No item is in two parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The items that are counted: tokens, sequences, windows, pieces or samples.
    pub items: String,
    /// Items in the training part; 0 for a task, which has no end.
    pub train: u64,
    /// Items in the validation part.
    pub valid: u64,
    /// Items in the test part.
    pub test: u64,
    /// How the data were split.
    pub by: String,
}

/// Why data cannot be used.
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
    /// The configuration has no data.
    #[error(
        "no data given: use --text FILE, --labelled FILE, --series FILE or --task NAME; `longspan inspect FILE` says which one fits"
    )]
    Missing,
    /// The weights come from a model that reads or predicts something else.
    #[error(
        "the weights come from a model that {found}, but {data} need a model that {needed}: train without --from"
    )]
    OtherKind {
        /// What the data are.
        data: &'static str,
        /// What the model does.
        found: &'static str,
        /// What it should do.
        needed: &'static str,
    },
    /// A setting contradicts what the model was trained with.
    #[error(
        "{given}: the weights come from a model that was trained with {learned}: leave it out, or train without --from"
    )]
    Learned {
        /// The setting.
        given: Given,
        /// Its value when the model was trained.
        learned: String,
    },
    /// A setting for splitting or reading labelled sequences, given for music, which has its own parts.
    #[error("{given}: {path} has piano rolls, which are split by the file's own parts: leave it out")]
    OfMusic {
        /// The setting.
        given: Given,
        /// The file.
        path: String,
    },
    /// The loss mask asks for all positions of rows that are scored once.
    #[error("{0}: leave out --mask-loss, or choose --pool last")]
    Mask(#[from] MeanMask),
    /// A part of a music file in which no piece has two steps.
    #[error(
        "{path}: no piece of the part \"{part}\" has a second step, so there is nothing to predict: use another file"
    )]
    NoSteps {
        /// The file.
        path: String,
        /// The part.
        part: &'static str,
    },
}

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

/// The name of a file without its directory.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// ", decoded from GBK", for a description of data that are not UTF-8.
fn decoded(encoding: Encoding) -> String {
    if encoding == Encoding::UTF_8 { String::new() } else { format!(", decoded from {encoding}") }
}

fn boxed(source: impl Source + 'static) -> Box<dyn Source> {
    Box::new(source)
}
