//! The meaning of a model's inputs and outputs, so that new data are read as the training data were. Checkpoints
//! contain it.

mod check;

use serde::{Deserialize, Serialize};

pub use check::{MOST_ROWS, SchemaError};

use crate::categorical::Categorical;
use crate::fingerprint::Fingerprint;
use crate::labelled::{Scaling, TargetScaling};
use crate::series::Clock;
use crate::vocabulary::Vocabulary;
use longspan::model::head::ValueLoss;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};

/// Inputs and outputs of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The inputs.
    pub reads: Reads,
    /// The outputs.
    pub predicts: Predicts,
}

/// Inputs of a model at each step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// One token.
    Tokens(Vocabulary),
    /// One number for each channel.
    Numbers {
        /// Names of the channels.
        channels: Vec<String>,
        /// Scaling of the values of a file.
        scaling: Scaling,
        /// The columns of categories, whose channels are one-hot.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        categorical: Vec<Categorical>,
    },
}

/// Outputs of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Predicts {
    /// The next input.
    Next,
    /// A class.
    Classes(Vec<String>),
    /// A number in its original scale, in a synthetic task.
    Value,
    /// The target of a labelled sequence, standardised.
    Regression(TargetScaling),
    /// The next rows of some channels, scaled like the inputs.
    Forecast(Forecast),
}

/// Inputs and outputs of a forecaster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Rows that are read, W.
    pub window: usize,
    /// Rows that one pass predicts, H.
    pub horizon: usize,
    /// Rows that are wanted, at least H. Rows beyond H are predicted from predicted rows.
    pub ahead: usize,
    /// The K channels that are predicted.
    pub targets: Vec<Target>,
    /// How the rows write times, how far they are apart, and what is read of the calendar; None if they have no times, and
    /// in checkpoints of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
}

/// A predicted channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Index of the channel among the inputs.
    pub channel: usize,
    /// Mean absolute error of persistence one row ahead on the training part, in the units of the file: the denominator
    /// of MASE.
    pub naive_mae: f64,
}

impl Schema {
    /// Schema of a language model: it reads tokens and predicts the next one.
    pub fn language(vocabulary: Vocabulary) -> Self {
        Self { reads: Reads::Tokens(vocabulary), predicts: Predicts::Next }
    }

    /// Vocabulary of a model that reads tokens.
    pub fn vocabulary(&self) -> Option<&Vocabulary> {
        match &self.reads {
            Reads::Tokens(vocabulary) => Some(vocabulary),
            Reads::Numbers { .. } => None,
        }
    }

    /// How the rows of a series write times; None for other data, and if the rows have no times.
    pub fn clock(&self) -> Option<&Clock> {
        match &self.predicts {
            Predicts::Forecast(forecast) => forecast.clock.as_ref(),
            Predicts::Next | Predicts::Classes(_) | Predicts::Value | Predicts::Regression(_) => None,
        }
    }

    /// Input specification of the model. `embedding` is the width of the embedding of tokens.
    pub fn input(&self, embedding: usize) -> InputSpec {
        match &self.reads {
            Reads::Tokens(vocabulary) => InputSpec::Tokens { vocabulary: vocabulary.len(), embedding },
            Reads::Numbers { channels, .. } => InputSpec::Numbers { width: channels.len() },
        }
    }

    /// Output specification of the model. `loss` is the loss of numbers.
    pub fn output(&self, loss: ValueLoss, tied: bool) -> OutputSpec {
        let labels = |width| OutputSpec::Values { width, loss: ValueLoss::Labels };
        match (&self.predicts, &self.reads) {
            (Predicts::Next, Reads::Tokens(vocabulary)) => {
                OutputSpec::Classes { count: vocabulary.len(), tied }
            }
            (Predicts::Next, Reads::Numbers { channels, .. }) => labels(channels.len()),
            (Predicts::Classes(names), _) => OutputSpec::Classes { count: names.len(), tied },
            (Predicts::Value | Predicts::Regression(_), _) => OutputSpec::Values { width: 1, loss },
            (Predicts::Forecast(forecast), _) => {
                OutputSpec::Values { width: forecast.horizon * forecast.targets.len(), loss }
            }
        }
    }

    /// Whether a model specification matches this schema.
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

    /// Fingerprint (FNV-1a) of the schema as 16 hexadecimal digits.
    ///
    /// # Panics
    /// Never: a schema can always be written as JSON.
    pub fn fingerprint(&self) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.write(&serde_json::to_vec(self).expect("a schema can be written as JSON"));
        format!("{:016x}", fingerprint.finish())
    }
}
