//! One step after another: what a model says while a sequence is still coming.
//!
//! With h_t the top layer's output at step t of a row, a readout sees h_t itself, or the mean of what there has been:
//!
//! ```text
//! p_t = (1 / t) Σ_{s ≤ t} h_s
//! ```
//!
//! The sums are taken in the order of [`Pooling::read`], so that after the last step a sequence has had the
//! output that it has as a whole, to the rounding of other products.

use super::Model;
use crate::bptt::{Input, Keep, Pass, State, Window};
use crate::cell::Real;
use crate::model::pooling::Pooling;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::packed_shape::PackedShape;

/// What one step reads, for each row.
#[derive(Clone, Copy, Debug)]
pub enum StepInput<'a, R> {
    /// A token, `[B]`.
    Tokens(&'a [u32]),
    /// Numbers, `[B, D]`.
    Numbers(&'a [R]),
}

/// What some rows have read so far.
#[derive(Clone)]
pub struct Steps<R> {
    state: State<R>,
    /// The state before the first step.
    fresh: State<R>,
    /// Σ h_s `[B, H]` where the readout sees a mean, else empty.
    sum: Vec<R>,
    /// p_t.
    mean: Vec<R>,
    count: u64,
}

impl<R: Real> Steps<R> {
    /// Steps that were read.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Nothing has been read: new sequences begin.
    pub fn clear(&mut self) {
        self.state.copy_from(&self.fresh);
        self.sum.fill(R::ZERO);
        self.count = 0;
    }

    /// Becomes what `other` is, which began as this did; allocates nothing.
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
    /// The beginning of `rows` sequences, see [`Model::begin`].
    ///
    /// # Panics
    /// If the model reads rows both ways.
    pub fn steps(&self, params: &Params<R>, rows: usize) -> Steps<R> {
        let mut state = self.zero_state(rows);
        self.begin(params, &mut state);
        self.steps_from(state)
    }

    /// As [`Model::steps`], from a state.
    ///
    /// # Panics
    /// If the model reads rows both ways.
    pub fn steps_from(&self, state: State<R>) -> Steps<R> {
        assert!(!self.spec.bidirectional, "a step through a model that reads whole rows");
        let pooled = match self.spec.pool {
            Pooling::Last | Pooling::BothEnds => 0,
            Pooling::Mean => state.rows(self.spec.hidden) * self.spec.hidden,
        };
        let (sum, mean) = (vec![R::ZERO; pooled], vec![R::ZERO; pooled]);
        Steps { fresh: state.clone(), state, sum, mean, count: 0 }
    }

    /// Reads one step of every row and writes what comes out, `[B, K]`: logits of classes or of labels, or values.
    /// Allocates nothing after the first step.
    ///
    /// # Panics
    /// If a length does not fit the rows, or the model reads something else.
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
            _ => panic!("a step of {read:?} through {:?}", self.spec),
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
