//! What a model is made from: what is read, the stack, what is predicted.

use serde::{Deserialize, Serialize};

use crate::bptt::{RecurrenceSpec, chunk_for};
use crate::cell::CellKind;
use crate::model::head::{Unit, ValueLoss};
use crate::model::pooling::Pooling;

/// What a model reads at each place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputSpec {
    /// One of V tokens, as a row of an embedding of width E.
    Tokens {
        /// V.
        vocabulary: usize,
        /// E.
        embedding: usize,
    },
    /// D numbers.
    Numbers {
        /// D.
        width: usize,
    },
}

/// What a model predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputSpec {
    /// One of some classes.
    Classes {
        /// How many.
        count: usize,
        /// Whether the readout's weight is the embedding; E = H then, and the classes are the tokens.
        tied: bool,
    },
    /// Numbers.
    Values {
        /// How many, K.
        width: usize,
        /// How wrong one is.
        loss: ValueLoss,
    },
}

impl OutputSpec {
    /// Numbers that come out of a place: logits of classes, or values.
    pub fn width(self) -> usize {
        match self {
            Self::Classes { count, .. } => count,
            Self::Values { width, .. } => width,
        }
    }

    /// What the loss is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Self::Classes { .. } => Unit::Nats,
            Self::Values { loss, .. } => loss.unit(),
        }
    }
}

/// Everything that a model's tensors and arithmetic follow from; a checkpoint holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// The cell of every layer.
    pub cell: CellKind,
    /// What is read.
    pub input: InputSpec,
    /// Units H of every layer.
    pub hidden: usize,
    /// Layers L.
    pub layers: usize,
    /// What is predicted.
    pub output: OutputSpec,
    /// What of a row it is predicted from.
    pub pool: Pooling,
    /// Steps of a chunk: part of the numerics.
    pub chunk: usize,
    /// Whether every layer reads rows both ways; what comes out is 2H wide then.
    #[serde(default)]
    pub bidirectional: bool,
    /// Whether layers above the first add to what they read.
    #[serde(default)]
    pub layer_residual: bool,
    /// Whether what layers above the first and the readout read is normalised.
    #[serde(default)]
    pub layer_norm: bool,
    /// Whether the state that rows begin with is learned.
    #[serde(default)]
    pub learned_state: bool,
    /// What an encoder reads before, a stack of the same cell and size; None without one.
    #[serde(default)]
    pub encoder: Option<InputSpec>,
}

impl ModelSpec {
    /// A model of numbers with the chunk of a single row.
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

    /// A language model without tying: it predicts what it reads.
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

    /// The recurrent part.
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

    /// Numbers that the readout reads: H, or 2H where rows are read both ways.
    pub fn width(&self) -> usize {
        self.recurrence().width()
    }

    /// Whether it predicts what it reads and nothing else tells it what, so that it can score text and write it.
    pub fn is_language(&self) -> bool {
        match (self.encoder, self.input, self.output) {
            (None, InputSpec::Tokens { vocabulary, .. }, OutputSpec::Classes { count, .. }) => {
                vocabulary == count
            }
            _ => false,
        }
    }

    /// The same with its classes' weight tied to the embedding, or not.
    pub fn tied(mut self, yes: bool) -> Self {
        if let OutputSpec::Classes { tied, .. } = &mut self.output {
            *tied = yes;
        }
        self
    }
}
