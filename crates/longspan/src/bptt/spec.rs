//! The specification of the recurrent part of a model.

use crate::cell::CellKind;

/// Everything that determines the recurrent part of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecurrenceSpec {
    /// The cell of every layer.
    pub kind: CellKind,
    /// Input size D of the first layer.
    pub input: usize,
    /// Number of units H of every layer and direction.
    pub hidden: usize,
    /// Number of layers L.
    pub layers: usize,
    /// Number of steps of a chunk. It affects rounding.
    pub chunk: usize,
    /// Whether every layer is bidirectional.
    pub bidirectional: bool,
    /// Whether layers above the first have a residual connection.
    pub residual: bool,
    /// Whether the inputs of layers above the first and the output of the stack are normalised.
    pub norm: bool,
    /// Whether the initial state is learned.
    pub learned_state: bool,
}

impl RecurrenceSpec {
    /// Returns a plain stack: unidirectional layers that start from a zero state.
    pub fn new(kind: CellKind, input: usize, hidden: usize, layers: usize, chunk: usize) -> Self {
        Self {
            kind,
            input,
            hidden,
            layers,
            chunk,
            bidirectional: false,
            residual: false,
            norm: false,
            learned_state: false,
        }
    }

    /// Output size at a position: H, or 2H if bidirectional.
    pub fn width(&self) -> usize {
        if self.bidirectional { 2 * self.hidden } else { self.hidden }
    }

    /// The suffix of the tensor names of layer k, with the layer index of a [`State`](super::State).
    pub fn layer_name(&self, k: usize) -> String {
        match self.bidirectional {
            true => format!("l{}{}", k / 2, ["", "_reverse"][k % 2]),
            false => format!("l{k}"),
        }
    }
}
