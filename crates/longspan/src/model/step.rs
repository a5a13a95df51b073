//! Step-by-step inference on a sequence whose end is not known yet.
//!
//! With h_t the top layer's output at step t of a row, the readout reads h_t itself or the running mean:
//!
//! ```text
//! p_t = (1 / t) Σ_{s ≤ t} h_s
//! ```
//!
//! The sums have the order of [`Pooling::read`]. After the last step the output equals that for the whole
//! sequence, up to the rounding of the matrix products.

use super::Model;
use crate::bptt::{Input, Keep, Pass, State, Window};
use crate::cell::Real;
use crate::model::pooling::Pooling;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::packed_shape::PackedShape;

/// The input of one step, for all rows.
#[derive(Clone, Copy, Debug)]
pub enum StepInput<'a, R> {
    /// A token, `[B]`.
    Tokens(&'a [u32]),
    /// Numbers, `[B, D]`.
    Numbers(&'a [R]),
}

/// The state of a step-by-step inference, see [`Model::step`].
///
/// # Examples
/// ```
#[doc = include_str!("../../examples/stream.rs")]
/// ```
#[derive(Clone)]
pub struct Steps<R> {
    state: State<R>,
    /// The state before the first step.
    fresh: State<R>,
    /// Σ h_s `[B, H]` if the readout reads a mean, otherwise empty.
    sum: Vec<R>,
    /// The mean p_t.
    mean: Vec<R>,
    count: u64,
}

impl<R: Real> Steps<R> {
    /// Number of steps so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Starts new sequences.
    pub fn clear(&mut self) {
        self.state.copy_from(&self.fresh);
        self.sum.fill(R::ZERO);
        self.count = 0;
    }

    /// Copies the state of `other`, which was built with the same shape; allocates nothing.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn copy_from(&mut self, other: &Self) {
        self.state.copy_from(&other.state);
        self.sum.copy_from_slice(&other.sum);
        self.count = other.count;
    }
}

impl<R: Real> Model<R> {
    /// Starts `rows` sequences, see [`Model::begin`].
    ///
    /// # Panics
    /// If the model is bidirectional.
    pub fn steps(&self, params: &Params<R>, rows: usize) -> Steps<R> {
        let mut state = self.zero_state(rows);
        self.begin(params, &mut state);
        self.steps_from(state)
    }

    /// Starts sequences from a given state, see [`Model::steps`].
    ///
    /// # Panics
    /// If the model is bidirectional.
    pub fn steps_from(&self, state: State<R>) -> Steps<R> {
        assert!(!self.spec.bidirectional, "a bidirectional model reads whole sequences, not single steps");
        let pooled = match self.spec.pool {
            Pooling::Last | Pooling::BothEnds => 0,
            Pooling::Mean => state.rows(self.spec.hidden) * self.spec.hidden,
        };
        let (sum, mean) = (vec![R::ZERO; pooled], vec![R::ZERO; pooled]);
        Steps { fresh: state.clone(), state, sum, mean, count: 0 }
    }

    /// Runs one step of every row and writes the outputs, `[B, K]`: logits of classes or labels, or values.
    /// Allocates nothing after the first step.
    ///
    /// # Panics
    /// If a length does not fit the rows, or the model reads another kind of input.
    pub fn step(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        read: StepInput<'_, R>,
        steps: &mut Steps<R>,
        out: &mut [R],
    ) {
        let hidden = self.spec.hidden;
        let rows = steps.state.rows(hidden);
        let input = match (read, self.embedding) {
            (StepInput::Tokens(tokens), Some(embedding)) => Input::Rows(embedding, tokens),
            (StepInput::Numbers(numbers), None) => Input::Numbers(numbers),
            _ => panic!("a step of {read:?} does not fit the input of {:?}", self.spec),
        };
        self.y.grow(rows * hidden);
        let y = &mut self.y[..rows * hidden];
        let window = Window { shape: &PackedShape::even(1, rows), input };
        self.stack.forward(&mut Pass::new(ctx, params), window, Keep::Outputs, &mut steps.state, y);
        steps.count += 1;
        let seen = match self.spec.pool {
            Pooling::Last | Pooling::BothEnds => &*y,
            Pooling::Mean => {
                let share = R::from_f64(1.0 / steps.count as f64);
                for ((mean, sum), &h) in steps.mean.iter_mut().zip(&mut steps.sum).zip(&*y) {
                    *sum += h;
                    *mean = *sum * share;
                }
                &steps.mean
            }
        };
        self.readout.outputs(ctx, params, seen, out);
    }
}
