//! The gradients of a layer's weights over a chunk: sums over positions of deltas times inputs or states.

use super::memory::Work;
use super::states::LayerChunk;
use super::weights::{Layer, Tensors};
use crate::cell::Factor;
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::gemm::{Start, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::recurrent::{Operand, Phase};
use longspan_kernel::rows::{add_column_dots, add_column_sums};

impl<R: Real> Layer<R> {
    /// `x` is None if [`Layer::project_back`] computes the gradients of the input weights.
    pub(super) fn weight_gradients(
        &self,
        ctx: &Context<R>,
        x: Option<Mat<'_, R>>,
        chunk: &LayerChunk<'_, R>,
        work: &mut Work<R>,
        grads: &mut Params<R>,
    ) {
        let (slice, tape, states) = (chunk.slice, &*chunk.tape, &*chunk.states);
        let (hidden, shape, count) = (self.hidden, &self.cell, states.positions);
        let width = shape.gates * hidden;
        let deltas = |first, gates| slots(&work.deltas, count, shape.deltas, hidden, first, gates);
        let hidden_before = states.before(slice, 0, &mut work.before);
        let Tensors { weight_ih, weight_hh, bias_ih, bias_hh, .. } = self.tensors;
        let [d_ih, d_hh, d_bias_ih, d_bias_hh] = grads.tensors_mut([weight_ih, weight_hh, bias_ih, bias_hh]);
        let products = &mut work.products;
        let d_ih = MatMut::new(d_ih, width, self.input);
        match (shape.phases, x) {
            (&[Phase { operand: Operand::Hidden, delta: 0, .. }], Some(x)) => {
                // The gradients with respect to the input's and the state's pre-activations are equal, and so
                // are their sums.
                work.sums.fill(R::ZERO);
                let d_hh = MatMut::new(d_hh, width, hidden);
                let both = [(x, d_ih), (hidden_before, d_hh)];
                accumulate_transposed(ctx, deltas(0, shape.gates), both, products, Some(&mut work.sums));
                for d_bias in [d_bias_ih, d_bias_hh] {
                    d_bias.iter_mut().zip(&work.sums[..]).for_each(|(d, &sum)| *d += sum);
                }
            }
            (phases, x) => {
                if let Some(x) = x {
                    let deltas = deltas(0, shape.gates);
                    accumulate_transposed(ctx, deltas, [(x, d_ih)], products, Some(d_bias_ih));
                }
                for phase in phases {
                    let operand = match phase.operand {
                        Operand::Hidden => hidden_before,
                        Operand::Tape { slot, .. } => slots(&tape.gates, count, shape.tape, hidden, slot, 1),
                    };
                    let (first, rows) = (phase.first_gate * hidden, phase.gates * hidden);
                    let d_hh = MatMut::new(&mut d_hh[first * hidden..], rows, hidden);
                    let d_bias = Some(&mut d_bias_hh[first..first + rows]);
                    let deltas = deltas(phase.delta, phase.gates);
                    accumulate_transposed(ctx, deltas, [(operand, d_hh)], products, d_bias);
                }
            }
        }
        if let Some(index) = self.tensors.peephole {
            for (weight, peephole) in shape.peepholes.iter().enumerate() {
                let factor = match peephole.factor {
                    Factor::Previous(part) => states.before(slice, part, &mut work.before),
                    Factor::Next(part) => {
                        Mat::new(&states.values[part * states.stride + states.rows * hidden..], count, hidden)
                    }
                };
                let out = &mut grads.tensor_mut(index)[weight * hidden..][..hidden];
                add_column_dots(ctx, deltas(peephole.delta, 1), factor, out);
            }
        }
        if let (Some(index), Some(slot)) = (self.tensors.step, shape.step_delta) {
            let sums = &mut work.sums[..hidden];
            sums.fill(R::ZERO);
            add_column_sums(ctx, deltas(slot, 1), sums);
            grads.tensor_mut(index)[0] += sums.iter().fold(R::ZERO, |sum, &x| sum + x);
        }
    }
    /// Adds the gradients of a table's rows and of W_ih and b_ih, computed from that of the projected table,
    /// `d_projected` `[V, G·H]`, to d_table and `grads`.
    pub fn project_back(
        &self,
        ctx: &Context<R>,
        table: Mat<'_, R>,
        d_projected: Mat<'_, R>,
        work: &mut Work<R>,
        grads: &mut Params<R>,
        table_index: usize,
    ) {
        let width = self.cell.gates * self.hidden;
        let [d_ih, d_bias, d_table] =
            grads.tensors_mut([self.tensors.weight_ih, self.tensors.bias_ih, table_index]);
        let d_ih = MatMut::new(d_ih, width, self.input);
        accumulate_transposed(ctx, d_projected, [(table, d_ih)], &mut work.products, Some(d_bias));
        let d_table = MatMut::new(d_table, table.rows(), self.input);
        product(ctx, d_projected, &self.input_backward, Start::Keep, d_table);
    }
}

/// `count` adjacent slots of every row, as a matrix.
pub(super) fn slots<R>(
    data: &[R],
    rows: usize,
    all: usize,
    hidden: usize,
    first: usize,
    count: usize,
) -> Mat<'_, R> {
    Mat::strided(&data[first * hidden..], rows, count * hidden, all * hidden)
}
