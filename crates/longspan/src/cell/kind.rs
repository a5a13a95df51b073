//! The cells by name, and the equations of each.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::interface::{Cell, Kept};
use longspan_kernel::recurrent::Phase;

/// Evaluates an expression with `$cell` bound to the equations of a [`CellKind`].
macro_rules! with_cell {
    ($kind:expr, $cell:ident => $body:expr) => {{
        use $crate::cell::{CellKind, elman, gru, lstm, residual};
        match $kind {
            CellKind::Rnn => {
                let $cell = elman::Elman::<{ elman::TANH }>;
                $body
            }
            CellKind::Relu => {
                let $cell = elman::Elman::<{ elman::RELU }>;
                $body
            }
            CellKind::Identity => {
                let $cell = elman::Elman::<{ elman::IDENTITY }>;
                $body
            }
            CellKind::Residual { .. } => {
                let $cell = residual::Residual;
                $body
            }
            CellKind::Gru { reset_after: true } => {
                let $cell = gru::ResetAfter;
                $body
            }
            CellKind::Gru { reset_after: false } => {
                let $cell = gru::ResetBefore;
                $body
            }
            CellKind::Lstm { peepholes: false, coupled: false } => {
                let $cell = lstm::Lstm::<false, false>;
                $body
            }
            CellKind::Lstm { peepholes: true, coupled: false } => {
                let $cell = lstm::Lstm::<true, false>;
                $body
            }
            CellKind::Lstm { peepholes: false, coupled: true } => {
                let $cell = lstm::Lstm::<false, true>;
                $body
            }
            CellKind::Lstm { peepholes: true, coupled: true } => {
                let $cell = lstm::Lstm::<true, true>;
                $body
            }
        }
    }};
}
pub(crate) use with_cell;

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

    /// The products of a step with recurrent weights.
    pub fn phases(self) -> &'static [Phase] {
        fn of<C: Cell<f32>>(_: &C) -> &'static [Phase] {
            C::PHASES
        }
        with_cell!(self, cell => of(&cell))
    }

    /// What forward computes of a step, see [`Cell::VALUES`].
    pub fn values(self) -> &'static [(&'static str, Kept)] {
        fn of<C: Cell<f32>>(_: &C) -> &'static [(&'static str, Kept)] {
            C::VALUES
        }
        with_cell!(self, cell => of(&cell))
    }

    /// What backward computes of a step, see [`Cell::DERIVATIVES`].
    pub fn derivatives(self) -> &'static [(&'static str, usize)] {
        fn of<C: Cell<f32>>(_: &C) -> &'static [(&'static str, usize)] {
            C::DERIVATIVES
        }
        with_cell!(self, cell => of(&cell))
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
