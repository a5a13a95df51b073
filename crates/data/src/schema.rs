//! What the numbers of a model mean: enough to read new data as those were read that it learned from. A checkpoint holds it.

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::labelled::Scaling;
use crate::vocabulary::Vocabulary;
use longspan::model::head::ValueLoss;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};

/// What a model reads and what it predicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// What stands at each place.
    pub reads: Reads,
    /// What is predicted of it.
    pub predicts: Predicts,
}

/// What a model reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// A token.
    Tokens(Vocabulary),
    /// A number of each channel.
    Numbers {
        /// The channels' names.
        channels: Vec<String>,
        /// How values of a file become numbers that are read.
        scaling: Scaling,
    },
}

/// What a model predicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Predicts {
    /// What is read next.
    Next,
    /// A class.
    Classes(Vec<String>),
    /// A number that is not scaled.
    Value,
    /// The next rows of some channels, scaled as these are.
    Forecast(Forecast),
}

/// What a forecaster reads and predicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Rows that go in, W.
    pub window: usize,
    /// Rows that one pass predicts, H.
    pub horizon: usize,
    /// Rows that are to be known, H or more: those beyond H are predicted from rows that were predicted.
    pub ahead: usize,
    /// The K channels that come out.
    pub targets: Vec<Target>,
}

/// A channel that is forecast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its place among the channels.
    pub channel: usize,
    /// Mean absolute error of persistence one row ahead on the training part, in the units of the file: what MASE divides by.
    pub naive_mae: f64,
}

impl Schema {
    /// Of a model that reads tokens and predicts the next one.
    pub fn language(vocabulary: Vocabulary) -> Self {
        Self { reads: Reads::Tokens(vocabulary), predicts: Predicts::Next }
    }

    /// The tokens, where tokens are read.
    pub fn vocabulary(&self) -> Option<&Vocabulary> {
        match &self.reads {
            Reads::Tokens(vocabulary) => Some(vocabulary),
            Reads::Numbers { .. } => None,
        }
    }

    /// What a model of it reads; tokens through an embedding of this width.
    pub fn input(&self, embedding: usize) -> InputSpec {
        match &self.reads {
            Reads::Tokens(vocabulary) => InputSpec::Tokens { vocabulary: vocabulary.len(), embedding },
            Reads::Numbers { channels, .. } => InputSpec::Numbers { width: channels.len() },
        }
    }

    /// What a model of it predicts, numbers by `loss`.
    pub fn output(&self, loss: ValueLoss, tied: bool) -> OutputSpec {
        let labels = |width| OutputSpec::Values { width, loss: ValueLoss::Labels };
        match (&self.predicts, &self.reads) {
            (Predicts::Next, Reads::Tokens(vocabulary)) => {
                OutputSpec::Classes { count: vocabulary.len(), tied }
            }
            (Predicts::Next, Reads::Numbers { channels, .. }) => labels(channels.len()),
            (Predicts::Classes(names), _) => OutputSpec::Classes { count: names.len(), tied },
            (Predicts::Value, _) => OutputSpec::Values { width: 1, loss },
            (Predicts::Forecast(forecast), _) => {
                OutputSpec::Values { width: forecast.horizon * forecast.targets.len(), loss }
            }
        }
    }

    /// Whether a model can be of this schema.
    pub fn fits(&self, spec: &ModelSpec) -> bool {
        let own = |embedding, loss, tied| {
            spec.input == self.input(embedding) && spec.output == self.output(loss, tied)
        };
        let embedding = match spec.input {
            InputSpec::Tokens { embedding, .. } => embedding,
            InputSpec::Numbers { .. } => 0,
        };
        match spec.output {
            OutputSpec::Classes { tied, .. } => own(embedding, ValueLoss::Squared, tied),
            OutputSpec::Values { loss, .. } => own(embedding, loss, false),
        }
    }

    /// FNV-1a of all of it, as 16 hexadecimal digits.
    ///
    /// # Panics
    /// Never: a schema can be written as JSON.
    pub fn fingerprint(&self) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.write(&serde_json::to_vec(self).expect("plain names and numbers"));
        format!("{:016x}", fingerprint.finish())
    }
}
