//! What stands between the layers of a stack, and between the top one and what reads the stack.
//!
//! With h^l what layer l (or its two directions, side by side) puts out, r_l what arrives below layer l and u_l what it reads:
//!
//! ```text
//! r_1 = h^0      r_{l+1} = h^l                  plain
//!                r_{l+1} = h^l + r_l            residual, l ≥ 1
//! u_l = mask_l(norm_l(r_l))                     for l ≥ 1; layer 0 reads the input, masked where it is rows of a table
//! y   = norm_L(r_L)
//! ```
//!
//! The norm stands before the layer, outside the residual path ("pre-norm"): from y down to r_1 there is a path of sums alone,
//! on which no mask and no norm meets the gradient. Behind the sum, each norm would scale that path too, and a deep stack
//! needs a slow start to learn. Layer 0 has no residual connection, whatever the widths: what it reads is not what a layer has
//! put out, and a stack does not become another one when an input happens to be as wide as its layers.
//!
//! # References
//! Residual stacks: Wu et al., "Google's neural machine translation system", 2016; He et al., "Identity mappings in deep residual
//! networks", ECCV 2016. Order of norm and sum: Xiong et al., "On layer normalization in the transformer architecture", ICML 2020.

use super::norm::LayerNorm;
use crate::bptt::dropout::Dropout;
use crate::bptt::layer::LayerStates;
use crate::cell::Real;
use crate::params::{Layout, Params};
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::TimeSlice;
use longspan_kernel::rows::for_each_row;
use longspan_kernel::{Buffer, Context};

/// r_l at the positions of some steps: what arrives below layer l, or for l = L at what reads the stack.
#[derive(Clone, Copy)]
pub(super) struct Arriving<'a, R> {
    /// l.
    pub(super) layer: usize,
    pub(super) cut: TimeSlice<'a>,
    /// `[positions, width]`.
    pub(super) values: Mat<'a, R>,
}

/// What stands above each layer of a stack.
pub(super) struct Connections<R> {
    residual: bool,
    /// norm_1 … norm_L; empty without.
    norms: Vec<LayerNorm>,
    work: Buffer<R>,
}

impl<R: Real> Connections<R> {
    /// Of `layers` layers that put out `width` numbers; adds the norms to the layout.
    pub(super) fn new(layers: usize, width: usize, residual: bool, norm: bool, layout: &mut Layout) -> Self {
        let norms = (1..=layers).filter(|_| norm).map(|l| LayerNorm::new(l, width, layout)).collect();
        Self { residual, norms, work: Buffer::zeros(0) }
    }

    /// Of layers that read just what the ones below put out.
    pub(super) fn plain() -> Self {
        Self { residual: false, norms: Vec::new(), work: Buffer::zeros(0) }
    }

    /// Whether r_{l+1} is a sum.
    pub(super) fn sums_up(&self, l: usize) -> bool {
        self.residual && l > 0
    }

    /// The values of r_l at the positions of a chunk: what layer l − 1 has put out, or the sum.
    pub(super) fn arriving<'a>(&self, l: usize, output: Mat<'a, R>, sums: &'a [Buffer<R>]) -> Mat<'a, R> {
        if self.sums_up(l - 1) { Mat::new(&sums[l], output.rows(), output.cols()) } else { output }
    }

    /// r_{l+1} = h^l + r_l of a chunk that layer l has run over, where it is a sum.
    pub(super) fn add_up(
        &self,
        ctx: &Context<R>,
        l: usize,
        spans: &[LayerStates<R>],
        sums: &mut [Buffer<R>],
    ) {
        if !self.sums_up(l) {
            return;
        }
        let (below, above) = sums.split_at_mut(l + 1);
        let (output, arriving) = (spans[l].output(), self.arriving(l, spans[l - 1].output(), below));
        let (width, len) = (output.cols(), output.rows() * output.cols());
        above[0].grow(len);
        above[0][..len].copy_from_slice(&output.data()[..len]);
        add(ctx, width, &mut above[0][..len], arriving.data());
    }

    /// u_l of r_l: r_l itself, or a changed copy of it; for l = L what comes out of the stack.
    pub(super) fn read<'a>(
        &self,
        ctx: &Context<R>,
        params: &Params<R>,
        dropout: Option<Dropout>,
        arriving: Arriving<'a, R>,
        copy: &'a mut Buffer<R>,
    ) -> Mat<'a, R> {
        let Arriving { layer, cut, values } = arriving;
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
            dropout.apply(ctx, layer, cut, width, read);
        }
        Mat::new(read, rows, width)
    }

    /// Turns tangents of r_l into those of u_l without masks: K of each row `[B · K, H]`, where r_l is `arrives` `[B, H]`.
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

    /// Turns the gradient by u_l into the part of that by r_l that comes through it.
    pub(super) fn read_back(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        dropout: Option<Dropout>,
        arriving: Arriving<'_, R>,
        d: &mut [R],
        grads: &mut Params<R>,
    ) {
        let Arriving { layer, cut, values } = arriving;
        if let Some(dropout) = dropout {
            dropout.apply(ctx, layer, cut, values.cols(), d);
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
