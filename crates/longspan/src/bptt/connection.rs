//! The connections between the layers of a stack, and between its top layer and its output.
//!
//! Let h^l be the output of layer l (of both directions, side by side, in a bidirectional stack), r_l the
//! input below layer l before normalisation and dropout, and u_l the input that layer l reads:
//!
//! ```text
//! r_1 = h^0      r_{l+1} = h^l                  plain
//!                r_{l+1} = h^l + r_l            residual, l ≥ 1
//! u_l = mask_l(norm_l(r_l))                     for l ≥ 1; layer 0 reads the input, masked where it is rows of a table
//! y   = norm_L(r_L)
//! ```
//!
//! The norm is applied to the layer's input, outside the residual path ("pre-norm"): from y to r_1 there is a
//! path of sums only, on which no mask and no norm changes the gradient. A norm after the sum would scale
//! that path too, and a deep stack would need a learning-rate warm-up. Layer 0 has no residual connection,
//! whatever the widths: its input is not a layer's output, and a stack must not change its structure because
//! an input happens to be as wide as its layers.
//!
//! # References
//! Residual stacks: Wu et al., "Google's neural machine translation system", 2016; He et al., "Identity
//! mappings in deep residual networks", ECCV 2016. Order of norm and sum: Xiong et al., "On layer
//! normalization in the transformer architecture", ICML 2020.

use super::norm::LayerNorm;
use crate::bptt::dropout::Dropout;
use crate::bptt::layer::LayerStates;
use crate::cell::Real;
use crate::params::{Layout, Params};
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::TimeSlice;
use longspan_kernel::rows::for_each_row;
use longspan_kernel::{Buffer, Context};

/// r_l at the positions of some steps: the input below layer l or, for l = L, of the stack's output.
#[derive(Clone, Copy)]
pub(super) struct Arriving<'a, R> {
    /// The layer index l.
    pub(super) layer: usize,
    pub(super) slice: TimeSlice<'a>,
    /// `[positions, width]`.
    pub(super) values: Mat<'a, R>,
}

/// The connections above each layer of a stack.
pub(super) struct Connections<R> {
    residual: bool,
    /// norm_1 … norm_L; empty without normalisation.
    norms: Vec<LayerNorm>,
    work: Buffer<R>,
}

impl<R: Real> Connections<R> {
    /// Builds the connections of `layers` layers of output width `width`, and adds the norms to the layout.
    pub(super) fn new(layers: usize, width: usize, residual: bool, norm: bool, layout: &mut Layout) -> Self {
        let norms = (1..=layers).filter(|_| norm).map(|l| LayerNorm::new(l, width, layout)).collect();
        Self { residual, norms, work: Buffer::zeros(0) }
    }

    /// Builds plain connections: each layer reads the output of the layer below.
    pub(super) fn plain() -> Self {
        Self { residual: false, norms: Vec::new(), work: Buffer::zeros(0) }
    }

    /// Whether r_{l+1} is a sum of h^l and r_l.
    pub(super) fn sums_up(&self, l: usize) -> bool {
        self.residual && l > 0
    }

    /// Returns r_l at the positions of a chunk: the output of layer l − 1, or the sum.
    pub(super) fn arriving<'a>(&self, l: usize, output: Mat<'a, R>, sums: &'a [Buffer<R>]) -> Mat<'a, R> {
        if self.sums_up(l - 1) { Mat::new(&sums[l], output.rows(), output.cols()) } else { output }
    }

    /// Computes r_{l+1} = h^l + r_l after layer l has run over a chunk, where it is a sum.
    pub(super) fn add_up(
        &self,
        ctx: &Context<R>,
        l: usize,
        states: &[LayerStates<R>],
        sums: &mut [Buffer<R>],
    ) {
        if !self.sums_up(l) {
            return;
        }
        let (below, above) = sums.split_at_mut(l + 1);
        let (output, arriving) = (states[l].output(), self.arriving(l, states[l - 1].output(), below));
        let (width, len) = (output.cols(), output.rows() * output.cols());
        above[0].grow(len);
        above[0][..len].copy_from_slice(&output.data()[..len]);
        add(ctx, width, &mut above[0][..len], arriving.data());
    }

    /// Computes u_l from r_l: r_l itself, or a changed copy of it. For l = L it is the stack's output.
    pub(super) fn read<'a>(
        &self,
        ctx: &Context<R>,
        params: &Params<R>,
        dropout: Option<Dropout>,
        arriving: Arriving<'a, R>,
        copy: &'a mut Buffer<R>,
    ) -> Mat<'a, R> {
        let Arriving { layer, slice, values } = arriving;
        let norm = self.norms.get(layer - 1);
        if dropout.is_none() && norm.is_none() {
            return values;
        }
        let (rows, width) = (values.rows(), values.cols());
        copy.grow(rows * width);
        let read = &mut copy[..rows * width];
        read.copy_from_slice(&values.data()[..rows * width]);
        if let Some(norm) = norm {
            norm.forward(ctx, params, read);
        }
        if let Some(dropout) = dropout {
            dropout.apply(ctx, layer, slice, width, read);
        }
        Mat::new(read, rows, width)
    }

    /// Maps tangents of r_l to tangents of u_l, without masks: K of each row `[B · K, H]`, where r_l is
    /// `arrives` `[B, H]`.
    pub(super) fn read_tangents(
        &self,
        ctx: &Context<R>,
        params: &Params<R>,
        l: usize,
        arrives: Mat<'_, R>,
        tangents: &mut [R],
    ) {
        if let Some(norm) = self.norms.get(l - 1) {
            norm.tangents(ctx, params, arrives, tangents);
        }
    }

    /// Maps the gradient with respect to u_l to its contribution to the gradient with respect to r_l. Without
    /// `grads`, the gradients of the norms' weights are not computed.
    pub(super) fn read_back(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        dropout: Option<Dropout>,
        arriving: Arriving<'_, R>,
        d: &mut [R],
        grads: Option<&mut Params<R>>,
    ) {
        let Arriving { layer, slice, values } = arriving;
        if let Some(dropout) = dropout {
            dropout.apply(ctx, layer, slice, values.cols(), d);
        }
        if let Some(norm) = self.norms.get(layer - 1) {
            norm.backward(ctx, params, values.data(), d, &mut self.work, grads);
        }
    }
}

/// `to` += `from`, both `[positions, width]`.
pub(super) fn add<R: Real>(ctx: &Context<R>, width: usize, to: &mut [R], from: &[R]) {
    for_each_row(ctx, to, width, |position, to| {
        to.iter_mut().zip(&from[position * width..]).for_each(|(to, &from)| *to += from);
    });
}
