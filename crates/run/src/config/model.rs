//! The settings of the network.

use longspan::bptt::dropout::Mask;
use longspan::model::head::ValueLoss;
use longspan::model::init::{Distribution, Init};
use longspan::model::pooling::Pooling;
use longspan::option_names;

/// The name of a cell, without its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellName {
    /// Elman network with tanh.
    Rnn,
    /// Elman network with relu.
    Relu,
    /// Linear recurrent network.
    Identity,
    /// Elman network with a residual connection through time.
    Residual,
    /// Gated recurrent unit.
    Gru,
    /// Long short-term memory.
    Lstm,
    /// A cell of another program, in the record of its run; it cannot be chosen.
    Custom,
}

option_names!(CellName, "cell": Rnn = "rnn", Relu = "relu", Identity = "identity", Residual = "residual", Gru = "gru", Lstm = "lstm"; unlisted Custom = "custom");

/// The section `[model]`: the network. [`KEYS`](super::KEYS) documents each setting.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "`KEYS` documents every setting once, for flags, files and readers")]
pub struct ModelConfig {
    pub cell: CellName,
    pub layers: usize,
    pub hidden: usize,
    pub embedding: usize,
    pub dropout: f64,
    pub dropout_mask: Mask,
    pub bidirectional: bool,
    pub layer_residual: bool,
    pub layer_norm: bool,
    pub learn_state: bool,
    pub pool: Pooling,
    pub loss: ValueLoss,
    pub tie_weights: bool,
    pub encoder_decoder: bool,
    pub init: Init,
    pub init_input: Option<Distribution>,
    pub init_embedding: Option<Distribution>,
    pub init_readout: Option<Distribution>,
    pub reset_after: bool,
    pub peepholes: bool,
    pub coupled: bool,
    pub forget_bias: f64,
    pub residual_step: f64,
    pub residual_learned: bool,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            cell: CellName::Lstm,
            layers: 1,
            hidden: 128,
            embedding: 0,
            dropout: 0.0,
            dropout_mask: Mask::Step,
            bidirectional: false,
            layer_residual: false,
            layer_norm: false,
            learn_state: false,
            pool: Pooling::Last,
            loss: ValueLoss::Squared,
            tie_weights: false,
            encoder_decoder: false,
            init: Init::Orthogonal { gain: 1.0 },
            init_input: None,
            init_embedding: None,
            init_readout: None,
            reset_after: true,
            peepholes: false,
            coupled: false,
            forget_bias: 1.0,
            residual_step: 1.0,
            residual_learned: false,
        }
    }
}
