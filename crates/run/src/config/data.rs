//! The settings of the data: where the data are, how they are read, and how they become batches.

use std::path::PathBuf;

use longspan::option_names;
use longspan_data::categorical::Categorical;
use longspan_data::encoding::Encoding;
use longspan_data::labelled::LabelType;
use longspan_data::labelled::idx::ImageSteps;
use longspan_data::mask::LossMask;
use longspan_data::schema::{Reads, Schema};
use longspan_data::stamps::Feature;
use longspan_data::table::{Decimal, Separator, TableOptions};
use longspan_data::task::{Lengths, TaskKind};
use longspan_data::vocabulary::TokenLevel;

/// The weight of each class in the training loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassWeights {
    /// All classes have the same weight.
    None,
    /// A weight inversely proportional to the class frequency, see
    /// [`balanced`](longspan::batch::balance::balanced).
    Balanced,
}

/// How missing values are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A missing value is an error.
    Error,
    /// Linear interpolation between the neighbouring values.
    Interpolate,
    /// The rows with missing values are removed from a series.
    Drop,
    /// The mean of the channel, in labelled sequences.
    Zero,
}

/// How gaps in the times of a series are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// No window spans a gap.
    Split,
    /// A gap is an error.
    Error,
    /// The rows before and after a gap are neighbours.
    Ignore,
}

option_names!(Gaps, "treatment of gaps": Split = "split", Error = "error", Ignore = "ignore");

/// What the columns of a series are standardised over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Each group by its own mean and standard deviation.
    Group,
    /// All groups by the same.
    All,
}

option_names!(Scale, "scale": Group = "group", All = "all");
option_names!(ClassWeights, "weighting": None = "none", Balanced = "balanced");
option_names!(Missing, "treatment of missing values": Error = "error", Interpolate = "interpolate", Drop = "drop", Zero = "zero");

/// A list of column names, written `a,b`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

/// A list of positions in the day, week and year, written `hour,weekday`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar(pub Vec<Feature>);

impl std::fmt::Display for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    }
}

/// The section `[data]`: the data and how they become batches. [`KEYS`](super::KEYS) documents each setting.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "`KEYS` documents every setting once, for flags, files and readers")]
pub struct DataConfig {
    pub text: Option<PathBuf>,
    pub level: TokenLevel,
    pub encoding: Option<Encoding>,
    pub valid: Option<PathBuf>,
    pub test: Option<PathBuf>,
    pub vocab_size: usize,
    pub vocab: Option<PathBuf>,
    pub labelled: Option<PathBuf>,
    pub labelled_test: Option<PathBuf>,
    pub label_column: Option<String>,
    pub id_column: Option<String>,
    pub label_type: Option<LabelType>,
    pub image_labels: Option<PathBuf>,
    pub image_steps: ImageSteps,
    pub series: Option<PathBuf>,
    pub columns: Names,
    pub target: Names,
    pub window: usize,
    pub horizon: usize,
    pub recursive: bool,
    pub season: usize,
    pub time_column: Option<String>,
    pub sort_time: bool,
    pub day_first: Option<bool>,
    pub gaps: Gaps,
    pub calendar: Calendar,
    pub reach_back: bool,
    pub group_column: Option<String>,
    pub scale: Scale,
    pub categorical: Names,
    pub missing: Missing,
    pub separator: Option<Separator>,
    pub decimal: Option<Decimal>,
    pub no_header: bool,
    pub header: bool,
    pub na: Names,
    pub task: Option<TaskKind>,
    pub length: Lengths,
    pub valid_fraction: f64,
    pub test_fraction: f64,
    pub batch: usize,
    pub unroll: usize,
    pub mask_loss: Option<LossMask>,
    pub class_weights: ClassWeights,
}

impl DataConfig {
    /// The columns of categories: those of a trained model, or else those that the settings name.
    pub fn categorical(&self, learned: Option<&Schema>) -> Vec<Categorical> {
        match learned.map(|schema| &schema.reads) {
            Some(Reads::Numbers { categorical, .. }) => categorical.clone(),
            Some(Reads::Tokens(_)) => Vec::new(),
            None => self.categorical.0.iter().map(Categorical::named).collect(),
        }
    }

    /// How the tables are written, as far as the settings say it.
    pub fn table(&self) -> TableOptions {
        TableOptions {
            separator: self.separator,
            decimal: self.decimal,
            no_header: self.no_header,
            header: self.header,
            na: self.na.0.clone(),
            encoding: self.encoding,
            known: Vec::new(),
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            text: None,
            level: TokenLevel::Char,
            encoding: None,
            valid: None,
            test: None,
            vocab_size: 0,
            vocab: None,
            labelled: None,
            labelled_test: None,
            label_column: None,
            id_column: None,
            label_type: None,
            image_labels: None,
            image_steps: ImageSteps::default(),
            series: None,
            columns: Names::default(),
            target: Names::default(),
            window: 24,
            horizon: 1,
            recursive: false,
            season: 0,
            time_column: None,
            sort_time: false,
            day_first: None,
            gaps: Gaps::Split,
            calendar: Calendar::default(),
            reach_back: true,
            group_column: None,
            scale: Scale::Group,
            categorical: Names::default(),
            missing: Missing::Error,
            separator: None,
            decimal: None,
            no_header: false,
            header: false,
            na: Names::default(),
            task: None,
            length: Lengths::only(20),
            valid_fraction: 0.1,
            test_fraction: 0.0,
            batch: 32,
            unroll: 128,
            mask_loss: None,
            class_weights: ClassWeights::None,
        }
    }
}
