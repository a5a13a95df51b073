//! Recurrent cells: one file each, equations forward and backward side by side.
//!
//! All follow PyTorch's conventions: weights W_ih `[G·H, D]` and W_hh `[G·H, H]`, two biases `[G·H]`, gates stacked in
//! the order that each file states.
//!
//! A new cell is one file with its [`Equations`] and [`Cell`], and a line in [`CellKind`] and `with_cell!`; the gradient
//! checks find it through [`CellKind::ALL`].

pub mod elman;
pub mod gru;
pub mod lstm;
pub mod residual;
pub mod tape;

use std::fmt;

use serde::{Deserialize, Serialize};

use longspan_kernel::real::Real;
use longspan_kernel::recurrent::{Equations, Phase};

/// What an elementwise weight is multiplied with; its gradient is Σ delta ⊙ factor over steps and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// A state part at t − 1.
    Previous(usize),
    /// A state part at t.
    Next(usize),
}

/// One peephole: a vector of weights between a state part and a gate.
#[derive(Clone, Copy, Debug)]
pub struct Peephole {
    /// Delta slot of the gate.
    pub delta: usize,
    /// What the weight is multiplied with.
    pub factor: Factor,
}

/// Where a number that forward computes is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A slot of the tape.
    Tape(usize),
    /// A state part.
    State(usize),
}

/// What a layer has to know of a cell beside its equations.
pub trait Cell<R: Real>: Equations<R> {
    /// Gates: blocks of H rows in the weights.
    const GATES: usize;
    /// Products with recurrent weights in one step.
    const PHASES: &'static [Phase];
    /// Gate whose recurrent bias stays with the recurrent sum, in weight slot 0 (the reset-after GRU's candidate).
    const INNER_BIAS: Option<usize> = None;
    /// Peepholes, in the order of the weight slots.
    const PEEPHOLES: &'static [Peephole] = &[];
    /// Delta slot whose sum is the gradient of a scalar step α, held in weight slot 0.
    const STEP_DELTA: Option<usize> = None;
    /// What forward computes of a step, by the names in the cell's file and in an order in which it can be computed.
    const VALUES: &'static [(&'static str, Kept)];
    /// The same of backward, once the gradient by the state is there: slots of the deltas.
    const DERIVATIVES: &'static [(&'static str, usize)];
}

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
