//! Options for reading a series.

use std::path::PathBuf;

use super::clock::Clock;
use super::error::SeriesError;
use crate::categorical::Categorical;
use crate::labelled::Scaling;
use crate::stamps::Feature;
use crate::table::TableOptions;

/// Treatment of missing values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// They are an error.
    #[default]
    Error,
    /// Their rows are removed, and no window spans the gap.
    Drop,
    /// They are interpolated linearly.
    Interpolate,
}

/// Treatment of gaps in the times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gaps {
    /// No window spans a gap.
    #[default]
    Split,
    /// A gap is an error.
    Error,
    /// The rows before and after a gap are neighbours.
    Ignore,
}

/// Options for reading a series.
#[derive(Clone, Debug)]
pub struct SeriesOptions {
    /// The file, also for messages.
    pub path: PathBuf,
    /// How the file is written, where its first rows do not say it.
    pub table: TableOptions,
    /// Columns to read, in this order; empty for all number columns except time and group.
    pub columns: Vec<String>,
    /// Columns of categories, which become one-hot inputs. They are read even if `columns` does not name them.
    pub categorical: Vec<Categorical>,
    /// Columns to forecast, among those that are read; empty for the last one.
    pub target: Vec<String>,
    /// Whether all columns that are read are forecast, whatever `target` says.
    pub all_targets: bool,
    /// Rows that a window reads, W.
    pub window: usize,
    /// Rows that a window predicts, H.
    pub horizon: usize,
    /// Time column: its values must not decrease.
    pub time_column: Option<String>,
    /// Whether rows are sorted by time within their group; otherwise times must not decrease.
    pub sort_time: bool,
    /// Whether 02/04/2021 is 2 April; None if the first rows show it.
    pub day_first: Option<bool>,
    /// Treatment of gaps in the times.
    pub gaps: Gaps,
    /// Positions in the day, week and year that the model reads beside the columns.
    pub calendar: Vec<Feature>,
    /// How the times of a trained model are written and spaced, where the rows leave it open.
    pub clock: Option<Clock>,
    /// Whether the times of all rows are kept, see [`Series::time`](super::Series::time).
    pub keep_times: bool,
    /// Whether windows of the validation and test parts may read rows of the part before. Their targets are always in
    /// their own part.
    pub reach_back: bool,
    /// Group column, or columns between commas: they tell which series a row belongs to.
    pub group_column: Option<String>,
    /// Treatment of missing values.
    pub missing: Missing,
    /// Fraction of the rows for validation, before the test part.
    pub valid_fraction: f64,
    /// Fraction of the rows for the test, at the end.
    pub test_fraction: f64,
    /// μ and σ of the columns, if they do not come from the training part but from a trained model.
    pub scaling: Option<Scaling>,
    /// Whether each group has a μ and σ of its own, if they come from the training part.
    pub scale_groups: bool,
}

impl SeriesOptions {
    /// Options with defaults for windows of `window` and `horizon` rows over the whole file.
    pub fn new(path: impl Into<PathBuf>, window: usize, horizon: usize) -> Self {
        Self {
            path: path.into(),
            table: TableOptions::default(),
            columns: Vec::new(),
            categorical: Vec::new(),
            target: Vec::new(),
            all_targets: false,
            window,
            horizon,
            time_column: None,
            sort_time: false,
            day_first: None,
            gaps: Gaps::Split,
            calendar: Vec::new(),
            clock: None,
            keep_times: false,
            reach_back: true,
            group_column: None,
            missing: Missing::Error,
            valid_fraction: 0.0,
            test_fraction: 0.0,
            scaling: None,
            scale_groups: false,
        }
    }

    /// How the table is written. The names of the columns are known if a trained model reads them.
    pub(super) fn written(&self) -> TableOptions {
        let known = if self.scaling.is_some() { self.columns.clone() } else { Vec::new() };
        TableOptions { known, ..self.table.clone() }
    }

    pub(super) fn check(&self) -> Result<(), SeriesError> {
        for (flag, steps) in [("--window", self.window), ("--horizon", self.horizon)] {
            if steps == 0 {
                return Err(SeriesError::NoSteps { flag });
            }
        }
        let (valid, test) = (self.valid_fraction, self.test_fraction);
        // The condition also rejects NaN.
        if !(valid >= 0.0 && test >= 0.0 && valid + test < 1.0) {
            return Err(SeriesError::Fractions { valid, test });
        }
        Ok(())
    }
}
