//! Learned initial states: one vector per layer, direction and state part, shared by all rows.
//!
//! ```text
//! s_{0,b} = w for every row b that starts from it            d_w = Σ_b ∂ℒ/∂s_{0,b}
//! ```

use super::State;
use crate::cell::Real;
use crate::params::{Group, Layout, Params};
use longspan_kernel::Context;
use longspan_kernel::matrix::Mat;
use longspan_kernel::rows::add_column_sums;

/// The vectors' indices in the layout, `[layer][part]`; layer indices are those of a [`State`].
pub(super) struct LearnedState(Vec<Vec<usize>>);

impl LearnedState {
    /// Adds `rnn.h0_{layer}` and, for a cell with two state parts, `rnn.c0_{layer}` of each layer to the
    /// layout, `[H]`.
    pub(super) fn new(layers: &[String], parts: usize, hidden: usize, layout: &mut Layout) -> Self {
        let mut of = |layer: &String| {
            let names = ["h0", "c0"].iter().take(parts);
            names.map(|name| layout.push(format!("rnn.{name}_{layer}"), &[hidden], Group::Bias)).collect()
        };
        Self(layers.iter().map(&mut of).collect())
    }

    /// Sets every row to the learned initial state.
    pub(super) fn begin<R: Real>(&self, params: &Params<R>, state: &mut State<R>) {
        for (layer, parts) in self.0.iter().enumerate() {
            let state = state.layer_mut(layer);
            let all = state.len() / parts.len();
            for (&index, rows) in parts.iter().zip(state.chunks_mut(all.max(1))) {
                let learned = params.tensor(index);
                rows.chunks_mut(learned.len()).for_each(|row| row.copy_from_slice(learned));
            }
        }
    }

    /// Adds the gradients of the vectors, computed from those of the states of rows that started from them.
    pub(super) fn add_gradient<R: Real>(&self, ctx: &Context<R>, d_state: &State<R>, grads: &mut Params<R>) {
        for (layer, parts) in self.0.iter().enumerate() {
            let d_state = d_state.layer(layer);
            let all = d_state.len() / parts.len();
            for (&index, rows) in parts.iter().zip(d_state.chunks(all.max(1))) {
                let out = grads.tensor_mut(index);
                add_column_sums(ctx, Mat::new(rows, rows.len() / out.len(), out.len()), out);
            }
        }
    }
}
