//! Why data cannot be used.

use longspan_data::labelled::LabelledError;
use longspan_data::mask::MeanMask;
use longspan_data::series::SeriesError;
use longspan_data::task::TaskError;
use longspan_data::text::TextError;

use crate::config::Given;

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
