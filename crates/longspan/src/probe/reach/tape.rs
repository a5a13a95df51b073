//! What the slots of a cell's tape are, and what of the gradient a cell hands on without its weights.
//!
//! ```text
//! keep_t    what h_{t-1} or c_{t-1} is multiplied with on its direct way to h_t or c_t:
//!           LSTM f_t (c to c), 1 − i_t where the gates are coupled;  GRU z_t;  residual 1;  others have no such way
//! total_c   ∂ℒ/∂c_t as automatic differentiation gives it: δ_c + δ_h ⊙ o ⊙ (1 − tanh² c) [+ P_o ⊙ δa_o],
//!           δa_o = δ_h ⊙ tanh c ⊙ o ⊙ (1 − o)
//! ```

use crate::bptt::Flow;
use crate::cell::CellKind;
use crate::real::Real;

/// What an activation on the tape went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Squash {
    Sigmoid,
    Tanh,
    Relu,
}

/// An activation on the tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) name: &'static str,
    pub(super) at: usize,
    pub(super) squash: Squash,
}

const fn slot(name: &'static str, at: usize, squash: Squash) -> Slot {
    Slot { name, at, squash }
}

/// The activations on a cell's tape.
pub(super) fn slots(kind: CellKind) -> &'static [Slot] {
    use Squash::{Relu, Sigmoid, Tanh};
    match kind {
        CellKind::Identity => &[],
        CellKind::Rnn => const { &[slot("h", 0, Tanh)] },
        CellKind::Relu => const { &[slot("h", 0, Relu)] },
        CellKind::Residual { .. } => const { &[slot("n", 0, Tanh)] },
        CellKind::Gru { .. } => const { &[slot("r", 0, Sigmoid), slot("z", 1, Sigmoid), slot("n", 2, Tanh)] },
        CellKind::Lstm { coupled: false, .. } => {
            const { &[slot("i", 0, Sigmoid), slot("f", 1, Sigmoid), slot("g", 2, Tanh), slot("o", 3, Sigmoid)] }
        }
        CellKind::Lstm { coupled: true, .. } => {
            const { &[slot("i", 0, Sigmoid), slot("g", 1, Tanh), slot("o", 2, Sigmoid)] }
        }
    }
}

/// Numbers of one row in [`Flow::tape`]: slots · H.
pub(super) fn width<R>(flow: &Flow<'_, R>, hidden: usize) -> usize {
    flow.tape.len() * hidden / flow.d_hidden.len()
}

/// The direct way from a state to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Times a gate.
    Gate { name: &'static str, slot: usize },
    /// Times 1 − a gate.
    Complement { name: &'static str, slot: usize },
    /// As it is.
    Whole,
}

impl Keep {
    /// None where there is no such way.
    pub(super) fn of(kind: CellKind) -> Option<Self> {
        match kind {
            CellKind::Rnn | CellKind::Relu | CellKind::Identity => None,
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

/// The total gradient by c_t of one row, see above; false for a cell without c. `peephole` is P_o `[H]` where there is one.
pub fn total_cell<R: Real>(
    kind: CellKind,
    flow: &Flow<'_, R>,
    row: usize,
    peephole: Option<&[R]>,
    to: &mut [f64],
) -> bool {
    let CellKind::Lstm { coupled, .. } = kind else { return false };
    let hidden = to.len();
    let tape = &flow.tape[row * width(flow, hidden)..];
    let o = &tape[if coupled { 2 } else { 3 } * hidden..][..hidden];
    let of = |part: &[R], j: usize| part[row * hidden + j].to_f64();
    for (j, to) in to.iter_mut().enumerate() {
        let (o, tanh_c, d_h) = (o[j].to_f64(), of(flow.cell, j).tanh(), of(flow.d_hidden, j));
        *to = of(flow.d_cell, j) + d_h * o * (1.0 - tanh_c * tanh_c);
        if let Some(peephole) = peephole {
            *to += peephole[j].to_f64() * d_h * tanh_c * o * (1.0 - o);
        }
    }
    true
}
