//! The direct path of the gradient from a state to the state before it, which contains no weights.
//!
//! ```text
//! keep_t    the factor of h_{t-1} or c_{t-1} on its direct path to h_t or c_t:
//!           LSTM f_t (c to c), 1 − i_t with coupled gates;  GRU z_t;  residual 1;  other cells have no such path
//! ```

use crate::cell::CellKind;
use crate::cell::Real;

/// The direct path from a state to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeepPath {
    /// The factor is a gate.
    Gate { name: &'static str, slot: usize },
    /// The factor is 1 − a gate.
    Complement { name: &'static str, slot: usize },
    /// The factor is 1.
    Whole,
}

impl KeepPath {
    /// Returns None if the cell has no such path.
    pub(super) fn of(kind: CellKind) -> Option<Self> {
        match kind {
            CellKind::Rnn | CellKind::Relu | CellKind::Identity | CellKind::Custom(_) => None,
            CellKind::Residual { .. } => Some(Self::Whole),
            CellKind::Gru { .. } => Some(Self::Gate { name: "z", slot: 1 }),
            CellKind::Lstm { coupled: false, .. } => Some(Self::Gate { name: "f", slot: 1 }),
            CellKind::Lstm { coupled: true, .. } => Some(Self::Complement { name: "1 - i", slot: 0 }),
        }
    }

    /// Calls `with(unit, factor)` for the units of one row of the tape `[slots · H]`.
    #[inline(always)]
    pub(super) fn each<R: Real>(self, tape: &[R], hidden: usize, mut with: impl FnMut(usize, f64)) {
        match self {
            Self::Whole => (0..hidden).for_each(|j| with(j, 1.0)),
            Self::Gate { slot, .. } => {
                tape[slot * hidden..][..hidden].iter().enumerate().for_each(|(j, p)| with(j, p.to_f64()));
            }
            Self::Complement { slot, .. } => {
                tape[slot * hidden..][..hidden]
                    .iter()
                    .enumerate()
                    .for_each(|(j, p)| with(j, 1.0 - p.to_f64()));
            }
        }
    }
}
