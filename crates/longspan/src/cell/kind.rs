//! The cells by name, with their options and equations.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::custom::CustomCell;

/// A cell with its options.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// The Elman network with tanh.
    Rnn,
    /// The Elman network with relu.
    Relu,
    /// The linear recurrent network, for which closed forms exist.
    Identity,
    /// The residual network, h + α tanh(·).
    Residual {
        /// The initial value of α, or its constant value.
        step: f64,
        /// Whether α is learned.
        learned: bool,
    },
    /// The GRU with the reset gate after the recurrent product (PyTorch, cuDNN) or before it (Cho 2014).
    Gru {
        /// Whether the reset gate acts after the product.
        reset_after: bool,
    },
    /// The LSTM.
    Lstm {
        /// Whether it has diagonal weights from c to the gates.
        peepholes: bool,
        /// Whether f = 1 − i.
        coupled: bool,
    },
    /// A cell that another crate defines.
    Custom(CustomCell),
}

impl CellKind {
    /// The LSTM of PyTorch: without peepholes, with a forget gate of its own.
    pub const LSTM: Self = Self::Lstm { peepholes: false, coupled: false };
    /// The GRU of PyTorch: the reset gate acts after the recurrent product.
    pub const GRU: Self = Self::Gru { reset_after: true };
    /// All cells of this crate with all options.
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
            Self::Custom(cell) => cell.name(),
        })
    }
}
