//! The memory of a layer: tapes, states, working memory, and where each value is stored in them.

use super::states::{LayerStates, Tape};
use super::weights::Layer;
use crate::cell::Kept;
use crate::cell::Real;
use longspan_kernel::Buffer;
use longspan_kernel::gemm::Workspace;
use longspan_kernel::packed_shape::TimeSlice;

/// Working memory of the backward pass, which all layers share in turn.
pub struct Work<R> {
    pub(super) deltas: Buffer<R>,
    /// h_{t−1} of every position, where rows end inside the chunk.
    pub(super) before: Buffer<R>,
    pub(super) products: Workspace<R>,
    pub(super) sums: Buffer<R>,
}

impl<R: Real> Layer<R> {
    /// Returns an empty tape. It grows to the size of the first chunk and is then reused.
    pub fn tape(&self) -> Tape<R> {
        Tape { gates: Buffer::zeros(0) }
    }

    /// Width of the tape per (step, row).
    pub fn tape_width(&self) -> usize {
        self.cell.tape * self.hidden
    }

    /// Returns the tape of step t of a chunk: `[rows, slots · H]`.
    pub fn tape_at<'a>(&self, tape: &'a Tape<R>, slice: TimeSlice<'_>, t: usize) -> &'a [R] {
        let width = self.tape_width();
        &tape.gates[slice.offset(t) * width..][..slice.rows_at(t) * width]
    }

    /// Returns the deltas of step t of the chunk that this layer was last run backwards over: `[rows, slots ·
    /// H]`, the gradients with respect to the pre-activations first.
    pub fn deltas_at<'a>(&self, work: &'a Work<R>, slice: TimeSlice<'_>, t: usize) -> &'a [R] {
        let width = self.cell.deltas * self.hidden;
        &work.deltas[slice.offset(t) * width..][..slice.rows_at(t) * width]
    }

    /// Returns the elementwise weights that were packed last, `[weights, H]`.
    pub fn elementwise(&self) -> &[R] {
        &self.weights
    }

    /// Width of the input projection, G·H.
    pub fn projected_width(&self) -> usize {
        self.cell.gates * self.hidden
    }

    /// Returns empty states.
    pub fn states(&self) -> LayerStates<R> {
        let nothing = || Buffer::zeros(0);
        LayerStates {
            rows: 0,
            positions: 0,
            hidden: self.hidden,
            stride: 0,
            values: nothing(),
            d_values: nothing(),
        }
    }

    /// Returns empty working memory for the backward pass.
    pub fn work(&self) -> Work<R> {
        Work {
            deltas: Buffer::zeros(0),
            before: Buffer::zeros(0),
            products: Workspace::new(),
            sums: Buffer::zeros(self.cell.gates * self.hidden),
        }
    }

    /// Returns a value that the forward pass has computed at (step, row) of a chunk: `[H]`.
    pub fn value_at<'a>(
        &self,
        kept: Kept,
        tape: &'a Tape<R>,
        states: &'a LayerStates<R>,
        (slice, t, row): (TimeSlice<'_>, usize, usize),
    ) -> &'a [R] {
        match kept {
            Kept::Tape(slot) => {
                let at = row * self.tape_width() + slot * self.hidden;
                &self.tape_at(tape, slice, t)[at..][..self.hidden]
            }
            Kept::State(part) => &states.state(slice, t, part)[row * self.hidden..][..self.hidden],
        }
    }
}
