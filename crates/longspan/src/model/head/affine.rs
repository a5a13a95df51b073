//! The affine map that every readout starts with: x = W h + b.

use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::gemm::{Start, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::{Context, InstructionSet, Packed, Weights};

/// W `[K, H]` and b `[K]` of the layout. The first call that needs Wᵀ packs it.
pub(super) struct Affine<R> {
    pub(super) weight: usize,
    pub(super) bias: usize,
    pub(super) hidden: usize,
    pub(super) width: usize,
    packed: Packed<R>,
    /// Whether the packed Wᵀ belongs to the current weights.
    fresh: bool,
}

impl<R: Real> Affine<R> {
    pub(super) fn new(isa: InstructionSet, weight: usize, bias: usize, hidden: usize, width: usize) -> Self {
        Self { weight, bias, hidden, width, packed: Packed::new(isa, hidden, 1, width), fresh: false }
    }

    /// Discards the packed Wᵀ, because the weights have changed.
    pub(super) fn invalidate(&mut self) {
        self.fresh = false;
    }

    /// Returns W, as stored in the layout.
    pub(super) fn weights<'a>(&self, params: &'a Params<R>) -> Mat<'a, R> {
        Mat::new(params.tensor(self.weight), self.width, self.hidden)
    }

    /// Computes x `[rows, K]` of `h` `[rows, H]`.
    pub(super) fn apply(&mut self, ctx: &Context<R>, params: &Params<R>, h: &[R], x: &mut [R]) {
        if !self.fresh {
            self.packed.pack(ctx, Weights::Transposed(self.weights(params)));
            self.fresh = true;
        }
        let (rows, bias) = (h.len() / self.hidden, Start::Bias(params.tensor(self.bias)));
        product(ctx, Mat::new(h, rows, self.hidden), &self.packed, bias, MatMut::new(x, rows, self.width));
    }
}
