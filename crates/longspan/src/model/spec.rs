//! The specification of a model: input, stack and output.

mod check;

use serde::{Deserialize, Serialize};

pub use check::SpecError;

use crate::bptt::{RecurrenceSpec, chunk_for};
use crate::cell::CellKind;
use crate::model::head::{Unit, ValueLoss};
use crate::model::pooling::Pooling;

/// The input of a model at each position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputSpec {
    /// One of V tokens, as a row of an embedding of width E.
    Tokens {
        /// The number of tokens V.
        vocabulary: usize,
        /// The embedding width E.
        embedding: usize,
    },
    /// D numbers.
    Numbers {
        /// The number of inputs D.
        width: usize,
    },
}

/// The prediction of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputSpec {
    /// One of some classes.
    Classes {
        /// The number of classes.
        count: usize,
        /// Whether the readout's weight is the embedding; then E = H, and the classes are the tokens.
        tied: bool,
    },
    /// Numbers.
    Values {
        /// The number of values K.
        width: usize,
        /// The loss.
        loss: ValueLoss,
    },
}

impl OutputSpec {
    /// Number of outputs per position: logits of classes, or values.
    pub fn width(self) -> usize {
        match self {
            Self::Classes { count, .. } => count,
            Self::Values { width, .. } => width,
        }
    }

    /// The unit of the loss.
    pub fn unit(self) -> Unit {
        match self {
            Self::Classes { .. } => Unit::Nats,
            Self::Values { loss, .. } => loss.unit(),
        }
    }
}

/// Everything that determines a model's tensors and arithmetic. A checkpoint contains it.
///
/// # Examples
/// A bidirectional classifier with two layers, which reads three numbers at each step:
///
/// ```
/// use longspan::model::pooling::Pooling;
/// use longspan::prelude::*;
///
/// let output = OutputSpec::Classes { count: 4, tied: false };
/// let model = ModelSpec {
///     bidirectional: true,
///     pool: Pooling::BothEnds,
///     ..ModelSpec::new(CellKind::GRU, InputSpec::Numbers { width: 3 }, 32, 2, output)
/// };
/// model.check()?;
///
/// let wrong = ModelSpec { hidden: 0, ..model };
/// assert_eq!(wrong.check().unwrap_err().to_string(), "hidden is 0, but must be at least 1");
/// # Ok::<(), longspan::model::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// The cell of every layer.
    pub cell: CellKind,
    /// The input.
    pub input: InputSpec,
    /// Number of units H of every layer.
    pub hidden: usize,
    /// Number of layers L.
    pub layers: usize,
    /// The prediction.
    pub output: OutputSpec,
    /// The input of the readout, for a prediction per row.
    pub pool: Pooling,
    /// Number of steps of a chunk. It affects rounding.
    pub chunk: usize,
    /// Whether every layer is bidirectional; the output of the stack is then 2H wide.
    #[serde(default)]
    pub bidirectional: bool,
    /// Whether layers above the first have a residual connection.
    #[serde(default)]
    pub layer_residual: bool,
    /// Whether the inputs of layers above the first and of the readout are normalised.
    #[serde(default)]
    pub layer_norm: bool,
    /// Whether the initial state is learned.
    #[serde(default)]
    pub learned_state: bool,
    /// The input of an encoder, a stack of the same cell and size; None without an encoder.
    #[serde(default)]
    pub encoder: Option<InputSpec>,
}

impl ModelSpec {
    /// Returns a model with the default options and the chunk length for a single row.
    pub fn new(cell: CellKind, input: InputSpec, hidden: usize, layers: usize, output: OutputSpec) -> Self {
        Self {
            cell,
            input,
            hidden,
            layers,
            output,
            pool: Pooling::Last,
            chunk: chunk_for(1),
            bidirectional: false,
            layer_residual: false,
            layer_norm: false,
            learned_state: false,
            encoder: None,
        }
    }

    /// Returns a language model without tied weights: it predicts the next of the tokens that it reads.
    pub fn language(
        cell: CellKind,
        vocabulary: usize,
        embedding: usize,
        hidden: usize,
        layers: usize,
    ) -> Self {
        let output = OutputSpec::Classes { count: vocabulary, tied: false };
        Self::new(cell, InputSpec::Tokens { vocabulary, embedding }, hidden, layers, output)
    }

    /// The specification of the recurrent part.
    pub(super) fn recurrence(&self) -> RecurrenceSpec {
        let input = match self.input {
            InputSpec::Tokens { embedding, .. } => embedding,
            InputSpec::Numbers { width } => width,
        };
        RecurrenceSpec {
            bidirectional: self.bidirectional,
            residual: self.layer_residual,
            norm: self.layer_norm,
            learned_state: self.learned_state,
            ..RecurrenceSpec::new(self.cell, input, self.hidden, self.layers, self.chunk)
        }
    }

    /// The input width of the readout: H, or 2H if bidirectional.
    pub fn width(&self) -> usize {
        self.recurrence().width()
    }

    /// Whether the model predicts its own input tokens and has no encoder, so that it can score and generate
    /// text.
    pub fn is_language(&self) -> bool {
        match (self.encoder, self.input, self.output) {
            (None, InputSpec::Tokens { vocabulary, .. }, OutputSpec::Classes { count, .. }) => {
                vocabulary == count
            }
            _ => false,
        }
    }

    /// Returns the same model with the readout's weight tied to the embedding, or not.
    pub fn tied(mut self, yes: bool) -> Self {
        if let OutputSpec::Classes { tied, .. } = &mut self.output {
            *tied = yes;
        }
        self
    }
}
