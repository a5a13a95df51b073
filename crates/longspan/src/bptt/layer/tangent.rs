//! The Jacobian of a layer's state along a trajectory, as products with vectors.

use std::ops::Range;

use super::states::LayerChunk;
use super::weights::Layer;
use crate::cell::Real;
use longspan_kernel::gemm::{Start, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::recurrent::Tangents;
use longspan_kernel::{Buffer, Context, InstructionSet};

/// The Jacobians J_t = ∂s_t/∂s_{t−1} of one layer over a chunk; together with its recurrent weights they are
/// complete.
pub struct Jacobians<R> {
    /// `[positions, width]`.
    coefficients: Buffer<R>,
    width: usize,
    rows: usize,
}

impl<R: Real> Jacobians<R> {
    /// Returns an empty value, to be filled by [`Layer::linearise`].
    pub fn new() -> Self {
        Self { coefficients: Buffer::zeros(0), width: 0, rows: 0 }
    }
}

impl<R: Real> Default for Jacobians<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Tangents of a layer's state at one step: K of each row.
pub struct TangentStep<'a, R> {
    /// ṡ_{t−1} `[B · K, parts · H]`.
    pub before: Mat<'a, R>,
    /// ṡ_t, overwritten.
    pub after: MatMut<'a, R>,
    /// W_ih ẋ `[B · K, G · H]`, see [`Layer::inflow`]; None where the input does not change.
    pub inflow: Option<Mat<'a, R>>,
}

impl<R: Real> Layer<R> {
    /// Size of the state of one row: parts · H.
    pub fn state_width(&self) -> usize {
        self.cell.parts * self.hidden
    }

    /// Computes the Jacobians of a chunk over which the layer was run forwards.
    ///
    /// # Panics
    /// If a row ends inside the chunk.
    pub fn linearise(&self, ctx: &Context<R>, mut chunk: LayerChunk<'_, R>, to: &mut Jacobians<R>) {
        let slice = chunk.slice;
        assert!(slice.is_even(), "Jacobians need rows of equal length, but a row ends inside the chunk");
        (to.width, to.rows) = (self.cell.jacobian * self.hidden, slice.rows());
        to.coefficients.grow(slice.positions() * to.width);
        let (mut buffers, _) = chunk.recurrent(&self.weights);
        self.passes().linearise(ctx, &mut buffers, &mut to.coefficients);
    }

    /// Computes ṡ_t = J_t ṡ_{t−1} + (∂s_t/∂x_t) ẋ at step t of the chunk, for K tangents of each of the
    /// batch's rows `of`, on the calling thread. The weights are those last packed for the forward pass.
    ///
    /// `operands` is working memory.
    pub fn tangents(
        &self,
        isa: InstructionSet,
        jacobians: &Jacobians<R>,
        (t, of): (usize, Range<usize>),
        step: TangentStep<'_, R>,
        operands: &mut Buffer<R>,
    ) {
        let TangentStep { before, after, inflow } = step;
        let width = jacobians.width;
        let first = (t * jacobians.rows + of.start) * width;
        let jacobian = Mat::new(&jacobians.coefficients[first..], of.len(), width);
        let hidden = self.hidden;
        operands.grow(before.rows() * self.cell.operands * hidden);
        let step = Tangents { hidden, jacobian, before, after, inflow, operands };
        self.passes().tangents(isa, &self.hidden_forward, step);
    }

    /// Computes W_ih ẋ of tangents ẋ `[K, D]`: `[K, G · H]`.
    pub fn inflow(&self, ctx: &Context<R>, tangents: Mat<'_, R>, to: MatMut<'_, R>) {
        product(ctx, tangents, &self.input_forward, Start::Zero, to);
    }
}
