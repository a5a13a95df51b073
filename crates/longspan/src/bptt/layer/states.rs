//! What a layer keeps of a chunk, and its states and their gradients over the current chunk.

use crate::cell::Real;
use longspan_kernel::Buffer;
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::TimeSlice;
use longspan_kernel::recurrent::Chunk;

/// What the forward pass of one layer over one chunk stores for the backward pass: `[positions, slots · H]`.
pub struct Tape<R> {
    pub(super) gates: Buffer<R>,
}

/// The states of a layer over the current chunk, and the gradients with respect to them.
pub struct LayerStates<R> {
    /// Rows at the first step.
    pub(super) rows: usize,
    pub(super) positions: usize,
    pub(super) hidden: usize,
    /// Distance between state parts.
    pub(super) stride: usize,
    /// Per part `[rows + positions, H]`: the state before the chunk, then the state after each step.
    pub(super) values: Buffer<R>,
    /// The gradients, laid out like `values`.
    pub(super) d_values: Buffer<R>,
}

/// The data of one layer for a chunk.
pub struct LayerChunk<'a, R> {
    /// Steps and rows of the chunk.
    pub slice: TimeSlice<'a>,
    /// What the forward pass stores for the backward pass.
    pub tape: &'a mut Tape<R>,
    /// The states, and the gradients with respect to them.
    pub states: &'a mut LayerStates<R>,
}

impl<R: Real> LayerChunk<'_, R> {
    /// Returns the arguments of the recurrence, and the gradients with respect to the states.
    pub(super) fn recurrent<'a>(&'a mut self, weights: &'a [R]) -> (Chunk<'a, R>, &'a mut [R]) {
        let chunk = Chunk {
            slice: self.slice,
            hidden: self.states.hidden,
            tape: &mut self.tape.gates,
            states: &mut self.states.values,
            part_stride: self.states.stride,
            weights,
        };
        (chunk, &mut self.states.d_values)
    }
}

impl<R: Real> LayerStates<R> {
    /// h_1 … h_T of the chunk: `[positions, H]`.
    pub fn output(&self) -> Mat<'_, R> {
        Mat::new(&self.values[self.rows * self.hidden..], self.positions, self.hidden)
    }

    /// Returns one state part at t − 1 of every position, `[positions, H]`: in place or, where rows end
    /// inside the chunk, a copy.
    pub(super) fn before<'a>(
        &'a self,
        slice: TimeSlice<'_>,
        part: usize,
        copy: &'a mut Buffer<R>,
    ) -> Mat<'a, R> {
        let (states, hidden) = (&self.values[part * self.stride..], self.hidden);
        if slice.is_even() {
            return Mat::new(states, self.positions, hidden);
        }
        copy.grow(self.positions * hidden);
        for t in 0..slice.steps() {
            let (from, to) = (slice.state_offset(t) * hidden, slice.offset(t) * hidden);
            let len = slice.rows_at(t) * hidden;
            copy[to..to + len].copy_from_slice(&states[from..from + len]);
        }
        Mat::new(&copy[..], self.positions, hidden)
    }

    /// Copies one state part after each row's last step of the chunk to `to` `[B, H]`.
    pub fn copy_last(&self, slice: TimeSlice<'_>, part: usize, to: &mut [R]) {
        let hidden = self.hidden;
        for t in 0..slice.steps() {
            let leaving = slice.leaving(t);
            let from = part * self.stride + (slice.state_offset(t + 1) + leaving.start) * hidden;
            to[leaving.start * hidden..leaving.end * hidden]
                .copy_from_slice(&self.values[from..][..leaving.len() * hidden]);
        }
    }

    /// Resizes the gradients for the chunk and returns the buffer for the gradient that arrives at h_t from
    /// above: `[positions, H]`, to be overwritten.
    pub fn d_h(&mut self) -> &mut [R] {
        self.d_values.grow(self.values.len());
        &mut self.d_values[self.rows * self.hidden..][..self.positions * self.hidden]
    }

    /// Returns the outputs for reading, and the buffer of [`LayerStates::d_h`] for writing.
    pub fn output_and_d_h(&mut self) -> (Mat<'_, R>, &mut [R]) {
        let (n, len) = (self.rows * self.hidden, self.positions * self.hidden);
        self.d_values.grow(self.values.len());
        let output = Mat::new(&self.values[n..], self.positions, self.hidden);
        (output, &mut self.d_values[n..][..len])
    }

    /// Returns a state part after step t of the chunk: `[rows, H]`.
    pub fn state(&self, slice: TimeSlice<'_>, t: usize, part: usize) -> &[R] {
        &self.values[part * self.stride + slice.state_offset(t + 1) * self.hidden..]
            [..slice.rows_at(t) * self.hidden]
    }

    /// Returns a state part before step t of the chunk, for the rows that have the step: `[rows, H]`.
    pub fn state_before(&self, slice: TimeSlice<'_>, t: usize, part: usize) -> &[R] {
        &self.values[part * self.stride + slice.state_offset(t) * self.hidden..]
            [..slice.rows_at(t) * self.hidden]
    }

    /// Returns the complete gradient with respect to a state part after step t of the chunk that was last run
    /// backwards, with the other parts held fixed: `[rows, H]`. For part 0 it is ∂ℒ/∂h_t.
    pub fn d_state(&self, slice: TimeSlice<'_>, t: usize, part: usize) -> &[R] {
        let from = part * self.stride + slice.state_offset(t + 1) * self.hidden;
        &self.d_values[from..][..slice.rows_at(t) * self.hidden]
    }
}
