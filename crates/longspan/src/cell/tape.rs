//! What the slots of a cell's tape are, and when an activation there is saturated.
//!
//! ```text
//! gate p      closed: p < 0.05, open: p > 0.95 (either is saturated)
//! tanh        saturated: |h| > 0.95
//! relu        silent: h = 0; a unit that is silent at every place is dead
//! ```

use super::CellKind;

/// A gate is closed below and open above one minus it.
pub const EDGE: f64 = 0.05;
/// A tanh is saturated beyond.
pub const SATURATED: f64 = 0.95;

/// What an activation on the tape went through.
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
    /// Its name in the cell's file.
    pub name: &'static str,
    /// The slot.
    pub at: usize,
    /// What it went through.
    pub squash: Squash,
}

const fn slot(name: &'static str, at: usize, squash: Squash) -> Slot {
    Slot { name, at, squash }
}

/// The activations on a cell's tape.
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
