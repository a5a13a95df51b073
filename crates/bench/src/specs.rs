//! The sizes of what a row measures, with its name and its nominal work.

use std::cmp::Reverse;

use longspan::cell::CellKind;
use longspan::optim::Rule;
use longspan_kernel::rng::{Key, Purpose};
use serde_json::{Value, json};

/// Forward and backward pass of a recurrent stack.
#[derive(Clone, Copy)]
pub(super) struct Stack {
    pub(super) cell: CellKind,
    /// Time steps T.
    pub(super) steps: usize,
    /// Batch rows B.
    pub(super) rows: usize,
    /// Input size D.
    pub(super) input: usize,
    /// Hidden units H.
    pub(super) hidden: usize,
    /// Layers L.
    pub(super) layers: usize,
}

/// Forward and backward pass of a stack over rows of many lengths.
#[derive(Clone, Copy)]
pub(super) struct Ragged {
    /// The stack; its steps are those of the longest row that may be drawn.
    pub(super) stack: Stack,
    /// The length of the shortest row that may be drawn.
    pub(super) shortest: usize,
}

/// A training step of a language model.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) model: &'static str,
    pub(super) cell: CellKind,
    pub(super) vocabulary: usize,
    pub(super) steps: usize,
    pub(super) rows: usize,
    pub(super) hidden: usize,
    pub(super) layers: usize,
    pub(super) optimizer: Rule,
}

/// Streaming of single tokens through a language model with one lstm layer.
#[derive(Clone, Copy)]
pub(super) struct Stream {
    pub(super) vocabulary: usize,
    pub(super) hidden: usize,
}

/// The number of gates G.
pub(super) fn gates(cell: CellKind) -> usize {
    match cell {
        CellKind::Lstm { .. } => 4,
        CellKind::Gru { .. } => 3,
        _ => 1,
    }
}

impl Stack {
    /// The name without its section: `lstm/128x32x256x256x1`, which is T × B × D × H × L.
    pub(super) fn name(&self) -> String {
        let Self { cell, steps, rows, input, hidden, layers } = self;
        format!("{cell}/{steps}x{rows}x{input}x{hidden}x{layers}")
    }

    /// Nominal flops of one forward and backward pass: 6 · T · B · Σ (D + H) · G · H.
    pub(super) fn flops(&self) -> usize {
        let sizes = self.input + self.hidden + (self.layers - 1) * 2 * self.hidden;
        6 * self.steps * self.rows * sizes * gates(self.cell) * self.hidden
    }
}

impl Ragged {
    /// The name without its section: `lstm/10-1000x32x128x128x1`.
    pub(super) fn name(&self) -> String {
        let Stack { cell, steps, rows, input, hidden, layers } = self.stack;
        format!("{cell}/{}-{steps}x{rows}x{input}x{hidden}x{layers}", self.shortest)
    }

    /// Steps of each row, longest first. Lengths are drawn uniformly, then shortened until their sum is a
    /// multiple of the number of rows, so that rows of one length can have the same number of positions.
    pub(super) fn lengths(&self) -> Vec<usize> {
        let Stack { steps, rows, .. } = self.stack;
        let mut draw = Key::new(0, Purpose::Probe, 0, 0).stream(0, 0);
        let span = (steps - self.shortest + 1) as u32;
        let mut lengths: Vec<usize> = (0..rows).map(|_| self.shortest + draw.below(span) as usize).collect();
        let mut over = lengths.iter().sum::<usize>() % rows;
        for length in &mut lengths {
            let less = over.min(*length - self.shortest);
            (*length, over) = (*length - less, over - less);
        }
        lengths.sort_unstable_by_key(|&length| Reverse(length));
        lengths
    }
}

impl Step {
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.model, self.optimizer)
    }

    /// The stack of the model: the embedding is as wide as the layers.
    pub(super) fn stack(&self) -> Stack {
        let &Self { cell, steps, rows, hidden, layers, .. } = self;
        Stack { cell, steps, rows, input: hidden, hidden, layers }
    }

    /// Nominal flops: those of the stack, and 6 · T · B · H · V of the head. Embedding, clipping and update
    /// are not counted.
    pub(super) fn flops(&self) -> usize {
        self.stack().flops() + 6 * self.steps * self.rows * self.hidden * self.vocabulary
    }

    pub(super) fn describe(&self) -> Value {
        json!({
            "model": self.model,
            "cell": self.cell.to_string(),
            "vocabulary": self.vocabulary,
            "steps": self.steps,
            "rows": self.rows,
            "input": self.hidden,
            "hidden": self.hidden,
            "layers": self.layers,
            "optimizer": self.optimizer.to_string(),
            "tokens": self.steps * self.rows,
        })
    }
}
