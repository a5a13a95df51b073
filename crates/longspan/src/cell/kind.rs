//! The cells by name, and the equations of each.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::passes::{CellSpec, Real};

/// The cells, with their options.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// Elman network with tanh.
    Rnn,
    /// Elman network with relu.
    Relu,
    /// Linear recurrent network: for closed forms.
    Identity,
    /// h + α tanh(·).
    Residual {
        /// Start value of α, or its value for good.
        step: f64,
        /// Whether α is learned.
        learned: bool,
    },
    /// GRU with the reset gate after the recurrent product (PyTorch, cuDNN) or before it (Cho 2014).
    Gru {
        /// After the product.
        reset_after: bool,
    },
    /// LSTM.
    Lstm {
        /// Diagonal weights from c to the gates.
        peepholes: bool,
        /// f = 1 − i.
        coupled: bool,
    },
}

impl CellKind {
    /// Every cell with every option.
    pub const ALL: [Self; 11] = [
        Self::Rnn,
        Self::Relu,
        Self::Identity,
        Self::Residual { step: 1.0, learned: false },
        Self::Residual { step: 0.5, learned: true },
        Self::Gru { reset_after: true },
        Self::Gru { reset_after: false },
        Self::Lstm { peepholes: false, coupled: false },
        Self::Lstm { peepholes: true, coupled: false },
        Self::Lstm { peepholes: false, coupled: true },
        Self::Lstm { peepholes: true, coupled: true },
    ];

    /// The constants of the cell: what a step computes, and the sizes of its buffers.
    pub fn spec(self) -> CellSpec {
        f32::cell(self).spec()
    }
}

impl fmt::Display for CellKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rnn => "rnn",
            Self::Relu => "relu",
            Self::Identity => "identity",
            Self::Residual { .. } => "residual",
            Self::Gru { .. } => "gru",
            Self::Lstm { .. } => "lstm",
        })
    }
}
