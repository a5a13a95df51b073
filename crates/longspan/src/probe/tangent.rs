//! Products of the Jacobian of a whole stack with vectors: ṡ_t = J_t ṡ_{t−1}, through all layers.
//!
//! ```text
//! ṡ^l_t = J^l_t ṡ^l_{t−1} + (∂s^l_t/∂u^l_t) u̇^l_t        l = 1 … L−1;  for l = 0 the input stays: no second term
//! u̇^l_t = (∂u_l/∂r_l) ṙ_l        ṙ_{l+1} = ḣ^l_t, or ḣ^l_t + ṙ_l
//! ```
//!
//! Here r_l is the input below layer l, a sum in residual stacks, and u_l the input that the layer reads,
//! normalised in stacks with norms (see `bptt/connection.rs`). Both act within a step: the Jacobian of the
//! joint state is block-triangular with or without them.

use crate::bptt::layer::{Jacobians, Layer, TangentStep};
use crate::bptt::{ForwardChunk, State};
use crate::cell::Real;
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::{Buffer, Context};

/// Number of tangents per call of the kernel.
const PART: usize = 64;

/// K tangents of the state of every row of a batch.
pub struct StackTangents<R> {
    rows: usize,
    count: usize,
    /// Per layer `[B, K, n]`.
    layers: Vec<Buffer<R>>,
    next: Buffer<R>,
    /// ṙ_l and u̇_l: `[B, K, H]`.
    arriving: Buffer<R>,
    read: Buffer<R>,
    inflow: Buffer<R>,
    jacobians: Vec<Jacobians<R>>,
}

impl<R: Real> StackTangents<R> {
    /// Builds `count` zero tangents for each of the `rows` rows of a state like `state`.
    pub fn new(state: &State<R>, rows: usize, count: usize) -> Self {
        Self::of((0..state.layers()).map(|l| state.layer(l).len() / rows), rows, count)
    }

    /// Does the same as [`StackTangents::new`], for the states of these layers.
    pub fn of_layers(layers: &[Layer<R>], rows: usize, count: usize) -> Self {
        Self::of(layers.iter().map(Layer::state_width), rows, count)
    }

    /// Builds tangents for layers whose states have these widths.
    fn of(widths: impl Iterator<Item = usize>, rows: usize, count: usize) -> Self {
        let layers: Vec<_> = widths.map(|width| Buffer::zeros(width * rows * count)).collect();
        Self {
            rows,
            count,
            next: Buffer::zeros(0),
            arriving: Buffer::zeros(0),
            read: Buffer::zeros(0),
            inflow: Buffer::zeros(0),
            jacobians: layers.iter().map(|_| Jacobians::new()).collect(),
            layers,
        }
    }

    /// Returns one layer's tangents, `[B, K, parts · H]`: all parts of a tangent side by side.
    pub fn layer(&self, l: usize) -> &[R] {
        &self.layers[l]
    }

    /// Returns one layer's tangents for writing, see [`StackTangents::layer`].
    pub fn layer_mut(&mut self, l: usize) -> &mut [R] {
        &mut self.layers[l]
    }

    /// Computes the Jacobians of a chunk, for the steps that follow.
    pub fn linearise(&mut self, ctx: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        for (l, jacobians) in self.jacobians.iter_mut().enumerate() {
            chunk.linearise(ctx, l, jacobians);
        }
    }

    /// Replaces the tangents at t − 1 by those at t, with steps counted from the first step of the chunk.
    pub fn step(&mut self, ctx: &Context<R>, chunk: &ForwardChunk<'_, R>, t: usize) {
        let all = self.rows * self.count;
        for (l, layer) in chunk.layers().iter().enumerate() {
            let width = layer.state_width();
            let inflow_width = if l > 0 { layer.projected_width() } else { 0 };
            if l > 0 {
                let (below, hidden) = (&self.layers[l - 1], chunk.layers()[l - 1].hidden());
                self.arriving.grow(all * hidden);
                self.read.grow(all * hidden);
                self.inflow.grow(all * inflow_width);
                let (arriving, read) = (&mut self.arriving[..all * hidden], &mut self.read[..all * hidden]);
                let output = Mat::strided(below, all, hidden, below.len() / all);
                chunk.add_up_tangents(ctx, l, output, arriving);
                read.copy_from_slice(arriving);
                chunk.read_tangents(ctx, l, t, read);
                let read = Mat::new(read, all, hidden);
                layer.inflow(ctx, read, MatMut::new(&mut self.inflow, all, inflow_width));
            }
            self.next.grow(all * width);
            let (current, inflow, jacobians) = (&self.layers[l], &self.inflow, &self.jacobians[l]);
            let part = if self.rows > 1 { self.count } else { PART.min(self.count) };
            ctx.split_parts(&mut self.next[..all * width], part * width, |i, next| {
                let (first, count, row) = (i * part, next.len() / width, i * part / self.count);
                let inflow = (l > 0).then(|| Mat::new(&inflow[first * inflow_width..], count, inflow_width));
                let before = Mat::new(&current[first * width..], count, width);
                let after = MatMut::new(next, count, width);
                let operands = &mut Buffer::zeros(0);
                let step = TangentStep { before, after, inflow };
                layer.tangents(ctx.instruction_set(), jacobians, (t, row..row + 1), step, operands);
            });
            self.layers[l].copy_from_slice(&self.next[..all * width]);
        }
    }
}
