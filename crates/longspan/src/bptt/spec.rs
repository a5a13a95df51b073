//! What the recurrent part of a model follows from.

use crate::cell::CellKind;

/// What the recurrent part of a model follows from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecurrenceSpec {
    /// The cell of every layer.
    pub kind: CellKind,
    /// Numbers that the first layer reads.
    pub input: usize,
    /// Units H of every layer and direction.
    pub hidden: usize,
    /// Layers L.
    pub layers: usize,
    /// Steps of a chunk: part of the numerics.
    pub chunk: usize,
    /// Whether every layer reads rows both ways.
    pub bidirectional: bool,
    /// Whether layers above the first add to what they read.
    pub residual: bool,
    /// Whether what layers above the first read, and what comes out, is normalised.
    pub norm: bool,
    /// Whether the state that rows begin with is learned.
    pub learned_state: bool,
}

impl RecurrenceSpec {
    /// Layers that read forwards what the ones below put out, from a zero state.
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

    /// Numbers that come out at a place: H, or 2H where rows are read both ways.
    pub fn width(&self) -> usize {
        if self.bidirectional { 2 * self.hidden } else { self.hidden }
    }

    /// What the names of the tensors of layer k, as a [`State`](super::State) counts them, end with.
    pub fn layer_name(&self, k: usize) -> String {
        match self.bidirectional {
            true => format!("l{}{}", k / 2, ["", "_reverse"][k % 2]),
            false => format!("l{k}"),
        }
    }
}
