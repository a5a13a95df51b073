//! The effect of truncation on the gradient: backpropagation through K steps compared with the whole window.
//!
//! ```text
//! g_full   the gradient of the window's mean loss
//! g_K      the same loss with the window split every K steps: the state is carried over, no gradient crosses a split
//! ‖g_K‖ / ‖g_full‖        ‖g_K − g_full‖ / ‖g_full‖        ⟨g_K, g_full⟩ / (‖g_K‖ ‖g_full‖)
//! ```
//!
//! All parameters form one vector, at the same weights, sequence and initial state; sums are in f64, medians
//! over the batches. A batch whose full gradient is zero is left out, and so is the cosine of one whose
//! truncated gradient is zero.
//!
//! # References
//! Williams, Peng, "An efficient gradient-based algorithm for on-line training of recurrent network
//! trajectories", 1990.

use super::piece::{piece, scored, state_of};
use super::prepare::{Item, Prepared};
use super::watch::{Cancelled, Stage, Watch};
use crate::bptt::Pass;
use crate::cell::Real;
use crate::lag::order::median;
use crate::model::Model;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_record::credit::{CreditOptions, Measured, Reason, TruncationBias};

/// Compares truncated gradients with the full one on the first windows.
pub(super) fn truncation<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    prepared: &Prepared<R>,
    options: &CreditOptions,
    watch: &mut Watch<'_>,
) -> Result<Measured<Vec<TruncationBias>>, Cancelled> {
    let longest = prepared.items.iter().map(|item| item.batch.steps()).max().unwrap_or(0);
    let mut lengths: Vec<usize> =
        options.truncations.iter().copied().filter(|&k| k > 0 && k < longest).collect();
    if lengths.is_empty() {
        return Ok(Measured::Unknown(Reason::NoTruncation));
    }
    lengths.sort_unstable();
    let mut truncations = Truncations::new(lengths.into_iter(), params);
    let mut full = Params::zeros(params.layout().clone());
    let batches = prepared.items.len().min(options.truncation_batches);
    for (done, item) in prepared.items[..batches].iter().enumerate() {
        watch.step(Stage::Truncation, done, batches)?;
        full.clear();
        model.pack(ctx, params);
        model.train(&mut Pass::new(ctx, params), &item.batch, &mut item.before.clone(), &mut full);
        truncations.compare(ctx, model, params, item, &full);
    }
    Ok(Measured::unless_empty(truncations.report(), Reason::NoTruncation))
}

/// The bias of several truncations, batch by batch.
struct Truncations<R> {
    /// K, and the three numbers of each batch.
    found: Vec<(usize, Vec<[f64; 3]>)>,
    window: Params<R>,
    sum: Params<R>,
}

impl<R: Real> Truncations<R> {
    /// Starts a comparison for these lengths, ascending.
    fn new(lengths: impl Iterator<Item = usize>, params: &Params<R>) -> Self {
        let zeros = || Params::zeros(params.layout().clone());
        Self { found: lengths.map(|k| (k, Vec::new())).collect(), window: zeros(), sum: zeros() }
    }

    /// Compares the truncated gradients of a batch with its full gradient.
    fn compare(
        &mut self,
        ctx: &Context<R>,
        model: &mut Model<R>,
        params: &Params<R>,
        item: &Item<R>,
        full: &Params<R>,
    ) {
        let full_square = dot(full.flat(), full.flat());
        if full_square == 0.0 {
            return;
        }
        for (steps, found) in self.found.iter_mut().filter(|(steps, _)| *steps < item.batch.steps()) {
            truncated(ctx, model, params, item, *steps, &mut self.window, &mut self.sum);
            let sum = self.sum.flat();
            let square = dot(sum, sum);
            let error: f64 =
                sum.iter().zip(full.flat()).map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2)).sum();
            let cosine = dot(sum, full.flat()) / (square.sqrt() * full_square.sqrt());
            found.push([(square / full_square).sqrt(), (error / full_square).sqrt(), cosine]);
        }
    }

    /// Returns the medians.
    fn report(self) -> Vec<TruncationBias> {
        let of = |found: &[[f64; 3]], which: usize| {
            let mut defined: Vec<f64> = found.iter().map(|f| f[which]).filter(|x| !x.is_nan()).collect();
            median(&mut defined)
        };
        let found = self.found.into_iter().filter(|(_, found)| !found.is_empty());
        found
            .map(|(truncation_steps, found)| TruncationBias {
                truncation_steps,
                batches: found.len(),
                norm_ratio: of(&found, 0),
                relative_error: of(&found, 1),
                cosine: of(&found, 2),
            })
            .collect()
    }
}

/// Computes the gradient of the window's mean loss in pieces of `steps` steps; `window` is working memory.
fn truncated<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    item: &Item<R>,
    steps: usize,
    window: &mut Params<R>,
    sum: &mut Params<R>,
) {
    let batch = &item.batch;
    let all = scored(batch).max(1) as f64;
    let mut state = item.before.clone();
    sum.clear();
    for first in (0..batch.steps()).step_by(steps) {
        let piece = piece(batch, first, steps);
        if piece.rows() < state.rows(model.spec().hidden) {
            state = state_of(model, &state, 0..piece.rows());
        }
        window.clear();
        model.pack(ctx, params);
        model.train(&mut Pass::new(ctx, params), &piece, &mut state, window);
        // The loss of a piece is the mean over its own targets.
        let share = R::from_f64(scored(&piece) as f64 / all);
        sum.flat_mut().iter_mut().zip(window.flat()).for_each(|(sum, &g)| *sum += share * g);
    }
}

fn dot<R: Real>(a: &[R], b: &[R]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}
