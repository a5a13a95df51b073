//! What a layer keeps of a chunk, and its states and their gradients over the chunk at hand.

use crate::cell::Real;
use longspan_kernel::Buffer;
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::TimeSlice;
use longspan_kernel::recurrent::Chunk;

/// What forward leaves of one layer and one chunk for backward: `[positions, slots · H]`.
pub struct Tape<R> {
    pub(super) gates: Buffer<R>,
}

/// The states of a layer over the chunk at hand, and the gradients by them.
pub struct LayerStates<R> {
    /// Rows at the first step, and places.
    pub(super) rows: usize,
    pub(super) positions: usize,
    pub(super) hidden: usize,
    /// Between state parts.
    pub(super) stride: usize,
    /// Per part `[rows + positions, H]`: the state before the chunk, then what each step leaves.
    pub(super) states: Buffer<R>,
    /// As `states`.
    pub(super) d_states: Buffer<R>,
}

/// A layer's share of a chunk.
pub struct LayerChunk<'a, R> {
    /// Steps and rows of the chunk.
    pub cut: TimeSlice<'a>,
    /// What forward leaves for backward.
    pub tape: &'a mut Tape<R>,
    /// The states, and the gradients by them.
    pub span: &'a mut LayerStates<R>,
}

impl<R: Real> LayerChunk<'_, R> {
    /// The chunk as the recurrence takes it, and the gradients by its states.
    pub(super) fn recurrent<'a>(&'a mut self, weights: &'a [R]) -> (Chunk<'a, R>, &'a mut [R]) {
        let chunk = Chunk {
            cut: self.cut,
            hidden: self.span.hidden,
            tape: &mut self.tape.gates,
            states: &mut self.span.states,
            part_stride: self.span.stride,
            weights,
        };
        (chunk, &mut self.span.d_states)
    }
}

impl<R: Real> LayerStates<R> {
    /// h_1 … h_T of the chunk: `[positions, H]`.
    pub fn output(&self) -> Mat<'_, R> {
        Mat::new(&self.states[self.rows * self.hidden..], self.positions, self.hidden)
    }

    /// One state part at t − 1 of every place, `[positions, H]`: where it lies or, where rows end inside the chunk, a copy.
    pub(super) fn before<'a>(
        &'a self,
        cut: TimeSlice<'_>,
        part: usize,
        copy: &'a mut Buffer<R>,
    ) -> Mat<'a, R> {
        let (states, hidden) = (&self.states[part * self.stride..], self.hidden);
        if cut.is_even() {
            return Mat::new(states, self.positions, hidden);
        }
        copy.grow(self.positions * hidden);
        for t in 0..cut.steps() {
            let (from, to) = (cut.state_offset(t) * hidden, cut.offset(t) * hidden);
            let len = cut.rows_at(t) * hidden;
            copy[to..to + len].copy_from_slice(&states[from..from + len]);
        }
        Mat::new(&copy[..], self.positions, hidden)
    }

    /// Copies one state part after each row's last step of the chunk to `to` `[B, H]`.
    pub fn copy_last(&self, cut: TimeSlice<'_>, part: usize, to: &mut [R]) {
        let hidden = self.hidden;
        for t in 0..cut.steps() {
            let leaving = cut.leaving(t);
            let from = part * self.stride + (cut.state_offset(t + 1) + leaving.start) * hidden;
            to[leaving.start * hidden..leaving.end * hidden]
                .copy_from_slice(&self.states[from..][..leaving.len() * hidden]);
        }
    }

    /// Sizes the gradients for the chunk and returns the place for what arrives at h_t from above: `[positions, H]`, to be
    /// overwritten.
    pub fn d_h(&mut self) -> &mut [R] {
        self.d_states.grow(self.states.len());
        &mut self.d_states[self.rows * self.hidden..][..self.positions * self.hidden]
    }

    /// The outputs, to be read, and the place for the gradient by them, as [`LayerStates::d_h`], to be written.
    pub fn output_and_d_h(&mut self) -> (Mat<'_, R>, &mut [R]) {
        let (n, len) = (self.rows * self.hidden, self.positions * self.hidden);
        self.d_states.grow(self.states.len());
        let output = Mat::new(&self.states[n..], self.positions, self.hidden);
        (output, &mut self.d_states[n..][..len])
    }

    /// A state part after step t of the chunk: `[rows, H]`.
    pub fn state(&self, cut: TimeSlice<'_>, t: usize, part: usize) -> &[R] {
        &self.states[part * self.stride + cut.state_offset(t + 1) * self.hidden..]
            [..cut.rows_at(t) * self.hidden]
    }

    /// A state part before step t of the chunk, of the rows that have the step: `[rows, H]`.
    pub fn state_before(&self, cut: TimeSlice<'_>, t: usize, part: usize) -> &[R] {
        &self.states[part * self.stride + cut.state_offset(t) * self.hidden..][..cut.rows_at(t) * self.hidden]
    }

    /// The gradient by a state part after step t of the chunk last run backwards, the other parts held fixed, complete:
    /// `[rows, H]`. Of part 0 it is ∂ℒ/∂h_t.
    pub fn d_state(&self, cut: TimeSlice<'_>, t: usize, part: usize) -> &[R] {
        let from = part * self.stride + cut.state_offset(t + 1) * self.hidden;
        &self.d_states[from..][..cut.rows_at(t) * self.hidden]
    }
}
