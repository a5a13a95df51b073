//! The input of the first layer: numbers, or rows of an embedding table.
//!
//! If a window has more positions than the table has rows, the input projection is applied to the table
//! instead of the window: each position then copies a row of `P = E W_ihᵀ + b`, with the same bits. The
//! backward pass sums dP by row, and
//!
//! ```text
//! d_E = dP W_ih        d_W_ih = dPᵀ E        d_b_ih = Σ_v dP_v
//! ```

use super::pass::Pass;
use crate::bptt::layer::{Below, Layer, LayerInput, Source, Work};
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::Buffer;
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::packed_shape::{PackedShape, TimeSlice};
use longspan_kernel::rows::{gather_rows, scatter_rows};

/// The input of the first layer at the positions of a window.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, R> {
    /// x `[positions, D]`.
    Numbers(&'a [R]),
    /// Rows of a parameter `[V, D]`, given by its index in the layout: one row index per position.
    Rows(usize, &'a [u32]),
}

/// A window of steps: the rows of each step, and the input of the first layer.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a, R> {
    /// The rows of each step.
    pub shape: &'a PackedShape,
    /// The input of the first layer.
    pub input: Input<'a, R>,
}

/// A table up to this length is projected for any window, so that a stream of single steps finds its input
/// projected.
const SHORT: usize = 256;

/// Provides the first layer's input chunk by chunk and accumulates the gradient with respect to it.
pub(super) struct Reader<R> {
    width: usize,
    x: Buffer<R>,
    d_x: Buffer<R>,
    /// P `[V, G·H]` and its gradient.
    projected: Buffer<R>,
    d_projected: Buffer<R>,
    /// Number of rows of the table in `projected`; 0 if they were computed from older weights.
    rows: usize,
    /// Whether the current window reads the projected table.
    in_use: bool,
    projected_width: usize,
}

impl<R: Real> Reader<R> {
    /// Builds a reader for an input of width `width`.
    pub(super) fn new(width: usize) -> Self {
        let nothing = || Buffer::zeros(0);
        Self {
            width,
            x: nothing(),
            d_x: nothing(),
            projected: nothing(),
            d_projected: nothing(),
            rows: 0,
            in_use: false,
            projected_width: 0,
        }
    }

    /// # Panics
    /// If the input is not as long as `positions`.
    pub(super) fn check(&self, input: Input<'_, R>, positions: usize) {
        let (found, wanted) = match input {
            Input::Numbers(x) => (x.len(), positions * self.width),
            Input::Rows(_, indices) => (indices.len(), positions),
        };
        assert_eq!(found, wanted, "length of the input: {positions} positions of width {}", self.width);
    }

    /// Discards the projected table, because the weights have changed.
    pub(super) fn invalidate(&mut self) {
        self.rows = 0;
    }

