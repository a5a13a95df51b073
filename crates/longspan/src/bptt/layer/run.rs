//! The plain forward pass of a layer over a chunk.

use super::states::LayerChunk;
use super::weights::Layer;
use crate::cell::Real;
use longspan_kernel::Context;
use longspan_kernel::gemm::{Start, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::rows::gather_rows;

/// The input of a layer in a chunk.
#[derive(Clone, Copy)]
pub enum Source<'a, R> {
    /// x `[positions, D]`.
    Rows(Mat<'a, R>),
    /// Rows of a table that [`Layer::project`] has projected: `[V, G·H]`, and one index per position.
    Projected(Mat<'a, R>, &'a [u32]),
}

impl<R: Real> Layer<R> {
    /// Projects the rows of a table `[V, D]`: W_ih x + b for each, with the same bits as in a chunk that
    /// reads the row.
    pub fn project(&self, ctx: &Context<R>, table: Mat<'_, R>, to: MatMut<'_, R>) {
        product(ctx, table, &self.input_forward, Start::Bias(&self.bias), to);
    }

    /// Projects the input and runs the recurrence.
    pub(super) fn run_forward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        chunk: &mut LayerChunk<'_, R>,
    ) {
        self.open(before, chunk);
        let (shape, positions) = (&self.cell, chunk.slice.positions());
        let (width, all) = (shape.gates * self.hidden, shape.tape * self.hidden);
        chunk.tape.gates.grow(positions * all);
        let projected = MatMut::strided(&mut chunk.tape.gates, positions, width, all);
        match source {
            Source::Rows(x) => product(ctx, x, &self.input_forward, Start::Bias(&self.bias), projected),
            Source::Projected(table, indices) => gather_rows(ctx, table, indices, projected),
        }
        let (mut buffers, _) = chunk.recurrent(&self.weights);
        self.passes().forward(ctx, &self.hidden_forward, &mut buffers);
    }

    /// Recomputes the states from the tape.
    pub(super) fn run_recompute(&self, ctx: &Context<R>, before: &[R], chunk: &mut LayerChunk<'_, R>) {
        self.open(before, chunk);
        let (mut buffers, _) = chunk.recurrent(&self.weights);
        self.passes().recompute(ctx, &mut buffers);
    }

    /// Resizes the states and copies the state before the chunk into them.
    fn open(&self, before: &[R], chunk: &mut LayerChunk<'_, R>) {
        let (slice, states) = (chunk.slice, &mut *chunk.states);
        let all = before.len() / self.cell.parts;
        let n = slice.rows() * self.hidden;
        (states.rows, states.positions, states.stride) =
            (slice.rows(), slice.positions(), slice.states() * self.hidden);
        states.values.grow(self.cell.parts * states.stride);
        for part in 0..self.cell.parts {
            states.values[part * states.stride..][..n].copy_from_slice(&before[part * all..][..n]);
        }
    }
}
