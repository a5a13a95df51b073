//! The meaning of the slots of a cell's tape, and when an activation counts as saturated.
//!
//! ```text
//! gate p      closed: p < 0.05, open: p > 0.95 (either is saturated)
//! tanh        saturated: |h| > 0.95
//! relu        silent: h = 0; a unit that is silent at every position is dead
//! ```

use super::CellKind;

/// A gate is closed below this value and open above one minus this value.
pub const EDGE: f64 = 0.05;
/// A tanh is saturated above this absolute value.
pub const SATURATED: f64 = 0.95;

/// The nonlinearity of an activation on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Squash {
    /// A gate.
    Sigmoid,
    /// tanh.
    Tanh,
    /// relu.
    Relu,
}

/// An activation on the tape.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// The name in the cell's file.
    pub name: &'static str,
    /// The slot index.
    pub at: usize,
    /// The nonlinearity.
    pub squash: Squash,
}

const fn slot(name: &'static str, at: usize, squash: Squash) -> Slot {
    Slot { name, at, squash }
}

/// Returns the activations on a cell's tape.
pub fn slots(kind: CellKind) -> &'static [Slot] {
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
