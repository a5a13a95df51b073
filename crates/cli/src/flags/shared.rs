//! Arguments that several commands share.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use longspan_diagnose::Language;
use longspan_run::machine;

use super::values::whole;

/// The largest number of threads.
const MOST_THREADS: u64 = 1024;

/// The weights that a command uses.
#[derive(Args, Clone, Debug)]
pub(crate) struct Weights {
    /// Directory of a run, or a checkpoint file
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Checkpoint of the run [default: best, or last if there is no best]
    #[arg(long, value_name = "NAME")]
    pub(crate) checkpoint: Option<Which>,
}

/// A checkpoint of a run.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Which {
    Best,
    Last,
}

impl Which {
    /// The name of its file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Last => "last",
        }
    }
}

/// Data to use instead of the run's own.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Data {
    /// Use this text instead of the run's own data
    #[arg(long, value_name = "FILE")]
    pub(crate) text: Option<PathBuf>,
    /// Use these labelled sequences or this music instead of the run's own data
    #[arg(long, value_name = "FILE")]
    pub(crate) labelled: Option<PathBuf>,
    /// Use this series instead of the run's own data
    #[arg(long, value_name = "FILE")]
    pub(crate) series: Option<PathBuf>,
    /// New path of the run's own data, if they have moved; their content must be the same
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "labelled", "series"])]
    pub(crate) data: Option<PathBuf>,
}

impl Data {
    /// The file of this kind of data: text, labelled or series.
    pub(crate) fn file(&self, kind: &str) -> Option<&PathBuf> {
        match kind {
            "text" => self.text.as_ref(),
            "labelled" => self.labelled.as_ref(),
            "series" => self.series.as_ref(),
            _ => None,
        }
    }

    /// Whether another file than the run's own is given.
    pub(crate) fn is_given(&self) -> bool {
        ["text", "labelled", "series"].iter().any(|kind| self.file(kind).is_some())
    }
}

/// The number of threads.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Threads {
    /// Threads; 0 means one per core [default: 0]
    #[arg(long, value_name = "N", value_parser = whole)]
    threads: Option<u64>,
}

impl Threads {
    /// The number of threads to use; `default` if --threads is not given, 0 for one per core.
    pub(crate) fn count(self, default: usize) -> usize {
        machine::threads(self.threads.map_or(default, |n| n.min(MOST_THREADS) as usize))
    }
}

/// The language of texts and pages.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Lang {
    /// Language: English or Chinese
    #[arg(long = "lang", value_name = "LANG", default_value = "en", value_parser = language())]
    pub(crate) language: Language,
}

fn language() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(["en", "zh"]).map(|name| match name.as_str() {
        "zh" => Language::Chinese,
        _ => Language::English,
    })
}

/// Whether the output is JSON.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Json {
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}
