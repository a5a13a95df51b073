//! The meaning of the slots of a cell's tape, and when an activation counts as saturated.
//!
//! ```text
//! gate p      closed: p < 0.05, open: p > 0.95 (either is saturated)
//! tanh        saturated: |h| > 0.95
//! relu        silent: h = 0; a unit that is silent at every position is dead
//! ```
//!
//! [`Cell::ACTIVATIONS`](super::Cell::ACTIVATIONS) lists the activations of a cell.

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

impl Slot {
    /// The activation `name` with this nonlinearity in slot `at`.
    pub const fn new(name: &'static str, at: usize, squash: Squash) -> Self {
        Self { name, at, squash }
    }
}
