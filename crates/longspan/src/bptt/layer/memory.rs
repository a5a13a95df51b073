//! What a layer is given to keep: tapes, spans, working memory, and what stands where in them.

use super::states::{LayerStates, Tape};
use super::weights::Layer;
use crate::cell::Kept;
use crate::cell::Real;
use longspan_kernel::Buffer;
use longspan_kernel::gemm::Workspace;
use longspan_kernel::packed_shape::TimeSlice;

/// Working memory of backward, for all layers in turn.
pub struct Work<R> {
    pub(super) deltas: Buffer<R>,
    /// h_{t−1} of every place where rows end inside the chunk.
    pub(super) before: Buffer<R>,
    pub(super) products: Workspace<R>,
    pub(super) sums: Buffer<R>,
}

impl<R: Real> Layer<R> {
    /// An empty tape; it grows to the first chunk's size and is used again from then on.
    pub fn tape(&self) -> Tape<R> {
        Tape { gates: Buffer::zeros(0) }
    }

    /// Numbers on the tape for each (step, row).
    pub fn tape_width(&self) -> usize {
        self.cell.tape * self.hidden
    }

    /// The tape of step t of a chunk: `[rows, slots · H]`.
    pub fn tape_at<'a>(&self, tape: &'a Tape<R>, cut: TimeSlice<'_>, t: usize) -> &'a [R] {
        let width = self.tape_width();
        &tape.gates[cut.offset(t) * width..][..cut.rows_at(t) * width]
    }

    /// What backward has left of step t of the chunk that this layer was last run over: `[rows, slots · H]`, the gradients by
    /// the pre-activations first.
    pub fn deltas_at<'a>(&self, work: &'a Work<R>, cut: TimeSlice<'_>, t: usize) -> &'a [R] {
        let width = self.cell.deltas * self.hidden;
        &work.deltas[cut.offset(t) * width..][..cut.rows_at(t) * width]
    }

    /// The elementwise weights that were packed last, `[weights, H]`.
    pub fn elementwise(&self) -> &[R] {
        &self.weights
    }

    /// Width of the input projection, G·H.
    pub fn projected_width(&self) -> usize {
        self.cell.gates * self.hidden
    }

    /// An empty span.
    pub fn span(&self) -> LayerStates<R> {
        let nothing = || Buffer::zeros(0);
        LayerStates {
            rows: 0,
            positions: 0,
            hidden: self.hidden,
            stride: 0,
            states: nothing(),
            d_states: nothing(),
        }
    }

    /// Empty working memory for backward.
    pub fn work(&self) -> Work<R> {
        Work {
            deltas: Buffer::zeros(0),
            before: Buffer::zeros(0),
            products: Workspace::new(),
            sums: Buffer::zeros(self.cell.gates * self.hidden),
        }
    }

    /// One of the values that forward has computed at (step, row) of a chunk: `[H]`.
    pub fn value_at<'a>(
        &self,
        kept: Kept,
        tape: &'a Tape<R>,
        span: &'a LayerStates<R>,
        (cut, t, row): (TimeSlice<'_>, usize, usize),
    ) -> &'a [R] {
        match kept {
            Kept::Tape(slot) => {
                let at = row * self.tape_width() + slot * self.hidden;
                &self.tape_at(tape, cut, t)[at..][..self.hidden]
            }
            Kept::State(part) => &span.state(cut, t, part)[row * self.hidden..][..self.hidden],
        }
    }
}
