//! The plain forward pass of a layer over a chunk.

use super::states::LayerChunk;
use super::weights::Layer;
use crate::cell::Real;
use longspan_kernel::Context;
use longspan_kernel::gemm::{Start, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::rows::gather_rows;

/// What a layer reads in a chunk.
#[derive(Clone, Copy)]
pub enum Source<'a, R> {
    /// x `[positions, D]`.
    Rows(Mat<'a, R>),
    /// Rows of a table that went through the input projection, [`Layer::project`], before: `[V, G·H]` and one index for each
    /// place.
    Projected(Mat<'a, R>, &'a [u32]),
}

impl<R: Real> Layer<R> {
    /// Projects the rows of a table `[V, D]`: W_ih x + b for each, to the bits that a chunk that reads the row would have.
    pub fn project(&self, ctx: &Context<R>, table: Mat<'_, R>, to: MatMut<'_, R>) {
        product(ctx, table, &self.input_forward, Start::Bias(&self.bias), to);
    }

    /// Projects what is read and runs the recurrence.
    pub(super) fn run_forward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        here: &mut LayerChunk<'_, R>,
    ) {
        self.open(before, here);
        let (shape, positions) = (&self.cell, here.cut.positions());
        let (width, all) = (shape.gates * self.hidden, shape.tape * self.hidden);
        here.tape.gates.grow(positions * all);
        let projected = MatMut::strided(&mut here.tape.gates, positions, width, all);
        match source {
            Source::Rows(x) => product(ctx, x, &self.input_forward, Start::Bias(&self.bias), projected),
            Source::Projected(table, indices) => gather_rows(ctx, table, indices, projected),
        }
        let (mut chunk, _) = here.recurrent(&self.weights);
        self.passes().forward(ctx, &self.hidden_forward, &mut chunk);
    }

    /// Makes the states anew from the tape.
    pub(super) fn run_replay(&self, ctx: &Context<R>, before: &[R], here: &mut LayerChunk<'_, R>) {
        self.open(before, here);
        let (mut chunk, _) = here.recurrent(&self.weights);
        self.passes().recompute(ctx, &mut chunk);
    }

    /// Sizes the span and puts the state before the chunk in its place.
    fn open(&self, before: &[R], here: &mut LayerChunk<'_, R>) {
        let (cut, span) = (here.cut, &mut *here.span);
        let all = before.len() / self.cell.parts;
        let n = cut.rows() * self.hidden;
        (span.rows, span.positions, span.stride) = (cut.rows(), cut.positions(), cut.states() * self.hidden);
        span.states.grow(self.cell.parts * span.stride);
        for part in 0..self.cell.parts {
            span.states[part * span.stride..][..n].copy_from_slice(&before[part * all..][..n]);
        }
    }
}