    /// Returns the table `[V, D]` with this index in the layout.
    fn table<'a>(&self, params: &'a Params<R>, index: usize) -> Mat<'a, R> {
        let rows = params.tensor(index);
        Mat::new(rows, rows.len() / self.width, self.width)
    }

    /// Projects the table if that saves work for this window. A mask on its rows forbids it.
    pub(super) fn project(&mut self, pass: &Pass<'_, R>, layer: &Layer<R>, input: Input<'_, R>) {
        self.in_use = false;
        let Input::Rows(table, indices) = input else { return };
        let table = self.table(pass.params, table);
        if pass.dropout.is_some() || table.rows() > indices.len().max(SHORT) {
            return;
        }
        self.in_use = true;
        self.projected_width = layer.projected_width();
        if self.rows != table.rows() {
            self.rows = table.rows();
            self.projected.grow(self.rows * self.projected_width);
            layer.project(pass.ctx, table, MatMut::new(&mut self.projected, self.rows, self.projected_width));
        }
    }

    /// Returns the layer's input in a chunk.
    pub(super) fn read<'a>(
        &'a mut self,
        pass: &Pass<'_, R>,
        input: Input<'a, R>,
        slice: TimeSlice<'_>,
    ) -> Source<'a, R> {
        let (at, count, width) = (slice.first_position(), slice.positions(), self.width);
        match input {
            Input::Numbers(x) => Source::Rows(Mat::new(&x[at * width..][..count * width], count, width)),
            Input::Rows(_, indices) if self.in_use => {
                let projected = Mat::new(&self.projected[..], self.rows, self.projected_width);
                Source::Projected(projected, &indices[at..at + count])
            }
            Input::Rows(table, indices) => {
                let table = self.table(pass.params, table);
                self.x.grow(count * width);
                let x = &mut self.x[..count * width];
                gather_rows(pass.ctx, table, &indices[at..at + count], MatMut::new(x, count, width));
                if let Some(dropout) = pass.dropout {
                    dropout.apply(pass.ctx, 0, slice, width, x);
                }
                Source::Rows(Mat::new(x, count, width))
            }
        }
    }

    /// Sets dP to zero.
    pub(super) fn open_gradient(&mut self) {
        if self.in_use {
            let len = self.rows * self.projected_width;
            self.d_projected.grow(len);
            self.d_projected[..len].fill(R::ZERO);
        }
    }

    /// Runs the layer backwards over a chunk by calling `run`, and stores the gradient with respect to its
    /// input: in `d_x`, or added to the table's rows.
    pub(super) fn backward(
        &mut self,
        pass: &Pass<'_, R>,
        input: Input<'_, R>,
        slice: TimeSlice<'_>,
        d_x: Option<&mut [R]>,
        grads: &mut Params<R>,
        run: impl FnOnce(LayerInput<'_, R>, &mut Params<R>),
    ) {
        let (at, count, width) = (slice.first_position(), slice.positions(), self.width);
        match input {
            Input::Numbers(_) => {
                let source = self.read(pass, input, slice);
                let gradient = d_x.map_or(Below::Nothing, |d_x| {
                    Below::Rows(MatMut::new(&mut d_x[at * width..][..count * width], count, width))
                });
                run(LayerInput { source, gradient }, grads);
            }
            Input::Rows(_, indices) if self.in_use => {
                let projected = Mat::new(&self.projected[..], self.rows, self.projected_width);
                let d_table = MatMut::new(&mut self.d_projected, self.rows, self.projected_width);
                let source = Source::Projected(projected, &indices[at..at + count]);
                run(LayerInput { source, gradient: Below::Projected(d_table) }, grads);
            }
            Input::Rows(table, indices) => {
                let mut d_x = std::mem::replace(&mut self.d_x, Buffer::zeros(0));
                d_x.grow(count * width);
                let source = self.read(pass, input, slice);
                let gradient = Below::Rows(MatMut::new(&mut d_x, count, width));
                run(LayerInput { source, gradient }, grads);
                if let Some(dropout) = pass.dropout {
                    dropout.apply(pass.ctx, 0, slice, width, &mut d_x[..count * width]);
                }
                let rows = self.table(pass.params, table).rows();
                let d_table = MatMut::new(grads.tensor_mut(table), rows, width);
                scatter_rows(pass.ctx, &indices[at..at + count], Mat::new(&d_x, count, width), d_table);
                self.d_x = d_x;
            }
        }
    }

    /// Propagates dP back through the projection.
    pub(super) fn close_gradient(
        &mut self,
        pass: &Pass<'_, R>,
        layer: &Layer<R>,
        input: Input<'_, R>,
        work: &mut Work<R>,
        grads: &mut Params<R>,
    ) {
        let Input::Rows(index, _) = input else { return };
        if self.in_use {
            let table = Mat::new(pass.params.tensor(index), self.rows, self.width);
            let d_projected = Mat::new(&self.d_projected[..], self.rows, self.projected_width);
            layer.project_back(pass.ctx, table, d_projected, work, grads, index);
        }
    }
}
